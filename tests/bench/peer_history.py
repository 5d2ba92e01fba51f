"""The peer of the history bench: FastAPI and asyncpg answering the latest signals.

It runs the same statement as the product, reads the same rows in the same order and builds the
same JSON by the same library. ``PEER_DATABASE_URL`` says where, ``PEER_QUERY`` what is asked,
``PEER_KEYS`` under which keys the columns go, ``PEER_EVIDENCE`` which of them are JSON.
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import orjson
from fastapi import FastAPI, Query, Response

QUERY = os.environ["PEER_QUERY"]
KEYS = json.loads(os.environ["PEER_KEYS"])
EVIDENCE = frozenset(json.loads(os.environ["PEER_EVIDENCE"]))


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with asyncpg.create_pool(
        os.environ["PEER_DATABASE_URL"], min_size=2, max_size=10
    ) as pool:
        app.state.pool = pool
        yield


app = FastAPI(lifespan=lifespan)


@app.get("/analytics/history/latest")
async def latest(limit: int = Query(50, ge=1, le=1000)) -> Response:
    rows = await app.state.pool.fetch(QUERY)
    items = [_item(row) for row in rows]
    body = {"success": True, "count": len(items), "signals": items}
    return Response(orjson.dumps(body, option=orjson.OPT_UTC_Z), media_type="application/json")


def _item(row: asyncpg.Record) -> dict[str, Any]:
    item = {
        key: orjson.Fragment(value) if key in EVIDENCE and value is not None else value
        for key, value in zip(KEYS, row.values(), strict=True)
    }
    item["score"] = float(item["score"])
    item["price"] = float(item["price"])
    item["contentHash"] = item["contentHash"] or None
    item["origin"] = "imported" if item["seq"] is None else "own"
    return item
