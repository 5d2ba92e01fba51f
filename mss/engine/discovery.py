"""Phase 1, discovery, 0-30: small, new and scarce. A bulk list tells all of it.

Liquidity is a filter of what is looked at, and earns nothing.
"""

from __future__ import annotations

from mss.engine.bands import at_most
from mss.engine.types import Figure, Part, PhaseName, PhaseRules, Rule

# The fully diluted valuation, USD; the market cap, flagged, where that is unknown.
VALUATION = at_most((5e6, 15), (10e6, 13), (25e6, 10), (50e6, 6), (100e6, 2), beyond=0)
AGE_HOURS = at_most((24, 9), (48, 8), (72, 6), (168, 3), (720, 1), beyond=0)
# Percent of the total supply.
CIRCULATING = at_most((20, 6), (40, 5), (60, 3), (80, 1), beyond=0)

DISCOVERY = PhaseRules(
    PhaseName.DISCOVERY,
    pass_mark=15.0,
    rules=(
        Rule("valuation", (Part(Figure.VALUATION, VALUATION),)),
        Rule("age", (Part(Figure.AGE, AGE_HOURS),)),
        Rule("circulating", (Part(Figure.CIRCULATING, CIRCULATING),)),
    ),
)
