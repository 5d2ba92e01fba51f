"""Coinglass' histories: ascending rows per bar, texts or numbers as each endpoint has it.

Open interest, funding, liquidations and takers by pair or over exchanges, ratios and prices by
pair, depth of order books. The last row is the bar still open; a recording has closed bars only.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from market.sandbox.bars import CLOSE, HIGH, LOW, OPEN, QUOTE
from market.sandbox.coinglass_recorded import RATIOS, Kind, RecordedCoinglass, Table
from market.sandbox.coinglass_rows import (
    OHLC,
    Rows,
    Write,
    amount,
    coins_held,
    column_rows,
    dollars,
    ohlc_rows,
    rate,
    volume,
)
from market.sandbox.coinglass_rules import Answer, Ask, Period, period_of
from market.sandbox.coinglass_series import Series, edges_of
from market.sandbox.coinglass_venues import BINANCE, Market, Venues
from market.sandbox.http import trimmed
from market.sandbox.source import MarketSource, RatioKind

_ROOT = "/api/futures"
_RATIO_KINDS = {
    "global_account": RatioKind.ALL_ACCOUNTS,
    "top_account": RatioKind.TOP_ACCOUNTS,
    "top_position": RatioKind.TOP_POSITIONS,
}


class History:
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
        interest, funding = f"{_ROOT}/open-interest", f"{_ROOT}/funding-rate"
        ratio = "long-short-account-ratio/history"
        self.answers: dict[str, Answer] = {
            f"{_ROOT}/price/history": self.price,
            f"{interest}/history": self.open_interest,
            f"{interest}/aggregated-history": self.aggregated_open_interest,
            f"{interest}/aggregated-stablecoin-history": self._by_margin(Kind.STABLE_COINS),
            f"{interest}/aggregated-coin-margin-history": self._by_margin(Kind.COIN_MARGIN),
            f"{funding}/history": self.funding,
            f"{funding}/oi-weight-history": self._weighted_funding(by_volume=False),
            f"{funding}/vol-weight-history": self._weighted_funding(by_volume=True),
            f"{_ROOT}/global-{ratio}": self._ratio("global_account"),
            f"{_ROOT}/top-{ratio}": self._ratio("top_account"),
            f"{_ROOT}/top-long-short-position-ratio/history": self._ratio("top_position"),
            f"{_ROOT}/v2/taker-buy-sell-volume/history": self.taken,
            f"{_ROOT}/aggregated-taker-buy-sell-volume/history": self.aggregated_taken,
            f"{_ROOT}/liquidation/history": self.liquidated,
            f"{_ROOT}/liquidation/aggregated-history": self.aggregated_liquidated,
        }

    # --- by pair ------------------------------------------------------------------------------

    def price(self, ask: Ask) -> Rows:
        market, period = self._venues.asked_pair(ask), period_of(ask)
        if period is None:
            return []
        contract = market.priced
        bars = self._source.bars(
            contract, period.spec, period.first_ms, period.last_ms, period.at_ms
        )
        usd_traded = bars.table[:, QUOTE] * self._series.share(
            market, bars.open_time_ms, market.share
        )
        columns = [bars.table[:, column].tolist() for column in (OPEN, HIGH, LOW, CLOSE)]
        rows = zip(bars.open_time_ms.tolist(), *columns, usd_traded.tolist(), strict=True)
        places = contract.price_decimals
        return [
            {
                "time": at_ms,
                **dict(zip(OHLC, (trimmed(price, places) for price in ohlc), strict=True)),
                "volume_usd": trimmed(usd, 4),
            }
            for at_ms, *ohlc, usd in rows
        ]

    def open_interest(self, ask: Ask) -> Rows:
        market, period = self._venues.asked_pair(ask), period_of(ask)
        if period is None:
            return []
        edges = edges_of(period)
        (held,) = self._series.open_interest([market], period.spec, edges, period.at_ms)
        if ask.params.get("unit", "usd") == "coin":
            return ohlc_rows(period.opens, held.stable_coins, coins_held)
        return ohlc_rows(period.opens, held.stable_usd, dollars)

    def funding(self, ask: Ask) -> Rows:
        market, period = self._venues.asked_pair(ask), period_of(ask)
        if period is None:
            return []
        # By pair the rate is that of the exchange's own interval.
        interval_share = (market.contract.funding_interval_h or 8) / 8.0
        rate_pct = self._series.funding_8h_pct(market, edges_of(period), period.at_ms)
        return ohlc_rows(period.opens, rate_pct * interval_share, rate)

    def taken(self, ask: Ask) -> Rows:
        market, period = self._venues.asked_pair(ask), period_of(ask)
        if period is None:
            return []
        names = ("taker_buy_volume_usd", "taker_sell_volume_usd")
        table = self._table(Kind.TAKER, market.contract.coin.base, period)
        if table is not None and market.name == BINANCE:
            return column_rows(table.start_ms, names, table.columns, volume)
        at_ms, bought, sold = self._series.taken_usd(
            market, period.spec, period.first_ms, period.last_ms, period.at_ms
        )
        return column_rows(at_ms, names, (bought, sold), volume)

    def liquidated(self, ask: Ask) -> Rows:
        market, period = self._venues.asked_pair(ask), period_of(ask)
        names = ("long_liquidation_usd", "short_liquidation_usd")
        return self._liquidated([market], period, names, lambda usd: trimmed(usd, 5))

    # --- by coin ------------------------------------------------------------------------------

    def aggregated_open_interest(self, ask: Ask) -> Rows:
        listed, period = self._venues.asked_coin(ask), period_of(ask)
        if period is None:
            return []
        coins = ask.params.get("unit", "usd") == "coin"
        if self._recorded is not None:
            table = None if coins else self._table(Kind.OPEN_INTEREST, listed.symbol, period)
            return (
                [] if table is None else column_rows(table.start_ms, OHLC, table.columns, dollars)
            )
        total = np.zeros(len(period.opens) + 1)
        for held in self._series.open_interest(
            listed.markets, period.spec, edges_of(period), period.at_ms
        ):
            total += np.nan_to_num(held.coins if coins else held.usd)
        return ohlc_rows(
            period.opens, np.where(total > 0.0, total, np.nan), coins_held if coins else dollars
        )

    def aggregated_liquidated(self, ask: Ask) -> Rows:
        listed, markets, period = (
            self._venues.asked_coin(ask),
            self._venues.asked_markets(ask),
            period_of(ask),
        )
        names = ("aggregated_long_liquidation_usd", "aggregated_short_liquidation_usd")
        if self._recorded is not None:
            if period is None:
                return []
            table = self._table(Kind.LIQUIDATIONS, listed.symbol, period)
            return (
                [] if table is None else column_rows(table.start_ms, names, table.columns, amount)
            )
        return self._liquidated(markets, period, names, amount)

    def aggregated_taken(self, ask: Ask) -> Rows:
        listed, markets, period = (
            self._venues.asked_coin(ask),
            self._venues.asked_markets(ask),
            period_of(ask),
        )
        if period is None:
            return []
        names = ("aggregated_buy_volume_usd", "aggregated_sell_volume_usd")
        table = self._table(Kind.TAKER, listed.symbol, period)
        if table is not None:
            return column_rows(table.start_ms, names, table.columns, lambda usd: round(usd, 4))
        bought, sold = np.zeros(len(period.opens)), np.zeros(len(period.opens))
        for market in markets:
            at_ms, buys, sells = self._series.taken_usd(
                market, period.spec, period.first_ms, period.last_ms, period.at_ms
            )
            place = np.searchsorted(period.opens, at_ms)
            bought[place] += buys
            sold[place] += sells
        return column_rows(period.opens, names, (bought, sold), lambda usd: round(usd, 4))

    def _by_margin(self, kind: Kind) -> Answer:
        """Answer over the chosen exchanges; live, what is margined in dollars comes in coins."""

        def answer(ask: Ask) -> Rows:
            listed, markets, period = (
                self._venues.asked_coin(ask),
                self._venues.asked_markets(ask),
                period_of(ask),
            )
            if period is None:
                return []
            in_coins = kind is Kind.STABLE_COINS and not ask.documented
            write = coins_held if in_coins else dollars
            if self._recorded is not None:
                table = self._table(kind, listed.symbol, period)
                return (
                    [] if table is None else column_rows(table.start_ms, OHLC, table.columns, write)
                )
            total = np.zeros(len(period.opens) + 1)
            for held in self._series.open_interest(
                markets, period.spec, edges_of(period), period.at_ms
            ):
                stable = held.stable_coins if in_coins else held.stable_usd
                total += np.nan_to_num(stable if kind is Kind.STABLE_COINS else held.inverse_usd)
            return ohlc_rows(period.opens, np.where(total > 0.0, total, np.nan), write)

        return answer

    def _weighted_funding(self, *, by_volume: bool) -> Answer:
        def answer(ask: Ask) -> Rows:
            listed, period = self._venues.asked_coin(ask), period_of(ask)
            if period is None:
                return []
            if self._recorded is not None:
                table = None if by_volume else self._table(Kind.FUNDING, listed.symbol, period)
                return (
                    [] if table is None else column_rows(table.start_ms, OHLC, table.columns, rate)
                )
            rate_pct = self._series.weighted_funding_8h_pct(
                listed, edges_of(period), period.at_ms, by_volume=by_volume
            )
            return ohlc_rows(period.opens, rate_pct, rate)

        return answer

    def _ratio(self, name: str) -> Answer:
        fields = (f"{name}_long_percent", f"{name}_short_percent", f"{name}_long_short_ratio")

        def answer(ask: Ask) -> Rows:
            market, period = self._venues.asked_pair(ask), period_of(ask)
            if period is None:
                return []
            table = self._table(RATIOS[name], market.contract.coin.base, period)
            if table is not None and market.name == BINANCE:
                at_ms, longs = table.start_ms, table.columns[0] / (1.0 + table.columns[0])
            else:
                kind = _RATIO_KINDS[name]
                at_ms, longs = self._series.long_share(kind, market, period.spec, period)
            longs_pct = np.round(100.0 * longs, 2)
            shorts_pct = np.round(100.0 - longs_pct, 2)
            ratio = np.round(longs_pct / shorts_pct, 2)
            return column_rows(at_ms, fields, (longs_pct, shorts_pct, ratio), float)

        return answer

    # --- shared -------------------------------------------------------------------------------

    def _liquidated(
        self, markets: Sequence[Market], period: Period | None, names: Sequence[str], write: Write
    ) -> Rows:
        if period is None or not markets:
            return []
        sums = self._series.liquidated_usd(markets, edges_of(period))
        return column_rows(period.opens, names, sums, write)

    def _table(self, kind: Kind, symbol: str, period: Period) -> Table | None:
        if self._recorded is None:
            return None
        table = self._recorded.table(kind, symbol, period.spec.step_ms, period.at_ms)
        if table is None:
            return None
        kept = (table.start_ms >= period.first_ms) & (table.start_ms <= period.last_ms)
        return Table(table.start_ms[kept], table.columns[:, kept])
