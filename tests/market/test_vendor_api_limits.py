"""What keeps a client from spending a plan: no key, the clients' share, plans, quotas, one call."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from market.instruments import InstrumentRegistry
from market.providers.plans import COINAPI_PLANS, COINGLASS_PLANS, LUNARCRUSH_PLANS
from market.providers.rate_limit import Pool
from market.providers.runtime import provider_runtime
from market.sandbox.handle import Sandbox
from market.vendor_data import coinglass, direct
from tests.market.conftest import Later
from tests.market.keyed import SMALLEST, give_keys
from tests.market.test_vendor_api import ENDPOINTS

pytestmark = [pytest.mark.django_db]

KEYLESS = ("/coinapi/orderbook/",)
VARIABLES = {
    "coinglass": "COINGLASS_API_KEY",
    "lunarcrush": "LUNARCRUSH_API_KEY",
    "coinapi": "COINAPI_KEY",
}


@pytest.fixture(autouse=True)
def time_enough(settings: Settings) -> None:
    settings.SIGNAL_DEADLINE_S = 60.0  # however busy the machine that makes up the market


# --- Without a key --------------------------------------------------------------------------------


@pytest.mark.usefixtures("listed")
@pytest.mark.parametrize("path", [path for path in ENDPOINTS if not path.startswith(KEYLESS)])
def test_without_a_key_it_is_503_and_names_the_variable(
    sandbox: Sandbox, api: APIClient, path: str
) -> None:
    answer = api.get(path)

    vendor = path.split("/")[1]
    assert answer.status_code == 503
    assert answer["Content-Type"] == "application/problem+json"
    assert "Retry-After" not in answer
    assert answer.json()["variable"] == VARIABLES[vendor]
    assert VARIABLES[vendor] in answer.json()["detail"]
    assert sandbox.calls(vendor) == 0


@pytest.mark.usefixtures("listed")
def test_without_a_key_the_order_book_is_binances_own(sandbox: Sandbox, api: APIClient) -> None:
    answer = api.get("/coinapi/orderbook/BTC")

    body = answer.json()
    assert answer.status_code == 200
    assert (body["source"], body["exchange"]) == ("binance", "BINANCE")
    assert (body["costUnit"], body["cost"]) == ("weight", 22)
    assert body["evidence"]["buyPressure"] is not None
    assert sandbox.calls("coinapi") == 0


@pytest.mark.usefixtures("listed")
def test_without_binance_either_it_is_okxs_and_says_so(sandbox: Sandbox, api: APIClient) -> None:
    sandbox.scenario("binance_geo_blocked")

    body = api.get("/coinapi/orderbook/BTC").json()

    assert (body["source"], body["exchange"]) == ("okx", "OKX")
    assert body["evidence"]["largePrints"] is None
    assert [problem["source"] for problem in body["problems"]] == ["binance"]


# --- The clients' share ---------------------------------------------------------------------------


@pytest.fixture
def smallest_plans(settings: Settings) -> None:
    settings.PROVIDER_BUDGET_SHARE = 0.8
    give_keys(settings, **SMALLEST)


def share_of(pools: tuple[Pool, ...], name: str) -> int:
    [pool] = [pool for pool in pools if pool.name == name]
    return int(pool.limit * 0.5)


def ask_often(api: APIClient, paths: list[str], times: int) -> list[int]:
    answers = [api.get(path) for path in islice(cycle(paths), times)]
    for answer in answers:
        if answer.status_code == 429:
            assert int(answer["Retry-After"]) >= 1
            assert answer["Content-Type"] == "application/problem+json"
    return [answer.status_code for answer in answers]


COINS = (
    "BTC", "ETH", "SOL", "XRP", "DOGE", "ADA", "AVAX", "LINK", "DOT", "LTC",
    "BCH", "UNI", "AAVE", "ATOM", "NEAR", "ETC", "FIL", "APT", "ARB", "OP",
)  # fmt: skip


def test_a_burst_of_a_thousand_requests_spends_the_clients_share_and_no_more(
    smallest_plans: None, listed: None, sandbox: Sandbox, api: APIClient
) -> None:
    paths = [f"/coinglass/{what}/{coin}" for what in ("perpetual-market", "open-interest",
             "funding-rate", "long-short", "liquidations") for coin in COINS]  # fmt: skip

    statuses = ask_often(api, paths, 1000)

    share = share_of(COINGLASS_PLANS["hobbyist"].pools(0.8), "minute")
    assert sandbox.calls("coinglass") == share == 12
    assert set(statuses) == {200, 429}
    assert sandbox.violations == ()


def test_after_the_burst_scans_still_have_their_part(
    smallest_plans: None, listed: None, sandbox: Sandbox, api: APIClient
) -> None:
    ask_often(api, [f"/coinglass/perpetual-market/{coin}" for coin in COINS], 40)
    before = sandbox.calls("coinglass")

    reply = provider_runtime().run(
        lambda providers: providers.coinglass.fetch_pair_markets("MANA"),  # type: ignore[union-attr]
        timeout_s=5.0,
    )

    assert before == 12
    assert reply.value
    assert sandbox.calls("coinglass") == before + 1


def test_what_clients_spent_and_have_left_is_shown(
    smallest_plans: None, listed: None, sandbox: Sandbox, api: APIClient
) -> None:
    ask_often(api, [f"/coinglass/perpetual-market/{coin}" for coin in COINS[:3]], 3)

    told = api.get("/health/ready").json()["checks"]["providers"]["data"]

    assert told["coinglass"]["shares"]["clients"]["minute"] == {
        "used": 3, "limit": 12, "remaining": 9,
    }  # fmt: skip
    assert told["coinglass"]["shares"]["signals"]["minute"]["used"] == 0
    assert told["coinglass"]["budgets"]["minute"]["used"] == 3


def test_the_share_comes_back_with_time(
    smallest_plans: None, listed: None, sandbox: Sandbox, api: APIClient, later: Later
) -> None:
    ask_often(api, [f"/coinglass/perpetual-market/{coin}" for coin in COINS], 40)

    with later(1.1):
        answer = api.get("/coinglass/perpetual-market/MANA")

    assert answer.status_code == 200
    assert answer.json()["cost"] == 1


def test_what_is_cached_is_answered_when_the_share_is_spent(
    smallest_plans: None, listed: None, sandbox: Sandbox, api: APIClient
) -> None:
    ask_often(api, [f"/coinglass/perpetual-market/{coin}" for coin in COINS], 40)

    cached = api.get(f"/coinglass/perpetual-market/{COINS[0]}")
    new = api.get("/coinglass/perpetual-market/MANA")

    assert (cached.status_code, cached.json()["cost"]) == (200, 0)
    assert new.status_code == 429


def test_a_client_that_never_rests_cannot_spend_a_day_of_lunarcrush(
    settings: Settings, sandbox: Sandbox, api: APIClient, later: Later, listed: None
) -> None:
    settings.PROVIDER_BUDGET_SHARE = 0.1  # 1 call a minute, 200 a day
    give_keys(settings, lunarcrush="individual")
    share = share_of(LUNARCRUSH_PLANS["individual"].pools(0.1), "day")

    for minute in range(120):
        with later(1.1 * minute):
            ask_often(api, [f"/lunarcrush/topic/coins:{1 + minute % 20}"], 2)

    assert sandbox.calls("lunarcrush") == share == 100
    assert sandbox.violations == ()


def test_a_client_cannot_spend_a_day_of_credits(
    smallest_plans: None, listed: None, sandbox: Sandbox, api: APIClient
) -> None:
    share = share_of(COINAPI_PLANS["startup"].pools(0.8), "day")

    statuses = ask_often(
        api,
        [
            f"/coinapi/trades/{coin}?limit={limit}"
            for limit in (1000, 900, 800, 700)
            for coin in COINS
        ],
        80,
    )

    [spent] = sandbox.spent("coinapi").values()
    assert share - 10 <= sum(spent.values()) <= share == 400
    assert statuses[-1] == 429
    assert sandbox.violations == ()


def test_the_same_question_at_once_is_one_call(
    smallest_plans: None,
    listed: None,
    sandbox: Sandbox,
    settings: Settings,
    known_coins: dict[str, InstrumentRegistry],
) -> None:
    settings.WEB_THREADS = 64
    sandbox.latency_ms = 50
    bitcoin = known_coins["all"].resolve("BTC")

    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(lambda _: coinglass.perpetual_market(bitcoin, 5), range(20)))

    assert sandbox.calls("coinglass") == 1
    assert sum(answer.cost for answer in answers) == 1


def test_half_of_the_threads_stay_free_for_other_requests(
    smallest_plans: None,
    listed: None,
    sandbox: Sandbox,
    api: APIClient,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.WEB_THREADS = 2
    monkeypatch.setattr(direct, "PLACE_WAIT_S", 0.0)

    with direct.place_of("coinglass"):
        refused = api.get("/coinglass/perpetual-market/BTC")
    answered = api.get("/coinglass/perpetual-market/BTC")

    assert (refused.status_code, refused["Retry-After"]) == (429, "1")
    assert answered.status_code == 200


# --- Plans and keys -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/coinglass/markets",
        "/coinglass/markets/BTC",
        "/coinglass/liquidations/BTC/heatmap",
        "/coinglass/open-interest/BTC?interval=1h",
        "/lunarcrush/topic/bitcoin",
    ],
)
def test_what_the_plan_excludes_is_403_with_its_name_and_costs_nothing(
    smallest_plans: None, listed: None, sandbox: Sandbox, api: APIClient, path: str
) -> None:
    answer = api.get(path)

    vendor = path.split("/")[1]
    assert answer.status_code == 403
    assert f"{vendor.upper()}_PLAN" in answer.json()["detail"]
    assert answer.json()["detail"].count({"coinglass": "hobbyist", "lunarcrush": "hobby"}[vendor])
    assert sandbox.calls(vendor) == 0


def test_what_only_the_vendor_refuses_is_403_and_not_asked_twice(
    settings: Settings, sandbox: Sandbox, api: APIClient, listed: None
) -> None:
    give_keys(settings, lunarcrush="individual")
    first = api.get("/lunarcrush/coin/BTC/change")
    calls = sandbox.calls("lunarcrush", "/public/coins")

    second = api.get("/lunarcrush/coin/ETH/change")

    assert (first.status_code, second.status_code) == (403, 403)
    assert sandbox.calls("lunarcrush", "/public/coins") == calls


def test_momentum_without_the_series_is_unknown_and_says_why(
    settings: Settings, sandbox: Sandbox, api: APIClient, listed: None
) -> None:
    give_keys(settings, lunarcrush="individual")

    body = api.get("/lunarcrush/coin/BTC/momentum").json()

    assert body["momentumScore"] is None
    assert body["currentMetrics"]["galaxyScore"] is not None
    assert "plan" in body["problems"][0]["detail"]


def test_a_dashboard_of_the_smallest_plan_says_what_it_leaves_out(
    smallest_plans: None, listed: None, sandbox: Sandbox, api: APIClient
) -> None:
    body = api.get("/coinglass/dashboard/BTC").json()

    assert body["market"] is None
    assert body["liquidations"]["coinList"]["liquidation24h"] > 0
    assert body["status"]["workingEndpoints"] == 2
    assert "hobbyist" in body["status"]["unavailable"]["market"]


@pytest.mark.parametrize("vendor", VARIABLES)
def test_a_refused_key_is_503_names_the_variable_and_not_the_key(
    settings: Settings, sandbox: Sandbox, api: APIClient, listed: None, vendor: str
) -> None:
    key = f"sandbox-{vendor}-secret-revoked"
    setattr(settings, VARIABLES[vendor], key)
    provider_runtime().close()
    path = {
        "coinglass": "/coinglass/perpetual-market/BTC",
        "lunarcrush": "/lunarcrush/coin/BTC",
        "coinapi": "/coinapi/quote/BTC",
    }[vendor]

    answer = api.get(path)

    assert answer.status_code == 503
    assert VARIABLES[vendor] in answer.json()["detail"]
    assert key not in answer.content.decode()
    assert int(answer["Retry-After"]) > 1


def test_an_exhausted_quota_of_the_vendor_is_503(
    settings: Settings, sandbox: Sandbox, api: APIClient, listed: None
) -> None:
    settings.COINAPI_KEY = "sandbox-coinapi-none"
    provider_runtime().close()

    answer = api.get("/coinapi/quote/BTC")

    assert answer.status_code == 503
    assert "credits" in answer.json()["detail"]
    assert int(answer["Retry-After"]) > 60
