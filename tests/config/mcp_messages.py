"""MCP spoken by hand over the test client: what the tests of one process need of a client."""

from __future__ import annotations

import json
from typing import Any

from rest_framework.response import Response
from rest_framework.test import APIClient

ACCEPT = "application/json, text/event-stream"


def post(api: APIClient, method: str, params: Any = None, **headers: str) -> Response:
    """Send one request of the protocol."""
    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params or {}}
    return post_text(api, json.dumps(message), **headers)


def post_text(api: APIClient, text: str, **headers: str) -> Response:
    answer: Response = api.generic(
        "POST", "/mcp", text, "application/json", headers={"Accept": ACCEPT, **headers}
    )
    return answer


def result(api: APIClient, method: str, params: Any = None, **headers: str) -> dict[str, Any]:
    """Send a request and return its result; it must have one."""
    answer = post(api, method, params, **headers)
    assert answer.status_code == 200, answer.content
    body: dict[str, Any] = json.loads(answer.content)
    assert "result" in body, body
    found: dict[str, Any] = body["result"]
    return found


def call(api: APIClient, tool: str, arguments: Any = None, **headers: str) -> tuple[bool, str]:
    """Call a tool; return whether that failed, and the text of its answer."""
    found = result(api, "tools/call", {"name": tool, "arguments": arguments or {}}, **headers)
    [content] = found["content"]
    return found["isError"], content["text"]
