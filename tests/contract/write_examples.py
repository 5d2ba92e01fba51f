"""Record the example of every operation anew: ``./run test tests/contract/write_examples.py``.

Asks each operation as its old example asks, or a new one with what it needs, shortens the answer
and writes ``config/api/examples`` and ``docs/openapi.json``. No test of the suite: pytest runs it
only when it is named.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from django.core.management import call_command

from config.api.examples import FOLDER, read_examples
from tests.contract import document
from tests.contract.conftest import World
from tests.contract.document import Operation, resolved

MOST_ITEMS, MOST_NAMES, MOST_TEXT = 1, 2, 300

# What an operation needs that has no default; optional ones make an example short or telling.
PARAMETERS: dict[str, dict[str, Any]] = {
    "searchCoins": {"query": "bit", "limit": 2},
    "getMarketData": {"interval": "15m", "limit": 2},
    "scanSmartMoney": {"coins": "BTC,ETH"},
    "scanAccumulation": {"coins": "BTC,ETH", "min_score": 0},
    "scanDistribution": {"coins": "BTC,ETH", "min_score": 0},
    "findAccumulation": {"coins": "BTC,ETH", "min_score": 1},
    "scanAuto": {"criteria": "volume", "limit": 5},
    "analyzeStructure": {"timeframes": "1h,4h"},
    "discoverEmergingCoins": {"category": "meme-token", "max_fdv": 500e6, "max_age_hours": 720},
    "scanEmergingCoins": {"category": "meme-token", "max_fdv": 500e6, "min_mss_score": 0},
    "getLunarCrushTopic": {"topic": "bitcoin"},
    "getSignalsInDateRange": {"start_date": "2025-10-01", "end_date": "2025-10-31"},
    "clearSignalHistory": {"confirm": True},
    "exportSignalHistory": {"format": "jsonl"},
}
BODIES: dict[str, dict[str, Any]] = {
    "batchSignals": {"symbols": ["BTC", "ETHUSDT", "NOSUCHCOIN"], "profile": "balanced"},
    "startSmartMoneyScan": {"coins": ["BTC", "ETH"]},
    "startMssScan": {"max_fdv": 50e6, "max_age_hours": 72},
    "watchCoin": {
        "symbol": "BTC",
        "interval_minutes": 30,
        "score_threshold": 70,
        "note": "example",
    },
}


@pytest.mark.django_db
def test_write_the_examples(world: World) -> None:
    generate()  # the committed document may lack what is new
    known = read_examples()
    failed: dict[str, bytes] = {}
    written = {operation.id for operation in document.operations()}
    for name in known.keys() - written:
        (FOLDER / f"{name}.json").unlink()
    for operation in document.operations():
        asked = known.get(operation.id, {})
        values = (
            world.values(operation)
            | PARAMETERS.get(operation.id, {})
            | {name: value for name, value in asked.get("parameters", {}).items() if name != "id"}
        )
        body = asked.get("body", BODIES.get(operation.id))
        response = world.ask(operation, values, body)
        if response.status_code < 300:
            _write(operation, values, body, response)
        else:
            failed[operation.id] = response.content
    generate()
    assert failed == {}


def generate() -> None:
    call_command("openapi", "--write")
    document.document.cache_clear()


def _write(operation: Operation, values: Mapping[str, Any], body: Any, response: Any) -> None:
    status = str(response.status_code)
    example: dict[str, Any] = {"parameters": dict(values)}
    if body is not None:
        example["body"] = body
    example["status"] = status
    content = operation.described["responses"][status].get("content", {})
    if "application/json" in content:
        example["answer"] = shortened(response.json(), content["application/json"]["schema"])
    text = json.dumps(example, indent=1, ensure_ascii=False)
    (FOLDER / f"{operation.id}.json").write_text(text + "\n")


def shortened(value: Any, schema: Mapping[str, Any]) -> Any:
    """Return a value with fewer items in its lists and maps; its named members all stay."""
    schema = _alternative(schema, value)
    if isinstance(value, list):
        items = schema.get("items", {})
        return [shortened(each, items) for each in value[:MOST_ITEMS]]
    if isinstance(value, dict):
        named = schema.get("properties", {})
        others = [name for name in value if name not in named]
        kept = [name for name in value if name in named or name in others[:MOST_NAMES]]
        rest = schema.get("additionalProperties", {})
        rest = rest if isinstance(rest, Mapping) else {}
        return {name: shortened(value[name], named.get(name, rest)) for name in kept}
    if isinstance(value, str) and len(value) > MOST_TEXT:
        return value[:MOST_TEXT]
    return value


def _alternative(schema: Mapping[str, Any], value: Any) -> dict[str, Any]:
    """Return the alternative that a value is of: nullable objects are written as ``oneOf``."""
    for choice in ("oneOf", "anyOf"):
        for option in schema.get(choice, ()):
            if resolved(option).get("type") != "null" and value is not None:
                return resolved(option)
    return resolved(schema)
