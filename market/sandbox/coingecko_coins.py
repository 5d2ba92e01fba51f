"""The coins CoinGecko would know: the traded ones, pegged ones, small ones and namesakes.

Supply and rank are invented to fit the price levels; about the small ones much is unknown, as in
life. Rendered by ``coingecko``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from market.sandbox.coins import COLLISIONS, OKX_NAMES, RENAMED, UNLISTED
from market.sandbox.noise import key_of, smooth
from market.sandbox.recent import Recent
from market.sandbox.source import MarketSource
from market.sandbox.universe import Coin
from market.types import DAY_MS, MINUTE_MS

SMALL_COINS = 1_150
PRICES_KEPT_MS = MINUTE_MS  # the vendor's own cache
_LARGEST_CAP_USD = 1.9e12
# The largest traded coin's market cap divided by rank^this gives the others'.
_CAP_EXPONENT = 1.45
_SYLLABLES = (
    "ba",
    "ri",
    "lo",
    "que",
    "fa",
    "mu",
    "so",
    "ti",
    "ne",
    "dro",
    "gla",
    "vex",
    "om",
    "pi",
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One coin of the list. ``coin`` is None for what no venue trades."""

    id: str
    symbol: str
    name: str
    usual_price_usd: float | None
    usual_cap_usd: float | None
    coin: Coin | None = None
    pegged: bool = False

    @property
    def circulating(self) -> float | None:
        if self.usual_cap_usd is None or not self.usual_price_usd:
            return None
        return float(round(self.usual_cap_usd / self.usual_price_usd))

    @property
    def total(self) -> float | None:
        if self.circulating is None or key_of(self.id, "total") % 9 == 0:
            return None
        return float(round(self.circulating * (1.0 + key_of(self.id, "total") % 60 / 100.0)))

    @property
    def maximum(self) -> float | None:
        """Null means unlimited or unknown."""
        if self.total is None or key_of(self.id, "max") % 3 == 0:
            return None
        return self.total if key_of(self.id, "max") % 2 else float(round(self.total * 1.25))

    @property
    def picture(self) -> str:
        number = key_of(self.id, "picture") % 40_000
        return f"https://assets.coingecko.com/coins/images/{number}/large/{self.id}.png"


@dataclass(frozen=True, slots=True)
class Quote:
    entry: Entry
    price_usd: float | None
    cap_usd: float | None
    rank: int | None


class CoinBook:
    """All entries at an instant, and their prices as of its minute."""

    def __init__(self, source: MarketSource) -> None:
        self._source = source
        self._quotes: Recent[tuple[Quote, ...]] = Recent(4)

    def quotes(self, now_ms: int) -> tuple[Quote, ...]:
        """Return every coin with its price, largest market cap first, unranked ones last."""
        minute_ms = now_ms // PRICES_KEPT_MS * PRICES_KEPT_MS
        return self._quotes.get_or_make(minute_ms, lambda: self._quote_all(minute_ms))

    def find(self, coin_id: str, now_ms: int) -> Quote | None:
        return next((quote for quote in self.quotes(now_ms) if quote.entry.id == coin_id), None)

    def price_usd(self, entry: Entry, at_ms: int) -> float | None:
        if entry.usual_price_usd is None:
            return None
        if entry.coin is not None:
            return self._source.coin_price_usd(entry.coin, max(at_ms, entry.coin.listed_ms))
        width = 0.001 if entry.pegged else 0.4
        wander = float(smooth(key_of(entry.id), at_ms, 5 * DAY_MS))
        return entry.usual_price_usd * (1.0 + width * max(-2.0, min(2.0, wander)))

    def _quote_all(self, at_ms: int) -> tuple[Quote, ...]:
        if not self._source.simulated:  # nothing of this vendor is recorded
            return ()
        priced = []
        for entry in self._entries(at_ms):
            price = self.price_usd(entry, at_ms)
            supply = entry.circulating
            priced.append((entry, price, price * supply if price and supply else None))
        priced.sort(key=lambda row: -(row[2] or 0.0))
        return tuple(
            Quote(entry, price, cap, position if cap else None)
            for position, (entry, price, cap) in enumerate(priced, 1)
        )

    def _entries(self, at_ms: int) -> list[Entry]:
        renamed = {base for base, *_ in RENAMED}
        entries = []
        for coin in self._source.universe(at_ms).coins:
            if coin.coingecko_id is None:
                continue
            name = OKX_NAMES.get(coin.base, coin.base)
            cap = _LARGEST_CAP_USD / coin.rank**_CAP_EXPONENT
            if coin.base in renamed:  # what is left of it after the swap to the new coin
                cap *= 0.2
            title = coin.coingecko_id.replace("-", " ").title()
            entries.append(Entry(coin.coingecko_id, name.lower(), title, coin.price_usd, cap, coin))
        for symbol, price, coin_id, title, rank in UNLISTED:
            cap = _LARGEST_CAP_USD / rank**_CAP_EXPONENT
            entries.append(Entry(coin_id, symbol.lower(), title, price, cap, pegged=True))
        for position, (symbol, coin_id) in enumerate(COLLISIONS):
            cap_or_none = None if position % 3 == 0 else 4e5 + 1e5 * position
            title = coin_id.replace("-", " ").title()
            entries.append(Entry(coin_id, symbol.lower(), title, 0.002, cap_or_none))
        entries += [_small_coin(number) for number in range(SMALL_COINS)]
        return entries


def iso(at_ms: int) -> str:
    moment = datetime.fromtimestamp(at_ms / 1000, tz=UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at_ms % 1000:03d}Z"


def _small_coin(number: int) -> Entry:
    left, name = number * 487 + 11, ""
    for _ in range(3):
        name += _SYLLABLES[left % len(_SYLLABLES)]
        left //= len(_SYLLABLES)
    unknown = number > SMALL_COINS - 60  # listed, but nobody trades it
    price = 10.0 ** (key_of(name, number) % 900 / 100.0 - 8.0)
    return Entry(
        id=f"{name}-{number}",
        symbol=name[:5],
        name=name.title(),
        usual_price_usd=None if unknown else float(f"{price:.4g}"),
        usual_cap_usd=None if unknown or number % 17 == 0 else 2.5e8 / (1.0 + number / 12.0),
    )
