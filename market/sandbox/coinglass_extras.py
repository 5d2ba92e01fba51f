"""Coinglass' other pages: depth of books, fear and greed, Hyperliquid whales, liquidation heatmaps.

The whales and the heatmaps are invented around the simulated price; a recording has none.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from market.sandbox.bars import CLOSE, HIGH, LOW, OPEN, QUOTE
from market.sandbox.coinglass_recorded import Kind, RecordedCoinglass
from market.sandbox.coinglass_rules import INTERVALS, Answer, Ask, Period, period_of
from market.sandbox.coinglass_series import Series
from market.sandbox.coinglass_venues import Listed, Market, Venues
from market.sandbox.http import trimmed
from market.sandbox.noise import key_of, smooth, uniforms
from market.sandbox.recent import Recent
from market.sandbox.source import MarketSource
from market.types import DAY_MS, HOUR_MS, MINUTE_MS, FloatArray, Int64Array

_ROOT = "/api/futures"
_DEPTH_RANGES = {text: float(text) for text in ("0.25", "0.5", "0.75", "1", "2", "3", "5", "10")}
_DEPTH_RECORDED_PCT = 1.0
# Resting within one percent of the price, against a usual day's turnover.
_DEPTH_SHARE = 0.004

_WHALE_EVERY_MS = 7 * MINUTE_MS
_WHALES_SHOWN = 200
_POSITIONS_SHOWN = 60
_WHALE_RANKS = 20
_LEAST_WHALE_USD = 1_000_000.0

_HEATMAP_BARS = {
    "12h": ("5m", DAY_MS // 2), "24h": ("5m", DAY_MS), "3d": ("15m", 3 * DAY_MS),
    "7d": ("30m", 7 * DAY_MS), "30d": ("4h", 30 * DAY_MS), "90d": ("12h", 90 * DAY_MS),
    "180d": ("1d", 180 * DAY_MS), "1y": ("1d", 365 * DAY_MS),
}  # fmt: skip
_HEATMAP_LEVELS = 120

Row = dict[str, Any]


class Extras:
    def __init__(
        self,
        source: MarketSource,
        venues: Venues,
        series: Series,
        recorded: RecordedCoinglass | None,
    ) -> None:
        self._source = source
        self._venues = venues
        self._series = series
        self._recorded = recorded
        self._bitcoin_days: Recent[FloatArray] = Recent(2)
        book, heat = f"{_ROOT}/orderbook", f"{_ROOT}/liquidation"
        self.answers: dict[str, Answer] = {
            f"{book}/ask-bids-history": self.depth,
            f"{book}/aggregated-ask-bids-history": self.aggregated_depth,
            "/api/index/fear-greed-history": self.fear_greed,
            "/api/hyperliquid/whale-alert": self.whale_alerts,
            "/api/hyperliquid/whale-position": self.whale_positions,
            **{f"{heat}/heatmap/model{n}": self.pair_heatmap for n in (1, 2, 3)},
            **{f"{heat}/aggregated-heatmap/model{n}": self.coin_heatmap for n in (1, 2, 3)},
        }

    # --- books --------------------------------------------------------------------------------

    def depth(self, ask: Ask) -> list[Row]:
        return self._depth([self._venues.asked_pair(ask)], ask, "")

    def aggregated_depth(self, ask: Ask) -> list[Row]:
        return self._depth(self._venues.asked_markets(ask), ask, "aggregated_")

    def _depth(self, markets: list[Market], ask: Ask, prefix: str) -> list[Row]:
        within_pct = ask.one_of("range", _DEPTH_RANGES)
        period = period_of(ask)
        if period is None or not markets:
            return []
        if self._recorded is not None:
            symbol = markets[0].contract.coin.base
            return self._recorded_depth(self._recorded, symbol, within_pct, period, prefix)
        bars = self._source.bars(
            markets[0].contract, period.spec, period.first_ms, period.last_ms, period.at_ms
        )
        at_ms = bars.open_time_ms
        sides = np.zeros((2, len(at_ms)))
        for market in markets:
            usual_usd = market.contract.coin.turnover_usd * market.contract.share * market.share
            for row, side in enumerate(("bids", "asks")):
                key = key_of(market.contract.coin.base, market.name, side)
                wander = np.exp(0.3 * smooth(key, at_ms, 6 * HOUR_MS))
                sides[row] += usual_usd * _DEPTH_SHARE * within_pct**0.8 * wander
        price = bars.table[:, CLOSE] / markets[0].contract.unit
        return _depth_rows(at_ms, (sides[0], sides[0] / price, sides[1], sides[1] / price), prefix)

    @staticmethod
    def _recorded_depth(
        recorded: RecordedCoinglass, symbol: str, within_pct: float, period: Period, prefix: str
    ) -> list[Row]:
        table = recorded.table(Kind.DEPTH, symbol, period.spec.step_ms, period.at_ms)
        if table is None or within_pct != _DEPTH_RECORDED_PCT:
            return []
        kept = (table.start_ms >= period.first_ms) & (table.start_ms <= period.last_ms)
        return _depth_rows(table.start_ms[kept], tuple(table.columns[:, kept]), prefix)

    # --- moods --------------------------------------------------------------------------------

    def fear_greed(self, ask: Ask) -> Any:
        """Return the whole history; the documentation wraps it in a list and counts seconds."""
        daily = self._source.fear_greed(ask.at_ms)
        days = np.array(daily.ts_s, dtype=np.int64) * 1000
        prices = self._bitcoin_prices(days, ask.at_ms) if len(days) else np.empty(0)
        history = {
            "data_list": [float(value) for value in daily.value],
            "price_list": [round(price, 2) for price in prices.tolist()],
            "time_list": [at_s if ask.documented else at_s * 1000 for at_s in daily.ts_s],
        }
        return [history] if ask.documented else history

    def _bitcoin_prices(self, days_ms: Int64Array, at_ms: int) -> FloatArray:
        """Return a price per day; days before there was one have the first."""
        listed = self._venues.coin("BTC", at_ms)
        if listed is None:
            return np.zeros(len(days_ms))
        contract, day = listed.main.contract, INTERVALS["1d"]
        first_ms, last_ms = int(days_ms[0]), int(days_ms[-1])

        def make() -> FloatArray:
            if self._source.simulated:
                # Years of bars would take seconds; open interest carries the price as well.
                held = self._source.open_interest_history(contract, day, first_ms, last_ms, at_ms)
                return np.interp(days_ms, held.ts_ms, held.second / held.first)
            bars = self._source.bars(contract, day, first_ms, last_ms, at_ms)
            if not len(bars):
                return np.zeros(len(days_ms))
            return np.interp(days_ms, bars.open_time_ms, bars.table[:, OPEN])

        return self._bitcoin_days.get_or_make((first_ms, last_ms), make)

    # --- whales -------------------------------------------------------------------------------

    def whale_alerts(self, ask: Ask) -> list[Row]:
        if not self._source.simulated:
            return []
        newest = ask.at_ms // _WHALE_EVERY_MS
        return [
            self._alert(number, ask.at_ms) for number in range(newest, newest - _WHALES_SHOWN, -1)
        ]

    def whale_positions(self, ask: Ask) -> list[Row]:
        if not self._source.simulated:
            return []
        day = ask.at_ms // DAY_MS
        rows = [self._position(number, day, ask.at_ms) for number in range(_POSITIONS_SHOWN)]
        return sorted(rows, key=lambda row: -row["position_value_usd"])

    def _alert(self, number: int, at_ms: int) -> Row:
        what, size, side, action, when = uniforms(key_of("whale"), np.arange(5) + 5 * number)
        created_ms = number * _WHALE_EVERY_MS + int(when * 0.1 * _WHALE_EVERY_MS)
        listed = self._whale_coin(what, at_ms)
        price = self._coin_price(listed, created_ms)
        usd = _LEAST_WHALE_USD * (1.05 + 12.0 * float(size) ** 3)
        sign = 1.0 if side < 0.5 else -1.0
        return {
            "user": _address("whale", number % 37),
            "symbol": listed.symbol,
            "position_size": float(f"{sign * usd / price:.8g}"),
            "entry_price": float(f"{price:.6g}"),
            "liq_price": float(f"{price * (1.0 - 0.3 * sign):.8g}"),
            "position_value_usd": round(usd, 4),
            "position_action": 1 if action < 0.5 else 2,
            "create_time": min(created_ms, at_ms),
        }

    def _position(self, number: int, day: int, at_ms: int) -> Row:
        what, size, side, leverage, age = uniforms(
            key_of("position", day // 5), np.arange(5) + 5 * number
        )
        listed = self._whale_coin(what, at_ms)
        opened_ms = (day // 5 * 5 - 1) * DAY_MS + int(age * DAY_MS)
        entry, mark = self._coin_price(listed, opened_ms), self._coin_price(listed, at_ms)
        sign = 1.0 if side < 0.5 else -1.0
        times = int(3 + leverage * 22)
        coins = _LEAST_WHALE_USD * (1.2 + 60.0 * float(size) ** 4) / mark
        return {
            "user": _address("whale", number % 37),
            "symbol": listed.symbol,
            "position_size": float(f"{sign * coins:.8g}"),
            "entry_price": float(f"{entry:.6g}"),
            "mark_price": float(f"{mark:.6g}"),
            "liq_price": float(f"{entry * (1.0 - 0.9 * sign / times):.8g}"),
            "leverage": times,
            "margin_balance": round(coins * mark / times, 4),
            "position_value_usd": round(coins * mark, 4),
            "unrealized_pnl": round(sign * coins * (mark - entry), 4),
            "funding_fee": round(-sign * coins * mark * 1e-4, 4),
            "margin_mode": "cross" if number % 3 else "isolated",
            "create_time": opened_ms,
            "update_time": at_ms - number * 1000,
        }

    def _whale_coin(self, what: float, at_ms: int) -> Listed:
        coins = list(self._venues.coins(at_ms).values())[:_WHALE_RANKS]
        return coins[int(what * what * len(coins))]

    def _coin_price(self, listed: Listed, at_ms: int) -> float:
        price = self._source.coin_price_usd(listed.coin, at_ms)
        return listed.coin.price_usd if price is None else price

    # --- heatmaps -----------------------------------------------------------------------------

    def pair_heatmap(self, ask: Ask) -> Row:
        market = self._venues.asked_pair(ask)
        return self._heatmap(market, market.share, ask)

    def coin_heatmap(self, ask: Ask) -> Row:
        listed = self._venues.asked_coin(ask)
        return self._heatmap(listed.main, sum(each.share for each in listed.markets), ask)

    def _heatmap(self, market: Market, size: float, ask: Ask) -> Row:
        label, span_ms = ask.one_of("range", _HEATMAP_BARS)
        spec, contract = INTERVALS[label], market.priced
        empty: Row = {"y_axis": [], "liquidation_leverage_data": [], "price_candlesticks": []}
        if not self._source.simulated:
            return empty
        bars = self._source.bars(contract, spec, ask.at_ms - span_ms, ask.at_ms, ask.at_ms)
        if not len(bars):
            return empty
        places = contract.price_decimals
        low, high = bars.table[:, LOW].min() * 0.97, bars.table[:, HIGH].max() * 1.03
        levels = np.linspace(low, high, _HEATMAP_LEVELS)
        cells = []
        for column, (opened_ms, bar) in enumerate(
            zip(bars.open_time_ms.tolist(), bars.table, strict=True)
        ):
            # Positions of usual leverages wait this far from where they were opened.
            luck = uniforms(key_of(contract.symbol, "heat"), np.arange(4) + 4 * (opened_ms // 1000))
            for away, share in zip((-0.04, -0.02, 0.02, 0.04), luck.tolist(), strict=True):
                row = int(np.searchsorted(levels, bar[CLOSE] * (1.0 + away)))
                if row < len(levels):
                    cells.append([column, row, round(float(bar[QUOTE]) * size * 0.02 * share, 2)])
        candles = [
            [opened_ms // 1000, *(trimmed(price, places) for price in bar[:4].tolist()),
             trimmed(float(bar[QUOTE]) * size, 4)]
            for opened_ms, bar in zip(bars.open_time_ms.tolist(), bars.table, strict=True)
        ]  # fmt: skip
        return {
            "y_axis": [round(level, places) for level in levels.tolist()],
            "liquidation_leverage_data": cells,
            "price_candlesticks": candles,
        }


def _depth_rows(at_ms: Int64Array, columns: tuple[FloatArray, ...], prefix: str) -> list[Row]:
    names = [
        f"{prefix}{name}" for name in ("bids_usd", "bids_quantity", "asks_usd", "asks_quantity")
    ]
    values = zip(*(column.tolist() for column in columns), strict=True)
    return [
        {**{name: round(value, 4) for name, value in zip(names, row, strict=True)}, "time": time_ms}
        for time_ms, row in zip(at_ms.tolist(), values, strict=True)
    ]


def _address(*parts: object) -> str:
    return f"0x{key_of(*parts, 1):016x}{key_of(*parts, 2):016x}{key_of(*parts, 3) >> 32:08x}"
