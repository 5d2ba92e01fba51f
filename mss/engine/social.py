"""Phase 2, social confirmation, 0-35: people talk about it, like it, and buy.

Social momentum and the change of volume are shown and earn nothing. Without a LunarCrush key only
the sentiment is known, by CoinGecko's votes; AltRank and Galaxy Score are named as missing.
"""

from __future__ import annotations

from mss.engine.bands import above, at_least, at_most
from mss.engine.types import Figure, Part, PhaseName, PhaseRules, Rule

ALT_RANK = at_most((50, 10), (100, 8), (200, 5), (500, 3), beyond=1)
GALAXY_SCORE = at_least(0, (35, 2), (50, 5), (65, 8), (75, 10))
SENTIMENT = at_least(0, (50, 3), (60, 5), (70, 8), (80, 10))
# The bonus: percent of the last closed hour's volume that takers bought.
VOLUME_SPIKE = above(0, (60, 1), (65, 2), (70, 3), (75, 4), (80, 5))

SOCIAL = PhaseRules(
    PhaseName.SOCIAL,
    pass_mark=17.5,
    rules=(
        Rule("alt_rank", (Part(Figure.ALT_RANK, ALT_RANK),)),
        Rule("galaxy_score", (Part(Figure.GALAXY_SCORE, GALAXY_SCORE),)),
        Rule("sentiment", (Part(Figure.SENTIMENT, SENTIMENT),)),
        Rule("volume_spike", (Part(Figure.BUY_PRESSURE, VOLUME_SPIKE),)),
    ),
)
