"""Phase 3, institutional validation, 0-35: large money builds a position that is not crowded yet.

All of it is told by perpetual futures; of a coin without any, nothing is known here.
"""

from __future__ import annotations

from mss.engine.bands import above, at_least
from mss.engine.types import Bands, Edge, Figure, Part, PhaseName, PhaseRules, Rule

# Percent in 24 h; falling earns nothing.
OPEN_INTEREST_CHANGE = at_least(0, (0, 1), (3, 4), (10, 7), (25, 10), (50, 12))
# Long positions of top traders ÷ their short ones; 2.5 itself is not crowded yet.
TOP_TRADERS = Bands(1, (Edge(1.0, 4), Edge(1.2, 7), Edge(1.5, 10), Edge(2.5, 5, above=True)))
# Percent per 8 h: slightly positive is healthy, high is crowded.
FUNDING = at_least(0, (-0.02, 3), (0.0, 5), (0.01, 4), (0.04, 1), (0.08, 0))
# Whales, 0-8: a leap of open interest, top traders long but not crowded, buying.
WHALE_OPEN_INTEREST = above(0, (5, 2), (50, 3))
WHALE_TOP_TRADERS = Bands(0, (Edge(1.5, 2), Edge(2.5, 0, above=True)))
WHALE_BUYING = above(0, (60, 2), (65, 3))

INSTITUTIONAL = PhaseRules(
    PhaseName.INSTITUTIONAL,
    pass_mark=20.0,
    rules=(
        Rule("open_interest", (Part(Figure.OPEN_INTEREST_CHANGE, OPEN_INTEREST_CHANGE),)),
        Rule("top_traders", (Part(Figure.TOP_TRADER_RATIO, TOP_TRADERS),)),
        Rule("funding", (Part(Figure.FUNDING, FUNDING),)),
        Rule(
            "whale",
            (
                Part(Figure.OPEN_INTEREST_CHANGE, WHALE_OPEN_INTEREST),
                Part(Figure.TOP_TRADER_RATIO, WHALE_TOP_TRADERS),
                Part(Figure.BUY_PRESSURE, WHALE_BUYING),
            ),
        ),
    ),
)
