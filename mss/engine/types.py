"""What MSS reads of a coin and what it says: figures, bands, phases, tiers. Pure and frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from market.snapshot import Problem, Reading

# Of the rules below, not of a profile's numbers: raised when the same inputs may score otherwise.
ENGINE_VERSION = "1"


class Figure(StrEnum):
    """Every quantity of a coin that earns points; the value is its key in answers."""

    VALUATION = "valuation_usd"  # fully diluted; the market cap, flagged, where that is unknown
    AGE = "age_hours"  # since the earliest sign of the coin that anybody tells
    CIRCULATING = "circulating_pct"  # of total supply
    ALT_RANK = "alt_rank"  # LunarCrush, 1 is the best
    GALAXY_SCORE = "galaxy_score"  # LunarCrush, 0-100
    SENTIMENT = "sentiment_pct"  # 0-100
    BUY_PRESSURE = "buy_pressure_pct"  # percent of the last closed hour's volume, bought by takers
    OPEN_INTEREST_CHANGE = "open_interest_change_24h_pct"
    TOP_TRADER_RATIO = "top_trader_ratio"  # long positions ÷ short positions
    FUNDING = "funding_rate_8h_pct"


class PhaseName(StrEnum):
    DISCOVERY = "phase1_discovery"
    SOCIAL = "phase2_confirmation"
    INSTITUTIONAL = "phase3_validation"


class PhaseStatus(StrEnum):
    """INSUFFICIENT_DATA: below the pass mark, but what is unknown could lift it there."""

    PASS = "PASS"  # noqa: S105 - a verdict, not a secret
    FAIL = "FAIL"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


class Tier(StrEnum):
    """What a total is called, the best first."""

    STRONG_LONG = "STRONG_LONG"
    LONG = "LONG"
    MODERATE_LONG = "MODERATE_LONG"
    WEAK_LONG = "WEAK_LONG"
    NEUTRAL = "NEUTRAL"


class TierConfidence(StrEnum):
    VERY_HIGH = "very_high"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INSUFFICIENT = "insufficient"


class Warned(StrEnum):
    VERY_NEW = "very_new"
    TINY_CAP = "tiny_cap"
    LOW_FLOAT = "low_float"
    CROWDED = "crowded"
    EXTREME_FUNDING = "extreme_funding"
    DOWNWARD_VOLUME = "downward_volume"


@dataclass(frozen=True, slots=True)
class Caution:
    kind: Warned
    detail: str


@dataclass(frozen=True, slots=True)
class Edge:
    """From ``at`` on a value earns ``points``; ``above`` leaves the edge itself below."""

    at: float
    points: float
    above: bool = False

    def is_reached(self, value: float) -> bool:
        return value > self.at if self.above else value >= self.at


@dataclass(frozen=True, slots=True)
class Bands:
    """Points by ranges: ``start`` below the first edge, then those of the last edge reached."""

    start: float
    edges: tuple[Edge, ...]

    def points(self, value: float) -> float:
        points = self.start
        for edge in self.edges:
            if edge.is_reached(value):
                points = edge.points
        return points

    @property
    def most(self) -> float:
        return max(self.start, *(edge.points for edge in self.edges))


@dataclass(frozen=True, slots=True)
class Part:
    """Bands over one figure."""

    figure: Figure
    bands: Bands


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of a phase's table: a name, and the parts whose points add up."""

    name: str
    parts: tuple[Part, ...]

    @property
    def most(self) -> float:
        return sum(part.bands.most for part in self.parts)


@dataclass(frozen=True, slots=True)
class PhaseRules:
    name: PhaseName
    pass_mark: float
    rules: tuple[Rule, ...]

    @property
    def most(self) -> float:
        return sum(rule.most for rule in self.rules)


@dataclass(frozen=True, slots=True)
class MssProfile:
    """Points, pass marks and tiers. ``tiers`` holds the least total of each but NEUTRAL."""

    name: str
    version: int
    phases: tuple[PhaseRules, PhaseRules, PhaseRules]
    tiers: Mapping[Tier, float]


@dataclass(frozen=True, slots=True)
class CoinInputs:
    """All that was known of one coin at one instant. A figure that is absent is unknown.

    ``shown`` is plain JSON that earns nothing: price, volume, momentum.
    """

    symbol: str
    name: str | None
    coingecko_id: str | None
    at_ms: int
    environment: str
    has_futures: bool
    figures: Mapping[Figure, Reading] = field(default_factory=dict)
    shown: Mapping[str, object] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def value(self, figure: Figure) -> float | None:
        reading = self.figures.get(figure)
        return None if reading is None else reading.value


@dataclass(frozen=True, slots=True)
class RuleScore:
    """``missing`` are those of its ``figures`` that earned nothing because nobody told them."""

    name: str
    points: float
    most: float
    figures: tuple[Figure, ...]
    missing: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class PhaseScore:
    """``coverage_pct`` is the share of the phase's points that the known figures decide."""

    name: PhaseName
    score: float
    most: float
    pass_mark: float
    status: PhaseStatus
    coverage_pct: float
    rules: tuple[RuleScore, ...]

    @property
    def missing(self) -> tuple[Figure, ...]:
        return tuple(dict.fromkeys(figure for rule in self.rules for figure in rule.missing))


@dataclass(frozen=True, slots=True)
class MssResult:
    """A coin's score: three phases, their sum, and how sure one can be of it."""

    inputs: CoinInputs
    phases: tuple[PhaseScore, PhaseScore, PhaseScore]
    total: float
    tier: Tier
    confidence: TierConfidence
    coverage_pct: float
    whale: bool
    warnings: tuple[Caution, ...]
    engine_version: str
    profile_name: str
    profile_version: int
