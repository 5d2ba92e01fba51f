"""Parsing the two largest answers, the contract list and 500 bars, as the sandbox gives them."""

from __future__ import annotations

import json
import tempfile
from decimal import Decimal
from pathlib import Path

import httpx

from tests.bench.report import heading, median_s, row, table_head
from tests.bench.stack import django_for, sandbox

ROUNDS = 50


def run() -> None:
    heading("Parsing")
    with (
        tempfile.TemporaryDirectory(prefix="signals-bench-") as folder,
        sandbox(log=Path(folder) / "sandbox.log") as upstream,
    ):
        django_for(upstream.url, Path(folder))
        base = f"{upstream.url}/binance/fapi/v1"
        contracts = httpx.get(f"{base}/exchangeInfo").content
        bars = httpx.get(
            f"{base}/klines", params={"symbol": "BTCUSDT", "interval": "15m", "limit": 500}
        ).content
    _measure(contracts, bars)


def _measure(contracts: bytes, bars: bytes) -> None:
    import orjson

    from market.providers.binance_payloads import parse_klines
    from market.providers.contracts import parse_exchange_info
    from market.types import Interval

    last_close_ms = orjson.loads(bars)[-1][6]

    def ours_bars() -> object:
        return parse_klines(orjson.loads(bars), Interval.M15, multiplier=1, now_ms=last_close_ms)

    def plain_bars() -> object:
        """The usual way: json, and a Decimal for every price."""
        return [(line[0], *(Decimal(value) for value in line[1:6])) for line in json.loads(bars)]

    table_head("what", "ours", "json and Decimal, unchecked")
    row(
        f"500 bars, {len(bars) / 1000:.0f} kB",
        f"{1000 * median_s(ours_bars, ROUNDS):.2f} ms",
        f"{1000 * median_s(plain_bars, ROUNDS):.2f} ms",
    )
    row(
        f"contract list, {len(contracts) / 1e6:.2f} MB",
        f"{1000 * median_s(lambda: parse_exchange_info(orjson.loads(contracts)), 20):.1f} ms",
        f"{1000 * median_s(lambda: json.loads(contracts), 20):.1f} ms, not read",
    )
