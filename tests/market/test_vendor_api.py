"""``/coinglass``, ``/lunarcrush``, ``/coinapi`` with keys: shapes, sizes, provenance, refusals."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from market.api import coinapi_serializers as coinapi
from market.api import coinglass_serializers as coinglass
from market.api import lunarcrush_serializers as lunarcrush
from market.sandbox.handle import Sandbox
from tests.market.conftest import Later
from tests.market.keyed import give_keys
from tests.market.vendor_answers import misfits

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("listed")]

MOST_BYTES = 50_000
OUR_KEY = "our-own-key-0123456789"

ENDPOINTS: dict[str, type[Any]] = {
    "/coinglass/markets": coinglass.CoinglassMarketsSerializer,
    "/coinglass/markets?limit=100": coinglass.CoinglassMarketsSerializer,
    "/coinglass/markets?symbol=BTC": coinglass.CoinglassMarketsSerializer,
    "/coinglass/markets/BTC": coinglass.CoinglassMarketSerializer,
    "/coinglass/liquidations/BTC": coinglass.CoinglassLiquidationsSerializer,
    "/coinglass/liquidations/BTC?include_orders=true&include_map=true&limit=100": (
        coinglass.CoinglassLiquidationsSerializer
    ),
    "/coinglass/liquidations/BTC/heatmap": coinglass.CoinglassHeatmapSerializer,
    "/coinglass/perpetual-market/BTC": coinglass.CoinglassPerpetualMarketSerializer,
    "/coinglass/supported-coins": coinglass.CoinglassCoinsSerializer,
    "/coinglass/exchanges": coinglass.CoinglassExchangesSerializer,
    "/coinglass/exchanges?exchange=binance&limit=1000": coinglass.CoinglassExchangesSerializer,
    "/coinglass/dashboard/BTC": coinglass.CoinglassDashboardSerializer,
    "/coinglass/open-interest/BTC?limit=300": coinglass.CoinglassHistorySerializer,
    "/coinglass/funding-rate/BTC?interval=1h&limit=300": coinglass.CoinglassHistorySerializer,
    "/coinglass/funding-rate/BTC?weight=vol": coinglass.CoinglassHistorySerializer,
    "/coinglass/long-short/BTC?limit=300": coinglass.CoinglassLongShareHistorySerializer,
    "/coinglass/top-traders/BTC": coinglass.CoinglassLongShareHistorySerializer,
    "/lunarcrush/coin/BTC": lunarcrush.LunarCrushCoinSerializer,
    "/lunarcrush/coin/BTC/time-series": lunarcrush.LunarCrushTimeSeriesSerializer,
    "/lunarcrush/coin/BTC/time-series?interval=1h&days_back=365&limit=750": (
        lunarcrush.LunarCrushTimeSeriesSerializer
    ),
    "/lunarcrush/coin/BTC/change": lunarcrush.LunarCrushChangeSerializer,
    "/lunarcrush/coin/BTC/change?timeframe=7d": lunarcrush.LunarCrushChangeSerializer,
    "/lunarcrush/coin/BTC/momentum": lunarcrush.LunarCrushMomentumSerializer,
    "/lunarcrush/topic/bitcoin": lunarcrush.LunarCrushTopicSerializer,
    "/coinapi/ohlcv/BTC/latest": coinapi.CoinApiLatestSerializer,
    "/coinapi/ohlcv/BTC/historical": coinapi.CoinApiHistoricalSerializer,
    "/coinapi/ohlcv/BTC/historical?period=15MIN&days_back=30&limit=700": (
        coinapi.CoinApiHistoricalSerializer
    ),
    "/coinapi/orderbook/BTC?limit=100": coinapi.CoinApiBookSerializer,
    "/coinapi/orderbook/PEPE?exchange=BINANCEFTS": coinapi.CoinApiBookSerializer,
    "/coinapi/trades/BTC?limit=1000": coinapi.CoinApiTradesSerializer,
    "/coinapi/quote/BTC?exchange=coinbase": coinapi.CoinApiQuoteSerializer,
    "/coinapi/multi-exchange/BTC": coinapi.CoinApiMultiExchangeSerializer,
    "/coinapi/dashboard/BTC?limit=100": coinapi.CoinApiDashboardSerializer,
}


@pytest.fixture(autouse=True)
def keys(settings: Settings) -> None:
    settings.SIGNAL_DEADLINE_S = 60.0  # however busy the machine that makes up the market
    give_keys(settings, coinglass="standard", lunarcrush="builder", coinapi="streamer")


@pytest.mark.parametrize("path", ENDPOINTS)
def test_each_endpoint_answers_its_documented_shape_within_50_kb(
    sandbox: Sandbox, api: APIClient, path: str
) -> None:
    answer = api.get(path)

    body = answer.json()
    assert answer.status_code == 200, body
    assert list(misfits(ENDPOINTS[path](), body)) == []
    assert body["source"] == path.split("/")[1]
    assert body["cost"] > 0
    assert "raw" not in body
    assert len(answer.content) <= MOST_BYTES


def test_a_document_off_its_shape_is_found() -> None:
    row = {"price": 1.0, "volume": None, "leverage": None, "orders": 2.5, "more": 1}

    found = list(misfits(coinglass.CoinglassClusterSerializer(), row))

    assert found == [
        "$.more is not documented", "$.volume is null", "$.orders is 2.5, not a IntegerField",
    ]  # fmt: skip


def test_an_answer_from_the_cache_costs_nothing_and_tells_its_age(
    sandbox: Sandbox, api: APIClient, later: Later
) -> None:
    fresh = api.get("/coinglass/liquidations/BTC").json()
    calls = sandbox.calls("coinglass")

    with later(0.25):
        cached = api.get("/coinglass/liquidations/BTC").json()

    assert (fresh["cost"], fresh["ageS"]) == (4, 0.0)
    assert (cached["cost"], cached["ageS"]) == (0, 15.0)
    assert cached["fetchedAt"] == fresh["fetchedAt"]
    assert sandbox.calls("coinglass") == calls == 4


def test_an_answer_older_than_its_lifetime_is_asked_for_again(
    sandbox: Sandbox, api: APIClient, later: Later
) -> None:
    api.get("/coinglass/perpetual-market/BTC")

    with later(1):
        again = api.get("/coinglass/perpetual-market/BTC").json()

    assert again["cost"] == 1
    assert sandbox.calls("coinglass") == 2


def test_the_cost_counts_credits_and_failed_tries(sandbox: Sandbox, api: APIClient) -> None:
    sandbox.fault("coinglass", "http_5xx", times=1)

    retried = api.get("/coinglass/perpetual-market/BTC").json()
    metered = api.get("/coinapi/trades/ETH?limit=250").json()

    assert retried["cost"] == 2
    assert (metered["cost"], metered["costUnit"]) == (1 + 3, "credits")  # the market's name, too


def test_fields_keep_what_is_asked_for_and_where_it_is_from(
    sandbox: Sandbox, api: APIClient
) -> None:
    body = api.get("/coinapi/orderbook/BTC?fields=spread,symbol").json()

    assert set(body) == {
        "success", "symbol", "spread", "source", "fetchedAt", "ageS", "cost", "costUnit",
        "problems",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("/coinglass/markets?limit=101", "limit"),
        ("/coinglass/markets?page=0", "page"),
        ("/coinglass/open-interest/BTC?interval=7m", "interval"),
        ("/coinglass/dashboard/BTC?fields=symbol,nothing", "fields"),
        ("/coinglass/dashboard/BTC?fields=", "fields"),
        ("/coinglass/exchanges?exchnge=okx", "exchnge"),
        ("/lunarcrush/coin/BTC/time-series?days_back=366", "days_back"),
        ("/lunarcrush/coin/BTC/change?timeframe=2h", "timeframe"),
        ("/lunarcrush/topic/..%3Fx", "topic"),
        ("/coinapi/ohlcv/BTC/latest?limit=101", "limit"),
        ("/coinapi/ohlcv/BTC/historical?period=1H", "period"),
        ("/coinapi/quote/BTC?exchange=A/B", "exchange"),
        ("/coinapi/multi-exchange/BTC?exchanges=BINANCE,,KRAKEN", "exchanges"),
    ],
)
def test_a_parameter_that_is_not_valid_is_named_and_nothing_is_asked(
    sandbox: Sandbox, api: APIClient, path: str, parameter: str
) -> None:
    answer = api.get(path)

    assert answer.status_code == 400
    assert [error["parameter"] for error in answer.json()["errors"]] == [parameter]
    assert sandbox.calls(path.split("/")[1]) == 0


@pytest.mark.parametrize(
    "path",
    ["/coinglass/dashboard/SOLL", "/lunarcrush/coin/SOLL/change", "/coinapi/orderbook/SOLL"],
)
def test_an_unknown_coin_is_404_with_suggestions(
    sandbox: Sandbox, api: APIClient, path: str
) -> None:
    answer = api.get(path)

    assert answer.status_code == 404
    assert "SOL" in answer.json()["suggestions"]


@pytest.mark.parametrize(
    "path",
    [
        "/coinapi/quote/BTC?exchange=NOWHERE",
        "/coinapi/multi-exchange/BTC?exchanges=NOWHERE",
        "/coinglass/exchanges?exchange=nowhere",
        "/lunarcrush/topic/nobody speaks of it",
    ],
)
def test_what_the_vendor_does_not_have_is_404_and_says_whose(
    sandbox: Sandbox, api: APIClient, path: str
) -> None:
    answer = api.get(path)

    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["vendor"] == path.split("/")[1]


def test_prices_of_exchanges_are_their_own(sandbox: Sandbox, api: APIClient) -> None:
    body = api.get("/coinapi/multi-exchange/BTC?exchanges=BINANCE,COINBASE,NOWHERE").json()

    prices = {row["exchange"]: row["price"] for row in body["exchangePrices"]}
    assert set(prices) == {"BINANCE", "COINBASE"}
    assert prices["BINANCE"] != prices["COINBASE"]
    assert body["notAnswering"] == ["NOWHERE"]
    assert body["priceAnalysis"]["highestPrice"] == max(prices.values())
    assert body["cost"] == 1


def test_walls_are_watched_over_successive_books(
    sandbox: Sandbox, api: APIClient, later: Later
) -> None:
    api.get("/coinapi/orderbook/BTC")

    with later(0.5):
        body = api.get("/coinapi/orderbook/BTC").json()

    assert body["evidence"]["books"] == 2
    assert body["evidence"]["watchedS"] == 30.0


def test_a_contract_of_thousands_is_told_per_coin(sandbox: Sandbox, api: APIClient) -> None:
    spot = api.get("/coinapi/quote/PEPE").json()
    contract = api.get("/coinapi/quote/PEPE?exchange=BINANCEFTS").json()
    book = api.get("/coinapi/orderbook/PEPE?exchange=BINANCEFTS").json()
    trades = api.get("/coinapi/trades/PEPE?exchange=BINANCEFTS").json()
    bars = api.get("/coinapi/ohlcv/PEPE/latest?exchange=BINANCEFTS").json()

    price = pytest.approx(spot["quote"]["price"], rel=0.01)
    assert contract["quote"]["price"] == price
    assert book["spread"]["bestBid"] == price
    assert trades["latestTrade"]["price"] == price
    assert bars["latest"]["close"] == price
    assert book["bids"][0]["size"] == contract["quote"]["bidSize"]


def test_coinglass_is_asked_by_its_own_name_and_told_per_coin(
    sandbox: Sandbox, api: APIClient
) -> None:
    traded = api.get("/coinapi/quote/PEPE").json()["quote"]["price"]

    market = api.get("/coinglass/markets/PEPE").json()
    dashboard = api.get("/coinglass/dashboard/PEPE").json()
    funding = api.get("/coinglass/funding-rate/PEPE").json()

    assert (market["symbol"], market["price"]) == ("PEPE", pytest.approx(traded, rel=0.01))
    # Whether the vendor counts coins or thousands of them is documented nowhere.
    assert market["openInterestUsd"] > 0
    assert market["openInterestQty"] is None
    assert dashboard["openInterest"]["openInterestUsd"] > 0
    assert dashboard["openInterest"]["openInterestQty"] is None
    assert dashboard["liquidations"]["coinList"]["liquidation24h"] > 0
    assert funding["count"] > 0


def test_the_heatmap_says_what_it_is_built_from(sandbox: Sandbox, api: APIClient) -> None:
    body = api.get("/coinglass/liquidations/BTC/heatmap?limit=100").json()

    basis = body["builtFrom"]
    assert basis["endpoint"] == "futures/liquidation/order"
    assert (basis["exchange"], basis["pairs"]) == ("Binance", ["BTCUSDT"])
    assert basis["orders"] == sum(cluster["orders"] for cluster in body["mapData"]) > 0
    assert basis["usd"] == pytest.approx(sum(cluster["volume"] for cluster in body["mapData"]))
    assert basis["firstAt"] < basis["lastAt"]
    assert "not the vendor's own" in body["note"].lower()


def test_changes_are_those_of_the_series(sandbox: Sandbox, api: APIClient) -> None:
    series = api.get(
        "/lunarcrush/coin/BTC/time-series?interval=1h&days_back=3&fields=timeSeries"
    ).json()["timeSeries"]
    change = api.get("/lunarcrush/coin/BTC/change").json()

    closed = series["sentiments"][:-1]  # of the hour that still counts nothing is said
    assert change["sentimentChange"] == pytest.approx(closed[-1] - closed[-25])
    prices = series["prices"][:-1]
    assert change["priceChange"] == pytest.approx(100.0 * (prices[-1] / prices[-25] - 1.0))


def test_weeks_are_every_seventh_day_up_to_the_newest(sandbox: Sandbox, api: APIClient) -> None:
    days = api.get("/lunarcrush/coin/BTC/time-series?days_back=29").json()
    weeks = api.get("/lunarcrush/coin/BTC/time-series?days_back=29&interval=1w").json()

    assert weeks["timeSeries"]["timestamps"] == days["timeSeries"]["timestamps"][::-7][::-1]
    assert weeks["cost"] == 0


def test_a_part_of_a_dashboard_that_fails_is_null_and_named(
    sandbox: Sandbox, api: APIClient
) -> None:
    sandbox.fault("coinapi", "truncated", path="/v1/trades")

    body = api.get("/coinapi/dashboard/BTC").json()

    assert body["trades"] is None
    assert body["status"] == {"ohlcv": True, "orderbook": True, "trades": False, "quote": True}
    assert "trades" in body["unavailable"]
    assert body["orderbook"]["evidence"]["buyPressure"] is None
    assert {problem["reading"] for problem in body["problems"]} == {"trades"}


# --- Raw bodies -----------------------------------------------------------------------------------


def test_raw_bodies_need_a_key_of_ours(sandbox: Sandbox, api: APIClient) -> None:
    answer = api.get("/coinglass/perpetual-market/BTC?raw=true")

    assert answer.status_code == 401
    assert "WWW-Authenticate" in answer
    assert sandbox.calls("coinglass") == 0


def test_raw_bodies_are_what_the_vendor_sent(
    sandbox: Sandbox, api: APIClient, settings: Settings
) -> None:
    settings.CONFIGURED_API_KEYS = (OUR_KEY,)

    answer = api.get("/coinglass/liquidations/BTC?raw=true", headers={"X-API-Key": OUR_KEY})
    without = api.get("/coinglass/liquidations/BTC?raw=true")
    wrong = api.get("/coinglass/liquidations/BTC?raw=true", headers={"X-API-Key": OUR_KEY[::-1]})

    raw = answer.json()["raw"]
    assert answer.status_code == 200
    assert len(raw) == 4
    assert raw["futures/liquidation/exchange-list"]["code"] == "0"
    assert list(misfits(coinglass.CoinglassLiquidationsSerializer(), answer.json())) == []
    assert (without.status_code, wrong.status_code) == (401, 401)


# --- Failures -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "vendor", "path"),
    [
        (fault, vendor, path)
        for fault in ("dead", "http_5xx", "html", "truncated")
        for vendor, path in (
            ("coinglass", "/coinglass/perpetual-market/BTC"),
            ("lunarcrush", "/lunarcrush/coin/BTC"),
            ("coinapi", "/coinapi/quote/BTC"),
        )
    ],
)
def test_a_vendor_in_trouble_is_503_and_says_when_to_come_again(
    sandbox: Sandbox, api: APIClient, fault: str, vendor: str, path: str
) -> None:
    sandbox.fault(vendor, fault)

    answer = api.get(path)

    assert answer.status_code == 503
    assert answer["Content-Type"] == "application/problem+json"
    assert int(answer["Retry-After"]) > 0
    assert answer.json()["vendor"] == vendor


def test_dashboards_of_a_dead_vendor_are_503_too(sandbox: Sandbox, api: APIClient) -> None:
    sandbox.fault("coinglass", "dead")
    sandbox.fault("coinapi", "dead")

    assert api.get("/coinglass/dashboard/BTC").status_code == 503
    assert api.get("/coinapi/dashboard/BTC").status_code == 503
