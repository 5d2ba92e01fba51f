"""Coinglass's liquidations for clients: what was closed by force, by side, exchange and price."""

from __future__ import annotations

from collections.abc import Sequence

from market import clock
from market.providers.coinglass_catalogue_payloads import LiquidationFill
from market.providers.coinglass_list_payloads import LIQUIDATION_WINDOWS, ByExchange, Liquidated
from market.providers.coinglass_lists import (
    LIQUIDATION_ORDERS,
    ORDERS_EXCHANGE,
    ORDERS_LEAST_USD,
    CoinName,
)
from market.types import Instrument
from market.vendor_data.coinglass_names import Document, Found, coin_of
from market.vendor_data.direct import Answer, ask_vendor
from market.vendor_data.failures import COINGLASS

# Forced orders are put together in steps of this share of the price.
HEATMAP_STEP_PCT = 0.25
HEATMAP_NOTE = (
    "Not the vendor's own heatmap, which it does not document: single forced orders that it lists "
    f"(builtFrom), summed in steps of {HEATMAP_STEP_PCT} % of the price. Where positions were "
    "closed, not where they will be; the orders name no leverage."
)


def liquidations(
    instrument: Instrument, *, with_orders: bool, with_map: bool, limit: int
) -> Answer:
    """Return what was closed by force in four windows; single orders and their map on request."""

    async def make(found: Found) -> Document:
        coin = await coin_of(found, instrument)
        document = await liquidations_part(found, coin, limit)
        document["orders"] = document["heatmap"] = None
        if with_orders or with_map:
            came, _ = await found.parts({"orders": _fills(found, coin)})
            if "orders" in came and with_orders:
                document["orders"] = _orders(came["orders"], limit)
            if "orders" in came and with_map:
                document["heatmap"] = _heatmap(came["orders"], limit)
        return {"symbol": instrument.symbol.base, **document}

    return ask_vendor(COINGLASS, make)


def liquidation_heatmap(instrument: Instrument, limit: int) -> Answer:
    """Return where forced orders crowded."""

    async def make(found: Found) -> Document:
        fills = await _fills(found, await coin_of(found, instrument))
        return {"symbol": instrument.symbol.base, **_heatmap(fills, limit)}

    return ask_vendor(COINGLASS, make)


async def liquidations_part(found: Found, coin: CoinName, limit: int) -> Document:
    ask = found.client.fetch_liquidations_by_exchange
    replies = await found.every(*(ask(coin.name, window) for window in LIQUIDATION_WINDOWS))
    windows = dict(zip(LIQUIDATION_WINDOWS, replies, strict=True))
    names = sorted(
        windows["24h"].exchanges,
        key=lambda name: -_total(windows["24h"].exchanges[name]),
    )
    return {
        "coinList": _windows("All", windows, None),
        "exchanges": [_windows(name, windows, name) for name in names[:limit]],
    }


async def _fills(found: Found, coin: CoinName) -> tuple[LiquidationFill, ...]:
    return found.take(await found.client.fetch_liquidation_orders(coin.name))


def _windows(
    title: str, windows: dict[str, ByExchange[Liquidated]], exchange: str | None
) -> Document:
    """Return one exchange's four windows; ``exchange`` None is the vendor's own total."""
    row: Document = {"exchange": title}
    for window, by_exchange in windows.items():
        of = by_exchange.total if exchange is None else by_exchange.exchanges.get(exchange)
        row[f"liquidation{window}"] = None if of is None else _total(of)
        row[f"longLiq{window}"] = None if of is None else of.long_usd
        row[f"shortLiq{window}"] = None if of is None else of.short_usd
    return row


def _total(of: Liquidated) -> float:
    return of.long_usd + of.short_usd


def _orders(fills: Sequence[LiquidationFill], limit: int) -> Document:
    newest = list(reversed(fills))[:limit]
    return {
        "orders": [
            {
                "exchange": fill.exchange,
                "pair": fill.instrument_id,
                "price": fill.price_usd,
                "usd": fill.usd,
                "side": fill.side,
                "time": clock.datetime_at(fill.ts_ms),
            }
            for fill in newest
        ],
        # Which side 1 and 2 are is documented in two ways: the sums by side are left unknown.
        "longLiquidations": None,
        "shortLiquidations": None,
        "totalLiquidations": sum(fill.usd for fill in fills),
        "orderCount": len(fills),
    }


def _heatmap(fills: Sequence[LiquidationFill], limit: int) -> Document:
    """Sum forced orders by price. Pure; the largest clusters, by price."""
    clusters: dict[int, list[LiquidationFill]] = {}
    step = 0.0
    if fills:
        step = fills[-1].price_usd * HEATMAP_STEP_PCT / 100.0
        for fill in fills:
            clusters.setdefault(int(fill.price_usd / step), []).append(fill)
    rows = [
        {
            "price": sum(fill.price_usd * fill.usd for fill in each) / _usd(each),
            "volume": _usd(each),
            "leverage": None,
            "orders": len(each),
        }
        for each in clusters.values()
    ]
    rows.sort(key=lambda row: -(row["volume"] or 0.0))
    return {
        "clusterCount": len(rows),
        "largestCluster": rows[0] if rows else None,
        "mapData": sorted(rows[:limit], key=lambda row: row["price"] or 0.0),
        "builtFrom": {
            "endpoint": LIQUIDATION_ORDERS,
            "exchange": ORDERS_EXCHANGE,
            "pairs": sorted({fill.instrument_id for fill in fills}),
            "leastUsd": ORDERS_LEAST_USD,
            "orders": len(fills),
            "usd": _usd(fills),
            "firstAt": clock.datetime_at(fills[0].ts_ms) if fills else None,
            "lastAt": clock.datetime_at(fills[-1].ts_ms) if fills else None,
        },
        "note": HEATMAP_NOTE,
    }


def _usd(fills: Sequence[LiquidationFill]) -> float:
    return sum(fill.usd for fill in fills)
