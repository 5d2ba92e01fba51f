"""Binance's limits, errors and parameters, as its endpoints share them."""

from __future__ import annotations

from collections.abc import Callable

from market.sandbox.http import Refused, Request, json_response
from market.sandbox.metering import Charge, Pool
from market.sandbox.source import MarketSource
from market.sandbox.universe import Contract

WEIGHT_POOL = Pool("request weight", 2400, 60.0, aligned=True, bans=True)
FUNDING_POOL = Pool("funding", 500, 300.0)
DATA_POOL = Pool("futures data", 1000, 300.0)


def weighs(weight: int, *, without_symbol: int | None = None) -> Callable[[Request], Charge]:
    def charge(request: Request) -> Charge:
        bulk = without_symbol is not None and "symbol" not in request.params
        return Charge(WEIGHT_POOL, (without_symbol or weight) if bulk else weight)

    return charge


def fail(code: int, message: str, status: int = 400) -> Refused:
    return Refused(json_response({"code": code, "msg": message}, status))


def require(request: Request, name: str) -> str:
    value = request.params.get(name)
    if value is None:
        raise fail(
            -1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
        )
    if not value:
        raise fail(-1105, f"Parameter '{name}' was empty.")
    return value


def contract_of(source: MarketSource, request: Request, now_ms: int) -> Contract:
    symbol = require(request, "symbol").upper()
    contract = source.universe(now_ms).binance.get(symbol)
    if contract is None or contract.listed_ms > now_ms:
        raise fail(-1121, "Invalid symbol.")
    return contract


def limit_of(request: Request, *, default: int, most: int) -> int:
    text = request.params.get("limit")
    if text is None:
        return default
    if not text.isdigit() or not 1 <= int(text) <= most:
        raise fail(-1130, "Data sent for parameter 'limit' is not valid.")
    return int(text)


def time_of(request: Request, name: str) -> int | None:
    text = request.params.get(name)
    if text is None:
        return None
    if not text.isdigit() or len(text) > 15:
        raise fail(-1130, f"parameter '{name}' is invalid.")
    return int(text)
