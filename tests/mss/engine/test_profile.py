"""Profiles as JSON: what comes back, and what is refused."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from typing import Any

import pytest

from mss.engine.profile import STANDARD, profile_errors, profile_from_settings, settings_of

Change = Callable[[dict[str, Any]], object]


def test_the_standard_profile_survives_json_edge_for_edge() -> None:
    settings = settings_of(STANDARD)

    again = profile_from_settings(STANDARD.name, STANDARD.version, settings)

    assert again.phases == STANDARD.phases
    assert dict(again.tiers) == dict(STANDARD.tiers)
    assert profile_errors(settings) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda s: s["bands"]["age"][0].update(start=10), "gives 31 points, not 30"),
        (lambda s: s["pass_marks"].update(phase1_discovery=31), "outside 0 to 30"),
        (lambda s: s["pass_marks"].pop("phase1_discovery"), "documented shape"),
        (lambda s: s["bands"].update(moon=[]), "no line called moon"),
        (lambda s: s["bands"]["whale"].pop(), "documented shape"),
        (lambda s: s["bands"]["age"][0]["edges"].reverse(), "do not ascend"),
        (lambda s: s["bands"]["funding"][0]["edges"][0].update(points=-1), "takes points away"),
        (lambda s: s["bands"]["age"][0]["edges"][0].update(above=float("nan")), "not finite"),
        (lambda s: s["bands"]["age"][0].update(edges=[]), "documented shape"),
        (lambda s: s["tiers"].update(LONG=80), "must descend"),
        (lambda s: s["tiers"].update(STRONG_LONG=101), "must descend"),
    ],
)
def test_a_profile_that_breaks_a_rule_is_refused_with_a_sentence(
    change: Change, fault: str
) -> None:
    settings = copy.deepcopy(settings_of(STANDARD))

    change(settings)

    assert fault in " ".join(profile_errors(settings))
    with pytest.raises(ValueError, match=re.escape(fault)):
        profile_from_settings("broken", 1, settings)


@pytest.mark.parametrize("raw", [{}, [], {"bands": 1}, {"bands": {}, "tiers": {}}])
def test_what_is_no_profile_at_all_is_refused(raw: Any) -> None:
    assert profile_errors(raw)
