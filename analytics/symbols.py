"""Which coin is meant, also one that no venue lists any more but that signals are stored of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from market.instruments import LONGEST_QUERY, UnknownSymbol
from market.services import MarketUnavailable, resolve_symbol
from signals.history import stored_signals
from signals.history_filters import stored_symbol


def symbol_asked_for(query: Mapping[str, Any]) -> str | None:
    """Return the coin of a query that may name one."""
    text = query.get("symbol")
    return None if text is None else symbol_meant(text)


def symbol_meant(text: str) -> str:
    """Return the symbol that a coin's signals are stored under, whatever spelling is given.

    Raises UnknownSymbol when no coin is called so and no signal is stored under that name.
    """
    if not text.isprintable() or len(text) > LONGEST_QUERY:  # PostgreSQL takes no "\0" in a text
        raise UnknownSymbol(text)
    stored = stored_symbol(text)
    try:
        return resolve_symbol(text).symbol.base
    except MarketUnavailable:
        return stored  # what is stored can be told without any venue
    except UnknownSymbol:
        if not stored_signals().filter(symbol=stored).exists():
            raise
        return stored
