"""What LunarCrush v4 allows and what its refusals mean: a minute, a day, and texts in ``error``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from market import clock
from market.providers.answers import error_fields, raise_for_status
from market.providers.errors import ProviderRateLimited, ProviderRejected, ProviderUnavailable
from market.providers.plans import DAY_S, LunarCrushPlan
from market.providers.policy import Patience
from market.providers.refusals import EndpointRefused, KeyRefused
from market.providers.replies import POOL
from market.providers.transport import ProviderPolicy

NAME = "lunarcrush"
KEY_HEADER = "Authorization"

# A 429 that names no time: past the end of any minute.
RATE_LIMIT_WAIT_S = 65.0
PAST_THE_RESET_S = 1.0
# A reset further away than this is not the end of a minute.
LONGEST_MINUTE_S = 120.0
FORBIDDEN_S = 600.0  # the content network's block of our address or program
# Lists of all coins without a limit were 8 MB; ours are limited.
MAX_RESPONSE_BYTES = 8_000_000
# A list of a thousand coins is put together on request, and a lost call is one of few a day.
PATIENCE = Patience(silence_s=15.0, exchange_s=25.0)


def lunarcrush_policy(api_key: str, plan: LunarCrushPlan, budget_share: float) -> ProviderPolicy:
    """Return what the transport must know: the plan's budgets, meaning of answers, the hold."""
    return ProviderPolicy(
        name=NAME,
        pools={POOL: plan.pools(budget_share)},
        classify=classify,
        check_payload=check_payload,
        hold_s=hold_s,
        max_response_bytes=MAX_RESPONSE_BYTES,
        headers={KEY_HEADER: f"Bearer {api_key}"},
        patience=PATIENCE,
    )


def classify(status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Raise what an HTTP status means; 200 still has to pass :func:`check_payload`."""
    if status == 200:
        return
    text = _error_text(error_fields(body))
    if status == 401:
        raise KeyRefused(NAME)
    if status == 402:
        raise EndpointRefused(NAME, "answers this to higher plans only", status=status)
    if status == 429:
        raise _exhausted(text, headers)
    if status in (400, 404, 422) and text:
        raise_for_text(text, status=status)
    raise_for_status(
        NAME,
        status,
        headers,
        rate_limit_wait_s=RATE_LIMIT_WAIT_S,
        forbidden_s=FORBIDDEN_S,
    )


def check_payload(payload: Any) -> None:
    """Raise for an ``error`` without data, whatever the status was."""
    if isinstance(payload, dict) and "error" in payload and payload.get("data") is None:
        raise_for_text(_error_text(payload))


def raise_for_text(text: str, *, status: int | None = None) -> None:
    """Raise what the text of ``error`` means. It is compared, never shown."""
    if "rate limit" in text:
        raise _exhausted(text, {})
    if "invalid endpoint" in text:
        raise EndpointRefused(NAME, "no longer has this endpoint", status=status)
    if "invalid input" in text:
        raise ProviderRejected(NAME, "the request was refused (parameter)", status=status)
    if "not found" in text:
        raise ProviderRejected(NAME, "does not know this coin or topic", status=status)
    if status is None:
        # A failure inside a 200 that says nothing we know: nobody's request was at fault.
        raise ProviderUnavailable(NAME, "answered with an error")
    raise ProviderRejected(NAME, f"the request was refused ({status})", status=status)


def hold_s(headers: Mapping[str, str]) -> float:
    """Return how long all calls wait: to the minute's reset, or the day's, once one is used up."""
    if _number(headers, "x-rate-limit-day-remaining") == 0:
        return _to_next_day_s()
    if _number(headers, "x-rate-limit-minute-remaining") == 0:
        return _to_minute_reset_s(headers)
    return 0.0


def _exhausted(text: str, headers: Mapping[str, str]) -> ProviderRateLimited:
    if "daily" in text or _number(headers, "x-rate-limit-day-remaining") == 0:
        return ProviderRateLimited(
            NAME, "the day's calls are used up", retry_after_s=_to_next_day_s()
        )
    return ProviderRateLimited(
        NAME, "the rate limit is reached", retry_after_s=_to_minute_reset_s(headers)
    )


def _to_minute_reset_s(headers: Mapping[str, str]) -> float:
    reset_s = _number(headers, "x-rate-limit-minute-reset")
    if reset_s is None:
        return RATE_LIMIT_WAIT_S
    left_s = reset_s - clock.wall_s() + PAST_THE_RESET_S
    return left_s if 0.0 < left_s <= LONGEST_MINUTE_S else RATE_LIMIT_WAIT_S


def _to_next_day_s() -> float:
    # When the day begins is not published; 00:00 UTC is the likely moment.
    return DAY_S - clock.wall_s() % DAY_S + PAST_THE_RESET_S


def _number(headers: Mapping[str, str], name: str) -> int | None:
    value = headers.get(name, "").strip()
    return int(value) if value.isascii() and value.isdigit() and len(value) < 12 else None


def _error_text(document: Mapping[str, Any]) -> str:
    text = document.get("error")
    return text.casefold() if isinstance(text, str) else ""
