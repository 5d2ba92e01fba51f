"""What people ask the bot about a coin: its signal, the reasons, the market. Stores nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from html import escape
from typing import Any

import orjson

from market.clock import datetime_at
from market.instruments import UnknownSymbol
from market.services import MarketReport, MarketUnavailable, report_market, resolve_symbol
from market.snapshot import Reading, ReadingName
from market.types import Instrument, Interval, public_name
from notifications import commands, figures
from notifications.arguments import coin_names
from notifications.bot_commands import coins_unavailable, unknown_coin
from notifications.commands import Ask, ButtonAction, Command, Refusal, Reply, UnknownCoin
from notifications.renderers import Button
from signals.alerts import FACTOR_NAMES, LIGHTS, SIMULATED
from signals.engine.explain import told_side
from signals.engine.types import Direction, Factor
from signals.exceptions import TooManyColdRequests
from signals.freshest import freshest_evaluation
from signals.profiles import active_profile

_LIGHTS = {**LIGHTS, Direction.NEUTRAL: "⚪️"}
_DAY_BARS = 24
_MARKET_LINES: tuple[tuple[ReadingName, str], ...] = (
    (ReadingName.FUNDING, "💸 Funding per 8 h"),
    (ReadingName.OPEN_INTEREST, "📦 Open interest"),
    (ReadingName.LONG_ACCOUNTS, "👥 Accounts long"),
    (ReadingName.TOP_TRADERS, "🐋 Top traders long"),
    (ReadingName.TAKER_BUY, "🛒 Bought by takers"),
    (ReadingName.LIQUIDATIONS, "🔥 Liquidated in 24 h"),
    (ReadingName.SOCIAL_SENTIMENT, "💬 Social sentiment"),
    (ReadingName.FEAR_GREED, "😱 Fear and greed"),
)


def register_commands() -> None:
    """Fill the bot's registry. Called once at start-up."""
    for command in (
        Command("signal", "LONG, SHORT or NEUTRAL, now", "/signal BTC", _signal, True),
        Command("why", "All eight factors of a signal", "/why BTC", _why, True),
        Command("market", "What the market says of a coin", "/market BTC", _market, True),
    ):
        commands.register_command(command)
    commands.register_button(ButtonAction("sig", _signal, True))
    commands.register_button(ButtonAction("why", _why, True))
    commands.register_button(ButtonAction("market", _market, True))
    commands.register_button(ButtonAction("fresh", _refresh, True))
    commands.register_coin_resolver(_canonical)


def _canonical(name: str) -> str:
    try:
        return resolve_symbol(name).symbol.base
    except UnknownSymbol as e:
        raise UnknownCoin(e.text, e.suggestions) from None
    except MarketUnavailable:
        raise commands.CoinsUnavailable from None


def _signal(ask: Ask) -> Reply:
    instrument = _instrument(ask, "/signal BTC")
    document = _evaluated(instrument)
    symbol = str(document["symbol"])
    lines = [
        _headline(document),
        _price_line(document["price"]),
        *_score_lines(document),
        "",
        *_reasons(document),
        "",
        _coverage_line(document),
        f"🕒 {_time(document, ask)}",
        "<i>A reading of the market, not advice.</i>",
    ]
    buttons = [
        [Button("❓ Why", f"why:{symbol}"), Button("📈 Market", f"market:{symbol}")],
        [Button("⭐ Watch", f"watch:{symbol}"), Button("🔁 Refresh", f"fresh:{symbol}")],
    ]
    return Reply("\n".join(lines), buttons)


def _refresh(ask: Ask) -> Reply:
    reply = _signal(ask)
    return Reply(reply.text, reply.buttons, reply.notice, replaces=True)


def _why(ask: Ask) -> Reply:
    instrument = _instrument(ask, "/why BTC")
    document = _evaluated(instrument)
    known = {name: told for name, told in document["factors"].items() if told["score"] is not None}
    ordered = sorted(known.values(), key=lambda told: -abs(told["contribution"]))
    missing = [told for told in document["factors"].values() if told["score"] is None]
    symbol = str(document["symbol"])
    lines = [
        _headline(document),
        *_score_lines(document),
        "The score is 50 and what each factor adds:",
        "",
        *(_factor_line(told) for told in ordered),
        *(f"▫️ {escape(told['reason'], quote=False)}" for told in missing),
        "",
        _coverage_line(document),
        f"🕒 {_time(document, ask)}",
    ]
    buttons = [[Button("📊 Signal", f"sig:{symbol}"), Button("📈 Market", f"market:{symbol}")]]
    return Reply("\n".join(lines), buttons)


def _market(ask: Ask) -> Reply:
    instrument = _instrument(ask, "/market BTC")
    try:
        report = report_market(instrument, Interval.H1, _DAY_BARS)
    except MarketUnavailable:
        raise coins_unavailable() from None
    snapshot = report.snapshot
    price = snapshot.readings.get(ReadingName.PRICE)
    symbol = snapshot.symbol.base
    simulated = "" if snapshot.environment == "live" else f" {SIMULATED}"
    lines = [
        f"📈 <b>{escape(symbol)}</b>{simulated}",
        _price_line(None if price is None else price.value),
        *_day_lines(report),
        *_reading_lines(snapshot.readings),
        f"🕒 {figures.local_time(datetime_at(snapshot.at_ms), ask.viewer.timezone)}",
    ]
    buttons = [[Button("📊 Signal", f"sig:{symbol}"), Button("⭐ Watch", f"watch:{symbol}")]]
    return Reply("\n".join(lines), buttons)


def _instrument(ask: Ask, example: str) -> Instrument:
    names = coin_names(ask.argument)
    if not names:
        raise Refusal(f"Which coin? Write {example}.")
    try:
        return resolve_symbol(names[0])
    except UnknownSymbol as e:
        raise unknown_coin(UnknownCoin(e.text, e.suggestions)) from None
    except MarketUnavailable:
        raise coins_unavailable() from None


def _evaluated(instrument: Instrument) -> dict[str, Any]:
    """Return the coin's answer of ``GET /signals/{symbol}``; raises Refusal."""
    try:
        answer = freshest_evaluation(instrument.symbol.base, active_profile())
    except (MarketUnavailable, TooManyColdRequests):
        raise coins_unavailable() from None
    document: dict[str, Any] = orjson.loads(answer.body)
    return document


def _headline(document: Mapping[str, Any]) -> str:
    simulated = "" if document["environment"] == "live" else f" {SIMULATED}"
    direction, symbol = document["signal"], escape(document["symbol"])
    return f"{_LIGHTS[Direction(direction)]} <b>{direction} {symbol}</b>{simulated}"


def _price_line(price: float | None) -> str:
    return "💵 Price unknown" if price is None else f"💵 <b>{figures.price(price)}</b> USD"


def _score_lines(document: Mapping[str, Any]) -> list[str]:
    score = document["score"]
    if score is None:
        return ["📊 No score: no factor is known"]
    lines = [f"📊 Score <b>{figures.points(score)}</b> of 100"]
    if document["signal"] != "NEUTRAL":
        lines.append(f"🎚 Confidence {document['confidence']}, {document['calibration']}")
    elif document["neutralReason"] == "insufficient_data":
        lines += [f"⚠️ {escape(lacking, quote=False)}" for lacking in document["insufficient"]]
    else:
        lines.append("⚖️ Between LONG and SHORT")
    return lines


def _reasons(document: Mapping[str, Any]) -> list[str]:
    """Return the three reasons of the answer, each with its points in front."""
    told_by_reason = {told["reason"]: told for told in document["factors"].values()}
    lines = [_factor_line(told_by_reason[reason]) for reason in document["reasons"]]
    return lines or ["No factor speaks for a side."]


def _factor_line(told: Mapping[str, Any]) -> str:
    points = told["contribution"]
    fact = told["reason"].removesuffix(told_side(points))
    side = "▲ LONG" if points > 0 else "▼ SHORT" if points < 0 else "▪️ Neutral"
    return (
        f"{side} <b>{figures.signed_points(points)}</b> "
        f"{escape(fact[:1].upper() + fact[1:], quote=False)}"
    )


def _coverage_line(document: Mapping[str, Any]) -> str:
    line = f"🧩 {figures.percent(document['coveragePct'])} of the weight is known"
    if document["missing"]:
        missing = ", ".join(FACTOR_NAMES[Factor(name)] for name in document["missing"])
        line += f"; missing: {missing}"
    return line


def _time(document: Mapping[str, Any], ask: Ask) -> str:
    return figures.local_time(datetime.fromisoformat(document["timestamp"]), ask.viewer.timezone)


def _day_lines(report: MarketReport) -> list[str]:
    """Return the last 24 closed hours; nothing when not all are known."""
    candles = report.candles
    if len(candles) < _DAY_BARS:
        return []
    change_pct = 100.0 * (float(candles.close[-1]) / float(candles.open[0]) - 1.0)
    low, high = float(candles.low.min()), float(candles.high.max())
    return [
        f"🗓 24 h: {figures.signed_percent(change_pct)}, "
        f"from {figures.price(low)} to {figures.price(high)}"
    ]


def _reading_lines(readings: Mapping[ReadingName, Reading]) -> list[str]:
    lines = []
    for name, label in _MARKET_LINES:
        reading = readings.get(name)
        if reading is None:
            lines.append(f"{label}: unknown")
            continue
        source = escape(public_name(reading.source), quote=False)
        note = f"; {escape(reading.note, quote=False)}" if reading.note else ""
        lines.append(f"{label}: <b>{_figure(name, reading)}</b> ({source}{note})")
    return lines


def _figure(name: ReadingName, reading: Reading) -> str:
    if name in (ReadingName.OPEN_INTEREST, ReadingName.LIQUIDATIONS):
        return figures.usd(reading.value)
    if name is ReadingName.FEAR_GREED:
        return f"{reading.value:g} of 100"
    if name is ReadingName.FUNDING:
        return figures.signed_percent(reading.value)
    return figures.percent(reading.value)
