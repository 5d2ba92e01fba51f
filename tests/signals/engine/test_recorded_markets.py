"""Real markets: known days score as they did, and live and backtest are one to the last bit."""

from __future__ import annotations

import hashlib
from datetime import datetime

import numpy as np
import pytest

from market.recordings import load_history
from market.snapshot import MarketHistory, MarketSnapshot, Reading, ReadingName
from market.types import DAY_MS, HOUR_MS, Interval, Symbol
from market.windows import window_history
from signals.engine import BALANCED, Direction, Factor, evaluate, extract_features, score
from signals.engine.features import features_from_snapshots
from signals.engine.types import FEATURE_NAMES, Features
from tests.recordings import recording

pytestmark = pytest.mark.recordings

YEAR_END_MS = 1_767_225_600_000  # 2026-01-01T00:00:00Z


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def recorded(base: str, at_ms: int, days: int = 30) -> MarketHistory:
    folder = recording("data")
    return load_history(folder, Symbol(base), from_ms=at_ms - days * DAY_MS, to_ms=at_ms)


def snapshot_of(history: MarketHistory, base: str, at_ms: int) -> MarketSnapshot:
    """Return what a live collection would have held: the windows, and the last close as price."""
    windows = window_history(history, at_ms)
    finest = next(i for i in Interval if i in windows.candles and i is not Interval.M5)
    price = float(windows.candles[finest].close[-1])
    return MarketSnapshot(
        symbol=Symbol(base),
        at_ms=at_ms,
        environment="test",
        history=windows,
        readings={ReadingName.PRICE: Reading(price, "USD", "recording", at_ms, at_ms)},
    )


def bits(features: Features) -> np.ndarray:
    return np.stack([getattr(features, name).view(np.int64) for name in FEATURE_NAMES])


# (coin, instant, factor scores, score, direction, coverage, start of the features' SHA-256)
GOLDEN = [
    # The flush of 2025-10-10 22:00 UTC, two hours later.
    ("BTC", "2025-10-11T00:05Z", [65.32, 46.88, 54.02, None, None, 73.2, None, 43.1],
     55.16, Direction.LONG, 65, "4e608d4e87317419"),
    # The yen carry unwind.
    ("BTC", "2024-08-05T12:00Z", [57.54, 50.0, 42.02, 34.78, 42.53, 54.42, None, 42.8],
     47.36, Direction.NEUTRAL, 90, "785a9a58fd608420"),
    ("BTC", "2025-06-01T12:00Z", [50.0, 50.0, 51.87, 21.26, 31.03, 50.0, None, 51.8],
     44.16, Direction.SHORT, 90, "a270fdc9afc2e647"),
    ("ETH", "2025-08-25T00:00Z", [50.51, 50.0, 67.19, 54.37, 60.46, 50.4, None, 49.1],
     54.38, Direction.NEUTRAL, 90, "82998db85c62e0c9"),
    ("SOL", "2025-08-01T08:30Z", [54.73, 52.48, 47.8, 31.15, 36.31, 53.68, None, 54.5],
     47.39, Direction.NEUTRAL, 90, "7e80c8fa3c53b716"),
    # The first days of recorded open interest: too little is known for any direction.
    ("BTC", "2020-03-01T00:00Z", [None, None, None, None, None, 50.0, None, 46.7],
     49.83, Direction.NEUTRAL, 15, "5cf4140e55a4f1c9"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("base", "instant", "factor_scores", "total", "direction", "coverage", "digest"), GOLDEN
)
def test_a_recorded_instant_scores_as_it_always_did(
    base: str,
    instant: str,
    factor_scores: list[float | None],
    total: float,
    direction: Direction,
    coverage: int,
    digest: str,
):
    snapshot = snapshot_of(recorded(base, ms(instant)), base, ms(instant))

    result = evaluate([snapshot], BALANCED)[0]
    features = features_from_snapshots([snapshot])

    assert [told.score for told in result.factors.values()] == factor_scores
    assert (result.score, result.direction, result.coverage_pct) == (total, direction, coverage)
    columns = b"".join(getattr(features, name).tobytes() for name in FEATURE_NAMES)
    assert hashlib.sha256(columns).hexdigest().startswith(digest)


def test_the_flush_of_october_2025_stands_in_the_liquidation_factor():
    at_ms = ms("2025-10-11T00:05Z")

    result = evaluate([snapshot_of(recorded("BTC", at_ms), "BTC", at_ms)], BALANCED)[0]

    flush = result.factors[Factor.LIQUIDATIONS]
    assert result.coverage_pct >= 60.0
    assert flush.contribution is not None
    assert flush.contribution > 2.0
    assert flush.reason.startswith("longs flushed: 286.4 M USD of longs against 117.3 M USD")
    assert result.reasons[0] == flush.reason
    assert result.missing == (
        Factor.LONG_SHORT_RATIO, Factor.SMART_MONEY, Factor.SOCIAL_SENTIMENT,
    )  # fmt: skip


def test_a_year_of_hours_scores_alike_as_one_history_and_as_snapshots():
    history = recorded("BTC", YEAR_END_MS, days=365)
    hours = np.arange(YEAR_END_MS - 365 * DAY_MS, YEAR_END_MS, HOUR_MS, dtype=np.int64)

    year = extract_features([history], [hours])
    year_scores = score(year, BALANCED)
    snapshots = [snapshot_of(history, "BTC", int(at_ms)) for at_ms in hours]
    live = features_from_snapshots(snapshots)
    live_scores = score(live, BALANCED)

    assert len(hours) == 8_760
    assert np.array_equal(bits(live), bits(year))
    assert np.array_equal(live_scores.contributions, year_scores.contributions)
    assert np.array_equal(live_scores.direction, year_scores.direction)
    # Hours 331 apart meet every hour of the day and every offset to the 4 h and 8 h grids.
    for row in range(0, len(hours), 331):
        alone = features_from_snapshots([snapshots[row]])
        assert np.array_equal(bits(alone)[:, 0], bits(year)[:, row])
        result = evaluate([snapshots[row]], BALANCED)[0]
        assert result.score == year_scores.score_hundredths[row] / 100


def test_a_recorded_year_uses_both_sides_and_mostly_waits():
    history = recorded("BTC", YEAR_END_MS - 120 * DAY_MS, days=365)
    end_ms = YEAR_END_MS - 120 * DAY_MS
    hours = np.arange(end_ms - 365 * DAY_MS, end_ms, HOUR_MS, dtype=np.int64)

    scores = score(extract_features([history], [hours]), BALANCED)

    shares = {side: float((scores.direction == side).mean()) for side in (-1, 0, 1)}
    assert 0.01 < shares[-1] < 0.25
    assert 0.01 < shares[1] < 0.25
    assert shares[0] > 0.5
