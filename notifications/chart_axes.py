"""Where a chart's values lie in its picture, and what its axes say. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from notifications.figures import MONTHS

_MINUTE_MS = 60_000
_HOUR_MS = 60 * _MINUTE_MS
_DAY_MS = 24 * _HOUR_MS
# Distances of labels that people count in.
_TIME_STEPS_H = (1, 2, 3, 4, 6, 12, 24, 48, 96, 168, 336, 672)
_PRICE_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Scale:
    """A straight map from values to pixels; pixels may run against the values."""

    low: float
    high: float
    low_px: float
    high_px: float

    def px(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return self.low_px + share * (self.high_px - self.low_px)

    def px_of_span(self, span: float) -> float:
        return abs(span / (self.high - self.low) * (self.high_px - self.low_px))


@dataclass(frozen=True, slots=True)
class Tick:
    value: float
    label: str


def price_ticks(low: float, high: float, most: int) -> list[Tick]:
    """Return round prices within [low, high], all with the decimals their distance needs."""
    rough = (high - low) / most
    magnitude = 10.0 ** math.floor(math.log10(rough))
    step = next(magnitude * nice for nice in _PRICE_STEPS if magnitude * nice >= rough * 0.999)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    if round(step, decimals) != round(step, decimals + 1):  # 2.5 and its kin
        decimals += 1
    # Counted in steps: adding a step again and again would drift off the round prices.
    first, last = math.ceil(low / step), math.floor(high / step)
    return [Tick(count * step, f"{count * step:,.{decimals}f}") for count in range(first, last + 1)]


def time_ticks(start_ms: int, end_ms: int, timezone: tzinfo, most: int) -> list[Tick]:
    """Return whole hours or days of a place within the span; a midnight is named by its day."""
    rough_h = (end_ms - start_ms) / _HOUR_MS / most
    step_h = next((step for step in _TIME_STEPS_H if step >= rough_h), _TIME_STEPS_H[-1])
    found = []
    for at_ms in range(_whole_hour_ms(start_ms, timezone), end_ms + 1, _HOUR_MS):
        local = datetime.fromtimestamp(at_ms / 1000, tz=UTC).astimezone(timezone)
        hours = local.toordinal() * 24 + local.hour if step_h > 24 else local.hour
        if at_ms < start_ms or local.minute or hours % step_h:
            continue
        label = f"{local:%H:%M}" if local.hour else f"{local.day} {MONTHS[local.month - 1]}"
        found.append(Tick(float(at_ms), label))
    return found


def _whole_hour_ms(at_ms: int, timezone: tzinfo) -> int:
    local = datetime.fromtimestamp(at_ms / 1000, tz=UTC).astimezone(timezone)
    return at_ms - at_ms % _MINUTE_MS - local.minute * _MINUTE_MS
