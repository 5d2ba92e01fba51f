"""Phase 2 with a LunarCrush key: rank, galaxy score and sentiment are its own."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from market.sandbox.handle import Sandbox
from mss import services
from mss.engine.types import Figure
from tests.market.keyed import give_keys

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("listed")]


def test_with_a_key_the_whole_social_phase_is_known(sandbox: Sandbox, settings: Settings) -> None:
    give_keys(settings, lunarcrush="individual")

    result = services.analyze("BTC").result

    social = result.phases[1]
    assert social.missing == ()
    assert social.coverage_pct == 100.0
    assert {
        result.inputs.figures[figure].source
        for figure in (Figure.ALT_RANK, Figure.GALAXY_SCORE, Figure.SENTIMENT)
    } == {"lunarcrush"}
    assert result.coverage_pct == 100.0


def test_with_lunarcrush_away_its_figures_are_missing_and_votes_stand_in(
    sandbox: Sandbox, settings: Settings
) -> None:
    give_keys(settings, lunarcrush="individual")
    sandbox.fault("lunarcrush", "dead")

    result = services.analyze("BTC").result

    assert result.phases[1].missing == (Figure.ALT_RANK, Figure.GALAXY_SCORE)
    assert result.inputs.figures[Figure.SENTIMENT].source == "coingecko"
