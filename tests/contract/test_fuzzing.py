"""schemathesis in all its phases against the service in this process: examples, coverage, fuzzing
of each operation, and operations in sequence. With a key that may do everything, and without any.

No answer is a failure, and every one is as documented. How much is tried goes by how many
operations there are, so that the time stays what it is; what is tried is the same every time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from hypothesis.stateful import run_state_machine_as_test

from config.wsgi import application
from tests.contract.conftest import World
from tests.contract.document import document, operations

pytestmark = [pytest.mark.one_database, pytest.mark.django_db]

# Requests of the fuzzing phase in all, for each of the two clients.
FUZZED = 300
SEQUENCES, STEPS = 10, 6  # of each client

CONFIG: dict[str, Any] = {
    "seed": 20_261_126,
    "suppress-health-check": ["all"],
    "generation": {
        "max-examples": max(3, FUZZED // len(operations())),
        "deterministic": True,
        "no-shrink": True,
        "database": "none",
    },
    "checks": {
        # Names of coins and ids that are well formed need not exist.
        "positive_data_acceptance": {"enabled": False},
        # Booleans and numbers are also taken as Python and JavaScript write them: True, 1, 1e3;
        # tests/contract/test_bad_input.py says what is refused.
        "negative_data_rejection": {"enabled": False},
        # Its requests without a key get ours from the tests; test_operations sends none.
        "ignored_auth": {"enabled": False},
    },
    "phases": {"stateful": {"max-steps": STEPS}},
}


def schema() -> Any:
    loaded = schemathesis.openapi.from_dict(
        document(), config=schemathesis.Config.from_dict(CONFIG)
    )
    loaded.app = application
    return loaded


@pytest.fixture(autouse=True)
def connections_outlive_requests() -> Iterator[None]:
    """Keep what ends a request from closing the connection whose transaction is undone later."""
    request_signals = (request_started, request_finished)
    for each in request_signals:
        each.disconnect(close_old_connections)
    yield
    for each in request_signals:
        each.connect(close_old_connections)


@schema().parametrize()
def test_with_a_key_every_answer_is_as_documented(case: Any, world: World) -> None:
    world.keyed()

    case.call_and_validate(headers={"X-API-Key": world.key})


@schema().parametrize()
def test_without_any_key_every_answer_is_as_documented(case: Any, world: World) -> None:
    world.without_keys()

    case.call_and_validate()


@pytest.mark.parametrize("has_key", [True, False], ids=["with-a-key", "without-any-key"])
def test_operations_in_sequence_answer_as_documented(world: World, has_key: bool) -> None:
    if has_key:
        world.keyed()
    else:
        world.without_keys()

    class Sequences(schema().as_state_machine()):  # type: ignore[misc]
        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            return {"headers": {"X-API-Key": world.key} if has_key else {}}

    run_state_machine_as_test(
        Sequences,
        settings=hypothesis_settings(
            max_examples=SEQUENCES,
            stateful_step_count=STEPS,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
