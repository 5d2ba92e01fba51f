"""Numbers that look random and are a pure function of (key, index): the sandbox's only dice.

A counter-based generator: any hour of any year is reached directly, in any order, by any process,
with the same bits. Beneath every module that invents a quantity.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from market.types import FloatArray

# SplitMix64 (Steele, Lea, Flood 2014).
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_LOW_16 = np.uint64(0xFFFF)

# The sum of four 16-bit uniforms has this mean and standard deviation.
_SUM_MEAN = 2.0 * 65535.0
_SUM_DEVIATION = float(np.sqrt(4.0 * (65536.0**2 - 1.0) / 12.0))


def key_of(*parts: object) -> int:
    """Return a 64-bit key for a seed, a coin, a quantity, …: equal parts, equal key."""
    digest = hashlib.sha256("|".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:8], "little")


def uniforms(key: int, index: Any) -> FloatArray:
    """Return one number of (0, 1) per index."""
    bits = _hash(key, index) >> np.uint64(11)
    return (bits.astype(np.float64) + 0.5) * 2.0**-53


def normals(key: int, index: Any) -> FloatArray:
    """Return one number per index, nearly normal: mean 0, deviation 1, never beyond ±3.5."""
    bits = _hash(key, index)
    total = (
        (bits & _LOW_16)
        + ((bits >> np.uint64(16)) & _LOW_16)
        + ((bits >> np.uint64(32)) & _LOW_16)
        + (bits >> np.uint64(48))
    )
    deviates: FloatArray = (total.astype(np.float64) - _SUM_MEAN) / _SUM_DEVIATION
    return deviates


def smooth(key: int, at: Any, period: float) -> FloatArray:
    """Return a continuous wander of deviation below 1 that forgets itself after ``period``."""
    position = np.asarray(at, dtype=np.float64) / period
    knot = np.floor(position)
    rest = position - knot
    weight = rest * rest * (3.0 - 2.0 * rest)
    index = knot.astype(np.int64)
    left, right = normals(key, np.array([index, index + 1]))
    wander: FloatArray = left * (1.0 - weight) + right * weight
    return wander


def fractal(key: int, at: Any, octaves: int) -> FloatArray:
    """Return a bounded random walk with unit-like steps: wanders of periods 1, 2, 4, … added up."""
    at = np.asarray(at, dtype=np.float64)
    total = np.zeros(at.shape)
    for octave in range(octaves):
        period = float(2**octave)
        # The offset keeps the knots of different octaves apart; all would be zero-slope together.
        total += smooth(key + octave, at + 0.37 * period, period) * np.sqrt(period)
    return total


def _hash(key: int, index: Any) -> NDArray[np.uint64]:
    counter = np.asarray(index, dtype=np.int64)
    # One-dimensional: arrays wrap around silently, as is meant here, single numbers would warn.
    bits = (counter.ravel().astype(np.uint64) + np.uint64(1)) * _GOLDEN
    bits ^= np.uint64(key & 0xFFFFFFFFFFFFFFFF)
    bits = (bits ^ (bits >> np.uint64(30))) * _MIX_1
    bits = (bits ^ (bits >> np.uint64(27))) * _MIX_2
    bits ^= bits >> np.uint64(31)
    return bits.reshape(counter.shape)
