"""What people say and feel: CoinGecko's votes and trending list, the fear and greed index."""

from __future__ import annotations

from market.chains import DAILY, LAYOUTS, SOCIAL_REFRESH_MS
from market.due import is_due
from market.models import MARKET_WIDE, SeriesKind
from market.series import Held
from market.snapshot import ReadingName
from market.sources.asking import Asking, StaleAnswer, series_key, together
from market.tables import Table, observation, series_table
from market.types import DAY_MS, Instrument, Venue

# Days of the index asked for at first; then the newest few.
FEAR_GREED_COLD_DAYS = 60
FEAR_GREED_DAYS = 3


def votes_due(held: Held | None, at_ms: int) -> bool:
    """Tell whether a coin's votes are to be asked for; once a day, calls are scarce."""
    return held is None or at_ms - held.fetched_at_ms >= SOCIAL_REFRESH_MS


async def ask_social(asking: Asking, instrument: Instrument, *, may_ask_votes: bool) -> None:
    """Bring votes up to date and see whether the coin is trending."""
    if instrument.coingecko_id is None:
        raise LookupError(f"{instrument.symbol} is not known to CoinGecko")
    calls = [_ask_votes(asking, instrument, instrument.coingecko_id, may_ask=may_ask_votes)]
    if not asking.is_observed(instrument.symbol.base, ReadingName.SOCIAL_TRENDING, Venue.COINGECKO):
        calls.append(_ask_trending(asking, instrument, instrument.coingecko_id))
    await together(*calls)


async def _ask_votes(
    asking: Asking, instrument: Instrument, coin_id: str, *, may_ask: bool
) -> None:
    base = instrument.symbol.base
    key = series_key(base, SeriesKind.SOCIAL_SENTIMENT, Venue.COINGECKO, DAILY)
    if not votes_due(asking.held(key), asking.at_ms):
        return
    if not may_ask:
        raise StaleAnswer(Venue.COINGECKO, "its turn has not come: only a few calls per minute")
    parsed = await asking.ask(
        base,
        ReadingName.SOCIAL_SENTIMENT,
        Venue.COINGECKO,
        asking.providers.coingecko.fetch_coin_detail(coin_id),
    )
    market_cap_usd = parsed.value.market.market_cap_usd
    if market_cap_usd is not None:
        cap_key = series_key(base, SeriesKind.MARKET_CAP, Venue.COINGECKO, DAILY)
        asking.keep(cap_key, observation(asking.at_ms, market_cap_usd))
    votes_up_pct = parsed.value.sentiment_votes_up_pct
    if votes_up_pct is None:
        asking.keep(key, Table.empty(1))
        raise StaleAnswer(Venue.COINGECKO, "nobody votes on this coin there")
    asking.keep(key, observation(asking.at_ms, votes_up_pct))


async def _ask_trending(asking: Asking, instrument: Instrument, coin_id: str) -> None:
    base = instrument.symbol.base
    trending = await asking.once(
        "coingecko trending",
        lambda: asking.ask(
            base,
            ReadingName.SOCIAL_TRENDING,
            Venue.COINGECKO,
            asking.providers.coingecko.fetch_trending(),
        ),
    )
    for coin in trending.value:
        if coin.id == coin_id:
            asking.observe(
                base, ReadingName.SOCIAL_TRENDING, Venue.COINGECKO, float(coin.rank), asking.at_ms
            )


async def ask_fear_greed(asking: Asking) -> None:
    """Bring the index up to date; one number a day for the whole market."""
    key = series_key(MARKET_WIDE, SeriesKind.FEAR_GREED, Venue.ALTERNATIVE_ME, DAILY)
    held = asking.held(key)
    layout = LAYOUTS[SeriesKind.FEAR_GREED, DAILY]
    if not is_due(held, layout, asking.at_ms // DAY_MS * DAY_MS, asking.at_ms):
        return
    cold = held is None or not len(held.table)
    parsed = await asking.ask(
        MARKET_WIDE,
        ReadingName.FEAR_GREED,
        Venue.ALTERNATIVE_ME,
        asking.providers.alternative_me.fetch_fear_greed(
            limit=FEAR_GREED_COLD_DAYS if cold else FEAR_GREED_DAYS
        ),
    )
    asking.keep(key, series_table(parsed.value.index))
