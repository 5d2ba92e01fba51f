"""What CoinAPI lists: symbols of several exchanges over the coins of the market behind the sandbox.

Binance futures and OKX are the contracts that also stand in this sandbox; Bybit and the spot
exchanges follow a coin's main contract at a price a few hundredths of a percent away. A recording
has the first two only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from market.sandbox.bars import QUOTE, VOLUME
from market.sandbox.coinapi_rules import iso, no_data
from market.sandbox.http import Request
from market.sandbox.noise import key_of
from market.sandbox.recent import Recent
from market.sandbox.source import MarketSource
from market.sandbox.universe import Contract
from market.types import DAY_MS, HOUR_MS

PERPETUAL, FUTURE, SPOT = "PERPETUAL", "FUTURES", "SPOT"
BINANCE_FUTURES, OKX, BYBIT = "BINANCEFTS", "OKEX", "BYBIT"


@dataclass(frozen=True, slots=True)
class Traded:
    symbol_id: str
    exchange_id: str
    kind: str
    base: str
    quote: str
    exchange_symbol: str
    contract: Contract  # prices and sizes; its symbol is what the books are drawn from

    @property
    def contract_unit(self) -> float:
        """Units behind one unit of volume: contracts are counted on futures exchanges."""
        return self.contract.contract_value if self.exchange_id == OKX else 1.0


@dataclass(frozen=True, slots=True)
class _Follower:
    exchange_id: str
    name: str
    kind: str
    quote: str
    pattern: str
    share: float
    ranks: int


_FOLLOWERS = (
    _Follower(BYBIT, "Bybit", PERPETUAL, "USDT", "{}USDT", 0.5, 250),
    _Follower("BINANCE", "Binance", SPOT, "USDT", "{}USDT", 0.2, 300),
    _Follower("COINBASE", "Coinbase", SPOT, "USD", "{}-USD", 0.06, 80),
    _Follower("KRAKEN", "Kraken", SPOT, "USD", "{}/USD", 0.03, 100),
    _Follower("BITSTAMP", "Bitstamp", SPOT, "USD", "{}usd", 0.01, 30),
)
EXCHANGE_NAMES = {
    BINANCE_FUTURES: "Binance Futures",
    OKX: "OKX",
    **{each.exchange_id: each.name for each in _FOLLOWERS},
}


class Symbols:
    def __init__(self, source: MarketSource) -> None:
        self._source = source
        self._listed: Recent[dict[str, Traded]] = Recent(3)

    def all(self, at_ms: int) -> dict[str, Traded]:
        key = at_ms // HOUR_MS if self._source.simulated else at_ms
        return self._listed.get_or_make(
            key, lambda: {each.symbol_id: each for each in self._list(at_ms)}
        )

    def asked(self, request: Request, at_ms: int) -> Traded:
        """Return the symbol of a path."""
        traded = self.all(at_ms).get(request.params["symbol_id"])
        if traded is None:
            raise no_data()
        return traded

    def row(self, traded: Traded, at_ms: int) -> dict[str, Any]:
        contract = traded.contract
        day = self._source.last_day(contract, at_ms)
        volume, usd = (float(day[1][VOLUME]), float(day[1][QUOTE])) if day else (0.0, 0.0)
        start = iso(contract.listed_ms)
        row: dict[str, Any] = {
            "symbol_id": traded.symbol_id,
            "exchange_id": traded.exchange_id,
            "symbol_type": traded.kind,
            "asset_id_base": traded.base,
            "asset_id_quote": traded.quote,
        }
        if traded.kind != SPOT:
            row |= {
                "asset_id_unit": traded.base,
                "future_contract_unit": traded.contract_unit,
                "future_contract_unit_asset": traded.base,
            }
        row |= {"data_start": start[:10], "data_end": iso(at_ms)[:10]}
        for what in ("quote", "orderbook", "trade"):
            row |= {f"data_{what}_start": start, f"data_{what}_end": iso(at_ms)}
        volume /= traded.contract_unit
        for name, share in (("1hrs", 1.0 / 24.0), ("1day", 1.0), ("1mth", 30.0)):
            row |= {
                f"volume_{name}": round(volume * share, 8),
                f"volume_{name}_usd": round(usd * share, 2),
            }
        price = self._source.price(contract, at_ms)
        if price is not None and traded.kind != SPOT:
            row["price"] = price
        return row | {
            "symbol_id_exchange": traded.exchange_symbol,
            "asset_id_base_exchange": traded.base,
            "asset_id_quote_exchange": traded.quote,
            "price_precision": 10.0**-contract.price_decimals,
            "size_precision": 10.0**-contract.quantity_decimals,
        }

    def _list(self, at_ms: int) -> Iterator[Traded]:
        universe = self._source.universe(at_ms)
        main: dict[str, Contract] = {}
        for contract in universe.binance.values():
            # What is settled is no longer listed, what is to come not yet.
            if not contract.contract_type or not contract.trading(at_ms):
                continue
            base, quote = contract.base_asset, contract.quote_asset
            _, _, end = contract.symbol.partition("_")
            kind = FUTURE if end else PERPETUAL
            name = f"FTS_{base}_{quote}_{end}" if end else f"PERP_{base}_{quote}"
            symbol_id = f"{BINANCE_FUTURES}_{name}"
            yield Traded(symbol_id, BINANCE_FUTURES, kind, base, quote, contract.symbol, contract)
            if not end and quote == "USDT" and contract.underlying == "COIN":
                main.setdefault(contract.coin.base, contract)
        for contract in universe.okx.values():
            if contract.inverse or contract.state != "live":
                continue
            base = contract.base_asset
            symbol_id = f"{OKX}_PERP_{base}_USDT"
            yield Traded(symbol_id, OKX, PERPETUAL, base, "USDT", contract.symbol, contract)
        if self._source.simulated:
            for contract in main.values():
                yield from _followers(contract)


def exchange_row(
    exchange_id: str, rank: int, symbols: Sequence[Traded], at_ms: int
) -> dict[str, Any]:
    start, end = iso(min(each.contract.listed_ms for each in symbols)), iso(at_ms)
    day_usd = sum(each.contract.coin.turnover_usd * each.contract.share for each in symbols)
    return {
        "exchange_id": exchange_id,
        "website": f"https://example.com/{exchange_id.lower()}",
        "name": EXCHANGE_NAMES[exchange_id],
        **{
            f"data_{what}_{edge}": time
            for what in ("quote", "orderbook", "trade")
            for edge, time in (("start", start), ("end", end))
        },
        "data_symbols_count": len(symbols),
        "volume_1hrs_usd": round(day_usd / 24.0, 2),
        "volume_1day_usd": round(day_usd, 2),
        "volume_1mth_usd": round(day_usd * 30.0, 2),
        "rank": rank,
    }


def _followers(main: Contract) -> Iterator[Traded]:
    coin = main.coin
    for each in _FOLLOWERS:
        if coin.rank > each.ranks:
            continue
        spot = each.kind == SPOT
        base = coin.base if spot else main.base_asset
        symbol_id = f"{each.exchange_id}_{'SPOT' if spot else 'PERP'}_{base}_{each.quote}"
        # A standing difference of at most 3 basis points to the main contract.
        basis = 1.0 + (key_of(coin.base, each.exchange_id) % 601 - 300) / 1e6
        contract = replace(
            main,
            symbol=symbol_id,
            unit=1 if spot else main.unit,
            price_decimals=main.price_decimals + (4 if spot and main.unit > 1 else 0),
            price_factor=main.price_factor * basis,
            share=main.share * each.share,
            listed_ms=main.listed_ms + key_of(symbol_id) % 90 * DAY_MS // 10,
        )
        name = each.pattern.format(base)
        yield Traded(symbol_id, each.exchange_id, each.kind, base, each.quote, name, contract)
