"""LunarCrush for clients: what people say about a coin, in the key names that users know.

The list of all coins is one call an hour for everybody, so it is looked at first; a coin is asked
for by the list's id, since symbols are not unique.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from market import clock
from market.providers.errors import ProviderError
from market.providers.lunarcrush import LunarCrush
from market.providers.lunarcrush_history_payloads import Bucket, SocialHistory
from market.providers.lunarcrush_payloads import CoinScore, SocialCoin
from market.providers.lunarcrush_topic_payloads import TopicSummary
from market.social_momentum import SPAN_H, change_of, momentum_level, momentum_of, spike_level
from market.types import DAY_MS, HOUR_MS, FloatArray, Instrument
from market.vendor_data.direct import Answer, Findings, Shortfall, ask_vendor
from market.vendor_data.failures import LUNARCRUSH, NothingThere

Found = Findings[LunarCrush]
Document = dict[str, Any]

DAYS_PER_WEEK = 7
NO_SPIKE = "normal"
# Hours that each time frame of ``change`` compares with as many before.
TIMEFRAMES_H = {"1h": 1, "24h": SPAN_H, "7d": 7 * 24}
# The default span of the vendor's series: a week of hours, which serves most questions at once.
WEEK_OF_HOURS = 7 * 24


@dataclass(frozen=True, slots=True)
class _Coin:
    """How to ask for a coin, and the row of the list it was found in."""

    ask_by: str | int
    row: SocialCoin | None
    fetched_at_ms: int


def coin(instrument: Instrument) -> Answer:
    """Return scores, mood and market of a coin now."""

    async def make(found: Found) -> Document:
        which = await _find(found, instrument)
        known: SocialCoin | CoinScore
        if which.row is not None:
            known = which.row
            found.dated(which.fetched_at_ms)
        else:
            known = found.take(await found.client.fetch_coin(which.ask_by))
            if known.symbol != instrument.symbol.base:
                raise NothingThere(
                    LUNARCRUSH.name, f"LunarCrush lists no {instrument.symbol.base}."
                )
        topic = await _topic_if_any(found, f"coins:{known.id}")
        return _coin_document(instrument, known, which.row, topic)

    return ask_vendor(LUNARCRUSH, make)


def time_series(instrument: Instrument, interval: str, days_back: int, limit: int) -> Answer:
    """Return a coin's history by hour, day or week, the newest ``limit`` points of it."""
    bucket = Bucket.HOUR if interval == "1h" else Bucket.DAY

    async def make(found: Found) -> Document:
        which = await _find(found, instrument)
        # On whole hours or days, so that the same question is the same call until the next one.
        end_ms = clock.now_ms() // bucket.ms * bucket.ms + bucket.ms
        history = found.take(
            await found.client.fetch_time_series(
                which.ask_by,
                bucket=bucket,
                start_s=(end_ms - days_back * DAY_MS) // 1000,
                end_s=end_ms // 1000,
            )
        )
        every = DAYS_PER_WEEK if interval == "1w" else 1
        picked = list(range(len(history) - 1, -1, -every))[::-1]
        rows = picked[-limit:]
        times = [clock.datetime_at(int(history.start_ms[row])) for row in rows]
        return {
            "symbol": instrument.symbol.base,
            "interval": interval,
            "dataPoints": len(rows),
            "totalPoints": len(picked),
            "startTime": times[0] if times else None,
            "endTime": times[-1] if times else None,
            "timeSeries": {
                "timestamps": [int(history.start_ms[row]) // 1000 for row in rows],
                "prices": _numbers(history.close_usd, rows),
                "socialVolumes": _numbers(history.posts_active, rows),
                "sentiments": _numbers(history.sentiment_pct, rows),
                "galaxyScores": _numbers(history.galaxy_score, rows),
            },
        }

    return ask_vendor(LUNARCRUSH, make)


def change(instrument: Instrument, timeframe: str) -> Answer:
    """Return how the talk about a coin changed, computed from its time series."""
    span_h = TIMEFRAMES_H[timeframe]

    async def make(found: Found) -> Document:
        which = await _find(found, instrument)
        history = await _hours(found, which, span_h)
        return {
            "symbol": instrument.symbol.base,
            "timeframe": timeframe,
            **_change_document(history, span_h),
        }

    return ask_vendor(LUNARCRUSH, make)


def coin_momentum(instrument: Instrument) -> Answer:
    """Return the momentum score, the one that signals show; it needs a time series."""

    async def make(found: Found) -> Document:
        which = await _find(found, instrument)
        row = which.row
        if row is not None:
            found.dated(which.fetched_at_ms)
        history: SocialHistory | None = None
        try:
            history = await _hours(found, which, SPAN_H)
        except ProviderError as e:
            if row is None:
                raise
            found.problems.append(Shortfall("timeSeries", found.source, found.failure(e).detail))
        score = None if history is None else momentum_of(change_of(history))
        return {
            "symbol": instrument.symbol.base,
            "momentumScore": score,
            "momentumLevel": None if score is None else momentum_level(score),
            "currentMetrics": {
                "galaxyScore": None if row is None else row.galaxy_score,
                "socialVolume": None if row is None else row.posts_24h,
                "sentiment": None if row is None else row.sentiment_pct,
                "socialDominance": None if row is None else row.social_dominance_pct,
            },
            "change24h": None if history is None else _change_document(history, SPAN_H),
            "trend7d": {
                "available": history is not None and len(history) >= WEEK_OF_HOURS,
                "dataPoints": 0 if history is None else len(history),
            },
        }

    return ask_vendor(LUNARCRUSH, make)


def topic_summary(topic: str) -> Answer:
    """Return the last 24 h of a topic, by network."""

    async def make(found: Found) -> Document:
        summary = found.take(await found.client.fetch_topic(topic))
        return {
            "topic": summary.topic,
            "title": summary.title,
            "topicRank": summary.rank,
            "sentiment": summary.sentiment_pct,
            "interactions24h": summary.interactions_24h,
            "contributors": summary.contributors,
            "posts": summary.posts,
            "trend": summary.trend,
            "networks": {
                name: {
                    "posts": share.posts,
                    "interactions": share.interactions,
                    "sentiment": share.sentiment_pct,
                }
                for name, share in summary.networks.items()
            },
        }

    return ask_vendor(LUNARCRUSH, make)


async def _find(found: Found, instrument: Instrument) -> _Coin:
    """Return the largest coin of that symbol in the list; its symbol when the list has none."""
    base = instrument.symbol.base
    # Not taken whole: it is old beside what it leads to, and megabytes about other coins.
    reply = await found.client.fetch_coins()
    named = [row for row in reply.value if row.symbol == base]
    if not named:
        return _Coin(base, None, reply.fetched_at_ms)
    largest = min(named, key=lambda row: (row.market_cap_rank is None, row.market_cap_rank or 0))
    return _Coin(largest.id, largest, reply.fetched_at_ms)


async def _hours(found: Found, which: _Coin, span_h: int) -> SocialHistory:
    """Return enough hours to compare two spans; the usual week serves the shorter ones."""
    if 2 * span_h < WEEK_OF_HOURS:
        return found.take(await found.client.fetch_time_series(which.ask_by))
    end_ms = clock.now_ms() // HOUR_MS * HOUR_MS + HOUR_MS
    return found.take(
        await found.client.fetch_time_series(
            which.ask_by,
            # Both spans, the open hour, and the one that may not have settled.
            start_s=(end_ms - (2 * span_h + 2) * HOUR_MS) // 1000,
            end_s=end_ms // 1000,
        )
    )


async def _topic_if_any(found: Found, word: str) -> TopicSummary | None:
    """Return the coin's topic; what it adds is worth no failure."""
    try:
        return found.take(await found.client.fetch_topic(word))
    except ProviderError as e:
        found.problems.append(Shortfall("topic", found.source, found.failure(e).detail))
        return None


def _coin_document(
    instrument: Instrument,
    known: SocialCoin | CoinScore,
    row: SocialCoin | None,
    topic: TopicSummary | None,
) -> Document:
    networks = {} if topic is None else topic.networks
    tweets, reddit, news = (networks.get(name) for name in ("tweet", "reddit-post", "news"))
    return {
        "symbol": instrument.symbol.base,
        "name": known.name,
        "galaxyScore": known.galaxy_score,
        "altRank": known.alt_rank,
        "socialVolume": None if row is None else row.posts_24h,
        "socialEngagement": None if row is None else row.interactions_24h,
        "socialDominance": None if row is None else row.social_dominance_pct,
        "socialContributors": None if topic is None else topic.contributors,
        "averageSentiment": (None if topic is None else topic.sentiment_pct)
        if row is None or row.sentiment_pct is None
        else row.sentiment_pct,
        "tweetVolume": None if tweets is None else tweets.posts,
        "redditVolume": None if reddit is None else reddit.posts,
        "newsVolume": None if news is None else news.posts,
        # No longer told by the vendor; kept for those who look for them.
        "sentimentAbsolute": None,
        "urlShares": None,
        "correlationRank": None,
        "spamDetected": None,
        "price": known.price_usd,
        "priceUsd": known.price_usd,
        "volume24h": known.volume_24h_usd,
        "marketCap": known.market_cap_usd,
        "percentChange24h": known.price_change_24h_pct,
        "percentChange7d": known.price_change_7d_pct,
        "volatility": known.volatility,
        "categories": [] if row is None else list(row.categories),
        "timeFetched": clock.datetime_at(known.observed_at_ms),
    }


def _change_document(history: SocialHistory, span_h: int) -> Document:
    changed = change_of(history, span_h)
    engagement = changed.interactions_pct
    spike = None if engagement is None else spike_level(engagement)
    return {
        "socialVolumeChange": changed.posts_pct,
        "socialEngagementChange": engagement,
        "sentimentChange": changed.sentiment_points,
        "galaxyScoreChange": changed.galaxy_points,
        "priceChange": changed.price_pct,
        "spikeLevel": spike,
        "isSpiking": None if spike is None else spike != NO_SPIKE,
    }


def _numbers(values: FloatArray, rows: list[int]) -> list[float | None]:
    return [float(values[row]) if values[row] == values[row] else None for row in rows]
