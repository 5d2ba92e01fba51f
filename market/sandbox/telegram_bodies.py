"""The four ways to hand parameters to Telegram, made one: texts by name, and files.

Objects come as JSON texts in queries and forms, as themselves in JSON bodies; here they are texts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

import orjson

from market.sandbox.http import Request
from market.sandbox.telegram_rules import bad_request

_BOUNDARY = re.compile(r'boundary="?([^";]+)"?')
_NAME = re.compile(rb'[;\s]name="([^"]*)"')
_FILE_NAME = re.compile(rb'[;\s]filename="')


def parameters(request: Request) -> tuple[Mapping[str, str], Mapping[str, bytes]]:
    """Return the texts and the files of a call; raises Refused for a body that is neither."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not request.body:
        return request.params, {}
    if kind == "application/json":
        return {**request.params, **_json(request.body)}, {}
    if kind == "application/x-www-form-urlencoded":
        form = parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)
        return {**request.params, **dict(form)}, {}
    if kind == "multipart/form-data":
        texts, files = _multipart(request)
        return {**request.params, **texts}, files
    return request.params, {}


def _json(body: bytes) -> dict[str, str]:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise bad_request("can't parse the request as a JSON object")
    return {
        name: value if isinstance(value, str) else orjson.dumps(value).decode()
        for name, value in found.items()
        if value is not None
    }


def _multipart(request: Request) -> tuple[dict[str, str], dict[str, bytes]]:
    boundary = _BOUNDARY.search(request.headers["content-type"])
    if boundary is None:
        raise bad_request("can't find the boundary of a multipart body")
    texts: dict[str, str] = {}
    files: dict[str, bytes] = {}
    parts = (b"\r\n" + request.body).split(b"\r\n--" + boundary[1].encode())
    for part in parts[1:-1]:
        head, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        name = _NAME.search(head)
        if name is None:
            continue
        if _FILE_NAME.search(head):
            files[name[1].decode()] = content
        else:
            texts[name[1].decode()] = content.decode("utf-8", "replace")
    return texts, files
