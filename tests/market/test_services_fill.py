"""``fill``: whole windows of coins, step by step, to be stopped and gone on with."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from market import fill as filling
from market import universe
from market.fill import Filled, fill, largest
from market.models import ListedSymbol
from market.sandbox.handle import Sandbox
from market.series import load
from market.services import resolve_symbol
from market.types import HOUR_MS

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("listed")]


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("fill", *arguments, stdout=out)
    return out.getvalue()


def test_a_fill_tells_each_coin_and_keeps_its_windows(sandbox: Sandbox) -> None:
    output = run("BTC", "ethusdt")

    assert output.splitlines() == ["1/2 BTC ok", "2/2 ETH ok", "2 coins have their windows."]
    kinds = {(key.base, key.kind) for key in load(["BTC", "ETH"])}
    # funding, candles, three statistics, votes with market cap, two of liquidations
    assert len(kinds) == 2 * 9


def test_a_fill_reaches_as_far_back_as_the_venue_keeps_liquidations(sandbox: Sandbox) -> None:
    run("BTC")

    [buckets] = [held.table for key, held in load(["BTC"]).items() if key.kind == "liquidations"]
    assert buckets.last_ms - buckets.first_ms > 23.5 * HOUR_MS


def test_what_is_filled_is_not_fetched_again(sandbox: Sandbox) -> None:
    run("BTC")
    klines = sandbox.calls("binance", "/fapi/v1/klines")
    statistics = sandbox.calls("binance", "/futures/data/")

    run("BTC")

    assert sandbox.calls("binance", "/fapi/v1/klines") == klines
    assert sandbox.calls("binance", "/futures/data/") == statistics


def test_the_largest_coins_come_first_and_a_coin_named_twice_once(sandbox: Sandbox) -> None:
    output = run("BTC", "--top", "2")

    assert [coin.market_cap_rank for coin in largest(2)] == [1, 2]
    assert "2 coins have their windows." in output


def test_a_coin_that_lacks_something_is_named_with_the_reason(sandbox: Sandbox) -> None:
    resolve_symbol("BTC")
    sandbox.fault("binance", "dead", path="/futures/data/")
    sandbox.fault("okx", "dead", path="/api/v5/rubik/")

    with pytest.raises(CommandError) as failed:
        run("BTC")

    assert failed.value.returncode == 1
    assert "BTC  open_interest_usd: binance:" in str(failed.value)


def test_one_dead_wave_does_not_end_the_fill(sandbox: Sandbox) -> None:
    coins = [resolve_symbol("BTC"), resolve_symbol("ETH")]
    sandbox.scenario("all_dead")
    told: list[Filled] = []

    filled = fill(coins, told.append)

    assert told == filled
    assert [coin.base for coin in filled] == ["BTC", "ETH"]
    assert all("No market data can be had now" in coin.missing[0] for coin in filled)


def test_an_unknown_name_stops_before_anything_is_fetched(sandbox: Sandbox) -> None:
    with pytest.raises(CommandError) as unknown:
        run("BTC", "SOLL")

    assert unknown.value.returncode == 2
    assert "Did you mean SOL" in str(unknown.value)
    assert sandbox.calls("binance", "/fapi/v1/klines") == 0


@pytest.mark.parametrize("arguments", [(), ("--top", "-1"), ("--top", "100000")])
def test_a_fill_of_nothing_or_of_everything_is_refused(arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError) as refused:
        run(*arguments)

    assert refused.value.returncode == 2


def test_with_no_provider_at_all_the_exit_code_says_so(sandbox: Sandbox) -> None:
    universe.reset()
    ListedSymbol.objects.all().delete()
    sandbox.scenario("all_dead")

    with pytest.raises(CommandError) as unavailable:
        run("BTC")

    assert unavailable.value.returncode == 3


def test_stopped_by_ctrl_c_a_fill_keeps_what_it_has_and_says_how_far_it_came(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    waves = iter([filling.gather])

    def interrupted(*arguments: object, **options: object) -> object:
        gather = next(waves, None)
        if gather is None:
            raise KeyboardInterrupt
        return gather(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(filling, "COINS_PER_WAVE", 1)
    monkeypatch.setattr(filling, "gather", interrupted)

    with pytest.raises(CommandError) as stopped:
        run("BTC", "ETH")

    assert stopped.value.returncode == 130
    assert "Stopped after 1 of 2 coins" in str(stopped.value)
    assert {key.base for key in load(["BTC", "ETH"])} == {"BTC"}
