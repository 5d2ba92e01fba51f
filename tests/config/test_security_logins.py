"""Log-ins to the admin: few guesses, no lockout of others, an audit entry for each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from config.accounts import logins
from config.accounts.models import AuditEntry, User
from tests.config.counters import FakeCounters, fake_counters

pytestmark = pytest.mark.django_db

LOGIN = "/admin/login/?next=/admin/"
RIGHT = "right-password-0"
HERE, THERE = "203.0.113.7", "198.51.100.1"


@pytest.fixture(autouse=True)
def counters() -> Iterator[FakeCounters]:
    with fake_counters(at_s=60.0) as fake:
        yield fake


@pytest.fixture(autouse=True)
def boss() -> User:
    return User.objects.create_superuser("boss", password=RIGHT)


def log_in(
    password: str, *, name: str = "boss", address: str = HERE, client: Client | None = None
) -> Any:
    data = {"username": name, "password": password}
    return (client or Client()).post(LOGIN, data, REMOTE_ADDR=address)


def guess(times: int, **options: Any) -> list[int]:
    return [log_in("wrong", **options).status_code for _ in range(times)]


def test_after_ten_guesses_at_a_name_even_the_right_password_waits(
    counters: FakeCounters,
) -> None:
    guesses = guess(10)

    refused = log_in(RIGHT)
    counters.at_s = logins.WINDOW_S
    later = log_in(RIGHT)

    assert guesses == [200] * 10
    assert refused.status_code == 429
    assert refused["Retry-After"] == str(logins.WINDOW_S - 60)
    assert "Try again in 14 minutes." in refused.content.decode()
    assert "sessionid" not in refused.cookies
    assert later.status_code == 302


def test_an_address_that_guesses_does_not_lock_out_the_same_name_elsewhere() -> None:
    guess(30)

    assert log_in(RIGHT, address=THERE).status_code == 302


def test_an_address_cannot_go_through_many_names() -> None:
    statuses = [guess(1, name=f"name-{number}")[0] for number in range(31)]

    assert statuses == [200] * 30 + [429]


def test_many_addresses_cannot_go_on_at_one_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logins, "ATTEMPTS_PER_NAME", 5)

    statuses = [guess(1, address=f"203.0.113.{number}")[0] for number in range(6)]

    assert statuses == [200] * 5 + [429]


def test_who_has_logged_in_from_a_browser_before_is_locked_out_by_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(logins, "ATTEMPTS_PER_NAME", 5)
    browser = Client()
    log_in(RIGHT, client=browser)
    browser.cookies.pop("sessionid")
    guess(31)
    for number in range(6):
        guess(1, address=f"203.0.113.{number}")

    assert log_in(RIGHT).status_code == 429
    assert log_in(RIGHT, client=browser).status_code == 302


def test_a_known_browser_guesses_no_more_than_others() -> None:
    browser = Client()
    log_in(RIGHT, client=browser)
    browser.cookies.pop("sessionid")

    statuses = guess(10, client=browser)

    assert statuses == [200] * 10
    assert guess(1, client=browser) == [429]


def test_a_browser_is_known_for_the_name_it_logged_in_with_alone() -> None:
    User.objects.create_superuser("other", password=RIGHT)
    browser = Client()
    log_in(RIGHT, client=browser)
    browser.cookies.pop("sessionid")
    guess(10, name="other", address=THERE)

    assert log_in(RIGHT, name="other", address=THERE, client=browser).status_code == 429


@pytest.mark.parametrize("forged", ["", "x", "x.y", "a" * 5000])
def test_a_forged_cookie_makes_no_browser_known(forged: str) -> None:
    guess(10)
    browser = Client()
    browser.cookies["known_browser"] = forged

    assert log_in(RIGHT, client=browser).status_code == 429


def test_the_cookie_of_a_known_browser_is_kept_from_scripts_and_other_sites() -> None:
    cookie = log_in(RIGHT).cookies["known_browser"]

    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["path"] == "/admin/"
    assert "boss" not in cookie.value


def test_without_the_store_people_can_still_log_in(counters: FakeCounters) -> None:
    counters.is_away = True

    assert log_in(RIGHT).status_code == 302


def written() -> list[tuple[str, str, Any]]:
    return list(AuditEntry.objects.order_by("id").values_list("actor", "action", "detail"))


def test_every_log_in_is_written_down_with_its_address() -> None:
    log_in("wrong")
    log_in(RIGHT, address=THERE)

    assert written() == [
        ("boss", "login.failed", {"address": HERE}),
        ("boss", "login.succeeded", {"address": THERE}),
    ]


def test_a_name_that_nobody_has_is_not_written_for_it_may_be_a_password() -> None:
    log_in("wrong", name="my-real-password")

    assert written() == [("(an unknown name)", "login.failed", {"address": HERE})]


def test_a_limit_that_is_reached_is_written_once() -> None:
    guess(14)

    throttled = [entry for entry in written() if entry[1] == "login.throttled"]
    assert throttled == [("boss", "login.throttled", {"address": HERE})]
    assert len(written()) == 11


def test_names_do_not_lie_in_the_store(counters: FakeCounters) -> None:
    log_in("wrong")

    assert "boss" not in str(counters.totals)
