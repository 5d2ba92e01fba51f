"""Which coin is meant: a tradable one by the registry, else one of CoinGecko's whole list.

Symbols are not unique. The registry has checked prices; among CoinGecko's namesakes an exact id
wins, and else the newest coin, which the answer then says.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from market.instruments import InstrumentRegistry, UnknownSymbol
from market.types import Instrument, Symbol
from market.universe import instrument_registry
from mss.exceptions import UnknownCoin
from mss.models import SeenCoin


@dataclass(frozen=True, slots=True)
class Coin:
    """``instrument`` is None for a coin without perpetuals; one of it or the id is known."""

    symbol: str
    name: str | None
    coingecko_id: str | None
    instrument: Instrument | None
    note: str | None = None  # how it was chosen among namesakes

    @property
    def key(self) -> str:
        return self.coingecko_id or self.symbol

    @property
    def has_futures(self) -> bool:
        return self.instrument is not None and (
            self.instrument.binance is not None or self.instrument.okx is not None
        )

    @property
    def readable(self) -> Instrument | None:
        """Return what can be asked of providers; None where the name is no symbol for them."""
        if self.instrument is not None:
            return self.instrument
        try:
            return Instrument(Symbol(self.symbol), coingecko_id=self.coingecko_id)
        except ValueError:
            return None


def resolve_coin(text: str) -> Coin:
    """Return the coin a person means. Raises UnknownCoin, MarketUnavailable.

    CoinGecko's list has names that are no symbols: nobody could be asked about those coins.
    """
    registry = instrument_registry()
    try:
        return coin_of(registry.resolve(text))
    except UnknownSymbol as unknown:
        seen = _seen_by(text.strip())
        if seen is None or seen.readable is None:
            raise UnknownCoin(unknown.text, unknown.suggestions) from None
        return seen


def coin_of(instrument: Instrument, name: str | None = None) -> Coin:
    return Coin(instrument.symbol.base, name, instrument.coingecko_id, instrument)


def coin_of_key(key: str, symbol: str, registry: InstrumentRegistry) -> Coin:
    """Return a coin again that was stored by its key."""
    instrument = registry.of_coingecko(key)
    if instrument is None and key == symbol:
        try:
            instrument = registry.get(Symbol(symbol))
        except ValueError:
            instrument = None
    if instrument is not None:
        return coin_of(instrument)
    return Coin(symbol, None, None if key == symbol else key, None)


def _seen_by(text: str) -> Coin | None:
    if not text.isprintable():
        return None
    seen = SeenCoin.objects.filter(environment=settings.ENVIRONMENT)
    exact = seen.filter(coingecko_id=text.lower()).first()
    if exact is not None:
        return _of_seen(exact, None)
    namesakes = list(seen.filter(symbol=text.upper()).order_by("-first_seen_at", "coingecko_id"))
    if not namesakes:
        return None
    note = None
    if len(namesakes) > 1:
        note = f"the newest of {len(namesakes)} coins of this name on CoinGecko"
    return _of_seen(namesakes[0], note)


def _of_seen(row: SeenCoin, note: str | None) -> Coin:
    return Coin(row.symbol, row.name, row.coingecko_id, None, note)
