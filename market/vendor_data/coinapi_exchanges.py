"""CoinAPI for clients: one coin's quotes on several exchanges side by side, and their spread."""

from __future__ import annotations

from collections.abc import Sequence

from market import clock
from market.providers.coinapi_catalogue_payloads import SPOT
from market.providers.coinapi_payloads import Quote
from market.types import Instrument
from market.vendor_data.coinapi import QUOTES, Document, Found, quote_document
from market.vendor_data.direct import Answer, ask_vendor
from market.vendor_data.failures import COINAPI, NothingThere

# Prices of one coin further apart than this are called an opportunity.
ARBITRAGE_PCT = 0.5


def multi_exchange(instrument: Instrument, exchanges: Sequence[str]) -> Answer:
    """Return each exchange's own quote, asked for together in one call, and how far they differ."""
    base = instrument.symbol.base

    async def make(found: Found) -> Document:
        wanted = ";".join(f"{exchange}_{SPOT}_{base}_" for exchange in exchanges)
        quotes = found.take(await found.client.fetch_quotes(wanted))
        rows = []
        for exchange in exchanges:
            best = _quoted(quotes, exchange, base)
            if best is not None:
                rows.append(
                    {
                        "exchange": exchange,
                        "market": best.symbol_id,
                        "timestamp": clock.datetime_at(best.observed_at_ms),
                        **quote_document(best, 1),
                    }
                )
        if not rows:
            raise NothingThere(COINAPI.name, f"None of these exchanges quotes {base}.")
        mids = [row["price"] for row in rows if row["price"] is not None]
        return {
            "symbol": base,
            "exchangesQueried": len(exchanges),
            "exchangesSuccessful": len(rows),
            "notAnswering": [
                name for name in exchanges if name not in {row["exchange"] for row in rows}
            ],
            "priceAnalysis": _price_analysis(mids),
            "exchangePrices": rows,
        }

    return ask_vendor(COINAPI, make)


def _quoted(quotes: Sequence[Quote], exchange: str, base: str) -> Quote | None:
    """Return an exchange's newest quote of a coin, in the most usual currency it has."""
    by_id = {quote.symbol_id: quote for quote in quotes}  # ascending: the newest stays
    for currency in QUOTES:
        found = by_id.get(f"{exchange}_{SPOT}_{base}_{currency}")
        if found is not None:
            return found
    return None


def _price_analysis(prices: Sequence[float]) -> Document | None:
    if not prices:
        return None
    highest, lowest = max(prices), min(prices)
    spread_pct = 100.0 * (highest - lowest) / lowest
    return {
        "averagePrice": sum(prices) / len(prices),
        "highestPrice": highest,
        "lowestPrice": lowest,
        "priceVariance": spread_pct,
        "arbitrageOpportunity": spread_pct > ARBITRAGE_PCT if len(prices) > 1 else None,
    }
