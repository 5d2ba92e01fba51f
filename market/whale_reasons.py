"""What order-book evidence says, in sentences: number, unit and side. Pure.

Each sentence is made from the very value it speaks of, so it cannot contradict the value's sign.
"""

from __future__ import annotations

import numpy as np

from market.book_memory import SINGLE_BOOK_WEIGHT, WALL_RANGE_PCT, RememberedWall
from market.order_book import LeaningImbalance, Side
from market.order_book_walls import Wall
from market.order_flow import (
    LARGE_PRINT_RATIO,
    LARGE_PRINT_USD,
    LargePrints,
    TakerPressure,
)

# Beyond, a book is read as accumulating or distributing, and flow as pressure of one side. Both
# are strict.
IMBALANCE_LEAN_PCT = 20.0
PRESSURE_LEAN_PCT = 60.0

_LONG_NUMBER = 1e15  # longer numbers are shown by their power of ten


def wall_sentence(wall: Wall, remembered: RememberedWall) -> str:
    way = "below" if wall.side is Side.BID else "above"
    where = "" if wall.distance_bps is None else f", {wall.distance_bps:,.1f} bps {way} mid"
    if remembered.watched_count > 1:
        stood = f"stood at least {_seconds(remembered.stood_ms)}, {_presence(remembered)}"
    else:
        stood = "seen in one book"
    return (
        f"{wall.side} wall of {_usd(wall.usd)} at {_price(wall.price)}{where}, "
        f"{_number(wall.ratio, 1)} × the average of the other {wall.side} levels; "
        f"{stood} (weight {remembered.weight:.2f})"
    )


def pulled_sentence(wall: RememberedWall) -> str:
    return (
        f"{wall.side} wall of {_usd(wall.usd)} at {_price(wall.price)} was pulled before the price "
        f"reached it; it had stood at least {_seconds(wall.stood_ms)}, {_presence(wall)}"
    )


def wall_imbalance_sentence(wall_imbalance_pct: float) -> str:
    if wall_imbalance_pct == 0.0:
        leaning = "lean to neither side"
    else:
        side = Side.BID if wall_imbalance_pct > 0.0 else Side.ASK
        leaning = f"lean {abs(wall_imbalance_pct):.1f} % to the {side} side"
    return f"walls within {WALL_RANGE_PCT:g} % of mid, weighted by how long they stood, {leaning}"


def single_book_sentence() -> str:
    return (
        "a single book cannot say how long a wall stays: "
        f"each counts with weight {SINGLE_BOOK_WEIGHT:g}"
    )


def imbalance_sentence(leaning: LeaningImbalance) -> str:
    value, where = leaning.imbalance_pct, "of the book as read"
    if leaning.within_pct is not None:
        where = f"within {leaning.within_pct:g} % of mid"
    if value > IMBALANCE_LEAN_PCT:
        return f"bids outweigh asks by {value:.1f} % {where}: accumulating"
    if value < -IMBALANCE_LEAN_PCT:
        return f"asks outweigh bids by {-value:.1f} % {where}: distributing"
    return f"bids less asks are {value:+.1f} % {where}: near balance"


def empty_side_sentence(side: Side) -> str:
    return f"the book has no {side} side: spread, imbalance and distances are unknown"


def pressure_sentence(pressure: TakerPressure) -> str:
    window = f"{_trades(pressure.trades)} over {_seconds(pressure.to_ms - pressure.from_ms)}"
    if pressure.buy_pct is None or pressure.sell_pct is None:
        return f"taker side unknown for all {window}"
    if pressure.buy_pct > PRESSURE_LEAN_PCT:
        said, reading = f"takers bought {pressure.buy_pct:.1f} %", "buy pressure"
    elif pressure.sell_pct > PRESSURE_LEAN_PCT:
        said, reading = f"takers sold {pressure.sell_pct:.1f} %", "sell pressure"
    else:
        said, reading = f"takers bought {pressure.buy_pct:.1f} %", "near balance"
    left_out = ""
    if pressure.unknown_trades:
        left_out = (
            f"; {_trades(pressure.unknown_trades)} of unknown side left out "
            f"({pressure.unknown_pct:.1f} % of the volume)"
        )
    return f"{said} of the volume in {window}: {reading}{left_out}"


def prints_sentence(prints: LargePrints) -> str:
    rule = f"from {_usd(LARGE_PRINT_USD)}"
    if prints.median_threshold_usd is not None:
        rule += f", or over {LARGE_PRINT_RATIO:g} × the median print of {_usd(prints.median_usd)}"
    unknown = f", {_usd(prints.unknown_usd)} of unknown side" if prints.unknown_usd else ""
    return (
        f"{prints.count:,} large print{'' if prints.count == 1 else 's'} ({rule}): "
        f"{_usd(prints.buy_usd)} bought, {_usd(prints.sell_usd)} sold{unknown}"
    )


def persistence_sentence(books: int, watched_ms: int) -> str:
    return f"{books:,} books over {_seconds(watched_ms)}"


def _presence(wall: RememberedWall) -> str:
    return f"in {wall.seen_count:,} of {wall.watched_count:,} books that could show it"


def _trades(count: int) -> str:
    return f"{count:,} trade{'' if count == 1 else 's'}"


def _usd(usd: float) -> str:
    return f"{_number(usd, 0 if usd >= 100.0 or usd == 0.0 else 2)} USD"


def _seconds(ms: int) -> str:
    return f"{ms / 1000.0:,.{0 if ms >= 10_000 else 1}f} s"


def _price(price: float) -> str:
    return np.format_float_positional(price, trim="-") if price < _LONG_NUMBER else f"{price:.4g}"


def _number(number: float, places: int) -> str:
    return f"{number:,.{places}f}" if number < _LONG_NUMBER else f"{number:.4g}"
