"""Forced orders of OKX, and the open interest they are measured against."""

from __future__ import annotations

from market.chains import BUCKETS, FINE, LAYOUTS
from market.due import is_due, newest_ended_bucket_ms
from market.liquidations import buckets_of, covered_since_ms, joined_pages
from market.models import SeriesKind
from market.providers.observations import LiquidationPage
from market.snapshot import ReadingName
from market.sources.asking import Asking, StaleAnswer, listing_of, series_key, together
from market.tables import buckets_table, observation
from market.types import HOUR_MS, MINUTE_MS, Instrument, Venue

# One call for all coins where several are asked for: OKX meters calls.
OKX_FOR_ALL_FROM = 5

# Pages of one wave: the second is its second dependent step. One page of a busy coin covers less
# than the hour that the scorer needs; what lies further back is the series store's memory.
LIVE_PAGES = 2
ENOUGH_COVERED_MS = 4 * HOUR_MS
# The recorder writes a bucket this long after its end at the latest, and no call is needed then.
RECORDER_NEEDS_MS = MINUTE_MS


async def ask_liquidations(asking: Asking, instrument: Instrument, *, pages: int) -> None:
    """Bring the buckets and the open interest up to date."""
    await together(_ask_orders(asking, instrument, pages), _ask_open_interest(asking, instrument))


async def _ask_orders(asking: Asking, instrument: Instrument, pages: int) -> None:
    key = series_key(instrument.symbol.base, SeriesKind.LIQUIDATIONS, Venue.OKX, BUCKETS)
    held = asking.held(key)
    layout = LAYOUTS[SeriesKind.LIQUIDATIONS, BUCKETS]
    ended_ms = newest_ended_bucket_ms(asking.at_ms - RECORDER_NEEDS_MS)
    deep = pages > LIVE_PAGES
    if not deep and not is_due(held, layout, ended_ms, asking.at_ms):
        return
    if deep:
        wanted_since_ms = 0
    elif held is None or not len(held.table):
        wanted_since_ms = asking.at_ms - ENOUGH_COVERED_MS
    else:
        wanted_since_ms = held.table.last_ms + layout.step_ms
    await ask_orders_since(asking, instrument, wanted_since_ms, pages)


async def ask_orders_since(
    asking: Asking, instrument: Instrument, wanted_since_ms: int, pages: int
) -> None:
    """Page back from the present until an instant is reached, or so many pages are read."""
    base = instrument.symbol.base
    key = series_key(base, SeriesKind.LIQUIDATIONS, Venue.OKX, BUCKETS)
    listing = listing_of(instrument, Venue.OKX)
    found: LiquidationPage | None = None
    for _ in range(pages):
        parsed = await asking.ask(
            base,
            ReadingName.LIQUIDATIONS,
            Venue.OKX,
            asking.providers.okx.fetch_liquidation_orders(
                listing, older_than_ms=None if found is None else found.oldest_at_ms
            ),
        )
        page = parsed.value
        if page.older_may_exist and page.oldest_at_ms is None:
            raise StaleAnswer(Venue.OKX, "no usable order among those sent")
        if parsed.refused and not page.orders:
            raise StaleAnswer(Venue.OKX, "no usable order among those sent")
        found = page if found is None else joined_pages(found, page)
        # Kept page by page: what a deadline cuts off is not lost.
        asking.keep(key, buckets_table(buckets_of(found, asking.at_ms)))
        if not page.older_may_exist or covered_since_ms(found, asking.at_ms) <= wanted_since_ms:
            break


async def _ask_open_interest(asking: Asking, instrument: Instrument) -> None:
    base = instrument.symbol.base
    key = series_key(base, SeriesKind.VENUE_OPEN_INTEREST, Venue.OKX, FINE.value)
    held = asking.held(key)
    layout = LAYOUTS[SeriesKind.VENUE_OPEN_INTEREST, FINE.value]
    if not is_due(held, layout, asking.at_ms // layout.step_ms * layout.step_ms, asking.at_ms):
        return
    listing = listing_of(instrument, Venue.OKX)
    for_all = len(asking.instruments) >= OKX_FOR_ALL_FROM
    rows = await asking.once(
        "okx open interest" if for_all else f"okx open interest {base}",
        lambda: asking.ask(
            base,
            ReadingName.LIQUIDATION_VENUE_OI,
            Venue.OKX,
            asking.providers.okx.fetch_open_interest(None if for_all else listing),
        ),
    )
    row = rows.value.get(listing.venue_symbol)
    if row is None or row.open_interest_usd is None:
        raise StaleAnswer(Venue.OKX, "no open interest in USD for this coin")
    asking.keep(key, observation(min(row.observed_at_ms, asking.at_ms), row.open_interest_usd))
