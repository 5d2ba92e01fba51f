"""Coinglass through time for clients: open interest, funding, and who is long."""

from __future__ import annotations

from market.providers.coinglass import EXCHANGES, FundingWeight, Span
from market.providers.coinglass_payloads import Bars, CoinglassInterval, LongShare
from market.types import Instrument, Listing
from market.vendor_data.coinglass_names import Document, Found, coin_of
from market.vendor_data.direct import Answer, ask_vendor
from market.vendor_data.failures import COINGLASS, NothingThere


def open_interest_history(
    instrument: Instrument, interval: CoinglassInterval, limit: int
) -> Answer:
    """Return open interest in USD over all exchanges."""

    async def make(found: Found) -> Document:
        coin = await coin_of(found, instrument)
        span = Span(interval, limit)
        bars = found.take(await found.client.fetch_open_interest_history(coin.name, span))
        return {**_head(instrument, interval, "All"), "unit": "USD", **_bars(bars)}

    return ask_vendor(COINGLASS, make)


def funding_history(
    instrument: Instrument, interval: CoinglassInterval, limit: int, weight: FundingWeight
) -> Answer:
    """Return funding in percent per 8 h, weighted over exchanges."""

    async def make(found: Found) -> Document:
        coin = await coin_of(found, instrument)
        span = Span(interval, limit)
        bars = found.take(await found.client.fetch_funding_history(coin.name, span, weight=weight))
        return {**_head(instrument, interval, "All"), "unit": "% per 8 h", **_bars(bars)}

    return ask_vendor(COINGLASS, make)


def long_share_history(
    of: LongShare, instrument: Instrument, interval: CoinglassInterval, limit: int
) -> Answer:
    """Return the long share of one exchange's accounts or positions."""
    listing = _pair_of(instrument)

    async def make(found: Found) -> Document:
        shares = found.take(await found.client.fetch_long_share(of, listing, Span(interval, limit)))
        rows = [
            {
                "time": at_ms,
                "longPercent": long_pct,
                "shortPercent": 100.0 - long_pct,
                "longShortRatio": long_pct / (100.0 - long_pct) if long_pct < 100.0 else None,
            }
            for at_ms, long_pct in zip(shares.ts_ms.tolist(), shares.values.tolist(), strict=True)
        ]
        return {
            **_head(instrument, interval, EXCHANGES[listing.venue]),
            "unit": "%",
            "history": rows,
            "count": len(rows),
            "latest": rows[-1] if rows else None,
        }

    return ask_vendor(COINGLASS, make)


def _pair_of(instrument: Instrument) -> Listing:
    listing = instrument.binance or instrument.okx
    if listing is None:
        raise NothingThere(
            COINGLASS.name, f"No exchange has a perpetual contract of {instrument.symbol.base}."
        )
    return listing


def _head(instrument: Instrument, interval: CoinglassInterval, exchange: str) -> Document:
    return {"symbol": instrument.symbol.base, "interval": interval.value, "exchange": exchange}


def _bars(bars: Bars) -> Document:
    columns = (bars.start_ms, bars.open, bars.high, bars.low, bars.close, bars.closed)
    rows = [
        dict(zip(("time", "open", "high", "low", "close", "closed"), row, strict=True))
        for row in zip(*(column.tolist() for column in columns), strict=True)
    ]
    return {"history": rows, "count": len(rows), "latest": rows[-1] if rows else None}
