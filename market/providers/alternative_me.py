"""alternative.me: the Crypto Fear & Greed Index, one number a day for the whole market, no key.

Its terms ask for "Source: alternative.me" beside every display of the number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from market.providers.answers import raise_for_status
from market.providers.columns import RowChecks, column, number_column, series_of
from market.providers.payload import (
    Parsed,
    Refused,
    epoch_s,
    mapping,
    parses,
    read,
    rows_of,
)
from market.providers.transport import Pool, ProviderPolicy, Transport
from market.types import HOUR_MS, Series

NAME = "alternative_me"
CALLS_PER_10_MIN = 600  # 60 per minute over ten minutes, second-hand
RATE_LIMIT_WAIT_S = 60.0
INDEX_TTL_S = 300.0  # the series store keeps the days; this joins what asks at once
# A day's value may be kept for two days when no newer one comes.
MAX_AGE_MS = 48 * HOUR_MS


@dataclass(frozen=True, slots=True)
class FearGreed:
    """Index values 0 (fear) to 100 (greed) by day, and the newest one's label.

    The label is the vendor's: its cut-offs changed over the years and are not published.
    """

    index: Series
    classification: str | None


def alternative_me_policy(budget_share: float) -> ProviderPolicy:
    return ProviderPolicy(
        name=NAME,
        pools={"calls": (Pool("calls", int(CALLS_PER_10_MIN * budget_share), 600),)},
        classify=classify,
    )


def classify(status: int, headers: Mapping[str, str], body: bytes) -> None:  # noqa: ARG001
    raise_for_status(NAME, status, headers, rate_limit_wait_s=RATE_LIMIT_WAIT_S)


class AlternativeMe:
    """The Fear & Greed Index."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def fetch_fear_greed(self, *, limit: int = 1) -> Parsed[FearGreed]:
        """Return the newest ``limit`` days, ascending; 0 is all since 2018. Source: GET /fng/."""
        if limit < 0:
            raise ValueError("limit must be 0 or more")
        payload = await self._transport.get_json(
            "/fng/", params={"limit": limit}, pool="calls", cost=1, cache_ttl_s=INDEX_TTL_S
        )
        return parse_fear_greed(payload)


@parses(NAME, "fng")
def parse_fear_greed(payload: Any) -> Parsed[FearGreed]:
    document = mapping(payload)
    metadata = document.get("metadata")
    if type(metadata) is dict and metadata.get("error") is not None:
        raise Refused("metadata: the vendor reports an error")
    rows = read(document, "data", rows_of)
    if not rows:
        raise Refused("data: empty")
    checks = RowChecks(len(rows))
    values = number_column(column(rows, "value"))
    with np.errstate(invalid="ignore"):
        checks.require((values >= 0.0) & (values <= 100.0), "value is not within 0 to 100")
    times = np.array([_time_ms(value) for value in column(rows, "timestamp")], dtype=np.int64)
    parsed = series_of(checks, times, values, max_age_ms=MAX_AGE_MS, newest_first=True)
    newest = int(np.flatnonzero(checks.keep & (times == parsed.value.ts_ms[-1]))[0])
    label = rows[newest].get("value_classification")
    return Parsed(
        FearGreed(parsed.value, label if type(label) is str and 0 < len(label) <= 40 else None),
        parsed.refused,
        parsed.reasons,
    )


def _time_ms(value: Any) -> int:
    try:
        return epoch_s(value)
    except Refused:
        return 0
