"""The simulated market as one source: paths, derivatives and the list of what is traded."""

from __future__ import annotations

import numpy as np

from market.sandbox.bars import TAKER_BASE, VOLUME, Bars, BarSpec
from market.sandbox.cutting import cut_bars, in_units_of, last_day
from market.sandbox.derivatives import Derivatives
from market.sandbox.market import ROW_MS, PricePaths
from market.sandbox.recent import Recent
from market.sandbox.source import (
    DailyIndex,
    ExpectedFunding,
    ForcedOrders,
    Observed,
    RatioKind,
    no_forced_orders,
    nothing_observed,
)
from market.sandbox.universe import Coin, Contract, Universe, universe_at
from market.types import HOUR_MS, MINUTE_MS, FloatArray, Int64Array

# Statistics appear this long after the instant they are about.
_STATISTICS_DELAY_MS = MINUTE_MS


class SimulatedMarket:
    simulated = True

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._paths = PricePaths(seed)
        self._derivatives = Derivatives(self._paths)
        self._universes: Recent[Universe] = Recent(4)

    @property
    def description(self) -> str:
        return f"a simulated market, seed {self.seed}"

    def universe(self, now_ms: int) -> Universe:
        # Listings and settlements fall on full hours.
        hour = now_ms // HOUR_MS
        return self._universes.get_or_make(hour, lambda: universe_at(self.seed, hour * HOUR_MS))

    def bars(
        self, contract: Contract, spec: BarSpec, first_ms: int, last_ms: int, now_ms: int
    ) -> Bars:
        return cut_bars(self._paths, contract, spec, first_ms, last_ms, now_ms)

    def last_day(self, contract: Contract, now_ms: int) -> tuple[int, FloatArray] | None:
        at_ms = self._last_trade_ms(contract, now_ms)
        return None if at_ms < contract.listed_ms else last_day(self._paths, contract, at_ms)

    def price(self, contract: Contract, now_ms: int) -> float | None:
        at_ms = self._last_trade_ms(contract, now_ms)
        if at_ms < contract.listed_ms:
            return None
        row = np.full((1, 9), self._paths.price(contract.coin, at_ms))
        return float(in_units_of(contract, row)[0, 0])

    def coin_price_usd(self, coin: Coin, now_ms: int) -> float | None:
        return self._paths.price(coin, coin.settled_ms or now_ms) / coin.unit

    def mark_and_index(self, contract: Contract, now_ms: int) -> tuple[float, float] | None:
        at_ms = self._last_trade_ms(contract, now_ms)
        return self._derivatives.mark_and_index(contract, at_ms)

    def expected_funding(self, contract: Contract, now_ms: int) -> ExpectedFunding | None:
        if not contract.trading(now_ms):
            return None
        return self._derivatives.expected_funding(contract, now_ms)

    def settled_funding(
        self, contract: Contract, start_ms: int, end_ms: int, now_ms: int
    ) -> Observed:
        end_ms = min(end_ms, self._last_trade_ms(contract, now_ms))
        at_ms = self._derivatives.settlement_times(contract, start_ms, end_ms)
        if not len(at_ms):
            return nothing_observed()
        rates = self._derivatives.settled_rates(contract, at_ms)
        return Observed(at_ms, rates, self._derivatives.closes(contract, at_ms))

    def open_interest(self, contract: Contract, now_ms: int) -> Observed:
        at_ms = self._last_trade_ms(contract, now_ms)
        if at_ms < contract.listed_ms:
            return nothing_observed()
        times = np.array([at_ms], dtype=np.int64)
        units = self._derivatives.open_interest(contract, times)
        return Observed(times, units, units * (self.price(contract, now_ms) or np.nan))

    def open_interest_history(
        self, contract: Contract, period: BarSpec, start_ms: int, end_ms: int, now_ms: int
    ) -> Observed:
        times = self._grid(contract, period, start_ms, end_ms, now_ms)
        if not len(times):
            return nothing_observed()
        units = self._derivatives.open_interest(contract, times)
        return Observed(times, units, units * self._derivatives.closes(contract, times))

    def ratio_history(
        self,
        kind: RatioKind,
        contract: Contract,
        period: BarSpec,
        start_ms: int,
        end_ms: int,
        now_ms: int,
    ) -> Observed:
        times = self._grid(contract, period, start_ms, end_ms, now_ms)
        if not len(times):
            return nothing_observed()
        return self._derivatives.long_short(kind, contract, times)

    def taker_history(
        self, contract: Contract, period: BarSpec, start_ms: int, end_ms: int, now_ms: int
    ) -> Observed:
        # A period is told when it is over.
        last_ms = period.shift(period.open_of(now_ms - _STATISTICS_DELAY_MS), -1)
        bars = self.bars(contract, period, start_ms, min(end_ms, last_ms), now_ms)
        bought = bars.table[:, TAKER_BASE]
        return Observed(bars.open_time_ms, bought, bars.table[:, VOLUME] - bought)

    def forced_orders(self, contract: Contract, start_ms: int, now_ms: int) -> ForcedOrders:
        start_ms = max(start_ms, contract.listed_ms)
        if start_ms > now_ms:
            return no_forced_orders()
        return self._derivatives.forced_orders(contract, start_ms, now_ms)

    def fear_greed(self, now_ms: int) -> DailyIndex:
        return self._derivatives.fear_greed(now_ms)

    def mood(self, coin: Coin, now_ms: int) -> float | None:
        return self._derivatives.mood(coin, now_ms)

    def _grid(
        self, contract: Contract, period: BarSpec, start_ms: int, end_ms: int, now_ms: int
    ) -> Int64Array:
        last_ms = min(end_ms, self._last_trade_ms(contract, now_ms) - _STATISTICS_DELAY_MS)
        listed_ms = -(-contract.listed_ms // ROW_MS) * ROW_MS
        return period.opens(max(start_ms, listed_ms), last_ms)

    @staticmethod
    def _last_trade_ms(contract: Contract, now_ms: int) -> int:
        return now_ms if contract.settled_ms is None else min(now_ms, contract.settled_ms)
