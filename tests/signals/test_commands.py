"""The commands evaluate, replay and verify_chain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, models

from market.instruments import UnknownSymbol
from market.services import MarketUnavailable
from market.types import Instrument, Symbol
from signals.engine.types import ScoringProfile
from signals.management.commands import evaluate as evaluate_command
from signals.models import EvaluationCount, Signal
from signals.services import Evaluation, publish_signal
from tests.signals.results import AT_MS, make_evaluation


@pytest.fixture
def scores(db: None, monkeypatch: pytest.MonkeyPatch) -> dict[str, float | None]:
    """Stand in for fetching and scoring; the value maps coins to their scores."""
    scores: dict[str, float | None] = {"BTC": 62.5, "ETH": 50.0}

    def resolve(text: str) -> Instrument:
        base = text.upper().removesuffix("USDT")
        if base not in scores:
            raise UnknownSymbol(text, ["BTC"])
        return Instrument(Symbol(base))

    def evaluate(instruments: Sequence[Instrument], profile: ScoringProfile) -> list[Evaluation]:
        found = [
            make_evaluation(scores[instrument.symbol.base], symbol=instrument.symbol.base)
            for instrument in instruments
        ]
        return [replace(evaluation, profile=profile) for evaluation in found]

    monkeypatch.setattr(evaluate_command, "resolve_symbol", resolve)
    monkeypatch.setattr(evaluate_command, "evaluate_symbols", evaluate)
    return scores


def run(*arguments: Any) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out, no_color=True)
    return out.getvalue()


def test_evaluate_prints_and_stores_nothing(scores: dict[str, float | None]) -> None:
    told = run("evaluate", "btc", "ETHUSDT")

    lines = told.splitlines()
    assert any(line.split()[:3] == ["BTC", "LONG", "62.50"] for line in lines)
    assert any(line.split()[:3] == ["ETH", "NEUTRAL", "50.00"] for line in lines)
    assert "0.00000621" in told
    assert "shorts pay" in told
    assert not Signal.objects.exists()
    assert not EvaluationCount.objects.exists()


def test_evaluate_shows_an_unknown_price_as_unknown(scores: dict[str, float | None]) -> None:
    scores["BTC"] = None

    assert "BTC       NEUTRAL       –" in run("evaluate", "BTC")


def test_evaluate_publish_stores_what_is_due_and_counts_all(
    scores: dict[str, float | None],
) -> None:
    told = run("evaluate", "BTC", "ETH", "btcusdt", "--publish")

    assert "published LONG BTC seq 1" in told
    assert [signal.symbol for signal in Signal.objects.all()] == ["BTC"]
    assert sum(EvaluationCount.objects.values_list("evaluated", flat=True)) == 2
    assert "nothing published" in run("evaluate", "BTC", "--publish")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["BTCC"], "unknown coin 'BTCC'; did you mean BTC?"),
        (["BTC", "--profile", "reckless"], "no profile 'reckless'; known: aggressive, balanced"),
    ],
)
def test_evaluate_explains_what_it_does_not_know(
    scores: dict[str, float | None], arguments: list[str], sentence: str
) -> None:
    with pytest.raises(CommandError, match=sentence.replace("?", r"\?")):
        run("evaluate", *arguments)


def test_evaluate_says_when_no_provider_answers(
    scores: dict[str, float | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise MarketUnavailable

    monkeypatch.setattr(evaluate_command, "evaluate_symbols", refuse)

    with pytest.raises(CommandError, match="no market data provider answered"):
        run("evaluate", "BTC")


def test_verify_chain_passes_whole_chains(db: None) -> None:
    publish_signal(make_evaluation(62.5))
    publish_signal(make_evaluation(38.0, at_ms=AT_MS + 1))

    assert run("verify_chain") == "1 streams, 2 links, all intact\n"


def test_verify_chain_names_the_broken_link_and_fails(
    db: None, capsys: pytest.CaptureFixture[str]
) -> None:
    publish_signal(make_evaluation(62.5))
    flip = publish_signal(make_evaluation(38.0, at_ms=AT_MS + 1))
    assert flip is not None
    models.QuerySet(Signal).filter(pk=flip.pk).update(confidence_score=0.9)

    with pytest.raises(SystemExit) as stopped:
        call_command("verify_chain", no_color=True)

    assert stopped.value.code == 1
    told = capsys.readouterr().out
    assert f"test BTC balanced: broken at seq 2 (id {flip.pk})" in told


def test_replay_of_an_unknown_signal_is_refused(db: None) -> None:
    with pytest.raises(CommandError, match="there is no signal 7"):
        run("replay", 7)


def test_replay_shows_what_comes_out_differently_and_fails(
    db: None, capsys: pytest.CaptureFixture[str]
) -> None:
    # Made by hand: the engine cannot come to this score from these inputs.
    signal = publish_signal(make_evaluation(62.5))
    assert signal is not None

    with pytest.raises(SystemExit) as stopped:
        call_command("replay", str(signal.pk))

    assert stopped.value.code == 1
    assert "stored:" in capsys.readouterr().out


def test_import_backup_restores_what_the_database_lacks(db: None) -> None:
    publish_signal(make_evaluation(62.5))
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM signals_signal")

    assert run("import_backup") == "0 imported, 0 known already, 0 refused\n"
    assert run("import_backup", "--all") == "1 imported, 0 known already, 0 refused\n"
    assert run("import_backup", "--all") == "0 imported, 1 known already, 0 refused\n"
    assert run("verify_chain") == "1 streams, 1 links, all intact\n"


def test_import_backup_fails_on_a_line_that_does_not_match_its_hash(
    db: None, settings: Any
) -> None:
    publish_signal(make_evaluation(62.5))
    [path] = settings.BACKUP_DIR.glob("signals-*.jsonl")
    path.write_bytes(path.read_bytes().replace(b'"signal":"LONG"', b'"signal":"SHORT"'))

    with pytest.raises(SystemExit):
        run("import_backup", "--all")

    assert Signal.objects.get().signal == "LONG"
