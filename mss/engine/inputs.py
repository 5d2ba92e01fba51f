"""Bulk list row, age and market snapshot → what MSS reads of a coin. Pure; to JSON and back."""

from __future__ import annotations

import hashlib
import math
import zlib
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import orjson

from market.figures import figures_of
from market.providers.coingecko_payloads import CoinMarket
from market.snapshot import MarketSnapshot, Problem, Reading, ReadingName
from market.types import DAY_MS, Venue
from market.windows import change_tolerance_ms, last_known_index
from mss.engine.ages import AgeSigns, age_of
from mss.engine.types import CoinInputs, Figure

_DIGITS = 12
CAP_INSTEAD = "the market cap: the fully diluted valuation is unknown"
LAST_HOUR = "of the last closed hour's volume"
NO_FUTURES = "no perpetual of this coin is listed on Binance or OKX"
_FUTURES_FIGURES = (
    Figure.BUY_PRESSURE, Figure.OPEN_INTEREST_CHANGE, Figure.TOP_TRADER_RATIO, Figure.FUNDING,
)  # fmt: skip


def discovery_inputs(
    *,
    symbol: str,
    name: str | None,
    coingecko_id: str | None,
    has_futures: bool,
    market: CoinMarket | None,
    signs: AgeSigns,
    at_ms: int,
    environment: str,
    notes: tuple[Problem, ...] = (),
) -> CoinInputs:
    """Return what a bulk list and listing times tell: all of phase 1."""
    figures: dict[Figure, Reading] = {}
    problems = list(notes)
    shown: dict[str, object] = {}
    if market is None:
        detail = "CoinGecko did not tell of this coin"
        problems += [
            Problem(each.value, Venue.COINGECKO.value, detail)
            for each in (Figure.VALUATION, Figure.CIRCULATING)
        ]
    else:
        valuation = _valuation(market, at_ms)
        circulating = _circulating(market, at_ms)
        for figure, reading in (
            (Figure.VALUATION, valuation),
            (Figure.CIRCULATING, circulating),
        ):
            if reading is None:
                detail = "CoinGecko does not tell enough of its supply"
                problems.append(Problem(figure.value, Venue.COINGECKO.value, detail))
            else:
                figures[figure] = reading
        shown = {
            "price_usd": market.price_usd,
            "price_source": Venue.COINGECKO.value,
            "fdv_usd": market.fully_diluted_valuation_usd,
            "market_cap_usd": market.market_cap_usd,
            "volume_24h_usd": market.volume_24h_usd,
            "price_change_24h_pct": market.price_change_24h_pct,
        }
    age = age_of(signs, at_ms)
    if isinstance(age, Problem):
        problems.append(age)
    else:
        figures[Figure.AGE] = age
    return CoinInputs(
        symbol=symbol,
        name=name if market is None else market.name,
        coingecko_id=coingecko_id,
        at_ms=at_ms,
        environment=environment,
        has_futures=has_futures,
        figures=figures,
        shown=shown,
        problems=tuple(problems),
    )


def with_snapshot(inputs: CoinInputs, snapshot: MarketSnapshot) -> CoinInputs:
    """Add what phases 2 and 3 read; the instant is the snapshot's, which came last."""
    figures = {**inputs.figures, **_social(snapshot)}
    # Of a coin without futures one sentence says it all, instead of each venue's silence.
    without_futures = frozenset() if inputs.has_futures else frozenset(_FUTURES_FIGURES)
    told = [each for each in _told(snapshot) if each.reading not in without_futures]
    problems = [*inputs.problems, *told]
    for figure in (Figure.ALT_RANK, Figure.GALAXY_SCORE):
        if figure not in figures:
            detail = "told by LunarCrush alone, which has not answered for this coin"
            problems.append(Problem(figure.value, Venue.LUNARCRUSH.value, detail))
    if inputs.has_futures:
        figures |= _positions(snapshot)
    else:
        problems += [Problem(each.value, "", NO_FUTURES) for each in _FUTURES_FIGURES]
    return replace(
        inputs,
        at_ms=snapshot.at_ms,
        figures=figures,
        shown={**inputs.shown, **_shown(snapshot)},
        problems=tuple(problems),
    )


def _valuation(market: CoinMarket, at_ms: int) -> Reading | None:
    observed_at_ms = market.observed_at_ms or at_ms
    source = Venue.COINGECKO.value
    diluted = market.fully_diluted_valuation_usd
    if diluted is not None and diluted > 0:
        return Reading(diluted, "USD", source, observed_at_ms, at_ms)
    cap = market.market_cap_usd
    if cap is None or cap <= 0:
        return None
    return Reading(cap, "USD", source, observed_at_ms, at_ms, fallback=True, note=CAP_INSTEAD)


def _circulating(market: CoinMarket, at_ms: int) -> Reading | None:
    circulating, total = market.circulating_supply, market.total_supply
    # CoinGecko writes 0 for a circulating supply that it does not know.
    if not circulating or not total:
        return None
    share_pct = min(100.0, 100.0 * circulating / total)
    observed_at_ms = market.observed_at_ms or at_ms
    return Reading(share_pct, "% of total supply", Venue.COINGECKO.value, observed_at_ms, at_ms)


def _social(snapshot: MarketSnapshot) -> dict[Figure, Reading]:
    found: dict[Figure, Reading] = {}
    social = snapshot.shown.get("social") or {}
    for figure, name, unit in (
        (Figure.ALT_RANK, "alt_rank", "rank"),
        (Figure.GALAXY_SCORE, "galaxy_score", "0-100"),
    ):
        value = social.get(name)
        if value is not None and math.isfinite(value) and value >= 0:
            found[figure] = Reading(
                value, unit, Venue.LUNARCRUSH.value, social["observed_at_ms"], snapshot.at_ms
            )
    sentiment = snapshot.readings.get(ReadingName.SOCIAL_SENTIMENT)
    if sentiment is not None:
        found[Figure.SENTIMENT] = sentiment
    return found


def _positions(snapshot: MarketSnapshot) -> dict[Figure, Reading]:
    found: dict[Figure, Reading] = {}
    buying = snapshot.readings.get(ReadingName.TAKER_BUY)
    if buying is not None:
        found[Figure.BUY_PRESSURE] = replace(buying, note=LAST_HOUR)
    funding = snapshot.readings.get(ReadingName.FUNDING)
    if funding is not None:
        found[Figure.FUNDING] = funding
    top = snapshot.readings.get(ReadingName.TOP_TRADERS)
    if top is not None and 0.0 <= top.value < 100.0:
        ratio = top.value / (100.0 - top.value)
        found[Figure.TOP_TRADER_RATIO] = replace(top, value=ratio, unit="longs ÷ shorts")
    change = _open_interest_change(snapshot)
    if change is not None:
        found[Figure.OPEN_INTEREST_CHANGE] = change
    return found


def _open_interest_change(snapshot: MarketSnapshot) -> Reading | None:
    """Return the change in percent between the newest open interest and that of 24 h before."""
    reading = snapshot.readings.get(ReadingName.OPEN_INTEREST)
    series = snapshot.history.series.get(ReadingName.OPEN_INTEREST)
    if reading is None or series is None or not len(series):
        return None
    instants = np.array((snapshot.at_ms, snapshot.at_ms - DAY_MS), dtype=np.int64)
    now, before = last_known_index(series.ts_ms, instants).tolist()
    if before < 0 or now <= before:
        return None
    if int(instants[0]) - int(series.ts_ms[now]) > series.max_age_ms:
        return None
    if int(instants[1]) - int(series.ts_ms[before]) > change_tolerance_ms(series.max_age_ms):
        return None
    first, last = float(series.values[before]), float(series.values[now])
    if not (math.isfinite(first) and math.isfinite(last) and first > 0.0):
        return None
    return replace(reading, value=100.0 * (last / first - 1.0), unit="% in 24 h")


def _told(snapshot: MarketSnapshot) -> list[Problem]:
    """Return the snapshot's problems with what is read here, under the figures' names."""
    names = {
        ReadingName.SOCIAL_SENTIMENT.value: Figure.SENTIMENT,
        ReadingName.TAKER_BUY.value: Figure.BUY_PRESSURE,
        ReadingName.OPEN_INTEREST.value: Figure.OPEN_INTEREST_CHANGE,
        ReadingName.TOP_TRADERS.value: Figure.TOP_TRADER_RATIO,
        ReadingName.FUNDING.value: Figure.FUNDING,
    }
    return [
        Problem(names[problem.reading].value, problem.source, problem.detail)
        for problem in snapshot.problems
        if problem.reading in names
    ]


def _shown(snapshot: MarketSnapshot) -> dict[str, object]:
    shown: dict[str, object] = {}
    price = snapshot.readings.get(ReadingName.PRICE)
    if price is not None:
        shown |= {"price_usd": price.value, "price_source": price.source}
    figures = figures_of(snapshot)
    if figures["volume_24h_usd"] is not None:
        shown["futures_volume_24h_usd"] = figures["volume_24h_usd"]
    open_interest = snapshot.readings.get(ReadingName.OPEN_INTEREST)
    if open_interest is not None:
        shown["open_interest_usd"] = open_interest.value
    social = snapshot.shown.get("social") or {}
    momentum = snapshot.readings.get(ReadingName.SOCIAL_MOMENTUM)
    if momentum is not None:
        shown["social_momentum"] = momentum.value
    if social.get("interactions_change_pct") is not None:
        shown["social_volume_change_24h_pct"] = social["interactions_change_pct"]
    trending = snapshot.readings.get(ReadingName.SOCIAL_TRENDING)
    if trending is not None:
        shown["trending_rank"] = trending.value
    return {
        name: float(f"{value:.{_DIGITS}g}") if isinstance(value, float) else value
        for name, value in shown.items()
    }


# --- As bytes -------------------------------------------------------------------------------------


def inputs_document(inputs: CoinInputs) -> dict[str, Any]:
    """Return inputs as plain JSON."""
    return {
        "symbol": inputs.symbol,
        "name": inputs.name,
        "coingecko_id": inputs.coingecko_id,
        "at_ms": inputs.at_ms,
        "environment": inputs.environment,
        "has_futures": inputs.has_futures,
        "figures": {figure.value: asdict(each) for figure, each in inputs.figures.items()},
        "shown": dict(inputs.shown),
        "problems": [asdict(problem) for problem in inputs.problems],
    }


def inputs_of_document(document: Mapping[str, Any]) -> CoinInputs:
    """Rebuild inputs, value for value."""
    return CoinInputs(
        symbol=document["symbol"],
        name=document["name"],
        coingecko_id=document["coingecko_id"],
        at_ms=document["at_ms"],
        environment=document["environment"],
        has_futures=document["has_futures"],
        figures={Figure(name): Reading(**raw) for name, raw in document["figures"].items()},
        shown=document["shown"],
        problems=tuple(Problem(**raw) for raw in document["problems"]),
    )


def dump_inputs(inputs: CoinInputs) -> bytes:
    """Return the canonical JSON: compact, sorted keys."""
    return orjson.dumps(inputs_document(inputs), option=orjson.OPT_SORT_KEYS)


def compress_inputs(inputs: CoinInputs) -> bytes:
    return zlib.compress(dump_inputs(inputs), level=6)


def decompress_inputs(blob: bytes) -> CoinInputs:
    return inputs_of_document(orjson.loads(zlib.decompress(blob)))


def input_hash(inputs: CoinInputs) -> str:
    """Return the SHA-256 of the canonical bytes, in hex: names exactly what was scored."""
    return hashlib.sha256(dump_inputs(inputs)).hexdigest()
