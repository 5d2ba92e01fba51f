"""Coinglass' lists by exchange: what is supported, open interest, funding, liquidations.

Where there is a total, it is the first row, under the name "All".
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from market.sandbox.bars import minutes
from market.sandbox.coinglass_markets import LIQUIDATION_WINDOWS, WINDOWS_MS, Markets
from market.sandbox.coinglass_recorded import Kind, RecordedCoinglass, Table
from market.sandbox.coinglass_rules import Answer, Ask, fail
from market.sandbox.coinglass_series import Held, Series
from market.sandbox.coinglass_venues import EXCHANGES, Listed, Market, Venues
from market.sandbox.source import MarketSource
from market.types import DAY_MS, MINUTE_MS, FloatArray

_ROOT = "/api/futures"
_FIVE_MINUTES = minutes("5m", 5)
_CHANGES = ("5m", "15m", "30m", "1h", "4h", "24h")
_LIQUIDATION_RANGES = {name: WINDOWS_MS[name] for name in ("1h", "4h", "12h", "24h")}
_FUNDING_RANGES = {"1d": DAY_MS, "7d": 7 * DAY_MS, "30d": 30 * DAY_MS, "365d": 365 * DAY_MS}
_ORDERS_KEPT_MS = 7 * DAY_MS
_MOST_ORDERS = 200
_FUNDING_STEP_MS = 20_000
_LONG_LIQUIDATED, _SHORT_LIQUIDATED = 1, 2  # as consumers read the field

Row = dict[str, Any]


class Lists:
    def __init__(
        self,
        source: MarketSource,
        venues: Venues,
        series: Series,
        markets: Markets,
        recorded: RecordedCoinglass | None,
    ) -> None:
        self._source = source
        self._venues = venues
        self._series = series
        self._markets = markets
        self._recorded = recorded
        self.answers: dict[str, Answer] = {
            f"{_ROOT}/supported-coins": self.coins,
            f"{_ROOT}/supported-exchanges": lambda _ask: list(EXCHANGES),
            f"{_ROOT}/supported-exchange-pairs": self.pairs,
            f"{_ROOT}/open-interest/exchange-list": self.open_interest,
            f"{_ROOT}/funding-rate/exchange-list": self.funding,
            f"{_ROOT}/funding-rate/accumulated-exchange-list": self.accumulated_funding,
            f"{_ROOT}/liquidation/exchange-list": self.liquidations,
            f"{_ROOT}/liquidation/coin-list": self.liquidations_by_coin,
            f"{_ROOT}/liquidation/order": self.liquidation_orders,
        }

    def coins(self, ask: Ask) -> list[str]:
        return list(self._venues.coins(ask.at_ms))

    def pairs(self, ask: Ask) -> dict[str, list[Row]]:
        wanted = ask.params.get("exchange", "").lower()
        found: dict[str, list[Row]] = {}
        for listed in self._venues.coins(ask.at_ms).values():
            for market in listed.markets:
                if not wanted or market.name.lower() == wanted:
                    found.setdefault(market.name, []).extend(_pair_rows(market, ask.documented))
        return found

    def open_interest(self, ask: Ask) -> list[Row]:
        listed = self._venues.asked_coin(ask)
        if self._recorded is not None:
            table = self._recorded.newest(Kind.OPEN_INTEREST, listed.symbol, ask.at_ms)
            return [] if table is None else [self._recorded_open_interest(listed, table, ask.at_ms)]
        instants = ask.at_ms - np.array([DAY_MS, *(WINDOWS_MS[n] for n in _CHANGES[4::-1]), 0])
        held = self._series.open_interest(listed.markets, _FIVE_MINUTES, instants, ask.at_ms)
        rows = sorted(
            zip((market.name for market in listed.markets), held, strict=True),
            key=lambda row: -float(row[1].usd[-1]),
        )
        return [
            _held_row(exchange, listed.symbol, each, documented=ask.documented)
            for exchange, each in [("All", _sum(held)), *rows]
        ]

    def funding(self, ask: Ask) -> list[Row]:
        """Return every coin; a ``symbol`` is ignored."""
        at_ms = ask.at_ms // _FUNDING_STEP_MS * _FUNDING_STEP_MS
        rows = []
        for listed in self._venues.coins(at_ms).values():
            sides: dict[str, list[Row]] = {"stablecoin": [], "token": []}
            for market in listed.markets:
                row = self._funding_row(market, at_ms)
                if row is not None:
                    sides["stablecoin"].append(row)
                    if market.coin_margin:
                        rate = round(row["funding_rate"] - 0.001, 6)
                        sides["token"].append({**row, "funding_rate": rate})
            rows.append(
                {
                    "symbol": listed.symbol,
                    "stablecoin_margin_list": sides["stablecoin"],
                    "token_margin_list": sides["token"],
                }
            )
        return rows

    def accumulated_funding(self, ask: Ask) -> list[Row]:
        span_ms = ask.one_of("range", _FUNDING_RANGES)
        rows = []
        for listed in self._venues.coins(ask.at_ms).values():
            summed = []
            for market in listed.markets:
                if market.follows:
                    continue
                settled = self._source.settled_funding(
                    market.contract, ask.at_ms - span_ms, ask.at_ms, ask.at_ms
                )
                if len(settled.ts_ms):
                    rate = round(100.0 * float(settled.first.sum()), 6)
                    summed.append({"exchange": market.name.upper(), "funding_rate": rate})
            rows.append(
                {
                    "symbol": listed.symbol,
                    "stablecoin_margin_list": summed,
                    "token_margin_list": [],
                }
            )
        return rows

    def liquidations(self, ask: Ask) -> list[Row]:
        window_ms = ask.one_of("range", _LIQUIDATION_RANGES)
        if ask.params.get("symbol"):
            coins = [self._venues.asked_coin(ask)]
            at_ms = ask.at_ms
        else:
            at_ms = ask.at_ms // MINUTE_MS * MINUTE_MS
            coins = list(self._venues.coins(at_ms).values())
        if self._recorded is not None:
            return self._recorded_liquidations(self._recorded, coins, window_ms, ask)
        edges = np.array([at_ms - window_ms, at_ms], dtype=np.int64)
        of_exchange: dict[str, FloatArray] = {}
        for listed in coins:
            sums = self._series.liquidated_by_market(listed.markets, edges)
            for market, sides in zip(listed.markets, sums, strict=True):
                before = of_exchange.get(market.name, np.zeros(2))
                of_exchange[market.name] = before + sides[:, 0]
        rows = sorted(of_exchange.items(), key=lambda row: -float(row[1].sum()))
        total = sum((sides for _, sides in rows), np.zeros(2))
        return [_liquidated_row(name, sides, ask) for name, sides in [("All", total), *rows]]

    def liquidations_by_coin(self, ask: Ask) -> list[Row]:
        exchange = ask.require("exchange")
        at_ms = ask.at_ms // MINUTE_MS * MINUTE_MS
        rows = []
        for listed in self._venues.coins(at_ms).values():
            market = listed.at(exchange)
            if market is not None:
                sums = self._markets.liquidations([market], at_ms, LIQUIDATION_WINDOWS)
                if sums["liquidation_usd_24h"]:
                    rows.append({"symbol": listed.symbol, **sums})
        return rows

    def liquidation_orders(self, ask: Ask) -> list[Row]:
        listed = self._venues.asked_coin(ask)
        market = listed.at(ask.require("exchange"))
        least = ask.require("min_liquidation_amount")
        if market is None or not least.replace(".", "", 1).isdigit():
            raise fail("400", "Parameter 'exchange' or 'min_liquidation_amount' is invalid.")
        end_ms = min(ask.whole("end_time", ask.at_ms), ask.at_ms)
        start_ms = max(ask.whole("start_time", 0), ask.at_ms - _ORDERS_KEPT_MS)
        if start_ms > end_ms:
            return []
        orders = self._source.forced_orders(market.contract, start_ms, end_ms)
        usd = orders.price * orders.quantity * (market.share + market.coin_margin)
        chosen = np.flatnonzero(usd >= float(least))[::-1][:_MOST_ORDERS]
        return [
            {
                "exchange_name": market.name.upper(),
                "symbol": market.instrument,
                "base_asset": listed.symbol,
                "price": round(float(orders.price[i] * market.basis), 8),
                "usd_value": round(float(usd[i]), 4),
                "side": _LONG_LIQUIDATED if orders.of_long[i] else _SHORT_LIQUIDATED,
                "time": int(orders.ts_ms[i]),
            }
            for i in chosen.tolist()
        ]

    # --- rows ---------------------------------------------------------------------------------

    def _funding_row(self, market: Market, at_ms: int) -> Row | None:
        expected = self._source.expected_funding(market.contract, at_ms)
        if expected is None:
            return None
        hours = expected.interval_ms / (60 * MINUTE_MS)
        deviation_pct = self._series.funding_deviation_8h_pct(market, at_ms)
        return {
            "exchange": market.name,
            "funding_rate_interval": int(hours),
            "funding_rate": round(100.0 * expected.rate + deviation_pct * hours / 8.0, 6),
            "next_funding_time": expected.settles_at_ms,
        }

    def _recorded_open_interest(self, listed: Listed, table: Table, at_ms: int) -> Row:
        close = table.columns[3]
        row: Row = {
            "exchange": "All",
            "symbol": listed.symbol,
            "open_interest_usd": float(close[-1]),
        }
        price = self._source.price(listed.main.contract, at_ms)
        if price is not None:
            row["open_interest_quantity"] = round(float(close[-1]) / price, 4)
        for name in _CHANGES:
            bars = WINDOWS_MS[name] // table.step_ms
            if bars and WINDOWS_MS[name] % table.step_ms == 0 and len(close) > bars:
                change = close[-1] / close[-1 - bars] - 1.0
                row[f"open_interest_change_percent_{name}"] = round(100.0 * float(change), 2)
        return row

    @staticmethod
    def _recorded_liquidations(
        recorded: RecordedCoinglass, coins: Iterable[Listed], window_ms: int, ask: Ask
    ) -> list[Row]:
        total, known = np.zeros(2), False
        for listed in coins:
            table = recorded.newest(Kind.LIQUIDATIONS, listed.symbol, ask.at_ms)
            if table is not None and window_ms % table.step_ms == 0:
                total += table.columns[:, -(window_ms // table.step_ms) :].sum(axis=1)
                known = True
        return [_liquidated_row("All", total, ask)] if known else []


def _sum(held: list[Held]) -> Held:
    return Held(
        *(
            np.nansum([getattr(each, name) for each in held], axis=0)
            for name in ("stable_usd", "stable_coins", "inverse_usd", "inverse_coins")
        )
    )


def _held_row(exchange: str, symbol: str, held: Held, *, documented: bool) -> Row:
    """Write a row of instants: 24 h, 4 h, 1 h, 30, 15 and 5 minutes ago, and now."""
    row: Row = {
        "exchange": exchange,
        "symbol": symbol,
        "open_interest_usd": round(float(held.usd[-1]), 4),
        "open_interest_quantity": round(float(held.coins[-1]), 4),
        "open_interest_by_coin_margin": round(float(held.inverse_usd[-1]), 2) or 0,
        "open_interest_by_stable_coin_margin": round(float(held.stable_usd[-1]), 4),
        "open_interest_quantity_by_coin_margin": round(float(held.inverse_coins[-1]), 4) or 0,
        "open_interest_quantity_by_stable_coin_margin": round(float(held.stable_coins[-1]), 4),
    }
    if documented:
        del row["open_interest_by_coin_margin"]
    for name, before in zip(_CHANGES, held.usd[-2::-1].tolist(), strict=True):
        if before > 0.0:
            change = float(held.usd[-1]) / before - 1.0
            row[f"open_interest_change_percent_{name}"] = round(100.0 * change, 2)
    return row


def _liquidated_row(exchange: str, sides: FloatArray, ask: Ask) -> Row:
    of_long, of_short = sides.tolist()
    names = (
        ("long_liquidation_usd", "short_liquidation_usd")
        if ask.documented
        else ("longLiquidation_usd", "shortLiquidation_usd")
    )
    return {
        "exchange": exchange,
        "liquidation_usd": round(of_long + of_short, 5) or 0,
        names[0]: round(of_long, 5) or 0,
        names[1]: round(of_short, 5) or 0,
    }


def _pair_rows(market: Market, documented: bool) -> list[Row]:
    base = market.contract.coin.base
    rows: list[Row] = [
        {"instrument_id": market.instrument, "base_asset": base, "quote_asset": "USDT"}
    ]
    if market.coin_margin:
        rows.append(
            {"instrument_id": market.coin_instrument, "base_asset": base, "quote_asset": "USD"}
        )
    if documented:  # the published values are placeholders, and so are these
        for row in rows:
            row |= {
                "settlement_currency": "USDT",
                "max_leverage": 100,
                "funding_interval": 1,
                "price_tick_size": 10.0**-market.contract.price_decimals,
            }
    return rows
