"""The picture of an alert: candles, the entry, and structure where some was found. Pure.

Arrays and shapes in, bytes of a PNG out. Drawn for a phone, where a chat shows it at less than half
its size. Pillow is imported when a picture is drawn: a process that draws none does not carry it.
"""

from __future__ import annotations

import io
from datetime import UTC, tzinfo
from functools import lru_cache
from typing import TYPE_CHECKING

from notifications import figures
from notifications.chart_axes import Scale, price_ticks, time_ticks
from notifications.chart_shapes import Bars, Entry, Heading, Level, Structure, Swing, Zone

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont, ImageFont

WIDTH_PX, HEIGHT_PX = 1000, 640
LEAST_BARS = 2

_TOP_PX, _BOTTOM_PX, _LEFT_PX, _GAP_PX = 112, 590, 16, 12
_TITLE_PX, _TEXT_PX, _LABEL_PX, _WATERMARK_PX = 48, 28, 24, 120
# Of the range of prices, left free above and below.
_HEADROOM = 0.06
# As many bars would fit between the newest one and the price axis.
_FREE_BARS = 3
_PRICE_LABELS, _TIME_LABELS = 6, 8
_TAG_PX = 34  # height of the entry's price on the axis
# Shades between a colour and what lies under it: the soft edges of letters.
_SHADES = 6
_ZONE_SHARE, _EDGE_SHARE, _LABEL_SHARE = 0.2, 0.5, 0.8
# zlib's level: the next one saves a tenth of the bytes for twice the time.
_COMPRESSION = 3

Colour = tuple[int, int, int]

_BACKGROUND: Colour = (19, 23, 34)
_GRID: Colour = (42, 48, 62)
_WATERMARK: Colour = (34, 39, 54)
_BRIGHT: Colour = (226, 231, 240)
_QUIET: Colour = (150, 160, 178)
_UP: Colour = (38, 186, 154)
_DOWN: Colour = (242, 84, 91)
_AMBER: Colour = (250, 190, 70)


def draw_chart(
    bars: Bars,
    entry: Entry,
    heading: Heading,
    *,
    structure: Structure | None = None,
    timezone: tzinfo = UTC,
) -> bytes | None:
    """Return a PNG of 1000 × 640 pixels, or None when there are no candles to show."""
    known = bars.known()
    if len(known) < LEAST_BARS:
        return None
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (WIDTH_PX, HEIGHT_PX), _BACKGROUND)
    found = structure or Structure()
    plot = _Plot(ImageDraw.Draw(image), known, entry)
    if heading.is_simulated:
        plot.watermark("SIMULATED")
    for zone in found.zones:
        plot.zone(zone)
    plot.axes(timezone, entry)
    plot.candles(known)
    for level in found.levels:
        plot.level(level)
    for swing in found.swings:
        plot.swing(swing)
    plot.entry(entry)
    plot.heading(heading, entry)
    return _png(image)


class _Plot:
    """A pen that knows where times and prices lie."""

    def __init__(self, pen: ImageDraw, bars: Bars, entry: Entry) -> None:
        self._pen = pen
        low = min(float(bars.low.min()), entry.price)
        high = max(float(bars.high.max()), entry.price)
        # A price that never moved gets a range in proportion to itself.
        room = (high - low or abs(high)) * _HEADROOM
        self._prices = price_ticks(low - room, high + room, _PRICE_LABELS)
        labels = [figures.price(entry.price), *(tick.label for tick in self._prices)]
        widest_px = max(_font(_LABEL_PX).getlength(label) for label in labels)
        self._x = Scale(
            low=float(bars.open_time_ms[0]),
            high=float(max(bars.open_time_ms[-1], entry.at_ms) + _FREE_BARS * bars.interval_ms),
            low_px=_LEFT_PX,
            high_px=WIDTH_PX - widest_px - 2 * _GAP_PX,
        )
        self._y = Scale(low - room, high + room, low_px=_BOTTOM_PX, high_px=_TOP_PX)

    def axes(self, timezone: tzinfo, entry: Entry) -> None:
        left, right = self._x.low_px, self._x.high_px
        for tick in self._prices:
            y = self._y.px(tick.value)
            self._pen.line((left, y, right, y), fill=_GRID)
            if abs(y - self._y.px(entry.price)) > _TAG_PX:
                self._write((right + _GAP_PX, y), tick.label, _LABEL_PX, _QUIET, "lm")
        for tick in time_ticks(int(self._x.low), int(self._x.high), timezone, _TIME_LABELS):
            x = self._x.px(tick.value)
            half_px = _font(_LABEL_PX).getlength(tick.label) / 2
            if x - half_px >= 0 and x + half_px <= right:
                self._pen.line((x, _TOP_PX, x, _BOTTOM_PX), fill=_GRID)
                self._write((x, HEIGHT_PX - 25), tick.label, _LABEL_PX, _QUIET, "mm")
        self._write((WIDTH_PX - _GAP_PX, HEIGHT_PX - 25), str(timezone), _LABEL_PX, _QUIET, "rm")

    def candles(self, bars: Bars) -> None:
        half_px = max(1, int(self._x.px_of_span(bars.interval_ms) * 0.36))
        middles_ms = bars.open_time_ms + bars.interval_ms // 2
        rows = zip(middles_ms, bars.open, bars.high, bars.low, bars.close, strict=True)
        for middle_ms, opened, high, low, close in rows:
            x = round(self._x.px(middle_ms))
            colour = _UP if close >= opened else _DOWN
            top, bottom = self._y.px(max(opened, close)), self._y.px(min(opened, close))
            self._pen.line((x, self._y.px(high), x, self._y.px(low)), fill=colour, width=2)
            self._pen.rectangle((x - half_px, top, x + half_px, max(bottom, top + 1)), fill=colour)

    def zone(self, zone: Zone) -> None:
        left, right = self._span_px(zone.start_ms, zone.end_ms)
        top, bottom = self._clipped_px(zone.high), self._clipped_px(zone.low)
        if left >= right or top >= bottom:
            return
        colour = _UP if zone.is_bullish else _DOWN
        self._pen.rectangle((left, top, right, bottom), fill=_mixed(colour, _ZONE_SHARE))
        self._pen.line((left, top, right, top), fill=_mixed(colour, _EDGE_SHARE))
        self._pen.line((left, bottom, right, bottom), fill=_mixed(colour, _EDGE_SHARE))
        self._write(
            (right - 6, (top + bottom) / 2),
            zone.label,
            _LABEL_PX,
            _mixed(colour, _LABEL_SHARE),
            "rm",
        )

    def level(self, level: Level) -> None:
        left, right = self._span_px(level.start_ms, level.end_ms)
        y = self._y.px(level.price)
        if left >= right or not _TOP_PX <= y <= _BOTTOM_PX:
            return
        colour = _UP if level.is_bullish else _DOWN
        self._dashes(left, right, y, colour)
        place = ((left + right) / 2, y - 4 if level.is_bullish else y + 4)
        self._write(place, level.label, _LABEL_PX, colour, "ms" if level.is_bullish else "ma")

    def swing(self, swing: Swing) -> None:
        x, y = self._x.px(swing.at_ms), self._y.px(swing.price)
        if self._x.low_px <= x <= self._x.high_px and _TOP_PX <= y <= _BOTTOM_PX:
            y += -10 if swing.is_high else 10
            self._pen.ellipse((x - 4, y - 4, x + 4, y + 4), outline=_BRIGHT, width=2)

    def entry(self, entry: Entry) -> None:
        colour = _UP if entry.is_long else _DOWN
        x, y = self._x.px(entry.at_ms), self._y.px(entry.price)
        right = self._x.high_px
        self._dashes(self._x.low_px, right, y, _BRIGHT)
        self._pen.rectangle((right, y - _TAG_PX / 2, WIDTH_PX - 1, y + _TAG_PX / 2), fill=colour)
        label = figures.price(entry.price)
        self._write((right + _GAP_PX, y), label, _LABEL_PX, _BACKGROUND, "lm")
        self._arrow(x, y + 8 if entry.is_long else y - 8, 15, colour, up=entry.is_long)

    def heading(self, heading: Heading, entry: Entry) -> None:
        colour, word = (_UP, "LONG") if entry.is_long else (_DOWN, "SHORT")
        self._arrow(_LEFT_PX + 20, 18 if entry.is_long else 56, 20, colour, up=entry.is_long)
        self._write((_LEFT_PX + 54, 38), word, _TITLE_PX, colour, "lm")
        left = _LEFT_PX + 54 + _font(_TITLE_PX).getlength(f"{word} ")
        # The font knows no more than ASCII; a coin with another name is named below the picture.
        if heading.coin.isascii():
            self._write((left, 38), heading.coin, _TITLE_PX, _BRIGHT, "lm")
        source = f"{heading.interval} candles, {heading.source}"
        self._write((_LEFT_PX, 88), source, _TEXT_PX, _QUIET, "lm")
        if heading.is_simulated:
            self._write((WIDTH_PX - _GAP_PX, 38), "SIMULATED", _TEXT_PX, _AMBER, "rm")

    def watermark(self, text: str) -> None:
        middle = ((self._x.low_px + self._x.high_px) / 2, (_TOP_PX + _BOTTOM_PX) / 2)
        self._write(middle, text, _WATERMARK_PX, _WATERMARK, "mm")

    def _span_px(self, start_ms: int, end_ms: int | None) -> tuple[float, float]:
        end = self._x.high if end_ms is None else min(float(end_ms), self._x.high)
        return self._x.px(max(float(start_ms), self._x.low)), self._x.px(end)

    def _clipped_px(self, price: float) -> float:
        return min(max(self._y.px(price), _TOP_PX), _BOTTOM_PX)

    def _dashes(self, left: float, right: float, y: float, colour: Colour) -> None:
        for start in range(round(left), round(right), 14):
            self._pen.line((start, y, min(start + 8, right), y), fill=colour, width=2)

    def _arrow(self, x: float, tip_y: float, size: float, colour: Colour, *, up: bool) -> None:
        base_y = tip_y + 2 * size if up else tip_y - 2 * size
        corners = [(x, tip_y), (x - size, base_y), (x + size, base_y)]
        self._pen.polygon(corners, fill=colour, outline=_BACKGROUND, width=2)

    def _write(
        self, place: tuple[float, float], text: str, size: int, colour: Colour, anchor: str
    ) -> None:
        self._pen.text(place, text, font=_font(size), fill=colour, anchor=anchor)


@lru_cache(maxsize=8)
def _font(size: int) -> FreeTypeFont | ImageFont:
    from PIL import ImageFont

    return ImageFont.load_default(size)


def _mixed(colour: Colour, share: float, under: Colour = _BACKGROUND) -> Colour:
    """Return a colour laid thinly over another."""
    red, green, blue = (
        round(share * over + (1.0 - share) * below)
        for over, below in zip(colour, under, strict=True)
    )
    return red, green, blue


@lru_cache(maxsize=1)
def _palette() -> Image:
    """Return every colour a chart is drawn in. Known beforehand, it need not be searched for."""
    from PIL import Image as Images

    sides = (_UP, _DOWN)
    labels = [_mixed(side, _LABEL_SHARE) for side in sides]
    flat = [_GRID, *(_mixed(side, share) for side in sides for share in (_ZONE_SHARE, _EDGE_SHARE))]
    steps = [step / _SHADES for step in range(1, _SHADES + 1)]
    inks = (_WATERMARK, _BRIGHT, _QUIET, _AMBER, *sides, *labels)
    letters = [_mixed(ink, step) for ink in inks for step in steps]
    tags = [_mixed(_BACKGROUND, step, side) for side in sides for step in steps]
    palette = Images.new("P", (1, 1))
    palette.putpalette([part for each in (_BACKGROUND, *flat, *letters, *tags) for part in each])
    return palette


def _png(image: Image) -> bytes:
    from PIL import Image as Images

    file = io.BytesIO()
    # One byte a pixel halves file and time; dithering would only speckle flat colours.
    flat = image.quantize(palette=_palette(), dither=Images.Dither.NONE)
    flat.save(file, "PNG", compress_level=_COMPRESSION)
    return file.getvalue()
