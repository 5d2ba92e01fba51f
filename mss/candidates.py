"""Phase 1 from bulk lists: which coins are new and small, before any of them costs a call.

New are the coins whose perpetual a venue lists since then, and those that appeared in our copies of
CoinGecko's list; a category is one page of its largest coins. All rows of up to 250 coins are one
call. A coin whose age or valuation nobody tells is not called new or small.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.conf import settings

from market.clock import now, now_ms
from market.discovery import Discovery as MarketDiscovery
from market.discovery import Wanted, discover
from market.instruments import InstrumentRegistry
from market.providers.coingecko_payloads import CoinMarket
from market.selectors import newly_listed
from market.services import MarketUnavailable
from market.snapshot import Problem
from market.types import DAY_MS, Symbol
from market.universe import instrument_registry
from mss.coin_list import first_seen, lists_began_at, seen_since
from mss.coins import Coin, coin_of
from mss.engine.ages import AgeSigns
from mss.engine.evaluate import score_phase
from mss.engine.inputs import discovery_inputs
from mss.engine.types import CoinInputs, Figure, MssProfile, PhaseScore
from smartmoney.discovery import require_category
from smartmoney.exceptions import DiscoveryUnavailable

# As many coins as CoinGecko tells of in one call.
MOST_CANDIDATES = 250
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Filters:
    """Which coins are looked at; the reference's defaults."""

    max_valuation_usd: float = 50e6
    max_age_hours: float = 72.0
    min_volume_usd: float = 100e3
    category: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A coin with what the bulk list told and its score of phase 1."""

    coin: Coin
    inputs: CoinInputs
    phase: PhaseScore


@dataclass(slots=True)
class Discovery:
    """``coins`` pass the filters, best phase 1 first; ``left_out`` counts the others by reason."""

    looked_at: int
    coins: list[Candidate] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)


def find_candidates(filters: Filters, profile: MssProfile) -> Discovery:
    """Return the coins that pass the filters, each with its phase 1.

    Raises DiscoveryUnavailable, MarketUnavailable, BadChoice for an unknown category.
    """
    registry = instrument_registry()
    if filters.category:
        found = _of_category(filters.category)
        coins = [_coin_of_row(row, registry) for row in found.coins]
        problems = found.problems
        rows = {row.id: row for row in found.coins}
    else:
        coins = _new_coins(filters, registry)
        rows, problems = market_rows(coins)
    discovery = Discovery(len(coins), problems=problems)
    for candidate in candidates_of(coins, rows, profile):
        reason = _left_out(candidate.inputs, filters)
        if reason is None:
            discovery.coins.append(candidate)
        else:
            discovery.left_out[reason] += 1
    discovery.coins.sort(key=lambda each: (-each.phase.score, each.coin.symbol, each.coin.key))
    return discovery


def market_rows(coins: Sequence[Coin]) -> tuple[dict[str, CoinMarket], list[Problem]]:
    """Return CoinGecko's rows by id: one call for 250 coins. Raises DiscoveryUnavailable."""
    ids = [coin.coingecko_id for coin in coins if coin.coingecko_id is not None]
    if not ids:
        return {}, []
    try:
        found = discover(Wanted(ids=sorted(ids)))
    except MarketUnavailable as unavailable:
        raise DiscoveryUnavailable("valuations and supplies", unavailable) from None
    return {row.id: row for row in found.coins}, found.problems


def candidates_of(
    coins: Sequence[Coin],
    rows: Mapping[str, CoinMarket],
    profile: MssProfile,
    *,
    genesis: Mapping[str, date] | None = None,
) -> list[Candidate]:
    """Return coins with phase 1, in the order given."""
    at_ms = now_ms()
    ids = [coin.coingecko_id for coin in coins if coin.coingecko_id is not None]
    seen, began_at = first_seen(ids), lists_began_at()
    candidates = []
    for coin in coins:
        key = coin.coingecko_id or ""
        inputs = discovery_inputs(
            symbol=coin.symbol,
            name=coin.name,
            coingecko_id=coin.coingecko_id,
            has_futures=coin.has_futures,
            market=rows.get(key),
            signs=_signs(coin, seen.get(key), began_at, (genesis or {}).get(key)),
            at_ms=at_ms,
            environment=settings.ENVIRONMENT,
            notes=() if coin.note is None else (Problem("symbol", "own_lists", coin.note),),
        )
        candidates.append(Candidate(coin, inputs, score_phase(inputs, profile.phases[0])))
    return candidates


def _new_coins(filters: Filters, registry: InstrumentRegistry) -> list[Coin]:
    """Return the newest coins, those with futures first: each source newest first."""
    since = now() - timedelta(hours=filters.max_age_hours)
    listed = (registry.get(Symbol(row.base)) for row in newly_listed(since))
    coins = [coin_of(instrument) for instrument in listed if instrument is not None]
    for row in seen_since(since, MOST_CANDIDATES):
        instrument = registry.of_coingecko(row.coingecko_id)
        coins.append(
            Coin(row.symbol, row.name, row.coingecko_id, None)
            if instrument is None
            else coin_of(instrument, row.name)
        )
    return _each_once(coins)[:MOST_CANDIDATES]


def _each_once(coins: Iterable[Coin]) -> list[Coin]:
    once: dict[str, Coin] = {}
    for coin in coins:
        once.setdefault(coin.key, coin)
    return list(once.values())


def _of_category(category: str) -> MarketDiscovery:
    try:
        found = discover(Wanted(pages=(1,), category=category, categories=True))
    except MarketUnavailable as unavailable:
        raise DiscoveryUnavailable("valuations and supplies", unavailable) from None
    require_category(found, category)
    return found


def _coin_of_row(row: CoinMarket, registry: InstrumentRegistry) -> Coin:
    instrument = registry.of_coingecko(row.id)
    if instrument is None:
        return Coin(row.symbol, row.name, row.id, None)
    return coin_of(instrument, row.name)


def _left_out(inputs: CoinInputs, filters: Filters) -> str | None:
    valuation, age = inputs.value(Figure.VALUATION), inputs.value(Figure.AGE)
    volume = inputs.shown.get("volume_24h_usd")
    if valuation is None:
        return "valuation_unknown"
    if valuation > filters.max_valuation_usd:
        return "valuation_above_max"
    if age is None:
        return "age_unknown"
    if age > filters.max_age_hours:
        return "age_above_max"
    if not isinstance(volume, float):
        return "volume_unknown"
    return "volume_below_min" if volume < filters.min_volume_usd else None


def _signs(
    coin: Coin, seen_at: datetime | None, began_at: datetime | None, genesis: date | None
) -> AgeSigns:
    binance = None if coin.instrument is None else coin.instrument.binance
    okx = None if coin.instrument is None else coin.instrument.okx
    return AgeSigns(
        genesis_at_ms=None if genesis is None else (genesis - _EPOCH).days * DAY_MS,
        binance_listed_at_ms=None if binance is None else binance.listed_at_ms,
        okx_listed_at_ms=None if okx is None else okx.listed_at_ms,
        first_seen_at_ms=None if seen_at is None else round(seen_at.timestamp() * 1000),
        stood_at_first_reading=seen_at is not None and seen_at == began_at,
    )
