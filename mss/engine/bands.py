"""Points by ranges, in the three ways a table words them. Pure.

Ranges include their lower edge and exclude the upper one, unless an edge says ``above``.
"""

from __future__ import annotations

from mss.engine.types import Bands, Edge


def at_most(*edges: tuple[float, float], beyond: float) -> Bands:
    """Points of "≤ a", "≤ b" …: those of the first edge that a value does not pass."""
    points = [*(earned for _, earned in edges[1:]), beyond]
    steps = (Edge(at, earned, above=True) for (at, _), earned in zip(edges, points, strict=True))
    return Bands(edges[0][1], tuple(steps))


def at_least(start: float, *edges: tuple[float, float]) -> Bands:
    """Points of "≥ a", "≥ b" …; ``start`` below all of them."""
    return Bands(start, tuple(Edge(at, earned) for at, earned in edges))


def above(start: float, *edges: tuple[float, float]) -> Bands:
    """Points of "> a", "> b" …; ``start`` up to the first of them."""
    return Bands(start, tuple(Edge(at, earned, above=True) for at, earned in edges))
