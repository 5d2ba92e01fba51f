"""The command that serves the sandbox: its options become the server's environment."""

from __future__ import annotations

import os
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from market.management.commands import run_sandbox
from market.sandbox.app import warm_up
from market.sandbox.handle import Sandbox
from market.sandbox.simulated import SimulatedMarket


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Collect what would be served, with the environment of that moment."""
    found: list[dict[str, Any]] = []

    class Server:
        def __init__(self, target: str, **options: Any) -> None:
            self.options = {"target": target, **options}

        def serve(self) -> None:
            sandbox = {k: v for k, v in os.environ.items() if k.startswith("SANDBOX_")}
            found.append({**self.options, **sandbox})

    monkeypatch.setattr(run_sandbox, "Granian", Server)
    monkeypatch.setattr(os, "environ", {k: v for k, v in os.environ.items() if "SANDBOX" not in k})
    return found


def test_one_worker_serves_on_this_machine_only(served, capsys):
    call_command("run_sandbox", port=18_900, seed=9, latency_ms=50, limit_scale=10.0)

    (server,) = served
    assert (server["address"], server["port"], server["workers"]) == ("127.0.0.1", 18_900, 1)
    assert server["target"] == "market.sandbox.app:app"
    assert server["SANDBOX_SEED"] == "9"
    assert server["SANDBOX_LATENCY_MS"] == "50"
    assert server["SANDBOX_LIMIT_SCALE"] == "10.0"
    assert "seed 9 on http://127.0.0.1:18900/" in capsys.readouterr().out


def test_the_variables_stand_where_no_option_is_given(served):
    os.environ["SANDBOX_SEED"] = "4"

    call_command("run_sandbox")

    assert served[0]["SANDBOX_SEED"] == "4"


@pytest.mark.parametrize(
    "options",
    [
        {"replay": "/no/such/folder"},
        {"scenario": "no such situation"},
        {"clock_at": "some day"},
    ],
)
def test_a_useless_option_is_refused_before_anything_is_served(served, options):
    with pytest.raises(CommandError):
        call_command("run_sandbox", **options)

    assert served == []


def test_what_every_start_asks_for_is_made_before_anybody_asks() -> None:
    sandbox = Sandbox(SimulatedMarket(1))

    warm_up(sandbox)

    assert sandbox.calls() == 0
