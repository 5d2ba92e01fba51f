"""Recorded days instead of invented ones: files of ``market.recordings`` behind the same vendors.

Shown is what had been published by the instant of the clock, and nothing else. Per coin and
quantity the recording that covers the instant is taken; what has none is "no data", as a vendor
would say it. Bars of any length are cut from recorded ones, the forming bar from the finest closed
ones, else it opens at the last close. Some things are told in a form the recording does not have:

- Liquidations are recorded per bar and side; they come as orders spread evenly over the bar's
  hours, two an hour, at recorded prices, adding up to the recorded USD.
- Mark price and price of a settlement are the last recorded trade price; coins of open interest
  are its recorded USD at that price; takers' volumes are their recorded share of recorded volume.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from market.recording_formats import Recording
from market.sandbox.bars import VOLUME, Bars, BarSpec, aggregate, no_bars
from market.sandbox.recorded_bars import closed_bars, forming_bar, recorded_rows
from market.sandbox.recorded_coins import (
    RecordedCoins,
    Wanted,
    from_anywhere,
    from_binance,
    from_okx,
    of_one_exchange,
)
from market.sandbox.recorded_index import RecordedIndex
from market.sandbox.source import (
    DailyIndex,
    ExpectedFunding,
    ForcedOrders,
    Observed,
    RatioKind,
    no_forced_orders,
    nothing_observed,
)
from market.sandbox.universe import Coin, Contract, Universe, binance_perpetual, okx_swap
from market.snapshot import ReadingName
from market.types import DAY_MS, HOUR_MS, MINUTE_MS, Candles, FloatArray, Series

_READING_OF = {
    RatioKind.ALL_ACCOUNTS: ReadingName.LONG_ACCOUNTS,
    RatioKind.TOP_POSITIONS: ReadingName.TOP_TRADERS,
}
# Recordings keep what the venues printed; a digit more than today's tick has room for it.
_EXTRA_DECIMALS = 1
_QUANTITY_DECIMALS = 4
_FUNDING_INTERVAL_MS = 8 * HOUR_MS
# Two orders an hour and side keep 24 hours within one page of the venue (100).
_ORDER_MINUTES = (15, 45)


class ReplayedMarket:
    simulated = False

    def __init__(self, directory: Path, symbols: tuple[str, ...] = ()) -> None:
        self.directory = directory
        self._coins = RecordedCoins(directory, symbols)
        self._index = RecordedIndex(directory / "fear_greed")

    @property
    def description(self) -> str:
        return f"recordings of {', '.join(self._coins.bases) or 'nothing'} in {self.directory.name}"

    def universe(self, now_ms: int) -> Universe:
        binance: dict[str, Contract] = {}
        okx: dict[str, Contract] = {}
        coins = []
        for rank, base in enumerate(self._coins.bases, 1):
            price = self._coins.close(base, now_ms)
            if price is None:
                continue
            coin = Coin(base, price, rank, None, listed_ms=0)
            coins.append(coin)
            for listed, make, told in (
                (binance, binance_perpetual, _tells_binance),
                (okx, okx_swap, _tells_okx),
            ):
                since_ms = self._coins.since_ms(base, now_ms, told)
                if since_ms is not None:
                    contract = _as_recorded(make(coin), since_ms)
                    listed[contract.symbol] = contract
        return Universe(binance, okx, tuple(coins))

    def bars(
        self, contract: Contract, spec: BarSpec, first_ms: int, last_ms: int, now_ms: int
    ) -> Bars:
        covering = self._coins.candles(contract.coin.base, now_ms, _venue(contract))
        fitting = [
            candles
            for candles in covering
            if spec.step_ms % candles.interval.ms == 0 and spec.offset_ms % candles.interval.ms == 0
        ]
        if not fitting:
            return no_bars()
        # A file of this very length first, else the one that reaches back furthest.
        source = min(fitting, key=lambda c: (c.interval.ms != spec.step_ms, int(c.open_time_ms[0])))
        opens = spec.opens(first_ms, min(last_ms, now_ms))
        ends = np.array([spec.shift(at_ms, 1) for at_ms in opens.tolist()], dtype=np.int64)
        closed = opens[ends <= now_ms]
        bars = closed_bars(source, closed, now_ms)
        if len(opens) > len(closed):
            finest = covering[0]
            forming = forming_bar(finest, int(opens[-1]), now_ms)
            return Bars(
                np.append(bars.open_time_ms, opens[-1]),
                np.concatenate([bars.table, forming]),
                bars.closed,
            )
        return bars

    def last_day(self, contract: Contract, now_ms: int) -> tuple[int, FloatArray] | None:
        covering = self._coins.candles(contract.coin.base, now_ms, _venue(contract))
        if not covering:
            return None
        opens, rows = recorded_rows(covering[0], now_ms - DAY_MS, now_ms)
        if not len(rows):
            return None
        return int(opens[0]), aggregate(opens, rows, opens[:1])[0]

    def price(self, contract: Contract, now_ms: int) -> float | None:
        return self._coins.close(contract.coin.base, now_ms, _venue(contract))

    def coin_price_usd(self, coin: Coin, now_ms: int) -> float | None:
        return self._coins.close(coin.base, now_ms)

    def mark_and_index(self, contract: Contract, now_ms: int) -> tuple[float, float] | None:
        price = self.price(contract, now_ms)
        return None if price is None else (price, float("nan"))

    def expected_funding(self, contract: Contract, now_ms: int) -> ExpectedFunding | None:
        settled = self._funding(contract, now_ms)
        if settled is None:
            return None
        last_ms = int(settled.ts_ms[-1])
        rate = float(settled.values[-1]) / 100.0
        return ExpectedFunding(rate, last_ms + _FUNDING_INTERVAL_MS, _FUNDING_INTERVAL_MS)

    def settled_funding(
        self, contract: Contract, start_ms: int, end_ms: int, now_ms: int
    ) -> Observed:
        settled = self._funding(contract, now_ms)
        if settled is None:
            return nothing_observed()
        kept = Observed(settled.ts_ms, settled.values / 100.0, settled.values).between(
            start_ms, end_ms
        )
        return kept._replace(second=self._coins.closes(contract.coin.base, kept.ts_ms, now_ms))

    def open_interest(self, contract: Contract, now_ms: int) -> Observed:
        known = self._open_interest(contract, now_ms)
        return Observed(known.ts_ms[-1:], known.first[-1:], known.second[-1:])

    def open_interest_history(
        self, contract: Contract, period: BarSpec, start_ms: int, end_ms: int, now_ms: int
    ) -> Observed:
        return _on_grid(self._open_interest(contract, now_ms), period, start_ms, end_ms)

    def ratio_history(
        self,
        kind: RatioKind,
        contract: Contract,
        period: BarSpec,
        start_ms: int,
        end_ms: int,
        now_ms: int,
    ) -> Observed:
        reading = _READING_OF.get(kind)
        known = reading and self._series(reading, contract, now_ms)
        if not known:
            return nothing_observed()
        longs = known.values / 100.0
        return _on_grid(
            Observed(known.ts_ms, longs / (1.0 - longs), longs), period, start_ms, end_ms
        )

    def taker_history(
        self, contract: Contract, period: BarSpec, start_ms: int, end_ms: int, now_ms: int
    ) -> Observed:
        known = self._series(ReadingName.TAKER_BUY, contract, now_ms)
        # A share over four hours says nothing about one of them.
        if known is None or known.max_age_ms != period.step_ms or not len(known):
            return nothing_observed()
        starts = known.ts_ms - period.step_ms
        bars = self.bars(contract, period, int(starts[0]), int(starts[-1]), now_ms)
        common, of_share, of_bar = np.intersect1d(
            starts, bars.open_time_ms[: bars.closed], return_indices=True
        )
        volume = bars.table[of_bar, VOLUME]
        bought = volume * known.values[of_share] / 100.0
        seen = np.isfinite(volume)
        return Observed(common[seen], bought[seen], (volume - bought)[seen]).between(
            start_ms, end_ms
        )

    def forced_orders(self, contract: Contract, start_ms: int, now_ms: int) -> ForcedOrders:
        base = contract.coin.base
        data = self._coins.liquidations(base, now_ms)
        if data is None:
            return no_forced_orders()
        hours = data.bucket_ms // HOUR_MS
        offsets = [
            hour * HOUR_MS + minute * MINUTE_MS
            for hour in range(hours)
            for minute in _ORDER_MINUTES
        ]
        ended = data.start_ms + data.bucket_ms
        chosen = np.flatnonzero((ended > start_ms) & (ended <= now_ms))
        found: list[tuple[int, bool, float, float]] = []
        for of_long, column in ((True, data.long_usd), (False, data.short_usd)):
            for bucket in chosen.tolist():
                usd = float(column[bucket]) / len(offsets)
                if not usd > 0.0:  # nothing, or not known
                    continue
                for offset in offsets:
                    at_ms = int(data.start_ms[bucket]) + offset
                    price = self._coins.close(base, at_ms)
                    if price is not None and start_ms <= at_ms <= now_ms:
                        found.append((at_ms, of_long, price, usd / price))
        if not found:
            return no_forced_orders()
        found.sort()
        ts_ms, sides, prices, quantities = zip(*found, strict=True)
        return ForcedOrders(
            ts_ms=np.array(ts_ms, dtype=np.int64),
            of_long=np.array(sides),
            netted=np.zeros(len(found), dtype=np.bool_),
            price=np.array(prices),
            quantity=np.array(quantities),
        )

    def fear_greed(self, now_ms: int) -> DailyIndex:
        return self._index.until(now_ms)

    def mood(self, _coin: Coin, _now_ms: int) -> float | None:
        return None  # nothing of the kind is recorded per hour

    def _funding(self, contract: Contract, now_ms: int) -> Series | None:
        wanted = of_one_exchange(_venue(contract))
        return self._coins.series(contract.coin.base, ReadingName.FUNDING, now_ms, wanted)

    def _series(self, quantity: ReadingName, contract: Contract, now_ms: int) -> Series | None:
        return self._coins.series(contract.coin.base, quantity, now_ms, _venue(contract))

    def _open_interest(self, contract: Contract, now_ms: int) -> Observed:
        base = contract.coin.base
        known = self._series(ReadingName.OPEN_INTEREST, contract, now_ms)
        if known is None and _is_okx(contract):  # then of whatever venues there is
            known = self._coins.series(base, ReadingName.OPEN_INTEREST, now_ms, from_anywhere)
        if known is None:
            return nothing_observed()
        price = self._coins.closes(base, known.ts_ms, now_ms)
        priced = np.isfinite(price)
        return Observed(known.ts_ms[priced], (known.values / price)[priced], known.values[priced])


def _is_okx(contract: Contract) -> bool:
    return contract.symbol.endswith("-SWAP")


def _venue(contract: Contract) -> Wanted:
    return from_okx if _is_okx(contract) else from_binance


def _tells_binance(recording: Recording) -> bool:
    return from_binance(recording) and isinstance(recording.data, Candles)


def _tells_okx(recording: Recording) -> bool:
    """Liquidations come through OKX wherever they were recorded, and need open interest there."""
    shared = (ReadingName.LIQUIDATIONS, ReadingName.OPEN_INTEREST)
    return from_okx(recording) or recording.quantity in shared


def _as_recorded(contract: Contract, since_ms: int) -> Contract:
    return replace(
        contract,
        listed_ms=since_ms,
        price_factor=1.0,
        price_decimals=contract.price_decimals + _EXTRA_DECIMALS,
        quantity_decimals=_QUANTITY_DECIMALS,
    )


def _on_grid(known: Observed, period: BarSpec, start_ms: int, end_ms: int) -> Observed:
    on_grid = (known.ts_ms - period.offset_ms) % period.step_ms == 0
    return Observed(*(column[on_grid] for column in known)).between(start_ms, end_ms)
