"""The export: everything once, in little memory, loud when it breaks; checked without our code."""

from __future__ import annotations

import base64
import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, models
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from signals import export
from signals.export import Export
from signals.export_formats import CsvTable, JsonLines, _cell
from signals.hash_chain import content_hash
from signals.history import listed_signals
from signals.history_clearing import clear_history
from signals.importing_records import columns_of
from signals.models import Signal
from signals.services import publish_signal
from tests.signals.old_history import old_signal
from tests.signals.results import AT_MS, HOUR_MS, make_evaluation
from tests.source_tree import ROOT

pytestmark = pytest.mark.django_db

VERIFIER = ROOT / "docs" / "verify_export.py"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def publish(score: float, hours: int = 0, symbol: str = "BTC", **changes: Any) -> Signal:
    signal = publish_signal(
        make_evaluation(score, at_ms=AT_MS + hours * HOUR_MS, symbol=symbol, **changes)
    )
    assert signal is not None
    return signal


def publish_two_streams() -> None:
    for hours, score in enumerate((62.5, 30.0, 71.25)):
        publish(score, hours)
        publish(score, hours, "ETH")


def exported(api: APIClient, query: str = "") -> bytes:
    response: Any = api.get(f"/history/export{query}")
    assert response.status_code == 200
    return b"".join(response.streaming_content)


def lines_of(exported_bytes: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in exported_bytes.splitlines()]


def rows_of(exported_bytes: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(exported_bytes.decode(), newline="")))


# --- What is in it --------------------------------------------------------------------------------


@pytest.mark.parametrize("chunk_rows", [1, 2, 3, 6, 7, 100])
def test_every_signal_is_in_it_once_whatever_the_chunks(
    api: APIClient, monkeypatch: pytest.MonkeyPatch, chunk_rows: int
) -> None:
    monkeypatch.setattr(export, "CHUNK_ROWS", chunk_rows)
    publish_two_streams()

    *signals, end = lines_of(exported(api))

    assert [line["id"] for line in signals] == list(
        Signal.objects.order_by("pk").values_list("pk", flat=True)
    )
    assert end == {"end": {"rows": 6}}


def test_a_line_has_the_hashed_columns_as_they_were_hashed(api: APIClient) -> None:
    signal = publish(62.5, price=0.00000621)

    line, _ = lines_of(exported(api))

    hashed = {name: line[name] for name in Signal.HASHED_COLUMNS}
    assert content_hash(hashed) == signal.content_hash == line["content_hash"]
    assert (line["score"], line["price"]) == ("62.5", "0.00000621")
    assert line["timestamp"] == "2025-10-11T00:00:00.000000+00:00"
    assert "inputs_base64" not in line


def test_on_request_it_has_what_each_signal_was_computed_from(api: APIClient) -> None:
    signal = publish(62.5)

    line, _ = lines_of(exported(api, "?inputs=true"))

    assert signal.inputs is not None
    assert base64.b64decode(line["inputs_base64"]) == bytes(signal.inputs)


def test_imported_signals_are_in_it_and_marked(api: APIClient) -> None:
    Signal(**columns_of(old_signal(id="sig_1"), environment="test", now=NOW)).save()

    line, _ = lines_of(exported(api, "?inputs=true"))

    assert (line["origin"], line["seq"], line["source_reference"]) == ("imported", None, "sig_1")
    assert (line["inputs"], line["inputs_base64"]) == (None, None)
    assert line["source_extra"] == {"premiumMetrics": old_signal()["premiumMetrics"]}


def test_the_same_filters_choose_as_in_the_list(api: APIClient) -> None:
    publish_two_streams()

    chosen = lines_of(exported(api, "?symbol=ethusdt&signal_type=LONG&max_score=70"))

    assert [(line.get("symbol"), line.get("score")) for line in chosen[:-1]] == [("ETH", "62.5")]


def test_what_a_clear_hid_comes_on_request_only(api: APIClient) -> None:
    publish(62.5)
    clear_history(NOW, actor="test")

    assert lines_of(exported(api)) == [{"end": {"rows": 0}}]
    assert len(lines_of(exported(api, "?include_cleared=true"))) == 2


def test_another_environment_is_not_in_it(api: APIClient, settings: Any) -> None:
    publish(62.5)
    settings.ENVIRONMENT = "live"

    assert lines_of(exported(api, "?include_cleared=true")) == [{"end": {"rows": 0}}]


def test_what_is_stored_while_it_runs_is_not_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "CHUNK_ROWS", 1)
    publish(62.5)
    publish(30.0, 1)
    stream = iter(Export(listed_signals(), JsonLines(with_inputs=False)))

    begun = [next(stream), next(stream)]
    publish(71.25, 2)
    rest = list(stream)

    assert [line.get("seq") for line in lines_of(b"".join(begun + rest))] == [1, 2, None]


def test_it_is_a_file_to_keep(api: APIClient) -> None:
    response = api.get("/history/export")
    table = api.get("/history/export?format=csv", HTTP_ACCEPT="text/csv")

    assert response["Content-Type"] == "application/x-ndjson"
    assert response["Content-Disposition"].startswith('attachment; filename="signals-test-')
    assert response["Content-Disposition"].endswith('Z.jsonl"')
    assert response["Cache-Control"] == "no-store"
    assert table["Content-Type"] == "text/csv; charset=utf-8"


@pytest.mark.parametrize("query", ["format=xml", "limit=5", "inputs=maybe", "min_score=101"])
def test_a_parameter_that_is_not_valid_is_refused_before_anything_is_sent(
    api: APIClient, query: str
) -> None:
    assert api.get(f"/history/export?{query}").status_code == 400


# --- Tables for spreadsheets ----------------------------------------------------------------------


def test_the_table_has_a_row_for_each_signal(api: APIClient) -> None:
    signal = publish(62.5, price=0.00000621)

    [row] = rows_of(exported(api, "?format=csv"))

    assert (row["id"], row["symbol"], row["signal"]) == (str(signal.pk), "BTC", "LONG")
    assert (row["score"], row["price"], row["coverage_pct"]) == ("62.5", "0.00000621", "15.0")
    assert (row["seq"], row["content_hash"]) == ("1", signal.content_hash)
    assert row["reasons"] == signal.reasons[0]
    assert (row["fundingRate"], row["openInterest"]) == ("-0.0125", "")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_no_cell_begins_what_a_spreadsheet_computes(api: APIClient, start: str) -> None:
    evil = f'{start}HYPERLINK("http://127.0.0.1/?"&A1)'
    record = old_signal(
        id=evil, reasons=[evil, "x"], metrics={"priceTrend": evil, "fundingRate": [evil]}
    )
    Signal(**columns_of(record, environment="test", now=NOW)).save()

    [row] = rows_of(exported(api, "?format=csv"))

    assert row["source_reference"] == f"'{evil}"
    assert row["reasons"] == f"'{evil} | x"
    assert row["priceTrend"] == f"'{evil}"
    assert row["fundingRate"].startswith("[")


@given(value=st.text() | st.integers() | st.floats(allow_nan=False) | st.none() | st.booleans())
@settings(deadline=None)
def test_a_cell_is_a_number_or_harmless(value: Any) -> None:
    cell = _cell(value)

    assert not isinstance(cell, str) or not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


# --- Faults ---------------------------------------------------------------------------------------


class Breaks:
    """Lets the database fail at one of the export's looks at it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, at: int) -> None:
        self._looks, self._at, self._chunk = 0, at, Export._chunk
        monkeypatch.setattr(export, "CHUNK_ROWS", 2)
        monkeypatch.setattr(Export, "_chunk", lambda this, behind: self._look(this, behind))

    def _look(self, this: Export, behind: int) -> Any:
        self._looks += 1
        if self._looks == self._at:
            raise OperationalError("server closed the connection unexpectedly")
        return self._chunk(this, behind)


def test_an_export_that_breaks_off_says_so_at_its_end(
    api: APIClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    publish_two_streams()
    Breaks(monkeypatch, at=3)

    *signals, last = lines_of(exported(api))

    assert len(signals) == 4
    assert last["broken"]["rows"] == 4
    assert "server closed" not in json.dumps(last)
    assert "export broke off" in caplog.text


def test_a_table_that_breaks_off_says_so_at_its_end(
    api: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_two_streams()
    Breaks(monkeypatch, at=2)

    rows = exported(api, "?format=csv").decode().splitlines()

    assert rows[-1].startswith('"#BROKEN after 2 rows')


def test_a_database_that_is_away_from_the_start_is_a_503(
    api: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    Breaks(monkeypatch, at=1)

    assert api.get("/history/export").status_code == 503


def test_a_reader_who_goes_away_ends_the_export(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "CHUNK_ROWS", 1)
    publish_two_streams()
    stream: Iterator[bytes] = iter(Export(listed_signals(), CsvTable()))
    next(stream)

    stream.close()  # type: ignore[attr-defined]

    assert list(stream) == []


# --- Checked without our code ---------------------------------------------------------------------

Lines = list[dict[str, Any]]


def verify(folder: Path, lines: Lines, *infos: Any) -> tuple[bool, str]:
    """Run the verifier as anybody would, with nothing of ours to import."""
    path = folder / "export.jsonl"
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
    heads = []
    for number, info in enumerate(infos):
        heads.append(folder / f"info{number}.json")
        heads[-1].write_text(json.dumps(info))
    done = subprocess.run(
        [sys.executable, "-I", str(VERIFIER), str(path), *map(str, heads)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode == 0, done.stdout + done.stderr


def check(lines: Lines, *infos: Any) -> list[str]:
    """Ask the verifier in this process: a start of Python for each case would take long."""
    namespace: dict[str, Any] = {"__name__": "verifier"}
    exec(compile(VERIFIER.read_text(), VERIFIER.name, "exec"), namespace)  # noqa: S102
    found = namespace["check"]([json.dumps(line) for line in lines], infos)
    return list(found)


def test_the_verifier_is_short_and_needs_nothing_but_python() -> None:
    text = VERIFIER.read_text()

    assert len(text.splitlines()) < 50
    assert "import base64, decimal, hashlib, json, sys" in text


def test_a_whole_export_passes_as_it_came_from_the_server(api: APIClient, tmp_path: Path) -> None:
    publish_two_streams()
    Signal(**columns_of(old_signal(), environment="test", now=NOW)).save()
    lines = lines_of(exported(api, "?inputs=true"))

    good, said = verify(tmp_path, lines, api.get("/history/info").json())
    changed = [{**lines[0], "price": "1"}, *lines[1:]]
    bad, complaint = verify(tmp_path, changed)

    assert (good, said) == (True, "all intact\n")
    assert (bad, complaint) == (
        False, "test/BTC/balanced seq 1: was changed: its columns do not match its hash\n",
    )  # fmt: skip


def test_heads_noted_at_any_time_are_in_a_later_export(api: APIClient) -> None:
    publish(62.5)
    early = api.get("/history/info").json()
    publish(30.0, 1)
    late = api.get("/history/info").json()

    assert check(lines_of(exported(api)), early, late) == []


def _changed(name: str, value: Any) -> Callable[[Lines], Lines]:
    return lambda lines: [{**lines[0], name: value}, *lines[1:]]


FORGED: dict[str, Callable[[Lines], Lines]] = {
    "a changed price": _changed("price", "9"),
    "a changed reason": _changed("reasons", ["because"]),
    "a changed number deep inside": lambda lines: [
        {**lines[0], "metrics": {**lines[0]["metrics"], "fundingRate": -0.0126}},
        *lines[1:],
    ],
    "a changed time": _changed("timestamp", "2025-10-11T00:00:00.000001+00:00"),
    "a changed direction": _changed("signal", "SHORT"),
    "a column more": _changed("note", "new"),
    "other inputs": _changed("inputs", "0" * 64),
    "other inputs in full": _changed("inputs_base64", base64.b64encode(b"other").decode()),
    "the first row removed": lambda lines: lines[1:],
    "a row removed from the middle": lambda lines: [*lines[:2], *lines[3:]],
    "two rows swapped": lambda lines: [lines[2], lines[1], lines[0], *lines[3:]],
    "a row twice": lambda lines: [lines[0], *lines],
    "the last line missing": lambda lines: lines[:-1],
}
# Only who noted a head before can tell these.
CUT_OFF: dict[str, Callable[[Lines], Lines]] = {
    "the newest row removed": lambda lines: [*lines[:-2], lines[-1]],
    "a whole stream removed": lambda lines: [line for line in lines if line.get("symbol") != "ETH"],
    "everything removed": lambda lines: lines[-1:],
}


@pytest.mark.parametrize("forgery", FORGED)
def test_a_forged_export_does_not_pass(api: APIClient, forgery: str) -> None:
    publish_two_streams()
    lines = lines_of(exported(api))

    assert check(lines) == []
    assert check(FORGED[forgery](lines)) != []


@pytest.mark.parametrize("forgery", CUT_OFF)
def test_an_end_cut_off_does_not_pass_against_the_heads(api: APIClient, forgery: str) -> None:
    publish_two_streams()
    lines = lines_of(exported(api))
    info = api.get("/history/info").json()

    forged = CUT_OFF[forgery](lines)

    assert check(lines, info) == []
    assert check(forged) == []
    assert check(forged, info) != []


def test_a_history_written_anew_with_new_hashes_does_not_pass_against_the_heads(
    api: APIClient,
) -> None:
    publish(62.5)
    info = api.get("/history/info").json()
    line, end = lines_of(exported(api))

    forged = {**line, "price": "9"}
    forged["content_hash"] = content_hash({name: forged[name] for name in Signal.HASHED_COLUMNS})

    assert check([forged, end]) == []
    assert check([forged, end], info) == ["test/BTC/balanced seq 1: is not the head that was noted"]


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner),
    max_leaves=8,
)


@given(metrics=st.dictionaries(st.sampled_from("abcd"), JSON_VALUES))
@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_a_signal_says_its_exported_line_can_be_checked(
    api: APIClient, metrics: dict[str, Any]
) -> None:
    models.QuerySet(Signal)._raw_delete(using="default")
    evaluation = make_evaluation(62.5)
    signal = publish_signal(evaluation)
    assert signal is not None
    columns = {**signal.hashed_columns(), "metrics": metrics}
    models.QuerySet(Signal).filter(pk=signal.pk).update(
        metrics=metrics, content_hash=content_hash(columns)
    )

    assert check(lines_of(exported(api))) == []
