"""Faults on demand: each kind does what it says, where and as often as it was told."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest

from market import clock
from market.sandbox.app import SandboxApp
from market.sandbox.faults import FaultKind
from market.sandbox.scenarios import SCENARIOS
from market.types import HOUR_MS
from tests.market.sandbox.upstream import (
    ALTERNATIVE_ME,
    BINANCE,
    COINGECKO,
    NOW_MS,
    OKX,
    Upstream,
)

KLINES = {"symbol": "BTCUSDT", "interval": "15m", "limit": 20}
EVERY_VENDOR = (
    (BINANCE, "/fapi/v1/klines", KLINES),
    (OKX, "/api/v5/market/candles", {"instId": "BTC-USDT-SWAP", "bar": "15m"}),
    (COINGECKO, "/coins/markets", {"vs_currency": "usd"}),
    (ALTERNATIVE_ME, "/fng/", {"limit": 10}),
)


def klines(upstream: Upstream) -> httpx.Response:
    return upstream.get(BINANCE, "/fapi/v1/klines", **KLINES)


def test_a_fault_hits_one_provider_and_one_path_as_often_as_told(upstream: Upstream):
    upstream.sandbox.fault("binance", "http_5xx", path="/fapi/v1/klines", times=2)

    elsewhere = upstream.get(BINANCE, "/fapi/v1/time")
    other = upstream.get(ALTERNATIVE_ME, "/fng/")
    statuses = [klines(upstream).status_code for _ in range(3)]

    assert elsewhere.status_code == other.status_code == 200
    assert statuses == [503, 503, 200]
    assert upstream.sandbox.active_faults() == []


def test_a_fault_stays_until_it_is_cleared(upstream: Upstream):
    fault = upstream.sandbox.fault("binance", "http_451")
    upstream.sandbox.fault("okx", "http_5xx")

    before = [klines(upstream).status_code for _ in range(3)]
    upstream.sandbox.clear_faults(number=fault.number)
    after = klines(upstream).status_code

    assert before == [451] * 3
    assert after == 200
    assert [each.provider for each in upstream.sandbox.active_faults()] == ["okx"]


def test_451_has_code_zero(upstream: Upstream):
    upstream.sandbox.fault("binance", "http_451")

    response = klines(upstream)

    assert response.status_code == 451
    assert response.json()["code"] == 0


def test_418_names_the_end_of_the_ban(upstream: Upstream):
    upstream.sandbox.fault("binance", "http_418", until_ms=1_721_393_459_728)

    response = klines(upstream)

    assert response.status_code == 418
    assert "banned until 1721393459728." in response.json()["msg"]
    assert response.headers["retry-after"] == "120"


@pytest.mark.parametrize(("base", "path", "params"), EVERY_VENDOR)
def test_429_comes_with_and_without_retry_after_in_each_vendors_words(
    upstream: Upstream, base: str, path: str, params: dict[str, str]
):
    upstream.sandbox.fault("*", "http_429", times=1)
    upstream.sandbox.fault("*", "http_429", times=2, retry_after_s=None)

    polite = upstream.get(base, path, **params)
    silent = upstream.get(base, path, **params)

    assert polite.status_code == silent.status_code == 429
    assert polite.headers["retry-after"] == "7"
    assert "retry-after" not in silent.headers
    if base == OKX:
        assert "data" not in polite.json()
    if base == COINGECKO:
        assert polite.json()["status"]["error_code"] == 429


def test_429_can_be_plain_text(upstream: Upstream):
    upstream.sandbox.fault("coingecko", "http_429", plain=True)

    response = upstream.get(COINGECKO, "/ping")

    assert response.headers["content-type"] == "text/plain"


@pytest.mark.parametrize("status", [403, 200])
def test_html_comes_with_any_status(upstream: Upstream, status: int):
    upstream.sandbox.fault("binance", "html", status=status)

    response = klines(upstream)

    assert response.status_code == status
    assert response.text.startswith("<html>")


def test_okx_says_503_in_its_envelope(upstream: Upstream):
    upstream.sandbox.fault("okx", "http_5xx")

    response = upstream.get(OKX, "/api/v5/public/time")

    assert response.status_code == 503
    assert response.json()["code"] == "50001"


def test_any_answer_can_be_put_into_a_vendors_mouth(upstream: Upstream):
    upstream.sandbox.fault("okx", "answer", json={"code": "50013", "msg": "busy", "data": []})

    response = upstream.get(OKX, "/api/v5/public/time")

    assert response.status_code == 200
    assert response.json()["code"] == "50013"


def test_truncated_json_cannot_be_parsed(upstream: Upstream):
    upstream.sandbox.fault("binance", "truncated")

    response = klines(upstream)

    assert response.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        response.json()


def test_wrong_types_keep_the_form_and_lose_every_value(upstream: Upstream):
    upstream.sandbox.fault("binance", "wrong_types")

    rows = klines(upstream).json()

    assert len(rows) == 20
    assert rows[0][0] == "not-a-number"
    assert isinstance(rows[0][1], list)


def test_nan_takes_the_place_of_prices_and_leaves_the_times(upstream: Upstream):
    upstream.sandbox.fault("*", "nan")

    row = klines(upstream).json()[0]
    coin = upstream.get(COINGECKO, "/coins/markets", vs_currency="usd").text
    index = upstream.get(ALTERNATIVE_ME, "/fng/").json()["data"][0]

    assert row[1:6] == ["NaN"] * 5
    assert row[0] > 1_000_000_000_000
    assert '"price_change_24h":NaN' in coin
    assert index["value"] == "NaN"
    assert index["timestamp"].isdigit()


def test_stale_answers_are_those_of_an_earlier_time(upstream: Upstream):
    upstream.sandbox.fault("binance", "stale", age_ms=6 * HOUR_MS)

    stale = klines(upstream).json()
    upstream.sandbox.clear_faults()
    with clock.frozen(NOW_MS - 6 * HOUR_MS):
        then = klines(upstream).json()

    assert stale == then


@pytest.mark.parametrize(("base", "path", "params"), EVERY_VENDOR)
def test_empty_answers_keep_the_envelope_and_have_no_rows(
    upstream: Upstream, base: str, path: str, params: dict[str, str]
):
    upstream.sandbox.fault("*", "empty")

    body = upstream.get(base, path, **params).json()

    assert (body if isinstance(body, list) else body["data"]) == []


@pytest.mark.parametrize(("base", "path", "params"), EVERY_VENDOR)
def test_reordered_answers_have_the_same_rows_in_another_order(
    upstream: Upstream, base: str, path: str, params: dict[str, str]
):
    def rows() -> list[str]:
        body = upstream.get(base, path, **params).json()
        return [json.dumps(row) for row in (body if isinstance(body, list) else body["data"])]

    straight = rows()
    upstream.sandbox.fault("*", "reordered")
    shuffled = rows()

    assert shuffled != straight
    assert sorted(shuffled) == sorted(straight)


def test_a_dead_vendor_is_a_connection_error(upstream: Upstream):
    upstream.sandbox.fault("binance", "dead")

    with pytest.raises(httpx.ConnectError):
        klines(upstream)


def test_a_server_drops_a_connection_by_never_ending_its_answer(upstream: Upstream):
    upstream.sandbox.fault("binance", "dead")
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(dict(message))

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/binance/fapi/v1/time",
        "query_string": b"",
        "headers": [],
        "client": ("127.0.0.1", 1),
    }
    asyncio.run(SandboxApp(upstream.sandbox)(scope, receive, send))

    promised = int(dict(sent[0]["headers"])[b"content-length"])
    assert sum(len(message.get("body", b"")) for message in sent) < promised
    assert sent[-1]["more_body"]


def test_a_hanging_vendor_runs_into_the_clients_timeout(upstream: Upstream):
    upstream.sandbox.fault("binance", "hang")

    async def ask() -> None:
        async with upstream.sandbox.client_factory()(BINANCE) as client:
            await client.get("/fapi/v1/time", timeout=0.01)

    with pytest.raises(httpx.ReadTimeout):
        asyncio.run(ask())


def test_a_hanging_call_can_be_cancelled_from_outside(upstream: Upstream):
    upstream.sandbox.fault("binance", "hang")

    async def ask() -> None:
        async with upstream.sandbox.client_factory()(BINANCE) as client:
            async with asyncio.timeout(0.01):
                await client.get("/fapi/v1/time", timeout=None)

    with pytest.raises(TimeoutError):
        asyncio.run(ask())


def test_latencies_of_the_sandbox_and_of_faults_add_up(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch
):
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr("market.sandbox.upstreams.sleep", sleep)
    upstream.sandbox.latency_ms = 20
    upstream.sandbox.fault("binance", "latency_ms", ms=30, times=1)

    statuses = [upstream.get(BINANCE, "/fapi/v1/time").status_code for _ in range(2)]

    assert statuses == [200, 200]
    assert slept == [0.05, 0.02]


def test_faults_can_be_combined(upstream: Upstream):
    upstream.sandbox.fault("binance", "reordered")
    upstream.sandbox.fault("binance", "truncated")

    with pytest.raises(json.JSONDecodeError):
        klines(upstream).json()


def test_a_fault_in_place_of_an_answer_uses_nothing_of_the_limits(upstream: Upstream):
    upstream.sandbox.fault("binance", "http_5xx", times=1)

    klines(upstream)

    assert klines(upstream).headers["x-mbx-used-weight-1m"] == "1"


def test_unknown_kinds_providers_and_counts_are_refused(upstream: Upstream):
    for provider, kind, times in (
        ("binance", "no such kind", None),
        ("nobody", "dead", None),
        ("binance", "dead", 0),
    ):
        with pytest.raises(ValueError, match=r"."):
            upstream.sandbox.fault(provider, kind, times=times)


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_named_situation_can_be_set_and_replaces_the_one_before(
    upstream: Upstream, name: str
):
    upstream.sandbox.scenario("all_dead")

    upstream.sandbox.scenario(name)

    kinds = [fault.kind for fault in upstream.sandbox.active_faults()]
    assert kinds == [FaultKind(situation.kind) for situation in SCENARIOS[name]]


def test_all_dead_means_all(upstream: Upstream):
    upstream.sandbox.scenario("all_dead")

    for base, path, params in EVERY_VENDOR:
        with pytest.raises(httpx.ConnectError):
            upstream.get(base, path, **params)
