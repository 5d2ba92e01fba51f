"""Signals from elsewhere: each once, as they were said, beside the chains."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import models
from rest_framework.test import APIClient

from market import clock
from signals import backup, importing, importing_files
from signals.importing import import_signals
from signals.importing_files import UnreadableFile
from signals.importing_records import columns_of
from signals.importing_values import Refused, Skipped
from signals.models import Signal
from signals.services import publish_signal
from tests.signals.old_history import (
    BEGAN,
    SAVED_AFTER,
    SIGNALS,
    old_entry,
    old_history,
    old_signal,
)
from tests.signals.results import AT_MS, HOUR_MS, make_evaluation

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def array_file(folder: Path, entries: Any) -> Path:
    path = folder / "signal_history.json"
    path.write_text(json.dumps(entries, indent=2))
    return path


def lines_file(folder: Path, *entries: Any) -> Path:
    path = folder / "signals.jsonl"
    path.write_text("".join(f"{json.dumps(entry)}\n" for entry in entries))
    return path


def export_of(api: APIClient, folder: Path, query: str = "") -> Path:
    path = folder / "export.jsonl"
    response: Any = api.get(f"/history/export{query}")
    path.write_bytes(b"".join(response.streaming_content))
    return path


def lose_the_table() -> None:
    models.QuerySet(Signal)._raw_delete(using="default")


def test_of_records_in_which_each_signal_stands_twice_each_comes_out_once(tmp_path: Path) -> None:
    path = array_file(tmp_path, old_history())

    totals = import_signals(path)

    assert totals == Counter(imported=SIGNALS, duplicate=SIGNALS, skipped=0, refused=0)
    assert Signal.objects.count() == SIGNALS
    assert Signal.objects.filter(seq__isnull=False).count() == 0


def test_importing_again_changes_nothing(tmp_path: Path) -> None:
    path = array_file(tmp_path, old_history())
    import_signals(path)
    before = list(Signal.objects.order_by("pk").values())

    totals = import_signals(path)

    assert totals == Counter(imported=0, duplicate=2 * SIGNALS, skipped=0, refused=0)
    assert list(Signal.objects.order_by("pk").values()) == before


def test_a_dry_run_says_the_same_and_stores_nothing(tmp_path: Path) -> None:
    path = array_file(tmp_path, [*old_history(), old_signal(signal="NEUTRAL"), {"symbol": "BTC"}])
    rehearsed: list[dict[str, Any]] = []
    done: list[dict[str, Any]] = []

    dry = import_signals(path, dry_run=True, report=rehearsed.append)
    stored_by_the_dry_run = Signal.objects.count()
    wet = import_signals(path, report=done.append)

    assert stored_by_the_dry_run == 0
    assert dry == wet == Counter(imported=SIGNALS, duplicate=SIGNALS, skipped=1, refused=1)
    assert rehearsed == done


def test_every_batch_size_gives_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "BATCH", 7)
    path = lines_file(tmp_path, *old_history())

    dry = import_signals(path, dry_run=True)

    assert dry == import_signals(path)
    assert Signal.objects.count() == SIGNALS


def test_what_the_first_release_said_is_kept_as_it_was(tmp_path: Path) -> None:
    entry = old_entry(old_signal(5, debug={"scoreBreakdown": {}}))

    import_signals(array_file(tmp_path, [entry]))

    signal = Signal.objects.get()
    evaluated_at = BEGAN + timedelta(hours=5)
    assert (signal.environment, signal.symbol, signal.signal) == ("test", "ETH", "SHORT")
    assert (signal.score, signal.price) == (Decimal("41.70"), Decimal("8.25"))
    assert (signal.timestamp, signal.created_at) == (evaluated_at, evaluated_at + SAVED_AFTER)
    assert signal.metrics == entry["data"]["metrics"]
    assert signal.comprehensive_metrics == entry["data"]["comprehensiveMetrics"]
    assert signal.lunarcrush_metrics == entry["data"]["lunarCrushMetrics"]
    assert signal.source_reference == entry["id"]
    assert signal.source_extra == {
        "premiumMetrics": entry["data"]["premiumMetrics"],
        "debug": {"scoreBreakdown": {}},
    }
    assert (signal.seq, signal.inputs, signal.coverage_pct, signal.confidence_score) == (
        None, None, None, None,
    )  # fmt: skip
    assert signal.profile_name == "imported"
    assert signal.imported_at is not None


def test_a_group_that_is_not_there_stays_unknown(tmp_path: Path) -> None:
    import_signals(array_file(tmp_path, [old_entry(old_signal(0))]))

    signal = Signal.objects.get()
    assert (signal.lunarcrush_metrics, signal.coinapi_metrics) == (None, None)
    assert (signal.smc_analysis, signal.ai_validation) == (None, None)


@pytest.mark.parametrize(
    ("book", "kept"),
    [
        ({"imbalance": 0.0, "spreadPercent": 0.0, "whaleBids": 0, "whaleAsks": 0}, None),
        ({"imbalance": 0.0, "whaleBids": 1}, {"imbalance": 0.0, "whaleBids": 1}),
        ({}, {}),
        (None, None),
    ],
)
def test_an_order_book_of_zeros_is_an_unknown_one(book: Any, kept: Any) -> None:
    metrics = {"orderbook": book, "trades": {"buyPressure": 0.0}}

    columns = columns_of(old_signal(coinAPIMetrics=metrics), environment="test", now=NOW)

    assert columns["coinapi_metrics"] == {"orderbook": kept, "trades": {"buyPressure": 0.0}}


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2025-11-03T04:05:06", datetime(2025, 11, 3, 4, 5, 6, tzinfo=UTC)),
        ("2025-11-03T04:05:06.5Z", datetime(2025, 11, 3, 4, 5, 6, 500000, tzinfo=UTC)),
        ("2025-11-03T04:05:06+07:00", datetime(2025, 11, 2, 21, 5, 6, tzinfo=UTC)),
    ],
)
def test_a_time_without_a_zone_is_utc(text: str, instant: datetime) -> None:
    columns = columns_of(old_signal(timestamp=text), environment="test", now=NOW)

    assert columns["timestamp"] == instant


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"symbol": None}, "symbol: missing"),
        ({"symbol": "B T C"}, "symbol: 'B T C' is none"),
        ({"signal": "BUY"}, "signal: neither LONG nor SHORT"),
        ({"score": None}, "score: missing"),
        ({"score": True}, "score: missing"),
        ({"score": "high"}, "score: not a number"),
        ({"score": 100.01}, "score: not from 0 to 100"),
        ({"score": -0.01}, "score: not from 0 to 100"),
        ({"confidence": "very high"}, "confidence: none of high, medium, low"),
        ({"confidence": ["low"]}, "confidence: none of high, medium, low"),
        ({"price": 0.0}, "price: 0 stands for unknown"),
        ({"price": -1}, "price: out of range"),
        ({"price": 1e-19}, "price: out of range"),
        ({"price": 999_999_999_999.1}, "price: out of range"),
        ({"timestamp": 1762142706}, "timestamp: missing"),
        ({"timestamp": "yesterday"}, "timestamp: not an ISO 8601 instant"),
        ({"timestamp": "0001-01-01T00:00:00+07:00"}, "timestamp: not an ISO 8601 instant"),
        ({"timestamp": "1970-01-01T00:00:00"}, "timestamp: lies before there was a market"),
        ({"timestamp": "2026-01-01T00:05:01"}, "timestamp: lies in the future"),
        ({"saved_at": "soon"}, "saved_at: not an ISO 8601 instant"),
        ({"reasons": "because"}, "reasons: not a list as it should be"),
        ({"reasons": [1]}, "reasons: not a list as it should be"),
        ({"metrics": []}, "metrics: not an object"),
        ({"coinAPIMetrics": "none"}, "coinAPIMetrics: not an object"),
        ({"note": "a\0b"}, "a text with a character that no database takes"),
        ({"n\0te": 1}, "a text with a character that no database takes"),
        ({"reasons": ["\ud800"]}, "a text with a character that no database takes"),
        ({"metrics": {"deep": [float("inf")]}}, "a number out of range"),
        ({"metrics": {"wide": 2**63}}, "a number out of range"),
    ],
)
def test_a_record_that_cannot_be_a_signal_is_refused_with_the_reason(
    changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(Refused, match=f"^{reason}$"):
        columns_of(old_signal(**changes), environment="test", now=NOW)


@pytest.mark.parametrize(
    "changes",
    [
        {"score": 0},
        {"score": 100},
        {"score": "62.5"},
        {"price": 1e-18},
        {"price": 999_999_999_999},
        {"symbol": "btcusdt"},
        {"reasons": []},
        {"timestamp": "2026-01-01T00:05:00"},
        {"metrics": {"wide": 2**63 - 1}},
        {"note": "\N{ROCKET} ü"},
    ],
)
def test_what_lies_just_inside_is_taken_and_stored(changes: dict[str, Any]) -> None:
    columns = columns_of(old_signal(**changes), environment="test", now=NOW)

    Signal(**columns).save()

    assert Signal.objects.count() == 1


def test_a_neutral_is_skipped() -> None:
    with pytest.raises(Skipped, match="NEUTRAL is never stored"):
        columns_of(old_signal(signal="NEUTRAL"), environment="test", now=NOW)


def test_bad_records_are_refused_one_by_one_and_the_rest_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "mixed.jsonl"
    deep = "[" * 100_000
    path.write_bytes(
        b"\xef\xbb\xbf{not json\n\n"
        + json.dumps(old_signal(1)).encode()
        + b'\n"text"\n[1]\n\xff\xfe\n'
        + f'{{"symbol": {deep}}}\n'.encode()
        + json.dumps(old_signal(2, score=float("nan"))).encode()
        + b"\n"
        + json.dumps(old_signal(3)).replace("61.0", "9" * 5000).encode()
        + b"\n"
        + json.dumps(old_signal(4)).encode()
    )
    told: list[dict[str, Any]] = []

    totals = import_signals(path, report=told.append)

    assert totals == Counter(imported=2, duplicate=0, skipped=0, refused=7)
    assert [(each["record"], each["result"]) for each in told] == [
        (1, "refused"), (3, "imported"), (4, "refused"), (5, "refused"), (6, "refused"),
        (7, "refused"), (8, "refused"), (9, "refused"), (10, "imported"),
    ]  # fmt: skip
    reasons = {each["record"]: each["reason"] for each in told}
    assert reasons[1].startswith("not JSON: ")
    assert reasons[4] == reasons[5] == "not an object"
    assert reasons[7] == "not JSON: nested too deep"
    assert reasons[8] == "score: missing"
    assert reasons[9] == "a number out of range"


def test_a_line_longer_than_any_of_ours_is_refused_without_being_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing_files, "MOST_LINE_BYTES", 2000)
    path = lines_file(tmp_path, old_signal(1), {"long": "x" * 9000}, old_signal(2))

    assert import_signals(path) == Counter(imported=2, duplicate=0, skipped=0, refused=1)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "The file is empty."),
        (b" \n ", "The file is empty."),
        (b"[{]", "The file is not JSON"),
        (b"[" + b" " * 100 + b"]", "An array of more than"),
    ],
)
def test_a_file_that_is_none_of_the_known_ones_is_refused_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, complaint: str
) -> None:
    monkeypatch.setattr(importing_files, "MOST_ARRAY_BYTES", 50)
    path = tmp_path / "file"
    path.write_bytes(content)

    with pytest.raises(UnreadableFile, match=complaint):
        import_signals(path)


def test_our_own_export_comes_back_with_its_evidence_outside_the_chain(
    api: APIClient, tmp_path: Path
) -> None:
    published = publish_signal(make_evaluation(62.5))
    assert published is not None
    path = export_of(api, tmp_path)
    lose_the_table()

    totals = import_signals(path)

    assert totals["imported"] == 1
    signal = Signal.objects.get()
    assert (signal.seq, signal.inputs, signal.content_hash) == (None, None, "")
    assert signal.source_reference == published.content_hash
    for name in (
        "score", "price", "confidence_score", "coverage_pct", "factors", "provenance", "reasons",
        "profile_name", "profile", "engine_version", "input_hash", "timestamp", "created_at",
    ):  # fmt: skip
        assert getattr(signal, name) == getattr(published, name), name


def test_our_own_backup_is_taken_too(tmp_path: Path) -> None:
    published = publish_signal(make_evaluation(62.5))
    assert published is not None
    [path] = tmp_path.glob("backup/*.jsonl")
    lose_the_table()

    totals = import_signals(path)

    assert totals == Counter(imported=1, duplicate=0, skipped=0, refused=0)
    assert Signal.objects.get().source_reference == published.content_hash


def test_what_was_published_here_is_there_already(api: APIClient, tmp_path: Path) -> None:
    publish_signal(make_evaluation(62.5))

    totals = import_signals(export_of(api, tmp_path))

    assert totals == Counter(imported=0, duplicate=1, skipped=0, refused=0)


def test_an_imported_signal_survives_export_and_import(api: APIClient, tmp_path: Path) -> None:
    import_signals(array_file(tmp_path, [old_entry(old_signal(5))]))
    [before] = Signal.objects.values()
    path = export_of(api, tmp_path)
    lose_the_table()

    import_signals(path)

    [after] = Signal.objects.values()
    differing = {name for name in before if before[name] != after[name]}
    assert differing <= {"id", "imported_at"}


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("price", "0.00000622", "content_hash: the line is not what was published"),
        ("reasons", ["other"], "content_hash: the line is not what was published"),
        ("environment", "live", "environment: of 'live', this is 'test'"),
        ("coverage_pct", 101, "coverage_pct: not from 0 to 100"),
        ("profile_version", -1, "profile_version: not a number"),
        ("engine_version", "x" * 21, "engine_version: not a text of at most 20 characters"),
        ("problems", [1], "problems: not a list as it should be"),
    ],
)
def test_an_own_line_that_was_changed_is_refused(
    api: APIClient, tmp_path: Path, name: str, value: Any, reason: str
) -> None:
    publish_signal(make_evaluation(62.5))
    line = json.loads(export_of(api, tmp_path).read_text().splitlines()[0])

    with pytest.raises(Refused, match=reason):
        columns_of({**line, name: value}, environment="test", now=NOW)


def test_a_broken_export_says_so(tmp_path: Path) -> None:
    broken = {"broken": {"rows": 1, "detail": "…"}}
    told: list[dict[str, Any]] = []

    totals = import_signals(lines_file(tmp_path, old_signal(1), broken), report=told.append)

    assert (totals["imported"], totals["refused"]) == (1, 1)
    assert told[-1]["reason"] == "this export broke off: the rest is missing"


def test_another_import_of_the_same_file_at_the_same_time_does_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = array_file(tmp_path, old_history())
    look = importing._fresh
    was_overtaken = []

    def look_and_be_overtaken(parsed: Any) -> Any:
        fresh = look(parsed)
        if not was_overtaken:
            was_overtaken.append(True)
            Signal(**fresh[0].columns).save()
        return fresh

    monkeypatch.setattr(importing, "_fresh", look_and_be_overtaken)

    totals = import_signals(path)

    assert totals == Counter(imported=SIGNALS - 1, duplicate=SIGNALS + 1, skipped=0, refused=0)
    assert Signal.objects.count() == SIGNALS


# --- The chains know nothing of it ----------------------------------------------------------------


def publish(score: float, hours: int = 0) -> Signal:
    signal = publish_signal(make_evaluation(score, at_ms=AT_MS + hours * HOUR_MS))
    assert signal is not None
    return signal


def import_into_the_stream(tmp_path: Path, *, hours: int, side: str = "LONG") -> Signal:
    """Import a signal that bears the coin and the profile of the published ones."""
    at = clock.datetime_at(AT_MS + hours * HOUR_MS).isoformat()
    record = old_signal(symbol="BTC", timestamp=at, signal=side)
    columns = columns_of(record, environment="test", now=clock.wall_now())
    signal = Signal(**{**columns, "profile_name": "balanced"})
    signal.save()
    return signal


def test_a_stream_goes_on_behind_its_own_last_link(tmp_path: Path) -> None:
    first = publish(62.5)
    import_into_the_stream(tmp_path, hours=1, side="SHORT")

    second = publish(30.0, hours=2)

    assert (second.seq, second.prev_hash) == (2, first.content_hash)


def test_an_import_is_no_reason_to_publish_or_not_to(tmp_path: Path) -> None:
    publish(62.5)
    import_into_the_stream(tmp_path, hours=1, side="SHORT")

    # The same direction within the cooldown: not due, though the import would make it a flip.
    assert publish_signal(make_evaluation(62.5, at_ms=AT_MS + 2 * HOUR_MS)) is None


def test_a_first_signal_is_the_first_whatever_was_imported(tmp_path: Path) -> None:
    import_into_the_stream(tmp_path, hours=-1)

    assert publish(62.5).seq == 1


def test_the_chains_stay_intact(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    publish(62.5)
    import_into_the_stream(tmp_path, hours=1)
    publish(30.0, hours=2)

    call_command("verify_chain")

    assert "1 streams, 2 links, all intact" in capsys.readouterr().out


def test_a_lost_table_is_restored_from_the_backup_beside_imports(
    api: APIClient, tmp_path: Path
) -> None:
    published = publish(62.5)
    path = export_of(api, tmp_path)
    lose_the_table()
    import_signals(path)

    call_command("import_backup", "--all")

    assert Signal.objects.get(seq=1).content_hash == published.content_hash


def test_imports_are_not_written_to_the_backup(tmp_path: Path) -> None:
    import_signals(array_file(tmp_path, old_history()))

    assert list(backup.lines(None, None)) == []


# --- The command ----------------------------------------------------------------------------------


def test_the_command_tells_totals_and_reports_each_record(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "report.jsonl"
    path = array_file(tmp_path, old_history())

    call_command("import_signals", str(path), "--report", str(report))

    assert capsys.readouterr().out == "24 imported, 24 there already, 0 skipped, 0 refused\n"
    lines = [json.loads(line) for line in report.read_text().splitlines()]
    assert len(lines) == 2 * SIGNALS
    assert lines[1] == {
        "record": 2,
        "result": "duplicate",
        "reason": "the same coin, instant and side is there already",
        "symbol": "BTC",
        "signal": "LONG",
        "timestamp": "2025-11-03T04:05:06.123456+00:00",
        "source_reference": "sig_20251103040506203456",
    }


def test_the_command_fails_when_a_record_was_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = array_file(tmp_path, [old_signal(1), old_signal(2, price=0)])

    with pytest.raises(SystemExit):
        call_command("import_signals", str(path), "--dry-run")

    assert capsys.readouterr().out.splitlines() == [
        "record 2 refused: price: 0 stands for unknown",
        "1 would be imported, 0 there already, 0 skipped, 1 refused",
    ]


def test_the_command_refuses_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_signals", str(tmp_path / "nothing.json"))
