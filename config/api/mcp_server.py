"""The Model Context Protocol over the service's read operations: tools, prompts, resources.

The only module that imports the ``mcp`` package; ``config.api.mcp`` imports it on first use.
Tools come from the table that GPT Actions come from, and are answered by the REST views. An error
of the service is a tool's error with the problem's own text, so that the assistant can read it and
do better; errors of the protocol are for programs.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from mcp import McpError, types
from mcp.server.lowlevel import Server
from mcp.server.lowlevel.helper_types import ReadResourceContents
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from pydantic import AnyUrl

from config import version
from config.api.asgi_loop import AsgiLoop, exchange_of
from config.api.assistants import Endpoint, selected
from config.api.gpt_schema import gpt_document
from config.api.mcp_tools import call_tool, input_schema
from config.api.prompts import QUESTIONS, Question
from config.api.renderers import dump_json

INSTRUCTIONS = (
    "LONG, SHORT or NEUTRAL for crypto futures, each with reasons, sources, and what is missing. "
    "Begin with getSignalWithContext for one coin, scanSmartMoney for many. Missing is unknown, "
    "never zero. Say when calibration is uncalibrated or no edge is shown. Nothing here is advice. "
    "The resource glossary explains every term."
)
SCHEMA_URI = "futures-signals://schema"
GLOSSARY_URI = "futures-signals://glossary"
GLOSSARY_FILE = "docs/glossary.md"

# The protocol's code for a resource that is not there.
_RESOURCE_NOT_FOUND = -32002

# It says a line per message at INFO; requests are logged by the service.
logging.getLogger("mcp").setLevel(logging.WARNING)


class McpServer:
    """Tools, prompts and resources behind a loop of their own."""

    def __init__(self) -> None:
        self._endpoints = {each.operation.id: each for each in selected()}
        self._questions = {each.name: each for each in QUESTIONS}
        self._resources = _resources()
        self._server: Server[object, object] = Server(
            version.NAME, version=version.VERSION, instructions=INSTRUCTIONS
        )
        self._register()
        manager = StreamableHTTPSessionManager(self._server, json_response=True, stateless=True)
        self._loop = AsgiLoop(manager.handle_request, manager.run)

    def answer(self, request: HttpRequest) -> HttpResponse:
        """Answer one POST. Called in the request's thread."""
        return self._loop.answer(request)

    def _register(self) -> None:
        server: Any = self._server  # its decorators have no types
        server.list_tools()(self._list_tools)
        # The operations themselves say what is wrong with an argument, by its name.
        server.call_tool(validate_input=False)(self._call_tool)
        server.list_prompts()(self._list_prompts)
        server.get_prompt()(self._get_prompt)
        server.list_resources()(self._list_resources)
        server.read_resource()(self._read_resource)

    async def _list_tools(self) -> list[types.Tool]:
        return [_tool(endpoint) for endpoint in self._endpoints.values()]

    async def _call_tool(self, name: str, arguments: dict[str, object]) -> types.CallToolResult:
        endpoint = self._endpoints.get(name)
        if endpoint is None:
            known = ", ".join(self._endpoints)
            return _result(f"There is no tool {name}; known are {known}.", is_error=True)
        http_request = self._server.request_context.request
        exchange = exchange_of(http_request.scope)  # type: ignore[attr-defined]
        response = await exchange.in_thread(
            lambda: call_tool(endpoint, arguments, exchange.request)
        )
        return _result(response.content.decode(), is_error=response.status_code >= 400)

    async def _list_prompts(self) -> list[types.Prompt]:
        return [_prompt(question) for question in self._questions.values()]

    async def _get_prompt(
        self, name: str, arguments: dict[str, str] | None
    ) -> types.GetPromptResult:
        question = self._questions.get(name)
        if question is None:
            raise _protocol_error(types.INVALID_PARAMS, f"There is no prompt {name}.")
        text = types.TextContent(type="text", text=question.asked(arguments or {}))
        return types.GetPromptResult(
            description=question.description,
            messages=[types.PromptMessage(role="user", content=text)],
        )

    async def _list_resources(self) -> list[types.Resource]:
        return [resource for resource, _ in self._resources.values()]

    async def _read_resource(self, uri: AnyUrl) -> list[ReadResourceContents]:
        found = self._resources.get(str(uri))
        if found is None:
            raise _protocol_error(_RESOURCE_NOT_FOUND, "There is no such resource.")
        resource, text = found
        return [ReadResourceContents(text, resource.mimeType)]


def _tool(endpoint: Endpoint) -> types.Tool:
    return types.Tool(
        name=endpoint.operation.id,
        title=endpoint.operation.summary,
        description=endpoint.operation.description,
        inputSchema=input_schema(endpoint),
        annotations=types.ToolAnnotations(
            title=endpoint.operation.summary,
            readOnlyHint=True,
            destructiveHint=False,
            openWorldHint=True,
        ),
    )


def _prompt(question: Question) -> types.Prompt:
    return types.Prompt(
        name=question.name,
        title=question.title,
        description=question.description,
        arguments=[
            types.PromptArgument(
                name=each.name,
                description=f"{each.description} {each.default} when left out.",
                required=False,
            )
            for each in question.arguments
        ],
    )


def _resources() -> dict[str, tuple[types.Resource, str]]:
    schema = dump_json(gpt_document(str(settings.PUBLIC_BASE_URL))).decode()
    glossary = (Path(settings.BASE_DIR) / GLOSSARY_FILE).read_text(encoding="utf-8")
    told = (
        (
            SCHEMA_URI,
            schema,
            "application/json",
            "The tools as HTTP operations",
            "OpenAPI 3.1 of what the tools ask; the whole API is at /openapi.json.",
        ),
        (
            GLOSSARY_URI,
            glossary,
            "text/markdown",
            "Glossary",
            "Every term of the answers, for somebody who does not trade.",
        ),
    )
    return {
        uri: (
            types.Resource(
                uri=AnyUrl(uri),
                name=uri.rpartition("/")[2],
                title=title,
                description=description,
                mimeType=mime_type,
                size=len(text.encode()),
            ),
            text,
        )
        for uri, text, mime_type, title, description in told
    }


def _result(text: str, *, is_error: bool) -> types.CallToolResult:
    return types.CallToolResult(
        content=[types.TextContent(type="text", text=text)], isError=is_error
    )


def _protocol_error(code: int, message: str) -> McpError:
    return McpError(types.ErrorData(code=code, message=message))
