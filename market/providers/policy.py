"""What the transport must know about one provider: limits, and what its answers mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from market.providers.rate_limit import LONGEST_DOUBLED_WAIT_S, Pool

# Binance's exchangeInfo is 1.1 MB, CoinGecko's list 2 MB; anything near this is not an answer.
MAX_RESPONSE_BYTES = 8_000_000


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a provider may take, in seconds, whoever waits.

    ``silence_s`` between two parts of an answer, the first one included; ``exchange_s`` for all of
    it, however slowly it drips.
    """

    silence_s: float = 5.0
    exchange_s: float = 10.0


@dataclass(frozen=True, slots=True)
class ProviderPolicy:
    """Wiring of one provider.

    ``pools``: a call names one entry and pays into every pool of it. ``classify(status, headers,
    body)`` returns when the body is to be parsed as JSON, else raises what the answer means.
    ``check_payload(parsed)`` raises for errors inside an HTTP 200. ``hold_s(headers)`` returns for
    how many seconds all calls should pause. Both look at every answer; neither does I/O.
    """

    name: str
    pools: Mapping[str, tuple[Pool, ...]]
    classify: Callable[[int, Mapping[str, str], bytes], None]
    check_payload: Callable[[Any], None] | None = None
    hold_s: Callable[[Mapping[str, str]], float] | None = None
    max_response_bytes: int = MAX_RESPONSE_BYTES
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)  # may hold the key
    longest_doubled_wait_s: float = LONGEST_DOUBLED_WAIT_S
    patience: Patience = Patience()
