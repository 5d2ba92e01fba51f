"""A pytest plugin that keeps only the tests that use a database: ``-p tests.database_tests``."""

from __future__ import annotations

import pytest

DATABASE_MARKS = ("django_db", "postgres")
DATABASE_FIXTURES = {"db", "transactional_db", "live_server"}


@pytest.hookimpl(trylast=True)  # once pytest-django has put them in order
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    kept = [item for item in items if uses_database(item)]
    config.hook.pytest_deselected(items=[item for item in items if not uses_database(item)])
    items[:] = kept


def uses_database(item: pytest.Item) -> bool:
    if item.get_closest_marker("one_database") is not None:
        return False
    fixtures = set(getattr(item, "fixturenames", ()))
    return bool(DATABASE_FIXTURES & fixtures) or any(
        item.get_closest_marker(name) is not None for name in DATABASE_MARKS
    )
