"""What CoinAPI allows and what its refusals mean: credits in a rolling day, plain HTTP statuses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from market.providers.answers import error_fields, raise_for_status, retry_after_s
from market.providers.errors import ProviderRateLimited, ProviderRejected
from market.providers.plans import CoinApiPlan
from market.providers.refusals import EndpointRefused, KeyRefused
from market.providers.replies import POOL
from market.providers.transport import ProviderPolicy

NAME = "coinapi"
KEY_HEADER = "X-CoinAPI-Key"  # never the documented query parameter: those end in logs

# A 429 without Retry-After: 2, 4, 8 s … up to a minute.
RATE_LIMIT_WAIT_S = 2.0
LONGEST_RATE_LIMIT_WAIT_S = 60.0
# The oldest hour of the rolling day gives its credits back; asked at most hourly until then.
QUOTA_WAIT_S = 3600.0
NO_DATA = 550
CREDITS_USED_UP = "the subscription's credits are used up"
_REMAINING = ("x-ratelimit-quota-remaining", "x-ratelimit-remaining")
_OVERAGE = ("x-ratelimit-quota-overage", "x-ratelimit-overage")


def coinapi_policy(api_key: str, plan: CoinApiPlan, budget_share: float) -> ProviderPolicy:
    """Return what the transport must know: the plan's credits, meaning of answers, the hold."""
    return ProviderPolicy(
        name=NAME,
        pools={POOL: plan.pools(budget_share)},
        classify=classify,
        check_payload=check_payload,
        hold_s=hold_s,
        headers={KEY_HEADER: api_key},
        longest_doubled_wait_s=LONGEST_RATE_LIMIT_WAIT_S,
    )


def classify(status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Raise what an HTTP status means; the vendor counts 200 alone as success."""
    if status == 200:
        return
    fields = error_fields(body)
    text = _error_text(fields)
    if status == NO_DATA:
        raise ProviderRejected(NAME, "has no data for this", status=status)
    if status == 401:
        raise KeyRefused(NAME)
    if status == 403 and fields:  # HTML is a firewall's and keeps us away altogether
        if "quota" in text or "credit" in text or "QuotaKey" in fields:
            raise ProviderRateLimited(NAME, CREDITS_USED_UP, retry_after_s=QUOTA_WAIT_S)
        raise EndpointRefused(NAME, "the key has no right to this", status=status)
    if status == 429 and retry_after_s(headers) is None and _credits_left(headers) is False:
        raise ProviderRateLimited(NAME, CREDITS_USED_UP, retry_after_s=QUOTA_WAIT_S)
    raise_for_status(NAME, status, headers, rate_limit_wait_s=RATE_LIMIT_WAIT_S)


def check_payload(payload: Any) -> None:
    """Raise for an error body that comes with HTTP 200: no answer of this vendor has the key."""
    if isinstance(payload, dict) and "error" in payload:
        text = _error_text(payload)
        if "api key" in text:
            raise KeyRefused(NAME)
        if "quota" in text:
            raise ProviderRateLimited(NAME, CREDITS_USED_UP, retry_after_s=QUOTA_WAIT_S)
        raise ProviderRejected(NAME, "the request was refused")


def hold_s(headers: Mapping[str, str]) -> float:
    """Return an hour once the credits are used up and more are not sold on, else 0."""
    return QUOTA_WAIT_S if _credits_left(headers) is False else 0.0


def _credits_left(headers: Mapping[str, str]) -> bool | None:
    """Tell whether another call would be served; None when the answer does not say."""
    if any(headers.get(name, "").strip().casefold() == "enabled" for name in _OVERAGE):
        return True
    for name in _REMAINING:
        value = headers.get(name, "").strip()
        digits = value.removeprefix("-")
        if digits.isascii() and digits.isdigit() and len(digits) < 12:
            return int(value) > 0
    return None


def _error_text(document: Mapping[str, Any]) -> str:
    for key in ("error", "detail", "title"):
        text = document.get(key)
        if isinstance(text, str) and text:
            return text.casefold()
    return ""
