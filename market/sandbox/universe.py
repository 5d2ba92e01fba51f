"""Which contracts and coins exist at an instant, and how each venue writes them.

The list is a function of the instant alone: coins appear at their listing time, stay for a while
after they were settled, and every week a new coin is listed, so a running sandbox always has a
newcomer and a leaver. Between ``coins`` (names) and ``source`` (what is asked of a market).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from market.sandbox.coins import (
    COINS,
    FUNDING_INTERVAL_H,
    MULTIPLIER_PREFIXES,
    NOT_ON_OKX,
    OKX_NAMES,
    OKX_ONLY,
    RENAMED,
)
from market.sandbox.noise import key_of
from market.types import DAY_MS, HOUR_MS

WEEK_MS = 7 * DAY_MS

# Perpetuals have no delivery; Binance writes this date for "never".
NEVER_MS = 4_133_404_800_000

# Listings of the standing coins lie between these instants.
_FIRST_LISTING_MS = 1_567_965_300_000  # 2019-09-08
_LISTINGS_SPAN_MS = 1_500 * DAY_MS

# A weekly newcomer trades this long, then is shown as settled, then is gone.
NEWCOMER_TRADES_MS = 8 * WEEK_MS
_NEWCOMER_SHOWN_MS = 9 * WEEK_MS
_SYLLABLES = ("ZO", "KA", "MI", "RU", "LE", "VA", "TO", "NI", "PE", "SU", "DA", "GO", "XI", "BU")

OKX_SHARE = 0.25  # of a coin's trading on Binance


@dataclass(frozen=True, slots=True)
class Coin:
    """A coin with a simulated price. ``unit`` coins are priced together on its main venue."""

    base: str
    price_usd: float  # the level its price wanders around, per coin
    rank: int  # 1 = largest
    coingecko_id: str | None
    listed_ms: int
    settled_ms: int | None = None
    unit: int = 1

    @property
    def turnover_usd(self) -> float:
        """USD traded in a usual day on the main venue."""
        return 1.5e10 / math.pow(self.rank, 1.1)

    @property
    def price_decimals(self) -> int:
        return _decimals(self.price_usd * self.unit, most=10)

    @property
    def quantity_decimals(self) -> int:
        """Decimals of a quantity: one step is worth a few USD."""
        return min(3, max(0, math.ceil(math.log10(self.price_usd * self.unit / 5.0))))

    @property
    def contract_coins(self) -> float:
        """Coins in one OKX contract: a power of ten worth about 10 USD, 1000 for dear coins."""
        target_usd = 1000.0 if self.price_usd > 1000.0 else 10.0
        return float(10.0 ** round(math.log10(target_usd / self.price_usd)))


@dataclass(frozen=True, slots=True)
class Contract:
    """One row of a venue's list."""

    symbol: str
    coin: Coin
    base_asset: str
    quote_asset: str
    unit: int  # coins per priced unit
    price_decimals: int
    quantity_decimals: int
    listed_ms: int
    settled_ms: int | None = None
    delivery_ms: int = NEVER_MS
    contract_type: str = "PERPETUAL"  # Binance's word
    underlying: str = "COIN"  # Binance's word
    subtypes: tuple[str, ...] = ()
    price_factor: float = 1.0  # price ÷ the coin's own price
    share: float = 1.0  # volume and open interest ÷ those of the coin's main contract
    funding_interval_h: int | None = 8  # None: no funding (delivers instead)
    contract_value: float = 1.0  # OKX ctVal: coins, or USD when inverse
    inverse: bool = False
    state: str = "live"  # OKX's word
    rule_type: str = "normal"  # OKX's word
    category: str = "1"  # OKX's instCategory

    @property
    def family(self) -> str:
        return f"{self.base_asset}-{self.quote_asset}"

    def trading(self, now_ms: int) -> bool:
        return self.settled_ms is None or now_ms < self.settled_ms


@dataclass(frozen=True, slots=True)
class Universe:
    """Everything listed at an instant. Keys are upper case."""

    binance: dict[str, Contract]
    okx: dict[str, Contract]
    coins: tuple[Coin, ...]  # with a price somewhere, largest first


def universe_at(seed: int, now_ms: int) -> Universe:
    """Return what the simulated venues list at an instant."""
    standing = [coin for coin in _standing_coins(seed) if coin.listed_ms <= now_ms]
    newcomers = list(_newcomers(seed, now_ms))
    binance = [binance_perpetual(coin) for coin in standing + newcomers]
    binance += _binance_others({coin.base: coin for coin in standing}, now_ms)
    okx = [
        okx_swap(coin) for coin in standing if coin.base not in NOT_ON_OKX and not coin.settled_ms
    ]
    okx_only = [
        _coin(base, price, 40 + 60 * i, gecko, seed)
        for i, (base, price, gecko) in enumerate(OKX_ONLY)
    ]
    okx += [okx_swap(coin) for coin in okx_only]
    okx += _okx_others({coin.base: coin for coin in standing})
    return Universe(
        binance={contract.symbol: contract for contract in binance},
        okx={contract.symbol: contract for contract in okx if contract.listed_ms <= now_ms},
        coins=tuple(sorted([*standing, *newcomers, *okx_only], key=lambda coin: coin.rank)),
    )


def binance_perpetual(coin: Coin) -> Contract:
    prefix, unit = MULTIPLIER_PREFIXES.get(coin.base, ("", 1))
    return Contract(
        symbol=f"{prefix}{coin.base}USDT",
        coin=coin,
        base_asset=f"{prefix}{coin.base}",
        quote_asset="USDT",
        unit=unit,
        price_decimals=coin.price_decimals,
        quantity_decimals=coin.quantity_decimals,
        listed_ms=coin.listed_ms,
        settled_ms=coin.settled_ms,
        delivery_ms=coin.settled_ms or NEVER_MS,
        subtypes=("PoW", "Crypto") if coin.base in {"BTC", "LTC", "BCH", "ZEC"} else ("Layer-1",),
        funding_interval_h=FUNDING_INTERVAL_H.get(coin.base, 8),
    )


def okx_swap(coin: Coin) -> Contract:
    name = OKX_NAMES.get(coin.base, coin.base)
    # A standing difference of at most 1.5 basis points to the other venue.
    basis = (key_of(coin.base, "basis") % 301 - 150) / 100.0
    return Contract(
        symbol=f"{name}-USDT-SWAP",
        coin=coin,
        base_asset=name,
        quote_asset="USDT",
        unit=1,
        price_decimals=_decimals(coin.price_usd, most=14),
        quantity_decimals=8,
        listed_ms=coin.listed_ms + 30 * DAY_MS,
        price_factor=1.0 + basis / 10_000.0,
        share=OKX_SHARE,
        funding_interval_h=FUNDING_INTERVAL_H.get(coin.base, 8),
        contract_value=coin.contract_coins,
    )


def quarter_ends(now_ms: int) -> tuple[int, int]:
    """Return the delivery times of the current and the next quarterly contract."""
    now = datetime.fromtimestamp(now_ms / 1000, tz=UTC)
    ends = []
    for quarter in range(now.year * 4, now.year * 4 + 7):
        year, month = quarter // 4, quarter % 4 * 3 + 3
        following = datetime(year + month // 12, month % 12 + 1, 1, 8, tzinfo=UTC)
        last_day = following - timedelta(days=1)
        friday = last_day - timedelta(days=(last_day.weekday() - 4) % 7)
        ends.append(int(friday.timestamp() * 1000))
    upcoming = [end for end in ends if end > now_ms]
    return upcoming[0], upcoming[1]


def _standing_coins(seed: int) -> Iterable[Coin]:
    rows = [row.split() for row in COINS.split("|") if row]
    for position, (base, price, *gecko) in enumerate(rows):
        coin_id = gecko[0] if gecko else base.lower()
        yield _coin(base, float(price), position + 1, coin_id, seed)
    for position, (base, level, gecko_id, settled) in enumerate(RENAMED):
        coin = _coin(base, level, 420 + position, gecko_id, seed)
        settled_ms = int(datetime.fromisoformat(settled).timestamp() * 1000)
        yield replace(coin, settled_ms=settled_ms)


def _coin(base: str, price_usd: float, rank: int, gecko_id: str | None, seed: int) -> Coin:
    waited = 0 if rank <= 10 else key_of(seed, base, "listing") % _LISTINGS_SPAN_MS
    return Coin(
        base=base,
        price_usd=price_usd,
        rank=rank,
        coingecko_id=gecko_id,
        listed_ms=_FIRST_LISTING_MS + waited - waited % HOUR_MS,
        unit=MULTIPLIER_PREFIXES.get(base, ("", 1))[1],
    )


def _newcomers(seed: int, now_ms: int) -> Iterable[Coin]:
    newest = now_ms // WEEK_MS
    for week in range(newest - _NEWCOMER_SHOWN_MS // WEEK_MS, newest + 1):
        listed_ms = week * WEEK_MS + key_of(seed, week, "listed") % 48 * HOUR_MS
        if not listed_ms <= now_ms < listed_ms + _NEWCOMER_SHOWN_MS:
            continue
        # Stepping by a number prime to 14³ gives a new name every week for half a century.
        number, name = week * 1009, ""
        for _ in range(3):
            name += _SYLLABLES[number % len(_SYLLABLES)]
            number //= len(_SYLLABLES)
        level = 10.0 ** (key_of(seed, week, "level") % 300 / 100.0 - 2.0)
        settled_ms = listed_ms + NEWCOMER_TRADES_MS
        yield Coin(
            base=name,
            price_usd=float(f"{level:.3g}"),
            rank=300 + week % 50,
            coingecko_id=name.lower(),
            listed_ms=listed_ms,
            settled_ms=settled_ms if settled_ms <= now_ms else None,
        )


def _binance_others(coins: dict[str, Coin], now_ms: int) -> Iterable[Contract]:
    """Yield what is not a crypto perpetual in USDT and must be told apart from one."""
    for base in ("BTC", "ETH"):
        perpetual = binance_perpetual(coins[base])
        kinds = ("CURRENT_QUARTER", "NEXT_QUARTER")
        for order, (kind, end_ms) in enumerate(zip(kinds, quarter_ends(now_ms), strict=True)):
            end = datetime.fromtimestamp(end_ms / 1000, tz=UTC)
            yield replace(
                perpetual,
                symbol=f"{perpetual.symbol}_{end:%y%m%d}",
                contract_type=kind,
                delivery_ms=end_ms,
                listed_ms=end_ms - 190 * DAY_MS,
                price_factor=1.008 + 0.012 * order,
                share=0.01,
                funding_interval_h=None,
            )
    for base in ("BTC", "ETH", "SOL"):
        perpetual = binance_perpetual(coins[base])
        yield replace(perpetual, symbol=f"{base}USDC", quote_asset="USDC", share=0.08)
    yield _special("BTCDOM", 4200.0, underlying="INDEX")
    yield _special("XAU", 3350.0, underlying="COMMODITY", contract_type="TRADIFI_PERPETUAL")
    yield _special("TSLA", 310.0, underlying="EQUITY", contract_type="TRADIFI_PERPETUAL")
    yield _special("币安人生", 0.13)
    pending_ms = (now_ms // WEEK_MS + 2) * WEEK_MS
    yield replace(_special("BTCS", 7.0), contract_type="", listed_ms=pending_ms)


def _okx_others(coins: dict[str, Coin]) -> Iterable[Contract]:
    for base, value in (("BTC", 100.0), ("ETH", 10.0)):
        swap = okx_swap(coins[base])
        yield replace(
            swap,
            symbol=f"{base}-USD-SWAP",
            quote_asset="USD",
            share=0.03,
            contract_value=value,
            inverse=True,
        )
    tesla = okx_swap(_special("TSLA", 310.0).coin)
    yield replace(tesla, category="3")
    yield replace(okx_swap(_special("PREM", 1.9).coin), rule_type="pre_market")
    yield replace(okx_swap(_special("HALT", 0.4).coin), state="suspend")


def _special(
    base: str, price_usd: float, *, underlying: str = "COIN", contract_type: str = "PERPETUAL"
) -> Contract:
    coin = Coin(base, price_usd, 200, None, _FIRST_LISTING_MS)
    subtypes = ("TradFi",) if contract_type == "TRADIFI_PERPETUAL" else ()
    return replace(
        binance_perpetual(coin),
        underlying=underlying,
        contract_type=contract_type,
        subtypes=subtypes,
    )


def _decimals(price: float, *, most: int) -> int:
    """Return decimals for five or six significant digits."""
    return min(most, max(1, 5 - math.floor(math.log10(price)) - (1 if price < 10_000 else 0)))
