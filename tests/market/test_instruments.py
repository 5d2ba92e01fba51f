"""Names: what a venue calls a coin, what people type, what is no crypto perpetual at all."""

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.instruments import (
    LONGEST_QUERY,
    InstrumentRegistry,
    UnknownSymbol,
    build_registry,
    split_multiplier,
)
from market.providers.coingecko_payloads import parse_markets
from market.providers.contracts import parse_exchange_info, parse_instruments
from market.types import Symbol
from tests.market.providers.bodies import (
    binance_contract,
    coin_market,
    exchange_info,
    okx,
    okx_instrument,
)
from tests.recordings import recording


def binance(*contracts):
    rows = [binance_contract(c) if isinstance(c, str) else c for c in contracts]
    return parse_exchange_info(exchange_info(*rows)).value.contracts


def okx_rows(*rows):
    return parse_instruments(
        okx([okx_instrument(row) if isinstance(row, str) else row for row in rows])
    ).value


def coins(*rows):
    return parse_markets(list(rows)).value


@pytest.fixture
def registry():
    return build_registry(
        binance=binance(
            "BTCUSDT", "ETHUSDT", "1000PEPEUSDT", "1000000MOGUSDT", "1MBABYDOGEUSDT", "1INCHUSDT",
            "1000XUSDT", "POLUSDT", "SUSDT", "SKYUSDT", "币安人生USDT",
        ),
        okx=okx_rows(
            "BTC-USDT-SWAP", "ETH-USDT-SWAP", okx_instrument("PEPE-USDT-SWAP", ctVal="10000000"),
            "SATS-USDT-SWAP",
        ),
        coins=coins(
            coin_market("bitcoin", "btc"),
            coin_market("mog-coin", "mog", market_cap_rank=300),
            coin_market("baby-doge-coin", "babydoge", market_cap_rank=400),
        ),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "base"),
    [
        ("BTC", "BTC"),
        ("btc", "BTC"),
        (" btc ", "BTC"),
        ("BTCUSDT", "BTC"),
        ("btcusdt", "BTC"),
        ("BTC-USDT", "BTC"),
        ("BTC/USDT", "BTC"),
        ("BTC_USDT", "BTC"),
        ("BTC-USDT-SWAP", "BTC"),
        ("btc-usdt-swap", "BTC"),
        ("BINANCE_SPOT_BTC_USDT", "BTC"),
        ("OKEX_PERP_BTC_USDT", "BTC"),
        ("bitcoin", "BTC"),
        ("PEPE", "PEPE"),
        ("1000PEPE", "PEPE"),
        ("1000PEPEUSDT", "PEPE"),
        ("PEPEUSDT", "PEPE"),
        ("PEPE-USDT", "PEPE"),
        ("PEPE-USDT-SWAP", "PEPE"),
        ("1000PEPE-USDT", "PEPE"),
        ("1000000MOG", "MOG"),
        ("1MBABYDOGE", "BABYDOGE"),
        ("1MBABYDOGEUSDT", "BABYDOGE"),
        ("1INCH", "1INCH"),
        ("1inchusdt", "1INCH"),
        ("1000X", "1000X"),
        ("SATS", "SATS"),
        ("1000SATS", "SATS"),
        ("1000SATSUSDT", "SATS"),
        ("币安人生", "币安人生"),
        ("币安人生USDT", "币安人生"),
        ("MATIC", "POL"),
        ("MATICUSDT", "POL"),
        ("matic-usdt-swap", "POL"),
        ("FTM", "S"),
        ("MKR", "SKY"),
    ],
)
def test_every_way_of_writing_a_coin_finds_it(registry, text, base):
    assert registry.resolve(text).symbol == Symbol(base)


@pytest.mark.parametrize(
    ("text", "suggestion"), [("BTX", "BTC"), ("PEPPE", "PEPE"), ("ETHH", "ETH"), ("1NCH", "1INCH")]
)
def test_an_unknown_name_is_answered_with_the_closest_ones(registry, text, suggestion):
    with pytest.raises(UnknownSymbol) as caught:
        registry.resolve(text)

    assert suggestion in caught.value.suggestions
    assert len(caught.value.suggestions) <= 3
    assert all(registry.get(Symbol(name)) is not None for name in caught.value.suggestions)


@pytest.mark.parametrize(
    "text",
    ["", " ", "USDT", "-USDT", "BTC-USD", "BTCUSD", "1000BTC", "1000BTCUSDT", "INCH", "1000SATSX",
     "BTC'; DROP TABLE x", "../../etc/passwd", "BTC\x00", "B\nTC", "<script>", "BTC%00", "ＢＴＣ",
     "🚀", "b" * 41, " " * 50 + "BTC", "x" * 100_000, "BTC" + "USDT" * 9,
     "_SPOT_", "BINANCE_SPOT_"],
)  # fmt: skip
def test_what_is_no_listed_name_is_unknown(registry, text):
    with pytest.raises(UnknownSymbol) as caught:
        registry.resolve(text)

    assert len(caught.value.text) <= LONGEST_QUERY


@given(st.text(max_size=60))
@settings(deadline=None, max_examples=200)
def test_any_text_is_found_or_unknown_and_nothing_else(text):
    listed = build_registry(binance=binance("BTCUSDT", "1000PEPEUSDT"), okx=okx_rows())

    try:
        found = listed.resolve(text)
    except UnknownSymbol:
        return
    assert found in list(listed)


def test_an_old_name_is_told_as_such(registry):
    assert registry.renamed_from("maticusdt") == "MATIC"
    assert registry.renamed_from("BTC") is None
    assert registry.renamed_from("x" * 100) is None


def test_a_coin_still_listed_under_an_old_name_is_itself():
    listed = build_registry(binance=binance("MKRUSDT", "SKYUSDT"))

    assert listed.resolve("MKR").symbol == Symbol("MKR")
    assert listed.renamed_from("MKR") is None


def test_an_old_name_whose_new_one_is_not_listed_is_unknown():
    with pytest.raises(UnknownSymbol):
        build_registry(binance=binance("BTCUSDT")).resolve("MATIC")


@pytest.mark.parametrize(
    ("base_asset", "known", "expected"),
    [
        ("1000PEPE", {"PEPE"}, ("PEPE", 1000)),
        ("1000PEPE", set(), ("1000PEPE", 1)),
        ("1000000MOG", {"MOG"}, ("MOG", 1_000_000)),
        ("1000000MOG", {"000MOG"}, ("000MOG", 1000)),
        ("1MBABYDOGE", {"BABYDOGE"}, ("BABYDOGE", 1_000_000)),
        ("1INCH", {"INCH"}, ("1INCH", 1)),
        ("1000", {"", "0"}, ("1000", 1)),
        ("BTC", {"BTC"}, ("BTC", 1)),
    ],
)
def test_a_multiplier_is_taken_off_only_before_a_known_coin(base_asset, known, expected):
    assert split_multiplier(base_asset, known - {""}) == expected


def test_listings_carry_what_prices_and_sizes_must_be_divided_by(registry):
    pepe = registry.resolve("PEPE")

    assert pepe.binance.venue_symbol == "1000PEPEUSDT"
    assert pepe.binance.multiplier == 1000
    assert pepe.okx.venue_symbol == "PEPE-USDT-SWAP"
    assert pepe.okx.multiplier == 1
    assert pepe.okx.contract_size_base == 10_000_000.0
    assert registry.resolve("BTC").binance.tick_size == "0.10"
    assert registry.resolve("BTC").binance.listed_at_ms == 1569398400000


def test_a_binance_name_without_prefix_makes_the_prefixed_one_known():
    listed = build_registry(binance=binance("PEPEUSDT", "1000PEPEUSDT"))

    assert [instrument.symbol.base for instrument in listed] == ["PEPE"]
    assert listed.resolve("PEPE").binance.multiplier == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "SETTLING"},
        {"status": "PENDING_TRADING", "contractType": ""},
        {"contractType": "TRADIFI_PERPETUAL", "underlyingType": "COMMODITY"},
        {"contractType": "CURRENT_QUARTER"},
        {"underlyingType": "INDEX"},
        {"quoteAsset": "USDC"},
        {"baseAsset": "B_TC"},
    ],
)
def test_what_is_no_live_crypto_perpetual_of_binance_is_not_listed(changes):
    assert len(build_registry(binance=binance(binance_contract("XUSDT", **changes)))) == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "suspend"},
        {"instCategory": "3"},
        {"ctType": "inverse"},
        {"settleCcy": "USDC"},
        {"ruleType": "pre_market"},
    ],
)
def test_what_is_no_live_crypto_swap_of_okx_is_not_listed(changes):
    assert len(build_registry(okx=okx_rows(okx_instrument("X-USDT-SWAP", **changes)))) == 0


def test_a_coin_on_coingecko_alone_is_not_tradable():
    assert len(build_registry(coins=coins(coin_market()))) == 0


# --- CoinGecko ids -------------------------------------------------------------------------------


def test_of_coins_with_one_symbol_the_best_ranked_is_taken():
    listed = build_registry(
        binance=binance("BTCUSDT"),
        coins=coins(
            coin_market("batcat", "btc", market_cap_rank=None),
            coin_market("bitcoin", "btc", market_cap_rank=1),
            coin_market("bitcoin-copy", "btc", market_cap_rank=900),
        ),
    )

    assert listed.resolve("BTC").coingecko_id == "bitcoin"
    assert listed.resolve("BTC").market_cap_rank == 1


@pytest.mark.parametrize(
    ("unit_price", "coin_price", "mapped"),
    [
        (0.01, 0.00001, True),
        (0.01, 0.00001049, True),
        (0.01, 0.00001051, False),
        (0.01, 0.00000951, True),
        (0.01, 0.00000949, False),
        (0.01, 0.01, False),  # the price of a thousand
        (None, 5.0, True),  # nothing to compare with
        (0.01, None, True),
    ],
)
def test_a_coin_is_mapped_when_its_price_is_the_venues_per_coin(unit_price, coin_price, mapped):
    listed = build_registry(
        binance=binance("1000PEPEUSDT"),
        coins=coins(coin_market("pepe", "pepe", current_price=coin_price)),
        unit_prices={} if unit_price is None else {"1000PEPEUSDT": unit_price},
    )

    assert (listed.resolve("PEPE").coingecko_id == "pepe") is mapped


def test_names_that_venues_changed_are_mapped_by_the_table_and_checked_like_any():
    beam = coin_market("beam-2", "beam", current_price=0.02, market_cap_rank=500)
    contracts = binance("BEAMXUSDT")

    named = build_registry(binance=contracts, coins=coins(beam), unit_prices={"BEAMXUSDT": 0.02})
    wrong = build_registry(binance=contracts, coins=coins(beam), unit_prices={"BEAMXUSDT": 0.2})

    assert named.resolve("BEAMX").coingecko_id == "beam-2"
    assert wrong.resolve("BEAMX").coingecko_id is None


@pytest.mark.parametrize(("okx_price", "kept"), [(1.1, True), (1.3, False), (None, True)])
def test_a_namesake_of_the_other_venue_is_no_fallback(okx_price, kept):
    prices = {"XYZUSDT": 1.0} | ({} if okx_price is None else {"XYZ-USDT-SWAP": okx_price})

    listed = build_registry(
        binance=binance("XYZUSDT"), okx=okx_rows("XYZ-USDT-SWAP"), unit_prices=prices
    )

    assert (listed.resolve("XYZ").okx is not None) is kept
    assert listed.resolve("XYZ").binance is not None


# --- storage and lookup --------------------------------------------------------------------------


def test_a_registry_survives_storage_as_plain_rows(registry):
    rows = orjson.loads(orjson.dumps(registry.to_rows()))

    again = InstrumentRegistry.from_rows(rows)

    assert list(again) == list(registry)
    assert again.resolve("1000PEPEUSDT") == registry.resolve("PEPE")


def test_a_venues_own_name_finds_the_coin(registry):
    assert registry.of_venue("1000PEPEUSDT") == registry.resolve("PEPE")
    assert registry.of_venue("BTC-USDT-SWAP") == registry.resolve("BTC")
    assert registry.of_venue("NOPEUSDT") is None


def test_the_order_of_the_lists_changes_nothing():
    names = ["BTCUSDT", "1000PEPEUSDT", "PEPEUSDT", "ETHUSDT"]
    markets = [coin_market("pepe", "pepe", market_cap_rank=30), coin_market("bitcoin", "btc")]

    forward = build_registry(binance=binance(*names), coins=coins(*markets))
    backward = build_registry(binance=binance(*names[::-1]), coins=coins(*markets[::-1]))

    assert list(forward) == list(backward)


def test_recorded_venue_lists_make_a_registry():
    rows = [
        *orjson.loads(
            recording("providers/samples/binance/exchangeInfo.symbol-rows.json").read_bytes()
        ),
        *orjson.loads(
            recording("providers/samples/binance/exchangeInfo.symbol-rows-2021.json").read_bytes()
        ),
    ]
    swaps = orjson.loads(
        recording("providers/samples/okx/public_instruments.swap.json").read_bytes()
    )

    listed = build_registry(
        binance=parse_exchange_info({"symbols": rows}).value.contracts,
        okx=parse_instruments(swaps).value,
        coins=coins(coin_market("shiba-inu", "shib", market_cap_rank=15)),
    )

    assert [instrument.symbol.base for instrument in listed] == ["BTC", "ETH", "SHIB"]
    assert listed.resolve("1000SHIBUSDT").binance.multiplier == 1000
    assert listed.resolve("ETH").binance is None
