"""``manage.py mss``: what it shows, keeps and refuses."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from market.sandbox.handle import Sandbox
from mss.models import MssScore

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("listed")]


def run(*coins: str, **options: object) -> str:
    out = StringIO()
    call_command("mss", *coins, stdout=out, stderr=out, **options)
    return out.getvalue()


def test_it_shows_the_phases_and_what_is_missing_and_keeps_nothing(sandbox: Sandbox) -> None:
    told = run("BTC", "ETH")

    assert "BTC: " in told
    assert "ETH: " in told
    assert "phase3_validation" in told
    assert "missing: alt_rank, galaxy_score" in told
    assert not MssScore.objects.exists()


def test_it_stores_when_told_to(sandbox: Sandbox) -> None:
    told = run("BTC", store=True)

    assert f"stored as {MssScore.objects.get().pk}" in told


def test_it_writes_a_document_a_line(sandbox: Sandbox) -> None:
    [line] = run("BTC", json=True).splitlines()

    document = json.loads(line)
    assert document["symbol"] == "BTC"
    assert document["mss_score"] == sum(each["score"] for each in document["phases"].values())


def test_an_unknown_coin_is_named_and_the_others_are_shown(sandbox: Sandbox) -> None:
    out = StringIO()
    with pytest.raises(SystemExit):
        call_command("mss", "BTCC", "ETH", stdout=out, stderr=out)

    assert "BTCC: Neither a venue nor CoinGecko's list has a coin of this name." in out.getvalue()
    assert "Did you mean BTC" in out.getvalue()
    assert "ETH: " in out.getvalue()


def test_without_a_coin_it_says_what_it_needs(sandbox: Sandbox) -> None:
    with pytest.raises(CommandError, match="at least one coin"):
        run()


def test_with_everything_away_it_fails_with_a_sentence(sandbox: Sandbox) -> None:
    sandbox.fault("*", "dead")

    with pytest.raises(CommandError, match="No market data can be had now"):
        run("BTC")
