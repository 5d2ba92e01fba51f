"""How an emerging coin's alert reads: message and digest line, from the event's facts.

Words are Telegram's HTML, on the clock of the reader's place. Nothing here is a target or a
probability: what the engine does not say, an alert does not say.
"""

from __future__ import annotations

from decimal import Decimal
from html import escape
from typing import Any

from market.clock import datetime_at
from mss.engine.types import Figure, PhaseName, PhaseStatus, Tier
from notifications import figures
from notifications.renderers import Button, Facts, Viewer

KIND = "mss"
# Telegram's limit of what a button sends back.
_MAX_DATA_BYTES = 64

_MARKS = {
    Tier.STRONG_LONG: "🚀", Tier.LONG: "🟢", Tier.MODERATE_LONG: "🟡", Tier.WEAK_LONG: "⚪",
    Tier.NEUTRAL: "⚪",
}  # fmt: skip
_PHASES = {
    PhaseName.DISCOVERY: "Discovery",
    PhaseName.SOCIAL: "Social",
    PhaseName.INSTITUTIONAL: "Institutional",
}
_VERDICTS = {
    PhaseStatus.PASS: "✅",
    PhaseStatus.FAIL: "❌",
    PhaseStatus.INSUFFICIENT_DATA: "❔",
}
_FIGURE_NAMES = {
    Figure.VALUATION: "valuation",
    Figure.AGE: "age",
    Figure.CIRCULATING: "circulating share",
    Figure.ALT_RANK: "AltRank",
    Figure.GALAXY_SCORE: "Galaxy Score",
    Figure.SENTIMENT: "sentiment",
    Figure.BUY_PRESSURE: "buy pressure",
    Figure.OPEN_INTEREST_CHANGE: "open interest",
    Figure.TOP_TRADER_RATIO: "top traders",
    Figure.FUNDING: "funding",
}
_SIMULATED = "🧪 SIMULATED"


class MssAlerts:
    """The renderer of alerts of kind ``mss``; their facts are those of ``mss.storing``."""

    def message(self, facts: Facts, viewer: Viewer) -> str:
        tier = Tier(facts["tier"])
        simulated = f" {_SIMULATED}" if facts["is_simulated"] else ""
        name = f" ({escape(facts['name'], quote=False)})" if facts["name"] else ""
        lines = [
            f"{_MARKS[tier]} <b>{_tier(tier)} {escape(facts['symbol'])}</b>{name}{simulated}",
            *_price(facts),
            f"🎯 MSS <b>{figures.points(facts['score'])}</b> of 100",
            f"🎚 Confidence {facts['confidence'].replace('_', ' ')},"
            f" {figures.percent(facts['coverage_pct'])} of the points are known",
            "",
            *(_phase(phase) for phase in facts["phases"]),
            "",
            *_known(facts),
            *(f"⚠️ {escape(warning[:1].upper() + warning[1:])}" for warning in facts["warnings"]),
        ]
        if not facts["has_futures"]:
            lines.append("⚠️ No perpetual is listed on Binance or OKX")
        sources = ", ".join(escape(each, quote=False) for each in facts["sources"])
        time = figures.local_time(datetime_at(facts["timestamp_ms"]), viewer.timezone)
        profile = f"{escape(facts['profile'])} v{facts['profile_version']}"
        lines += [
            "",
            f"📡 {sources}",
            f"🕒 {time}, profile {profile}",
            "<i>A reading of the market, not advice.</i>",
        ]
        return "\n".join(lines)

    def line(self, facts: Facts, viewer: Viewer) -> str:
        """Return one line of a digest, such as "🚀 STRONG LONG NEW 78 of 100, 25 Nov 14:05"."""
        tier = Tier(facts["tier"])
        time = figures.short_local_time(datetime_at(facts["timestamp_ms"]), viewer.timezone)
        simulated = f" {_SIMULATED}" if facts["is_simulated"] else ""
        return (
            f"{_MARKS[tier]} {_tier(tier)} <b>{escape(facts['symbol'])}</b>"
            f" {figures.points(facts['score'])} of 100, {time}{simulated}"
        )

    def picture(self, facts: Facts) -> bytes | None:  # noqa: ARG002 - the protocol's signature
        """Return None: a coin of a few hours has no bars to draw."""
        return None

    def buttons(self, facts: Facts) -> list[list[Button]]:
        """Return what a reader may want next; signals exist of coins with futures alone."""
        symbol = facts["symbol"]
        about = [Button("📊 Signal", f"sig:{symbol}"), Button("⭐ Watch", f"watch:{symbol}")]
        rows = [
            [each for each in about if len(each.data.encode()) <= _MAX_DATA_BYTES]
            if facts["has_futures"]
            else [],
            [Button("🔕 Mute 24 h", "mute:24h")],
        ]
        return [row for row in rows if row]


def _tier(tier: Tier) -> str:
    return tier.value.replace("_", " ")


def _price(facts: Facts) -> list[str]:
    if facts["price"] is None:
        return []
    return [f"💵 <b>{figures.price(Decimal(facts['price']))}</b> USD"]


def _phase(phase: dict[str, Any]) -> str:
    name = _PHASES[PhaseName(phase["name"])]
    missing = ", ".join(_FIGURE_NAMES[Figure(figure)] for figure in phase["missing"])
    told = f"; missing: {missing}" if missing else ""
    return (
        f"{_VERDICTS[PhaseStatus(phase['status'])]} {name}"
        f" <b>{figures.points(phase['score'])}</b> of {phase['max']:g}{told}"
    )


def _known(facts: Facts) -> list[str]:
    """Return the figures that decide most, as far as they are known."""
    known = facts["figures"]
    told = []
    if (valuation := known.get(Figure.VALUATION.value)) is not None:
        told.append(f"valued at {valuation / 1e6:,.1f} million USD")
    if (age := known.get(Figure.AGE.value)) is not None:
        told.append(f"{figures.duration(age * 3600)} old")
    if (change := known.get(Figure.OPEN_INTEREST_CHANGE.value)) is not None:
        told.append(f"open interest {change:+.1f} % in 24 h")
    return [f"🪙 {', '.join(told)}"] if told else []
