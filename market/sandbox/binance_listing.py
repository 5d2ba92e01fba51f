"""Binance's lists: which contracts exist and how often each settles its funding."""

from __future__ import annotations

from typing import Any

import orjson

from market.sandbox.binance_rules import WEIGHT_POOL
from market.sandbox.http import Request, Response, json_response
from market.sandbox.recent import Recent
from market.sandbox.source import MarketSource
from market.sandbox.universe import Contract
from market.types import HOUR_MS

_RATE_LIMITS = [
    {
        "rateLimitType": "REQUEST_WEIGHT",
        "interval": "MINUTE",
        "intervalNum": 1,
        "limit": WEIGHT_POOL.limit,
    },
    {"rateLimitType": "ORDERS", "interval": "MINUTE", "intervalNum": 1, "limit": 1200},
    {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 300},
]
_ASSETS = [
    {"asset": "USDT", "marginAvailable": True, "autoAssetExchange": "-10000"},
    {"asset": "BTC", "marginAvailable": True, "autoAssetExchange": "-0.10000000"},
    {"asset": "BNFCR", "marginAvailable": False, "autoAssetExchange": None},
]
_ORDER_TYPES = [
    "LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET",
    "TRAILING_STOP_MARKET",
]  # fmt: skip
# Coins below this rank that settle every 8 hours are left out of fundingInfo, as the list once was.
_FUNDING_INFO_RANKS = 200


class Listing:
    def __init__(self, source: MarketSource) -> None:
        self._source = source
        self._rendered: Recent[bytes] = Recent(2)

    def exchange_info(self, _request: Request, now_ms: int) -> Response:
        """Return the whole list; ``symbol`` is ignored, as the venue does."""
        head = orjson.dumps(
            {
                "timezone": "UTC",
                "serverTime": now_ms,
                "futuresType": "U_MARGINED",
                "rateLimits": _RATE_LIMITS,
                "exchangeFilters": [],
                "assets": _ASSETS,
            }
        )
        symbols = self._rendered.get_or_make(now_ms // HOUR_MS, lambda: self._symbols(now_ms))
        return Response(head[:-1] + b',"symbols":' + symbols + b"}")

    def funding_info(self, _request: Request, now_ms: int) -> Response:
        rows = [
            _funding_info_row(contract.symbol, contract.funding_interval_h, contract.coin.rank)
            for contract in self._source.universe(now_ms).binance.values()
            if contract.funding_interval_h is not None
            and (contract.funding_interval_h != 8 or contract.coin.rank <= _FUNDING_INFO_RANKS)
        ]
        if self._source.simulated:
            rows.append(_funding_info_row("BTCUSD_PERP", 8, 1))
        return json_response(rows)

    def _symbols(self, now_ms: int) -> bytes:
        listed = self._source.universe(now_ms).binance.values()
        return orjson.dumps([_symbol_row(contract, now_ms) for contract in listed])


def _symbol_row(contract: Contract, now_ms: int) -> dict[str, Any]:
    places, steps = contract.price_decimals, contract.quantity_decimals
    tick, step = _step(places), _step(steps)
    return {
        "symbol": contract.symbol,
        "pair": contract.symbol.partition("_")[0],
        "contractType": contract.contract_type,
        "deliveryDate": contract.delivery_ms,
        "onboardDate": contract.listed_ms,
        "status": _status(contract, now_ms),
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": contract.base_asset,
        "quoteAsset": contract.quote_asset,
        "marginAsset": contract.quote_asset,
        # Not the tick size: one digit more, so that nobody mistakes it.
        "pricePrecision": places + 1,
        "quantityPrecision": steps,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": contract.underlying,
        "underlyingSubType": list(contract.subtypes),
        "triggerProtect": "0.0500",
        "liquidationFee": "0.012500",
        "marketTakeBound": "0.05",
        "maxMoveOrderLimit": 10000,
        "filters": [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": tick,
                "maxPrice": "4529764",
                "tickSize": tick,
            },
            {"filterType": "LOT_SIZE", "minQty": step, "maxQty": "1000000", "stepSize": step},
            {"filterType": "MARKET_LOT_SIZE", "minQty": step, "maxQty": "12000", "stepSize": step},
            {"filterType": "MAX_NUM_ORDERS", "limit": 200},
            {"filterType": "MIN_NOTIONAL", "notional": "5"},
            {
                "filterType": "PERCENT_PRICE",
                "multiplierUp": "1.0500",
                "multiplierDown": "0.9500",
                "multiplierDecimal": "4",
            },
            {"filterType": "POSITION_RISK_CONTROL", "positionControlSide": "NONE"},
        ],
        "orderTypes": _ORDER_TYPES,
        "timeInForce": ["GTC", "IOC", "FOK", "GTX", "GTD"],
        "permissionSets": ["GRID", "COPY", "DCA", "PSB"],
    }


def _status(contract: Contract, now_ms: int) -> str:
    if contract.listed_ms > now_ms:
        return "PENDING_TRADING"
    return "TRADING" if contract.trading(now_ms) else "SETTLING"


def _step(places: int) -> str:
    return f"{10.0**-places:.{places}f}"


def _funding_info_row(symbol: str, interval_h: int | None, rank: int) -> dict[str, Any]:
    cap = "0.00300" if rank <= 10 else "0.02000000"
    return {
        "symbol": symbol,
        "adjustedFundingRateCap": cap,
        "adjustedFundingRateFloor": f"-{cap}",
        "fundingIntervalHours": interval_h,
        "disclaimer": rank <= 10,
        # Null where the interval was never adjusted.
        "updateTime": None if rank <= 10 else 1_752_854_309_429,
    }
