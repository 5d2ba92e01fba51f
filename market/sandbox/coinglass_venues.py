"""Which exchanges Coinglass sees, and what each lists of a coin.

Binance and OKX are the ones that also stand in this sandbox: their numbers are the same here. The
others follow the coin's main contract, each with a share of its size. A recording knows no others.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from market.sandbox.coinglass_rules import Ask, fail, no_such_pair
from market.sandbox.noise import key_of
from market.sandbox.recent import Recent
from market.sandbox.source import MarketSource
from market.sandbox.universe import Coin, Contract, Universe
from market.types import HOUR_MS

BINANCE, OKX = "Binance", "OKX"
# Every name the vendor lists; only some of them have markets here.
EXCHANGES = (
    "OKX", "Binance", "HTX", "Bitmex", "Bitfinex", "Bybit", "Deribit", "Gate", "Kraken", "KuCoin",
    "CME", "Bitget", "dYdX", "CoinEx", "BingX", "Coinbase", "Gemini", "Crypto.com", "Hyperliquid",
    "Bitunix", "MEXC", "WhiteBIT", "Aster", "Lighter", "EdgeX", "Drift", "Paradex", "Extended",
    "ApeX Omni",
)  # fmt: skip
# Coin-margined contracts exist for coins up to this rank.
_COIN_MARGIN_RANK = 12
_MAJORS = 2
_EVERY = 10_000


@dataclass(frozen=True, slots=True)
class Venue:
    """``share`` and ``coin_margin``: size ÷ that of the coin's main contract, by margin."""

    name: str
    share: float
    coin_margin: float
    pattern: str  # of an instrument in USDT
    coin_pattern: str = ""  # of a coin-margined one
    ranks: int = _EVERY  # lists coins up to this rank


_VENUES = (
    Venue(BINANCE, 1.0, 0.25, "", "{}USD_PERP"),
    Venue(OKX, 1.0, 0.06, "", "{}-USD-SWAP"),
    Venue("Bybit", 0.62, 0.10, "{}USDT", "{}USD", 300),
    Venue("CME", 1.10, 0.0, "{}1!", "", _MAJORS),
    Venue("Gate", 0.52, 0.01, "{}_USDT", "{}_USD"),
    Venue("Bitget", 0.45, 0.04, "{}USDT_UMCBL", "{}USD_DMCBL", 280),
    Venue("Hyperliquid", 0.30, 0.0, "{}", "", 180),
    Venue("MEXC", 0.28, 0.02, "{}_USDT", "{}_USD", 320),
    Venue("HTX", 0.22, 0.02, "{}-USDT", "{}-USD", 120),
    Venue("BingX", 0.15, 0.0, "{}-USDT", "", 250),
    Venue("Deribit", 0.02, 0.14, "{}_USDC-PERPETUAL", "{}-PERPETUAL", _MAJORS),
    Venue("KuCoin", 0.10, 0.02, "{}USDTM", "{}USDM", 200),
)


@dataclass(frozen=True, slots=True)
class Market:
    """What one exchange trades of a coin against dollars.

    ``contract`` is what the market behind the sandbox is asked for; sizes are ``share`` times its,
    prices ``basis`` times. ``follows``: it is the contract of another exchange.
    """

    venue: Venue
    instrument: str
    contract: Contract
    share: float
    coin_margin: float
    follows: bool = False
    basis: float = 1.0

    @property
    def name(self) -> str:
        return self.venue.name

    @property
    def priced(self) -> Contract:
        """Return the contract to ask for prices."""
        factor = self.contract.price_factor * self.basis
        return replace(self.contract, price_factor=factor) if self.follows else self.contract

    @property
    def coin_instrument(self) -> str:
        return self.venue.coin_pattern.format(self.contract.coin.base)


@dataclass(frozen=True, slots=True)
class Listed:
    """A coin by the vendor's symbol, with its markets, the main one first."""

    symbol: str
    coin: Coin
    markets: tuple[Market, ...]

    @property
    def main(self) -> Market:
        return self.markets[0]

    def at(self, exchange: str) -> Market | None:
        wanted = exchange.lower()
        return next((each for each in self.markets if each.name.lower() == wanted), None)


class Venues:
    """Every coin with a price in dollars, at an instant."""

    def __init__(self, source: MarketSource) -> None:
        self._source = source
        self._listed: Recent[dict[str, Listed]] = Recent(3)
        self._pairs: Recent[dict[tuple[str, str], Market]] = Recent(3)

    def coins(self, at_ms: int) -> dict[str, Listed]:
        """Return the coins by symbol, largest first."""
        return self._listed.get_or_make(
            self._key(at_ms), lambda: self._list(self._source.universe(at_ms), at_ms)
        )

    def coin(self, symbol: str, at_ms: int) -> Listed | None:
        return self.coins(at_ms).get(symbol.upper())

    def pair(self, exchange: str, instrument: str, at_ms: int) -> Market | None:
        """Return what an exchange calls so; a coin-margined one is a share of the coin."""
        pairs = self._pairs.get_or_make(self._key(at_ms), lambda: self._pair_all(at_ms))
        return pairs.get((exchange.lower(), instrument))

    def asked_coin(self, ask: Ask) -> Listed:
        listed = self.coin(ask.require("symbol"), ask.at_ms)
        if listed is None:
            raise fail("400", "The requested coin is not supported.")
        return listed

    def asked_pair(self, ask: Ask) -> Market:
        market = self.pair(ask.require("exchange"), ask.require("symbol"), ask.at_ms)
        if market is None:
            raise no_such_pair()
        return market

    def asked_markets(self, ask: Ask) -> list[Market]:
        """Return the coin's markets on the exchanges asked for."""
        wanted = {name.strip().lower() for name in ask.require("exchange_list").split(",")}
        return [each for each in self.asked_coin(ask).markets if each.name.lower() in wanted]

    def _key(self, at_ms: int) -> int:
        # Listings change on full hours, recordings begin and end whenever they do.
        return at_ms // HOUR_MS if self._source.simulated else at_ms

    def _pair_all(self, at_ms: int) -> dict[tuple[str, str], Market]:
        pairs = {}
        for listed in self.coins(at_ms).values():
            for market in listed.markets:
                exchange = market.name.lower()
                pairs[exchange, market.instrument] = market
                if market.coin_margin:
                    name = market.coin_instrument
                    pairs[exchange, name] = replace(
                        market, instrument=name, share=market.coin_margin, coin_margin=0.0
                    )
        return pairs

    def _list(self, universe: Universe, at_ms: int) -> dict[str, Listed]:
        binance = _main_contracts(universe.binance.values(), at_ms)
        okx = _main_contracts(universe.okx.values(), at_ms)
        listed = {}
        for coin in universe.coins:
            own = [
                Market(venue, contracts[coin.base].symbol, contracts[coin.base], 1.0, margin)
                for venue, contracts in zip(_VENUES[:2], (binance, okx), strict=True)
                if coin.base in contracts
                for margin in [_coin_margin(venue, coin)]
            ]
            if own:
                others = self._followers(own[0]) if self._source.simulated else []
                # Where it is priced by the thousand, it is listed so.
                name = own[0].contract.base_asset if own[0].contract.unit > 1 else coin.base
                listed[name] = Listed(name, coin, (*own, *others))
        return listed

    @staticmethod
    def _followers(main: Market) -> list[Market]:
        coin = main.contract.coin
        markets = []
        for venue in _VENUES[2:]:
            if coin.rank > venue.ranks:
                continue
            luck = key_of(coin.base, venue.name) % 1000 / 1000.0
            # A standing difference of at most 2 basis points to the main venue.
            basis = 1.0 + (luck - 0.5) * 4e-4
            share = venue.share * (0.6 + 0.8 * luck)
            name = venue.pattern.format(coin.base)
            margin = _coin_margin(venue, coin)
            markets.append(Market(venue, name, main.contract, share, margin, True, basis))
        return markets


def _main_contracts(contracts: Iterable[Contract], at_ms: int) -> dict[str, Contract]:
    """Return the perpetuals of coins in USDT, by coin."""
    return {
        contract.coin.base: contract
        for contract in contracts
        if contract.quote_asset == "USDT"
        and contract.contract_type == "PERPETUAL"
        and contract.underlying == "COIN"
        and (contract.state, contract.rule_type, contract.category) == ("live", "normal", "1")
        and contract.listed_ms <= at_ms
        and contract.trading(at_ms)
    }


def _coin_margin(venue: Venue, coin: Coin) -> float:
    return venue.coin_margin if coin.rank <= _COIN_MARGIN_RANK and venue.coin_pattern else 0.0
