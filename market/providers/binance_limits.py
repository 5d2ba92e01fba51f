"""What Binance allows and what its refusals mean: budgets, weights, bans, the hold at 80 %."""

from __future__ import annotations

import re
from collections.abc import Mapping

from market import clock
from market.providers.answers import (
    LONGEST_WAIT_S,
    error_fields,
    raise_for_status,
    retry_after_s,
)
from market.providers.errors import (
    ProviderLacksSymbol,
    ProviderRateLimited,
    ProviderRejected,
    ProviderUnavailable,
)
from market.providers.transport import Pool, ProviderPolicy

NAME = "binance"

# Documented limits, per IP.
WEIGHT_PER_MINUTE = 2400  # counted in UTC clock minutes
HEAVIEST_CALL = 40  # all tickers: a smaller budget would never grant it
FUNDING_CALLS_PER_5_MIN = 500  # fundingRate and fundingInfo together
# Whether each /futures/data path has its own thousand is not known; shared is the safe reading.
DATA_CALLS_PER_5_MIN = 1000
# Above this share of the weight everything waits for the next clock minute: others on this IP
# (another installation, a browser) use the same budget.
HOLD_ABOVE_SHARE = 0.8

RATE_LIMIT_WAIT_S = 60.0  # a 429 without Retry-After: past the next clock minute for certain
SHORTEST_BAN_S = 120.0  # a 418 that does not say until when
STATUS_SAYS_IT_ALL = (403, 429, 451)  # bodies may be HTML; the code of a 451 is 0
UNKNOWN_SYMBOL = -1121
RATE_LIMIT_CODE = -1003
# Unknown error, disconnected, unexpected response, time-out: reads may be repeated.
TRANSIENT_CODES = frozenset({-1000, -1001, -1006, -1007})

_BANNED_UNTIL = re.compile(r"banned until (\d{13})\b")


def binance_policy(budget_share: float) -> ProviderPolicy:
    """Return what the transport must know: budgets, meaning of answers, when to hold."""
    weight = max(HEAVIEST_CALL, int(WEIGHT_PER_MINUTE * budget_share))
    return ProviderPolicy(
        name=NAME,
        pools={
            "weight": (Pool("weight", weight, 60, aligned=True),),
            "funding": (Pool("funding", int(FUNDING_CALLS_PER_5_MIN * budget_share), 300),),
            "data": (Pool("data", int(DATA_CALLS_PER_5_MIN * budget_share), 300),),
        },
        classify=classify,
        hold_s=hold_s,
    )


def classify(status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Raise what an answer means; return when the body is to be parsed."""
    if status == 200:
        return
    if status == 418:
        raise ProviderRejected(
            NAME,
            "this address is banned for exceeding the rate limit (418)",
            status=status,
            blocked_for_s=ban_s(headers, body, clock.wall_s()),
        )
    if status not in STATUS_SAYS_IT_ALL:
        code = error_fields(body).get("code")
        code = code if type(code) is int else 0
        if code in TRANSIENT_CODES:
            raise ProviderUnavailable(NAME, f"temporarily not available ({status})")
        if code == RATE_LIMIT_CODE:
            raise ProviderRateLimited(
                NAME, "the rate limit is reached", retry_after_s=RATE_LIMIT_WAIT_S
            )
        if code == UNKNOWN_SYMBOL:
            raise ProviderLacksSymbol(NAME, "does not know this symbol", status=status)
    raise_for_status(NAME, status, headers, rate_limit_wait_s=RATE_LIMIT_WAIT_S)


def ban_s(headers: Mapping[str, str], body: bytes, now_s: float) -> float:
    """Return how long a 418 lasts: Retry-After, else the epoch in the message, else 2 minutes."""
    asked = retry_after_s(headers)
    if asked is not None:
        return asked
    message = error_fields(body).get("msg")
    named = _BANNED_UNTIL.search(message) if isinstance(message, str) else None
    remaining_s = 0.0 if named is None else int(named.group(1)) / 1000 - now_s
    return min(remaining_s, LONGEST_WAIT_S) if remaining_s > 0.0 else SHORTEST_BAN_S


def hold_s(headers: Mapping[str, str]) -> float:
    """Return the seconds to the next clock minute once most of the weight is used, else 0."""
    used = headers.get("x-mbx-used-weight-1m", "")
    if not (used.isascii() and used.isdigit() and len(used) < 10):
        return 0.0
    if int(used) <= WEIGHT_PER_MINUTE * HOLD_ABOVE_SHARE:
        return 0.0
    return 60.0 - clock.wall_s() % 60.0


def klines_weight(limit: int) -> int:
    if limit < 100:
        return 1
    if limit < 500:
        return 2
    return 5 if limit <= 1000 else 10
