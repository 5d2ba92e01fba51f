"""``manage.py scan``: lists and coins, worked here or watched, on a terminal or not."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.core.management.base import OutputWrapper
from django.db import OperationalError
from pytest_django import Settings

from market import clock, universe
from market.instruments import InstrumentRegistry
from market.listings import keep_registry
from market.types import Instrument, Listing, Symbol, Venue
from signals import batches
from signals.management.commands import scan as command
from signals.models import ScanRun
from signals.scan_progress import Display, bar, counted, no_worker_hint, summary
from signals.scans import start_run
from tests.signals.scan_work import HandMade, make_list

pytestmark = pytest.mark.django_db


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def work(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> HandMade:
    settings.SCAN_BATCH_SIZE = 1
    made = HandMade()
    monkeypatch.setattr(batches, "evaluate_batch", made)
    return made


@pytest.fixture(autouse=True)
def four_coins(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have four coins listed, and nobody to ask for more."""
    universe.reset()
    monkeypatch.setattr(universe, "start_renewal", lambda: None)
    keep_registry(
        InstrumentRegistry(
            Instrument(Symbol(base), binance=Listing(Venue.BINANCE, f"{base}USDT"))
            for base in ("BTC", "ETH", "POL", "SOL")
        )
    )
    yield
    universe.reset()


def scan(*arguments: str, out: io.StringIO | None = None) -> str:
    out = out or io.StringIO()
    call_command("scan", *arguments, stdout=out, no_color=True)
    return out.getvalue()


def test_a_list_is_queued_and_it_is_told_how_to_go_on() -> None:
    make_list()

    told = scan("main")

    run = ScanRun.objects.get()
    assert (run.name, run.state) == ("Main", "running")
    assert f"Run {run.pk} waits for a worker: 2 coins." in told
    assert "--watch" in told
    assert "--here" in told


def test_here_works_without_a_worker_and_tells_each_batch_and_the_sum() -> None:
    make_list(("BTC", "ETH"))

    lines = scan("Main", "--here").splitlines()

    assert [line.rpartition(", ")[0] for line in lines[:3]] == [
        "0/2 coins",
        "1/2 coins, 1 published",
        "2/2 coins, 2 published",
    ]
    assert lines[3].startswith("Main: complete in ")
    assert lines[3].endswith("2 of 2 coins evaluated, 2 signals published.")


def test_without_names_every_enabled_list_is_scanned() -> None:
    make_list(("BTC",), name="One")
    make_list(("ETH",), name="Two")
    make_list(("SOL",), name="Off", enabled=False)

    scan("--here")

    assert sorted(ScanRun.objects.values_list("name", "state")) == [
        ("One", "complete"),
        ("Two", "complete"),
    ]


def test_coins_are_named_in_any_spelling(work: HandMade) -> None:
    told = scan("btcusdt", "MATIC", "--here", "--profile", "aggressive")

    assert work.asked == [("BTC",), ("POL",)]
    assert "MATIC is called POL now." in told
    assert ScanRun.objects.get().profile_name == "aggressive"


@pytest.mark.parametrize(
    ("arguments", "told", "code"),
    [
        (["BTC", "ETTH"], "Nothing tradable is called ETTH. Did you mean ETH", 2),
        (["No such list"], "Watchlists: Main.", 2),
        (["BTC", "--profile", "nope"], "There is no profile nope; known: aggressive", 2),
        (["Empty"], "no such watchlist with coins", 1),
    ],
)
def test_what_cannot_be_scanned_is_refused_and_why(
    arguments: list[str], told: str, code: int
) -> None:
    make_list()
    if arguments == ["Empty"]:
        make_list((), name="Empty")

    with pytest.raises(CommandError, match=None) as refused:
        scan(*arguments)

    assert told in str(refused.value)
    assert refused.value.returncode == code
    assert not ScanRun.objects.exists()


def test_a_list_that_is_being_scanned_is_watched_and_not_started_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_list(("BTC", "ETH"))
    scan("Main")
    # While this one pauses a worker works.
    monkeypatch.setattr(command, "sleep", lambda _: batches.run_batches(for_s=0.0))

    told = scan("Main", "--watch")

    assert ScanRun.objects.count() == 1
    assert "Main is being scanned already" in told
    assert [line.split(",")[0] for line in told.splitlines()[1:4]] == [
        "0/2 coins",
        "1/2 coins",
        "2/2 coins",
    ]


def test_a_terminal_sees_one_line_drawn_over() -> None:
    out = Terminal()
    make_list(("BTC", "ETH"))

    told = scan("Main", "--here", out=out)

    drawn = told.split("\n")[0].split("\r")[1:]
    assert [line.count("#") > 0 for line in drawn] == [False, True, True, True]
    assert "1/2 coins, 1 published" in drawn[1]
    assert "." not in drawn[-1].partition("]")[0]


def test_ctrl_c_leaves_the_run_going(monkeypatch: pytest.MonkeyPatch) -> None:
    make_list()

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "sleep", interrupt)

    with pytest.raises(CommandError, match="The run goes on") as stopped:
        scan("Main", "--watch")

    assert stopped.value.returncode == 130
    assert ScanRun.objects.get().state == "running"


def test_a_run_that_nobody_works_ends_at_its_deadline_and_names_what_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_list(("BTC", "ETH"), period_min=5)
    out = io.StringIO()

    def hours_pass(_: float) -> None:
        ScanRun.objects.update(deadline_at=clock.wall_now())

    monkeypatch.setattr(command, "sleep", hours_pass)

    with pytest.raises(CommandError, match="Not every coin") as partial:
        scan("Main", "--watch", out=out)

    assert partial.value.returncode == 1
    assert "Main: partial" in out.getvalue()
    assert "2 not reached" in out.getvalue()
    assert "BTC: Nobody got to it before the deadline." in out.getvalue()


def test_a_database_that_goes_away_is_told_without_a_traceback(work: HandMade) -> None:
    work.scores = {"BTC": OperationalError("no route to 10.0.0.1")}

    with pytest.raises(CommandError, match="The database is away") as away:
        scan("BTC", "--here")

    assert "10.0.0.1" not in str(away.value)


# --- The words ------------------------------------------------------------------------------------


def a_run(**counts: int) -> ScanRun:
    at = clock.wall_now()
    columns = {"requested": 40, "started_at": at, "deadline_at": at, "name": "Main"}
    return ScanRun(**{**columns, **counts})


@pytest.mark.parametrize(
    ("done", "expected"), [(0, "[....]"), (9, "[....]"), (10, "[#...]"), (40, "[####]")]
)
def test_a_bar_is_full_when_all_is_done_and_not_before(done: int, expected: str) -> None:
    assert bar([a_run(done=done)], 4) == expected


def test_counts_are_summed_over_runs_and_zeros_left_out() -> None:
    assert counted([a_run(done=3, failed=1), a_run(skipped=2)]) == (
        "6/80 coins, 1 failed, 2 skipped"
    )


def test_the_sum_of_a_run_says_everything_that_was_not_as_it_should_be() -> None:
    run = a_run(done=30, insufficient=5, failed=1, skipped=2, published=3)
    run.state, run.finished_at = "partial", run.started_at + timedelta(seconds=61.25)

    assert summary(run) == (
        "Main: partial in 61.2 s. 30 of 40 coins evaluated, 3 signals published, 5 with too little "
        "known for a direction, 1 failed, 2 skipped, 7 not reached."
    )


@pytest.mark.parametrize(("waited_s", "is_told"), [(19, False), (21, True)])
def test_when_no_worker_takes_a_run_for_long_it_is_told(waited_s: float, is_told: bool) -> None:
    run = start_run(["BTC"])

    hint = no_worker_hint([run], run.started_at + timedelta(seconds=waited_s))

    assert bool(hint) is is_told
    assert ("No worker has taken it yet" in hint) is is_told


def test_a_run_that_was_taken_waits_for_no_worker() -> None:
    run = start_run(["BTC", "ETH"])
    batches.claim_batch()

    assert no_worker_hint([run], run.started_at + timedelta(hours=1)) == ""


def test_a_hint_ends_the_line_that_is_drawn_over() -> None:
    out = Terminal()
    display = Display(OutputWrapper(out), is_terminal=True)
    display.show([a_run()])

    display.say("Hm.")

    assert out.getvalue().splitlines()[-1] == "Hm."
