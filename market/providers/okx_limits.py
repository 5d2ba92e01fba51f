"""What OKX allows and what its refusals mean: one budget per endpoint, an envelope with a code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from market.providers.answers import error_fields, raise_for_status
from market.providers.errors import (
    ProviderLacksSymbol,
    ProviderPayloadError,
    ProviderRateLimited,
    ProviderRejected,
    ProviderUnavailable,
)
from market.providers.transport import Pool, ProviderPolicy

NAME = "okx"
WINDOW_S = 2

# Calls per 2 s as documented, per IP.
CALLS_PER_IP = {
    "tickers": 20,
    "instruments": 20,
    "candles": 40,
    "books": 40,
    "history-candles": 20,
    "liquidation-orders": 20,  # withdrawn from the documentation, which said 40
}
# … and per IP and instrument (the call's ``scope``).
CALLS_PER_INSTRUMENT = {
    "funding-rate": 10,
    "funding-rate-history": 10,
    "mark-price": 10,
    "open-interest": 20,
    "open-interest-history": 10,
    "long-short-account-ratio-contract": 5,
    "long-short-account-ratio-contract-top-trader": 5,
    "long-short-position-ratio-contract-top-trader": 5,
    "taker-volume-contract": 5,
}

# In windows of two seconds it shows that one call opens a connection, or leaves late, and the next
# does not.
ARRIVAL_MS = 500

RATE_LIMIT_WAIT_S = 2.0  # no Retry-After is documented: 2, 4, 8 s …
LONGEST_RATE_LIMIT_WAIT_S = 60.0
SUCCESS = "0"
RATE_LIMIT_CODE = "50011"
UNKNOWN_INSTRUMENT = "51001"
# A parameter is missing: ours to mend, although the other 50xxx mean "try again".
CALLER_CODES = frozenset({"50014", "50015"})


def okx_policy(budget_share: float, *, name: str = NAME) -> ProviderPolicy:
    """Return what the transport must know: budgets, meaning of answers, the envelope check."""
    pools = {
        endpoint: (
            Pool(
                endpoint,
                max(1, int(calls * budget_share)),
                WINDOW_S,
                scoped=scoped,
                arrival_ms=ARRIVAL_MS,
            ),
        )
        for table, scoped in ((CALLS_PER_IP, False), (CALLS_PER_INSTRUMENT, True))
        for endpoint, calls in table.items()
    }
    return ProviderPolicy(
        name=name,
        pools=pools,
        classify=classify,
        check_payload=check_envelope,
        longest_doubled_wait_s=LONGEST_RATE_LIMIT_WAIT_S,
    )


def classify(status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Raise what an HTTP status means; 200 still has to pass :func:`check_envelope`."""
    if status == 200:
        return
    if status not in (403, 429, 451):
        code = _code(error_fields(body))
        if code is not None and code.startswith("5") and len(code) == 5:
            raise_for_code(code, status=status)
    raise_for_status(NAME, status, headers, rate_limit_wait_s=RATE_LIMIT_WAIT_S)


def check_envelope(payload: Any) -> None:
    """Raise for business errors, which often come with HTTP 200."""
    code = _code(payload) if isinstance(payload, dict) else None
    if code is None:
        raise ProviderPayloadError(NAME, "envelope", "no code")
    if code != SUCCESS:
        raise_for_code(code)


def raise_for_code(code: str, *, status: int | None = None) -> None:
    """Raise what a code other than "0" means."""
    if code == RATE_LIMIT_CODE:
        raise ProviderRateLimited(
            NAME, "the rate limit is reached", retry_after_s=RATE_LIMIT_WAIT_S
        )
    if code == UNKNOWN_INSTRUMENT:
        raise ProviderLacksSymbol(NAME, "does not know this instrument", status=status)
    if code.startswith("50") and len(code) == 5 and code not in CALLER_CODES:
        raise ProviderUnavailable(NAME, f"temporarily not available ({code})")
    raise ProviderRejected(NAME, f"the request was refused ({code[:8]})", status=status)


def _code(document: Mapping[str, Any]) -> str | None:
    # A string as documented; unknown paths answer a number.
    code = document.get("code")
    return str(code) if type(code) in (str, int) else None
