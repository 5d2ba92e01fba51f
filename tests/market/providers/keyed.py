"""What the tests of the paid providers share: a recorder of calls, and the samples."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar

import orjson
import pytest

from market.providers.refusals import RefusedEndpoints
from market.providers.response_cache import Fetched
from market.store_sqlite import SqliteStore
from tests.market.providers.bodies import T0
from tests.market.providers.fake_transport import Call, FakeTransport
from tests.recordings import recording

T = TypeVar("T")
AT_MS = T0 + 3_600_000


class KeyedTransport(FakeTransport):
    """Answers everything alike, fetched at ``AT_MS``."""

    async def get(self, path: str, *, params: Mapping[str, Any] | None = None, **call: Any) -> Any:
        return Fetched(await self.get_json(path, params=params, **call), AT_MS)


def ask(
    make_client: Callable[[Any, RefusedEndpoints], Any],
    answer: Any,
    make: Callable[[Any], Coroutine[Any, Any, T]],
    store: SqliteStore,
) -> tuple[Call, T]:
    """Run one fetch of a client over an answer; return what was asked, and the reply."""
    transport = KeyedTransport(answer)
    client = make_client(transport, RefusedEndpoints(store, "stub"))
    reply = asyncio.run(make(client))
    return transport.only_call, reply


def sample(path: str) -> Any:
    """Return a parsed sample of ``../shared/providers/samples``."""
    return orjson.loads(recording(f"providers/samples/{path}").read_bytes())


def recorded(path: str) -> Any:
    """Return a parsed recording of ``../shared/data``, packed or not."""
    raw = recording(f"data/{path}").read_bytes()
    return orjson.loads(gzip.decompress(raw) if path.endswith(".gz") else raw)


def refusal(classify: Callable[..., None], *arguments: Any) -> Exception:
    """Return what a classifier raises."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - the tables name the class
        classify(*arguments)
    return caught.value
