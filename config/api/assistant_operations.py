"""What assistants may ask: the one table of operations for both their doors, GPT Actions and MCP.

Operations are named by their ``operationId``; what they are, ``config.api.assistants`` reads off
the service's own OpenAPI document. Here is what that document does not say: words for a reader who
has never seen crypto software, and what an assistant does not need or must not ask so much of.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Operation:
    """``summary`` says what it is; ``description`` when to use it and how to read the answer.

    ``without`` are parameters that are not offered, ``most`` are lower bounds on what may be asked
    than the service's own, so that an answer stays small; ``texts`` replace parameters' texts.
    """

    id: str
    summary: str
    description: str
    without: frozenset[str] = frozenset()
    most: Mapping[str, int] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)


# Texts of parameters that several operations have, unless the operation has its own.
PARAMETER_TEXTS = {
    "symbol": "Short name (ticker) of the coin: BTC is Bitcoin, ETH is Ethereum, SOL is Solana. "
    "Any usual spelling works: BTC, btc, BTCUSDT. An unknown one is answered with suggestions.",
    "profile": "Leave out for the usual rules. conservative says LONG or SHORT more rarely, "
    "aggressive more often.",
    "coins": "Tickers separated by commas, such as BTC,ETH,SOL; 50 at most. Leave out to look at "
    "the coins that this service watches anyway.",
    "watchlist": "Name of a list that the owner of this service made. Leave out unless the user "
    "names one; not together with coins.",
    "timeframe": "Length of the chart's candles: 15m is 15 minutes, 1h one hour, 1d one day.",
    "include_smc": "Add the chart's structure, as analyzeStructure tells it.",
    "max_market_cap": "USD that all coins in circulation are worth together, at most.",
    "max_fdv": "USD that all coins there will ever be are worth together, at most.",
    "max_age_hours": "Age of a coin in hours, at most; 72 is three days.",
    "min_volume": "USD traded in the last 24 hours, at least.",
    "criteria": "volume: most traded; gainers, losers: rose or fell by 5 % or more in 24 hours; "
    "small_cap: worth up to 100 million USD.",
    "source": "Where to look: all, or only coins traded on binance, or only CoinGecko's list.",
    "offset": "How many to pass over: 0 for the first page.",
    "cursor": "Leave out for the first page; then next_cursor (nextCursor) of the page before.",
    "days": "How many days back; today is added.",
    "start_date": "First day, as 2026-01-31, or an instant; UTC.",
    "end_date": "Last day, as 2026-01-31; all of that day is included.",
    "origin": "own: signals this service made itself, the usual choice; imported: brought in from "
    "elsewhere; all: both.",
    "horizon_h": "Hours after a signal at which it is judged: 1, 4 or 24.",
    "signal_type": "LONG or SHORT only; leave out for both.",
    "confidence": "Signals of this confidence only; leave out for all.",
}

SIGNALS = (
    Operation(
        "getSignal",
        "Will this coin rise or fall? LONG, SHORT or NEUTRAL, with reasons",
        "Use for one coin now. LONG: more speaks for a rise; SHORT: for a fall; NEUTRAL: unclear "
        "or too little known. score: 50 is neutral, LONG from 55, SHORT from 45. Tell the user the "
        "reasons, what is missing, and calibration: whether such signals were ever right.",
        without=frozenset({"debug", "include_ai_validation"}),
    ),
    Operation(
        "getSignalWithContext",
        "Everything about one coin in one call: signal, chart structure, past, track record",
        "Use when the user asks whether to look at a coin. mainSignal is getSignal's answer; "
        "smcAnalysis the chart's structure; recentHistory the last signals; outcomes what came of "
        "them; interpretation.summary sums up in words. Say when no edge is shown.",
    ),
    Operation(
        "getMarketData",
        "Price, funding, open interest and crowd positioning of one coin",
        "Use for plain figures without an opinion. Each entry of readings has value, unit, source "
        "and age in seconds. Positive funding: buyers pay sellers, the crowd is long. What no "
        "source answered is not there but named in problems: say unknown, never zero.",
        most={"limit": 100},
        texts={
            "interval": "Length of one price bar: 15m is 15 minutes, 1h one hour, 1d one day.",
            "limit": "How many price bars; 1 if the user did not ask for past prices.",
        },
    ),
)

SMART_MONEY = (
    Operation(
        "scanSmartMoney",
        "Which coins do large traders seem to gather or to sell off?",
        "Use to look over many coins. accumulation: large hands seem to buy quietly; distribution: "
        "they seem to sell to the crowd; 0 to 10 points each, 7 is strong. partial true: some "
        "coins were not reached in time. Takes up to ten seconds.",
    ),
    Operation(
        "scanAccumulation",
        "Coins that large traders seem to gather, best first",
        "Use when only buying interests the user. accumulationScore 0 to 10: 4 is moderate, 7 "
        "strong. reasons say what was seen. An empty list is an answer: nothing reaches min_score.",
        without=frozenset({"watchlist"}),
    ),
    Operation(
        "scanDistribution",
        "Coins that large traders seem to sell off, best first",
        "Use when the user asks what to be careful with. distributionScore 0 to 10: 4 is moderate, "
        "7 strong. reasons say what was seen. An empty list means nothing reaches min_score.",
        without=frozenset({"watchlist"}),
    ),
    Operation(
        "scanAuto",
        "Pick coins by a rule (most traded, risers, fallers, small) and scan them",
        "Use when the user names no coins but a kind of coin. Answers like scanSmartMoney: "
        "accumulation and distribution, 0 to 10 points each. Takes up to ten seconds.",
    ),
    Operation(
        "findAccumulation",
        "Coins that are gathered strongly and have not risen yet",
        "Use for early chances only: high accumulation and no sharp rise in the last day. Often "
        "empty; then say so, or ask scanAccumulation with a lower min_score.",
        without=frozenset({"watchlist"}),
    ),
    Operation(
        "analyzeSmartMoney",
        "What large traders seem to do with one coin, point by point",
        "Use to explain one coin of a scan. Each line of evidence says its points and what was "
        "seen; what could not be read earns no points and is named.",
    ),
    Operation(
        "smartMoneyInfo",
        "How the accumulation and distribution points are given",
        "Use when the user asks what the points mean or which coins a scan is over.",
    ),
    Operation(
        "discoverCoins",
        "Find coins by size: market cap up to, trading volume from",
        "Use to find candidates, for example small coins. marketCap is what all coins together are "
        "worth, in USD; volume24h what was traded in a day; hasFutures: signals exist for it.",
        most={"limit": 50},
        texts={
            "category": "Kind of coin by CoinGecko's id: layer-1, meme-token; leave out for all.",
        },
    ),
    Operation(
        "listFutures",
        "All coins that signals exist for, most traded first",
        "Use to see which coins can be asked for. A future is a contract on the price of a coin; "
        "only coins with one have signals. Page with offset.",
        most={"limit": 100},
    ),
)

MSS = (
    Operation(
        "mssInfo",
        "How emerging coins are scored, phase by phase",
        "Use when the user asks what an MSS score or its three phases mean.",
    ),
    Operation(
        "discoverEmergingCoins",
        "New and small coins, by first impression alone",
        "Use for a quick list of new coins. discovery_score is the first of three phases: small, "
        "new, scarce. It says nothing of quality; new coins often lose everything. left_out counts "
        "the others by reason.",
        most={"limit": 50},
        texts={"category": "Kind of coin by CoinGecko's id, such as meme-token; usually left out."},
    ),
    Operation(
        "analyzeEmergingCoin",
        "One new coin through all three phases, line by line",
        "Use for a coin of discoverEmergingCoins or scanEmergingCoins. mss_score 0 to 100: "
        "discovery 30, what people say 35, large positions 35. What is unknown earns nothing and "
        "is named in warnings: a low score may only mean that little is known.",
        without=frozenset({"include_raw"}),
        texts={
            "symbol": "Ticker of the coin, or its CoinGecko id, which alone is unique: NEW, "
            "new-coin-2."
        },
    ),
    Operation(
        "scanEmergingCoins",
        "Find new coins and score them in all three phases, best first",
        "Use when the user asks for promising new coins. mss_score 0 to 100; coins under "
        "min_mss_score are left out, so the list may be empty: say so. Takes about ten seconds; "
        "partial true: some coins were not reached in time.",
        texts={"category": "Kind of coin by CoinGecko's id, such as meme-token; usually left out."},
    ),
    Operation(
        "getWatchedCoin",
        "Is this new coin watched, and what was its newest score?",
        "Use to follow up on a new coin without scoring it again. active false: nobody watches it. "
        "Watching is started by the owner of the service, not by this call.",
        without=frozenset({"interval_minutes"}),
    ),
)

STRUCTURE = (
    Operation(
        "analyzeStructure",
        "Where the chart of one coin stands: trend, breaks, gaps, levels",
        "Use for questions about levels and trend. BOS: the trend went on; CHoCH: it turned; FVG: "
        "a gap that price jumped over; zones: levels with many stops. Prices in USD. alignment "
        "weighs several timeframes, -100 to 100. Nothing here is a forecast.",
        without=frozenset({"timeframe"}),
        texts={
            "timeframes": "Lengths of the chart's candles, separated by commas: 5m, 15m, 1h, 4h, "
            "1d. Short ones for hours, 1d for weeks; 1h when left out.",
        },
    ),
    Operation(
        "structureInfo",
        "What BOS, CHoCH, FVG, swings and zones mean",
        "Use when the user asks for the meaning of a term of analyzeStructure.",
    ),
)

# The record is told of all scoring profiles together: most services use one.
_PROFILE = frozenset({"profile"})
_ANY_COIN = {"symbol": "Short name (ticker) of one coin, such as BTC. Leave out for all coins."}
RECORD = (
    Operation(
        "getSymbolHistory",
        "Past signals of one coin, newest first",
        "Use to see how the opinion on a coin changed. Only LONG and SHORT are stored, so gaps "
        "mean that nothing was said. Page with offset. A past signal is not the current one: for "
        "that ask getSignal.",
        most={"limit": 8},
    ),
    Operation(
        "getSignalsInDateRange",
        "Past signals between two dates",
        "Use when the user names a day or period. Page with next_cursor. Times are UTC.",
        most={"limit": 8},
        texts=_ANY_COIN,
    ),
    Operation(
        "getAnalyticsSummary",
        "How many signals there were, of which kind, out of how many looks",
        "Use for counts, not for success. evaluations is how often the coins were looked at; "
        "NEUTRAL and insufficient were looks without a signal.",
        texts=_ANY_COIN,
    ),
    Operation(
        "getStatsOverview",
        "What this service has stored at all",
        "Use for a quick overview: number of signals and the coins most signals are about.",
    ),
    Operation(
        "getPerformanceSummary",
        "Were the signals right? All coins together",
        "Use when the user asks whether this is any good. Per horizon: n outcomes, hit_rate_pct, "
        "its interval, base_rate_pct (what chance gives), mean_net_return_pct after costs. Say "
        "edge as it stands; with few true, say that it is too early.",
        without=_PROFILE,
    ),
    Operation(
        "getSymbolPerformance",
        "Were the signals of this coin right?",
        "Like getPerformanceSummary for one coin. One coin has few outcomes: the interval is wide, "
        "and a high rate may be luck. recent_scores says where scores go, not whether they were "
        "right.",
        without=_PROFILE,
    ),
    Operation(
        "getPerformanceByFactor",
        "Which kinds of evidence were right?",
        "Use to compare the eight factors. Hit rates of signals that a factor supported, opposed "
        "or left alone. Compare intervals, not only rates.",
        without=_PROFILE,
        texts=_ANY_COIN,
    ),
    Operation(
        "getPerformanceByConfidence",
        "Were confident signals right more often?",
        "Use to judge the words high, medium and low confidence. Hit rate with interval per band.",
        without=_PROFILE,
        texts=_ANY_COIN,
    ),
    Operation(
        "getCalibration",
        "How far can the confidence be relied on?",
        "Use when the user asks how reliable a signal is. Per horizon and band: how often signals "
        "were right against the base rate; Brier score and calibration error, smaller is better. "
        "No edge shown means no better than chance.",
        without=_PROFILE,
        texts=_ANY_COIN,
    ),
    Operation(
        "getPerformanceTrends",
        "Did the signals get better or worse over time?",
        "Use for changes over months. Hit rate per day, week or month with n; a bucket with few "
        "outcomes says little.",
        without=_PROFILE,
        most={"days": 180},
        texts=_ANY_COIN | {"bucket": "Length of a piece of time; day for short periods only."},
    ),
    Operation(
        "listSignalHistory",
        "The newest signals of all coins, or those that fit",
        "Use to ask what is new, or to find past signals by coin, side and confidence. Only LONG "
        "and SHORT are stored. The newest come first; page with cursor.",
        without=_PROFILE,
        most={"limit": 8},
        texts=_ANY_COIN,
    ),
)

OPERATIONS: tuple[Operation, ...] = (*SIGNALS, *SMART_MONEY, *MSS, *STRUCTURE, *RECORD)
