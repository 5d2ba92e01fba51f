"""CoinGecko v3, key-less or with a free Demo key: votes and trends (social proxy), discovery.

Thin fetches on top of the shared transport; parsers in ``coingecko_payloads``. Calls are scarce
(5 per minute without a key), so answers serve for long and callers ask for pages, not coins.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from market.providers.answers import error_fields, raise_for_status
from market.providers.coingecko_payloads import (
    Category,
    CoinDetail,
    CoinMarket,
    FoundCoin,
    ListedCoin,
    SimplePrice,
    TrendingCoin,
    parse_categories,
    parse_coin_detail,
    parse_coins_list,
    parse_markets,
    parse_search,
    parse_simple_prices,
    parse_trending,
)
from market.providers.errors import ProviderRejected
from market.providers.payload import Parsed
from market.providers.transport import Pool, ProviderPolicy, Transport

NAME = "coingecko"
KEY_HEADER = "x-cg-demo-api-key"  # never as a query parameter: those end in logs

RATE_LIMIT_WAIT_S = 60.0  # no Retry-After is documented
FORBIDDEN_S = 600.0  # the content network's block
# Missing key, Pro key on the free host, Demo key on the Pro host: only the operator can mend it.
KEY_FAULTS = frozenset({10002, 10010, 10011})
KEY_FAULT_S = 600.0
PAID_ONLY = 10005

# How long an answer may serve again. The vendor itself renews prices each minute and trending every
# ten; a coin's votes are kept for a day by the series store.
LIST_TTL_S = 24 * 3600.0
MARKETS_TTL_S = 300.0
PRICE_TTL_S = 60.0
TRENDING_TTL_S = 600.0
DETAIL_TTL_S = 600.0
SEARCH_TTL_S = 3600.0

MAX_PER_PAGE = 250
MAX_IDS = 250


def coingecko_policy(
    *, calls_per_minute: int, calls_per_month: int, demo_api_key: str = ""
) -> ProviderPolicy:
    """Return what the transport must know. The limits are the plan's own, not shares of them.

    A month is only metered where the vendor meters one: by key.
    """
    pools: tuple[Pool, ...] = (Pool("minute", calls_per_minute, 60),)
    if demo_api_key:
        pools += (Pool("month", calls_per_month, 0),)
    return ProviderPolicy(
        name=NAME,
        pools={"calls": pools},
        classify=classify,
        headers={KEY_HEADER: demo_api_key} if demo_api_key else {},
    )


def classify(status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Raise what an HTTP status means. Bodies have two shapes and may be HTML: only hints."""
    if status in (400, 401):
        nested = error_fields(body).get("status")
        code = nested.get("error_code") if isinstance(nested, dict) else None
        if type(code) is int and code in KEY_FAULTS:
            raise ProviderRejected(
                NAME,
                "the configured key is not accepted",
                status=status,
                blocked_for_s=KEY_FAULT_S,
            )
        if code == PAID_ONLY:
            raise ProviderRejected(NAME, "answers this to paying plans only", status=status)
    if status == 404:
        raise ProviderRejected(NAME, "does not know this coin", status=status)
    raise_for_status(
        NAME,
        status,
        headers,
        rate_limit_wait_s=RATE_LIMIT_WAIT_S,
        forbidden_s=FORBIDDEN_S,
    )


class CoinGecko:
    """Coins, markets and what their crowd thinks."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def fetch_coins_list(self) -> Parsed[tuple[ListedCoin, ...]]:
        """Return every coin, 15 to 20 thousand. Source: GET /coins/list, once a day."""
        return parse_coins_list(await self._get("/coins/list", {}, LIST_TTL_S))

    async def fetch_markets(
        self,
        *,
        page: int = 1,
        per_page: int = MAX_PER_PAGE,
        ids: Sequence[str] = (),
        category: str = "",
    ) -> Parsed[tuple[CoinMarket, ...]]:
        """Return a page of coins by market cap, of all, of a category, or of those named.

        The last page may be empty.

        Source: GET /coins/markets.
        """
        if not 1 <= per_page <= MAX_PER_PAGE or len(ids) > MAX_IDS or page < 1:
            raise ValueError("a page has 1 to 250 coins")
        params: dict[str, str | int] = {
            "vs_currency": "usd",
            "order": "market_cap_desc",
            "per_page": per_page,
            "page": page,
        }
        if ids:
            params["ids"] = ",".join(ids)
        if category:
            params["category"] = category
        return parse_markets(await self._get("/coins/markets", params, MARKETS_TTL_S))

    async def fetch_coin_detail(self, coin_id: str) -> Parsed[CoinDetail]:
        """Return one coin with votes and followers. Source: GET /coins/{id}, daily at most."""
        if not is_coin_id(coin_id):
            raise ValueError("not a coin id")
        params: dict[str, str | int] = {
            "localization": "false",
            "tickers": "false",
            "market_data": "true",
            "community_data": "true",
            "developer_data": "true",
        }
        return parse_coin_detail(await self._get(f"/coins/{coin_id}", params, DETAIL_TTL_S))

    async def fetch_search(self, query: str) -> Parsed[tuple[FoundCoin, ...]]:
        """Return coins matching a name or symbol, largest first. Source: GET /search."""
        return parse_search(await self._get("/search", {"query": query[:100]}, SEARCH_TTL_S))

    async def fetch_trending(self) -> Parsed[tuple[TrendingCoin, ...]]:
        """Return the 15 most searched coins, first one first. Source: GET /search/trending."""
        return parse_trending(await self._get("/search/trending", {}, TRENDING_TTL_S))

    async def fetch_categories(self) -> Parsed[tuple[Category, ...]]:
        """Return all categories. Source: GET /coins/categories/list."""
        return parse_categories(await self._get("/coins/categories/list", {}, LIST_TTL_S))

    async def fetch_simple_prices(self, ids: Sequence[str]) -> Parsed[dict[str, SimplePrice]]:
        """Return prices by coin id; unknown ids are absent. Source: GET /simple/price."""
        if not 1 <= len(ids) <= MAX_IDS:
            raise ValueError("1 to 250 ids")
        params: dict[str, str | int] = {
            "ids": ",".join(ids),
            "vs_currencies": "usd",
            "include_market_cap": "true",
            "include_24hr_vol": "true",
            "include_24hr_change": "true",
            "include_last_updated_at": "true",
        }
        return parse_simple_prices(await self._get("/simple/price", params, PRICE_TTL_S))

    async def _get(self, path: str, params: dict[str, str | int], cache_ttl_s: float) -> Any:
        return await self._transport.get_json(
            path, params=params or None, pool="calls", cost=1, cache_ttl_s=cache_ttl_s
        )


def is_coin_id(value: str) -> bool:
    """Tell whether a text may stand in a path: ids are lower-case words with - _ and dots."""
    return (
        0 < len(value) <= 100
        and value.isascii()
        and not value.startswith(".")
        and all(character.isalnum() or character in "-_." for character in value)
    )
