"""CoinAPI for clients: bars, prints and the quote of a coin on an exchange they name.

A spot market's id follows a published pattern, but which currency it is quoted in differs by
exchange: it is looked up once a day. ``BINANCEFTS`` means Binance's perpetual contract.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from market import clock
from market.order_book import Trades
from market.order_flow import taker_pressure
from market.providers.coinapi import CoinApi
from market.providers.coinapi_candle_payloads import Ohlcv, Period
from market.providers.coinapi_catalogue_payloads import PERPETUAL_EXCHANGES, SPOT, symbol_of
from market.providers.coinapi_payloads import Quote
from market.types import DAY_MS, Instrument, Venue
from market.vendor_data.direct import Answer, Findings, ask_vendor
from market.vendor_data.failures import COINAPI, NothingThere

Found = Findings[CoinApi]
Document = dict[str, Any]

# Of several markets of a coin on one exchange: the dollar one that is usually the largest first.
QUOTES = ("USDT", "USD", "USDC")
FUTURES_EXCHANGE = PERPETUAL_EXCHANGES[Venue.BINANCE]
TRADES_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Market:
    """A coin on one exchange: a price is for ``multiplier`` coins, a size of 1 ``size_base``."""

    symbol_id: str
    exchange: str
    multiplier: int = 1
    size_base: float = 1.0


def latest_bars(instrument: Instrument, exchange: str, period: Period, limit: int) -> Answer:
    async def make(found: Found) -> Document:
        return await bars_part(found, await market_of(found, instrument, exchange), period, limit)

    return _answer(instrument, exchange, make)


def past_bars(
    instrument: Instrument, exchange: str, period: Period, days_back: int, limit: int
) -> Answer:
    """Return the newest ``limit`` bars of the days asked for, with a summary."""

    async def make(found: Found) -> Document:
        market = await market_of(found, instrument, exchange)
        wanted = max(1, days_back * DAY_MS // period.ms)
        count = min(wanted, limit)
        # On whole bars, so that the same question is the same call until the next bar.
        end_ms = clock.now_ms() // period.ms * period.ms + period.ms
        start_ms = end_ms - count * period.ms
        bars = found.take(
            await found.client.fetch_candle_history(
                market.symbol_id, period, start_ms=start_ms, end_ms=end_ms, limit=count
            )
        )
        scale = float(market.multiplier)
        return {
            "period": period.value,
            "timeRange": {
                "start": clock.datetime_at(start_ms),
                "end": clock.datetime_at(end_ms),
                "daysBack": days_back,
                "shortened": count < wanted,
            },
            "dataPoints": len(bars),
            "analysis": _analysis(bars, market),
            "timeSeries": {
                "timestamps": (bars.start_ms // 1000).tolist(),
                "closes": (bars.close / scale).tolist(),
                "highs": (bars.high / scale).tolist(),
                "lows": (bars.low / scale).tolist(),
                "volumes": (bars.volume * market.size_base).tolist(),
            },
        }

    return _answer(instrument, exchange, make)


def trades(instrument: Instrument, exchange: str, limit: int) -> Answer:
    async def make(found: Found) -> Document:
        return await trades_part(found, await market_of(found, instrument, exchange), limit)

    return _answer(instrument, exchange, make)


def quote(instrument: Instrument, exchange: str) -> Answer:
    async def make(found: Found) -> Document:
        return await quote_part(found, await market_of(found, instrument, exchange))

    return _answer(instrument, exchange, make)


async def market_of(found: Found, instrument: Instrument, exchange: str) -> Market:
    """Return where a coin is traded on an exchange, in the vendor's spelling."""
    base = instrument.symbol.base
    if exchange == FUTURES_EXCHANGE:
        if instrument.binance is None:
            raise NothingThere(COINAPI.name, f"Binance has no perpetual contract of {base}.")
        symbols = await found.client.fetch_symbols(f"{FUTURES_EXCHANGE}_PERP_")
        traded = symbol_of(instrument.binance, symbols.value)
        if traded is None:
            raise NothingThere(COINAPI.name, f"CoinAPI does not list the contract of {base}.")
        multiplier, size = instrument.binance.multiplier, traded.contract_size_base
        if size is None:
            raise NothingThere(COINAPI.name, f"The size of {base}'s contract is not known.")
        return Market(traded.symbol_id, exchange, multiplier, size * multiplier)
    symbols = await found.client.fetch_symbols(f"{exchange}_{SPOT}_{base}_")
    by_quote = {
        symbol.quote: symbol.symbol_id
        for symbol in symbols.value
        if (symbol.exchange_id, symbol.base, symbol.symbol_type) == (exchange, base, SPOT)
    }
    for currency in QUOTES:
        if currency in by_quote:
            return Market(by_quote[currency], exchange)
    raise NothingThere(COINAPI.name, f"CoinAPI lists no {base} against dollars on {exchange}.")


async def bars_part(found: Found, market: Market, period: Period, limit: int) -> Document:
    bars = found.take(await found.client.fetch_candles(market.symbol_id, period, limit=limit))
    scale = float(market.multiplier)
    rows = [
        {
            "timeStart": clock.datetime_at(start_ms),
            "timeEnd": clock.datetime_at(start_ms + period.ms),
            "open": opened / scale,
            "high": high / scale,
            "low": low / scale,
            "close": close / scale,
            "volume": volume,
            "tradesCount": int(count),
            "closed": closed,
        }
        for start_ms, opened, high, low, close, volume, count, closed in zip(
            bars.start_ms.tolist(),
            bars.open.tolist(),
            bars.high.tolist(),
            bars.low.tolist(),
            bars.close.tolist(),
            (bars.volume * market.size_base).tolist(),
            bars.trades.tolist(),
            bars.closed.tolist(),
            strict=True,
        )
    ]
    return {
        "period": period.value,
        "dataPoints": len(rows),
        "latest": rows[-1] if rows else None,
        "candles": rows,
    }


async def trades_part(found: Found, market: Market, limit: int) -> Document:
    prints = await prints_of(found, market, limit)
    pressure = taker_pressure(prints)
    newest_first = [_print(prints, place) for place in range(len(prints) - 1, -1, -1)]
    return {
        "tradesCount": len(prints),
        "volume": {
            "total": None if pressure is None else pressure.total_base,
            "buyVolume": None if pressure is None else pressure.buy_base,
            "sellVolume": None if pressure is None else pressure.sell_base,
            "buyPressure": None if pressure is None else pressure.buy_pct,
            "sellPressure": None if pressure is None else pressure.sell_pct,
            "avgTradeSize": None if pressure is None else pressure.mean_size_base,
        },
        "latestTrade": newest_first[0] if newest_first else None,
        "recentTrades": newest_first[:TRADES_SHOWN],
    }


async def prints_of(found: Found, market: Market, limit: int) -> Trades:
    """Return the newest prints of a market, per coin."""
    prints = found.take(
        await found.client.fetch_trades(
            market.symbol_id, limit=limit, contract_size_base=market.size_base
        )
    )
    return replace(prints, price=prints.price / market.multiplier)


async def quote_part(found: Found, market: Market) -> Document:
    best = found.take(await found.client.fetch_quote(market.symbol_id))
    return {
        "timestamp": clock.datetime_at(best.observed_at_ms),
        "quote": quote_document(best, market.multiplier, market.size_base),
    }


def _answer(instrument: Instrument, exchange: str, make: Any) -> Answer:
    async def headed(found: Found) -> Document:
        return {"symbol": instrument.symbol.base, "exchange": exchange, **await make(found)}

    return ask_vendor(COINAPI, headed)


def _print(prints: Trades, place: int) -> Document:
    taker = prints.taker_is_buyer[place]
    return {
        "price": float(prints.price[place]),
        "size": float(prints.size_base[place]),
        "side": "BUY" if taker == 1.0 else "SELL" if taker == 0.0 else "UNKNOWN",
        "time": clock.datetime_at(int(prints.ts_ms[place])),
    }


def quote_document(best: Quote, multiplier: int, size_base: float = 1.0) -> Document:
    bid, ask = (
        None if price is None else price / multiplier for price in (best.bid_price, best.ask_price)
    )
    document: Document = {
        "bidPrice": bid,
        "askPrice": ask,
        "bidSize": _in_coins(best.bid_size, size_base),
        "askSize": _in_coins(best.ask_size, size_base),
        "spread": None,
        "spreadPercent": None,
        "price": None,
    }
    if bid is not None and ask is not None:
        mid = (bid + ask) / 2.0
        document |= {"spread": ask - bid, "spreadPercent": 100.0 * (ask - bid) / mid, "price": mid}
    return document


def _in_coins(size: float | None, size_base: float) -> float | None:
    return None if size is None else size * size_base


def _analysis(bars: Ohlcv, market: Market) -> Document | None:
    if not len(bars):
        return None
    scale = float(market.multiplier)
    highest, lowest = float(bars.high.max()) / scale, float(bars.low.min()) / scale
    first, last = float(bars.open[0]) / scale, float(bars.close[-1]) / scale
    return {
        "priceChange": 100.0 * (last / first - 1.0),
        "currentPrice": last,
        "highPrice": highest,
        "lowPrice": lowest,
        "averageVolume": float(np.mean(bars.volume)) * market.size_base,
        "volatility": 100.0 * (highest - lowest) / lowest,
    }
