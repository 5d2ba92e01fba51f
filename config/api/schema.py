"""How operations are described in OpenAPI: keys, problems, caching and what will go.

Used by REST framework as DEFAULT_SCHEMA_CLASS, so that no view repeats any of it. The examples come
from ``config.api.examples``.
"""

# ruff: noqa: ARG002 - drf-spectacular fixes these signatures

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers
from rest_framework.permissions import AllowAny

from config.api.auth import ReadAccess
from config.api.caching import READS
from config.api.errors import CONTENT_TYPE
from config.api.versioning import Deprecation, deprecation_of


class ParameterErrorSerializer(serializers.Serializer[Any]):
    """What is wrong with one parameter."""

    parameter = serializers.CharField(allow_null=True, help_text="Null: the input as a whole.")
    detail = serializers.CharField()


class ProblemDetailsSerializer(serializers.Serializer[Any]):
    """An error, after RFC 9457."""

    type = serializers.CharField(help_text="A URN that names the kind of problem.")
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="A sentence about this occurrence.")
    request_id = serializers.CharField(allow_null=True, help_text="Names this request in the logs.")
    errors = ParameterErrorSerializer(  # type: ignore[assignment] # hides Serializer.errors
        many=True, required=False, help_text="For refused input: one entry per fault."
    )
    suggestions = serializers.ListField(
        child=serializers.CharField(),
        required=False,
        help_text="For an unknown coin: the closest ones.",
    )
    retry_after_s = serializers.FloatField(
        required=False, help_text="Seconds, where known more exactly than `Retry-After` says."
    )


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """The two ways to send a key."""

    target_class = "config.api.auth.ApiKeyAuthentication"
    name = ["ApiKey", "BearerKey"]

    def get_security_definition(self, auto_schema: Any) -> Any:
        return [
            {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": _KEYS},
            {"type": "http", "scheme": "bearer", "description": _KEYS},
        ]

    def get_security_requirement(self, auto_schema: Any) -> Any:
        return [{name: []} for name in self.name]


_KEYS = (
    "A key of this service. While none exists reading is open to everybody and writing to nobody; "
    "from the first key on both need one, writing one of scope write or admin."
)
_PROBLEMS = {
    "400": "A parameter is unknown, given twice, or not valid.",
    "401": "An API key is needed, or the one given is unknown, expired or revoked.",
    "403": "The API key's scope does not allow this.",
    "404": "There is no such thing.",
    "411": "The body came without its length.",
    "413": "The body is too long.",
    "414": "The address is too long.",
    "415": "The body is not JSON.",
    "429": "Too many requests; `Retry-After` says how long to wait.",
    "431": "The headers are too long.",
    "503": "Nothing can answer this right now; `Retry-After`, when there, says when to try again.",
}
_NOT_MODIFIED = "The answer is the one whose `ETag` came as `If-None-Match`; it has no body."
_HEADERS = {
    "ETag": {"description": "Names this answer's bytes.", "schema": {"type": "string"}},
    "Cache-Control": {
        "description": "For how long, and by whom, the answer may be kept.",
        "schema": {"type": "string"},
    },
    "Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}},
    "WWW-Authenticate": {
        "description": "How to send a key: as Bearer.",
        "schema": {"type": "string"},
    },
    "RateLimit-Limit": {
        "description": "Requests that the tighter window allows.",
        "schema": {"type": "integer"},
    },
    "RateLimit-Remaining": {
        "description": "Requests that it has left.",
        "schema": {"type": "integer"},
    },
    "RateLimit-Reset": {
        "description": "Seconds until it is over.",
        "schema": {"type": "integer"},
    },
}
_HEADERS_OF = {
    "401": ("WWW-Authenticate",),
    "429": ("Retry-After", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"),
    "503": ("Retry-After",),
}


class ProblemAutoSchema(AutoSchema):
    """Adds to each operation the problems it may answer with.

    A view that an operation's path and permissions describe wrongly sets ``problem_statuses``; one
    whose answers nobody may keep says so with ``may_be_kept``.
    """

    def get_auth(self) -> list[dict[str, Any]]:
        requirements = super().get_auth()
        if {} not in requirements and self._has_permission(ReadAccess):
            requirements.append({})  # public while no key is configured
        return requirements

    def get_summary(self) -> str:
        """Return the first paragraph of the docstring; ``get_description`` has the others."""
        return self._paragraphs()[0].replace("\n", " ").removesuffix(".")

    def get_description(self) -> str:  # type: ignore[override] # the base is REST framework's
        deprecation = self._deprecation()
        told = [*self._paragraphs()[1:], deprecation.sentence() if deprecation else ""]
        return "\n\n".join(text for text in told if text)

    def _paragraphs(self) -> list[str]:
        told: str = super().get_description()
        return told.split("\n\n")

    def is_deprecated(self) -> bool:
        return self._deprecation() is not None

    def _deprecation(self) -> Deprecation | None:
        action = getattr(self.view, "action", None) or self.method.lower()
        return deprecation_of(getattr(self.view, action, None))

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        responses = super()._get_response_bodies(direction)
        for response in responses.values():
            response["description"] = response["description"] or "The answer."
        for status in self._problem_statuses():
            if status not in responses:
                responses[status] = self._problem_response(status)
        if self.method in READS and "200" in responses and self._may_be_kept():
            own = responses["200"].get("headers", {})
            responses["200"]["headers"] = self._headers("ETag", "Cache-Control") | own
            responses["304"] = self._shared("responses", "304", {"description": _NOT_MODIFIED})
        return dict(sorted(responses.items()))

    def _may_be_kept(self) -> bool:
        return getattr(self.view, "may_be_kept", True)

    def _problem_statuses(self) -> list[str]:
        # What the request's size is refused with, before any view is asked.
        statuses = {"414", "431"} | ({"411", "413", "415"} if self.method == "POST" else set())
        declared = getattr(self.view, "problem_statuses", None)
        if declared is not None:
            return sorted(statuses | {str(status) for status in declared})
        statuses |= {"400", "503"}
        if not self._has_permission(AllowAny):
            statuses |= {"401", "403"}
        if "{" in self.path or self._asks_for_a_coin():
            statuses.add("404")
        if self.view.get_throttles():
            statuses.add("429")
        return sorted(statuses)

    def _asks_for_a_coin(self) -> bool:
        """Tell whether one coin is named outside the path: it may be unknown there as well."""
        if self.method == "POST":
            return "symbol" in getattr(self.get_request_serializer(), "_declared_fields", ())
        parameters: list[dict[str, Any]] = self._get_parameters()
        return any(parameter["name"] == "symbol" for parameter in parameters)

    def _problem_response(self, status: str) -> dict[str, Any]:
        described = OpenApiResponse(ProblemDetailsSerializer, description=_PROBLEMS[status])
        response: dict[str, Any] = self._get_response_for_code(  # type: ignore[no-untyped-call]
            described, status, [CONTENT_TYPE]
        )
        if status in _HEADERS_OF:
            response["headers"] = self._headers(*_HEADERS_OF[status])
        return self._shared("responses", status, response)

    def _headers(self, *names: str) -> dict[str, Any]:
        return {name: self._shared("headers", name, _HEADERS[name]) for name in names}

    def _shared(self, kind: str, name: str, described: dict[str, Any]) -> dict[str, Any]:
        """Return the reference to what stands once for all operations."""
        component = ResolvedComponent(  # type: ignore[no-untyped-call]
            name, kind, described, object=name
        )
        self.registry.register_on_missing(component)
        return component.ref

    def _has_permission(self, permission_class: type) -> bool:
        return any(isinstance(held, permission_class) for held in self.view.get_permissions())
