"""A transport that answers from a table and remembers what it was asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from market.providers.errors import ProviderError


@dataclass(frozen=True)
class Call:
    path: str
    params: dict[str, Any]
    pool: str
    cost: int
    scope: str
    cache_ttl_s: float


class FakeTransport:
    """Answers every path alike, or by path; an exception as answer is raised."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer
        self.calls: list[Call] = []

    async def get_json(
        self,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        pool: str,
        cost: int = 1,
        scope: str = "",
        cache_ttl_s: float = 0.0,
    ) -> Any:
        self.calls.append(Call(path, dict(params or {}), pool, cost, scope, cache_ttl_s))
        if isinstance(self._answer, ProviderError):
            raise self._answer
        return self._answer

    @property
    def only_call(self) -> Call:
        assert len(self.calls) == 1
        return self.calls[0]
