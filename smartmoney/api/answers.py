"""Answers of ``/smart-money`` and ``/smc`` as plain values under the public key names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from market.clock import now
from market.discovery import Contract
from market.snapshot import Problem
from market.types import Interval, Venue
from smartmoney.choices import Choice, Criteria
from smartmoney.discovery import DiscoveredCoin, Filters, FoundCoins, SearchResult, Trending
from smartmoney.documents import (
    alignment_document,
    coin_document,
    figure,
    time_text,
)
from smartmoney.engine.accumulation import RUN_24H_PCT, Pattern
from smartmoney.scored import ScoredCoin
from smartmoney.selectors import NewListing
from smartmoney.services import Scan, StructureReport
from smartmoney.structure_documents import structure_document

MOST_NEUTRAL = 5


def scan_answer(
    choice: Choice, scan: Scan, min_accumulation: int, min_distribution: int
) -> dict[str, Any]:
    """Return both sides of a scan, best first."""
    gathered = of_side(scan.scored, Pattern.ACCUMULATION, min_accumulation)
    handed_out = of_side(scan.scored, Pattern.DISTRIBUTION, min_distribution)
    listed = {each.coin.symbol for each in (*gathered, *handed_out)}
    neutral = [each for each in scan.scored if each.coin.symbol not in listed]
    neutral.sort(key=lambda each: (-_better(each), each.coin.symbol))
    return {
        **_scanned(choice, scan),
        "summary": {
            "accumulationSignals": len(gathered),
            "distributionSignals": len(handed_out),
            "neutralCoins": len(neutral),
        },
        "accumulation": [coin_document(each) for each in gathered],
        "distribution": [coin_document(each) for each in handed_out],
        "neutral": [coin_document(each) for each in neutral[:MOST_NEUTRAL]],
        "failed": _failed(scan.failed),
    }


def auto_answer(
    criteria: Criteria, choice: Choice, scan: Scan, min_accumulation: int, min_distribution: int
) -> dict[str, Any]:
    return {
        "criteria": criteria.value,
        "coinsSelected": len(choice.instruments),
        **scan_answer(choice, scan, min_accumulation, min_distribution),
    }


def side_answer(
    choice: Choice, scan: Scan, side: Pattern, min_score: int, limit: int
) -> dict[str, Any]:
    return _listed(choice, scan, of_side(scan.scored, side, min_score), limit)


def finder_answer(
    choice: Choice, scan: Scan, min_score: int, limit: int, *, exclude_overbought: bool
) -> dict[str, Any]:
    """Return accumulated coins, without those that have run ahead already where asked for."""
    found = of_side(scan.scored, Pattern.ACCUMULATION, min_score)
    calm = [each for each in found if not (exclude_overbought and _ran_ahead(each))]
    return {
        **_listed(choice, scan, calm, limit),
        "excludedOverbought": len(found) - len(calm),
    }


def of_side(scored: Sequence[ScoredCoin], side: Pattern, min_score: int) -> list[ScoredCoin]:
    """Return the coins that lean to a side with enough points, best first."""
    found = [
        each
        for each in scored
        if each.coin.score.pattern is side and _points(each, side) >= min_score
    ]
    return sorted(found, key=lambda each: (-_points(each, side), each.coin.symbol))


def structure_answer(report: StructureReport, asked: Sequence[Interval]) -> dict[str, Any]:
    """Return every timeframe; the first one's keys also stand at the top, as they always did."""
    timeframes = {
        interval.value: {
            **structure_document(structure),
            "source": report.bars.sources[interval].value,
        }
        for interval, structure in report.analysis.timeframes.items()
    }
    first = next(interval.value for interval in asked if interval.value in timeframes)
    return {
        "success": True,
        "symbol": report.instrument.symbol.base,
        **timeframes[first],
        "alignment": alignment_document(report.analysis.alignment),
        "timeframes": {} if len(asked) == 1 else timeframes,
        "problems": [each.plain() for each in report.bars.problems],
    }


def discover_answer(filters: Filters, found: FoundCoins) -> dict[str, Any]:
    return {
        "success": True,
        "timestamp": time_text(now()),
        "totalFound": found.total,
        "filters": {
            "maxMarketCap": filters.max_market_cap_usd,
            "minVolume": filters.min_volume_usd,
            "source": filters.source.value,
            "category": filters.category or None,
            "limit": filters.limit,
        },
        "coins": [_discovered(coin) for coin in found.coins],
        "problems": [each.plain() for each in found.problems],
    }


def futures_answer(
    page: Sequence[Contract],
    counts: tuple[int, int],
    min_volume_usd: float,
    problems: Sequence[Problem],
) -> dict[str, Any]:
    """``counts`` are how many contracts there are, and how many trade enough."""
    total, filtered = counts
    return {
        "success": True,
        "timestamp": time_text(now()),
        "totalSymbols": total,
        "filteredCount": filtered,
        "minVolume": min_volume_usd,
        "coins": [
            {
                "symbol": contract.instrument.symbol.base,
                "venueSymbol": _venue_symbol(contract),
                "price": figure(contract.price_usd),
                "volume24h": figure(contract.volume_24h_usd),
                "priceChange24h": figure(contract.change_24h_pct),
                "high24h": figure(contract.high_24h_usd),
                "low24h": figure(contract.low_24h_usd),
                "source": contract.venue.value,
            }
            for contract in page
        ],
        "problems": [each.plain() for each in problems],
    }


def trending_answer(trending: Sequence[Trending]) -> dict[str, Any]:
    return {
        "success": True,
        "timestamp": time_text(now()),
        "source": Venue.COINGECKO.value,
        "coins": [
            {
                "rank": each.coin.rank + 1,
                "symbol": each.coin.symbol
                if each.instrument is None
                else each.instrument.symbol.base,
                "name": each.coin.name,
                "coingeckoId": each.coin.id,
                "marketCapRank": each.coin.market_cap_rank,
                "price": figure(each.coin.price_usd),
                "priceChange24h": figure(each.coin.price_change_24h_pct),
                "hasFutures": each.instrument is not None,
            }
            for each in trending
        ],
    }


def new_listings_answer(days: int, total: int, listings: Sequence[NewListing]) -> dict[str, Any]:
    return {
        "success": True,
        "timestamp": time_text(now()),
        "days": days,
        "totalFound": total,
        "coins": [
            {
                "symbol": each.row.base,
                "listedAt": time_text(each.listed_at),
                "newOn": [venue.value for venue in each.new_on],
                "evidence": each.evidence,
                "binance": each.row.binance_symbol,
                "okx": each.row.okx_symbol,
                "marketCapRank": each.row.market_cap_rank,
            }
            for each in listings
        ],
    }


def search_answer(query: str, result: SearchResult) -> dict[str, Any]:
    return {
        "success": True,
        "query": query,
        "coins": [
            {
                "symbol": each.symbol.base,
                "hasFutures": True,
                "binance": None if each.binance is None else each.binance.venue_symbol,
                "okx": None if each.okx is None else each.okx.venue_symbol,
                "coingeckoId": each.coingecko_id,
                "marketCapRank": each.market_cap_rank,
            }
            for each in result.instruments
        ],
        "others": [
            {
                "symbol": coin.symbol,
                "name": coin.name,
                "hasFutures": False,
                "coingeckoId": coin.id,
                "marketCapRank": coin.market_cap_rank,
            }
            for coin in result.others
        ],
        "problems": [each.plain() for each in result.problems],
    }


# --- Parts ----------------------------------------------------------------------------------------


def _scanned(choice: Choice, scan: Scan) -> dict[str, Any]:
    return {
        "success": True,
        "timestamp": time_text(now()),
        "coins": choice.name,
        "coinsScanned": scan.requested,
        "coinsSuccessful": len(scan.scored),
        "coinsFailed": len(scan.failed),
        "partial": scan.partial,
        "coinsLeft": len(scan.left),
        "scanId": None if scan.scan_id is None else str(scan.scan_id),
        "problems": [each.plain() for each in choice.problems],
    }


def _listed(choice: Choice, scan: Scan, found: Sequence[ScoredCoin], limit: int) -> dict[str, Any]:
    return {
        **_scanned(choice, scan),
        "signalsFound": len(found),
        "signals": [coin_document(each) for each in found[:limit]],
        "failed": _failed(scan.failed),
    }


def _failed(failed: dict[str, str]) -> list[dict[str, str]]:
    return [{"symbol": symbol, "reason": reason} for symbol, reason in failed.items()]


def _points(scored: ScoredCoin, side: Pattern) -> int:
    score = scored.coin.score
    return score.accumulation if side is Pattern.ACCUMULATION else score.distribution


def _better(scored: ScoredCoin) -> int:
    return max(scored.coin.score.accumulation, scored.coin.score.distribution)


def _ran_ahead(scored: ScoredCoin) -> bool:
    change_pct = scored.coin.change_24h_pct
    return change_pct is not None and change_pct > RUN_24H_PCT


def _discovered(coin: DiscoveredCoin) -> dict[str, Any]:
    return {
        "symbol": coin.symbol,
        "name": coin.name,
        "price": figure(coin.price_usd),
        "marketCap": figure(coin.market_cap_usd),
        "volume24h": figure(coin.volume_24h_usd),
        "priceChange24h": figure(coin.change_24h_pct),
        "source": "both" if len(coin.sources) > 1 else coin.sources[0].value,
        "hasFutures": coin.instrument is not None,
    }


def _venue_symbol(contract: Contract) -> str | None:
    instrument = contract.instrument
    listing = instrument.binance if contract.venue is Venue.BINANCE else instrument.okx
    return None if listing is None else listing.venue_symbol
