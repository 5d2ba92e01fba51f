"""``/smart-money``: scans, analyses and discovery. Reading stores no signal and sends nothing."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from config.api.caching import SETTINGS_S, fresh_for
from config.api.params import NoParams, read_params
from market.api.symbol import SYMBOL
from smartmoney.api import answers, params
from smartmoney.api import discovery_serializers as discovery_shapes
from smartmoney.api import serializers as shapes
from smartmoney.api.about import smart_money_info
from smartmoney.choices import Criteria, chosen_coins, watchlist_coins
from smartmoney.discovery import (
    Filters,
    Source,
    find_coins,
    list_contracts,
    search_coins,
    trending_coins,
)
from smartmoney.documents import analysis_document
from smartmoney.engine.accumulation import Pattern
from smartmoney.selectors import new_listings
from smartmoney.services import analyze_coin, scan

TAGS = ["smart money"]


class SmartMoneyScanViewSet(viewsets.ViewSet):
    """Accumulation and distribution, 0 to 10 each, of many coins or one."""

    @extend_schema(
        operation_id="scanSmartMoney",
        tags=TAGS,
        parameters=[params.ScanParams],
        responses=shapes.SmartMoneyScanSerializer,
    )
    def scan(self, request: Request) -> Response:
        """Score coins and list those that are gathered and those that are handed out.

        Takes ten seconds at most. `partial` is true when coins were left by then; the scan that
        goes on with them is named in `scanId`.
        """
        query = read_params(request, params.ScanParams)
        choice = params.choice_of(query)
        return Response(
            answers.scan_answer(
                choice,
                scan(choice),
                query["min_accumulation_score"],
                query["min_distribution_score"],
            )
        )

    @extend_schema(
        operation_id="scanAccumulation",
        tags=TAGS,
        parameters=[params.SideParams],
        responses=shapes.SmartMoneySideSerializer,
    )
    def accumulation(self, request: Request) -> Response:
        """Coins that large hands seem to gather, best first."""
        return _side(request, Pattern.ACCUMULATION)

    @extend_schema(
        operation_id="scanDistribution",
        tags=TAGS,
        parameters=[params.SideParams],
        responses=shapes.SmartMoneySideSerializer,
    )
    def distribution(self, request: Request) -> Response:
        """Coins that large hands seem to hand out, best first."""
        return _side(request, Pattern.DISTRIBUTION)

    @extend_schema(
        operation_id="scanAuto",
        tags=TAGS,
        parameters=[params.AutoParams],
        responses=shapes.SmartMoneyAutoScanSerializer,
    )
    def auto(self, request: Request) -> Response:
        """Choose coins by volume, gains, losses or small market cap, and scan them."""
        query = read_params(request, params.AutoParams)
        criteria = Criteria(query["criteria"])
        choice = chosen_coins(criteria, query["limit"])
        return Response(
            answers.auto_answer(
                criteria,
                choice,
                scan(choice),
                query["min_accumulation_score"],
                query["min_distribution_score"],
            )
        )

    @extend_schema(
        operation_id="findAccumulation",
        tags=TAGS,
        parameters=[params.FinderParams],
        responses=shapes.SmartMoneyFinderSerializer,
    )
    def finder(self, request: Request) -> Response:
        """Strongly gathered coins that have not run ahead yet."""
        query = read_params(request, params.FinderParams)
        choice = params.choice_of(query)
        return Response(
            answers.finder_answer(
                choice,
                scan(choice),
                query["min_score"],
                query["limit"],
                exclude_overbought=query["exclude_overbought"],
            )
        )

    @extend_schema(
        operation_id="analyzeSmartMoney",
        tags=TAGS,
        parameters=[SYMBOL],
        responses=shapes.SmartMoneyAnalysisSerializer,
    )
    def analyze(self, request: Request, symbol: str) -> Response:
        """One coin's positioning with every reason, and what of it is not known."""
        read_params(request, NoParams)
        return Response(analysis_document(analyze_coin(symbol)))

    @fresh_for(SETTINGS_S)
    @extend_schema(
        operation_id="smartMoneyInfo", tags=TAGS, responses=shapes.SmartMoneyInfoSerializer
    )
    def info(self, request: Request) -> Response:
        """The scoring rules, the endpoints, and the coins that a scan is over by default."""
        read_params(request, NoParams)
        default = watchlist_coins(None, params.DEFAULT_COINS)
        return Response(
            smart_money_info([instrument.symbol.base for instrument in default.instruments])
        )


class DiscoveryViewSet(viewsets.ViewSet):
    """Which coins there are: by size, volume and category, trending, new, by name."""

    @extend_schema(
        operation_id="discoverCoins",
        tags=TAGS,
        parameters=[params.DiscoverParams],
        responses=discovery_shapes.DiscoverSerializer,
    )
    def discover(self, request: Request) -> Response:
        """Coins up to a market cap and from a volume on, largest volume first."""
        query = read_params(request, params.DiscoverParams)
        filters = Filters(
            max_market_cap_usd=query["max_market_cap"],
            min_volume_usd=query["min_volume"],
            source=Source(query["source"]),
            limit=query["limit"],
            category=query["category"],
        )
        return Response(answers.discover_answer(filters, find_coins(filters)))

    @extend_schema(
        operation_id="listFutures",
        tags=TAGS,
        parameters=[params.FuturesListParams],
        responses=discovery_shapes.FuturesListSerializer,
    )
    def futures(self, request: Request) -> Response:
        """Live USDT perpetuals by volume, of Binance, or of OKX while Binance is away."""
        query = read_params(request, params.FuturesListParams)
        traded, total, problems = list_contracts(query["min_volume"])
        page = traded[query["offset"] : query["offset"] + query["limit"]]
        return Response(
            answers.futures_answer(page, (total, len(traded)), query["min_volume"], problems)
        )

    @extend_schema(
        operation_id="trendingCoins", tags=TAGS, responses=discovery_shapes.TrendingSerializer
    )
    def trending(self, request: Request) -> Response:
        """What CoinGecko's visitors search for most, and whether it has futures."""
        read_params(request, NoParams)
        return Response(answers.trending_answer(trending_coins()))

    @extend_schema(
        operation_id="newListings",
        tags=TAGS,
        parameters=[params.NewListingsParams],
        responses=discovery_shapes.NewListingsSerializer,
    )
    def new_listings(self, request: Request) -> Response:
        """Perpetuals that a venue lists since a few days, newest first."""
        query = read_params(request, params.NewListingsParams)
        total, listings = new_listings(query["days"], query["limit"])
        return Response(answers.new_listings_answer(query["days"], total, listings))

    @extend_schema(
        operation_id="searchCoins",
        tags=TAGS,
        parameters=[params.SearchParams],
        responses=discovery_shapes.CoinSearchSerializer,
    )
    def search(self, request: Request) -> Response:
        """Coins by a part of their name or symbol: those with futures, and others."""
        query = read_params(request, params.SearchParams)
        return Response(
            answers.search_answer(query["query"], search_coins(query["query"], query["limit"]))
        )


def _side(request: Request, side: Pattern) -> Response:
    query = read_params(request, params.SideParams)
    choice = params.choice_of(query)
    return Response(
        answers.side_answer(choice, scan(choice), side, query["min_score"], query["limit"])
    )
