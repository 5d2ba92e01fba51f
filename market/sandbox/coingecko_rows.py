"""How CoinGecko writes a coin: as a row of a market page, whole, or as a trending item."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from market.sandbox.coingecko_coins import CoinBook, Quote, iso
from market.sandbox.noise import key_of
from market.sandbox.source import MarketSource
from market.types import DAY_MS, HOUR_MS

PERIODS_MS = {
    "1h": HOUR_MS,
    **{f"{n}d": n * DAY_MS for n in (7, 14, 30, 60, 200)},
    "24h": DAY_MS,
    "1y": 365 * DAY_MS,
}
# Parts of a whole coin that a parameter of the same name leaves out.
DETAIL_PARTS = ("localization", "market_data", "community_data", "developer_data", "tickers")


class CoinRows:
    def __init__(self, source: MarketSource, book: CoinBook) -> None:
        self._source = source
        self._book = book

    def detail(self, quote: Quote, now_ms: int, left_out: Iterable[str]) -> dict[str, Any]:
        entry = quote.entry
        mood = None if entry.coin is None else self._source.mood(entry.coin, now_ms)
        votes = None if mood is None else round(100.0 * mood, 2)
        day = now_ms // DAY_MS
        watchers = None if quote.rank is None else 2_000_000 // (quote.rank + 1) + day % 997
        row: dict[str, Any] = {
            "id": entry.id,
            "symbol": entry.symbol,
            "name": entry.name,
            "web_slug": entry.id,
            "asset_platform_id": None,
            "platforms": platforms(entry.id),
            "detail_platforms": {"": {"decimal_place": None, "contract_address": ""}},
            "block_time_in_minutes": 10,
            "hashing_algorithm": None,
            "categories": ["Cryptocurrency", "Layer 1 (L1)", None],
            "preview_listing": quote.price_usd is None,
            "public_notice": None,
            "additional_notices": [],
            "description": {"en": ""},
            "links": {"homepage": ["", ""], "subreddit_url": None},
            "image": {"large": entry.picture},
            "country_origin": "",
            "genesis_date": "2009-01-03" if entry.id == "bitcoin" else None,
            "sentiment_votes_up_percentage": votes,
            "sentiment_votes_down_percentage": None if votes is None else round(100.0 - votes, 2),
            "watchlist_portfolio_users": watchers,
            "market_cap_rank": quote.rank,
            "status_updates": [],
            "last_updated": iso(now_ms),
        }
        row["localization"] = {"en": entry.name}
        row["market_data"] = self._market_data(quote, now_ms)
        # Zeros: no longer tracked, not measured.
        row["community_data"] = {
            "facebook_likes": None,
            "reddit_average_posts_48h": 0,
            "reddit_average_comments_48h": 0,
            "reddit_subscribers": 0,
            "reddit_accounts_active_48h": 0,
            "telegram_channel_user_count": None,
        }
        row["developer_data"] = _developer_data(entry.id)
        row["tickers"] = []
        for name in left_out:
            del row[name]
        return row

    def market_row(self, quote: Quote, now_ms: int, periods: Sequence[str]) -> dict[str, Any]:
        entry, price = quote.entry, quote.price_usd
        change_pct = self.change_pct(quote, now_ms, DAY_MS)
        before = None if price is None or change_pct is None else price / (1.0 + change_pct / 100.0)
        known = price is not None and before is not None
        high, low = (max(price, before), min(price, before)) if known else (None, None)  # type: ignore[type-var]
        change = price - before if price is not None and before is not None else None
        ath = None if entry.usual_price_usd is None else entry.usual_price_usd * 3.1
        row = {
            "id": entry.id,
            "symbol": entry.symbol,
            "name": entry.name,
            "image": entry.picture,
            "current_price": price_number(price),
            "market_cap": _integer(quote.cap_usd),
            "market_cap_rank": quote.rank,
            "fully_diluted_valuation": _integer(_diluted(quote)),
            "total_volume": _integer(volume_usd(quote)),
            "high_24h": price_number(high),
            "low_24h": price_number(low),
            "price_change_24h": change,
            "price_change_percentage_24h": change_pct,
            "market_cap_change_24h": None
            if change is None or entry.circulating is None
            else change * entry.circulating,
            "market_cap_change_percentage_24h": change_pct,
            "circulating_supply": entry.circulating,
            "total_supply": entry.total,
            "max_supply": entry.maximum,
            "ath": ath,
            "ath_change_percentage": None if not ath or not price else (price / ath - 1) * 100.0,
            "ath_date": "2021-11-10T14:24:11.849Z",
            "atl": None if ath is None else ath / 900.0,
            "atl_change_percentage": None
            if not ath or not price
            else (price * 900 / ath - 1) * 100,
            "atl_date": "2019-03-13T00:00:00.000Z",
            "roi": None,
            "last_updated": iso(now_ms // 1000 * 1000 - 20_000),
        }
        for period in periods:
            name = f"price_change_percentage_{period}_in_currency"
            row[name] = self.change_pct(quote, now_ms, PERIODS_MS[period])
        return row

    def _market_data(self, quote: Quote, now_ms: int) -> dict[str, Any]:
        row = self.market_row(quote, now_ms, ())
        data: dict[str, Any] = {
            name: {} if row[key] is None else {"usd": row[key]}
            for name, key in (
                ("current_price", "current_price"), ("market_cap", "market_cap"),
                ("total_volume", "total_volume"), ("high_24h", "high_24h"), ("low_24h", "low_24h"),
                ("fully_diluted_valuation", "fully_diluted_valuation"), ("ath", "ath"),
                ("atl", "atl"), ("ath_change_percentage", "ath_change_percentage"),
                ("atl_change_percentage", "atl_change_percentage"), ("ath_date", "ath_date"),
                ("atl_date", "atl_date"),
            )
        }  # fmt: skip
        diluted, cap = row["fully_diluted_valuation"], row["market_cap"]
        data |= {
            "total_value_locked": None,
            "mcap_to_tvl_ratio": None,
            "fdv_to_tvl_ratio": None,
            "market_cap_fdv_ratio": round(cap / diluted, 2) if cap and diluted else None,
            "roi": None,
            "market_cap_rank": quote.rank,
            "max_supply_infinite": row["max_supply"] is None and row["total_supply"] is not None,
            "last_updated": row["last_updated"],
        }
        for key in (
            "circulating_supply", "total_supply", "max_supply", "price_change_24h",
            "price_change_percentage_24h", "market_cap_change_24h",
            "market_cap_change_percentage_24h",
        ):  # fmt: skip
            data[key] = row[key]
        for key in (
            "price_change_24h", "market_cap_change_24h", "market_cap_change_percentage_24h",
        ):  # fmt: skip
            data[f"{key}_in_currency"] = {} if row[key] is None else {"usd": row[key]}
        for period, period_ms in PERIODS_MS.items():
            change = self.change_pct(quote, now_ms, period_ms)
            if period not in ("1h", "24h"):
                data[f"price_change_percentage_{period}"] = change
            name = f"price_change_percentage_{period}_in_currency"
            data[name] = {} if change is None else {"usd": change}
        return data

    def trending_item(
        self, quote: Quote, score: int, at_ms: int, bitcoin_usd: float | None
    ) -> dict[str, Any]:
        entry, price = quote.entry, quote.price_usd or 0.0
        in_bitcoin = price / bitcoin_usd if bitcoin_usd else 0.0
        number = key_of(entry.id, "picture") % 40_000
        return {
            "id": entry.id,
            "coin_id": number,
            "name": entry.name,
            "symbol": entry.symbol.upper(),
            "market_cap_rank": quote.rank,
            "thumb": entry.picture,
            "small": entry.picture,
            "large": entry.picture,
            "slug": entry.id,
            "price_btc": in_bitcoin,
            "score": score,
            "data": {
                "price": price,
                "price_btc": f"{in_bitcoin:.18f}",
                "price_change_percentage_24h": {"usd": self.change_pct(quote, at_ms, DAY_MS)},
                "market_cap": f"${quote.cap_usd or 0.0:,.0f}",
                "market_cap_btc": f"{(quote.cap_usd or 0.0) / (bitcoin_usd or 1.0):.9f}",
                "total_volume": f"${volume_usd(quote) or 0.0:,.0f}",
                "total_volume_btc": f"{(volume_usd(quote) or 0.0) / (bitcoin_usd or 1.0):.9f}",
                "sparkline": f"https://www.coingecko.com/coins/{number}/sparkline.svg",
                "content": None,
            },
        }

    def change_pct(self, quote: Quote, now_ms: int, period_ms: int) -> float | None:
        before = self._book.price_usd(quote.entry, now_ms - period_ms)
        if before is None or quote.price_usd is None:
            return None
        return round((quote.price_usd / before - 1.0) * 100.0, 5)


def platforms(coin_id: str) -> dict[str, str]:
    if key_of(coin_id, "chain") % 3:
        return {}
    return {"ethereum": f"0x{key_of(coin_id, 'address'):040x}"}


def price_number(value: float | None) -> float | int | None:
    """Return a price as the vendor writes it: whole above 1000, six digits below."""
    if value is None:
        return None
    return round(value) if value >= 1000.0 else float(f"{value:.6g}")


def _integer(value: float | None) -> int | None:
    return None if value is None else round(value)


def volume_usd(quote: Quote) -> float | None:
    if quote.entry.coin is not None:
        return quote.entry.coin.turnover_usd * 0.6
    return None if quote.cap_usd is None else quote.cap_usd * 0.05


def _diluted(quote: Quote) -> float | None:
    supply = quote.entry.maximum or quote.entry.total
    return None if supply is None or quote.price_usd is None else supply * quote.price_usd


def _developer_data(coin_id: str) -> dict[str, Any]:
    known = key_of(coin_id, "code") % 4 > 0
    numbers = (
        "forks", "stars", "subscribers", "total_issues", "closed_issues", "pull_requests_merged",
        "pull_request_contributors", "commit_count_4_weeks",
    )  # fmt: skip
    changes = {"additions": 1570 if known else None, "deletions": -1948 if known else None}
    return {
        **{name: key_of(coin_id, name) % 5000 if known else None for name in numbers},
        "code_additions_deletions_4_weeks": changes,
        "last_4_weeks_commit_activity_series": [],
    }
