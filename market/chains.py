"""The provider chains as data: who is asked for what, in which order, and how old it may be.

``market.collect`` walks these; ``docs`` prints them. A reading's first source that answers wins,
and one window never holds rows of two sources.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from market.models import SeriesKind
from market.snapshot import ReadingName
from market.types import DAY_MS, HOUR_MS, MINUTE_MS, Instrument, Interval, Venue
from market.windows import LIQUIDATION_WINDOWS_H, MAX_BAR_AGE_BARS

# --- Who is asked -------------------------------------------------------------------------------

EXCHANGES = (Venue.BINANCE, Venue.OKX)
# Asked with a key only.
KEYED_VENUES = frozenset({Venue.COINGLASS, Venue.LUNARCRUSH, Venue.COINAPI})

# A source that has not answered after this share of the deadline gets company: the next one is
# asked too, and the first to answer wins. 2.5 s of the usual 8 s, so that a hanging venue leaves
# the other one more than half of the time.
HEDGE_SHARE = 0.3125


def exchanges_of(instrument: Instrument) -> tuple[Venue, ...]:
    """Return the chain of the exchange readings, as far as the coin is listed."""
    listings = {Venue.BINANCE: instrument.binance, Venue.OKX: instrument.okx}
    return tuple(venue for venue in EXCHANGES if listings[venue] is not None)


# --- How a series is kept and renewed -----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SeriesLayout:
    """How rows of one resolution are stored, and when the source is asked again.

    The source adds a row every ``step_ms``. While the row that should be there is not, it is asked
    again after ``retry_ms``. The head keeps ``keep_ms`` and what shares a calendar span of
    ``span_ms`` with them.
    """

    step_ms: int
    retry_ms: int
    keep_ms: int
    span_ms: int


# Bars kept at hand: the scorer reads 121, the API shows up to 300.
HEAD_BARS = 300
# Bars of a first fetch: Binance takes weight 2 up to 499, OKX gives 300 at most.
COLD_BARS = 300
_ARCHIVE_ROWS = 128

CANDLE_INTERVALS = (Interval.M15, Interval.H1, Interval.H4, Interval.D1)
# Statistics: the last day in 15 min steps for changes, thirty days in 4 h steps for the z-scores.
FINE, GRID = Interval.M15, Interval.H4
SETTLED = "settled"
STATISTICS = (SeriesKind.OPEN_INTEREST, SeriesKind.LONG_ACCOUNTS, SeriesKind.TOP_TRADERS)
BUCKET_MS = 5 * MINUTE_MS
BUCKETS = "5m"
DAILY = "1d"
HOURLY = "1h"
WINDOWS = "windows"


def _bars(interval: Interval, retry_ms: int) -> SeriesLayout:
    return SeriesLayout(interval.ms, retry_ms, HEAD_BARS * interval.ms, _ARCHIVE_ROWS * interval.ms)


_FINE_LAYOUT = SeriesLayout(FINE.ms, 5 * MINUTE_MS, 2 * DAY_MS, _ARCHIVE_ROWS * FINE.ms)
_GRID_LAYOUT = SeriesLayout(GRID.ms, 5 * MINUTE_MS, 31 * DAY_MS, _ARCHIVE_ROWS * GRID.ms)
_HOURLY_LAYOUT = SeriesLayout(HOUR_MS, 5 * MINUTE_MS, 3 * DAY_MS, _ARCHIVE_ROWS * HOUR_MS)
_DAILY_LAYOUT = SeriesLayout(DAY_MS, HOUR_MS, 60 * DAY_MS, 64 * DAY_MS)

LAYOUTS = MappingProxyType(
    {
        (SeriesKind.CANDLES, Interval.M15.value): _bars(Interval.M15, 0),
        (SeriesKind.CANDLES, Interval.H1.value): _bars(Interval.H1, MINUTE_MS),
        (SeriesKind.CANDLES, Interval.H4.value): _bars(Interval.H4, MINUTE_MS),
        (SeriesKind.CANDLES, Interval.D1.value): _bars(Interval.D1, 10 * MINUTE_MS),
        **{(kind, FINE.value): _FINE_LAYOUT for kind in STATISTICS},
        **{(kind, GRID.value): _GRID_LAYOUT for kind in STATISTICS},
        (SeriesKind.FUNDING, SETTLED): SeriesLayout(
            8 * HOUR_MS, 15 * MINUTE_MS, 32 * DAY_MS, 32 * DAY_MS
        ),
        (SeriesKind.TAKER_BUY, HOURLY): SeriesLayout(
            HOUR_MS, 5 * MINUTE_MS, 2 * DAY_MS, _ARCHIVE_ROWS * HOUR_MS
        ),
        (SeriesKind.VENUE_OPEN_INTEREST, FINE.value): _FINE_LAYOUT,
        (SeriesKind.LIQUIDATIONS, BUCKETS): SeriesLayout(
            BUCKET_MS, MINUTE_MS, 25 * HOUR_MS, DAY_MS
        ),
        # Of sources that average over exchanges: a grid of bars, and our own samples between them.
        (SeriesKind.FUNDING, GRID.value): _GRID_LAYOUT,
        (SeriesKind.FUNDING, FINE.value): _FINE_LAYOUT,
        (SeriesKind.LIQUIDATION_WINDOWS, WINDOWS): _FINE_LAYOUT,
        (SeriesKind.SOCIAL_METRICS, HOURLY): _HOURLY_LAYOUT,
        (SeriesKind.SOCIAL_MOMENTUM, HOURLY): _HOURLY_LAYOUT,
        (SeriesKind.MARKET_CAP, DAILY): _DAILY_LAYOUT,
        (SeriesKind.SOCIAL_SENTIMENT, DAILY): _DAILY_LAYOUT,
        (SeriesKind.FEAR_GREED, DAILY): _DAILY_LAYOUT,
    }
)


def width_of(kind: SeriesKind | str) -> int:
    """Return how many columns a kind has."""
    return {
        SeriesKind.CANDLES: 7,
        SeriesKind.LIQUIDATIONS: 2,
        SeriesKind.LIQUIDATION_WINDOWS: 2 * len(LIQUIDATION_WINDOWS_H),
        SeriesKind.SOCIAL_METRICS: 9,
        SeriesKind.SOCIAL_MOMENTUM: 2,
    }.get(SeriesKind(kind), 1)


# --- How old a value may be ---------------------------------------------------------------------

# The last trade: older than this a price is no longer the present.
PRICE_MAX_AGE_MS = 5 * MINUTE_MS
# A newest bar's close stands in for the last trade while it is the newest that can have closed.
CLOSE_AS_PRICE_MAX_AGE_MS = Interval.M15.ms

# Beyond these a newest value is refused: it no longer stands for the present.
MAX_AGE_MS = MappingProxyType(
    {
        ReadingName.FUNDING: 9 * HOUR_MS,  # settled every 8 h, published some minutes later
        ReadingName.OPEN_INTEREST: HOUR_MS,
        ReadingName.LONG_ACCOUNTS: HOUR_MS,
        ReadingName.TOP_TRADERS: HOUR_MS,
        ReadingName.TAKER_BUY: 2 * HOUR_MS,  # per closed hour
        ReadingName.LIQUIDATIONS: HOUR_MS,  # since the newest watched bucket ended
        ReadingName.LIQUIDATION_VENUE_OI: HOUR_MS,
        ReadingName.SOCIAL_SENTIMENT: 2 * DAY_MS,  # asked daily
        ReadingName.SOCIAL_MOMENTUM: 2 * DAY_MS,
        ReadingName.SOCIAL_TRENDING: HOUR_MS,
        ReadingName.FEAR_GREED: 2 * DAY_MS,  # published daily
    }
)

# Within these a source counts as up to date, and the first such source of a chain is taken.
FRESH_AGE_MS = MappingProxyType(
    {
        ReadingName.FUNDING: MINUTE_MS,
        ReadingName.OPEN_INTEREST: 30 * MINUTE_MS,
        ReadingName.LONG_ACCOUNTS: 30 * MINUTE_MS,
        ReadingName.TOP_TRADERS: 30 * MINUTE_MS,
    }
)

# The index of a day is expected for the next; when it is late the last one is shown as late.
FEAR_GREED_LATE_MS = 26 * HOUR_MS
SOCIAL_REFRESH_MS = DAY_MS


def bar_max_age_ms(interval: Interval) -> int:
    """Return how long ago the newest closed bar may have ended."""
    return MAX_BAR_AGE_BARS * interval.ms


READING_OF_STATISTIC = MappingProxyType(
    {
        SeriesKind.OPEN_INTEREST: ReadingName.OPEN_INTEREST,
        SeriesKind.LONG_ACCOUNTS: ReadingName.LONG_ACCOUNTS,
        SeriesKind.TOP_TRADERS: ReadingName.TOP_TRADERS,
    }
)

UNITS = MappingProxyType(
    {
        ReadingName.PRICE: "USD",
        ReadingName.CANDLES: "USD",
        ReadingName.FUNDING: "% per 8 h",
        ReadingName.OPEN_INTEREST: "USD",
        ReadingName.LONG_ACCOUNTS: "% of accounts",
        ReadingName.TOP_TRADERS: "% of positions",
        ReadingName.TAKER_BUY: "% of volume",
        ReadingName.LIQUIDATIONS: "USD",
        ReadingName.LIQUIDATION_VENUE_OI: "USD",
        ReadingName.SOCIAL_SENTIMENT: "0-100",
        ReadingName.SOCIAL_MOMENTUM: "0-100",
        ReadingName.SOCIAL_TRENDING: "rank",
        ReadingName.FEAR_GREED: "0-100",
    }
)

# What a value can be at all; anything else is refused, whoever said it.
BOUNDS = MappingProxyType(
    {
        ReadingName.PRICE: (1e-18, 1e12),
        ReadingName.CANDLES: (1e-18, 1e12),
        ReadingName.FUNDING: (-100.0, 100.0),
        ReadingName.OPEN_INTEREST: (0.0, 1e15),
        ReadingName.LONG_ACCOUNTS: (0.0, 100.0),
        ReadingName.TOP_TRADERS: (0.0, 100.0),
        ReadingName.TAKER_BUY: (0.0, 100.0),
        ReadingName.LIQUIDATIONS: (0.0, 1e15),
        ReadingName.LIQUIDATION_VENUE_OI: (0.0, 1e15),
        ReadingName.SOCIAL_SENTIMENT: (0.0, 100.0),
        ReadingName.SOCIAL_MOMENTUM: (0.0, 100.0),
        ReadingName.SOCIAL_TRENDING: (0.0, 1000.0),
        ReadingName.FEAR_GREED: (0.0, 100.0),
    }
)
