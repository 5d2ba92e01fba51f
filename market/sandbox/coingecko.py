"""CoinGecko v3 as it answers without a key or with a Demo key. Under ``/coingecko/api/v3``.

JSON numbers and nulls, ISO times, two shapes of errors, paid endpoints refused. Charts, OHLC and
the ``sparkline`` parameter are not served.
"""

from __future__ import annotations

import math
from typing import Any

from market.sandbox.coingecko_coins import CoinBook, Quote, iso
from market.sandbox.coingecko_rows import (
    DETAIL_PARTS,
    PERIODS_MS,
    CoinRows,
    platforms,
    price_number,
    volume_usd,
)
from market.sandbox.http import Endpoint, Refused, Request, Response, Vendor, json_response
from market.sandbox.metering import Charge, Pool, Refusal
from market.sandbox.noise import key_of, smooth
from market.sandbox.source import MarketSource
from market.types import DAY_MS, MINUTE_MS

# Without a key "5 to 15 a minute"; Demo by the older documentation.
KEYLESS_POOL = Pool("key-less", 10, 60.0)
DEMO_POOL = Pool("demo", 30, 60.0)
TRENDING_KEPT_MS = 10 * MINUTE_MS
TRENDING_COINS = 15
TRENDING_RANKS = 400  # nobody talks about smaller ones

_CATEGORIES = (
    ("layer-1", "Layer 1 (L1)"), ("meme-token", "Meme"), ("artificial-intelligence", "AI"),
    ("decentralized-finance-defi", "Decentralized Finance (DeFi)"), ("gaming", "Gaming (GameFi)"),
)  # fmt: skip
_PAID = (
    "/coins/list/new", "/coins/top_gainers_losers", "/global/market_cap_chart", "/news", "/key",
)  # fmt: skip


class CoinGecko(Vendor):
    name = "coingecko"
    prefix = "/coingecko/api/v3"

    def __init__(self, source: MarketSource) -> None:
        self._book = CoinBook(source)
        self._rows = CoinRows(source, self._book)
        handlers = {
            "/ping": lambda _request, _now: json_response({"gecko_says": "(V3) To the Moon!"}),
            "/coins/list": self.coins_list,
            "/coins/markets": self.coins_markets,
            "/coins/categories/list": _categories_list,
            "/coins/categories": self.categories,
            "/search": self.search,
            "/search/trending": self.trending,
            "/simple/price": self.simple_price,
            "/coins/{id}": self.coin,
            **dict.fromkeys(_PAID, _paid_only),
        }
        self.endpoints = tuple(
            Endpoint(path, handler, _charge) for path, handler in handlers.items()
        )

    def before(self, request: Request) -> Response | None:
        if "x-cg-pro-api-key" in request.headers:
            return _status_error(400, 10010, "If you are using Pro API key, use the pro host.")
        return None

    def unknown_path(self) -> Response:
        return json_response({"error": "Incorrect path. Please check the documentation."}, 404)

    def limited(self, refusal: Refusal) -> Response:
        return too_many_requests(("retry-after", str(refusal.retry_after_s)))

    def coins_list(self, request: Request, now_ms: int) -> Response:
        with_platforms = request.params.get("include_platform") == "true"
        rows = []
        for quote in sorted(self._book.quotes(now_ms), key=lambda quote: quote.entry.id):
            entry = quote.entry
            row: dict[str, Any] = {"id": entry.id, "symbol": entry.symbol, "name": entry.name}
            if with_platforms:
                row["platforms"] = platforms(entry.id)
            rows.append(row)
        return json_response(rows)

    def coins_markets(self, request: Request, now_ms: int) -> Response:
        _require(request, "vs_currency")
        quotes = self._selected(request, now_ms)
        orders = {
            "market_cap_desc": lambda quote: -(quote.cap_usd or 0.0),
            "market_cap_asc": lambda quote: quote.cap_usd or 0.0,
            "volume_desc": lambda quote: -(volume_usd(quote) or 0.0),
            "volume_asc": lambda quote: volume_usd(quote) or 0.0,
            "id_asc": lambda quote: quote.entry.id,
        }
        order = request.params.get("order", "market_cap_desc")
        if order == "id_desc":
            quotes = sorted(quotes, key=lambda quote: quote.entry.id, reverse=True)
        else:
            quotes = sorted(quotes, key=orders.get(order, orders["market_cap_desc"]))
        per_page = min(_number(request, "per_page", 100), 250)
        start = (_number(request, "page", 1) - 1) * per_page
        periods = [
            period
            for period in request.params.get("price_change_percentage", "").split(",")
            if period in PERIODS_MS
        ]
        return json_response(
            [
                self._rows.market_row(quote, now_ms, periods)
                for quote in quotes[start : start + per_page]
            ]
        )

    def coin(self, request: Request, now_ms: int) -> Response:
        quote = self._book.find(request.params["id"], now_ms)
        if quote is None:
            raise Refused(json_response({"error": "coin not found"}, 404))
        left_out = {name for name in DETAIL_PARTS if request.params.get(name, "true") != "true"}
        return json_response(self._rows.detail(quote, now_ms, left_out))

    def search(self, request: Request, now_ms: int) -> Response:
        wanted = request.params.get("query", "").lower()
        found = [
            quote.entry
            for quote in self._book.quotes(now_ms)
            if wanted and (wanted in quote.entry.id or wanted == quote.entry.symbol)
        ][:25]
        ranks = {quote.entry.id: quote.rank for quote in self._book.quotes(now_ms)}
        coins = [
            {
                "id": entry.id,
                "name": entry.name,
                "api_symbol": entry.id,
                "symbol": entry.symbol.upper(),
                "market_cap_rank": ranks[entry.id],
                "thumb": entry.picture,
                "large": entry.picture,
            }
            for entry in found
        ]
        return json_response(
            {"coins": coins, "exchanges": [], "icos": [], "categories": [], "nfts": []}
        )

    def trending(self, _request: Request, now_ms: int) -> Response:
        at_ms = now_ms // TRENDING_KEPT_MS * TRENDING_KEPT_MS
        quotes = [
            quote
            for quote in self._book.quotes(at_ms)
            if (quote.rank or math.inf) <= TRENDING_RANKS
        ]
        quotes.sort(key=lambda quote: -float(smooth(key_of(quote.entry.id, "talk"), at_ms, DAY_MS)))
        bitcoin = self._book.find("bitcoin", at_ms)
        bitcoin_usd = bitcoin.price_usd if bitcoin else None
        coins = [
            {"item": self._rows.trending_item(quote, score, at_ms, bitcoin_usd)}
            for score, quote in enumerate(quotes[:TRENDING_COINS])
        ]
        return json_response({"coins": coins, "nfts": [], "categories": []})

    def categories(self, _request: Request, now_ms: int) -> Response:
        total = sum(quote.cap_usd or 0.0 for quote in self._book.quotes(now_ms))
        rows: list[dict[str, object]] = [
            {
                "id": category,
                "name": name,
                "market_cap": total / (2 + position),
                "market_cap_change_24h": 0.4 - 0.2 * position,
                "content": None,
                "top_3_coins": [],
                "volume_24h": total / (40 + position),
                "updated_at": iso(now_ms),
            }
            for position, (category, name) in enumerate(_CATEGORIES)
        ]
        return json_response(rows if total else [])

    def simple_price(self, request: Request, now_ms: int) -> Response:
        _require(request, "vs_currencies")
        if not any(request.params.get(name) for name in ("ids", "names", "symbols")):
            raise Refused(json_response({"error": "Missing parameter ids"}, 400))
        wants = {name for name, value in request.params.items() if value == "true"}
        rows: dict[str, Any] = {}
        for quote in self._selected(request, now_ms):
            row: dict[str, Any] = {"usd": price_number(quote.price_usd)}
            if "include_market_cap" in wants:
                row["usd_market_cap"] = quote.cap_usd
            if "include_24hr_vol" in wants:
                row["usd_24h_vol"] = volume_usd(quote)
            if "include_24hr_change" in wants:
                row["usd_24h_change"] = self._rows.change_pct(quote, now_ms, DAY_MS)
            if "include_last_updated_at" in wants:
                row["last_updated_at"] = now_ms // 60_000 * 60
            rows[quote.entry.id] = row
        return json_response(rows)

    def _selected(self, request: Request, now_ms: int) -> list[Quote]:
        """Return the coins a request names, or all; unknown names are left out silently."""
        quotes = list(self._book.quotes(now_ms))
        category = request.params.get("category")
        if category:
            # The vendor answers 404 to a category that it does not have.
            if category not in dict(_CATEGORIES):
                raise Refused(json_response({"error": "category not found"}, 404))
            quotes = [each for each in quotes if category_of(each.entry.id) == category]
        for parameter, field in (("ids", "id"), ("names", "name"), ("symbols", "symbol")):
            if request.params.get(parameter):
                wanted = {name.strip().lower() for name in request.params[parameter].split(",")}
                return [each for each in quotes if getattr(each.entry, field).lower() in wanted]
        return quotes


def category_of(coin_id: str) -> str:
    """Return the one category of a coin; real coins have several."""
    return _CATEGORIES[key_of(coin_id, "category") % len(_CATEGORIES)][0]


def too_many_requests(*headers: tuple[str, str]) -> Response:
    message = (
        "You've exceeded the Rate Limit. Please visit https://www.coingecko.com/en/api/pricing to "
        "subscribe to our API plans for higher rate limits."
    )
    response = _status_error(429, 429, message)
    return Response(response.body, 429, response.content_type, headers)


def _charge(request: Request) -> Charge:
    key = request.headers.get("x-cg-demo-api-key") or request.params.get("x_cg_demo_api_key")
    return Charge(DEMO_POOL, scope=key) if key else Charge(KEYLESS_POOL)


def _status_error(http: int, code: int, message: str) -> Response:
    return json_response({"status": {"error_code": code, "error_message": message}}, http)


def _paid_only(_request: Request, _now_ms: int) -> Response:
    message = (
        "This request is limited to PRO API subscribers. Please visit "
        "https://www.coingecko.com/en/api/pricing to subscribe to our API plan to access "
        "exclusive endpoints."
    )
    return _status_error(401, 10005, message)


def _categories_list(_request: Request, _now_ms: int) -> Response:
    return json_response([{"category_id": key, "name": name} for key, name in _CATEGORIES])


def _require(request: Request, name: str) -> str:
    value = request.params.get(name)
    if not value:
        raise Refused(json_response({"error": f"Missing parameter {name}"}, 400))
    return value


def _number(request: Request, name: str, default: int) -> int:
    text = request.params.get(name, "")
    return int(text) if text.isdigit() and int(text) >= 1 else default
