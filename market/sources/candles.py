"""Closed bars of four lengths, the last trade, and who took."""

from __future__ import annotations

from collections.abc import Awaitable, Coroutine
from typing import Any

from market.chains import CANDLE_INTERVALS, HOURLY, LAYOUTS, bar_max_age_ms
from market.due import (
    RESAMPLED,
    due_bars,
    is_due,
    longer_bars,
    newest_closed_open_ms,
    rows_since,
)
from market.models import SeriesKind
from market.providers import okx
from market.providers.payload import Parsed
from market.snapshot import ReadingName
from market.sources.asking import (
    Asking,
    StaleAnswer,
    listing_of,
    require_present,
    series_key,
    together,
)
from market.tables import candles_table, series_table
from market.types import HOUR_MS, CandlePage, Instrument, Interval, Venue

# From so many coins on, one call for all prices (weight 40) costs less than one for each.
TICKERS_FOR_ALL_FROM = 40


async def ask_candles(asking: Asking, instrument: Instrument, venue: Venue) -> None:
    """Bring the closed bars of one venue up to date; the forming one is the price."""
    base = instrument.symbol.base
    keys = {
        interval: series_key(base, SeriesKind.CANDLES, venue, interval.value)
        for interval in CANDLE_INTERVALS
    }
    due = due_bars({interval: asking.held(key) for interval, key in keys.items()}, asking.at_ms)

    async def ask_bars(interval: Interval, limit: int, *, is_due: bool) -> None:
        parsed = await asking.ask(
            base,
            ReadingName.CANDLES,
            venue,
            _fetch_bars(asking, instrument, venue, interval, limit),
        )
        if is_due:
            asking.keep(keys[interval], candles_table(parsed.value.closed))
        forming = parsed.value.forming
        if interval is Interval.M15 and forming is not None:
            asking.observe(base, ReadingName.PRICE, venue, forming.close, asking.at_ms)

    calls: list[Coroutine[Any, Any, None]] = [
        ask_bars(interval, limit, is_due=True) for interval, limit in due.items()
    ]
    if Interval.M15 not in due and not asking.is_observed(base, ReadingName.PRICE, venue):
        if venue is Venue.BINANCE and len(asking.instruments) >= TICKERS_FOR_ALL_FROM:
            calls.append(_ask_ticker(asking, instrument))
        else:
            calls.append(ask_bars(Interval.M15, 2, is_due=False))
    if venue is Venue.OKX:
        calls.append(_ask_taker_share(asking, instrument))
    try:
        await together(*calls)
    finally:
        quarter_hours = asking.held(keys[Interval.M15])
        for interval in RESAMPLED:
            if interval not in due and quarter_hours is not None:
                added = longer_bars(quarter_hours.table, asking.held(keys[interval]), interval)
                if len(added):
                    asking.keep(keys[interval], added)
    require_present(
        asking,
        venue,
        None
        if quarter_hours is None or not len(quarter_hours.table)
        else quarter_hours.table.last_ms + Interval.M15.ms,
        bar_max_age_ms(Interval.M15),
    )


def _fetch_bars(
    asking: Asking, instrument: Instrument, venue: Venue, interval: Interval, limit: int
) -> Awaitable[Parsed[CandlePage]]:
    listing = listing_of(instrument, venue)
    if venue is Venue.BINANCE:
        return asking.providers.binance.fetch_klines(listing, interval, limit=limit)
    return asking.providers.okx.fetch_candles(listing, interval, limit=limit)


async def _ask_ticker(asking: Asking, instrument: Instrument) -> None:
    listing = listing_of(instrument, Venue.BINANCE)
    base = instrument.symbol.base
    tickers = await asking.once(
        "binance tickers",
        lambda: asking.ask(
            base, ReadingName.PRICE, Venue.BINANCE, asking.providers.binance.fetch_tickers()
        ),
    )
    ticker = tickers.value.get(listing.venue_symbol)
    if ticker is None:
        raise StaleAnswer(Venue.BINANCE, "no price for this coin")
    asking.observe(
        base,
        ReadingName.PRICE,
        Venue.BINANCE,
        ticker.last_price_per_unit / listing.multiplier,
        ticker.observed_at_ms,
    )


async def _ask_taker_share(asking: Asking, instrument: Instrument) -> None:
    """OKX bars do not say who took; a statistic of its own does, per hour."""
    base = instrument.symbol.base
    key = series_key(base, SeriesKind.TAKER_BUY, Venue.OKX, HOURLY)
    held = asking.held(key)
    expected_ms = newest_closed_open_ms(Interval.H1, asking.at_ms) + HOUR_MS  # stamped at the end
    if not is_due(held, LAYOUTS[SeriesKind.TAKER_BUY, HOURLY], expected_ms, asking.at_ms):
        return
    rows = (
        okx.MAX_STATISTICS
        if held is None or not len(held.table)
        else rows_since(held.table.last_ms, HOUR_MS, asking.at_ms, most=okx.MAX_STATISTICS)
    )
    parsed = await asking.ask(
        base,
        ReadingName.TAKER_BUY,
        Venue.OKX,
        asking.providers.okx.fetch_taker_buy_share(
            listing_of(instrument, Venue.OKX), Interval.H1, limit=rows
        ),
    )
    asking.keep(key, series_table(parsed.value))
