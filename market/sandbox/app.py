"""The sandbox as an ASGI application: ``market.sandbox.app:app``, served by ``run_sandbox``.

A separate process beside the product, which reaches it through base-URL settings only. Its options
come from the environment: SANDBOX_SEED, SANDBOX_REPLAY_DIR with SANDBOX_SYMBOLS, SANDBOX_SCENARIO,
SANDBOX_LATENCY_MS, SANDBOX_LIMIT_SCALE, and SIGNALS_CLOCK_AT for a standing clock.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from market import clock
from market.sandbox.asgi import SandboxApp
from market.sandbox.handle import Sandbox
from market.sandbox.http import Request, find_endpoint
from market.sandbox.replay import ReplayedMarket
from market.sandbox.simulated import SimulatedMarket
from market.sandbox.source import MarketSource

DEFAULT_SEED = 1

# What every new service asks for, all at once.
_ASKED_FIRST = (
    Request("/binance/fapi/v1/exchangeInfo"),
    Request("/binance/fapi/v1/ticker/24hr"),
    Request("/okx/api/v5/public/instruments", {"instType": "SWAP"}),
    Request("/okx/api/v5/market/tickers", {"instType": "SWAP"}),
    Request("/coingecko/api/v3/coins/markets", {"vs_currency": "usd", "per_page": "250"}),
)


def create_app(
    source: MarketSource | None = None,
    *,
    seed: int = DEFAULT_SEED,
    replay_directory: Path | None = None,
    symbols: tuple[str, ...] = (),
    scenario: str = "",
    latency_ms: int = 0,
) -> SandboxApp[Sandbox]:
    """Return the application over a market: given, recorded in a folder, or simulated."""
    if source is None and replay_directory is not None:
        source = ReplayedMarket(replay_directory, symbols)
    if source is None:
        source = SimulatedMarket(seed)
    return SandboxApp(Sandbox(source, latency_ms=latency_ms, scenario=scenario))


def app_from_environment(environment: Mapping[str, str]) -> SandboxApp[Sandbox]:
    """Return the application that variables describe; raises ValueError naming a bad one."""

    def number(name: str, default: float) -> float:
        text = environment.get(name, "").strip()
        try:
            return float(text) if text else default
        except ValueError:
            raise ValueError(f"{name}: {text!r} is not a number") from None

    clock_at = environment.get("SIGNALS_CLOCK_AT", "").strip()
    if clock_at:
        clock.fix(_instant_ms("SIGNALS_CLOCK_AT", clock_at))
    folder = environment.get("SANDBOX_REPLAY_DIR", "").strip()
    if folder and not Path(folder).is_dir():
        raise ValueError(f"SANDBOX_REPLAY_DIR: {folder!r} is not a folder")
    symbols = environment.get("SANDBOX_SYMBOLS", "")
    made = create_app(
        seed=int(number("SANDBOX_SEED", DEFAULT_SEED)),
        replay_directory=Path(folder) if folder else None,
        symbols=tuple(name.strip().upper() for name in symbols.split(",") if name.strip()),
        scenario=environment.get("SANDBOX_SCENARIO", "").strip(),
        latency_ms=int(number("SANDBOX_LATENCY_MS", 0)),
    )
    made.sandbox.limit_scale = number("SANDBOX_LIMIT_SCALE", 1.0)
    return made


def _instant_ms(name: str, text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ValueError(f"{name}: {text!r} is not an instant like 2025-10-11T00:05:00Z")
    return round(moment.timestamp() * 1000)


def warm_up(sandbox: Sandbox) -> None:
    """Make the market's lists before the first caller waits for them: a second of work or two."""
    for request in _ASKED_FIRST:
        mounted = sandbox.mounted(request.path)
        if mounted is None:
            raise LookupError(request.path)
        found = find_endpoint(mounted.vendor, request.below(mounted.vendor.prefix))
        if found is None:
            raise LookupError(request.path)
        endpoint, filled = found
        endpoint.handler(filled, clock.now_ms())


def __getattr__(name: str) -> Any:
    # Made when a server asks for it, so that importing this module reads no environment.
    if name == "app":
        made = app_from_environment(os.environ)
        # Beside the server: whoever asks at once is answered, only later.
        threading.Thread(target=warm_up, args=(made.sandbox,), daemon=True).start()
        globals()["app"] = made
        return made
    raise AttributeError(name)
