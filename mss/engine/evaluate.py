"""Inputs and a profile → three phases, total, tier, warnings. Pure: this is all of the scoring."""

from __future__ import annotations

from mss.engine.types import (
    ENGINE_VERSION,
    Caution,
    CoinInputs,
    Figure,
    MssProfile,
    MssResult,
    PhaseRules,
    PhaseScore,
    PhaseStatus,
    Rule,
    RuleScore,
    Tier,
    TierConfidence,
    Warned,
)

_CONFIDENCE_OF = {
    Tier.STRONG_LONG: TierConfidence.VERY_HIGH,
    Tier.LONG: TierConfidence.HIGH,
    Tier.MODERATE_LONG: TierConfidence.MEDIUM,
    Tier.WEAK_LONG: TierConfidence.LOW,
    Tier.NEUTRAL: TierConfidence.INSUFFICIENT,
}
_ASCENDING = tuple(reversed(_CONFIDENCE_OF.values()))
# What is unknown caps the confidence: least coverage in percent, and the most it allows.
_CONFIDENCE_CAPS = (
    (90.0, TierConfidence.VERY_HIGH),
    (75.0, TierConfidence.HIGH),
    (50.0, TierConfidence.MEDIUM),
    (25.0, TierConfidence.LOW),
)

# The whale flag: all three at once, of one open interest, one ratio, one hour's buying.
WHALE_OPEN_INTEREST_PCT = 50.0
WHALE_RATIO = (1.5, 2.5)
WHALE_BUYING_PCT = 65.0

_VERY_NEW_H = 48.0
_TINY_CAP_USD = 10e6
_LOW_FLOAT_PCT = 30.0
_CROWDED_RATIO = 3.0
_EXTREME_FUNDING_PCT = 0.05
_SELLING_BELOW_PCT = 40.0  # takers sell more than 60 %


def evaluate(inputs: CoinInputs, profile: MssProfile) -> MssResult:
    """Score a coin.

    Parameters
    ----------
    inputs : CoinInputs
        A figure that is absent earns nothing and is named.
    profile : MssProfile

    Returns
    -------
    MssResult
        ``total`` in [0, 100] is the sum of phases in [0, 30], [0, 35] and [0, 35].
    """
    discovery, social, institutional = profile.phases
    phases = (
        score_phase(inputs, discovery),
        score_phase(inputs, social),
        score_phase(inputs, institutional),
    )
    total = sum(phase.score for phase in phases)
    tier = tier_of(total, profile)
    coverage_pct = sum(p.coverage_pct * p.most for p in phases) / sum(p.most for p in phases)
    return MssResult(
        inputs=inputs,
        phases=phases,
        total=total,
        tier=tier,
        confidence=min(_CONFIDENCE_OF[tier], _most_confidence(coverage_pct), key=_ASCENDING.index),
        coverage_pct=coverage_pct,
        whale=has_whale(inputs),
        warnings=warnings_of(inputs),
        engine_version=ENGINE_VERSION,
        profile_name=profile.name,
        profile_version=profile.version,
    )


def score_phase(inputs: CoinInputs, rules: PhaseRules) -> PhaseScore:
    """Score one phase alone; a scan asks for the next only when this one may pass."""
    scored = tuple(_score_rule(inputs, rule) for rule in rules.rules)
    score = sum(rule.points for rule in scored)
    unknown = sum(
        part.bands.most
        for rule in rules.rules
        for part in rule.parts
        if inputs.value(part.figure) is None
    )
    if score >= rules.pass_mark:
        status = PhaseStatus.PASS
    elif score + unknown >= rules.pass_mark:
        status = PhaseStatus.INSUFFICIENT_DATA
    else:
        status = PhaseStatus.FAIL
    return PhaseScore(
        name=rules.name,
        score=score,
        most=rules.most,
        pass_mark=rules.pass_mark,
        status=status,
        coverage_pct=100.0 * (rules.most - unknown) / rules.most,
        rules=scored,
    )


def tier_of(total: float, profile: MssProfile) -> Tier:
    reached = (tier for tier in Tier if tier in profile.tiers and total >= profile.tiers[tier])
    return next(reached, Tier.NEUTRAL)


def has_whale(inputs: CoinInputs) -> bool:
    """Tell whether open interest, top traders and buying all say that somebody large is in."""
    change = inputs.value(Figure.OPEN_INTEREST_CHANGE)
    ratio = inputs.value(Figure.TOP_TRADER_RATIO)
    buying = inputs.value(Figure.BUY_PRESSURE)
    if change is None or ratio is None or buying is None:
        return False
    return (
        change > WHALE_OPEN_INTEREST_PCT
        and WHALE_RATIO[0] <= ratio <= WHALE_RATIO[1]
        and buying > WHALE_BUYING_PCT
    )


def warnings_of(inputs: CoinInputs) -> tuple[Caution, ...]:
    """Return what speaks for caution, whatever the score."""
    age, valuation = inputs.value(Figure.AGE), inputs.value(Figure.VALUATION)
    circulating, ratio = inputs.value(Figure.CIRCULATING), inputs.value(Figure.TOP_TRADER_RATIO)
    funding, buying = inputs.value(Figure.FUNDING), inputs.value(Figure.BUY_PRESSURE)
    found = []
    if age is not None and age < _VERY_NEW_H:
        found.append(Caution(Warned.VERY_NEW, f"only {age:.0f} h old"))
    if valuation is not None and valuation < _TINY_CAP_USD:
        found.append(Caution(Warned.TINY_CAP, f"worth only {valuation / 1e6:.2f} million USD"))
    if circulating is not None and circulating < _LOW_FLOAT_PCT:
        detail = f"only {circulating:.0f} % of the supply circulates"
        found.append(Caution(Warned.LOW_FLOAT, detail))
    if ratio is not None and ratio > _CROWDED_RATIO:
        detail = f"top traders hold {ratio:.2f} times as many longs as shorts"
        found.append(Caution(Warned.CROWDED, detail))
    if funding is not None and abs(funding) > _EXTREME_FUNDING_PCT:
        found.append(Caution(Warned.EXTREME_FUNDING, f"funding {funding:+.4f} % per 8 h"))
    if buying is not None and buying < _SELLING_BELOW_PCT:
        detail = f"takers sold {100 - buying:.0f} % of the last hour's volume"
        found.append(Caution(Warned.DOWNWARD_VOLUME, detail))
    return tuple(found)


def _score_rule(inputs: CoinInputs, rule: Rule) -> RuleScore:
    points = 0.0
    missing = []
    for part in rule.parts:
        value = inputs.value(part.figure)
        if value is None:
            missing.append(part.figure)
        else:
            points += part.bands.points(value)
    figures = tuple(part.figure for part in rule.parts)
    return RuleScore(rule.name, points, rule.most, figures, tuple(missing))


def _most_confidence(coverage_pct: float) -> TierConfidence:
    for least, allowed in _CONFIDENCE_CAPS:
        if coverage_pct >= least:
            return allowed
    return TierConfidence.INSUFFICIENT
