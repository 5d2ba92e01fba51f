"""The canonical form and what the chain notices."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, models
from hypothesis import given, settings
from hypothesis import strategies as st

from signals.chain_audit import audit_chains
from signals.hash_chain import GENESIS_HASH, canonical_json, content_hash
from signals.models import Signal
from signals.services import publish_signal
from tests.signals.results import AT_MS, HOUR_MS, make_evaluation

NUMBERS = st.floats(allow_nan=False, allow_infinity=False, width=64) | st.integers(
    -(2**63), 2**63 - 1
)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"b": 1, "a": 2}, {"a": 2, "b": 1}),
        (1.0, 1),
        (-0.0, 0),
        (1e16, 10**16),
        (6.115886999963182e16, 61158869999631820),  # its binary value ends in 4
        (Decimal("62.50"), Decimal("62.5")),
        (Decimal("0E-18"), Decimal(0)),
        (b"abc", memoryview(b"abc")),
        ((1, 2), [1, 2]),
        (
            datetime(2026, 1, 2, 3, tzinfo=UTC),
            datetime(2026, 1, 2, 10, tzinfo=timezone(timedelta(hours=7))),
        ),
    ],
)
def test_values_that_a_database_confuses_have_one_spelling(one: Any, other: Any) -> None:
    assert canonical_json(one) == canonical_json(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [(1, "1"), (None, 0), (0.1, 0.10000000000000002), ([], {}), ("a", "A"), (b"a", b"b")],
)
def test_different_values_have_different_spellings(one: Any, other: Any) -> None:
    assert canonical_json(one) != canonical_json(other)


@given(document=DOCUMENTS)
@settings(deadline=None)
def test_the_canonical_form_survives_being_read_back(document: Any) -> None:
    once = canonical_json(document)

    assert canonical_json(json.loads(once)) == once


@given(number=st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_spelled_the_same_when_jsonb_has_kept_its_digits(number: float) -> None:
    kept = json.loads(format(Decimal(repr(number)), "f"))

    assert canonical_json(kept) == canonical_json(number)


def test_a_number_that_is_not_finite_has_no_canonical_form() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json({"score": float("nan")})


def test_every_column_but_the_row_id_and_the_hash_itself_is_hashed() -> None:
    columns = {field.name for field in Signal._meta.concrete_fields}

    of_imports = {"imported_at", "source_reference", "source_extra"}
    assert set(Signal.HASHED_COLUMNS) == columns - of_imports - {"id", "content_hash"}


TAMPERED = {
    "environment": "live",
    "symbol": "ETH",
    "signal": "LONG",
    "score": Decimal("62.51"),
    "confidence": "high",
    "confidence_score": 0.11,
    "coverage_pct": 99.0,
    "price": Decimal("0.000006210000000001"),
    "timestamp": datetime(2030, 1, 1, tzinfo=UTC),
    "reasons": ["because"],
    "factors": {},
    "metrics": {"fundingRate": None},
    "comprehensive_metrics": {},
    "lunarcrush_metrics": {},
    "coinapi_metrics": {},
    "smc_analysis": {},
    "ai_validation": {},
    "provenance": {},
    "problems": [],
    "engine_version": "9.9.9",
    "profile_name": "aggressive",
    "profile_version": 2,
    "profile": {},
    "inputs": b"other",
    "input_hash": "f" * 64,
    "seq": 5,
    "prev_hash": "f" * 64,
    "created_at": datetime(2030, 1, 1, tzinfo=UTC),
}


def tamper(signal: Signal, /, **changes: Any) -> None:
    """Change a stored row as somebody with a database shell would."""
    models.QuerySet(Signal).filter(pk=signal.pk).update(**changes)


def publish_three() -> list[Signal]:
    published = [
        publish_signal(make_evaluation(score, at_ms=AT_MS + hours * HOUR_MS))
        for hours, score in enumerate((62.5, 30.0, 71.25))
    ]
    return [signal for signal in published if signal is not None]


def test_links_name_their_predecessor(db: None) -> None:
    first, second, third = publish_three()

    assert [first.seq, second.seq, third.seq] == [1, 2, 3]
    assert first.prev_hash == GENESIS_HASH
    assert second.prev_hash == first.content_hash
    assert third.prev_hash == second.content_hash


def test_an_untouched_chain_is_intact_when_read_back(db: None) -> None:
    publish_three()

    [report] = audit_chains()

    assert (report.intact, report.fault) == (3, None)


def test_the_table_of_tampering_covers_every_hashed_column() -> None:
    assert set(TAMPERED) == set(Signal.HASHED_COLUMNS)


@pytest.mark.parametrize("column", sorted(TAMPERED))
def test_a_change_of_any_column_breaks_the_chain(db: None, column: str) -> None:
    _, second, _ = publish_three()

    tamper(second, **{column: TAMPERED[column]})

    faults = [report for report in audit_chains() if report.fault is not None]
    assert faults
    # Moving the row to another stream or place breaks the stream it left as well.
    assert faults[0].broken_seq in (2, 3, 5)


def test_a_change_that_also_forges_the_hash_breaks_the_next_link(db: None) -> None:
    _, second, third = publish_three()
    forged = {**second.hashed_columns(), "reasons": ["because"]}

    tamper(second, reasons=["because"], content_hash=content_hash(forged))

    [report] = audit_chains()
    assert report.broken_id == third.pk
    assert report.intact == 2


def test_a_removed_link_is_named(db: None) -> None:
    _, second, third = publish_three()

    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM signals_signal WHERE id = %s", [second.pk])

    [report] = audit_chains()
    assert report.fault == "seq 2 is missing"
    assert report.broken_id == third.pk


def test_streams_have_chains_of_their_own(db: None) -> None:
    publish_signal(make_evaluation(symbol="BTC"))
    publish_signal(make_evaluation(symbol="ETH"))

    reports = list(audit_chains())

    assert [(report.symbol, report.intact) for report in reports] == [("BTC", 1), ("ETH", 1)]
