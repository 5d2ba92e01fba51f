"""The picture of an alert: read back from its pixels."""

from __future__ import annotations

import io
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from notifications.chart import HEIGHT_PX, WIDTH_PX, draw_chart
from notifications.chart_shapes import Bars, Entry, Heading, Level, Structure, Swing, Zone

HOUR_MS = 3_600_000
START_MS = 1_760_140_800_000
HEADING = Heading("BTC", "1h", "binance")
MAX_BYTES = 60_000
GREEN, RED, AMBER = (38, 186, 154), (242, 84, 91), (250, 190, 70)


def make_bars(count: int = 72, *, last: float = 105_000.0, seed: int = 1) -> Bars:
    steps = 1.0 + np.random.default_rng(seed).normal(0.0, 0.006, count)
    close = np.cumprod(steps)
    close *= last / close[-1]
    opened = np.concatenate((close[:1], close[:-1]))
    return Bars(
        HOUR_MS,
        START_MS + HOUR_MS * np.arange(count, dtype=np.int64),
        opened,
        np.maximum(opened, close) * 1.002,
        np.minimum(opened, close) * 0.998,
        close,
    )


def make_entry(bars: Bars, *, is_long: bool = True) -> Entry:
    return Entry(int(bars.open_time_ms[-1]) + HOUR_MS + 1, float(bars.close[-1]), is_long)


def drawn(
    bars: Bars, entry: Entry | None = None, heading: Heading = HEADING, **more: object
) -> bytes:
    png = draw_chart(bars, entry or make_entry(bars), heading, **more)  # type: ignore[arg-type]
    assert png is not None
    return png


def pixels_near(
    png: bytes, colour: tuple[int, int, int], box: tuple[int, int, int, int] | None = None
) -> int:
    """Count pixels of about a colour (the palette may move one by a few shades)."""
    image = Image.open(io.BytesIO(png)).convert("RGB").crop(box)
    distance = np.abs(np.asarray(image, dtype=np.int16) - np.array(colour, dtype=np.int16))
    return int(np.count_nonzero(distance.max(axis=2) <= 12))


def test_a_chart_is_a_small_png_of_a_phones_width() -> None:
    png = drawn(make_bars())

    image = Image.open(io.BytesIO(png))
    assert (image.format, image.size) == ("PNG", (WIDTH_PX, HEIGHT_PX))
    assert len(png) <= MAX_BYTES


def test_the_same_arrays_give_the_same_bytes() -> None:
    assert drawn(make_bars()) == drawn(make_bars())


def test_rising_bars_are_green_and_falling_ones_red() -> None:
    bars = make_bars()
    rising = replace(bars, close=bars.high, open=bars.low)
    falling = replace(bars, close=bars.low, open=bars.high)
    candles = (0, 112, 780, 590)

    assert pixels_near(drawn(rising), GREEN, candles) > 5_000
    assert pixels_near(drawn(rising), RED, candles) == 0
    assert pixels_near(drawn(falling), RED, candles) > 5_000


@pytest.mark.parametrize(("is_long", "colour", "other"), [(True, GREEN, RED), (False, RED, GREEN)])
def test_the_heading_and_the_entry_have_the_colour_of_the_direction(
    is_long: bool, colour: tuple[int, int, int], other: tuple[int, int, int]
) -> None:
    bars = make_bars()
    png = drawn(bars, make_entry(bars, is_long=is_long))

    heading, axis = (0, 0, WIDTH_PX, 70), (900, 112, WIDTH_PX, 590)
    for box in (heading, axis):
        assert pixels_near(png, colour, box) > 500
        assert pixels_near(png, other, box) == 0


def test_the_entry_lies_at_its_height_between_the_candles() -> None:
    bars = make_bars()
    higher, lower = float(bars.high.max()), float(bars.low.min())

    tops = []
    for price in (higher, lower):
        png = drawn(bars, replace(make_entry(bars), price=price))
        column = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))[112:590, WIDTH_PX - 2]
        near = np.abs(column.astype(np.int16) - np.array(GREEN)).max(axis=1) <= 12
        tops.append(int(np.flatnonzero(near).mean()))

    assert tops[0] < 60
    assert tops[1] > 400


def test_a_simulated_market_is_marked() -> None:
    corner = (780, 10, WIDTH_PX, 70)

    assert pixels_near(drawn(make_bars()), AMBER, corner) == 0
    simulated = drawn(make_bars(), heading=replace(HEADING, is_simulated=True))
    assert pixels_near(simulated, AMBER, corner) > 100


def test_each_shape_of_structure_is_seen() -> None:
    bars = make_bars()
    middle = float(bars.close.mean())
    start_ms = int(bars.open_time_ms[10])
    plain = drawn(bars)
    shapes = (
        Structure(zones=(Zone(start_ms, None, middle, middle * 1.01, True, "FVG"),)),
        Structure(levels=(Level(start_ms, start_ms + 20 * HOUR_MS, middle, False, "BOS"),)),
        Structure(swings=(Swing(start_ms, middle, True),)),
    )

    pictures = [drawn(bars, structure=structure) for structure in shapes]

    assert len({plain, *pictures}) == 4


def test_structure_outside_the_window_leaves_no_trace() -> None:
    bars = make_bars()
    before_ms, far = START_MS - 50 * HOUR_MS, float(bars.high.max()) * 2.0
    outside = Structure(
        zones=(
            Zone(before_ms, before_ms + HOUR_MS, far, far * 1.01, True),
            Zone(START_MS, None, far, far * 1.01, True),
        ),
        levels=(
            Level(START_MS, None, far, True, "BOS"),
            Level(before_ms, before_ms + 1, far, True),
        ),
        swings=(Swing(before_ms, far, True),),
    )

    assert drawn(bars, structure=outside) == drawn(bars)


@pytest.mark.parametrize("count", [0, 1])
def test_without_candles_there_is_no_picture(count: int) -> None:
    bars = make_bars(3)
    few = Bars(
        HOUR_MS,
        *(getattr(bars, name)[:count] for name in ("open_time_ms", "open", "high", "low", "close")),
    )

    assert draw_chart(few, make_entry(bars), HEADING) is None


def test_a_bar_with_an_unknown_price_is_not_drawn() -> None:
    bars = make_bars()
    holes = bars.close.copy()
    holes[5:8] = np.nan

    png = drawn(replace(bars, close=holes))

    assert png != drawn(bars)
    assert draw_chart(replace(bars, close=np.full(72, np.nan)), make_entry(bars), HEADING) is None


def test_a_coin_whose_name_the_font_lacks_is_not_drawn_as_boxes() -> None:
    nameless = drawn(make_bars(), heading=replace(HEADING, coin=""))

    assert drawn(make_bars(), heading=replace(HEADING, coin="币安人生")) == nameless


@settings(max_examples=15, deadline=None)
@given(
    last=st.floats(min_value=1e-10, max_value=1e7),
    count=st.integers(min_value=2, max_value=121),
    entry_share=st.floats(min_value=0.2, max_value=5.0),
    flat=st.booleans(),
)
def test_any_price_of_any_size_can_be_drawn(
    last: float, count: int, entry_share: float, flat: bool
) -> None:
    bars = make_bars(count, last=last)
    if flat:
        same = np.full(count, last)
        bars = replace(bars, open=same, high=same, low=same, close=same)

    png = drawn(bars, replace(make_entry(bars), price=last if flat else last * entry_share))

    assert len(png) <= MAX_BYTES


def test_a_process_that_draws_nothing_does_not_carry_pillow() -> None:
    script = (
        "import django, sys; django.setup();"
        " import notifications.chart, signals.services, config.urls;"
        " sys.exit('PIL' in sys.modules)"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], cwd=Path(__file__).parents[2], check=False
    )

    assert done.returncode == 0
