"""What the market says of some outcomes of one coin: read in few calls, measured one by one.

Rows of a signal whose price has a venue rest on that venue's candles and on no other's. Imported
signals name none: Binance is taken, else OKX, the first that has the whole window.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from analytics.engine.funding import paid_at_settlements
from analytics.engine.outcomes import (
    CANDLE,
    Costs,
    Levels,
    Position,
    Window,
    cut,
    estimated_funding_pct,
    fees_pct,
    instant_ms,
    measure,
    missing_candles,
    settled_funding_pct,
    window_of,
)
from analytics.models import Outcome
from market.chains import EXCHANGES, SETTLED
from market.listings import last_listed
from market.models import SeriesKind
from market.past import Past, Stretch, read_past
from market.providers.errors import ProviderLacksSymbol
from market.series import SeriesKey, load_kind
from market.tables import table_series
from market.types import HOUR_MS, Candles, Direction, Instrument, Listing, Series, Venue
from market.universe import instrument_registry
from signals.models import Signal
from signals.rendering import price_decimal

# Windows that are less than this apart are read in one stretch: a call costs more than some bars.
_JOIN_GAP_MS = 100 * CANDLE.ms
# A settlement before the window shows that the venue's list reaches back to it.
_FUNDING_LEAD_MS = 9 * HOUR_MS


@dataclass(frozen=True, slots=True)
class Verdict:
    """``measured`` are the columns of a filled outcome; None with the reason why there is none."""

    venue: str
    reason: str
    measured: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class _Asked:
    row: Outcome
    position: Position
    window: Window


def measure_rows(rows: Sequence[Outcome], *, deadline_s: float) -> list[Verdict]:
    """Return what came of outcomes of one coin and venue, in their order.

    Raises ProviderError, TimeoutError or MarketUnavailable when the venue did not answer: then
    nothing is known of any of them.
    """
    asked = [_asked(row) for row in rows]
    verdicts: dict[int, Verdict] = {}
    coin = _coin(rows[0].symbol)
    venues = [Venue(rows[0].venue)] if rows[0].venue else EXCHANGES
    for venue in venues:
        open_rows = [each for each in asked if not _is_measured(verdicts.get(each.row.pk))]
        for each, verdict in zip(
            open_rows, _of_venue(coin, venue, open_rows, deadline_s / len(venues)), strict=True
        ):
            earlier = verdicts.get(each.row.pk)
            verdicts[each.row.pk] = verdict if earlier is None else _both(earlier, verdict)
    return [verdicts[row.pk] for row in rows]


def _asked(row: Outcome) -> _Asked:
    at_ms = instant_ms(row.signal_at)
    if row.entry_price is None:
        raise ValueError(f"outcome {row.pk} has no entry price")
    levels = (
        None
        if row.target_price is None or row.stop_price is None
        else Levels(float(row.target_price), float(row.stop_price))
    )
    position = Position(Direction(row.direction), float(row.entry_price), at_ms, levels)
    return _Asked(row, position, window_of(at_ms, row.horizon_h))


def _coin(symbol: str) -> Instrument | None:
    """Return where a coin is or was listed. Raises MarketUnavailable when no list is known."""
    coin = last_listed(symbol)
    if coin is None:
        instrument_registry()  # an empty installation reads the venues' lists first
        coin = last_listed(symbol)
    return coin


def _is_measured(verdict: Verdict | None) -> bool:
    return verdict is not None and verdict.measured is not None


def _both(earlier: Verdict, later: Verdict) -> Verdict:
    if later.measured is not None:
        return later
    return Verdict("", f"{earlier.reason}; {later.reason}", None)


# --- One venue ------------------------------------------------------------------------------------


def _of_venue(
    coin: Instrument | None, venue: Venue, asked: Sequence[_Asked], deadline_s: float
) -> list[Verdict]:
    if not asked:
        return []
    listing = None if coin is None else coin.binance if venue is Venue.BINANCE else coin.okx
    if listing is None:
        return [Verdict(venue, f"not listed at {venue}", None) for _ in asked]
    funding = _FundingOf(asked[0].row.symbol, listing)
    missing = [each for each in asked if not funding.is_stored(each)]
    try:
        past = read_past(
            listing,
            CANDLE,
            _stretches([each.window for each in asked]),
            funding=_funding_stretch(missing),
            deadline_s=deadline_s,
        )
    except ProviderLacksSymbol:
        return [
            Verdict(venue, f"{venue} does not know {listing.venue_symbol}", None) for _ in asked
        ]
    funding.take(past)
    rates = _signal_rates([each.row for each in asked if funding.of(each) is None])
    return [
        _verdict(venue, each, past.candles, funding, rates.get(each.row.signal_id))
        for each in asked
    ]


def _verdict(
    venue: Venue,
    asked: _Asked,
    candles: Candles,
    funding: _FundingOf,
    signal_rate_8h_pct: float | None,
) -> Verdict:
    own = cut(candles, asked.window)
    if own is None:
        lacking = max(1, missing_candles(candles, asked.window))
        reason = f"{lacking} of {asked.window.candles} candles are missing at {venue}"
        return Verdict(venue, reason, None)
    paid_pct = funding.of(asked)
    basis = Outcome.FundingBasis.SETTLED
    if paid_pct is None and signal_rate_8h_pct is not None:
        basis = Outcome.FundingBasis.ESTIMATED
        paid_pct = estimated_funding_pct(asked.position, asked.window, signal_rate_8h_pct)
    elif paid_pct is None:
        basis, paid_pct = Outcome.FundingBasis.UNKNOWN, 0.0
    costs = Costs(fees_pct=fees_pct(settings.OUTCOME_FEE_BPS), funding_pct=paid_pct)
    result = measure(asked.position, own, costs)
    return Verdict(
        venue,
        "",
        {
            "exit_price": price_decimal(result.exit_price),
            "return_pct": result.return_pct,
            "net_return_pct": result.net_return_pct,
            "fees_pct": costs.fees_pct,
            "funding_pct": None if basis is Outcome.FundingBasis.UNKNOWN else costs.funding_pct,
            "funding_basis": basis,
            "favourable_pct": result.favourable_pct,
            "adverse_pct": result.adverse_pct,
            "is_hit": result.is_hit,
            "first_touch": result.first_touch.value,
        },
    )


def _stretches(windows: Sequence[Window]) -> list[Stretch]:
    """Return the fewest stretches that hold all windows without reading long gaps between them."""
    joined: list[Stretch] = []
    for window in sorted(windows, key=lambda each: each.first_open_ms):
        if joined and window.first_open_ms - joined[-1].end_ms <= _JOIN_GAP_MS:
            end_ms = max(joined[-1].end_ms, window.end_ms)
            joined[-1] = Stretch(joined[-1].start_ms, end_ms)
        else:
            joined.append(Stretch(window.first_open_ms, window.end_ms))
    return joined


def _signal_rates(rows: Sequence[Outcome]) -> dict[int, float]:
    """Return the funding rates that signals were scored by, percent per 8 h, where known."""
    if not rows:
        return {}
    rates = Signal.objects.filter(pk__in={row.signal_id for row in rows}).values_list(
        "pk", "metrics__fundingRate"
    )
    return {pk: float(rate) for pk, rate in rates if isinstance(rate, int | float)}


# --- Funding --------------------------------------------------------------------------------------


def _funding_stretch(asked: Sequence[_Asked]) -> Stretch | None:
    if not asked:
        return None
    return Stretch(
        min(each.position.at_ms for each in asked) - _FUNDING_LEAD_MS,
        max(each.window.end_ms for each in asked),
    )


class _FundingOf:
    """Settled funding of one coin at one venue: from the series store, else as just read."""

    def __init__(self, base: str, listing: Listing) -> None:
        key = SeriesKey(base, SeriesKind.FUNDING, listing.venue.value, SETTLED)
        held = load_kind([base], SeriesKind.FUNDING, key.source, SETTLED).get(key)
        self._stored = None if held is None or not len(held.table) else held
        self._read: Series | None = None

    def is_stored(self, asked: _Asked) -> bool:
        """Tell whether the store was filled after a window's end and reaches back before it."""
        stored = self._stored
        return (
            stored is not None
            and stored.fetched_at_ms >= asked.window.end_ms
            and stored.table.first_ms <= asked.position.at_ms
        )

    def take(self, past: Past) -> None:
        self._read = past.funding

    def of(self, asked: _Asked) -> float | None:
        """Return what a position paid, percent; None where the venue tells nothing of the time."""
        if self.is_stored(asked) and self._stored is not None:
            settled = table_series(self._stored.table, 0)
        elif self._read is not None and self._covers(asked, self._read):
            settled = self._read
        else:
            return None
        return settled_funding_pct(
            asked.position, asked.window, settled.ts_ms, paid_at_settlements(settled)
        )

    @staticmethod
    def _covers(asked: _Asked, settled: Series) -> bool:
        """Tell whether a list says anything of a window: the last row before it or one inside."""
        around = (settled.ts_ms > asked.position.at_ms - _FUNDING_LEAD_MS) & (
            settled.ts_ms < asked.window.end_ms
        )
        return bool(around.any())
