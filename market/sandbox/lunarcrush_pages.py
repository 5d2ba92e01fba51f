"""What LunarCrush tells of one coin: its numbers of the moment, and what it is."""

from __future__ import annotations

from market.sandbox.lunarcrush_coins import LunarCoins, Row, Topic
from market.types import DAY_MS


def coin_page(coins: LunarCoins, topic: Topic, at_ms: int) -> Row:
    """Return prices and scores: no sentiment, social volume or dominance is told here."""
    quote, spoken = topic.quote, coins.spoken(topic, at_ms)
    bitcoin = coins.find_coin("1", at_ms)
    bitcoin_usd = bitcoin.quote.price_usd if bitcoin else None
    day, week, month, _ = coins.changes_pct(topic, at_ms)
    return {
        "id": topic.id,
        "name": topic.name,
        "symbol": topic.symbol,
        "price": quote.price_usd,
        "price_btc": (quote.price_usd or 0.0) / bitcoin_usd if bitcoin_usd else None,
        "market_cap": quote.cap_usd,
        "percent_change_24h": day,
        "percent_change_7d": week,
        "percent_change_30d": month,
        "volume_24h": quote.entry.coin.turnover_usd * 0.6 if quote.entry.coin else None,
        "max_supply": quote.entry.maximum,
        "circulating_supply": quote.entry.circulating,
        "close": quote.price_usd,
        "galaxy_score": spoken.get("galaxy_score"),
        "alt_rank": spoken.get("alt_rank"),
        "volatility": coins.volatility(topic),
        "market_cap_rank": quote.rank,
    }


def meta_page(topic: Topic, at_ms: int) -> Row:
    coin_id = topic.quote.entry.id
    unknown = ("github_link", "whitepaper_link", "reddit_link", "header_image", "header_text")
    return {
        "id": topic.id,
        "name": topic.name,
        "symbol": topic.symbol,
        "market_categories": ",".join(topic.categories),
        "updated": at_ms // DAY_MS * 86_400,
        "blockchain": [{"type": "layer1", "network": coin_id, "address": None, "decimals": None}],
        "short_summary": f"{topic.name} is a coin of the sandbox.",
        "description": f"{topic.name} is a coin of the sandbox.",
        **dict.fromkeys(unknown),
        "website_link": f"https://example.com/{coin_id}",
        "twitter_link": f"https://example.com/x/{coin_id}",
        "videos": None,
        "coingecko_link": f"https://www.coingecko.com/en/coins/{coin_id}",
        "coinmarketcap_link": None,
    }
