"""CoinAPI as the last link of the candles' chain: the same contracts, when no exchange answers."""

from __future__ import annotations

from market.chains import CANDLE_INTERVALS, bar_max_age_ms
from market.due import RESAMPLED, due_bars, longer_bars
from market.models import SeriesKind
from market.providers.coinapi import CoinApi
from market.providers.coinapi_candle_payloads import Period
from market.providers.coinapi_catalogue_payloads import PERPETUAL_EXCHANGES, MarketSymbol, symbol_of
from market.providers.plans import coinapi_credits
from market.snapshot import ReadingName
from market.sources.asking import Asking, StaleAnswer, require_present, series_key, together
from market.tables import candles_table
from market.types import Instrument, Interval, Listing, Venue

VENUE = Venue.COINAPI


async def ask_candles(asking: Asking, instrument: Instrument, api: CoinApi) -> None:
    """Bring the closed bars up to date, as far as today's credits reach."""
    base = instrument.symbol.base
    listing = instrument.binance or instrument.okx
    if listing is None:
        raise StaleAnswer(VENUE, "no contract of this coin is known")
    keys = {
        interval: series_key(base, SeriesKind.CANDLES, VENUE, interval.value)
        for interval in CANDLE_INTERVALS
    }
    due = due_bars({interval: asking.held(key) for interval, key in keys.items()}, asking.at_ms)
    due.setdefault(Interval.M15, 2)  # the forming bar is the price
    cost = sum(coinapi_credits(limit) for limit in due.values())
    share = asking.providers.shares[VENUE.value]
    if not await share.grant(cost):
        raise StaleAnswer(VENUE, f"its turn has not come: {share}")
    symbol = await _symbol(asking, base, listing, api)

    async def ask_bars(interval: Interval, limit: int) -> None:
        reply = await asking.ask(
            base,
            ReadingName.CANDLES,
            VENUE,
            api.fetch_candles(symbol.symbol_id, Period.of(interval), limit=limit),
        )
        page = reply.value.page(
            interval, multiplier=listing.multiplier, contract_size_base=symbol.contract_size_base
        )
        asking.keep(keys[interval], candles_table(page.closed))
        if interval is Interval.M15 and page.forming is not None:
            asking.observe(base, ReadingName.PRICE, VENUE, page.forming.close, asking.at_ms)

    try:
        await together(*(ask_bars(interval, limit) for interval, limit in due.items()))
    finally:
        quarter_hours = asking.held(keys[Interval.M15])
        for interval in RESAMPLED:
            if interval not in due and quarter_hours is not None:
                added = longer_bars(quarter_hours.table, asking.held(keys[interval]), interval)
                if len(added):
                    asking.keep(keys[interval], added)
    require_present(
        asking,
        VENUE,
        None
        if quarter_hours is None or not len(quarter_hours.table)
        else quarter_hours.table.last_ms + Interval.M15.ms,
        bar_max_age_ms(Interval.M15),
    )


async def _symbol(asking: Asking, base: str, listing: Listing, api: CoinApi) -> MarketSymbol:
    """Return the vendor's name of a contract, from its catalogue of the day."""
    exchange = PERPETUAL_EXCHANGES[listing.venue]
    symbols = await asking.once(
        f"coinapi symbols {exchange}",
        lambda: asking.ask(
            base, ReadingName.CANDLES, VENUE, api.fetch_symbols(f"{exchange}_PERP_")
        ),
    )
    symbol = symbol_of(listing, symbols.value)
    if symbol is None:
        raise StaleAnswer(VENUE, "does not know this contract")
    return symbol
