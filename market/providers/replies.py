"""What the paid clients hand back: the parsed answer with its endpoint, age, price and raw body.

The three clients ask in the same way: past the remembered refusals, through the shared transport,
into a parser that learns when the answer was fetched.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from market.providers.payload import Parsed
from market.providers.refusals import RefusedEndpoints
from market.providers.transport import Transport

T = TypeVar("T")
POOL = "calls"  # each paid provider meters all of its endpoints together


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply(Parsed[T]):
    """A parsed answer and where it comes from. ``payload`` is shared: read it, do not change it.

    ``cost`` is what a fresh answer takes from the plan (calls or credits); one from the cache,
    recognisable by its age, took nothing.
    """

    endpoint: str
    fetched_at_ms: int
    cost: int
    payload: Any = field(repr=False, compare=False)


class KeyedCalls:
    """The calls of one paid key."""

    def __init__(self, transport: Transport, refused: RefusedEndpoints) -> None:
        self._transport = transport
        self._refused = refused

    async def ask(
        self,
        path: str,
        params: Mapping[str, str | int | float] | None,
        parse: Callable[[Any, int], Parsed[T]],
        *,
        endpoint: str,
        cost: int = 1,
        cache_ttl_s: float,
    ) -> Reply[T]:
        """Return what ``parse(payload, fetched_at_ms)`` makes of the answer.

        ``endpoint`` is what a refusal would turn off: it names no coin.
        """
        async with self._refused.guarding(endpoint):
            fetched = await self._transport.get(
                path, params=params or None, pool=POOL, cost=cost, cache_ttl_s=cache_ttl_s
            )
        parsed = parse(fetched.payload, fetched.fetched_at_ms)
        return Reply(
            value=parsed.value,
            refused=parsed.refused,
            reasons=parsed.reasons,
            endpoint=endpoint,
            fetched_at_ms=fetched.fetched_at_ms,
            cost=cost,
            payload=fetched.payload,
        )
