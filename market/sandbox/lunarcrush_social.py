"""What people write about coins, hour by hour: the numbers behind LunarCrush.

A pure function of coin and hour, out of the same mood that other vendors tell, from the days before
the hour. The crowd's talk wanders, and now and then something makes it spike for half a day.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from market.sandbox.noise import key_of, smooth, uniforms
from market.sandbox.recent import Recent
from market.sandbox.source import MarketSource
from market.sandbox.universe import Coin
from market.types import DAY_MS, FloatArray, Int64Array

# Reactions in a usual hour to the largest coin; the others' fall with their rank.
_INTERACTIONS_PER_H = 4_000_000.0
_RANK_EXPONENT = 0.95
_RANKS = 420
_ALL_INTERACTIONS = _INTERACTIONS_PER_H * sum(n**-_RANK_EXPONENT for n in range(1, _RANKS))
RANKED_COINS = 1_000  # how many the alternative rank counts

_SPIKES_PER_DAY = 0.06
_SPIKE_FADES_H = 6.0
_SPIKE_HEARD_H = 72
_KEPT_MOODS = 30_000


@dataclass(frozen=True, slots=True)
class SocialHours:
    """Columns over hours, as the vendor names them."""

    contributors_active: FloatArray
    contributors_created: FloatArray
    interactions: FloatArray
    posts_active: FloatArray
    posts_created: FloatArray
    sentiment: FloatArray
    spam: FloatArray
    alt_rank: FloatArray
    galaxy_score: FloatArray
    social_dominance: FloatArray

    def columns(self) -> dict[str, FloatArray]:
        return {field.name: getattr(self, field.name) for field in fields(self)}


class Social:
    def __init__(self, source: MarketSource) -> None:
        self._source = source
        self._moods: Recent[float] = Recent(_KEPT_MOODS)

    def hours(self, coin: Coin, hour: Int64Array) -> SocialHours:
        """Return what was counted in hours since the epoch."""
        base = coin.base
        talk = 0.35 * smooth(key_of(base, "talk"), hour, 36.0)
        talk += 0.12 * smooth(key_of(base, "talk hour"), hour, 3.0)
        talk += _spikes(base, hour)
        usual = _INTERACTIONS_PER_H / coin.rank**_RANK_EXPONENT
        season = 1.0 + 0.25 * np.cos(2.0 * np.pi * (hour % 24 - 17) / 24.0)
        interactions = np.round(usual * season * np.exp(talk))
        posts = np.round(
            interactions / 120.0 * np.exp(0.1 * smooth(key_of(base, "posts"), hour, 9))
        )
        everyone = _ALL_INTERACTIONS * np.exp(0.15 * smooth(key_of("everyone"), hour, 60.0))
        mood = self._mood(coin, hour) + 0.02 * smooth(key_of(base, "said"), hour, 5.0)
        sentiment = np.clip(np.round(100.0 * mood), 1.0, 99.0)
        strength = 1.2 * talk + 0.05 * (sentiment - 70.0)
        strength += 0.4 * smooth(key_of(base, "strength"), hour, 20.0)
        score: FloatArray = np.clip(52.0 + 22.0 * np.tanh(strength), 0.0, 100.0).round(1)
        return SocialHours(
            contributors_active=np.round(0.53 * posts),
            contributors_created=np.round(0.021 * posts),
            interactions=interactions,
            posts_active=posts,
            posts_created=np.round(0.033 * posts),
            sentiment=sentiment,
            spam=np.round(0.0125 * posts * np.exp(0.8 * smooth(key_of(base, "spam"), hour, 12.0))),
            alt_rank=1.0 + np.floor((RANKED_COINS - 1) / (1.0 + np.exp(2.0 * strength))),
            galaxy_score=score,
            social_dominance=np.clip(100.0 * interactions / everyone, 0.0, 99.0),
        )

    def _mood(self, coin: Coin, hour: Int64Array) -> FloatArray:
        """Return the share of friendly words: on its way from yesterday's mood to today's."""
        first, last = int(hour.min()) // 24 - 1, int(hour.max()) // 24
        days = np.array([self._mood_of_day(coin, day) for day in range(first, last + 1)])
        mood: FloatArray = np.interp(hour / 24.0 - 1.0, np.arange(first, last + 1), days)
        return mood

    def _mood_of_day(self, coin: Coin, day: int) -> float:
        # Moods are asked for only where the market is simulated: then they are known.
        return self._moods.get_or_make(
            (coin.base, day), lambda: self._source.mood(coin, day * DAY_MS) or 0.5
        )


def _spikes(base: str, hour: Int64Array) -> FloatArray:
    """Return how much louder (log) the talk is for what happened in the last three days."""
    louder = np.zeros(len(hour))
    first, last = int(hour.min()) // 24 - 3, int(hour.max()) // 24
    day = np.arange(first, last + 1)
    chance, start, size = (
        uniforms(key_of(base, "spike", what), day) for what in ("chance", "start", "size")
    )
    for position in np.flatnonzero(chance < _SPIKES_PER_DAY).tolist():
        since_h = hour - (int(day[position]) * 24 + int(24.0 * start[position]))
        fade = np.exp(-np.maximum(since_h, 0) / _SPIKE_FADES_H)
        heard = (since_h >= 0) & (since_h < _SPIKE_HEARD_H)
        louder += np.where(heard, (0.6 + 1.4 * size[position]) * fade, 0.0)
    return louder
