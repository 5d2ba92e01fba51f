"""Profiles: presets, versions, and which one is in force."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, OperationalError

from signals import profiles
from signals.engine import BALANCED, PRESETS
from signals.engine.types import Factor
from signals.exceptions import UnknownProfile
from signals.models import ScoringProfile
from signals.profiles import active_profile, make_default, profile_of, put_in_force, save_version
from signals.rendering import profile_from_settings, profile_settings


def calmer() -> dict[str, Any]:
    return {**profile_settings(BALANCED), "long_at": 60.0, "short_at": 40.0}


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_presets_are_stored_as_the_engine_ships_them(db: None, name: str) -> None:
    row = ScoringProfile.objects.get(name=name)

    assert profile_of(row) == PRESETS[name]
    assert row.is_default is (name == "balanced")


def test_a_profile_survives_being_stored_as_settings() -> None:
    profile = replace(BALANCED, name="own", version=3, curve_scales={Factor.FUNDING_RATE: 0.8})

    assert profile_from_settings("own", 3, profile_settings(profile)) == profile


def test_without_a_name_the_default_is_in_force(db: None) -> None:
    assert active_profile() == BALANCED

    make_default(ScoringProfile.objects.get(name="aggressive"))

    assert active_profile().name == "aggressive"
    assert ScoringProfile.objects.filter(is_default=True).count() == 1


def test_an_edit_is_a_new_version_and_the_old_one_stays(db: None) -> None:
    save_version("balanced", calmer())

    assert (active_profile("balanced").version, active_profile().long_at) == (2, 60.0)
    old = ScoringProfile.objects.get(name="balanced", version=1)
    assert profile_of(old) == BALANCED
    assert (old.is_active, old.is_default) == (False, False)


def test_an_old_version_can_be_put_in_force_again(db: None) -> None:
    save_version("balanced", calmer())

    put_in_force(ScoringProfile.objects.get(name="balanced", version=1))

    assert active_profile() == BALANCED


def test_an_unknown_name_is_answered_with_the_known_ones(db: None) -> None:
    save_version("own", calmer())

    with pytest.raises(UnknownProfile) as caught:
        active_profile("reckless")

    assert caught.value.known == ["aggressive", "balanced", "conservative", "own"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"weights": dict.fromkeys(Factor, 10)}, "they sum to 80, not to 100"),
        ({"weights": {"funding_rate": 100}}, "without a weight"),
        ({"long_at": 50.0}, "long_at: must lie above 50"),
        ({"curve_scales": {"fear_greed": 0.0}}, "curve_scales"),
    ],
)
def test_a_profile_that_cannot_score_is_refused(
    db: None, change: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValidationError, match=sentence):
        save_version("balanced", {**profile_settings(BALANCED), **change})

    assert active_profile("balanced") == BALANCED


def test_only_one_version_of_a_name_is_in_force(db: None) -> None:
    row = ScoringProfile.objects.get(name="balanced")
    row.pk, row.version, row.is_default = None, 2, False

    with pytest.raises(IntegrityError):
        row.save()


def test_a_preset_without_a_row_is_the_engines_own(db: None) -> None:
    ScoringProfile.objects.all().delete()

    assert active_profile() == BALANCED
    assert active_profile("aggressive") == PRESETS["aggressive"]


def test_a_remembered_profile_costs_no_query(db: None, django_assert_num_queries: Any) -> None:
    active_profile("balanced")

    with django_assert_num_queries(0):
        active_profile("balanced")


def test_the_last_known_profile_stays_in_force_without_the_database(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Any) -> None:
        raise OperationalError("connection refused")

    save_version("balanced", calmer())
    known = active_profile("balanced")
    monkeypatch.setattr(profiles, "MEMORY_S", 0.0)
    monkeypatch.setattr(profiles, "_active_row", refuse)

    assert active_profile("balanced") == known
    assert active_profile("aggressive") == PRESETS["aggressive"]
