"""OKX's envelope, limits, errors, bar names and units, as its endpoints share them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from market.sandbox import bars
from market.sandbox.http import Refused, Request, Response, json_response
from market.sandbox.metering import Charge, Pool
from market.sandbox.source import MarketSource
from market.sandbox.universe import Contract

# Days and longer begin at midnight in UTC+8 unless the name ends in "utc".
_HONG_KONG_H = -8.0
_WINDOW_S = 2.0  # every limit is so many calls in two seconds


def _bars() -> dict[str, bars.BarSpec]:
    specs = [bars.minutes(f"{n}m", n) for n in (1, 3, 5, 15, 30)]
    specs += [bars.spec(f"{n}H", hours=n) for n in (1, 2, 4)]
    for suffix, offset_h in (("", _HONG_KONG_H), ("utc", 0.0)):
        specs += [bars.spec(f"{n}H{suffix}", hours=n, offset_h=offset_h) for n in (6, 12)]
        specs += [bars.spec(f"{n}D{suffix}", hours=24 * n, offset_h=offset_h) for n in (1, 2, 3)]
        specs.append(bars.weeks(f"1W{suffix}", offset_h=offset_h))
        specs += [bars.months(f"{n}M{suffix}", n, offset_h=offset_h) for n in (1, 3)]
    return {spec.label: spec for spec in specs}


CANDLE_PERIODS = _bars()
STATISTIC_PERIODS = {
    **{label: spec for label, spec in CANDLE_PERIODS.items() if label not in ("1m", "3m")},
    "5D": bars.spec("5D", hours=120, offset_h=_HONG_KONG_H),
    "5Dutc": bars.spec("5Dutc", hours=120),
}
COIN_STATISTIC_PERIODS = {label: CANDLE_PERIODS[label] for label in ("5m", "1H", "1D")}


def per_address(name: str, limit: int) -> Callable[[Request], Charge]:
    """Meter an endpoint's calls in any two seconds."""
    made = Pool(name, limit, _WINDOW_S)
    return lambda _request: Charge(made)


def per_parameter(name: str, limit: int, parameter: str = "instId") -> Callable[[Request], Charge]:
    """Meter apart what is asked of one instrument (or of another parameter's value)."""
    made = Pool(name, limit, _WINDOW_S)
    return lambda request: Charge(made, scope=request.params.get(parameter, ""))


def success(data: Any) -> Response:
    return json_response({"code": "0", "msg": "", "data": data})


def fail(code: str, message: str, status: int = 400) -> Refused:
    return Refused(json_response({"code": code, "msg": message, "data": []}, status))


def unknown_instrument() -> Refused:
    message = "Instrument ID, Instrument ID code, or Spread ID doesn't exist."
    return fail("51001", message, status=200)


def require(request: Request, name: str) -> str:
    value = request.params.get(name, "")
    if not value:
        raise fail("50014", f"Parameter {name} cannot be empty.")
    return value


def require_swap(request: Request, name: str = "instType") -> str:
    value = require(request, name)
    if value not in ("SPOT", "MARGIN", "SWAP", "FUTURES", "OPTION", "EVENTS"):
        raise fail("51000", f"Parameter {name} error")
    return value


def contract_of(source: MarketSource, request: Request, now_ms: int) -> Contract:
    contract = source.universe(now_ms).okx.get(require(request, "instId"))
    if contract is None:
        raise unknown_instrument()
    return contract


def contracts_of(source: MarketSource, request: Request, now_ms: int) -> Sequence[Contract]:
    """Return the swaps that the optional filters leave; a named one must exist."""
    if require_swap(request) != "SWAP":
        return []
    swaps = source.universe(now_ms).okx
    family = request.params.get("instFamily") or request.params.get("uly")
    if request.params.get("instId"):
        return [contract_of(source, request, now_ms)]
    return [swap for swap in swaps.values() if not family or swap.family == family]


def period_of(request: Request, name: str, periods: dict[str, Any], default: str) -> bars.BarSpec:
    spec: bars.BarSpec | None = periods.get(request.params.get(name) or default)
    if spec is None:
        raise fail("51000", f"Parameter {name} error")
    return spec


def limit_of(request: Request, *, default: int, most: int) -> int:
    text = request.params.get("limit") or str(default)
    if not text.isdigit() or int(text) < 1:
        raise fail("51000", "Parameter limit error")
    return min(int(text), most)


def time_of(request: Request, name: str) -> int | None:
    text = request.params.get(name)
    if not text:
        return None
    if not text.isdigit() or len(text) > 15:
        raise fail("51000", f"Parameter {name} error")
    return int(text)


def identity(contract: Contract) -> dict[str, str]:
    return {"instType": "SWAP", "instId": contract.symbol}


def contracts_from(contract: Contract, coins: float, price: float) -> float:
    """Return coins as a number of contracts."""
    value = coins * price if contract.inverse else coins
    return value / contract.contract_value
