"""Coinglass for clients: what all exchanges together say of a coin now, in the known key names."""

from __future__ import annotations

from typing import Any

from market import clock
from market.providers.coinglass_lists import CoinName
from market.providers.coinglass_market_payloads import CoinMarket, PairMarket
from market.types import Instrument
from market.vendor_data.coinglass_liquidations import liquidations_part
from market.vendor_data.coinglass_names import Document, Found, coin_of, not_listed
from market.vendor_data.direct import Answer, ask_vendor
from market.vendor_data.failures import COINGLASS, NothingThere, VendorFailure

# Pages of the vendor's list of markets that a search for one coin looks through: 1000 coins.
COINS_PER_PAGE = 200
MOST_PAGES = 5


def coin_markets(limit: int, page: int) -> Answer:
    """Return a page of coins with everything at once."""

    async def make(found: Found) -> Document:
        markets = found.take(await found.client.fetch_coin_markets(page=page, per_page=limit))
        rows = [_market(market) for market in markets.values()]
        return {"data": rows, "count": len(rows), "page": page}

    return ask_vendor(COINGLASS, make)


def coin_market(instrument: Instrument) -> Answer:
    """Return one coin over all exchanges."""

    async def make(found: Found) -> Document:
        return await _market_part(found, instrument)

    return ask_vendor(COINGLASS, make)


def listed_coin_market(instrument: Instrument) -> Answer:
    """Return one coin, its keys at the top as well as in the only row of the list."""

    async def make(found: Found) -> Document:
        row = await _market_part(found, instrument)
        return {**row, "data": [row], "count": 1}

    return ask_vendor(COINGLASS, make)


def perpetual_market(instrument: Instrument, limit: int) -> Answer:
    """Return a coin's contracts on every exchange, the most traded first."""

    async def make(found: Found) -> Document:
        coin = await coin_of(found, instrument)
        pairs = found.take(await found.client.fetch_pair_markets(coin.name))
        if not pairs:
            raise not_listed(instrument)
        by_volume = sorted(pairs, key=lambda pair: -(pair.volume_24h_usd or 0.0))
        return {
            "symbol": instrument.symbol.base,
            "data": [_pair(pair) for pair in by_volume[:limit]],
            "count": min(limit, len(pairs)),
            "total": len(pairs),
        }

    return ask_vendor(COINGLASS, make)


def supported_coins(limit: int) -> Answer:
    async def make(found: Found) -> Document:
        coins = found.take(await found.client.fetch_supported_coins())
        return {"coins": list(coins[:limit]), "count": len(coins[:limit]), "total": len(coins)}

    return ask_vendor(COINGLASS, make)


def exchanges(exchange: str | None, limit: int) -> Answer:
    """Return exchanges with some of their contracts; ``limit`` holds per exchange."""

    async def make(found: Found) -> Document:
        pairs = found.take(await found.client.fetch_exchange_pairs())
        wanted = {
            name: rows
            for name, rows in sorted(pairs.items())
            if exchange is None or name.casefold() == exchange.casefold()
        }
        if not wanted:
            raise NothingThere(COINGLASS.name, "Coinglass does not know this exchange.")
        return {
            "data": {
                name: [pair.instrument_id for pair in rows[:limit]] for name, rows in wanted.items()
            },
            "pairCounts": {name: len(rows) for name, rows in wanted.items()},
            "exchangeCount": len(wanted),
            "totalPairs": sum(len(rows) for rows in wanted.values()),
        }

    return ask_vendor(COINGLASS, make)


def dashboard(instrument: Instrument, limit: int) -> Answer:
    """Return market, liquidations and open interest; a part that fails is null and named."""

    async def make(found: Found) -> Document:
        coin = await coin_of(found, instrument)
        came, missing = await found.parts(
            {
                "market": _market_part(found, instrument),
                "liquidations": liquidations_part(found, coin, limit),
                "openInterest": _open_interest(found, coin, limit),
            }
        )
        raise_if_nothing(came, missing)
        note = "Everything answered." if not missing else "See unavailable for what did not answer."
        return {
            "symbol": instrument.symbol.base,
            "timestamp": clock.now(),
            "market": came.get("market"),
            "liquidations": came.get("liquidations"),
            "openInterest": came.get("openInterest"),
            "status": {
                "workingEndpoints": len(came),
                "note": note,
                "unavailable": {name: failure.detail for name, failure in missing.items()},
            },
        }

    return ask_vendor(COINGLASS, make)


def raise_if_nothing(came: dict[str, Any], missing: dict[str, VendorFailure]) -> None:
    """Raise the first failure when no part came at all."""
    if not came:
        raise next(iter(missing.values()))


async def _find_market(found: Found, instrument: Instrument, coin: str) -> CoinMarket:
    for page in range(1, MOST_PAGES + 1):
        reply = await found.client.fetch_coin_markets(page=page, per_page=COINS_PER_PAGE)
        if coin in reply.value:
            return found.take(reply)[coin]
        if len(reply.value) < COINS_PER_PAGE:
            break
    raise not_listed(instrument)


async def _market_part(found: Found, instrument: Instrument) -> Document:
    coin = await coin_of(found, instrument)
    market = _market(await _find_market(found, instrument, coin.name))
    return {
        **market,
        "symbol": instrument.symbol.base,
        "price": None if market["price"] is None else market["price"] / coin.multiplier,
        "openInterestQty": _in_coins(market["openInterestQty"], coin),
    }


def _in_coins(quantity: float | None, coin: CoinName) -> float | None:
    """Return a quantity; unknown of coins by the thousand, whose unit is not documented."""
    return quantity if coin.multiplier == 1 else None


async def _open_interest(found: Found, coin: CoinName, limit: int) -> Document:
    held = found.take(await found.client.fetch_open_interest_by_exchange(coin.name))
    rows = sorted(held.exchanges.items(), key=lambda row: -row[1].open_interest_usd)
    total = held.total
    return {
        "openInterestUsd": None if total is None else total.open_interest_usd,
        "openInterestQty": None if total is None else _in_coins(total.open_interest_base, coin),
        "change": {} if total is None else total.change_pct,
        "exchanges": [
            {
                "exchange": name,
                "openInterestUsd": each.open_interest_usd,
                "change24h": each.change_pct.get("24h"),
            }
            for name, each in rows[:limit]
        ],
    }


def _market(market: CoinMarket) -> Document:
    return {
        "symbol": market.coin,
        "price": market.price_usd,
        "marketCap": market.market_cap_usd,
        "openInterestUsd": market.open_interest_usd,
        "openInterestQty": market.open_interest_base,
        "fundingRateByOI": market.funding_rate_by_open_interest_pct,
        "fundingRateByVol": market.funding_rate_by_volume_pct,
        "oiMarketCapRatio": market.open_interest_to_market_cap,
        "oiVolumeRatio": market.open_interest_to_volume,
        "priceChange": market.price_change_pct,
    }


def _pair(pair: PairMarket) -> Document:
    return {
        "exchange": pair.exchange,
        "pair": pair.instrument_id,
        "price": pair.price_usd,
        "indexPrice": pair.index_price_usd,
        "priceChange24h": pair.price_change_24h_pct,
        "volume24h": pair.volume_24h_usd,
        "openInterestUsd": pair.open_interest_usd,
        "openInterestChange24h": pair.open_interest_change_24h_pct,
        "longLiq24h": pair.liquidated_long_24h_usd,
        "shortLiq24h": pair.liquidated_short_24h_usd,
        "fundingRate": pair.funding_rate_pct,
        "nextFundingAt": None
        if pair.settles_at_ms is None
        else clock.datetime_at(pair.settles_at_ms),
    }
