"""What all answers with paid vendors' data share: parameters, provenance, size, raw bodies.

Every document says its source, its age and what it cost. ``fields`` keeps the keys a client wants;
``raw=true`` adds what the vendor sent, to holders of a key of ours only.
"""

# ruff: noqa: N815 - public keys

from __future__ import annotations

from typing import Any

from rest_framework import serializers, viewsets
from rest_framework.exceptions import NotAuthenticated, PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from config.accounts.keys import Credential
from config.api.params import read_params
from market.api.serializers import MarketProblemSerializer
from market.vendor_data.direct import Answer


class VendorParams(serializers.Serializer[Any]):
    fields = serializers.CharField(  # type: ignore[assignment] # hides Serializer.fields
        required=False,
        max_length=300,
        help_text="Comma-separated keys to keep; all when absent. Where it is from always stays.",
    )
    raw = serializers.BooleanField(
        default=False,
        help_text="Add what the vendor sent, however large. Needs an API key of this service.",
    )


class VendorAnswerSerializer(serializers.Serializer[Any]):
    success = serializers.BooleanField(help_text="True: failures are problems with a status")
    source = serializers.CharField(help_text="Who said so")  # type: ignore[assignment]
    fetchedAt = serializers.DateTimeField(help_text="Of the oldest part")
    ageS = serializers.FloatField(help_text="Seconds since then")
    cost = serializers.IntegerField(help_text="Spent for this answer; 0 from the cache")
    costUnit = serializers.ChoiceField(choices=["calls", "credits", "weight"])
    problems = MarketProblemSerializer(many=True, help_text="What is missing from this answer")
    raw = serializers.DictField(
        required=False, help_text="By endpoint, with raw=true: what the vendor sent"
    )


DIGITS = 12

# Where an answer is from stays whatever fields are asked for.
_ALWAYS = frozenset(VendorAnswerSerializer().fields)


class VendorViewSet(viewsets.ViewSet):
    """Base of the views: each may be refused for a key, a coin, a budget or a silent vendor."""

    problem_statuses = (400, 401, 403, 404, 429, 503)
    may_be_kept = False  # what it cost and how old it is hold for one answer


def read_query(
    request: Request,
    params: type[VendorParams],
    answer: type[VendorAnswerSerializer],
) -> dict[str, Any]:
    """Return the parameters, ``fields`` as a set or None; refuse raw bodies without a key."""
    query = read_params(request, params)
    query["fields"] = _wanted(query.get("fields"), answer)
    if query["raw"]:
        _require_key(request)
    return query


def respond(answer: Answer, query: dict[str, Any]) -> Response:
    document: dict[str, Any] = {
        "success": True,
        **_rounded(answer.document),
        "source": answer.source,
        "fetchedAt": answer.fetched_at,
        "ageS": answer.age_s,
        "cost": answer.cost,
        "costUnit": answer.cost_unit,
        "problems": [problem.plain() for problem in answer.problems],
    }
    wanted = query["fields"]
    if wanted is not None:
        document = {
            key: value for key, value in document.items() if key in wanted or key in _ALWAYS
        }
    if query["raw"]:
        document["raw"] = answer.raw
    return Response(document)


def _rounded(value: Any) -> Any:
    """Return the same with floats of twelve digits: what lies beyond is noise of our arithmetic."""
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}")
    if isinstance(value, dict):
        return {key: _rounded(nested) for key, nested in value.items()}
    if isinstance(value, list):
        return [_rounded(nested) for nested in value]
    return value


def _wanted(text: str | None, answer: type[VendorAnswerSerializer]) -> frozenset[str] | None:
    if text is None:
        return None
    wanted = frozenset(name.strip() for name in text.split(",") if name.strip())
    known = answer().fields.keys()
    unknown = sorted(wanted - known)
    if unknown or not wanted:
        sentence = f"Known are {', '.join(sorted(known - _ALWAYS))}."
        if unknown:
            sentence = f"Unknown: {', '.join(unknown)}. {sentence}"
        raise serializers.ValidationError({"fields": [sentence]})
    return wanted


def _require_key(request: Request) -> None:
    credential: Any = request.auth
    if not isinstance(credential, Credential):
        raise NotAuthenticated(
            "raw=true needs an API key of this service: header X-API-Key or Authorization: Bearer."
        )
    if not credential.allows("read"):
        raise PermissionDenied("The scope of this API key does not allow reading.")
