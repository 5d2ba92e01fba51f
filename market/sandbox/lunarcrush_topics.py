"""What LunarCrush tells of topics besides numbers over time: networks, posts, people, categories.

All of it is invented around the social numbers of the coin; every sum is the sum of its parts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from market.sandbox.lunarcrush_coins import LunarCoins, Row, Topic
from market.sandbox.noise import key_of, uniforms
from market.types import DAY_MS, HOUR_MS

# Share of reactions and of posts, and how much friendlier (points) than the whole.
_NETWORKS = {
    "reddit-post": (0.0016, 0.043, 2),
    "tweet": (0.7284, 0.766, 0),
    "youtube-video": (0.138, 0.125, 3),
    "tiktok-video": (0.129, 0.0625, -6),
    "news": (0.003, 0.0035, 1),
}
_POSTS_SHOWN = 100
_CREATORS_SHOWN = 100
_NEWS_SHOWN = 50
_TOPICS_SHOWN = 200
# Categories of the list, with a share of all talk.
CATEGORIES = {
    "cryptocurrencies": ("Cryptocurrencies", 1.0),
    "defi": ("DeFi", 0.12),
    "meme": ("Memecoins", 0.31),
    "layer-1": ("Layer 1", 0.44),
    "ai": ("AI", 0.09),
}
_FIRST_POST_TYPES = ("tweet", "tweet", "tweet", "youtube-video", "reddit-post", "tiktok-video")


class Talk:
    def __init__(self, coins: LunarCoins) -> None:
        self._coins = coins

    def topic(self, topic: Topic, at_ms: int) -> Row:
        """Return the aggregate of 24 hours."""
        spoken = self._coins.spoken(topic, at_ms)
        coin = topic.quote.entry.coin
        rank = 40 + 3 * (coin.rank if coin else 0)
        return {
            "topic": topic.slug,
            "title": topic.name,
            "topic_rank": rank,
            "related_topics": ["coins layer 1", *topic.categories],
            **_networks(
                spoken["interactions_24h"], 1.7 * spoken["social_volume_24h"], spoken["sentiment"]
            ),
            "categories": ["Cryptocurrencies"],
            "trend": _trend(spoken),
        }

    def posts(self, topic: Topic, start_ms: int, end_ms: int, at_ms: int) -> list[Row]:
        types = [_FIRST_POST_TYPES[n % len(_FIRST_POST_TYPES)] for n in range(_POSTS_SHOWN)]
        return self._posts(topic, types, start_ms, end_ms, at_ms)

    def news(self, topic: Topic, at_ms: int) -> list[Row]:
        return self._posts(topic, ["news"] * _NEWS_SHOWN, at_ms - DAY_MS, at_ms, at_ms)

    def creators(self, topic: Topic, at_ms: int) -> list[Row]:
        spoken = self._coins.spoken(topic, at_ms)
        return [
            {
                **_creator(topic, rank),
                "creator_rank": rank,
                "interactions_24h": int(spoken["interactions_24h"] * 0.03 / rank**0.8),
            }
            for rank in range(1, _CREATORS_SHOWN + 1)
        ]

    def topics(self, at_ms: int) -> list[Row]:
        rows = []
        talked = [t for t in self._coins.topics(at_ms) if t.quote.entry.coin is not None]
        for topic in talked[:_TOPICS_SHOWN]:
            spoken = self._coins.spoken(topic, at_ms)
            rows.append((topic, spoken["interactions_24h"], spoken["social_volume_24h"]))
        rows.sort(key=lambda row: -row[1])
        return [
            {
                "topic": topic.slug,
                "title": topic.name,
                **_ranks("topic_rank", rank, topic.slug),
                "num_contributors": int(0.9 * volume),
                "num_posts": int(1.7 * volume),
                "interactions_24h": interactions,
            }
            for rank, (topic, interactions, volume) in enumerate(rows, 1)
        ]

    def categories(self, at_ms: int) -> list[Row]:
        total = self._total(at_ms)
        rows = []
        for rank, (slug, (title, share)) in enumerate(CATEGORIES.items(), 1):
            rows.append(
                {
                    "category": slug,
                    "title": title,
                    **_ranks("category_rank", rank, slug),
                    "num_contributors": int(total * share / 900.0),
                    "social_dominance": 18.0 * share,
                    "num_posts": int(total * share / 320.0),
                    "interactions_24h": int(total * share),
                }
            )
        return rows

    def category(self, slug: str, at_ms: int) -> Row:
        title, share = CATEGORIES[slug]
        total = self._total(at_ms) * share
        return {
            "topic": f"_{slug}",
            "title": title,
            "related_topics": [topic.slug for topic in self._coins.topics(at_ms)[:20]],
            **_networks(int(total), total / 320.0, 74),
            "trend": "flat",
        }

    def category_topics(self, at_ms: int) -> list[Row]:
        """Return topics with their share; one title is a number, as it happens to be live."""
        rows = self.topics(at_ms)
        total = sum(row["interactions_24h"] for row in rows) or 1
        for row in rows:
            row["social_dominance"] = 100.0 * row["interactions_24h"] / total
        if rows:
            rows[-1]["topic"] = 3038
        return rows

    def changes(self, at_ms: int) -> list[Row]:
        day = at_ms // DAY_MS
        return [
            {
                "asset_type": "coins",
                "asset_id": topic.id,
                "asset_name": f"{topic.name} ({topic.symbol})",
                "change": "search terms established",
                "description": "search criteria initially set for this asset",
                "time": (day - position) * 86_400 + 5_000,
            }
            for position, topic in enumerate(self._coins.topics(at_ms)[-10:])
            if (day - position) * DAY_MS + 5_000_000 <= at_ms
        ]

    def _total(self, at_ms: int) -> int:
        return sum(row["interactions_24h"] for row in self.topics(at_ms))

    def _posts(
        self, topic: Topic, types: Sequence[str], start_ms: int, end_ms: int, at_ms: int
    ) -> list[Row]:
        if end_ms <= start_ms:
            return []
        spoken = self._coins.spoken(topic, at_ms)
        luck = uniforms(key_of(topic.slug, "posts", end_ms // HOUR_MS), np.arange(3 * len(types)))
        made = []
        for number, (kind, when, mood, size) in enumerate(
            zip(types, *luck.reshape(3, -1).tolist(), strict=True)
        ):
            interactions = int(spoken["interactions_24h"] * 0.01 * size / (1 + number) ** 0.7)
            created_s = (end_ms - int(when * min(DAY_MS, end_ms - start_ms))) // 1000
            text = key_of(topic.slug, kind, created_s) % 10**18
            made.append(
                {
                    "id": str(text),
                    "post_type": kind,
                    "post_title": f"{topic.name}: {_TITLES[text % len(_TITLES)]}",
                    "post_link": f"https://example.com/{kind}/{text}",
                    "post_image": None if text % 3 == 0 else f"https://example.com/{text}.jpg",
                    "post_created": created_s,
                    "post_sentiment": round(
                        min(5.0, max(1.0, 3.0 + (spoken["sentiment"] - 70) / 40.0 + mood - 0.5)), 2
                    ),
                    **_creator(topic, number % 40 + 1, display=True),
                    "interactions_24h": interactions,
                    "interactions_total": int(interactions * (1.0 + mood)),
                }
            )
        made.sort(key=lambda post: -post["interactions_24h"])
        return made


_TITLES = ("what happened today", "a look at the chart", "is this the bottom?", "weekly summary")


def _networks(interactions: int, posts: float, sentiment: int) -> dict[str, Any]:
    """Share 24 hours out among the networks; what does not divide is tweeted."""
    counts = {name: int(posts * share) for name, (_, share, _) in _NETWORKS.items()}
    reactions = {name: int(interactions * share) for name, (share, _, _) in _NETWORKS.items()}
    reactions["tweet"] += interactions - sum(reactions.values())
    moods = {name: min(99, max(1, sentiment + more)) for name, (_, _, more) in _NETWORKS.items()}
    detail = {}
    for name, reacted in reactions.items():
        # Of those who take a side, this share is for it.
        takes_side = reacted * 0.55
        positive = int(takes_side * moods[name] / 100.0)
        negative = int(takes_side) - positive
        detail[name] = {
            "positive": positive,
            "neutral": reacted - positive - negative,
            "negative": negative,
        }
    return {
        "types_count": counts,
        "types_interactions": reactions,
        "types_sentiment": moods,
        "types_sentiment_detail": detail,
        "interactions_24h": interactions,
        "num_contributors": int(posts / 2.9),
        "num_posts": sum(counts.values()),
    }


def _trend(spoken: Row) -> str:
    change = spoken["galaxy_score"] - spoken["galaxy_score_previous"]
    return "flat" if abs(change) < 4.0 else ("up" if change > 0.0 else "down")


def _ranks(name: str, rank: int, slug: str) -> dict[str, int]:
    moved = key_of(slug, "moved") % 5 - 2
    return {
        name: rank,
        f"{name}_1h_previous": max(1, rank + moved // 2),
        f"{name}_24h_previous": max(1, rank + moved),
    }


def _creator(topic: Topic, rank: int, *, display: bool = False) -> Row:
    number = key_of(topic.slug, "creator", rank) % 10**18
    name = f"account{number % 100_000}"
    shown = {"creator_display_name": name.title()} if display else {}
    return {
        "creator_id": f"twitter::{number}",
        "creator_name": name,
        **shown,
        "creator_followers": 3_000_000 // rank,
        "creator_avatar": f"https://example.com/avatar/{number}.jpg",
    }
