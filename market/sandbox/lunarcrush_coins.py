"""The coins LunarCrush lists, with prices and social numbers of one instant, and over time.

The same coins, prices and market caps as CoinGecko's, ids of its own. Small coins have no social
numbers. A recording holds nothing of this vendor: then there are no coins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from market.sandbox.bars import spec
from market.sandbox.coingecko_coins import PRICES_KEPT_MS, CoinBook, Quote
from market.sandbox.coingecko_rows import CoinRows, volume_usd
from market.sandbox.lunarcrush_social import Social
from market.sandbox.noise import key_of
from market.sandbox.recent import Recent
from market.sandbox.source import MarketSource
from market.sandbox.universe import Contract
from market.types import DAY_MS, HOUR_MS, FloatArray, Int64Array

_HOUR = spec("1h", hours=1)
_DAY = spec("1d", hours=24)
_FIRST_IDS = {"bitcoin": 1, "ethereum": 2}
_CATEGORIES = ("layer-1", "defi", "meme", "ai", "gaming", "layer-2", "real-world-assets")
# All coins' market cap when Bitcoin costs what it usually does.
_ALL_CAPS_USD = 3.3e12
# What a free plan does not tell in the list.
SOCIAL_KEYS = (
    "interactions_24h", "social_volume_24h", "social_dominance", "galaxy_score",
    "galaxy_score_previous", "alt_rank", "alt_rank_previous", "sentiment",
)  # fmt: skip

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Topic:
    """A coin as people search for it."""

    quote: Quote

    @property
    def id(self) -> int:
        coin_id = self.quote.entry.id
        return _FIRST_IDS.get(coin_id, 3 + key_of(coin_id, "lunar") % 1_000_000_000)

    @property
    def symbol(self) -> str:
        return self.quote.entry.symbol.upper()

    @property
    def name(self) -> str:
        return self.quote.entry.name

    @property
    def slug(self) -> str:
        """Return the one clean term; the less known are found by their ticker."""
        entry = self.quote.entry
        if entry.id in _FIRST_IDS or key_of(entry.id, "slug") % 3:
            return entry.id.replace("-", " ")
        return f"${entry.symbol}"

    @property
    def categories(self) -> list[str]:
        first = key_of(self.quote.entry.id, "category") % len(_CATEGORIES)
        return [_CATEGORIES[first], f"{self.quote.entry.id}-ecosystem"]


class LunarCoins:
    def __init__(self, source: MarketSource) -> None:
        self._source = source
        self._social = Social(source)
        self._book = CoinBook(source)
        self._rows = CoinRows(source, self._book)
        self._topics: Recent[list[Topic]] = Recent(4)
        self._lists: Recent[list[Row]] = Recent(4)
        self._midnights: Recent[tuple[float | None, float | None]] = Recent(4_000)
        self._spoken: Recent[Row] = Recent(1_200)

    def topics(self, at_ms: int) -> list[Topic]:
        """Return every coin with a price, largest first."""
        quotes = self._book.quotes(at_ms)
        return self._topics.get_or_make(
            at_ms // PRICES_KEPT_MS,
            lambda: [Topic(quote) for quote in quotes if quote.price_usd is not None],
        )

    def find_coin(self, text: str, at_ms: int) -> Topic | None:
        """Return a coin by id or symbol: of several, the largest."""
        wanted = text.upper()
        by_id = wanted.isdigit()
        return next(
            (
                topic
                for topic in self.topics(at_ms)
                if (str(topic.id) == wanted if by_id else topic.symbol == wanted)
            ),
            None,
        )

    def find_topic(self, text: str, at_ms: int) -> Topic | None:
        """Return a coin by slug, ticker or ``coins:<id>``, of those that people talk about."""
        if text.startswith("coins:"):
            return self.find_coin(text.removeprefix("coins:"), at_ms)
        return next(
            (
                topic
                for topic in self.topics(at_ms)
                if topic.quote.entry.coin is not None and text in (topic.slug, f"${topic.symbol}")
            ),
            None,
        )

    def listed(self, at_ms: int) -> list[Row]:
        """Return the rows of the list, largest market cap first."""
        return self._lists.get_or_make(at_ms, lambda: self._list(at_ms))

    def _list(self, at_ms: int) -> list[Row]:
        topics = self.topics(at_ms)
        bitcoin = next((topic.quote for topic in topics if topic.id == 1), None)
        return [self._row(topic, bitcoin, at_ms) for topic in topics]

    def _row(self, topic: Topic, bitcoin: Quote | None, at_ms: int) -> Row:
        quote = topic.quote
        bitcoin_usd = bitcoin.price_usd if bitcoin else None
        entry, price = quote.entry, quote.price_usd
        day, week, month, hour = self.changes_pct(topic, at_ms)
        row: Row = {
            "id": topic.id,
            "symbol": topic.symbol,
            "name": topic.name,
            "price": price,
            "price_btc": 1 if entry.id == "bitcoin" else price and price / (bitcoin_usd or 1.0),
            "volume_24h": volume_usd(quote),
            "volatility": self.volatility(topic),
            "circulating_supply": entry.circulating,
            "max_supply": entry.maximum,
            "percent_change_1h": hour,
            "percent_change_24h": day,
            "percent_change_7d": week,
            "market_cap": quote.cap_usd,
            "market_cap_rank": quote.rank,
        }
        if entry.coin is not None and quote.cap_usd and bitcoin and bitcoin_usd:
            level = bitcoin_usd / (bitcoin.entry.usual_price_usd or bitcoin_usd)
            dominance = 100.0 * quote.cap_usd / (_ALL_CAPS_USD * level)
            row |= {
                **self.spoken(topic, at_ms),
                "market_dominance": dominance,
                "market_dominance_prev": dominance / (1.0 + (day or 0.0) / 200.0),
            }
        native = {"type": "layer1", "network": entry.id, "address": None, "decimals": None}
        token = {"type": "token", "network": "ethereum", "address": "0x0", "decimals": 18}
        return row | {
            "categories": ",".join(topic.categories),
            "blockchains": [native if topic.id in (1, 2) else token],
            "percent_change_30d": month,
            "last_updated_price": at_ms // 1000 - 12,
            "last_updated_price_by": "cmc_stream",
            "topic": f"{entry.symbol} {topic.slug}",
            "logo": f"https://cdn.lunarcrush.com/{entry.id}.png",
        }

    def spoken(self, topic: Topic, at_ms: int) -> Row:
        """Return the social numbers of the list: of the last 24 hours and of the hour."""
        coin = topic.quote.entry.coin
        hour = at_ms // HOUR_MS
        if coin is None:
            return {}

        def make() -> Row:
            told = self._social.hours(coin, np.arange(hour - 24, hour + 1))
            return {
                "interactions_24h": int(told.interactions[1:].sum()),
                "social_volume_24h": int(told.posts_active[1:].sum() / 4.0),
                "social_dominance": float(told.social_dominance[-1]),
                "galaxy_score": float(told.galaxy_score[-1]),
                "galaxy_score_previous": float(told.galaxy_score[0]),
                "alt_rank": int(told.alt_rank[-1]),
                "alt_rank_previous": int(told.alt_rank[0]),
                "sentiment": int(told.sentiment[-1]),
            }

        return self._spoken.get_or_make((coin.base, hour), make)

    def series(self, topic: Topic, start_ms: int, at_ms: int, *, daily: bool) -> list[Row]:
        """Return rows from a time on, ascending; the last one is the hour or day still open."""
        coin, contract = topic.quote.entry.coin, self._contract(topic, at_ms)
        if coin is None or contract is None:
            return []
        step = _DAY if daily else _HOUR
        start_ms = max(start_ms, contract.listed_ms + DAY_MS)
        times = step.opens(step.open_of(start_ms), at_ms)
        if not len(times):
            return []
        price = self._prices(contract, times, at_ms, daily=daily)
        bitcoin = self.find_coin("1", at_ms)
        bitcoin_contract = bitcoin and self._contract(bitcoin, at_ms)
        level = self._prices(bitcoin_contract or contract, times, at_ms, daily=daily)
        supply = topic.quote.entry.circulating or 0.0
        usual = bitcoin.quote.entry.usual_price_usd if bitcoin else None
        dominance = 100.0 * supply * price / (_ALL_CAPS_USD * level / (usual or 1.0))
        told = self._social.hours(coin, times // HOUR_MS)
        columns = {name: column.tolist() for name, column in told.columns().items()}
        volume = coin.turnover_usd * 0.6
        rows = []
        for i, (time_ms, close) in enumerate(zip(times.tolist(), price.tolist(), strict=True)):
            counted = {name: values[i] for name, values in columns.items()}
            rows.append(
                {
                    "time": time_ms // 1000,
                    **{name: int(counted[name]) for name in _COUNTED},
                    "alt_rank": int(counted["alt_rank"]),
                    "circulating_supply": int(supply),
                    "close": close,
                    "galaxy_score": counted["galaxy_score"],
                    "high": close,
                    "low": close,
                    "market_cap": round(supply * close, 2),
                    "market_dominance": round(float(dominance[i]), 4),
                    "open": close,
                    "social_dominance": round(counted["social_dominance"], 4),
                    "volume_24h": volume,
                }
            )
        return rows

    def changes_pct(self, topic: Topic, at_ms: int) -> tuple[float | None, ...]:
        """Return the changes of the price over 24 hours, 7 and 30 days, and an hour."""
        quote = topic.quote
        far = []
        for days in (7, 30):
            before = self._price_far_back(quote, at_ms - days * DAY_MS)
            known = before is not None and quote.price_usd is not None
            far.append(round((quote.price_usd / before - 1.0) * 100.0, 6) if known else None)  # type: ignore[operator]
        day, hour = (self._rows.change_pct(quote, at_ms, span) for span in (DAY_MS, HOUR_MS))
        return (day, *far, hour)

    def _price_far_back(self, quote: Quote, at_ms: int) -> float | None:
        """Return a price between those of the midnights around: far days cost, and once a day."""
        day = at_ms // DAY_MS

        def make() -> tuple[float | None, float | None]:
            midnight, next_midnight = (
                self._book.price_usd(quote.entry, each * DAY_MS) for each in (day, day + 1)
            )
            return midnight, next_midnight

        before, after = self._midnights.get_or_make((quote.entry.id, day), make)
        if before is None or after is None:
            return before
        return float(before * (after / before) ** (at_ms % DAY_MS / DAY_MS))

    @staticmethod
    def volatility(topic: Topic) -> float:
        return round(0.004 + key_of(topic.quote.entry.id, "volatility") % 300 / 10_000.0, 4)

    def _contract(self, topic: Topic, at_ms: int) -> Contract | None:
        coin = topic.quote.entry.coin
        universe = self._source.universe(at_ms)
        contracts = (*universe.binance.values(), *universe.okx.values())
        return next(
            (
                contract
                for contract in contracts
                if coin is not None
                and contract.coin.base == coin.base
                and (contract.contract_type, contract.quote_asset) == ("PERPETUAL", "USDT")
            ),
            None,
        )

    def _prices(
        self, contract: Contract, times: Int64Array, at_ms: int, *, daily: bool
    ) -> FloatArray:
        """Return prices per coin at instants, the newest one at last."""
        # Open interest carries the price over years, where bars would take seconds.
        held = self._source.open_interest_history(
            contract, _DAY if daily else _HOUR, int(times[0]), int(times[-1]), at_ms
        )
        price = np.interp(times, held.ts_ms, held.second / held.first) / contract.unit
        newest = self._source.price(contract, at_ms)
        if newest is not None:
            price[-1] = newest / contract.unit
        rounded: FloatArray = np.round(price, contract.coin.price_decimals + 3)
        return rounded


_COUNTED = (
    "contributors_active", "contributors_created", "interactions", "posts_active",
    "posts_created", "sentiment", "spam",
)  # fmt: skip
