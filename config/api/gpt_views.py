"""``GET /gpt/action-schema``: what a custom GPT imports."""

from __future__ import annotations

import logging
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from config.api.gpt_schema import gpt_document, is_https
from config.api.params import read_params
from config.api.renderers import dump_json
from config.api.views import OpenView

logger = logging.getLogger(__name__)


class ActionSchemaSerializer(serializers.Serializer[Any]):
    """An OpenAPI document, of which only the members are named here."""

    openapi = serializers.ChoiceField(["3.1.0"])
    info = serializers.DictField()
    servers = serializers.ListField(child=serializers.DictField())
    paths = serializers.DictField(child=serializers.DictField())
    components = serializers.DictField()
    security = serializers.ListField(child=serializers.DictField())


class ActionSchemaView(OpenView):
    """Open to all, as OpenAI's importer sends no key; it holds no data."""

    problem_statuses = (400,)
    # The importer keeps what it has once read, and stale operations are the usual fault.
    may_be_kept = False

    @extend_schema(
        operation_id="getActionSchema", tags=["assistants"], responses=ActionSchemaSerializer
    )
    def get(self, request: Request) -> HttpResponse:
        """The OpenAPI document to import into a custom GPT: reading operations with plain texts.

        Its server is `PUBLIC_BASE_URL`, which GPT Actions wants to be https.
        """
        read_params(request)
        return HttpResponse(
            _document_json(settings.PUBLIC_BASE_URL), content_type="application/json"
        )


@lru_cache(maxsize=1)
def _document_json(server: str) -> bytes:
    if not is_https(server):
        logger.warning("GPT Actions needs PUBLIC_BASE_URL to be https", extra={"server": server})
    return dump_json(gpt_document(server))
