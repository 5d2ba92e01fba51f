"""The series store: nothing fetched is lost, whoever else writes, and the head stays small."""

from __future__ import annotations

import logging
import threading

import numpy as np
import pytest
from django.db import connections
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries, Settings

from market import series
from market.chains import BUCKETS, LAYOUTS, SeriesLayout
from market.models import HEAD_AT, Series, SeriesKind
from market.series import SeriesKey, Update, split
from market.tables import Table
from market.types import MINUTE_MS

STEP_MS = 15 * MINUTE_MS
START_MS = 1_759_276_800_000
CANDLES = SeriesKey("BTC", SeriesKind.CANDLES, "binance", "15m")
OPEN_INTEREST = SeriesKey("BTC", SeriesKind.OPEN_INTEREST, "binance", "15m")
LIQUIDATIONS = SeriesKey("BTC", SeriesKind.LIQUIDATIONS, "okx", BUCKETS)


def rows(key: SeriesKey, places: range, value: float = 1.0, step_ms: int = STEP_MS) -> Table:
    width = {SeriesKind.CANDLES: 7, SeriesKind.LIQUIDATIONS: 2}.get(key.kind, 1)
    times_ms = START_MS + np.array(places, dtype=np.int64) * step_ms
    return Table(times_ms, np.full((width, len(times_ms)), value))


def update(key: SeriesKey, places: range, value: float = 1.0, fetched_at_ms: int = 1) -> Update:
    return Update(key, rows(key, places, value), fetched_at_ms)


@pytest.mark.django_db
def test_what_was_appended_is_loaded_again() -> None:
    series.append([update(CANDLES, range(3)), update(OPEN_INTEREST, range(2), 5.0, 99)])

    book = series.load(["BTC"])

    assert set(book) == {CANDLES, OPEN_INTEREST}
    assert len(book[CANDLES].table) == 3
    assert book[OPEN_INTEREST].table.values.tolist() == [[5.0, 5.0]]
    assert book[OPEN_INTEREST].fetched_at_ms == 99


@pytest.mark.django_db
def test_many_coins_load_in_one_query(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    coins = [f"COIN{number}" for number in range(30)]
    series.append([update(CANDLES._replace(base=base), range(3)) for base in coins])

    with django_assert_num_queries(1):
        book = series.load(coins)

    assert len(book) == 30


@pytest.mark.django_db
def test_another_environment_sees_nothing(settings: Settings) -> None:
    series.append([update(CANDLES, range(3))])

    settings.ENVIRONMENT = "sandbox"

    assert series.load(["BTC"]) == {}


@pytest.mark.django_db
def test_a_source_that_had_nothing_is_remembered_as_asked() -> None:
    series.append([Update(OPEN_INTEREST, Table.empty(1), 77)])

    held = series.load(["BTC"])[OPEN_INTEREST]

    assert len(held.table) == 0
    assert held.fetched_at_ms == 77


@pytest.mark.django_db
def test_rows_overlap_without_doubling() -> None:
    series.append([update(CANDLES, range(10))])
    series.append([update(CANDLES, range(5, 15))])

    table = series.load(["BTC"])[CANDLES].table

    assert table.times_ms.tolist() == rows(CANDLES, range(15)).times_ms.tolist()


@pytest.mark.django_db
def test_a_closed_bar_that_changed_is_told_in_the_log_and_the_later_fetch_stands(
    caplog: pytest.LogCaptureFixture,
) -> None:
    series.append([update(CANDLES, range(3), 1.0, fetched_at_ms=10)])

    with caplog.at_level(logging.WARNING, logger="market.series"):
        series.append([update(CANDLES, range(2, 4), 2.0, fetched_at_ms=20)])

    assert series.load(["BTC"])[CANDLES].table.values[0].tolist() == [1.0, 1.0, 2.0, 2.0]
    assert "closed bars changed" in caplog.text


@pytest.mark.django_db
def test_an_answer_that_was_overtaken_does_not_replace_what_was_fetched_after_it() -> None:
    series.append([update(CANDLES, range(3), 2.0, fetched_at_ms=20)])
    series.append([update(CANDLES, range(4), 1.0, fetched_at_ms=10)])

    held = series.load(["BTC"])[CANDLES]

    assert held.table.values[0].tolist() == [2.0, 2.0, 2.0, 1.0]
    assert held.fetched_at_ms == 20


@pytest.mark.django_db
def test_liquidations_only_grow() -> None:
    series.append([update(LIQUIDATIONS, range(2), 900.0, 10)])
    series.append([update(LIQUIDATIONS, range(1, 3), 40.0, 20)])

    assert series.load(["BTC"])[LIQUIDATIONS].table.values[0].tolist() == [900.0, 900.0, 40.0]


@pytest.mark.django_db
def test_history_is_kept_from_the_first_day_while_the_head_stays_small() -> None:
    layout = LAYOUTS[SeriesKind.CANDLES, "15m"]
    most_head_rows = (layout.keep_ms + layout.span_ms) // STEP_MS + 1
    for start in range(0, 2000, 100):
        series.append([update(CANDLES, range(start, start + 100), float(start), start)])

    head = series.load(["BTC"])[CANDLES].table

    assert layout.keep_ms // STEP_MS <= len(head) <= most_head_rows
    everything = series.load_all(CANDLES)
    assert everything.times_ms.tolist() == rows(CANDLES, range(2000)).times_ms.tolist()
    assert everything.values[0].tolist() == [float(place // 100 * 100) for place in range(2000)]


@pytest.mark.django_db
def test_sealed_chunks_are_written_once() -> None:
    series.append([update(CANDLES, range(1000))])
    sealed = Series.objects.exclude(chunk_start_at=HEAD_AT)
    before = {chunk.pk: bytes(chunk.columns) for chunk in sealed}

    series.append([update(CANDLES, range(1000, 1200))])

    after = {chunk.pk: bytes(chunk.columns) for chunk in sealed.all()}
    assert 1 < len(before) < len(after)
    assert {pk: after[pk] for pk in before} == before


@pytest.mark.django_db
def test_rows_older_than_the_head_join_their_sealed_chunk() -> None:
    series.append([update(CANDLES, range(100, 1000))])

    series.append([update(CANDLES, range(100))])

    expected = rows(CANDLES, range(1000)).times_ms.tolist()
    assert series.load_all(CANDLES).times_ms.tolist() == expected


@given(
    st.lists(st.integers(0, 5000), unique=True, max_size=200),
    st.integers(1, 400),
    st.integers(1, 400),
)
@hypothesis_settings(deadline=None)
def test_splitting_a_head_loses_no_row_and_keeps_what_is_near(
    places: list[int], keep: int, span: int
) -> None:
    times_ms = np.array(sorted(places), dtype=np.int64)
    table = Table(times_ms, times_ms[np.newaxis, :].astype(np.float64))

    head, sealed = split(table, SeriesLayout(1, 1, keep, span))

    parts = [*(part for _, part in sealed), head]
    assert np.concatenate([part.times_ms for part in parts]).tolist() == times_ms.tolist()
    for start_ms, part in sealed:
        assert start_ms % span == 0
        assert start_ms <= part.first_ms <= part.last_ms < start_ms + span
    if places:
        assert all(time in head.times_ms for time in times_ms if time >= times_ms[-1] - keep)


@pytest.mark.django_db(transaction=True)
def test_writers_of_one_series_at_the_same_time_lose_no_row_of_each_other() -> None:
    writers, errors = 6, []
    together = threading.Barrier(writers)

    def write(writer: int) -> None:
        try:
            together.wait(10)
            for turn in range(4):
                place = writer + turn * writers
                series.append([update(OPEN_INTEREST, range(place, place + 1), place, place)])
        except Exception as error:  # noqa: BLE001 - told to the test below
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert errors == []
    table = series.load(["BTC"])[OPEN_INTEREST].table
    assert table.values[0].tolist() == [float(place) for place in range(writers * 4)]
