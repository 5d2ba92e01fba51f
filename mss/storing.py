"""A result becomes a row, and an alert in the same transaction when its tier is news."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import transaction

from market.clock import datetime_at, wall_now
from market.types import public_name
from mss.alerts import KIND
from mss.documents import result_document
from mss.engine.inputs import compress_inputs, input_hash
from mss.engine.profile import settings_of
from mss.engine.types import MssProfile, MssResult, Tier
from mss.models import MssRun, MssScore, TierAlert
from notifications.services import raise_alert

# Below MODERATE_LONG a scan's coin is no news to anybody; subscribers' rules ask for 75 unless
# they say otherwise.
_TIERS_TOLD = frozenset({Tier.STRONG_LONG, Tier.LONG, Tier.MODERATE_LONG})


@transaction.atomic
def store_result(
    result: MssResult,
    profile: MssProfile,
    *,
    run: MssRun | None = None,
    alert_from: float | None = None,
) -> MssScore:
    """Store a score and, when its tier is news, its alert.

    ``alert_from`` is the least total that whoever watches the coin wants to hear of; without it
    the tiers from MODERATE_LONG up are told.
    """
    score = MssScore.objects.create(
        **score_columns(result, profile), run=run, created_at=wall_now()
    )
    wanted = result.tier in _TIERS_TOLD if alert_from is None else result.total >= alert_from
    if wanted:
        _owe_alert(score, result)
    return score


def score_columns(result: MssResult, profile: MssProfile) -> dict[str, Any]:
    """Return the columns that inputs and profile decide: what a replay must make again."""
    inputs = result.inputs
    price = inputs.shown.get("price_usd")
    discovery, social, institutional = result.phases
    return {
        "environment": inputs.environment,
        "symbol": inputs.symbol[:24],
        "name": (inputs.name or "")[:200],
        "coin_key": (inputs.coingecko_id or inputs.symbol)[:200],
        "observed_at": datetime_at(inputs.at_ms),
        "total": result.total,
        "discovery_score": discovery.score,
        "social_score": social.score,
        "institutional_score": institutional.score,
        "tier": result.tier.value,
        "confidence": result.confidence.value,
        "coverage_pct": result.coverage_pct,
        "price": Decimal(f"{price:.15g}") if isinstance(price, float) else None,
        "document": result_document(result),
        "engine_version": result.engine_version,
        "profile_name": profile.name,
        "profile_version": profile.version,
        "profile": settings_of(profile),
        "inputs": compress_inputs(inputs),
        "input_hash": input_hash(inputs),
    }


def _owe_alert(score: MssScore, result: MssResult) -> None:
    now = wall_now()
    if not _claim_tier(score.coin_key, result.tier, now):
        return
    told = f"{now:%Y%m%dT%H%M%S.%f}"
    raise_alert(
        environment=score.environment,
        kind=KIND,
        dedup_key=f"{KIND}:{score.environment}:{score.coin_key}:{result.tier.value}:{told}",
        facts=_facts(score, result),
        occurred_at=score.observed_at,
    )


def _claim_tier(coin_key: str, tier: Tier, now: datetime) -> bool:
    """Tell whether a coin's tier is news now, and that nobody else is telling it.

    The unique row and the conditional UPDATE let one of two workers through.
    """
    same = {"environment": settings.ENVIRONMENT, "coin_key": coin_key, "tier": tier.value}
    told, is_new = TierAlert.objects.get_or_create(**same, defaults={"told_at": now})
    if is_new:
        return True
    since = now - timedelta(hours=settings.MSS_ALERT_COOLDOWN_H)
    mine = TierAlert.objects.filter(pk=told.pk, told_at=told.told_at).filter(told_at__lte=since)
    return mine.update(told_at=now) > 0


def _facts(score: MssScore, result: MssResult) -> dict[str, Any]:
    """Return the facts of an alert as plain JSON: what rules ask for and what a message tells."""
    return {
        "environment": score.environment,
        "is_simulated": score.environment != "live",
        "symbol": score.symbol,
        "name": score.name,
        "timestamp_ms": result.inputs.at_ms,
        "score": result.total,
        "tier": result.tier.value,
        "confidence": result.confidence.value,
        "coverage_pct": result.coverage_pct,
        "price": None if score.price is None else str(score.price),
        "has_futures": result.inputs.has_futures,
        "phases": [
            {
                "name": phase.name.value,
                "score": phase.score,
                "max": phase.most,
                "status": phase.status.value,
                "missing": [figure.value for figure in phase.missing],
            }
            for phase in result.phases
        ],
        "figures": {
            figure.value: reading.value for figure, reading in result.inputs.figures.items()
        },
        "warnings": [warning.detail for warning in result.warnings],
        "sources": sorted({public_name(each.source) for each in result.inputs.figures.values()}),
        "profile": score.profile_name,
        "profile_version": score.profile_version,
    }
