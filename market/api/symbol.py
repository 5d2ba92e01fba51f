"""The coin in a path, as every app's operations describe it."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter

from market.instruments import LONGEST_QUERY

SYMBOL = OpenApiParameter(
    "symbol",
    {"type": "string", "maxLength": LONGEST_QUERY},
    "path",
    description="Any usual spelling: BTC, btc, BTCUSDT, BTC-USDT-SWAP.",
)
