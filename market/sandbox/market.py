"""The simulated price paths: every coin at five-minute rows, from any day, in any order.

A coin's log price is its level, plus its share of a common market path, plus a path of its own.
Each path is a bounded fractal over days, bridged inside the day by noise, with now and then a
flush. A row is a pure function of (seed, coin, day): the past never changes, nothing is kept but
recent days. Bars of all lengths are cut from these rows (``bars``); inside a row the price walks
a fixed polygon through its high and low, so a forming bar grows into exactly the closed one.
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from market.sandbox.bars import (
    CLOSE,
    COLUMNS,
    HIGH,
    LOW,
    OPEN,
    QUOTE,
    TAKER_BASE,
    TAKER_QUOTE,
    TRADES,
    VOLUME,
)
from market.sandbox.noise import fractal, key_of, normals, smooth, uniforms
from market.sandbox.recent import Recent
from market.sandbox.universe import Coin
from market.types import DAY_MS, MINUTE_MS, FloatArray, Int64Array

ROW_MS = 5 * MINUTE_MS
ROWS_PER_DAY = DAY_MS // ROW_MS

OCTAVES = 9  # the slowest wander takes 256 days
# One day's change of ``fractal`` has about this deviation.
_FRACTAL_STEP = 1.7
MARKET_DAILY_VOL = 0.020  # of the common path, log units
_FLUSH_CHANCE = 0.2  # per day
_FLUSH_DOWN_SHARE = 0.7
_FLUSH_ROWS = 6  # half an hour from quiet to extreme
_USD_PER_TRADE = 3_000.0
_QUOTE_DECIMALS = 4

_KEPT_DAYS = 1_400  # coin-days of 21 kB each
_KEPT_LEVELS = 1_000  # blocks of 512 days, 4 kB each
_LEVEL_DAYS = 512
_KEPT_MARKET_BLOCKS = 40
_MARKET_BLOCK_DAYS = 32
_KEPT_FLUSHES = 500

_IN_DAY = np.arange(ROWS_PER_DAY)
# Busiest at 15:00 UTC, quietest twelve hours later.
_SEASON = 1.0 + 0.35 * np.cos(2.0 * np.pi * (_IN_DAY - 180) / ROWS_PER_DAY)
_FRACTION = np.arange(ROWS_PER_DAY + 1) / ROWS_PER_DAY


class PricePaths:
    """Five-minute rows of every coin, in units of its main contract."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._days: Recent[FloatArray] = Recent(_KEPT_DAYS)
        self._levels: Recent[FloatArray] = Recent(_KEPT_LEVELS)
        self._market_blocks: Recent[FloatArray] = Recent(_KEPT_MARKET_BLOCKS)
        self._flushes: Recent[tuple[int, float]] = Recent(_KEPT_FLUSHES)

    def beta(self, coin: Coin) -> float:
        return 1.0 if coin.base == "BTC" else 0.8 + self._trait(coin, "beta") * 0.6

    def own_daily_vol(self, coin: Coin) -> float:
        return 0.008 if coin.base == "BTC" else 0.015 + self._trait(coin, "vol") * 0.025

    def row_vol(self, coin: Coin) -> float:
        """Return the deviation of a usual row's log change."""
        own = self.own_daily_vol(coin)
        return math.hypot(self.beta(coin) * MARKET_DAILY_VOL, own) / math.sqrt(ROWS_PER_DAY)

    def daily_log(self, coin: Coin, days: Int64Array) -> FloatArray:
        """Return the log price in USD at the start of days, without touching their rows."""
        own = self._level(coin.base, days) * self.own_daily_vol(coin)
        return math.log(coin.price_usd) + self.beta(coin) * self.market_daily_log(days) + own

    def market_daily_log(self, days: Int64Array) -> FloatArray:
        return self._level("", days) * MARKET_DAILY_VOL

    def log_path(self, coin: Coin, first_day: int, days: int) -> FloatArray:
        """Return log prices in USD on the five-minute grid, shape (days, 289)."""
        vol = self.own_daily_vol(coin)
        start_end = self._level(coin.base, np.arange(first_day, first_day + days + 1)) * vol
        own = _bridge(key_of(self.seed, coin.base, "rows"), first_day, start_end, vol)
        market = self._market_path(first_day, days)
        path: FloatArray = math.log(coin.price_usd) + self.beta(coin) * market + own
        return path

    def flush_of(self, day: int) -> tuple[int, float]:
        """Return when in the day the whole market lurches (row) and how far; (0, 0.0) if not."""

        def make() -> tuple[int, float]:
            key = key_of(self.seed, "market", "flush")
            chance, row, size, direction = uniforms(key, np.arange(4) + 4 * day).tolist()
            if chance > _FLUSH_CHANCE:
                return 0, 0.0
            sign = -1.0 if direction < _FLUSH_DOWN_SHARE else 1.0
            return 20 + int(row * 200), sign * (0.02 + 0.05 * size * size)

        return self._flushes.get_or_make(day, make)

    def rows(self, coin: Coin, first: int, stop: int) -> FloatArray:
        """Return rows [first, stop), counted in five minutes since the epoch."""
        first_day, last_day = first // ROWS_PER_DAY, max(first, stop - 1) // ROWS_PER_DAY
        if last_day - first_day > 7:  # a long look back would only push the recent days out
            table = self._generate(coin, first_day, last_day - first_day + 1)
        else:
            days = [self._day(coin, day, last_day) for day in range(first_day, last_day + 1)]
            table = days[0] if len(days) == 1 else np.concatenate(days)
        start = first - first_day * ROWS_PER_DAY
        return table[start : start + stop - first]

    def segment(self, coin: Coin, row: int, from_share: float, to_share: float) -> FloatArray:
        """Return the bar of a part of one row, from one share of its five minutes to another."""
        whole = self.rows(coin, row, row + 1)[0]
        corners = self._corners(coin, row, whole)
        begin, end = _walk(corners, from_share), _walk(corners, to_share)
        touched = [price for share, price in corners if from_share < share < to_share]
        bar = np.array(whole)
        decimals = coin.price_decimals
        prices = [round(begin, decimals), round(end, decimals), *touched]
        bar[[OPEN, HIGH, LOW, CLOSE]] = prices[0], max(prices), min(prices), prices[1]
        # Volume flows evenly, in whole steps, so that the parts add up to the whole.
        for column, places in (
            (VOLUME, coin.quantity_decimals),
            (TAKER_BASE, coin.quantity_decimals),
            (QUOTE, _QUOTE_DECIMALS),
            (TAKER_QUOTE, _QUOTE_DECIMALS),
            (TRADES, 0),
        ):
            scale = 10.0**places
            so_far = (
                math.floor(whole[column] * share * scale + 1e-6) for share in (from_share, to_share)
            )
            bar[column] = -(next(so_far) - next(so_far)) / scale
        return bar

    def price(self, coin: Coin, at_ms: int) -> float:
        """Return the last price at an instant, in units of the main contract."""
        row, rest = divmod(at_ms, ROW_MS)
        whole = self.rows(coin, row, row + 1)[0]
        return round(_walk(self._corners(coin, row, whole), rest / ROW_MS), coin.price_decimals)

    def _corners(self, coin: Coin, row: int, whole: FloatArray) -> list[tuple[float, float]]:
        early, late = uniforms(
            key_of(self.seed, coin.base, "corners"), np.arange(2) + 2 * row
        ).tolist()
        first = 0.1 + 0.35 * early
        second = first + 0.1 + 0.35 * late
        opened, high, low, close = whole[:4].tolist()
        extremes = (low, high) if close >= opened else (high, low)
        return [(0.0, opened), (first, extremes[0]), (second, extremes[1]), (1.0, close)]

    def _trait(self, coin: Coin, name: str) -> float:
        return key_of(self.seed, coin.base, name) % 1000 / 1000.0

    def _level(self, base: str, days: Int64Array) -> FloatArray:
        """Return the fractal over days that a coin ("": the market) follows; a day's step is 1."""

        def make(block: int) -> FloatArray:
            within = np.arange(block * _LEVEL_DAYS, (block + 1) * _LEVEL_DAYS)
            return fractal(key_of(self.seed, base, "days"), within, OCTAVES) / _FRACTAL_STEP

        block = days // _LEVEL_DAYS
        first, last = int(block.min()), int(block.max())
        blocks = [
            self._levels.get_or_make((base, number), lambda number=number: make(number))  # type: ignore[misc]
            for number in range(first, last + 1)
        ]
        levels = blocks[0] if first == last else np.concatenate(blocks)
        return levels[days - first * _LEVEL_DAYS]

    def _market_path(self, first_day: int, days: int) -> FloatArray:
        """Return the common log path, shape (days, 289)."""
        first = first_day // _MARKET_BLOCK_DAYS
        last = (first_day + days - 1) // _MARKET_BLOCK_DAYS
        blocks = [self._market_block(number) for number in range(first, last + 1)]
        path = blocks[0] if first == last else np.concatenate(blocks)
        start = first_day - first * _MARKET_BLOCK_DAYS
        return path[start : start + days]

    def _market_block(self, number: int) -> FloatArray:
        def make() -> FloatArray:
            first_day = number * _MARKET_BLOCK_DAYS
            days = np.arange(first_day, first_day + _MARKET_BLOCK_DAYS + 1)
            key = key_of(self.seed, "market", "rows")
            path = _bridge(key, first_day, self.market_daily_log(days), MARKET_DAILY_VOL)
            for position, day in enumerate(days[:-1].tolist()):
                row, size = self.flush_of(day)
                if size:
                    path[position] += size * _flush_shape(row)
            return path

        return self._market_blocks.get_or_make(number, make)

    def _day(self, coin: Coin, day: int, wanted_to: int) -> FloatArray:
        """Return a day's rows; makes those up to ``wanted_to`` in one go, which costs less."""
        table = self._days.get((coin.base, day))
        if table is None:
            made = self._generate(coin, day, wanted_to - day + 1)
            for position, rows in enumerate(np.split(made, wanted_to - day + 1)):
                self._days.put((coin.base, day + position), rows.copy())
            table = made[:ROWS_PER_DAY]
        return table

    def _generate(self, coin: Coin, first_day: int, days: int) -> FloatArray:
        seed, base = self.seed, coin.base
        index = np.arange(first_day * ROWS_PER_DAY, (first_day + days) * ROWS_PER_DAY)
        path = self.log_path(coin, first_day, days)
        begin, end = path[:, :-1].ravel(), path[:, 1:].ravel()
        mood = np.exp(0.3 * smooth(key_of(seed, base, "mood"), np.arange(days) + first_day, 5.0))
        step = np.repeat(mood, ROWS_PER_DAY) * self.row_vol(coin)
        change = end - begin
        reach_up = np.sqrt(
            change * change - step * step * np.log(uniforms(key_of(seed, base, "high"), index))
        )
        reach_down = np.sqrt(
            change * change - step * step * np.log(uniforms(key_of(seed, base, "low"), index))
        )
        middle = 0.5 * (begin + end)

        table = np.empty((len(index), COLUMNS))
        places, tick = coin.price_decimals, 10.0**-coin.price_decimals
        for column, log_price in (
            (OPEN, begin),
            (HIGH, middle + 0.5 * reach_up),
            (LOW, middle - 0.5 * reach_down),
            (CLOSE, end),
        ):
            table[:, column] = np.maximum(np.round(np.exp(log_price) * coin.unit, places), tick)
        table[:, HIGH] = table[:, [OPEN, HIGH, CLOSE]].max(axis=1)
        table[:, LOW] = table[:, [OPEN, LOW, CLOSE]].min(axis=1)

        moved = np.abs(change) / step
        activity = np.exp(0.35 * normals(key_of(seed, base, "volume"), index)) * (
            0.55 + 0.6 * moved
        )
        usd = coin.turnover_usd / ROWS_PER_DAY * np.tile(_SEASON, days) * activity
        usd *= np.repeat(mood * mood, ROWS_PER_DAY)
        typical = table[:, :4].mean(axis=1)
        # Five steps at least and always a multiple of five: each minute has whole steps.
        steps_per_unit = 10.0**coin.quantity_decimals
        steps = np.maximum(np.round(usd / typical * steps_per_unit / 5.0), 1.0)
        lean = 0.13 * np.tanh(change / step) + 0.03 * normals(key_of(seed, base, "taker"), index)
        bought = np.round(steps * np.clip(0.5 + lean, 0.2, 0.8))
        table[:, VOLUME] = 5.0 * steps / steps_per_unit
        table[:, TAKER_BASE] = 5.0 * bought / steps_per_unit
        table[:, QUOTE] = np.round(table[:, VOLUME] * typical, _QUOTE_DECIMALS)
        table[:, TAKER_QUOTE] = np.round(table[:, TAKER_BASE] * typical, _QUOTE_DECIMALS)
        table[:, TRADES] = np.maximum(np.round(table[:, QUOTE] / _USD_PER_TRADE), 1.0)
        return table


def _bridge(key: int, first_day: int, start_end: FloatArray, daily_vol: float) -> FloatArray:
    """Join the days' given starts and ends by noise, shape (days, 289); the ends stay exact."""
    days = len(start_end) - 1
    index = np.arange(first_day * ROWS_PER_DAY, (first_day + days) * ROWS_PER_DAY)
    steps = normals(key, index).reshape(days, ROWS_PER_DAY) * _SEASON
    walk = np.zeros((days, ROWS_PER_DAY + 1))
    np.cumsum(steps, axis=1, out=walk[:, 1:])
    walk -= _FRACTION * walk[:, -1:]
    start, end = start_end[:-1, None], start_end[1:, None]
    path = start + _FRACTION * (end - start) + walk * (daily_vol / math.sqrt(ROWS_PER_DAY))
    path[:, 0], path[:, -1] = start_end[:-1], start_end[1:]
    return path


def _flush_shape(row: int) -> FloatArray:
    """Return a lurch of size 1 that begins at a row and is gone at the end of the day."""
    after = np.arange(ROWS_PER_DAY + 1) - row
    rise = np.clip(after / _FLUSH_ROWS, 0.0, 1.0)
    fade = np.exp(-np.maximum(after - _FLUSH_ROWS, 0) / 60.0)
    shape: FloatArray = rise * fade * np.minimum(1.0, np.arange(ROWS_PER_DAY, -1, -1) / 24.0)
    return shape


def _walk(corners: list[tuple[float, float]], share: float) -> float:
    """Return the price at a share of a row, on the straight lines between its corners."""
    for (left, before), (right, after) in pairwise(corners):
        if share <= right:
            return before + (after - before) * (share - left) / (right - left)
    return corners[-1][1]
