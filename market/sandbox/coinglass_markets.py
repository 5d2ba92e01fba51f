"""Coinglass' pages of the present: coins, pairs and exchanges, one row each, in JSON numbers.

What is not known is left out of its row. A page over all coins is made once a minute.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from market.sandbox.bars import HIGH, LOW, QUOTE, TAKER_QUOTE, minutes
from market.sandbox.coingecko_coins import CoinBook
from market.sandbox.coinglass_rules import Answer, Ask
from market.sandbox.coinglass_series import Series
from market.sandbox.coinglass_venues import Listed, Market, Venues
from market.sandbox.noise import key_of, smooth
from market.sandbox.recent import Recent
from market.sandbox.source import MarketSource
from market.types import DAY_MS, HOUR_MS, MINUTE_MS, FloatArray

_ROOT = "/api/futures"
WINDOWS_MS = {
    "5m": 5 * MINUTE_MS, "15m": 15 * MINUTE_MS, "30m": 30 * MINUTE_MS, "1h": HOUR_MS,
    "4h": 4 * HOUR_MS, "12h": 12 * HOUR_MS, "24h": DAY_MS,
}  # fmt: skip
_NO_12H = [name for name in WINDOWS_MS if name != "12h"]
_LONG = ("1h", "4h", "24h")
LIQUIDATION_WINDOWS = ("24h", "12h", "4h", "1h")
_FIVE_MINUTES = minutes("5m", 5)
_KEPT_TABLES = 40  # of 40 kB
_COINS_PER_PAGE = 100  # the vendor's default is not published
# Nobody counts the supply of coins smaller than this.
_CAP_KNOWN_TO_RANK = 250

Row = dict[str, Any]


class Markets:
    def __init__(self, source: MarketSource, venues: Venues, series: Series) -> None:
        self._source = source
        self._venues = venues
        self._series = series
        self._book = CoinBook(source)
        self._two_days: Recent[FloatArray] = Recent(_KEPT_TABLES)
        self.answers: dict[str, Answer] = {
            f"{_ROOT}/coins-markets": self.coins_markets,
            f"{_ROOT}/coins-price-change": self.coins_price_change,
            f"{_ROOT}/pairs-markets": self.pairs_markets,
            f"{_ROOT}/taker-buy-sell-volume/exchange-list": self.taken,
        }

    def coins_markets(self, ask: Ask) -> list[Row]:
        at_ms = ask.at_ms // MINUTE_MS * MINUTE_MS
        per_page = ask.whole("per_page", _COINS_PER_PAGE)
        start = (max(1, ask.whole("page", 1)) - 1) * per_page
        caps = {q.entry.coin.base: q.cap_usd for q in self._book.quotes(at_ms) if q.entry.coin}
        exchanges = ask.params.get("exchange_list")
        wanted = {name.strip().lower() for name in exchanges.split(",")} if exchanges else None
        rows = []
        for listed in list(self._venues.coins(at_ms).values())[start : start + per_page]:
            markets = [m for m in listed.markets if wanted is None or m.name.lower() in wanted]
            if markets:
                cap = caps.get(listed.coin.base) if listed.coin.rank <= _CAP_KNOWN_TO_RANK else None
                rows.append(self._coin_row(listed, markets, cap, at_ms))
        return rows

    def coins_price_change(self, ask: Ask) -> list[Row]:
        at_ms = ask.at_ms // MINUTE_MS * MINUTE_MS
        rows = []
        for listed in self._venues.coins(at_ms).values():
            changes = self.price_changes_pct(listed.main, at_ms)
            table = self._last_bars(listed.main, at_ms)
            row = {"symbol": listed.symbol, "current_price": self.price(listed.main, at_ms)}
            row |= {f"price_change_percent_{name}": changes[name] for name in WINDOWS_MS}
            for name, window_ms in WINDOWS_MS.items():
                bars = table[-(window_ms // _FIVE_MINUTES.step_ms) :]
                if len(bars):
                    reach = bars[:, HIGH].max() / bars[:, LOW].min() - 1.0
                    row[f"price_amplitude_percent_{name}"] = round(100.0 * float(reach), 2)
            rows.append(_known(row))
        return rows

    def pairs_markets(self, ask: Ask) -> list[Row]:
        listed = self._venues.asked_coin(ask)
        return [self._pair_row(market, ask) for market in listed.markets]

    def taken(self, ask: Ask) -> Row:
        listed = self._venues.asked_coin(ask)
        window_ms = ask.one_of("range", WINDOWS_MS)
        rows = []
        for market in listed.markets:
            bought, total = self._traded_usd(market, ask.at_ms, window_ms)
            if np.isfinite(bought) and total > 0.0:
                rows.append({"exchange": market.name, **_sides(bought, total - bought)})
        bought, sold = (sum(row[side] for row in rows) for side in ("buy_vol_usd", "sell_vol_usd"))
        whole = _sides(bought, sold) if rows else {}
        return {"symbol": listed.symbol, **whole, "exchange_list": rows}

    # --- rows ---------------------------------------------------------------------------------

    def price(self, market: Market, at_ms: int) -> float | None:
        price = self._source.price(market.priced, at_ms)
        return None if price is None else round(price, market.contract.price_decimals)

    def price_changes_pct(self, market: Market, at_ms: int) -> dict[str, float | None]:
        now = self._source.price(market.contract, at_ms)
        changes = {}
        for name, window_ms in WINDOWS_MS.items():
            before = self._source.price(market.contract, at_ms - window_ms)
            known = now is not None and before is not None
            changes[name] = round(100.0 * (now / before - 1.0), 2) if known else None  # type: ignore[operator]
        return changes

    def _coin_row(
        self, listed: Listed, markets: list[Market], cap_usd: float | None, at_ms: int
    ) -> Row:
        now = np.array([at_ms])
        by_oi, by_volume = (
            self._series.weighted_funding_8h_pct(listed, now, at_ms, by_volume=weight)[0]
            for weight in (False, True)
        )
        instants = at_ms - np.array([*sorted(WINDOWS_MS.values(), reverse=True), 0])
        held = self._series.open_interest(markets, _FIVE_MINUTES, instants, at_ms)
        usd = np.nan_to_num(sum(each.usd for each in held))
        share = sum(market.share + market.coin_margin for market in markets)
        volume = self._last_bars(listed.main, at_ms)[:, QUOTE] * share
        day_usd = float(volume[-288:].sum())
        row: Row = {
            "symbol": listed.symbol,
            "current_price": self.price(listed.main, at_ms),
            "avg_funding_rate_by_oi": _round(by_oi, 6),
            "avg_funding_rate_by_vol": _round(by_volume, 6),
            "market_cap_usd": cap_usd,
            "open_interest_market_cap_ratio": cap_usd and round(float(usd[-1]) / cap_usd, 4),
            "open_interest_usd": round(float(usd[-1]), 4),
            "open_interest_quantity": round(float(sum(each.coins[-1] for each in held)), 4),
            "open_interest_volume_ratio": _round(float(usd[-1]) / day_usd, 4) if day_usd else None,
        }
        changes = self.price_changes_pct(listed.main, at_ms)
        row |= {f"price_change_percent_{name}": changes[name] for name in WINDOWS_MS}
        position = {ms: i for i, ms in enumerate(sorted(WINDOWS_MS.values(), reverse=True))}
        for name in _NO_12H:
            change = usd[-1] / (usd[position[WINDOWS_MS[name]]] or np.nan) - 1.0
            row[f"open_interest_change_percent_{name}"] = _round(100.0 * change, 2)
        for name in _NO_12H:
            row[f"volume_change_percent_{name}"] = _round(100.0 * _growth(volume, name)[0], 2)
        for name in _LONG:
            row[f"volume_change_usd_{name}"] = _round(_growth(volume, name)[1], 4)
        for name, window_ms in WINDOWS_MS.items():
            bought, total = self._traded_usd(listed.main, at_ms, window_ms)
            row[f"long_short_ratio_{name}"] = _round(bought / (total - bought or np.nan), 4)
        return _known(row | self.liquidations(markets, at_ms, LIQUIDATION_WINDOWS[::-1]))

    def liquidations(self, markets: list[Market], at_ms: int, windows: tuple[str, ...]) -> Row:
        """Return the sums over windows that end now, keyed as the vendor does."""
        row: Row = {}
        spans = sorted({WINDOWS_MS[name] for name in windows}, reverse=True)
        edges = np.array([*(at_ms - span for span in spans), at_ms], dtype=np.int64)
        longs, shorts = self._series.liquidated_usd(markets, edges)
        for name in windows:
            first = spans.index(WINDOWS_MS[name])
            of_long, of_short = float(longs[first:].sum()), float(shorts[first:].sum())
            row[f"liquidation_usd_{name}"] = round(of_long + of_short, 8) or 0
            row[f"long_liquidation_usd_{name}"] = round(of_long, 8) or 0
            row[f"short_liquidation_usd_{name}"] = round(of_short, 8) or 0
        return row

    def _pair_row(self, market: Market, ask: Ask) -> Row:
        at_ms, contract = ask.at_ms, market.contract
        marks = self._source.mark_and_index(market.priced, at_ms)
        expected = self._source.expected_funding(contract, at_ms)
        instants = np.array([at_ms - DAY_MS, at_ms])
        (held,) = self._series.open_interest([market], _FIVE_MINUTES, instants, at_ms)
        usd, coins = held.stable_usd, held.stable_coins
        volume = self._last_bars(market, at_ms)[:, QUOTE] * market.share
        bought, total = self._traded_usd(market, at_ms, DAY_MS)
        price = self.price(market, at_ms)
        liquidated = self.liquidations([market], at_ms, ("24h",))
        ratio = usd[-1] / total if total else np.nan
        rate_pct = self._series.funding_8h_pct(market, instants[1:], at_ms)[0]
        name = market.name
        return _known(
            {
                "instrument_id": market.instrument,
                "exchange_name": f"{name}.io" if ask.documented and name == "Gate" else name,
                "symbol": f"{contract.coin.base}/USDT",
                "current_price": price,
                "index_price": _round(marks[1], 8) if marks else None,
                "price_change_percent_24h": self.price_changes_pct(market, at_ms)["24h"],
                "volume_usd": _round(total, 4),
                "volume_usd_change_percent_24h": _round(100.0 * _growth(volume, "24h")[0], 2),
                "long_volume_usd": _round(bought, 4),
                "short_volume_usd": _round(total - bought, 4),
                "long_volume_quantity": _round(bought / price, 0) if price else None,
                "short_volume_quantity": _round((total - bought) / price, 0) if price else None,
                "open_interest_quantity": _round(coins[-1], 4),
                "open_interest_usd": _round(usd[-1], 4),
                "open_interest_change_percent_24h": _round(100.0 * (usd[-1] / usd[0] - 1.0), 2),
                "long_liquidation_usd_24h": liquidated["long_liquidation_usd_24h"],
                "short_liquidation_usd_24h": liquidated["short_liquidation_usd_24h"],
                "funding_rate": _round(rate_pct * (contract.funding_interval_h or 8) / 8.0, 6),
                # Some exchanges do not say when.
                "next_funding_time": expected.settles_at_ms
                if expected and key_of(name, "says when") % 3
                else None,
                "open_interest_volume_radio": _round(ratio, 4),
                "oi_vol_ratio_change_percent_24h": _round(
                    40.0 * float(smooth(key_of(market.instrument, name), at_ms, DAY_MS)), 2
                )
                if self._source.simulated
                else None,
            }
        )

    def _traded_usd(self, market: Market, at_ms: int, window_ms: int) -> tuple[float, float]:
        """Return what takers bought, and all that was traded; NaN where that is not known."""
        table = self._last_bars(market, at_ms)[-(window_ms // _FIVE_MINUTES.step_ms) :]
        size = float(self._series.share(market, np.array([at_ms]), market.share)[0])
        bought = table[:, TAKER_QUOTE].sum() * size
        if market.follows:
            key = key_of(market.contract.coin.base, market.name, "taken")
            bought *= 1.0 + 0.02 * float(smooth(key, at_ms, 6 * HOUR_MS))
        return float(bought), float(table[:, QUOTE].sum() * size)

    def _last_bars(self, market: Market, at_ms: int) -> FloatArray:
        """Return the five-minute bars of two days, the open one included."""

        def make() -> FloatArray:
            first_ms = at_ms - 2 * DAY_MS + 1
            bars = self._source.bars(market.contract, _FIVE_MINUTES, first_ms, at_ms, at_ms)
            return bars.table

        return self._two_days.get_or_make((market.contract.symbol, at_ms), make)


def _sides(bought_usd: float, sold_usd: float) -> Row:
    buy_pct = round(100.0 * bought_usd / (bought_usd + sold_usd), 2)
    return {
        "buy_ratio": buy_pct,
        "sell_ratio": round(100.0 - buy_pct, 2),
        "buy_vol_usd": round(bought_usd, 4),
        "sell_vol_usd": round(sold_usd, 4),
    }


def _growth(volume_usd: FloatArray, name: str) -> tuple[float, float]:
    """Return how much a window's volume differs from the one before it: share, and USD."""
    count = max(1, WINDOWS_MS[name] // _FIVE_MINUTES.step_ms)
    last, before = volume_usd[-count:].sum(), volume_usd[-2 * count : -count].sum()
    if len(volume_usd) < 2 * count or not before > 0.0:
        return float("nan"), float("nan")
    return float(last / before - 1.0), float(last - before)


def _round(value: float, places: int) -> float | None:
    return round(float(value), places) if np.isfinite(value) else None


def _known(row: Row) -> Row:
    return {name: value for name, value in row.items() if value is not None}
