"""A signal's alert: the facts that are kept, and how they read for whom they are sent to."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from market.snapshot import MarketSnapshot, Problem, ReadingName
from notifications.models import AlertEvent
from notifications.renderers import Viewer, renderer_of
from notifications.rules import check_facts
from signals.alert_facts import KIND, alert_facts
from signals.alerts import SignalAlerts
from signals.engine import BALANCED, evaluate
from signals.engine.types import Confidence, Direction, ScoringProfile
from signals.hash_chain import GENESIS_HASH
from signals.models import Signal
from signals.publishing_rule import LastPublished
from signals.rendering import profile_from_settings, profile_settings, signal_columns
from signals.services import Evaluation, publish_signal
from tests.builders import AT_MS, make_snapshot
from tests.signals.results import HOUR_MS, make_evaluation

# A message quotes the record of its band, which is read from a table.
pytestmark = pytest.mark.django_db

UTC_VIEWER = Viewer(ZoneInfo("UTC"))
BERLIN = Viewer(ZoneInfo("Europe/Berlin"))
CAPTION_UNITS = 1024
FACTS_BYTES = 4_000

# Calls nearly every score LONG or SHORT and asks for little coverage.
DECISIVE = profile_from_settings(
    "decisive",
    3,
    {**profile_settings(BALANCED), "long_at": 50.01, "short_at": 49.99, "min_coverage_pct": 15.0},
)


def make_signal(snapshot: MarketSnapshot, profile: ScoringProfile = DECISIVE) -> Signal:
    """Return an unsaved signal of a snapshot, as the first of its stream."""
    [result] = evaluate([snapshot], profile)
    assert result.direction is not Direction.NEUTRAL
    return Signal(**signal_columns(result, profile), seq=1, prev_hash=GENESIS_HASH)


def make_facts(snapshot: MarketSnapshot | None = None, **changes: Any) -> dict[str, Any]:
    facts = alert_facts(make_signal(snapshot or crowded_longs()), None)
    return {**facts, **changes}


def crowded_longs(**more: Any) -> MarketSnapshot:
    """Return a coin whose longs pay much and are many: the engine says SHORT."""
    values = {"funding_rate_8h_pct": 0.15, "long_account_pct": 80.0, "fear_greed_index": 20.0}
    return make_snapshot(**{**values, **more})


def previous(direction: Direction, hours: float) -> LastPublished:
    return LastPublished(
        seq=4,
        content_hash="a" * 64,
        direction=direction,
        score=Decimal("58.25"),
        at_ms=AT_MS - int(hours * HOUR_MS),
        input_hash="b" * 64,
    )


class Markup(HTMLParser):
    """Reads a message as Telegram does: visible text, and tags that must match."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text = ""
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.open.append(tag)
        self.tags.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    @property
    def units(self) -> int:
        return len(self.text.encode("utf-16-le")) // 2


def message(facts: Mapping[str, Any], viewer: Viewer = UTC_VIEWER) -> str:
    return Markup(SignalAlerts().message(facts, viewer)).text


def test_facts_are_small_json_that_rules_can_be_held_against() -> None:
    facts = make_facts()

    check_facts(KIND, facts)
    assert orjson.loads(orjson.dumps(facts)) == facts
    assert len(orjson.dumps(facts)) <= FACTS_BYTES
    assert (facts["symbol"], facts["direction"], facts["environment"]) == ("BTC", "SHORT", "test")
    assert facts["distance"] == pytest.approx(50 - facts["score"])
    assert facts["price"] == "105000"
    assert facts["timestamp_ms"] == AT_MS
    assert (facts["profile"], facts["profile_version"], facts["seq"]) == ("decisive", 3, 1)


def test_reasons_of_an_alert_are_the_signals_own_with_side_and_points() -> None:
    signal = make_signal(crowded_longs())

    reasons = alert_facts(signal, None)["reasons"]

    assert len(reasons) == 3
    for told, reason in zip(signal.reasons, reasons, strict=True):
        points = f"{reason['points']:+.2f}".replace("-", "−")
        assert told == f"{reason['fact']}: favours {reason['side']}, {points}"
        assert (reason["points"] > 0) == (reason["side"] == "LONG")


def test_sources_are_named_once_and_a_fallback_is_marked() -> None:
    snapshot = crowded_longs()
    readings = dict(snapshot.readings)
    readings[ReadingName.FUNDING] = replace(
        readings[ReadingName.FUNDING], source="okx", fallback=True
    )

    facts = make_facts(replace(snapshot, readings=readings))

    assert {"name": "okx", "is_fallback": True} in facts["sources"]
    assert {"name": "alternative.me", "is_fallback": False} in facts["sources"]
    names = [source["name"] for source in facts["sources"]]
    assert len(set(names)) == len(names)
    assert "okx (fallback)" in message(facts)


@pytest.mark.parametrize(
    ("before", "is_flip", "told"),
    [
        (None, False, None),
        (previous(Direction.LONG, 3.0), True, "Flip: LONG was said 3 h before"),
        (previous(Direction.SHORT, 30.5), False, "Again: said at 58.25 1 d 6 h before"),
    ],
)
def test_a_message_says_what_was_said_before(
    before: LastPublished | None, is_flip: bool, told: str | None
) -> None:
    facts = alert_facts(make_signal(crowded_longs()), before)

    assert facts["is_flip"] is is_flip
    text = message(facts)
    assert ("before" in text) is (told is not None)
    assert told is None or told in text


def test_a_message_tells_direction_score_reasons_coverage_sources_and_time() -> None:
    facts = make_facts(crowded_longs(social_sentiment_pct=None))

    text = message(facts, BERLIN)

    lines = text.splitlines()
    assert lines[0] == "🔴 SHORT BTC 🧪 SIMULATED"
    assert "💵 105,000 USD" in lines
    assert f"📊 Score {facts['score']:.2f} of 100, {facts['distance']:.2f} from neutral" in lines
    assert f"🎚 Confidence {facts['confidence']}, uncalibrated" in lines
    assert sum(line.startswith(("▲ LONG +", "▼ SHORT −")) for line in lines) == 3
    assert any(line.startswith("▼ SHORT −") and "Longs pay +0.1500 %" in line for line in lines)
    assert "🧩 90 % of the weight is known; missing: social sentiment" in lines
    assert any(line.startswith("📡 binance") and "okx" in line for line in lines)
    assert "🕒 2 Jun 2025, 12:07 CEST, profile decisive v3" in lines
    assert lines[-1] == "A reading of the market, not advice."


def test_each_reader_has_the_time_of_his_place() -> None:
    facts = make_facts()

    assert "2 Jun 2025, 10:07 UTC" in message(facts, UTC_VIEWER)
    assert "2 Jun 2025, 15:37 IST" in message(facts, Viewer(ZoneInfo("Asia/Kolkata")))


def test_a_tiny_price_keeps_its_digits() -> None:
    assert "💵 0.0000062 USD" in message(make_facts(price="0.0000062"))


@pytest.mark.parametrize(
    ("environment", "is_simulated"), [("live", False), ("sandbox", True), ("test", True)]
)
def test_what_is_not_the_live_market_is_marked(environment: str, is_simulated: bool) -> None:
    signal = make_signal(crowded_longs())
    signal.environment = environment

    facts = alert_facts(signal, None)

    assert facts["is_simulated"] is is_simulated
    assert ("SIMULATED" in message(facts)) is is_simulated
    assert ("SIMULATED" in SignalAlerts().line(facts, UTC_VIEWER)) is is_simulated


def test_an_alert_that_waited_for_the_database_says_so() -> None:
    assert "Told late" not in message(make_facts())
    assert "Told late: the database was away at the time" in message(make_facts(is_late=True))


def test_a_digest_has_one_line_for_each_signal() -> None:
    facts = make_facts(symbol="PEPE", price="0.0000062", score=38.5, is_flip=True)

    line = SignalAlerts().line(facts, BERLIN)

    assert "\n" not in line
    assert Markup(line).text == ("🔴 SHORT PEPE 38.50 at 0.0000062, 2 Jun 12:07 🔄 🧪 SIMULATED")


def test_nothing_that_is_told_becomes_markup() -> None:
    hostile = '<a href="x">&amp;</b>'
    facts = make_facts(
        symbol=hostile,
        profile=hostile,
        sources=[{"name": hostile, "is_fallback": False}],
        reasons=[{"side": "LONG", "points": 1.0, "fact": hostile}],
    )

    read = Markup(SignalAlerts().message(facts, UTC_VIEWER))
    line = Markup(SignalAlerts().line(facts, UTC_VIEWER))

    assert read.tags == {"b", "i"}
    assert read.text.count(hostile) == 4
    assert (line.tags, line.text.count(hostile)) == ({"b"}, 1)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(min_value=0, max_value=10_000),
    funding=st.none() | st.floats(min_value=-0.9, max_value=0.9),
    longs=st.none() | st.floats(min_value=20.0, max_value=90.0),
    top=st.none() | st.floats(min_value=20.0, max_value=90.0),
    social=st.none() | st.floats(min_value=0.0, max_value=100.0),
    troubled=st.booleans(),
)
def test_a_message_fits_below_its_picture(
    seed: int,
    funding: float | None,
    longs: float | None,
    top: float | None,
    social: float | None,
    troubled: bool,
) -> None:
    problems = [
        Problem(name.value, "coingecko", "no answer within the deadline of 8 s")
        for name in ReadingName
        if troubled
    ]
    snapshot = make_snapshot(
        "1000000BABYDOGE",
        seed=seed,
        problems=problems,
        funding_rate_8h_pct=funding,
        long_account_pct=longs,
        top_trader_long_pct=top,
        social_sentiment_pct=social,
    )
    [result] = evaluate([snapshot], DECISIVE)
    if result.direction is Direction.NEUTRAL:
        return
    facts = alert_facts(make_signal(snapshot), previous(Direction.LONG, 500.25), is_late=True)

    assert Markup(SignalAlerts().message(facts, BERLIN)).units <= CAPTION_UNITS


@pytest.mark.parametrize("confidence", list(Confidence))
def test_no_confidence_is_told_as_a_probability(confidence: Confidence) -> None:
    text = message(make_facts(confidence=confidence.value))

    assert f"Confidence {confidence.value}, uncalibrated" in text
    assert "probab" not in text.lower()
    assert "target" not in text.lower()


@pytest.mark.parametrize("symbol", ["BTC", "币安人生", "字" * 24])
def test_buttons_fit_what_telegram_sends_back(symbol: str) -> None:
    rows = SignalAlerts().buttons(make_facts(symbol=symbol))

    data = [button.data for row in rows for button in row]
    assert all(1 <= len(each.encode()) <= 64 for each in data)
    assert data[-1] == "mute:24h"
    if len(symbol) < 20:
        assert data[:-1] == [f"why:{symbol}", f"sig:{symbol}", f"watch:{symbol}"]


def publish(snapshot: MarketSnapshot) -> AlertEvent:
    """Publish a snapshot's signal and return the event it raised, as a worker reads it."""
    [result] = evaluate([snapshot], DECISIVE)
    assert publish_signal(Evaluation(result, snapshot, DECISIVE)) is not None
    return AlertEvent.objects.get()


def test_the_picture_is_drawn_from_the_stored_snapshot(db: None) -> None:
    event = publish(crowded_longs())

    png = renderer_of(event.kind).picture(event.facts)

    assert png is not None
    assert len(png) <= 60_000
    assert Image.open(io.BytesIO(png)).format == "PNG"


def test_without_stored_candles_there_is_no_picture_but_still_a_message(db: None) -> None:
    publish_signal(make_evaluation(62.5))
    event = AlertEvent.objects.get()

    assert renderer_of(event.kind).picture(event.facts) is None
    assert "LONG BTC" in renderer_of(event.kind).message(event.facts, UTC_VIEWER)


def test_a_signal_that_is_not_there_has_no_picture(db: None) -> None:
    assert SignalAlerts().picture(make_facts(seq=99)) is None


def test_the_picture_is_of_its_own_environment(db: None) -> None:
    event = publish(crowded_longs())

    assert SignalAlerts().picture({**event.facts, "environment": "live"}) is None
