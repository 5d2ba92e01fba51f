"""What an HTTP answer that is not 200 asks of us, as far as all vendors agree.

Each provider's ``classify`` looks at its own rules first and ends here. Details are our own
sentences: bodies of vendors hold addresses and advertisement.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from market.providers.errors import ProviderRateLimited, ProviderRejected, ProviderUnavailable

# A vendor's Retry-After beyond this is a mistake; Binance's longest documented ban is 3 days.
LONGEST_WAIT_S = 3 * 24 * 3600.0
# Firewalls and content networks answer 403, usually in HTML; asking on makes it worse.
FORBIDDEN_S = 300.0
# "Not served in your country" does not pass; re-tested at most hourly.
RESTRICTED_S = 3600.0


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Return the seconds of ``Retry-After``; None when absent or not a plain number."""
    value = headers.get("retry-after", "").strip()
    if not (value.isascii() and value.isdigit() and len(value) < 10):
        return None
    return min(float(value), LONGEST_WAIT_S)


def error_fields(body: bytes) -> dict[str, Any]:
    """Return the JSON object of an error body; {} when it is anything else (HTML, truncated)."""
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def raise_for_status(
    provider: str,
    status: int,
    headers: Mapping[str, str],
    *,
    rate_limit_wait_s: float,
    forbidden_s: float = FORBIDDEN_S,
) -> None:
    """Raise what a status means; return only for 200."""
    if status == 200:
        return
    if status == 429:
        asked = retry_after_s(headers)
        raise ProviderRateLimited(
            provider,
            "the rate limit is reached",
            retry_after_s=rate_limit_wait_s if asked is None else asked,
        )
    if status == 403:
        raise ProviderRejected(
            provider, "access is blocked (403)", status=status, blocked_for_s=forbidden_s
        )
    if status == 451:
        raise ProviderRejected(
            provider,
            "not available from this country (451)",
            status=status,
            blocked_for_s=RESTRICTED_S,
        )
    if status != 408 and 400 <= status < 500:
        raise ProviderRejected(provider, f"the request was refused ({status})", status=status)
    raise ProviderUnavailable(provider, f"temporarily not available ({status})")
