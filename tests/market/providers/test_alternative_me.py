"""The Fear & Greed Index: days newest first, an error field, labels that are the vendor's."""

import asyncio

import numpy as np
import orjson
import pytest

from market.providers.alternative_me import (
    AlternativeMe,
    alternative_me_policy,
    classify,
    parse_fear_greed,
)
from market.providers.errors import (
    ProviderPayloadError,
    ProviderRateLimited,
    ProviderRejected,
    ProviderUnavailable,
)
from market.types import DAY_MS
from tests.market.providers.bodies import fear_greed
from tests.market.providers.fake_transport import FakeTransport
from tests.recordings import recording

DAY_S = 86_400
TODAY_S = 1_551_139_200


def test_days_come_ascending_with_the_newest_label():
    body = fear_greed((str(TODAY_S), "40"), (str(TODAY_S - DAY_S), "47"))
    body["data"][1]["value_classification"] = "Neutral"

    parsed = parse_fear_greed(body).value

    assert parsed.index.ts_ms.tolist() == [(TODAY_S - DAY_S) * 1000, TODAY_S * 1000]
    assert parsed.index.values.tolist() == [47.0, 40.0]
    assert parsed.classification == "Fear"


@pytest.mark.parametrize("value", ["101", "-1", "NaN", "", None, "fear"])
def test_a_value_off_the_scale_is_dropped(value):
    parsed = parse_fear_greed(fear_greed((str(TODAY_S), value), (str(TODAY_S - DAY_S), "47")))

    assert parsed.value.index.values.tolist() == [47.0]
    assert parsed.refused == 1


def test_the_ends_of_the_scale_are_values():
    parsed = parse_fear_greed(fear_greed((str(TODAY_S), "0"), (str(TODAY_S - DAY_S), "100")))

    assert parsed.value.index.values.tolist() == [100.0, 0.0]


@pytest.mark.parametrize(
    "body",
    [
        fear_greed(),
        fear_greed((str(TODAY_S), "40"), error="down for maintenance"),
        fear_greed((str(TODAY_S), "x")),
        fear_greed(("yesterday", "40")),
        {"data": None, "metadata": {"error": None}},
        {},
        [],
    ],
)
def test_an_answer_without_a_value_is_refused(body):
    with pytest.raises(ProviderPayloadError):
        parse_fear_greed(body)


def test_a_label_that_is_no_text_is_unknown():
    body = fear_greed((str(TODAY_S), "40"))
    body["data"][0]["value_classification"] = 7

    assert parse_fear_greed(body).value.classification is None


def test_the_call_keeps_its_trailing_slash_and_names_its_limit():
    transport = FakeTransport(fear_greed((str(TODAY_S), "40")))

    asyncio.run(AlternativeMe(transport).fetch_fear_greed(limit=30))

    call = transport.only_call
    assert (call.path, call.params, call.pool) == ("/fng/", {"limit": 30}, "calls")


def test_a_negative_limit_is_our_mistake():
    with pytest.raises(ValueError, match="limit"):
        asyncio.run(AlternativeMe(FakeTransport({})).fetch_fear_greed(limit=-1))


def test_the_budget_is_the_documented_limit_times_the_share():
    (pool,) = alternative_me_policy(0.8).pools["calls"]

    assert (pool.limit, pool.window_s) == (480, 600)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (429, ProviderRateLimited),
        (403, ProviderRejected),
        (404, ProviderRejected),
        (500, ProviderUnavailable),
        (503, ProviderUnavailable),
    ],
)
def test_each_refusal_is_classed_by_what_to_do(status, kind):
    with pytest.raises(kind):
        classify(status, {}, b"<html>")

    assert classify(200, {}, b"") is None


@pytest.mark.parametrize(
    ("name", "values", "label"),
    [("fng.default.json", [25.0], "Extreme Fear"), ("fng.limit-2.json", [47.0, 40.0], "Fear")],
)
def test_recorded_answers(name, values, label):
    body = orjson.loads(recording(f"providers/samples/fear-greed/{name}").read_bytes())

    parsed = parse_fear_greed(body)

    assert parsed.value.index.values.tolist() == values
    assert parsed.value.classification == label
    assert parsed.refused == 0


def test_a_recorded_fortnight():
    path = recording("data/fear_greed/alternative_me_response_2026-05-05_head.json")

    parsed = parse_fear_greed(orjson.loads(path.read_bytes()))

    assert len(parsed.value.index) == 14
    assert parsed.refused == 0
    assert np.all(np.diff(parsed.value.index.ts_ms) == DAY_MS)
