"""What traders do around the simulated price: funding, open interest, ratios, liquidations, mood.

Each is a pure function of (seed, coin, instant) and leans on the price of the days *before* that
instant, so nothing tells the future: a rising coin pays funding, the crowd buys dips, the top
traders disagree a little, flushes liquidate and clear open interest.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from market.sandbox.bars import CLOSE, HIGH, LOW, OPEN, QUOTE
from market.sandbox.cutting import in_units_of
from market.sandbox.market import ROW_MS, ROWS_PER_DAY, PricePaths
from market.sandbox.noise import key_of, normals, smooth, uniforms
from market.sandbox.recent import Recent
from market.sandbox.source import (
    DailyIndex,
    ExpectedFunding,
    ForcedOrders,
    Observed,
    RatioKind,
    no_forced_orders,
)
from market.sandbox.universe import Coin, Contract
from market.types import DAY_MS, HOUR_MS, FloatArray, Int64Array

# Interest part of every venue's formula: what longs pay when nothing else happens, per 8 hours.
_FUNDING_BASE_8H = 0.0001
_FUNDING_CAP_8H = 0.003

# Open interest of a coin against its usual daily turnover.
_OPEN_INTEREST_SHARE = 0.55
_OPEN_INTEREST_AFTER_FLUSH_H = 30.0

_KEPT_RATES = 1_500
_MOST_ORDERS_PER_ROW = 16
_NETTED_SHARE = 1 / 40

FEAR_GREED_FIRST_DAY = 17_563  # 2018-02-01, counted in days since the epoch
# Cut-offs of the labels as recorded up to 2025.
_LABELS = ((25, "Extreme Fear"), (46, "Fear"), (55, "Neutral"), (76, "Greed"))


class Derivatives:
    def __init__(self, paths: PricePaths) -> None:
        self._paths = paths
        self._seed = paths.seed
        self._rates: Recent[FloatArray] = Recent(_KEPT_RATES)

    def mark_and_index(self, contract: Contract, at_ms: int) -> tuple[float, float]:
        last = self._paths.price(contract.coin, at_ms) * contract.unit / contract.coin.unit
        last *= contract.price_factor
        bps = smooth(self._key(contract, "mark"), np.array([at_ms, at_ms + DAY_MS]), ROW_MS)
        mark = last * (1.0 + 1e-4 * float(bps[0]))
        return mark, mark * (1.0 + 2e-4 * float(bps[1])) / contract.price_factor

    def settled_rates(self, contract: Contract, settled_ms: Int64Array) -> FloatArray:
        """Return the funding rate charged at settlement times, a fraction per interval."""
        lean = 0.0004 * np.tanh(6.0 * self._momentum(contract.coin, settled_ms, days=3))
        lean += 0.00015 * smooth(
            key_of(self._seed, contract.coin.base, "funding"), settled_ms, 18 * HOUR_MS
        )
        lean += 0.00002 * normals(self._key(contract, "funding"), settled_ms)
        rate_8h = np.clip(_FUNDING_BASE_8H + lean, -_FUNDING_CAP_8H, _FUNDING_CAP_8H)
        rates: FloatArray = np.round(rate_8h * ((contract.funding_interval_h or 8) / 8.0), 8)
        return rates

    def expected_funding(self, contract: Contract, at_ms: int) -> ExpectedFunding | None:
        if contract.funding_interval_h is None:
            return None
        interval_ms = contract.funding_interval_h * HOUR_MS
        next_ms = (at_ms // interval_ms + 1) * interval_ms
        before, after = self._rates.get_or_make(
            (contract.symbol, next_ms),
            lambda: self.settled_rates(contract, np.array([next_ms - interval_ms, next_ms])),
        ).tolist()
        done = 1.0 - (next_ms - at_ms) / interval_ms
        return ExpectedFunding(round(before + done * (after - before), 8), next_ms, interval_ms)

    def settlement_times(self, contract: Contract, start_ms: int, end_ms: int) -> Int64Array:
        if contract.funding_interval_h is None:
            return np.empty(0, dtype=np.int64)
        interval_ms = contract.funding_interval_h * HOUR_MS
        first = -(-max(start_ms, contract.listed_ms) // interval_ms)
        return np.arange(first, end_ms // interval_ms + 1, dtype=np.int64) * interval_ms

    def closes(self, contract: Contract, at_ms: Int64Array) -> FloatArray:
        """Return prices per priced unit at instants of the five-minute grid."""
        rows = at_ms // ROW_MS
        first, last = int(rows.min()), int(rows.max())
        coin = contract.coin
        if last - first <= ROWS_PER_DAY:
            prices = self._paths.rows(coin, first, last + 1)[rows - first, OPEN]
        else:  # of many days only the path, not the bars
            first_day = first // ROWS_PER_DAY
            path = self._paths.log_path(coin, first_day, last // ROWS_PER_DAY - first_day + 1)
            usd = np.exp(path[:, :-1].ravel()[rows - first_day * ROWS_PER_DAY])
            prices = np.round(usd * coin.unit, coin.price_decimals)
        scaled: FloatArray = prices * (contract.unit / coin.unit * contract.price_factor)
        return scaled

    def open_interest(self, contract: Contract, at_ms: Int64Array) -> FloatArray:
        """Return open positions in priced units."""
        coin = contract.coin
        swing = 0.30 * smooth(key_of(self._seed, coin.base, "oi"), at_ms, 5 * DAY_MS)
        swing += 0.10 * smooth(self._key(contract, "oi day"), at_ms, 20 * HOUR_MS)
        swing += 0.02 * smooth(self._key(contract, "oi hour"), at_ms, HOUR_MS)
        swing += 0.5 * np.tanh(2.0 * self._momentum(coin, at_ms, days=5))
        swing -= self._flushed(at_ms)
        usd = coin.turnover_usd * _OPEN_INTEREST_SHARE * contract.share
        units: FloatArray = np.exp(swing) * (usd / (coin.price_usd * contract.unit))
        return np.round(units, 3)

    def long_short(self, kind: RatioKind, contract: Contract, at_ms: Int64Array) -> Observed:
        """Return (longs ÷ shorts, share of longs), rounded as Binance does."""
        coin = contract.coin
        # The crowd of both venues is nearly one; each venue has its own noise.
        lean = 0.25 + 0.35 * smooth(key_of(self._seed, coin.base, "crowd"), at_ms, 3 * DAY_MS)
        lean += 0.12 * smooth(self._key(contract, "crowd"), at_ms, 9 * HOUR_MS)
        lean -= 0.9 * np.tanh(2.0 * self._momentum(coin, at_ms, days=2))
        lean += 0.01 * smooth(self._key(contract, kind), at_ms, ROW_MS)
        if kind is not RatioKind.ALL_ACCOUNTS:
            lean = 0.7 * lean + 0.15 * smooth(self._key(contract, kind, 1), at_ms, 2 * DAY_MS)
        if kind is RatioKind.TOP_POSITIONS:
            lean = 0.6 * lean + 0.25 * smooth(self._key(contract, kind, 2), at_ms, 30 * HOUR_MS)
        share: FloatArray = 1.0 / (1.0 + np.exp(-lean))
        longs: FloatArray = np.clip(share, 0.05, 0.95).round(4)
        ratio: FloatArray = (longs / (1.0 - longs)).round(4)
        return Observed(at_ms, ratio, longs)

    def forced_orders(self, contract: Contract, start_ms: int, now_ms: int) -> ForcedOrders:
        """Return the liquidations of [start, now]: the further a row reached, the more."""
        first, stop = start_ms // ROW_MS, now_ms // ROW_MS + 1
        rows = in_units_of(contract, self._paths.rows(contract.coin, first, stop))
        index = np.arange(first, stop)
        change = np.log(rows[:, CLOSE] / rows[:, OPEN])
        reach = np.log(rows[:, HIGH] / rows[:, LOW])
        swing = reach / (1.3 * self._paths.row_vol(contract.coin))
        busy = 0.5 * math.sqrt(80.0 / (contract.coin.rank + 3)) * (0.25 + swing**2)
        count = np.floor(busy * 0.5 + uniforms(self._key(contract, "liq count"), index))
        count = np.minimum(count, _MOST_ORDERS_PER_ROW).astype(np.int64)
        row = np.repeat(np.arange(len(index)), count)
        if not len(row):
            return no_forced_orders()
        nth = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
        order = index[row] * _MOST_ORDERS_PER_ROW + nth

        when, size, side, said = (
            uniforms(self._key(contract, "liq", name), order)
            for name in ("when", "size", "side", "said")
        )
        ts_ms = index[row] * ROW_MS + (when * ROW_MS).astype(np.int64)
        # A falling row liquidates longs; a quiet one now and then either side.
        long_share = 0.5 - 0.48 * np.tanh(2.0 * change[row] / np.maximum(reach[row], 1e-9))
        price = np.round(rows[row, OPEN] * np.exp(when * change[row]), contract.price_decimals)
        usd = rows[row, QUOTE] * 0.004 * np.minimum(swing[row], 6.0) * size**2 + 5.0
        # Hundredths of a contract; an inverse one is worth so many USD.
        lot = contract.contract_value / (price if contract.inverse else 1.0) / 100.0
        sorted_by_time = np.lexsort((order, ts_ms))
        known = sorted_by_time[
            (ts_ms[sorted_by_time] >= start_ms) & (ts_ms[sorted_by_time] <= now_ms)
        ]
        return ForcedOrders(
            ts_ms=ts_ms[known],
            of_long=(side < long_share)[known],
            netted=(said < _NETTED_SHARE)[known],
            price=price[known],
            quantity=(np.ceil(usd / price / lot) * lot)[known],
        )

    def fear_greed(self, now_ms: int) -> DailyIndex:
        days = np.arange(FEAR_GREED_FIRST_DAY, now_ms // DAY_MS + 1, dtype=np.int64)
        if not len(days):
            return DailyIndex([], [], [])
        week = self._paths.market_daily_log(days) - self._paths.market_daily_log(days - 7)
        level = 50.0 + 38.0 * np.tanh(5.0 * week)
        level += 9.0 * smooth(key_of(self._seed, "fear and greed"), days, 4.0)
        values = np.clip(np.round(level), 4, 96).astype(np.int64).tolist()
        return DailyIndex((days * 86_400).tolist(), values, [fear_greed_label(v) for v in values])

    def mood(self, coin: Coin, at_ms: int) -> float:
        """Return a share of friendly votes that follows the last week, slowly."""
        at = np.array([at_ms // HOUR_MS * HOUR_MS])
        lean = 1.1 + 4.0 * self._momentum(coin, at, days=7)
        lean += 0.5 * smooth(key_of(self._seed, coin.base, "votes"), at, 2 * DAY_MS)
        return float(1.0 / (1.0 + np.exp(-np.clip(lean, -3.0, 4.0)))[0])

    def _momentum(self, coin: Coin, at_ms: Any, *, days: int) -> FloatArray:
        """Return the log change over the days before the day of an instant."""
        day = np.asarray(at_ms, dtype=np.int64) // DAY_MS
        return self._paths.daily_log(coin, day) - self._paths.daily_log(coin, day - days)

    def _flushed(self, at_ms: Int64Array) -> FloatArray:
        """Return the share (log) of positions still missing after the flushes of recent days."""
        missing = np.zeros(len(at_ms))
        day = at_ms // DAY_MS
        for flush_day in range(int(day.min()) - 3, int(day.max()) + 1):
            row, size = self._paths.flush_of(flush_day)
            if size:
                since_h = (at_ms - (flush_day * ROWS_PER_DAY + row) * ROW_MS) / HOUR_MS
                fade = np.exp(-np.maximum(since_h, 0.0) / _OPEN_INTEREST_AFTER_FLUSH_H)
                missing += 3.0 * abs(size) * np.clip(since_h / 0.5, 0.0, 1.0) * fade
        return missing

    def _key(self, contract: Contract, *quantity: object) -> int:
        return key_of(self._seed, contract.symbol, *quantity)


def fear_greed_label(value: int) -> str:
    return next((label for below, label in _LABELS if value < below), "Extreme Greed")
