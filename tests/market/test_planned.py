"""Paid reads: which are due, which have their turn, and what the answer is told of the others."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, cast

import numpy as np
import pytest

from market.models import SeriesKind
from market.providers.errors import ProviderRejected, ProviderUnavailable
from market.providers.plan_share import PlanShare
from market.providers.refusals import EndpointRefused, Refusal, Scope
from market.providers.registry import Providers
from market.series import Held
from market.snapshot import ReadingName
from market.sources.asking import Asking, Harvest, StaleAnswer, series_key
from market.sources.planned import (
    UNKNOWN_AGAIN_MS,
    PlannedRead,
    ask_planned,
    said,
    unless_unknown,
    urgency_of,
)
from market.tables import Table
from market.types import MINUTE_MS, Venue

NOW_MS = 1_790_683_620_000
REFRESH_MS, MAX_AGE_MS = 15 * MINUTE_MS, 60 * MINUTE_MS


class Affordable:
    """A share of a plan that grants so many calls."""

    def __init__(self, calls: int) -> None:
        self.left = calls

    async def grant(self, cost: int) -> bool:
        if cost > self.left:
            return False
        self.left -= cost
        return True

    def __str__(self) -> str:
        return "the small plan affords 2 per minute"


def asking(calls: int = 100) -> Asking:
    class Some:
        shares: Mapping[str, PlanShare] = {
            Venue.COINGLASS.value: cast(PlanShare, Affordable(calls)),
            Venue.LUNARCRUSH.value: cast(PlanShare, Affordable(calls)),
        }

    return Asking(cast(Providers, Some()), Harvest(), [], NOW_MS)


class Reads:
    """Planned reads that note in which order they were asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def of(
        self,
        base: str,
        urgency: float,
        *,
        cost: int = 1,
        venue: Venue = Venue.COINGLASS,
        ask: Callable[[], Coroutine[Any, Any, None]] | None = None,
    ) -> PlannedRead:
        async def note() -> None:
            self.asked.append(base)
            if ask is not None:
                await ask()

        return PlannedRead(venue, (base,), ReadingName.FUNDING, "funding", cost, urgency, note)


def plan(
    notes: Asking,
    *reads: PlannedRead,
    standing: Mapping[Venue, Mapping[str, Refusal]] | None = None,
    patience_s: float = 30.0,
) -> None:
    asyncio.run(ask_planned(notes, reads, standing or {}, patience_s))


def told(notes: Asking) -> dict[str, str]:
    return {base: problem.detail for base, [problem] in notes.harvest.problems.items()}


def left_out(notes: Asking) -> dict[str, str]:
    return {base: problem.detail for base, [problem] in notes.harvest.left_out.items()}


# --- What is due ----------------------------------------------------------------------------------


def held(age_ms: int, rows: int = 1) -> Held:
    times_ms = np.arange(rows, dtype=np.int64)
    return Held(Table(times_ms, np.zeros((1, rows))), NOW_MS - age_ms)


@pytest.mark.parametrize(
    ("known", "urgency"),
    [
        (None, math.inf),
        (held(REFRESH_MS - 1), None),
        (held(REFRESH_MS), 0.25),
        (held(2 * MAX_AGE_MS), 2.0),
        # The vendor had nothing: long unasked, however old other values would be.
        (held(UNKNOWN_AGAIN_MS - 1, rows=0), None),
        (held(UNKNOWN_AGAIN_MS, rows=0), UNKNOWN_AGAIN_MS / MAX_AGE_MS),
    ],
)
def test_urgency_is_age_relative_to_the_age_at_which_a_value_is_refused(
    known: Held | None, urgency: float | None
) -> None:
    assert urgency_of(known, NOW_MS, refresh_ms=REFRESH_MS, max_age_ms=MAX_AGE_MS) == urgency


# --- Whose turn it is -----------------------------------------------------------------------------


def test_the_most_pressing_reads_have_their_turn_and_the_others_are_named() -> None:
    notes, reads = asking(calls=2), Reads()

    plan(notes, reads.of("A", 0.3), reads.of("B", 0.9), reads.of("C", 0.6), reads.of("D", 0.1))

    assert reads.asked == ["B", "C"]
    assert left_out(notes) == dict.fromkeys(
        ("A", "D"), "its turn has not come: the small plan affords 2 per minute"
    )
    assert told(notes) == {}


def test_of_equally_pressing_reads_the_one_named_first_goes_first() -> None:
    notes, reads = asking(calls=2), Reads()

    plan(notes, *(reads.of(base, math.inf) for base in "ABC"))

    assert reads.asked == ["A", "B"]


def test_no_cheaper_read_overtakes_one_that_must_wait() -> None:
    notes, reads = asking(calls=2), Reads()

    plan(notes, reads.of("dear", 0.9, cost=3), reads.of("cheap", 0.1))

    assert reads.asked == []
    assert set(left_out(notes)) == {"dear", "cheap"}


def test_one_vendors_plan_does_not_bind_another() -> None:
    notes, reads = asking(calls=1), Reads()

    plan(
        notes,
        reads.of("A", 0.9),
        reads.of("B", 0.8),
        reads.of("C", 0.1, venue=Venue.LUNARCRUSH),
    )

    assert sorted(reads.asked) == ["A", "C"]


def test_what_the_key_may_not_ask_costs_neither_a_call_nor_a_turn() -> None:
    notes, reads = asking(calls=1), Reads()
    refusal = Refusal(Scope.ENDPOINT, "answers this to higher plans only", 600.0, "funding")
    free = PlannedRead(
        Venue.COINGLASS, ("B",), ReadingName.LIQUIDATIONS, "lists", 1, 0.1, reads.of("B", 0.1).ask
    )

    plan(notes, reads.of("A", 0.9), free, standing={Venue.COINGLASS: {"funding": refusal}})

    assert reads.asked == ["B"]
    assert told(notes)["A"].startswith("answers this to higher plans only; tried again at ")


# --- What became of it ----------------------------------------------------------------------------


async def unavailable() -> None:
    raise ProviderUnavailable("coinglass", "temporarily not available (503)")


async def broken() -> None:
    raise ZeroDivisionError


async def endless() -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("ask", "detail"),
    [
        (unavailable, "temporarily not available (503)"),
        (broken, "could not be processed"),
        (endless, "no answer within 0.0 s; kept for the next time when it comes"),
    ],
)
def test_a_read_that_fails_is_told_and_takes_no_other_down(
    ask: Callable[[], Coroutine[Any, Any, None]], detail: str
) -> None:
    notes, reads = asking(), Reads()

    plan(notes, reads.of("A", 0.9, ask=ask), reads.of("B", 0.1), patience_s=0.02)

    assert reads.asked == ["A", "B"]
    assert told(notes) == {"A": detail}


def test_a_read_that_is_not_waited_for_goes_on_into_another_harvest() -> None:
    notes, reads = asking(), Reads()
    key = series_key("A", SeriesKind.FUNDING, Venue.COINGLASS, "15m")

    async def work() -> tuple[Harvest, int]:
        arrives = asyncio.Event()

        async def slow() -> None:
            await arrives.wait()
            notes.keep(key, Table.empty(1))

        first = notes.harvest
        await ask_planned(notes, [reads.of("A", 0.9, ask=slow)], {}, 0.01)
        late = notes.hand_over()
        arrives.set()
        await asyncio.gather(*late)
        return first, len(late)

    handed_over, awaited = asyncio.run(work())

    assert awaited == 1
    assert handed_over.updates == []
    assert key not in handed_over.book
    assert [update.key for update in notes.take_updates()] == [key]
    assert notes.take_updates() == []


def test_a_refusal_is_told_with_the_time_to_try_again_and_a_failure_without() -> None:
    refused = EndpointRefused("coinglass", "answers this to higher plans only", retry_after_s=600.0)

    assert "; tried again at " in said(refused)
    assert said(ProviderUnavailable("coinglass", "broken")) == "broken"


@pytest.mark.parametrize(
    ("error", "remembered"),
    [
        (ProviderRejected("coinglass", "does not know this coin"), True),
        (ProviderRejected("coinglass", "blocked", blocked_for_s=60.0), False),
        (EndpointRefused("coinglass", "answers this to higher plans only"), False),
        (ProviderUnavailable("coinglass", "broken"), False),
        (StaleAnswer("coinglass", "too old"), False),
    ],
)
def test_only_a_coin_that_the_vendor_does_not_have_is_remembered_as_unknown(
    error: Exception, remembered: bool
) -> None:
    notes = asking()
    key = series_key("A", SeriesKind.FUNDING, Venue.COINGLASS, "15m")

    async def fail() -> None:
        raise error

    with pytest.raises(type(error)):
        asyncio.run(unless_unknown(notes, key, fail()))

    assert (key in notes.harvest.book) is remembered
