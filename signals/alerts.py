"""How a signal's alert reads: message, digest line, chart and buttons, from the event's facts.

Words are Telegram's HTML and made anew for each reader, on the clock of his place. The picture is
drawn from the snapshot that the signal was computed from. Nothing here is a target or a
probability: what the engine does not say, an alert does not say.
"""

from __future__ import annotations

from decimal import Decimal
from html import escape
from typing import Any

from market.clock import datetime_at
from market.snapshot import MarketSnapshot, ReadingName, decompress_snapshot
from market.types import Candles, Interval, public_name
from notifications import figures
from notifications.chart import LEAST_BARS, draw_chart
from notifications.chart_shapes import Bars, Entry, Heading
from notifications.renderers import Button, Facts, Viewer
from signals.alert_structure import chart_structure
from signals.calibration import band_calibration
from signals.engine.types import Direction, Factor
from signals.selectors import inputs_of

# Telegram's limit of what a button sends back.
_MAX_DATA_BYTES = 64
# Three days of hours: what a phone shows legibly, and the horizon of most factors.
_SHOWN_BARS = 72
_SHOWN_INTERVALS = (Interval.H1, Interval.M15, Interval.H4, Interval.D1)

LIGHTS = {Direction.LONG: "🟢", Direction.SHORT: "🔴"}
_ARROWS = {Direction.LONG: "▲", Direction.SHORT: "▼"}
SIMULATED = "🧪 SIMULATED"
FACTOR_NAMES = {
    Factor.LIQUIDATIONS: "liquidations",
    Factor.FUNDING_RATE: "funding rate",
    Factor.PRICE_MOMENTUM: "price momentum",
    Factor.LONG_SHORT_RATIO: "long/short ratio",
    Factor.SMART_MONEY: "smart money",
    Factor.OI_TREND: "open interest",
    Factor.SOCIAL_SENTIMENT: "social sentiment",
    Factor.FEAR_GREED: "fear and greed",
}


class SignalAlerts:
    """The renderer of alerts of kind ``signal``; their facts are those of ``alert_facts``."""

    def message(self, facts: Facts, viewer: Viewer) -> str:
        """Return the message: short enough for a picture's caption unless reasons are very long."""
        direction = Direction(facts["direction"])
        simulated = f" {SIMULATED}" if facts["is_simulated"] else ""
        lines = [
            f"{LIGHTS[direction]} <b>{direction} {escape(facts['symbol'])}</b>{simulated}",
            f"💵 {_price(facts)} USD",
            f"📊 Score <b>{figures.points(facts['score'])}</b> of 100,"
            f" {figures.points(facts['distance'])} from neutral",
            f"🎚 Confidence {facts['confidence']},"
            f" {band_calibration(facts['profile'], facts['confidence'])}",
            *_before(facts),
            "",
            *(_reason(reason) for reason in facts["reasons"]),
            "",
            f"🧩 {_coverage(facts)}",
            f"📡 {_sources(facts)}",
            f"🕒 {_time(facts, viewer)}",
        ]
        if facts["is_late"]:
            lines.append("⏳ Told late: the database was away at the time")
        lines.append("<i>A reading of the market, not advice.</i>")
        return "\n".join(lines)

    def line(self, facts: Facts, viewer: Viewer) -> str:
        """Return one line of a digest, such as "🟢 LONG BTC 62.50 at 117,166.5, 25 Nov 14:05"."""
        direction = Direction(facts["direction"])
        time = figures.short_local_time(datetime_at(facts["timestamp_ms"]), viewer.timezone)
        marks = (" 🔄" if facts["is_flip"] else "") + (
            f" {SIMULATED}" if facts["is_simulated"] else ""
        )
        return (
            f"{LIGHTS[direction]} {direction} <b>{escape(facts['symbol'])}</b>"
            f" {figures.points(facts['score'])} at {_price(facts)}, {time}{marks}"
        )

    def picture(self, facts: Facts) -> bytes | None:
        """Return the chart of the stored snapshot; None when there is none with candles."""
        inputs = inputs_of(facts["environment"], facts["symbol"], facts["profile"], facts["seq"])
        if inputs is None:
            return None
        snapshot = decompress_snapshot(inputs)
        candles = _candles(snapshot)
        if candles is None:
            return None
        reading = snapshot.readings.get(ReadingName.CANDLES)
        return draw_chart(
            _bars(candles),
            Entry(
                at_ms=facts["timestamp_ms"],
                price=float(facts["price"]),
                is_long=facts["direction"] == Direction.LONG,
            ),
            Heading(
                coin=facts["symbol"],
                interval=candles.interval.value,
                source="unknown source" if reading is None else public_name(reading.source),
                is_simulated=facts["is_simulated"],
            ),
            structure=chart_structure(candles),
        )

    def buttons(self, facts: Facts) -> list[list[Button]]:
        """Return what a reader may want next; the bot's commands answer."""
        symbol = facts["symbol"]
        about_the_coin = [
            Button("❓ Why", f"why:{symbol}"),
            Button("📊 Now", f"sig:{symbol}"),
            Button("⭐ Watch", f"watch:{symbol}"),
        ]
        rows = [
            [button for button in about_the_coin if len(button.data.encode()) <= _MAX_DATA_BYTES],
            [Button("🔕 Mute 24 h", "mute:24h")],
        ]
        return [row for row in rows if row]


def _price(facts: Facts) -> str:
    return f"<b>{figures.price(Decimal(facts['price']))}</b>"


def _before(facts: Facts) -> list[str]:
    """Return what was said of the coin before; nothing when this is the first signal."""
    previous = facts["previous"]
    if previous is None:
        return []
    passed = figures.duration((facts["timestamp_ms"] - previous["timestamp_ms"]) / 1000)
    if facts["is_flip"]:
        return [f"🔄 Flip: {previous['direction']} was said {passed} before"]
    return [f"🔁 Again: said at {figures.points(previous['score'])} {passed} before"]


def _reason(reason: dict[str, Any]) -> str:
    side = Direction(reason["side"])
    fact = reason["fact"]
    points = figures.signed_points(reason["points"])
    return (
        f"{_ARROWS[side]} {side} <b>{points}</b> {escape(fact[:1].upper() + fact[1:], quote=False)}"
    )


def _coverage(facts: Facts) -> str:
    known = f"{figures.percent(facts['coverage_pct'])} of the weight is known"
    missing = ", ".join(FACTOR_NAMES[Factor(factor)] for factor in facts["missing"])
    return f"{known}; missing: {missing}" if missing else known


def _sources(facts: Facts) -> str:
    return ", ".join(
        escape(source["name"], quote=False) + (" (fallback)" if source["is_fallback"] else "")
        for source in facts["sources"]
    )


def _time(facts: Facts, viewer: Viewer) -> str:
    time = figures.local_time(datetime_at(facts["timestamp_ms"]), viewer.timezone)
    return f"{time}, profile {escape(facts['profile'])} v{facts['profile_version']}"


def _candles(snapshot: MarketSnapshot) -> Candles | None:
    for interval in _SHOWN_INTERVALS:
        candles = snapshot.history.candles.get(interval)
        if candles is not None and len(candles) >= LEAST_BARS:
            return candles
    return None


def _bars(candles: Candles) -> Bars:
    newest = slice(-_SHOWN_BARS, None)
    return Bars(
        candles.interval.ms,
        candles.open_time_ms[newest],
        candles.open[newest],
        candles.high[newest],
        candles.low[newest],
        candles.close[newest],
    )
