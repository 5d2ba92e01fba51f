"""Features once more, one row at a time in plain Python floats: the tests' second opinion.

Written from the definitions, not from the engine: lists, loops and dictionaries.
"""

from __future__ import annotations

import math

from market.snapshot import MarketHistory, ReadingName
from market.types import DAY_MS, HOUR_MS, Candles, Interval, Series

NAN = math.nan
FRAMES = (Interval.M15, Interval.H1, Interval.H4, Interval.D1)


def naive_features(history: MarketHistory, at_ms: int) -> dict[str, float]:
    """Return every feature of one history at one instant."""
    told: dict[str, float] = {"price_usd": NAN, "newest_bar_age_bars": NAN}
    for span_h in (4, 24):
        told[f"price_change_{span_h}h_pct"] = NAN
    for interval in FRAMES:
        bars = closed_bars(history.candles.get(interval), at_ms)
        told.update(frame(bars, interval, at_ms))
        if bars and math.isnan(told["newest_bar_age_bars"]):
            told["price_usd"] = bars[-1]["close"]
            told["newest_bar_age_bars"] = (at_ms - bars[-1]["end"]) / interval.ms
        for span_h in (4, 24):
            name = f"price_change_{span_h}h_pct"
            if math.isnan(told[name]):
                told[name] = price_change_pct(bars, interval, at_ms, span_h)
    told.update(series_features(history, at_ms))
    told.update(liquidation_features(history, at_ms))
    venue = present(history.series.get(ReadingName.LIQUIDATION_VENUE_OI), at_ms)
    told["liquidation_open_interest_usd"] = (
        told["open_interest_usd"] if math.isnan(venue) else venue
    )
    return told


def closed_bars(candles: Candles | None, at_ms: int) -> list[dict[str, float]]:
    if candles is None:
        return []
    bars = [
        {"open_time": int(t), "end": int(t) + candles.interval.ms, "high": h, "low": lo, "close": c}
        for t, h, lo, c in zip(
            candles.open_time_ms.tolist(),
            candles.high.tolist(),
            candles.low.tolist(),
            candles.close.tolist(),
            strict=True,
        )
    ]
    return [bar for bar in bars if bar["end"] <= at_ms]


def usable(bars: list[dict[str, float]], interval: Interval, at_ms: int) -> bool:
    span = (bars[-1]["open_time"] - bars[0]["open_time"]) // interval.ms + 1
    fresh = at_ms - bars[-1]["end"] <= 2 * interval.ms
    return fresh and (span - len(bars)) / span <= 0.1


def smoothed(newest_first: list[float], alpha: float) -> float:
    weights = [alpha * (1.0 - alpha) ** age for age in range(len(newest_first))]
    return sum(w * v for w, v in zip(weights, newest_first, strict=True)) / sum(weights)


def frame(all_bars: list[dict[str, float]], interval: Interval, at_ms: int) -> dict[str, float]:
    names = ("ema_spread_atr", "return_30_atr", "last_bar_atr", "rsi_14")
    unknown = {f"{name}_{interval.value}": NAN for name in names}
    bars = all_bars[-121:]
    if len(bars) < 121 or not usable(bars, interval, at_ms):
        return unknown
    close = [bar["close"] for bar in reversed(bars)]
    ranges, gains, losses = [], [], []
    for newer, older in zip(reversed(bars[1:]), reversed(bars[:-1]), strict=True):
        ranges.append(max(newer["high"], older["close"]) - min(newer["low"], older["close"]))
        gains.append(max(newer["close"] - older["close"], 0.0))
        losses.append(max(older["close"] - newer["close"], 0.0))
    atr = smoothed(ranges, 1 / 14)
    gain, loss = smoothed(gains, 1 / 14), smoothed(losses, 1 / 14)
    spread = smoothed(close[:120], 2 / 21) - smoothed(close[:120], 2 / 51)
    values = (
        spread / atr,
        (close[0] - close[30]) / (atr * math.sqrt(30)),
        (close[0] - close[1]) / atr,
        100.0 * gain / (gain + loss),
    )
    return dict(zip(unknown, values, strict=True))


def price_change_pct(
    all_bars: list[dict[str, float]], interval: Interval, at_ms: int, span_h: int
) -> float:
    back = span_h * HOUR_MS // interval.ms
    bars = all_bars[-(back + 1) :]
    if back == 0 or len(bars) <= back or not usable(bars, interval, at_ms):
        return NAN
    return 100.0 * (bars[-1]["close"] / bars[0]["close"] - 1.0)


def last_known(series: Series | None, at_ms: int, oldest_ms: int) -> tuple[float, int | None]:
    if series is None:
        return NAN, None
    known = [i for i, ts in enumerate(series.ts_ms.tolist()) if ts <= at_ms]
    if not known:
        return NAN, None
    newest = known[-1]
    young = at_ms - int(series.ts_ms[newest]) <= oldest_ms
    return (float(series.values[newest]) if young else NAN), newest


def present(series: Series | None, at_ms: int) -> float:
    return last_known(series, at_ms, 0 if series is None else series.max_age_ms)[0]


def grid_ms(*parts: Series | None) -> int:
    steps = [4 * HOUR_MS]
    for part in parts:
        if part is not None:
            steps += [s for s in (8 * HOUR_MS, DAY_MS) if part.max_age_ms >= s]
    return max(steps)


def sample(series: Series | None, at_ms: int) -> float:
    if series is None:
        return NAN
    return last_known(series, at_ms, max(grid_ms(series), series.max_age_ms))[0]


def z_score(value: float, points: list[float], step_ms: int, floor: float) -> float:
    known = [point for point in points if not math.isnan(point)]
    if math.isnan(value) or len(known) * step_ms < 10 * DAY_MS:
        return NAN
    mean = sum(known) / len(known)
    deviation = math.sqrt(sum((point - mean) ** 2 for point in known) / len(known))
    return (value - mean) / max(deviation, floor)


def change_pct(series: Series | None, at_ms: int, span_h: int) -> float:
    if series is None or grid_ms(series) > span_h * HOUR_MS:
        return NAN
    now, now_at = last_known(series, at_ms, series.max_age_ms)
    then, then_at = last_known(series, at_ms - span_h * HOUR_MS, max(HOUR_MS, series.max_age_ms))
    if now_at == then_at or not then > 0.0:
        return NAN
    return 100.0 * (now / then - 1.0)


def series_features(history: MarketHistory, at_ms: int) -> dict[str, float]:
    funding = history.series.get(ReadingName.FUNDING)
    crowd = history.series.get(ReadingName.LONG_ACCOUNTS)
    top = history.series.get(ReadingName.TOP_TRADERS)
    open_interest = history.series.get(ReadingName.OPEN_INTEREST)

    def grid(*parts: Series | None) -> list[int]:
        step = grid_ms(*parts)
        return [at_ms // step * step - step * k for k in range(30 * DAY_MS // step)]

    long_pct, top_pct = present(crowd, at_ms), present(top, at_ms)
    return {
        "funding_rate_8h_pct": present(funding, at_ms),
        "funding_rate_z": z_score(
            present(funding, at_ms),
            [sample(funding, t) for t in grid(funding)],
            grid_ms(funding),
            0.002,
        ),
        "long_account_pct": long_pct,
        "long_account_z": z_score(
            long_pct, [sample(crowd, t) for t in grid(crowd)], grid_ms(crowd), 1.0
        ),
        "top_trader_long_pct": top_pct,
        "top_minus_crowd_pct": top_pct - long_pct,
        "top_minus_crowd_z": z_score(
            top_pct - long_pct,
            [sample(top, t) - sample(crowd, t) for t in grid(top, crowd)],
            grid_ms(top, crowd),
            1.0,
        ),
        "open_interest_change_4h_pct": change_pct(open_interest, at_ms, 4),
        "open_interest_change_24h_pct": change_pct(open_interest, at_ms, 24),
        **{
            name: present(history.series.get(reading), at_ms)
            for name, reading in {
                "taker_buy_pct": ReadingName.TAKER_BUY,
                "open_interest_usd": ReadingName.OPEN_INTEREST,
                "social_sentiment_pct": ReadingName.SOCIAL_SENTIMENT,
                "social_momentum": ReadingName.SOCIAL_MOMENTUM,
                "social_trending_rank": ReadingName.SOCIAL_TRENDING,
                "fear_greed_index": ReadingName.FEAR_GREED,
            }.items()
        },
    }


def liquidation_features(history: MarketHistory, at_ms: int) -> dict[str, float]:
    told: dict[str, float] = {}
    buckets = history.liquidations
    for hours in (1, 4, 12, 24):
        inside: list[tuple[float, float]] = []
        bucket_ms = DAY_MS if buckets is None else buckets.bucket_ms
        if buckets is not None and bucket_ms <= hours * HOUR_MS:
            for start, long_usd, short_usd in zip(
                buckets.start_ms.tolist(),
                buckets.long_usd.tolist(),
                buckets.short_usd.tolist(),
                strict=True,
            ):
                ends = start + bucket_ms
                watched = not math.isnan(long_usd) and not math.isnan(short_usd)
                if at_ms - hours * HOUR_MS < ends <= at_ms and watched:
                    inside.append((long_usd, short_usd))
        covered_ms = len(inside) * bucket_ms
        known = covered_ms >= HOUR_MS
        told[f"liquidated_long_{hours}h_usd"] = sum(x for x, _ in inside) if known else NAN
        told[f"liquidated_short_{hours}h_usd"] = sum(x for _, x in inside) if known else NAN
        told[f"liquidations_covered_{hours}h_h"] = covered_ms / HOUR_MS
    return told
