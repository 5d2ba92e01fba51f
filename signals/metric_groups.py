"""The groups of metrics beside a signal: what people built on, filled from whatever was read. Pure.

``comprehensiveMetrics``, ``lunarCrushMetrics``, ``coinAPIMetrics`` and ``premiumMetrics`` keep the
key names of the first release. A figure that is not known is null, and ``unavailable`` says under
its path what it waits for; a group of which nothing is known is null as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from market.snapshot import ReadingName
from market.social_momentum import momentum_level, spike_level
from market.types import Venue
from signals.engine.types import SignalResult

_NEEDS_COINGLASS = "needs COINGLASS_API_KEY"
_NEEDS_LUNARCRUSH = "needs LUNARCRUSH_API_KEY"
_NOT_PUBLISHED = "LunarCrush no longer publishes it"
_NO_CANDLES = "no current bars; see problems"
_NO_BOOK = (
    "no order book was read: scans of several coins do without, else see COINAPI_KEY and problems"
)

# EMA spread in ATR from which a timeframe points somewhere.
_TREND_ATR = 0.25
_TREND_FRAMES = ("15m", "1h", "4h", "1d")
_LEAST_FRAMES = 3
# Shares in percent from which a side is named, and changes of open interest.
_LEANS_ABOVE_PCT, _LEANS_BELOW_PCT = 55.0, 45.0
_OI_MOVES_PCT = 1.0
_LIQUIDATED_SIDE_PCT = 55.0

_DIGITS = 12

Groups = tuple[dict[str, Any], dict[str, str]]


def metric_groups(result: SignalResult) -> Groups:
    """Return the four groups, and why what is null in them is."""
    groups: dict[str, Any] = {}
    unavailable: dict[str, str] = {}
    makers: Mapping[str, Callable[[SignalResult], Groups]] = {
        "comprehensiveMetrics": _comprehensive,
        "lunarCrushMetrics": _lunarcrush,
        "coinAPIMetrics": _coinapi,
        "premiumMetrics": _premium,
    }
    for name, make in makers.items():
        group, reasons = make(result)
        if _knows_something(group):
            groups[name] = group
            unavailable.update({f"{name}.{path}": reason for path, reason in reasons.items()})
        else:
            groups[name] = None
            unavailable[name] = "; ".join(dict.fromkeys(reasons.values()))
    return groups, unavailable


# --- comprehensiveMetrics -------------------------------------------------------------------------


def _comprehensive(result: SignalResult) -> Groups:
    why: dict[str, str] = {}
    trend = _trend(result)
    if trend is None:
        why["multiTimeframeTrend"] = _NO_CANDLES
    changes = {
        span: _figure(result.figures.get(f"change_{span}_pct"))
        for span in ("5m", "15m", "1h", "4h", "24h")
    }
    for span, change in changes.items():
        if change is None:
            why[f"priceChanges.{span}"] = (
                "read for a single coin of Binance only" if span == "5m" else _NO_CANDLES
            )
    ratios = {
        "oiMarketCapRatio": _oi_to_market_cap(result, why),
        "oiVolumeRatio": _oi_to_volume(result, why),
    }
    funding = result.readings.get(ReadingName.FUNDING)
    weighted = funding if funding is not None and funding.source == Venue.COINGLASS else None
    by_volume = result.shown.get("volume_weighted_funding_pct")
    if weighted is None:
        why["fundingRates.oiWeighted"] = (
            _NEEDS_COINGLASS
            if not _has(result, Venue.COINGLASS)
            else ("Coinglass did not say; see problems")
        )
    if by_volume is None:
        why["fundingRates.volumeWeighted"] = (
            _NEEDS_COINGLASS
            if not _has(result, Venue.COINGLASS)
            else "asked for a single coin only, as far as the plan affords"
        )
    return {
        "multiTimeframeTrend": trend,
        "priceChanges": changes,
        "advancedRatios": ratios,
        "fundingRates": {
            "oiWeighted": None if weighted is None else _figure(weighted.value),
            "volumeWeighted": _figure(by_volume),
        },
    }, why


def _trend(result: SignalResult) -> str | None:
    """Return the side of most timeframes by the spread of their averages; None with too few."""
    spreads = [
        spread
        for frame in _TREND_FRAMES
        if isinstance(spread := result.metrics.get(f"ema_spread_atr_{frame}"), float)
    ]
    if len(spreads) < _LEAST_FRAMES:
        return None
    up = sum(spread > _TREND_ATR for spread in spreads)
    down = sum(spread < -_TREND_ATR for spread in spreads)
    if max(up, down) == len(spreads):
        return "strongly_bullish" if up else "strongly_bearish"
    if abs(up - down) >= 2:
        return "bullish" if up > down else "bearish"
    return "neutral"


def _oi_to_market_cap(result: SignalResult, why: dict[str, str]) -> float | None:
    open_interest = result.readings.get(ReadingName.OPEN_INTEREST)
    cap = result.shown.get("market_cap")
    if open_interest is None or not cap:
        why["advancedRatios.oiMarketCapRatio"] = (
            "open interest unknown" if open_interest is None else "market cap not read yet"
        )
        return None
    return _figure(open_interest.value / cap["usd"]) if cap["usd"] > 0.0 else None


def _oi_to_volume(result: SignalResult, why: dict[str, str]) -> float | None:
    """Open interest ÷ 24 h volume of one and the same venue; of two it would mean nothing."""
    open_interest = result.readings.get(ReadingName.OPEN_INTEREST)
    candles = result.readings.get(ReadingName.CANDLES)
    volume_usd = result.figures.get("volume_24h_usd")
    if open_interest is None or candles is None or volume_usd is None:
        why["advancedRatios.oiVolumeRatio"] = "open interest or a day's volume unknown"
        return None
    if open_interest.source != candles.source:
        why["advancedRatios.oiVolumeRatio"] = (
            f"open interest is {open_interest.source}'s, volume {candles.source}'s"
        )
        return None
    return _figure(open_interest.value / volume_usd)


# --- lunarCrushMetrics ----------------------------------------------------------------------------


def _lunarcrush(result: SignalResult) -> Groups:
    social = result.shown.get("social")
    if social is None:
        told = [p.detail for p in result.problems if p.source == Venue.LUNARCRUSH]
        return {}, {"": "; ".join(told) if told else _NEEDS_LUNARCRUSH}
    momentum, change_pct = social["momentum"], social["interactions_change_pct"]
    why = dict.fromkeys(
        (
            "socialMetrics.tweetVolume",
            "socialMetrics.redditVolume",
            "socialMetrics.urlShares",
            "sentiment.correlationRank",
        ),
        _NOT_PUBLISHED,
    )
    if momentum is None:
        why["momentum"] = "its hours are not read yet, or fewer than two days of them are known"
    return {
        "galaxyScore": _figure(social["galaxy_score"]),
        "altRank": None if social["alt_rank"] is None else int(social["alt_rank"]),
        "socialMetrics": {
            "volume": _figure(social["posts_24h"]),
            "engagement": _figure(social["interactions_24h"]),
            "dominance": _figure(social["social_dominance_pct"]),
            "tweetVolume": None,
            "redditVolume": None,
            "urlShares": None,
        },
        "sentiment": {
            "averageSentiment": _figure(social["sentiment_pct"]),
            "correlationRank": None,
        },
        "momentum": {
            "momentumScore": _figure(momentum),
            "momentumLevel": None if momentum is None else momentum_level(momentum),
            "volumeChange24h": _figure(change_pct),
            "spikeLevel": None if change_pct is None else spike_level(change_pct),
        },
    }, why


# --- coinAPIMetrics -------------------------------------------------------------------------------


def _coinapi(result: SignalResult) -> Groups:
    """An order book's evidence, whoever published it: ``source`` says who."""
    book = result.shown.get("book")
    volatility = _figure(result.figures.get("volatility_7d_pct"))
    why = {} if volatility is not None else {"volatility7d": "fewer than seven closed days"}
    if book is None:
        why["orderbook"] = why["trades"] = _NO_BOOK
        return {"source": None, "orderbook": None, "trades": None, "volatility7d": volatility}, why
    if book["trades"] is None:
        why["trades"] = "no prints were read of this venue"
    return {
        "source": book["source"],
        "venue": book["venue"],
        "orderbook": book["orderbook"],
        "trades": book["trades"],
        "volatility7d": volatility,
        "reasons": book["reasons"],
    }, why


# --- premiumMetrics -------------------------------------------------------------------------------


def _premium(result: SignalResult) -> Groups:
    group = {
        "liquidationImbalance": _liquidated_side(result),
        "longShortSentiment": _side_of(
            result.metrics.get("long_account_pct"), "bullish", "bearish", "neutral"
        ),
        "oiTrend": _oi_trend(result.metrics.get("open_interest_change_24h_pct")),
        "smartMoneyBias": _side_of(
            result.metrics.get("top_trader_long_pct"), "long", "short", "neutral"
        ),
        "fearGreedIndex": _figure(_reading(result, ReadingName.FEAR_GREED)),
    }
    why = {name: "not known now; see problems" for name, value in group.items() if value is None}
    return group, why


def _liquidated_side(result: SignalResult) -> str | None:
    long_usd = result.metrics.get("liquidated_long_24h_usd")
    short_usd = result.metrics.get("liquidated_short_24h_usd")
    if not isinstance(long_usd, float) or not isinstance(short_usd, float):
        return None
    total_usd = long_usd + short_usd
    if total_usd <= 0.0:
        return "balanced"
    if 100.0 * long_usd / total_usd > _LIQUIDATED_SIDE_PCT:
        return "long"
    return "short" if 100.0 * short_usd / total_usd > _LIQUIDATED_SIDE_PCT else "balanced"


def _side_of(share_pct: object, above: str, below: str, between: str) -> str | None:
    if not isinstance(share_pct, float):
        return None
    if share_pct > _LEANS_ABOVE_PCT:
        return above
    return below if share_pct < _LEANS_BELOW_PCT else between


def _oi_trend(change_pct: object) -> str | None:
    if not isinstance(change_pct, float):
        return None
    if change_pct > _OI_MOVES_PCT:
        return "rising"
    return "falling" if change_pct < -_OI_MOVES_PCT else "stable"


# --- shared ---------------------------------------------------------------------------------------


def _has(result: SignalResult, venue: Venue) -> bool:
    """Tell whether a source is on: it gave a reading, or a problem speaks of it."""
    return any(reading.source == venue for reading in result.readings.values()) or any(
        problem.source == venue for problem in result.problems
    )


def _reading(result: SignalResult, name: ReadingName) -> float | None:
    reading = result.readings.get(name)
    return None if reading is None else reading.value


def _figure(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.{_DIGITS}g}")


def _knows_something(value: object) -> bool:
    if isinstance(value, dict):
        return any(_knows_something(each) for each in value.values())
    return value is not None
