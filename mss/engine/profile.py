"""The standard profile, and profiles as plain JSON with the rules they must keep. Pure.

A profile changes edges, points, pass marks and tiers. Which figures a line reads and what a phase
can give at most (30, 35, 35) is fixed.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from mss.engine.discovery import DISCOVERY
from mss.engine.institutional import INSTITUTIONAL
from mss.engine.social import SOCIAL
from mss.engine.types import Bands, Edge, MssProfile, Part, PhaseRules, Rule, Tier

STANDARD = MssProfile(
    name="standard",
    version=1,
    phases=(DISCOVERY, SOCIAL, INSTITUTIONAL),
    tiers=MappingProxyType(
        {
            Tier.STRONG_LONG: 75.0,
            Tier.LONG: 65.0,
            Tier.MODERATE_LONG: 50.0,
            Tier.WEAK_LONG: 35.0,
        }
    ),
)


# --- As JSON --------------------------------------------------------------------------------------


def settings_of(profile: MssProfile) -> dict[str, Any]:
    """Return a profile's numbers as plain JSON: pass marks, bands by line, tiers."""
    return {
        "pass_marks": {phase.name.value: phase.pass_mark for phase in profile.phases},
        "bands": {
            rule.name: [_bands_json(part.bands) for part in rule.parts]
            for phase in profile.phases
            for rule in phase.rules
        },
        "tiers": {tier.value: least for tier, least in profile.tiers.items()},
    }


def profile_from_settings(name: str, version: int, settings: Mapping[str, Any]) -> MssProfile:
    """Rebuild a profile. Raises ValueError saying what :func:`profile_errors` finds."""
    errors = profile_errors(settings)
    if errors:
        raise ValueError(" ".join(errors))
    discovery, social, institutional = (_phase(phase, settings) for phase in STANDARD.phases)
    tiers = {tier: float(settings["tiers"][tier.value]) for tier in _TOLD_TIERS}
    return MssProfile(name, version, (discovery, social, institutional), tiers)


def profile_errors(settings: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each fault of a profile's JSON; none when it may be used."""
    try:
        return [*_phase_errors(settings), *_tier_errors(settings["tiers"])]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return [f"The profile is not of the documented shape ({error!r})."]


_TOLD_TIERS = (Tier.STRONG_LONG, Tier.LONG, Tier.MODERATE_LONG, Tier.WEAK_LONG)


def _phase(standard: PhaseRules, settings: Mapping[str, Any]) -> PhaseRules:
    """Return a phase that reads the standard's figures by other bands and another mark."""
    rules = tuple(
        Rule(
            rule.name,
            tuple(
                Part(part.figure, _bands(bands))
                for part, bands in zip(rule.parts, settings["bands"][rule.name], strict=True)
            ),
        )
        for rule in standard.rules
    )
    return PhaseRules(standard.name, float(settings["pass_marks"][standard.name.value]), rules)


def _phase_errors(settings: Mapping[str, Any]) -> list[str]:
    errors = []
    lines = {rule.name for phase in STANDARD.phases for rule in phase.rules}
    unknown = settings["bands"].keys() - lines
    if unknown:
        errors.append(f"There is no line called {', '.join(sorted(unknown))}.")
    for standard in STANDARD.phases:
        phase = _phase(standard, settings)
        for rule in phase.rules:
            for part in rule.parts:
                errors.extend(_band_errors(rule.name, part.bands))
        if phase.most != standard.most:
            errors.append(f"{phase.name} gives {phase.most:g} points, not {standard.most:g}.")
        if not 0 <= phase.pass_mark <= standard.most:
            errors.append(f"The pass mark of {phase.name} lies outside 0 to {standard.most:g}.")
    return errors


def _band_errors(line: str, bands: Bands) -> list[str]:
    errors = []
    numbers = [bands.start, *(number for edge in bands.edges for number in (edge.at, edge.points))]
    if not all(math.isfinite(number) for number in numbers):
        errors.append(f"{line} holds a number that is not finite.")
    if min(bands.start, *(edge.points for edge in bands.edges)) < 0:
        errors.append(f"{line} takes points away; the least is 0.")
    places = [edge.at for edge in bands.edges]
    if any(second <= first for first, second in itertools.pairwise(places)):
        errors.append(f"The edges of {line} do not ascend.")
    return errors


def _tier_errors(tiers: Mapping[str, Any]) -> list[str]:
    least = [float(tiers[tier.value]) for tier in _TOLD_TIERS]
    if not all(100 >= better > worse >= 0 for better, worse in itertools.pairwise(least)):
        return ["Tiers must descend from at most 100 to at least 0."]
    return []


def _bands_json(bands: Bands) -> dict[str, Any]:
    return {
        "start": bands.start,
        "edges": [
            {"above" if edge.above else "from": edge.at, "points": edge.points}
            for edge in bands.edges
        ],
    }


def _bands(raw: Mapping[str, Any]) -> Bands:
    edges = tuple(
        Edge(
            float(edge["above"] if "above" in edge else edge["from"]),
            float(edge["points"]),
            above="above" in edge,
        )
        for edge in raw["edges"]
    )
    if not edges:
        raise ValueError("bands without edges")
    return Bands(float(raw["start"]), edges)
