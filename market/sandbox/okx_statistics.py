"""OKX's ``rubik`` trading statistics: lists of strings, newest first, by coin or by contract."""

from __future__ import annotations

from collections.abc import Callable

from market.sandbox.bars import CLOSE, QUOTE, BarSpec
from market.sandbox.http import Endpoint, Request, Response, trimmed
from market.sandbox.okx_rules import (
    COIN_STATISTIC_PERIODS,
    STATISTIC_PERIODS,
    contract_of,
    contracts_from,
    fail,
    limit_of,
    per_address,
    per_parameter,
    period_of,
    require,
    success,
    time_of,
)
from market.sandbox.source import MarketSource, RatioKind
from market.sandbox.universe import Contract
from market.types import DAY_MS, HOUR_MS

# By coin: how far back each period reaches. By contract: so many rows.
_COIN_DEPTH_MS = {"5m": 2 * DAY_MS, "1H": 30 * DAY_MS, "1D": 180 * DAY_MS}
_CONTRACT_ROWS = 1440

_Rows = list[list[str]]
_Ask = Callable[[Request, Contract, BarSpec, int, int, int], _Rows]


class Statistics:
    def __init__(self, source: MarketSource) -> None:
        self._source = source
        root = "/api/v5/rubik/stat"
        accounts, positions = RatioKind.TOP_ACCOUNTS, RatioKind.TOP_POSITIONS
        everyone = self._ratio(RatioKind.ALL_ACCOUNTS)
        by_coin: dict[str, _Ask] = {
            "contracts/long-short-account-ratio": everyone,
            "contracts/open-interest-volume": self._open_interest_volume,
            "taker-volume": self._taker_volume_usd,
        }
        by_contract: dict[str, tuple[int, _Ask]] = {
            "contracts/long-short-account-ratio-contract": (5, everyone),
            "contracts/long-short-account-ratio-contract-top-trader": (5, self._ratio(accounts)),
            "contracts/long-short-position-ratio-contract-top-trader": (5, self._ratio(positions)),
            "contracts/open-interest-history": (10, self._open_interest_history),
            "taker-volume-contract": (5, self._taker_volume),
        }
        self.endpoints = (
            Endpoint(
                f"{root}/trading-data/support-coin",
                self._support_coin,
                per_address("support-coin", 5),
            ),
            *(
                Endpoint(f"{root}/{path}", self._by_coin(ask), per_address(path, 5))
                for path, ask in by_coin.items()
            ),
            *(
                Endpoint(f"{root}/{path}", self._by_contract(ask), per_parameter(path, limit))
                for path, (limit, ask) in by_contract.items()
            ),
        )

    def _by_coin(self, ask: _Ask) -> Callable[[Request, int], Response]:
        def handle(request: Request, now_ms: int) -> Response:
            coin = require(request, "ccy")
            period = period_of(request, "period", COIN_STATISTIC_PERIODS, "5m")
            contract = self._source.universe(now_ms).okx.get(f"{coin}-USDT-SWAP")
            if contract is None:
                raise fail("51012", f"Currency {coin} does not exist")
            start_ms, end_ms = _span(request, now_ms, _COIN_DEPTH_MS[period.label])
            return success(ask(request, contract, period, start_ms, end_ms, now_ms)[::-1])

        return handle

    def _by_contract(self, ask: _Ask) -> Callable[[Request, int], Response]:
        def handle(request: Request, now_ms: int) -> Response:
            contract = contract_of(self._source, request, now_ms)
            period = period_of(request, "period", STATISTIC_PERIODS, "5m")
            limit = limit_of(request, default=100, most=100)
            start_ms, end_ms = _span(request, now_ms, _CONTRACT_ROWS * period.step_ms)
            # One period more than wanted: the newest may not be out yet.
            start_ms = max(start_ms, end_ms - (limit + 1) * period.step_ms)
            rows = ask(request, contract, period, start_ms, end_ms, now_ms)
            return success(rows[-limit:][::-1])

        return handle

    def _ratio(self, kind: RatioKind) -> _Ask:
        def ask(
            _request: Request, contract: Contract, period: BarSpec, start: int, end: int, now: int
        ) -> _Rows:
            known = self._source.ratio_history(kind, contract, period, start, end, now)
            pairs = zip(known.ts_ms.tolist(), known.first.tolist(), strict=True)
            return [[str(at_ms), trimmed(ratio, 16)] for at_ms, ratio in pairs]

        return ask

    def _open_interest_history(
        self, _request: Request, contract: Contract, period: BarSpec, start: int, end: int, now: int
    ) -> _Rows:
        known = self._source.open_interest_history(contract, period, start, end, now)
        columns = (column.tolist() for column in known)
        return [
            [
                str(at_ms),
                trimmed(contracts_from(contract, coins, usd / coins), 8),
                trimmed(coins, 8),
                trimmed(usd, 4),
            ]
            for at_ms, coins, usd in zip(*columns, strict=True)
        ]

    def _open_interest_volume(
        self, _request: Request, contract: Contract, period: BarSpec, start: int, end: int, now: int
    ) -> _Rows:
        known = self._source.open_interest_history(contract, period, start, end, now)
        page = self._source.bars(contract, period, start, end, now)
        volume = dict(zip(page.open_time_ms.tolist(), page.table[:, QUOTE].tolist(), strict=True))
        return [
            [str(at_ms), trimmed(usd, 4), trimmed(volume[at_ms], 4)]
            for at_ms, usd in zip(known.ts_ms.tolist(), known.second.tolist(), strict=True)
            if at_ms in volume
        ]

    def _taker_volume_usd(
        self, request: Request, contract: Contract, period: BarSpec, start: int, end: int, now: int
    ) -> _Rows:
        if require(request, "instType") not in ("SPOT", "CONTRACTS"):
            raise fail("51000", "Parameter instType error")
        return self._taker_rows("2", contract, period, start, end, now)

    def _taker_volume(
        self, request: Request, contract: Contract, period: BarSpec, start: int, end: int, now: int
    ) -> _Rows:
        unit = request.params.get("unit") or "1"
        if unit not in ("0", "1", "2"):
            raise fail("51000", "Parameter unit error")
        return self._taker_rows(unit, contract, period, start, end, now)

    def _taker_rows(
        self, unit: str, contract: Contract, period: BarSpec, start: int, end: int, now: int
    ) -> _Rows:
        """Return [time, sold, bought]: sold first."""
        known = self._source.taker_history(contract, period, start, end, now)
        page = self._source.bars(contract, period, start, end, now)
        closes = dict(zip(page.open_time_ms.tolist(), page.table[:, CLOSE].tolist(), strict=True))
        rows = []
        for at_ms, bought, sold in zip(*(column.tolist() for column in known), strict=True):
            price = closes.get(at_ms)
            if price is None:
                continue
            if unit == "1":
                bought = contracts_from(contract, bought, price)
                sold = contracts_from(contract, sold, price)
            elif unit == "2":
                bought, sold = bought * price, sold * price
            rows.append([str(at_ms), trimmed(sold, 4), trimmed(bought, 4)])
        return rows

    def _support_coin(self, _request: Request, now_ms: int) -> Response:
        swaps = self._source.universe(now_ms).okx.values()
        coins = sorted({swap.base_asset for swap in swaps if not swap.inverse})
        return success({"contract": coins, "option": ["BTC", "ETH"], "spot": coins})


def _span(request: Request, now_ms: int, depth_ms: int) -> tuple[int, int]:
    begin_ms, end_ms = time_of(request, "begin"), time_of(request, "end")
    oldest_ms = now_ms - max(depth_ms, HOUR_MS)
    return (
        oldest_ms if begin_ms is None else max(begin_ms, oldest_ms),
        now_ms if end_ms is None else min(end_ms, now_ms),
    )
