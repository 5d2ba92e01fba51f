"""The peer of the warm bench: FastAPI serving the same document from the same kind of cache.

Started by uvicorn in the benchmark's environment; ``PEER_REDIS_URL`` or ``PEER_SQLITE`` says where
the document lies, ``PEER_KEY`` under which key.
"""

from __future__ import annotations

import json
import os
import sqlite3
from typing import Any

import redis.asyncio
from fastapi import FastAPI

KEY = os.environ["PEER_KEY"]
app = FastAPI()

if redis_url := os.environ.get("PEER_REDIS_URL"):
    client = redis.asyncio.Redis.from_url(redis_url)

    @app.get("/signals/{symbol}")
    async def signal(symbol: str) -> Any:
        return json.loads(await client.get(KEY))

else:
    connection = sqlite3.connect(os.environ["PEER_SQLITE"])

    @app.get("/signals/{symbol}")
    async def signal(symbol: str) -> Any:
        row = connection.execute("SELECT value FROM entries WHERE key = ?", (KEY,)).fetchone()
        return json.loads(row[0])
