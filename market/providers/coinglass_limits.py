"""What Coinglass v4 allows and what its refusals mean: most of them come inside an HTTP 200."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from market import clock
from market.providers.answers import error_fields, raise_for_status
from market.providers.errors import (
    ProviderPayloadError,
    ProviderRateLimited,
    ProviderRejected,
    ProviderUnavailable,
)
from market.providers.plans import CoinglassPlan
from market.providers.policy import Patience
from market.providers.refusals import EndpointRefused, KeyRefused
from market.providers.replies import POOL
from market.providers.transport import ProviderPolicy

NAME = "coinglass"
KEY_HEADER = "CG-API-KEY"

SUCCESS = "0"
RATE_LIMIT = "429"
TRANSIENT = frozenset({"408", "500", "502", "503", "504"})
# The gateway of v2 and v3 numbered differently; one of its codes came from v4 as well.
OLD_KEY_MISSING = "30001"
MINUTE_S = 60.0
PAST_THE_MINUTE_S = 1.0
# All exchanges' funding of a thousand coins is about 2 MB.
MAX_RESPONSE_BYTES = 16_000_000
# Calls of 7 to 22 s were measured. Who asked for them is answered long before: see ``lasting``.
PATIENCE = Patience(silence_s=30.0, exchange_s=40.0)


def coinglass_policy(api_key: str, plan: CoinglassPlan, budget_share: float) -> ProviderPolicy:
    """Return what the transport must know: the plan's budget, meaning of answers, the hold."""
    return ProviderPolicy(
        name=NAME,
        pools={POOL: plan.pools(budget_share)},
        classify=classify,
        check_payload=check_envelope,
        hold_s=hold_s,
        max_response_bytes=MAX_RESPONSE_BYTES,
        headers={KEY_HEADER: api_key},
        patience=PATIENCE,
    )


def classify(status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Raise what an HTTP status means; 200 still has to pass :func:`check_envelope`."""
    if status == 200:
        return
    fields = error_fields(body)
    code = _code(fields)
    if 400 <= status < 500 and status not in (429, 451) and code not in (None, SUCCESS):
        raise_for_code(code, _message(fields), status=status)
    if status == 401:
        raise KeyRefused(NAME)
    raise_for_status(NAME, status, headers, rate_limit_wait_s=_to_next_minute_s())


def check_envelope(payload: Any) -> None:
    """Raise for business errors, which come with HTTP 200."""
    code = _code(payload) if isinstance(payload, dict) else None
    if code is None:
        raise ProviderPayloadError(NAME, "envelope", "no code")
    if code != SUCCESS:
        raise_for_code(code, _message(payload))


def raise_for_code(code: str, message: str, *, status: int | None = None) -> None:
    """Raise what a code other than "0" means. ``message`` is compared, never shown."""
    short = code[:3] if len(code) == 5 and code.startswith(("400", "401")) else code
    if "upgrade plan" in message:
        raise EndpointRefused(NAME, "answers this to higher plans only", status=status)
    if short == "401" or code == OLD_KEY_MISSING or "api key" in message:
        # "your current API plan" is no key; a missing or a wrong one comes with code 400.
        raise KeyRefused(NAME)
    if short == "403":
        detail = (
            "the interval is too small for the plan"
            if "interval" in message
            else "answers this to higher plans only"
        )
        raise EndpointRefused(NAME, detail, status=status)
    if short == "404":
        raise EndpointRefused(NAME, "no longer has this endpoint", status=status)
    if short == RATE_LIMIT:
        raise ProviderRateLimited(
            NAME, "the rate limit is reached", retry_after_s=_to_next_minute_s()
        )
    if short in TRANSIENT:
        raise ProviderUnavailable(NAME, f"temporarily not available ({short})")
    if "pair does not exist" in message:
        raise ProviderRejected(NAME, "does not know this pair", status=status)
    raise ProviderRejected(NAME, f"the request was refused ({short[:8]})", status=status)


def hold_s(headers: Mapping[str, str]) -> float:
    """Return the seconds to the next minute once all calls of this one are used, else 0."""
    used, most = (_count(headers.get(f"api-key-{name}-limit", "")) for name in ("use", "max"))
    if used is None or not most or used < most:
        return 0.0
    return _to_next_minute_s()


def _to_next_minute_s() -> float:
    # No Retry-After is documented, and no moment at which the vendor's minute ends.
    return MINUTE_S - clock.wall_s() % MINUTE_S + PAST_THE_MINUTE_S


def _code(document: Mapping[str, Any]) -> str | None:
    # Text as documented; numbers were seen.
    code = document.get("code")
    return str(code) if type(code) in (str, int) else None


def _message(document: Mapping[str, Any]) -> str:
    message = document.get("msg")
    return message.casefold() if isinstance(message, str) else ""


def _count(value: str) -> int | None:
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else None
