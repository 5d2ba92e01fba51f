"""Which coins there are and what every venue calls them: BTC ⇄ BTCUSDT ⇄ BTC-USDT-SWAP ⇄ bitcoin.

Pure. ``build_registry`` makes the registry from venue metadata, never from a hand list of coins;
``market.services`` keeps its rows and resolves what people type against it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from market.providers.coingecko_payloads import CoinMarket
from market.providers.contracts import BinanceContract, OkxInstrument
from market.types import Instrument, Listing, Symbol, Venue

# Prices of these contracts are for so many coins. Longest prefix first.
MULTIPLIER_PREFIXES = (("1000000", 1_000_000), ("1000", 1_000), ("1M", 1_000_000))

# Coins that go by a new name; asking for the old one means the new one. The exchange of MKR to SKY
# was not one to one, but the contract traded today is SKY's.
RENAMED = {"MATIC": "POL", "FTM": "S", "MKR": "SKY"}

# Venue names that are not the coin's symbol on CoinGecko, where the best rank would be another coin
# or none. Checked against the price like any other.
COINGECKO_IDS = {
    "BEAMX": "beam-2",  # BEAM was taken by the Mimblewimble coin
    "DODOX": "dodo",  # DODO was the name of an earlier contract
    "LUNA2": "terra-luna-2",  # CoinGecko calls the second Terra LUNA
    "RAYSOL": "raydium",  # RAY was the name of an earlier contract
}

# A CoinGecko coin is the venue's coin when its price is this near; markets rows are minutes old.
COINGECKO_PRICE_TOLERANCE = 0.05
# Two venues' contracts of one name are one coin when their prices are this near. Wide, for thin
# contracts; namesakes differ by orders of magnitude.
VENUE_PRICE_TOLERANCE = 0.2

LONGEST_QUERY = 40  # characters; nothing that names an instrument is longer
SUGGESTIONS = 3
SUGGESTION_CUTOFF = 0.5  # difflib's ratio: half of the letters in order

# BINANCE_SPOT_BTC_USDT, OKEX_PERP_BTC_USDT: how CoinAPI writes it
_EXCHANGE_PREFIX = re.compile(r"^[A-Z0-9]{2,20}_(?:SPOT|PERP)_")
_QUOTE_SUFFIX = re.compile(r"(?:[-/_]?USDT)(?:-SWAP)?$")


class UnknownSymbol(Exception):
    """Nothing listed goes by this name. ``suggestions`` are the closest names that do."""

    def __init__(self, text: str, suggestions: Sequence[str] = ()) -> None:
        super().__init__("unknown symbol")
        self.text = text[:LONGEST_QUERY]
        self.suggestions = tuple(suggestions)


class InstrumentRegistry:
    """Every tradable coin, found by any of its names."""

    def __init__(self, instruments: Iterable[Instrument]) -> None:
        ordered = sorted(instruments, key=lambda instrument: instrument.symbol)
        self._by_base = {instrument.symbol.base: instrument for instrument in ordered}
        self._by_venue_name: dict[str, Instrument] = {}
        self._by_coingecko_id: dict[str, Instrument] = {}
        for instrument in self._by_base.values():
            if instrument.binance is not None:
                name = instrument.binance.venue_symbol.upper()
                self._by_venue_name[name] = instrument
                self._by_venue_name[name.removesuffix("USDT")] = instrument
            if instrument.okx is not None:
                self._by_venue_name[instrument.okx.venue_symbol.upper()] = instrument
            if instrument.coingecko_id is not None:
                self._by_coingecko_id[instrument.coingecko_id.upper()] = instrument

    def __len__(self) -> int:
        return len(self._by_base)

    def __iter__(self) -> Iterator[Instrument]:
        return iter(self._by_base.values())

    def get(self, symbol: Symbol) -> Instrument | None:
        return self._by_base.get(symbol.base)

    def of_venue(self, venue_symbol: str) -> Instrument | None:
        """Return the coin behind a venue's own name (1000PEPEUSDT, BTC-USDT-SWAP)."""
        return self._by_venue_name.get(venue_symbol.upper())

    def of_coingecko(self, coin_id: str) -> Instrument | None:
        """Return the coin that CoinGecko knows by an id."""
        return self._by_coingecko_id.get(coin_id.upper())

    def resolve(self, text: str) -> Instrument:
        """Return the coin a person means.

        Accepts BTC, btc, BTCUSDT, BTC-USDT, BTC/USDT, BTC-USDT-SWAP, 1000PEPE, 1000PEPEUSDT,
        BINANCE_SPOT_BTC_USDT, bitcoin and old names. Raises UnknownSymbol.
        """
        if len(text) > LONGEST_QUERY:
            raise UnknownSymbol(text)
        query = text.strip().upper()
        base = without_quote(query)
        for name in (query, base):
            found = self._find(name) or self._find(RENAMED.get(name, ""))
            if found is not None:
                return found
        if query in self._by_coingecko_id:
            return self._by_coingecko_id[query]
        raise UnknownSymbol(text, self._closest(base))

    def renamed_from(self, text: str) -> str | None:
        """Return the old name when ``text`` is one, so that an answer can say so."""
        if len(text) > LONGEST_QUERY:
            return None
        base = without_quote(text.strip().upper())
        return base if base in RENAMED and self._find(base) is None else None

    def to_rows(self) -> list[dict[str, Any]]:
        """Return one flat row of plain values per coin, for storage."""
        return [
            {
                "base": instrument.symbol.base,
                "coingecko_id": instrument.coingecko_id,
                "market_cap_rank": instrument.market_cap_rank,
                **_listing_row("binance", instrument.binance),
                **_listing_row("okx", instrument.okx),
            }
            for instrument in self
        ]

    @classmethod
    def from_rows(cls, rows: Iterable[Mapping[str, Any]]) -> InstrumentRegistry:
        """Rebuild a registry from :meth:`to_rows`."""
        return cls(
            Instrument(
                symbol=Symbol(row["base"]),
                binance=_listing_of(row, Venue.BINANCE),
                okx=_listing_of(row, Venue.OKX),
                coingecko_id=row["coingecko_id"],
                market_cap_rank=row["market_cap_rank"],
            )
            for row in rows
        )

    def _find(self, name: str) -> Instrument | None:
        found = self._by_base.get(name) or self._by_venue_name.get(name)
        if found is not None:
            return found
        # Without Binance's list nobody says that 1000PEPE is PEPE; the prefix does.
        for prefix, _ in MULTIPLIER_PREFIXES:
            bare = self._by_base.get(name.removeprefix(prefix)) if name.startswith(prefix) else None
            if bare is not None and bare.binance is None:
                return bare
        return None

    def _closest(self, name: str) -> list[str]:
        return difflib.get_close_matches(
            name, list(self._by_base), n=SUGGESTIONS, cutoff=SUGGESTION_CUTOFF
        )


def build_registry(
    *,
    binance: Sequence[BinanceContract] = (),
    okx: Sequence[OkxInstrument] = (),
    coins: Sequence[CoinMarket] = (),
    unit_prices: Mapping[str, float] | None = None,
) -> InstrumentRegistry:
    """Build the registry of coins that have a live linear USDT perpetual somewhere.

    ``unit_prices`` are last or mark prices by venue symbol; with them namesakes are told apart,
    without them names are trusted.
    """
    prices = unit_prices or {}
    coins_by_symbol = _best_ranked(coins)
    coins_by_id = {coin.id: coin for coin in coins}
    okx_listings = _okx_listings(okx)
    binance_listings = _binance_listings(binance, {*okx_listings, *coins_by_symbol})
    instruments = []
    for base in sorted({*binance_listings, *okx_listings}):
        on_binance, on_okx = binance_listings.get(base), okx_listings.get(base)
        price = _coin_price(on_binance, prices)
        okx_price = _coin_price(on_okx, prices)
        if price is None:
            price = okx_price
        elif okx_price is not None and not _near(okx_price, price, VENUE_PRICE_TOLERANCE):
            on_okx = None  # a namesake: falling back to it would answer with another coin
        coin = coins_by_id.get(COINGECKO_IDS.get(base, "")) or coins_by_symbol.get(base)
        if (
            coin is not None
            and price is not None
            and coin.price_usd is not None
            and not _near(coin.price_usd, price, COINGECKO_PRICE_TOLERANCE)
        ):
            coin = None
        instruments.append(
            Instrument(
                symbol=Symbol(base),
                binance=on_binance,
                okx=on_okx,
                coingecko_id=None if coin is None else coin.id,
                market_cap_rank=None if coin is None else coin.market_cap_rank,
            )
        )
    return InstrumentRegistry(instruments)


def split_multiplier(base_asset: str, known: Iterable[str] | Mapping[str, Any]) -> tuple[str, int]:
    """Return the coin and how many of it are priced as one.

    The prefix is taken off only when what remains is a known coin: 1000PEPE is 1000 × PEPE, but
    1INCH and a coin really called 1000X stay whole.
    """
    for prefix, multiplier in MULTIPLIER_PREFIXES:
        bare = base_asset.removeprefix(prefix)
        if bare != base_asset and bare in known:
            return bare, multiplier
    return base_asset, 1


def _binance_listings(
    contracts: Sequence[BinanceContract], known_elsewhere: set[str]
) -> dict[str, Listing]:
    live = [contract for contract in contracts if contract.is_crypto_perpetual]
    known = known_elsewhere | {contract.base_asset.upper() for contract in live}
    listings: dict[str, Listing] = {}
    for contract in live:
        base, multiplier = split_multiplier(contract.base_asset.upper(), known)
        present = listings.get(base)
        if not _is_symbol(base) or (present is not None and present.multiplier <= multiplier):
            continue  # of two contracts on one coin the plainer one
        listings[base] = Listing(
            venue=Venue.BINANCE,
            venue_symbol=contract.symbol,
            multiplier=multiplier,
            listed_at_ms=contract.onboard_at_ms,
            tick_size=contract.tick_size,
        )
    return listings


def _okx_listings(rows: Sequence[OkxInstrument]) -> dict[str, Listing]:
    return {
        row.base.upper(): Listing(
            venue=Venue.OKX,
            venue_symbol=row.inst_id,
            contract_size_base=row.contract_size_base,
            listed_at_ms=row.listed_at_ms,
            tick_size=row.tick_size,
        )
        for row in rows
        if row.is_crypto_perpetual and _is_symbol(row.base.upper())
    }


def _best_ranked(coins: Sequence[CoinMarket]) -> dict[str, CoinMarket]:
    best: dict[str, CoinMarket] = {}
    for coin in coins:
        present = best.get(coin.symbol)
        if present is None or _rank(coin) < _rank(present):
            best[coin.symbol] = coin
    return best


def _rank(coin: CoinMarket) -> float:
    return float("inf") if coin.market_cap_rank is None else coin.market_cap_rank


def _coin_price(listing: Listing | None, unit_prices: Mapping[str, float]) -> float | None:
    price = None if listing is None else unit_prices.get(listing.venue_symbol)
    if listing is None or price is None or not price > 0.0:
        return None
    return price / listing.multiplier


def _near(price: float, reference: float, tolerance: float) -> bool:
    return abs(price / reference - 1.0) <= tolerance


def _is_symbol(base: str) -> bool:
    try:
        Symbol(base)
    except ValueError:
        return False
    return True


def without_quote(query: str) -> str:
    """Return the coin's part of a name in capitals: BTC of BTCUSDT, BTC-USDT-SWAP and others."""
    return _QUOTE_SUFFIX.sub("", _EXCHANGE_PREFIX.sub("", query))


def _listing_row(prefix: str, listing: Listing | None) -> dict[str, Any]:
    return {
        f"{prefix}_symbol": None if listing is None else listing.venue_symbol,
        f"{prefix}_multiplier": None if listing is None else listing.multiplier,
        f"{prefix}_contract_size_base": None if listing is None else listing.contract_size_base,
        f"{prefix}_listed_at_ms": None if listing is None else listing.listed_at_ms,
        f"{prefix}_tick_size": None if listing is None else listing.tick_size,
    }


def _listing_of(row: Mapping[str, Any], venue: Venue) -> Listing | None:
    prefix = venue.value
    if row[f"{prefix}_symbol"] is None:
        return None
    return Listing(
        venue=venue,
        venue_symbol=row[f"{prefix}_symbol"],
        multiplier=row[f"{prefix}_multiplier"],
        contract_size_base=row[f"{prefix}_contract_size_base"],
        listed_at_ms=row[f"{prefix}_listed_at_ms"],
        tick_size=row[f"{prefix}_tick_size"],
    )
