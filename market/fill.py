"""The first fill: whole windows of many coins, inside the budgets, as long as that takes.

After it a scan costs a few calls per coin and bar. Every coin is kept as soon as it is read, so a
fill that is stopped goes on where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from market.services import gather
from market.snapshot import MarketSnapshot, ReadingName
from market.types import Instrument
from market.universe import MarketUnavailable, instrument_registry

# Coins of one wave: enough to keep 20 connections busy, few enough for steady progress.
COINS_PER_WAVE = 5
# A wave may wait out a whole budget window: Binance's statistics are metered per 5 minutes.
WAVE_DEADLINE_S = 420.0
# All 24 h that OKX keeps; a busy day of BTC has 29 pages.
LIQUIDATION_PAGES = 40

# What a filled coin has. Votes are not among them: a few a minute is all that CoinGecko answers.
_EXPECTED = (
    ReadingName.CANDLES,
    ReadingName.FUNDING,
    ReadingName.OPEN_INTEREST,
    ReadingName.LONG_ACCOUNTS,
    ReadingName.TOP_TRADERS,
)


@dataclass(frozen=True, slots=True)
class Filled:
    """One coin after its turn. ``missing`` says in sentences what could not be had."""

    base: str
    missing: tuple[str, ...]


def largest(count: int) -> list[Instrument]:
    """Return the coins with the largest market cap, the unranked ones last."""
    ranked = sorted(
        instrument_registry(),
        key=lambda coin: (
            coin.market_cap_rank is None,
            coin.market_cap_rank or 0,
            coin.symbol.base,
        ),
    )
    return ranked[:count]


def fill(
    instruments: Sequence[Instrument],
    progress: Callable[[Filled], None],
    *,
    wave_deadline_s: float = WAVE_DEADLINE_S,
) -> list[Filled]:
    """Fill coins in the order given, telling each as it is done."""
    filled: list[Filled] = []
    for start in range(0, len(instruments), COINS_PER_WAVE):
        wave = instruments[start : start + COINS_PER_WAVE]
        for result in _fill_wave(wave, wave_deadline_s):
            filled.append(result)
            progress(result)
    return filled


def _fill_wave(wave: Sequence[Instrument], deadline_s: float) -> list[Filled]:
    try:
        _, snapshots = gather(
            wave,
            deadline_s=deadline_s,
            # Waiting for a budget is what a fill is for; the other venue is no way around it.
            hedge_after_s=deadline_s,
            liquidation_pages=LIQUIDATION_PAGES,
        )
    except MarketUnavailable as unavailable:
        return [Filled(coin.symbol.base, (unavailable.detail,)) for coin in wave]
    return [
        Filled(snapshot.symbol.base, _missing(coin, snapshot))
        for coin, snapshot in zip(wave, snapshots, strict=True)
    ]


def _missing(coin: Instrument, snapshot: MarketSnapshot) -> tuple[str, ...]:
    expected = list(_EXPECTED)
    if coin.okx is not None:
        expected.append(ReadingName.LIQUIDATIONS)
    return tuple(
        f"{reading.value}: {_why(reading, snapshot)}"
        for reading in expected
        if reading not in snapshot.readings
    )


def _why(reading: ReadingName, snapshot: MarketSnapshot) -> str:
    details = [
        f"{problem.source}: {problem.detail}"
        for problem in snapshot.problems
        if problem.reading == reading.value
    ]
    return "; ".join(details) or "no source has it"
