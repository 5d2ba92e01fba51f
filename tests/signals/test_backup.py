"""The backup files: every signal twice, and nothing lost while the database is away."""

from __future__ import annotations

import json
import multiprocessing
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection

from notifications.models import AlertEvent
from signals import backup, backup_import, services
from signals.alert_facts import owe_alert
from signals.backup_import import ImportReport, import_backup
from signals.chain_audit import audit_chains
from signals.models import Signal
from signals.services import publish_evaluations, publish_signal
from tests.signals.results import AT_MS, HOUR_MS, make_evaluation


def files(settings: Any) -> list[Path]:
    return sorted(Path(settings.BACKUP_DIR).glob("signals-*.jsonl"))


def stored_lines(settings: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for path in files(settings) for line in path.read_bytes().splitlines()]


class Database:
    """A switch for the database as publishing sees it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def goes_away(self) -> None:
        def refuse(**_: Any) -> None:
            raise OperationalError("connection refused")

        self._monkeypatch.setattr(services, "last_published", refuse)
        self._monkeypatch.setattr(services, "import_backup", refuse)

    def returns(self) -> None:
        self._monkeypatch.undo()


@pytest.fixture
def database(db: None) -> Database:
    return Database(pytest.MonkeyPatch())


@pytest.fixture(autouse=True)
def database_returns_in_the_end(database: Database) -> Any:
    yield
    database.returns()


def wipe_signals() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM signals_signal")


def chain_is_intact(links: int) -> bool:
    [report] = audit_chains()
    return report.fault is None and report.intact == links


def alerts() -> list[tuple[str, str, bool]]:
    """Return key, direction and lateness of every alert event, as they were raised."""
    return [
        (event.dedup_key, event.facts["direction"], event.facts["is_late"])
        for event in AlertEvent.objects.order_by("id")
    ]


def test_every_stored_signal_has_a_line_with_the_same_columns(settings: Any) -> None:
    signal = publish_signal(make_evaluation(62.5))

    assert signal is not None
    [line] = backup.lines(None, None)
    assert line.columns == signal.columns()
    assert line.columns == Signal.objects.get().columns()
    assert [path.stat().st_mode & 0o777 for path in files(settings)] == [0o600]


def test_months_have_files_of_their_own(settings: Any) -> None:
    signal = publish_signal(make_evaluation(62.5))
    assert signal is not None
    columns = signal.columns()

    with backup.exclusive():
        backup.append({**columns, "created_at": columns["created_at"].replace(year=2031, month=2)})

    assert [path.name for path in files(settings)][-1] == "signals-2031-02.jsonl"
    newest = backup.last_of_stream("test", "BTC", "balanced")
    assert newest is not None
    assert newest.columns["created_at"].year == 2031


def test_the_table_is_restored_from_the_files_alone() -> None:
    for hours, score in enumerate((62.5, 38.0, 62.5)):
        publish_signal(make_evaluation(score, at_ms=AT_MS + hours * HOUR_MS))
    before = [signal.columns() for signal in Signal.objects.order_by("seq")]
    wipe_signals()

    AlertEvent.objects.all().delete()

    report = import_backup(everything=True)

    assert report == ImportReport(imported=3)
    assert alerts() == [], "history that is restored is no news"
    assert [signal.columns() for signal in Signal.objects.order_by("seq")] == before
    assert chain_is_intact(3)
    assert import_backup(everything=True) == ImportReport(known=3)


def test_a_signal_made_without_the_database_waits_in_the_files(database: Database) -> None:
    publish_signal(make_evaluation(62.5))
    database.goes_away()

    flip = publish_signal(make_evaluation(38.0, at_ms=AT_MS + HOUR_MS))

    assert flip is not None
    assert flip.pk is None
    assert flip.seq == 2
    database.returns()
    assert Signal.objects.count() == 1
    assert alerts() == [("signal:test:BTC:balanced:1", "LONG", False)]
    assert import_backup() == ImportReport(imported=1)
    assert chain_is_intact(2)
    assert import_backup() == ImportReport()
    assert alerts()[1:] == [("signal:test:BTC:balanced:2", "SHORT", True)]


def test_what_was_said_without_the_database_is_known_for_a_flip(database: Database) -> None:
    database.goes_away()
    publish_signal(make_evaluation(62.5))
    publish_signal(make_evaluation(38.0, at_ms=AT_MS + HOUR_MS))
    database.returns()

    import_backup()

    first, second = AlertEvent.objects.order_by("id")
    assert (first.facts["is_flip"], first.facts["previous"]) == (False, None)
    assert second.facts["is_flip"] is True
    assert second.facts["previous"]["direction"] == "LONG"
    assert second.occurred_at == Signal.objects.get(seq=2).timestamp


def test_restoring_everything_still_tells_what_an_outage_owes(database: Database) -> None:
    publish_signal(make_evaluation(62.5))
    database.goes_away()
    publish_signal(make_evaluation(38.0, at_ms=AT_MS + HOUR_MS))
    database.returns()
    wipe_signals()
    AlertEvent.objects.all().delete()

    assert import_backup(everything=True) == ImportReport(imported=2)

    assert alerts() == [("signal:test:BTC:balanced:2", "SHORT", True)]
    assert backup.outage() is None


def test_an_import_that_fails_half_way_owes_no_alert_without_its_row(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.goes_away()
    publish_signal(make_evaluation(62.5))
    database.returns()
    with monkeypatch.context() as broken:

        def lose_the_connection(*arguments: Any, **more: Any) -> None:
            owe_alert(*arguments, **more)
            raise OperationalError("server closed the connection unexpectedly")

        broken.setattr(backup_import, "owe_alert", lose_the_connection)
        with pytest.raises(OperationalError):
            import_backup()
    assert not Signal.objects.exists()
    assert alerts() == []

    assert import_backup() == ImportReport(imported=1)

    assert alerts() == [("signal:test:BTC:balanced:1", "LONG", True)]


def test_a_process_killed_before_its_line_was_marked_has_lost_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die_after_the_line(columns: dict[str, Any]) -> None:
        append(columns)
        raise Killed

    append = backup.append
    database.goes_away()
    with monkeypatch.context() as dying:
        dying.setattr(backup, "append", die_after_the_line)
        with pytest.raises(Killed):
            publish_signal(make_evaluation(62.5))
    database.returns()

    assert import_backup() == ImportReport(imported=1)

    assert alerts() == [("signal:test:BTC:balanced:1", "LONG", True)]


def test_a_process_killed_before_its_line_leaves_nothing_to_import(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(_: Any) -> None:
        raise Killed

    database.goes_away()
    with monkeypatch.context() as dying:
        dying.setattr(backup, "append", die)
        with pytest.raises(Killed):
            publish_signal(make_evaluation(62.5))
    database.returns()

    assert import_backup() == ImportReport()
    assert backup.outage() is None


def test_the_publishing_rule_holds_without_the_database(database: Database) -> None:
    database.goes_away()

    first = publish_signal(make_evaluation(62.5))
    again = publish_signal(make_evaluation(62.5, at_ms=AT_MS + HOUR_MS))
    flip = publish_signal(make_evaluation(38.0, at_ms=AT_MS + 2 * HOUR_MS))

    assert first is not None
    assert again is None
    assert flip is not None
    assert flip.prev_hash == first.content_hash


def test_the_next_publication_brings_the_database_up_to_date_first(database: Database) -> None:
    database.goes_away()
    publish_signal(make_evaluation(62.5))
    database.returns()

    flip = publish_signal(make_evaluation(38.0, at_ms=AT_MS + HOUR_MS))

    assert flip is not None
    assert flip.seq == 2
    assert backup.outage() is None
    assert chain_is_intact(2)


def test_evaluations_publish_and_count_nothing_without_the_database(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise OperationalError("connection refused")

    database.goes_away()
    monkeypatch.setattr(services, "count_evaluations", refuse)

    [signal] = publish_evaluations([make_evaluation(62.5), make_evaluation(50.0, symbol="ETH")])

    assert signal.symbol == "BTC"
    assert signal.pk is None


def test_a_commit_of_unknown_fate_is_not_published_twice(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror = services._mirror

    def lose_the_connection_after_the_line(signal: Signal) -> None:
        mirror(signal)
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(services, "_mirror", lose_the_connection_after_the_line)
    signal = publish_signal(make_evaluation(62.5))
    monkeypatch.undo()

    assert signal is not None
    assert len(list(backup.lines(None, None))) == 1
    assert import_backup() == ImportReport(imported=1)
    assert Signal.objects.get().content_hash == signal.content_hash
    assert alerts() == [("signal:test:BTC:balanced:1", "LONG", True)]


def test_a_commit_whose_answer_alone_was_lost_owes_no_second_alert() -> None:
    publish_signal(make_evaluation(62.5))
    [line] = backup.lines(None, None)
    with backup.exclusive():
        backup.mark_outage(line.position)

    assert import_backup() == ImportReport(known=1)

    assert alerts() == [("signal:test:BTC:balanced:1", "LONG", False)]


def test_the_files_hold_the_same_signals_as_the_table(database: Database) -> None:
    publish_signal(make_evaluation(62.5))
    publish_signal(make_evaluation(38.0, symbol="ETH"))
    database.goes_away()
    publish_signal(make_evaluation(38.0, at_ms=AT_MS + HOUR_MS))
    database.returns()
    publish_signal(make_evaluation(62.5, at_ms=AT_MS + 2 * HOUR_MS))

    lines = [line.columns for line in backup.lines(None, None)]

    key = itemgetter("symbol", "seq")
    rows = [signal.columns() for signal in Signal.objects.all()]
    assert sorted(lines, key=key) == sorted(rows, key=key)
    assert len(lines) == 4
    assert {event.facts["seq"] for event in AlertEvent.objects.all()} == {1, 2, 3}
    assert AlertEvent.objects.count() == 4


def test_a_line_overtaken_by_another_process_is_linked_behind_it(database: Database) -> None:
    publish_signal(make_evaluation(62.5))
    database.goes_away()
    ours = publish_signal(make_evaluation(38.0, at_ms=AT_MS + HOUR_MS))
    database.returns()
    mark = backup.outage()
    assert mark is not None
    # Another machine with a backup folder of its own, whose database never went away.
    theirs = services._store(
        make_evaluation(75.0, at_ms=AT_MS + 2 * HOUR_MS),
        Signal.objects.get().created_at,
    )

    report = import_backup()

    assert ours is not None
    assert theirs is not None
    assert (ours.seq, theirs.seq) == (2, 2)
    assert report == ImportReport(imported=1, known=1)
    assert [signal.signal for signal in Signal.objects.order_by("seq")] == ["LONG", "LONG", "SHORT"]
    assert chain_is_intact(3)
    assert import_backup(everything=True) == ImportReport(known=3)
    assert alerts() == [
        ("signal:test:BTC:balanced:1", "LONG", False),
        ("signal:test:BTC:balanced:2", "LONG", False),
        ("signal:test:BTC:balanced:3", "SHORT", True),
    ]


def test_a_line_torn_by_a_crash_is_skipped_and_closed_off(settings: Any) -> None:
    publish_signal(make_evaluation(62.5))
    [path] = files(settings)
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:100])

    flip = publish_signal(make_evaluation(38.0, at_ms=AT_MS + HOUR_MS))

    assert flip is not None
    assert [line.columns["seq"] for line in backup.lines(None, None)] == [1, 2]
    newest = backup.last_of_stream("test", "BTC", "balanced")
    assert newest is not None
    assert newest.columns["content_hash"] == flip.content_hash


def test_a_torn_line_does_not_hide_the_last_whole_one(database: Database, settings: Any) -> None:
    publish_signal(make_evaluation(62.5))
    [path] = files(settings)
    path.write_bytes(path.read_bytes() * 2)
    path.write_bytes(path.read_bytes()[:-50])
    database.goes_away()

    flip = publish_signal(make_evaluation(38.0, at_ms=AT_MS + HOUR_MS))

    assert flip is not None
    assert flip.seq == 2
    database.returns()
    assert import_backup() == ImportReport(imported=1)


def test_a_forged_line_is_refused(settings: Any) -> None:
    publish_signal(make_evaluation(62.5))
    [path] = files(settings)
    path.write_bytes(path.read_bytes().replace(b'"signal":"LONG"', b'"signal":"SHORT"'))
    wipe_signals()

    assert import_backup(everything=True) == ImportReport(refused=1)

    assert not Signal.objects.exists()


def test_a_full_disk_does_not_stop_signals(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def no_space(_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backup, "append", no_space)

    signal = publish_signal(make_evaluation(62.5))

    assert signal is not None
    assert signal.pk is not None
    assert "backup line not written" in caplog.text


def append_many(directory: str, columns: dict[str, Any], process: int, count: int) -> None:
    from django.conf import settings

    settings.BACKUP_DIR = Path(directory)
    for index in range(count):
        with backup.exclusive():
            backup.append({**columns, "seq": process * 1000 + index})


def test_lines_of_several_processes_do_not_mix(settings: Any) -> None:
    signal = publish_signal(make_evaluation(62.5))
    assert signal is not None
    [path] = files(settings)
    path.unlink()
    columns = {**signal.columns(), "reasons": ["x" * 20_000]}
    context = multiprocessing.get_context("fork")
    processes = [
        context.Process(target=append_many, args=(str(settings.BACKUP_DIR), columns, number, 20))
        for number in range(3)
    ]

    for process in processes:
        process.start()
    for process in processes:
        process.join(timeout=60)

    assert [process.exitcode for process in processes] == [0, 0, 0]
    seqs = [line["seq"] for line in stored_lines(settings)]
    assert sorted(seqs) == [1000 * p + i for p in range(3) for i in range(20)]
