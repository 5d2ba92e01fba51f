"""What the analyzer tells as JSON: every object with its times, every change with its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from smartmoney.documents import iso
from smartmoney.smc import TimeframeStructure, analyze
from smartmoney.structure_documents import structure_document
from tests.smartmoney.smc.ledger import names_of
from tests.smartmoney.smc.series import walk


def beside(structure: TimeframeStructure) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """Yield objects beside what is told of them, the newest of each kind."""
    document = structure_document(structure)
    zones, swings = document["liquidityZones"], document["swingPoints"]
    for objects, told in (
        (structure.gaps, document["fairValueGaps"]),
        (structure.blocks, document["orderBlocks"]),
        ([each for each in structure.swings if each.kind.value == "high"], swings["highs"]),
        ([each for each in structure.swings if each.kind.value == "low"], swings["lows"]),
        ([each for each in structure.zones if each.side.value == "buy"], zones["buyLiquidity"]),
        ([each for each in structure.zones if each.side.value == "sell"], zones["sellLiquidity"]),
        ([structure.dealing_range], [document["dealingRange"]]),
        ([structure.previous], [document["previousLevels"]]),
    ):
        for each, row in zip(reversed(objects), reversed(told), strict=False):
            if each is not None:
                yield type(each).__name__, each, row


def test_every_time_of_an_object_is_told_and_no_other() -> None:
    kinds = set()
    for seed in range(4):
        structure = analyze(walk(600, seed))
        assert structure is not None
        for kind, each, row in beside(structure):
            kinds.add(kind)
            times = [getattr(each, name) for name in names_of(each) if name.endswith("_at_ms")]
            said = [row[key] for key in row if key == "time" or key.endswith("At")]
            expected = [None if at_ms is None else iso(at_ms) for at_ms in times]
            assert sorted(map(str, said)) == sorted(map(str, expected)), kind

    assert len(kinds) == 6
