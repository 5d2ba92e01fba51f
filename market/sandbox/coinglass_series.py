"""What Coinglass' numbers are over time: every exchange's, out of the market behind the sandbox.

Binance and OKX are asked themselves; the others are the coin's main contract times a share that
wanders a little. Sums over exchanges are sums of exactly these. Columns over bars are told at
their edges: one value more than there are bars, the last one at the end of the last bar or now.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from market.sandbox.bars import QUOTE, TAKER_QUOTE, BarSpec
from market.sandbox.coinglass_rules import Period
from market.sandbox.coinglass_venues import Listed, Market
from market.sandbox.market import ROW_MS
from market.sandbox.noise import key_of, smooth
from market.sandbox.recent import Recent
from market.sandbox.source import MarketSource, RatioKind
from market.sandbox.universe import Contract
from market.types import DAY_MS, HOUR_MS, FloatArray, Int64Array

# Liquidations of one contract and day, summed per five minutes: 5 kB each.
_KEPT_DAYS = 4_000
_ROWS_PER_DAY = DAY_MS // ROW_MS
# How far other exchanges' rates wander from the main one's.
_FUNDING_DEVIATION_8H_PCT = 0.002


@dataclass(frozen=True, slots=True)
class Held:
    """Open interest at instants, by margin."""

    stable_usd: FloatArray
    stable_coins: FloatArray
    inverse_usd: FloatArray
    inverse_coins: FloatArray

    @property
    def usd(self) -> FloatArray:
        return self.stable_usd + self.inverse_usd

    @property
    def coins(self) -> FloatArray:
        return self.stable_coins + self.inverse_coins


def edges_of(period: Period) -> Int64Array:
    return np.append(period.opens, period.end_ms)


class Series:
    def __init__(self, source: MarketSource) -> None:
        self._source = source
        self._liquidated: Recent[FloatArray] = Recent(_KEPT_DAYS)

    def share(self, market: Market, at_ms: Int64Array, size: float) -> FloatArray:
        """Return a size of a market ÷ that of its contract, over time."""
        if not market.follows:
            return np.full(len(at_ms), size)
        key = key_of(market.contract.coin.base, market.name, "share")
        wander: FloatArray = size * np.exp(0.06 * smooth(key, at_ms, 2 * DAY_MS))
        return wander

    def open_interest(
        self, markets: Sequence[Market], spec: BarSpec, at_ms: Int64Array, now_ms: int
    ) -> list[Held]:
        """Return what is held at instants up to now, per market; NaN before it is known."""
        of_contract: dict[str, tuple[FloatArray, FloatArray]] = {}
        found = []
        for market in markets:
            contract = market.contract
            if contract.symbol not in of_contract:
                of_contract[contract.symbol] = self._held(contract, spec, at_ms, now_ms)
            usd, coins = of_contract[contract.symbol]
            stable = self.share(market, at_ms, market.share)
            inverse = self.share(market, at_ms, market.coin_margin)
            found.append(Held(usd * stable, coins * stable, usd * inverse, coins * inverse))
        return found

    def _held(
        self, contract: Contract, spec: BarSpec, at_ms: Int64Array, now_ms: int
    ) -> tuple[FloatArray, FloatArray]:
        """Return the USD and coins of one contract."""
        known = self._source.open_interest_history(
            contract, spec, spec.open_of(int(at_ms[0])), int(at_ms[-1]), now_ms
        )
        newest = self._source.open_interest(contract, now_ms)
        times = np.append(known.ts_ms, newest.ts_ms)
        if not len(times):
            return np.full(len(at_ms), np.nan), np.full(len(at_ms), np.nan)
        usd = np.interp(at_ms, times, np.append(known.second, newest.second), left=np.nan)
        units = np.interp(at_ms, times, np.append(known.first, newest.first), left=np.nan)
        return usd, units * contract.unit

    def funding_8h_pct(self, market: Market, at_ms: Int64Array, now_ms: int) -> FloatArray:
        """Return the rate per 8 hours at instants up to now: on its way from one to the next."""
        rate_pct = self._charged_8h_pct(market.contract, at_ms, now_ms)
        return rate_pct + _funding_deviation_pct(market, at_ms)

    def weighted_funding_8h_pct(
        self, listed: Listed, at_ms: Int64Array, now_ms: int, *, by_volume: bool = False
    ) -> FloatArray:
        """Return the mean rate over exchanges, weighted by their size."""
        total, weights = np.zeros(len(at_ms)), np.zeros(len(at_ms))
        charged: dict[str, FloatArray] = {}
        for market in listed.markets:
            contract = market.contract
            if contract.symbol not in charged:
                charged[contract.symbol] = self._charged_8h_pct(contract, at_ms, now_ms)
            rate_pct = charged[contract.symbol] + _funding_deviation_pct(market, at_ms)
            size = self.share(market, at_ms, market.share) * contract.share
            if by_volume:  # some trade more of what they hold than others
                size = size * (0.7 + key_of(market.name, "busy") % 60 / 100.0)
            known = np.isfinite(rate_pct)
            total += np.where(known, size * rate_pct, 0.0)
            weights += np.where(known, size, 0.0)
        with np.errstate(invalid="ignore"):
            mean: FloatArray = total / weights
        return mean

    def funding_deviation_8h_pct(self, market: Market, at_ms: int) -> float:
        """Return how far a market's rate is from its contract's."""
        return float(_funding_deviation_pct(market, np.array([at_ms]))[0])

    def _charged_8h_pct(self, contract: Contract, at_ms: Int64Array, now_ms: int) -> FloatArray:
        hours = contract.funding_interval_h or 8
        first_ms = int(at_ms[0]) - hours * HOUR_MS
        settled = self._source.settled_funding(contract, first_ms, now_ms, now_ms)
        if not len(settled.ts_ms):
            return np.full(len(at_ms), np.nan)
        # Rounded as what was expected at the time, so that a closed bar stays what it was.
        rate = np.round(np.interp(at_ms, settled.ts_ms, settled.first, left=np.nan), 8)
        for position in np.flatnonzero(at_ms > settled.ts_ms[-1]).tolist():
            expected = self._source.expected_funding(contract, int(at_ms[position]))
            rate[position] = np.nan if expected is None else expected.rate
        scaled: FloatArray = rate * (100.0 * 8.0 / hours)
        return scaled

    def long_share(
        self, kind: RatioKind, market: Market, spec: BarSpec, period: Period
    ) -> tuple[Int64Array, FloatArray]:
        """Return the share of longs at opening times."""
        known = self._source.ratio_history(
            kind, market.contract, spec, period.first_ms, period.last_ms, period.at_ms
        )
        if not market.follows:
            return known.ts_ms, known.second
        key = key_of(market.contract.coin.base, market.name, kind)
        share = known.second + 0.015 * smooth(key, known.ts_ms, DAY_MS)
        return known.ts_ms, np.clip(share, 0.05, 0.95)

    def taken_usd(
        self, market: Market, spec: BarSpec, first_ms: int, last_ms: int, now_ms: int
    ) -> tuple[Int64Array, FloatArray, FloatArray]:
        """Return what takers bought and sold in bars that open in [first, last]."""
        bars = self._source.bars(market.contract, spec, first_ms, last_ms, now_ms)
        share = self.share(market, bars.open_time_ms, market.share)
        bought = bars.table[:, TAKER_QUOTE] * share
        return bars.open_time_ms, bought, bars.table[:, QUOTE] * share - bought

    def liquidated_usd(
        self, markets: Sequence[Market], edges_ms: Int64Array
    ) -> tuple[FloatArray, FloatArray]:
        """Return the longs and shorts forcibly closed between each edge and the next."""
        total = np.zeros((2, len(edges_ms) - 1))
        for sides in self.liquidated_by_market(markets, edges_ms):
            total += sides
        return total[0], total[1]

    def liquidated_by_market(
        self, markets: Sequence[Market], edges_ms: Int64Array
    ) -> list[FloatArray]:
        """Return the same per market, shape (2, n): longs and shorts."""
        of_contract: dict[str, FloatArray] = {}
        found = []
        for market in markets:
            contract = market.contract
            if contract.symbol not in of_contract:
                of_contract[contract.symbol] = self._orders_usd(contract, edges_ms)
            size = market.share + market.coin_margin
            found.append(of_contract[contract.symbol] * self.share(market, edges_ms[:-1], size))
        return found

    def _orders_usd(self, contract: Contract, edges_ms: Int64Array) -> FloatArray:
        """Return the same of one contract, shape (2, n)."""
        on_rows = not np.any(edges_ms[:-1] % ROW_MS)
        if not on_rows or edges_ms[-1] - edges_ms[0] <= DAY_MS:
            return self._summed(contract, edges_ms)
        # Long histories are added up from closed days, which are kept.
        today_ms = int(edges_ms[-1]) // DAY_MS * DAY_MS
        first_day = int(edges_ms[0]) // DAY_MS
        days = [self._day(contract, day) for day in range(first_day, today_ms // DAY_MS)]
        rows_ms = np.arange(first_day * DAY_MS, today_ms, ROW_MS)
        table = np.concatenate(days, axis=1) if days else np.empty((2, 0))
        running = np.concatenate([np.zeros((2, 1)), np.cumsum(table, axis=1)], axis=1)
        past = running[:, np.searchsorted(rows_ms, np.minimum(edges_ms, today_ms))]
        sums: FloatArray = np.diff(past, axis=1)
        if edges_ms[-1] > today_ms:
            sums += self._summed(contract, np.maximum(edges_ms, today_ms))
        return sums

    def _day(self, contract: Contract, day: int) -> FloatArray:
        edges = day * DAY_MS + np.arange(_ROWS_PER_DAY + 1, dtype=np.int64) * ROW_MS
        return self._liquidated.get_or_make(
            (contract.symbol, day), lambda: self._summed(contract, edges)
        )

    def _summed(self, contract: Contract, edges_ms: Int64Array) -> FloatArray:
        sums = np.zeros((2, len(edges_ms) - 1))
        if edges_ms[-1] <= edges_ms[0]:
            return sums
        orders = self._source.forced_orders(contract, int(edges_ms[0]), int(edges_ms[-1]))
        place = np.searchsorted(edges_ms, orders.ts_ms, side="right") - 1
        usd = orders.price * orders.quantity
        inside = place < sums.shape[1]
        for row, side in ((0, orders.of_long), (1, ~orders.of_long)):
            chosen = inside & side
            np.add.at(sums[row], place[chosen], usd[chosen])
        return sums


def _funding_deviation_pct(market: Market, at_ms: Int64Array) -> FloatArray:
    if not market.follows:
        return np.zeros(len(at_ms))
    key = key_of(market.contract.coin.base, market.name, "funding")
    deviation: FloatArray = _FUNDING_DEVIATION_8H_PCT * smooth(key, at_ms, 12 * HOUR_MS)
    return deviation
