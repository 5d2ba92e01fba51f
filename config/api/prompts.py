"""The questions people ask most, as prompts an MCP client offers: which tools, and how to answer.

Data only; ``{name}`` stands for an argument.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Argument:
    name: str
    description: str
    default: str


@dataclass(frozen=True, slots=True)
class Question:
    name: str
    title: str
    description: str
    text: str
    arguments: tuple[Argument, ...] = ()

    def asked(self, given: dict[str, str]) -> str:
        """Return the text with its arguments filled in; an argument nobody gave has its default."""
        values = {each.name: given.get(each.name) or each.default for each in self.arguments}
        return self.text.format(**values)


COIN = Argument("coin", "Ticker of the coin, such as BTC or ETH.", "BTC")
DAYS = Argument("days", "How many days back.", "30")

# How every answer is to be told: what the service promises, and an assistant could spoil.
_HONESTLY = (
    " Use plain words for somebody who does not trade. Give the figures the tools gave and no "
    "others; what is missing is unknown, not zero or neutral. If calibration says uncalibrated or "
    "no edge is shown, say that this is no proof of anything. Do not advise to buy or sell."
)

QUESTIONS = (
    Question(
        "should_i_look_at",
        "Should I look at this coin now?",
        "The signal of one coin with its reasons, its chart and its record.",
        "Should I look at {coin} now? Call getSignalWithContext for {coin}. Say whether the signal "
        "is LONG, SHORT or NEUTRAL and how far the score is from 50, the strongest reasons, "
        "whether the chart's structure agrees, and what came of earlier signals." + _HONESTLY,
        (COIN,),
    ),
    Question(
        "what_changed",
        "What changed?",
        "The newest signals, and how each coin's signal is now.",
        "What changed lately? Call listSignalHistory with limit 10. For the coins with the newest "
        "signals, three at most, call getSignal and say whether it still holds, has turned, or is "
        "NEUTRAL now, and which reasons are new." + _HONESTLY,
    ),
    Question(
        "is_it_any_good",
        "Is it any good?",
        "What came of the signals: rates with their uncertainty, against chance.",
        "Were these signals any good in the last {days} days? Call getPerformanceSummary with days "
        "{days} and getCalibration. Compare each hit rate with its base rate, give the interval "
        "and the number of outcomes, and the mean return after costs. Where the intervals overlap "
        "or there are few outcomes, say that nothing is shown yet." + _HONESTLY,
        (DAYS,),
    ),
    Question(
        "smart_money_today",
        "What are smart money coins today?",
        "Coins that large traders seem to gather, and to sell off.",
        "Which coins do large traders seem to gather today, and which do they sell off? Call "
        "scanSmartMoney. Name the three strongest of each side with their points and reasons; for "
        "the strongest call analyzeSmartMoney. If a side is empty, say so." + _HONESTLY,
    ),
)
