"""One request and its answer over HTTP: bounded in size and time, httpx's errors translated."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import orjson

from market.providers.errors import (
    ProviderPayloadError,
    ProviderRejected,
    ProviderUnavailable,
)
from market.providers.policy import ProviderPolicy

# A host that does not even accept is given up early. The pool makes nobody wait: there are as many
# slots in front of it.
CONNECT_S, WRITE_S, POOL_S = 3.0, 3.0, 1.0
# First characters of JSON as vendors send it; "<" is a block page whatever its content type says.
_JSON_BEGINNINGS = frozenset(b'{["-0123456789tfn')
_JSON_SPACE = b" \t\r\n\xef\xbb\xbf"

Params = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: httpx.Headers
    body: bytes


async def exchange(
    client: httpx.AsyncClient,
    policy: ProviderPolicy,
    path: str,
    params: Params,
    until: float,
) -> Answer:
    """GET and read all of the answer by ``until`` (loop time), or as long as the policy allows.

    Redirects are not followed.
    """
    provider, patience = policy.name, policy.patience
    until = min(until, asyncio.get_running_loop().time() + patience.exchange_s)
    try:
        async with asyncio.timeout_at(until):
            request = client.build_request(
                "GET",
                path,
                params=params or None,
                headers=dict(policy.headers),
                timeout=httpx.Timeout(
                    connect=CONNECT_S, read=patience.silence_s, write=WRITE_S, pool=POOL_S
                ),
            )
            response = await client.send(request, stream=True, follow_redirects=False)
            try:
                body = await _read(response, policy, path)
            finally:
                await response.aclose()
    except (TimeoutError, httpx.TimeoutException):
        raise ProviderUnavailable(provider, "did not answer in time") from None
    except httpx.DecodingError:
        raise ProviderPayloadError(provider, path, "undecodable content") from None
    except httpx.InvalidURL:
        raise ProviderRejected(provider, "cannot be asked for that") from None
    # httpx's messages may quote the URL and with it parameters: none is kept or chained.
    except (httpx.HTTPError, httpx.StreamError, OSError) as e:
        raise ProviderUnavailable(provider, _transport_fault(e)) from None
    if 300 <= response.status_code < 400:
        raise ProviderRejected(
            provider, "redirects elsewhere, which is not followed", status=response.status_code
        )
    return Answer(response.status_code, response.headers, body)


def normalised(params: Mapping[str, str | int | float | bool | None] | None) -> Params:
    """Return query parameters sorted and as text, unset ones left out."""
    if not params:
        return ()
    return tuple(
        (name, str(value).lower() if isinstance(value, bool) else str(value))
        for name, value in sorted(params.items())
        if value is not None
    )


def parse_json(answer: Answer, provider: str, endpoint: str) -> Any:
    """Return the parsed body, or raise ProviderPayloadError for anything that is not JSON."""
    start = answer.body[:16].lstrip(_JSON_SPACE)
    if not start or start[0] not in _JSON_BEGINNINGS:
        kind = "an empty body" if not start else "HTML" if start[:1] == b"<" else "no JSON"
        raise ProviderPayloadError(provider, endpoint, kind)
    try:
        return orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        raise ProviderPayloadError(provider, endpoint, "broken JSON") from None


async def _read(response: httpx.Response, policy: ProviderPolicy, path: str) -> bytes:
    max_bytes = policy.max_response_bytes
    announced = response.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > max_bytes:
        raise ProviderPayloadError(policy.name, path, f"more than {max_bytes} bytes announced")
    chunks = []
    size = 0
    async for chunk in response.aiter_bytes():
        size += len(chunk)  # after decompression
        if size > max_bytes:
            raise ProviderPayloadError(policy.name, path, f"more than {max_bytes} bytes")
        chunks.append(chunk)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _transport_fault(error: Exception) -> str:
    if isinstance(error, httpx.ConnectError):
        return "cannot be reached"
    return "the connection broke"
