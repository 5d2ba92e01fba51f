"""When a paid and a key-less source both said something, and it does not fit together. Pure.

The paid one is still what a reading shows; ``problems`` then says what the other one said. What
they measure differs by nature, so each tolerance allows for that and catches what is left: another
coin by the same name, another unit, a source that stands still.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from market.snapshot import ReadingName


@dataclass(frozen=True, slots=True)
class Tolerance:
    """``fits(paid, key_less)``; ``meaning`` ends the sentence "… are expected to"."""

    fits: Callable[[float, float], bool]
    meaning: str


def _within(points: float) -> Callable[[float, float], bool]:
    return lambda paid, other: abs(paid - other) <= points


def _sum_of_more_venues(least: float, most: float) -> Callable[[float, float], bool]:
    return lambda paid, other: least * other <= paid <= most * other


TOLERANCES = MappingProxyType(
    {
        # All exchanges against one: rates of one coin differ by some hundredths of a percent.
        ReadingName.FUNDING: Tolerance(_within(0.05), "lie within 0.05 points"),
        # One exchange is part of all: never more, seldom less than a fortieth.
        ReadingName.OPEN_INTEREST: Tolerance(
            _sum_of_more_venues(0.9, 40.0), "lie between 0.9 and 40 times one venue's"
        ),
        # The same contract's own figure, read at two minutes of the same half hour.
        ReadingName.LONG_ACCOUNTS: Tolerance(_within(5.0), "lie within 5 points"),
        ReadingName.TOP_TRADERS: Tolerance(_within(5.0), "lie within 5 points"),
        # The key-less sum is a floor of one venue that the paid one includes.
        ReadingName.LIQUIDATIONS: Tolerance(
            lambda paid, floor: paid >= 0.8 * floor, "be no less than 0.8 of one venue's"
        ),
        ReadingName.FEAR_GREED: Tolerance(_within(10.0), "lie within 10 points"),
    }
)


def disagreement(
    reading: ReadingName, paid: float, others: Mapping[str, float]
) -> tuple[str, str] | None:
    """Return (source, sentence) of the first key-less source that the paid one does not fit."""
    tolerance = TOLERANCES.get(reading)
    if tolerance is None:
        return None
    for source, value in others.items():
        if not tolerance.fits(paid, value):
            return source, (
                f"disagrees: {value:.6g} here, {paid:.6g} from the paid source that is used; "
                f"they are expected to {tolerance.meaning}"
            )
    return None
