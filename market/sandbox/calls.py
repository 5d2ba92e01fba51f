"""What the sandbox was asked: counts per provider, path and symbol, and broken limits."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from typing import Any

from market import clock
from market.sandbox.http import Request

_NAMES_OF_WHAT = ("symbol", "instId", "instFamily", "uly", "ccy", "id", "ids", "query")
_VIOLATIONS_KEPT = 1_000
_SECONDS_KEPT = 900


@dataclass(frozen=True, slots=True)
class Violation:
    """One call that the vendor's documented limits did not allow."""

    provider: str
    pool: str
    path: str
    at_ms: int


class CallLog:
    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self._counts: Counter[tuple[str, str, str]] = Counter()
        self._statuses: Counter[tuple[str, int]] = Counter()
        self._seconds: dict[str, Counter[int]] = {}
        self._first_ms: int | None = None
        self._last_ms: int | None = None
        self._violation_count = 0
        self._violations: deque[Violation] = deque(maxlen=_VIOLATIONS_KEPT)

    def record(self, provider: str, request: Request) -> None:
        what = next((request.params[n] for n in _NAMES_OF_WHAT if request.params.get(n)), "")
        at_s = clock.wall_s()
        self._counts[(provider, request.path, what)] += 1
        seconds = self._seconds.setdefault(provider, Counter())
        seconds[int(at_s)] += 1
        if len(seconds) > _SECONDS_KEPT:
            # The busiest second stays: it is what the summary tells.
            del seconds[min(seconds, key=lambda second: (seconds[second], second))]
        self._last_ms = int(at_s * 1000)
        self._first_ms = self._first_ms or self._last_ms

    def record_status(self, provider: str, status: int) -> None:
        self._statuses[(provider, status)] += 1

    def record_violation(self, provider: str, pool: str, path: str) -> None:
        self._violation_count += 1
        self._violations.append(Violation(provider, pool, path, int(clock.wall_s() * 1000)))

    @property
    def violations(self) -> tuple[Violation, ...]:
        return tuple(self._violations)

    def count(
        self, provider: str | None = None, path: str | None = None, symbol: str | None = None
    ) -> int:
        """Return how many calls fit; ``path`` is a prefix below the provider's base URL."""
        return sum(
            count
            for (of, at, what), count in self._counts.items()
            if (provider is None or of == provider)
            and (path is None or at.startswith(path))
            and (symbol is None or what == symbol)
        )

    def summary(self) -> dict[str, Any]:
        paths: dict[str, dict[str, Any]] = {}
        for (provider, path, what), count in sorted(self._counts.items()):
            entry = paths.setdefault(provider, {}).setdefault(path, {"total": 0, "by_symbol": {}})
            entry["total"] += count
            if what:
                entry["by_symbol"][what] = count
        return {
            "total": self._counts.total(),
            "first_ms": self._first_ms,
            "last_ms": self._last_ms,
            "busiest_second": {
                provider: max(seconds.values()) for provider, seconds in self._seconds.items()
            },
            "statuses": {
                provider: {str(s): n for (of, s), n in self._statuses.items() if of == provider}
                for provider in sorted({of for of, _ in self._statuses})
            },
            "providers": paths,
            "violations": self._violation_count,
            "newest_violations": [
                {"provider": v.provider, "pool": v.pool, "path": v.path, "at_ms": v.at_ms}
                for v in list(self._violations)[-50:]
            ],
        }
