"""``./run bench [name …]``: the named measurements, else all but the long ones."""

from __future__ import annotations

import importlib
import sys
from datetime import UTC, datetime

from tests.bench.report import machine

NAMES = (
    "scoring", "parsing", "fanout", "latency", "warm", "startup", "processes", "chart", "telegram",
    "scan", "smc", "smc-compat", "smc-prefix", "smart", "export", "history", "keys",
)  # fmt: skip

# A quarter of an hour and more: only when named.
LONG = frozenset({"smc-prefix", "export", "history"})


def main(names: list[str]) -> str | None:
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        return f"No such measurement: {', '.join(unknown)}. There are {', '.join(NAMES)}."
    print(f"{datetime.now(UTC):%Y-%m-%d}, {machine()}")
    for name in names or [name for name in NAMES if name not in LONG]:
        importlib.import_module(f"tests.bench.{name.replace('-', '_')}").run()
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
