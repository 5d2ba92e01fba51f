"""Watchlists: what may stand in one, when it is due, in and out as CSV, edited in the admin."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse

from market import clock, universe
from market.instruments import RENAMED
from market.models import ListedSymbol, Watchlist, WatchlistCoin
from market.universe import MarketUnavailable
from market.watchlist_csv import from_csv, to_csv
from market.watchlists import (
    bases_of,
    check_coins,
    is_due,
    next_due_at,
    set_coins,
    split_names,
    watched_bases,
    watchlists,
)


def make_list(name: str = "Main", *bases: str, **columns: Any) -> Watchlist:
    watchlist = Watchlist.objects.create(environment="test", name=name, **columns)
    set_coins(watchlist, bases or ("BTC", "ETH"))
    return watchlist


@pytest.fixture
def no_market(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no registry and nobody to ask for one."""

    def away() -> None:
        raise MarketUnavailable

    monkeypatch.setattr(universe, "_first_registry", away)


# --- Coins ----------------------------------------------------------------------------------------


def test_names_are_separated_by_whatever_people_use() -> None:
    assert split_names(" BTC, ETH;SOL\n\n1000PEPE\tXRP ") == [
        "BTC",
        "ETH",
        "SOL",
        "1000PEPE",
        "XRP",
    ]


def test_any_spelling_becomes_the_canonical_name_and_stands_once(listed: None) -> None:
    checked = check_coins(["btc", "BTCUSDT", "ETH-USDT-SWAP", "1000PEPE", "bitcoin"])

    assert checked.bases == ("BTC", "ETH", "PEPE")
    assert checked.remarks == ()


def test_a_renamed_coin_gets_its_new_name_and_that_is_told(listed: None) -> None:
    checked = check_coins(["MATIC", "ftm"])

    assert checked.bases == ("POL", "S")
    assert checked.remarks == ("MATIC is called POL now.", "FTM is called S now.")


def test_every_unknown_name_is_refused_with_the_closest_ones(listed: None) -> None:
    with pytest.raises(ValidationError) as refused:
        check_coins(["BTC", "DOGEE", "ÄÖÜ"])

    first, second = refused.value.messages
    assert "DOGEE" in first
    assert "Did you mean DOGE" in first
    assert "ÄÖÜ" in second


@pytest.mark.parametrize(("names", "told"), [([], "at least one"), (["x" * 500], "xxx")])
def test_no_names_and_endless_names_are_refused(listed: None, names: list[str], told: str) -> None:
    with pytest.raises(ValidationError) as refused:
        check_coins(names)

    [message] = refused.value.messages
    assert told in message
    assert len(message) < 200


def test_a_delisted_coin_stays_in_its_list_but_gets_into_no_other(listed: None) -> None:
    ListedSymbol.objects.filter(base="XRP").update(delisted_at=clock.now())

    assert check_coins(["XRP", "BTC"], known=["XRP"]).bases == ("XRP", "BTC")
    with pytest.raises(ValidationError, match="XRP"):
        check_coins(["XRP", "BTC"])


def test_with_the_market_away_a_list_stays_valid_and_gets_no_new_coins(
    no_market: None, db: None
) -> None:
    assert check_coins(["BTC", "matic"], known=["BTC", "POL"]).bases == ("BTC", "POL")

    with pytest.raises(ValidationError, match="SOL cannot be looked up now"):
        check_coins(["BTC", "SOL"], known=["BTC"])


def test_the_first_list_has_38_coins_by_their_present_names(db: None) -> None:
    for environment in ("live", "sandbox"):
        first = Watchlist.objects.get(environment=environment)
        assert (first.name, first.enabled, first.period_min) == ("Main", True, 15)
        bases = bases_of(first)
        assert len(bases) == len(set(bases)) == 38
        assert bases[:3] == ["BTC", "ETH", "BNB"]
        assert set(bases).isdisjoint(RENAMED)
        assert set(bases) >= set(RENAMED.values())


def test_lists_of_another_environment_are_not_seen(db: None) -> None:
    make_list("Mine", "BTC")

    assert [row.name for row in watchlists()] == ["Mine"]
    assert watched_bases() == ["BTC"]


def test_watched_coins_are_those_of_enabled_lists_once_each(db: None) -> None:
    make_list("One", "ETH", "BTC")
    make_list("Two", "BTC", "SOL")
    make_list("Off", "XRP", enabled=False)

    assert watched_bases() == ["ETH", "BTC", "SOL"]


@pytest.mark.parametrize(
    "columns", [{"name": "main"}, {"period_min": 4}, {"period_min": 1441}, {"environment": "x"}]
)
def test_the_database_itself_refuses_what_is_no_list(db: None, columns: dict[str, Any]) -> None:
    make_list("Main")

    with pytest.raises(IntegrityError):
        Watchlist.objects.create(**{"environment": "test", "name": "Other", **columns})


# --- When -----------------------------------------------------------------------------------------


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("period_min", "last", "now", "due", "next_at"),
    [
        (15, None, "2026-01-08 12:07:00", True, "2026-01-08 12:07:00"),
        (15, "2026-01-08 12:00:00", "2026-01-08 12:14:59.999", False, "2026-01-08 12:15:00"),
        (15, "2026-01-08 12:00:00", "2026-01-08 12:15:00", True, "2026-01-08 12:15:00"),
        # A scan begun late in its period does not put the next one off.
        (15, "2026-01-08 12:14:59", "2026-01-08 12:15:00", True, "2026-01-08 12:15:00"),
        # A missed minute of the beat, or a night without power: one scan, at once.
        (15, "2026-01-08 12:00:30", "2026-01-08 12:16:40", True, "2026-01-08 12:16:40"),
        (15, "2026-01-07 12:00:30", "2026-01-08 12:16:40", True, "2026-01-08 12:16:40"),
        (5, "2026-01-08 12:05:00", "2026-01-08 12:09:59", False, "2026-01-08 12:10:00"),
        (60, "2026-01-08 12:01:00", "2026-01-08 12:59:59", False, "2026-01-08 13:00:00"),
        (1440, "2026-01-08 00:00:20", "2026-01-08 23:59:59", False, "2026-01-09 00:00:00"),
        (1440, "2026-01-08 00:00:20", "2026-01-09 00:00:00", True, "2026-01-09 00:00:00"),
        # A clock that was set back: the scan was in what is now the future; nothing is due twice.
        (15, "2026-01-08 12:20:00", "2026-01-08 12:16:00", False, "2026-01-08 12:30:00"),
    ],
)
def test_a_list_is_due_once_in_every_period_of_the_clock(
    period_min: int, last: str | None, now: str, due: bool, next_at: str
) -> None:
    watchlist = Watchlist(period_min=period_min, last_started_at=None if last is None else at(last))

    assert is_due(watchlist, at(now)) is due
    assert next_due_at(watchlist, at(now)) == at(next_at)


# --- CSV ------------------------------------------------------------------------------------------


def test_what_is_exported_comes_in_again_the_same(listed: None) -> None:
    make_list("Main", "ETH", "BTC", tags="majors slow", period_min=60, profile_name="")
    make_list("Off", "SOL", enabled=False)
    before = to_csv(watchlists())
    watchlists().delete()

    assert from_csv(before) == []

    assert to_csv(watchlists()) == before
    assert WatchlistCoin.objects.filter(watchlist__environment="test").count() == 3


def test_a_list_of_the_same_name_is_replaced(listed: None) -> None:
    watchlist = make_list("Main", "ETH", "BTC")

    remarks = from_csv("name,coins\nmain,SOL matic\n")

    watchlist.refresh_from_db()
    assert watchlist.name == "main"
    assert bases_of(watchlist) == ["SOL", "POL"]
    assert remarks == ["main: MATIC is called POL now."]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "coins must be among them"),
        ("name;coins\nA;BTC\n", "must be among them"),
        ("name,coins\nA,NOPE\n", "Line 2: Nothing tradable is called NOPE"),
        ("name,coins\nA,\n", "Line 2: A list has at least one coin"),
        ("name,coins\n,BTC\n", "Line 2: This field cannot be blank"),
        ("name,coins\n=cmd(),BTC\n", "Line 2: Letters, digits"),
        ("name,coins,period_min\nA,BTC,4\n", "Line 2: Ensure this value is greater"),
        ("name,coins,period_min\nA,BTC,soon\n", "Line 2: period_min is a number"),
        ("name,coins,enabled\nA,BTC,maybe\n", "Line 2: enabled is yes or no"),
        ("name,coins,profile\nA,BTC,nope\n", "Line 2: There is no scoring profile nope"),
        ("name,coins\nA,BTC\na,ETH\n", "Line 3: There is a line for this list already"),
    ],
)
def test_one_faulty_line_changes_nothing_and_is_named(listed: None, text: str, told: str) -> None:
    with pytest.raises(ValidationError) as refused:
        from_csv(text)

    assert told in " ".join(refused.value.messages)
    assert not watchlists().exists()


# --- The admin ------------------------------------------------------------------------------------


def form(**changes: Any) -> dict[str, Any]:
    fields = {"name": "Mine", "enabled": "on", "tags": "", "profile_name": "", "period_min": 15}
    return {**fields, "coins_text": "BTC eth", **changes}


ADD, LISTS, IMPORT = (f"admin:market_watchlist_{page}" for page in ("add", "changelist", "import"))


def test_a_list_is_made_and_changed_in_the_admin(listed: None, admin_client: Client) -> None:
    admin_client.post(reverse(ADD), form(profile_name="aggressive"))
    made = watchlists().get()
    url = reverse("admin:market_watchlist_change", args=[made.pk])
    page = admin_client.get(url).content.decode()
    told = admin_client.post(
        url, form(coins_text="SOL matic", period_min=60), follow=True
    ).content.decode()

    made.refresh_from_db()
    assert "BTC ETH" in page
    assert "MATIC is called POL now." in told
    assert (bases_of(made), made.period_min, made.profile_name) == (["SOL", "POL"], 60, "")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"coins_text": "BTC DOGEE"}, "Did you mean DOGE"),
        ({"period_min": 3}, "greater than or equal to 5"),
        ({"profile_name": "nope"}, "not one of the available choices"),
        ({"name": "mAIN"}, "There is a watchlist of this name."),
    ],
)
def test_the_admin_says_what_is_wrong_with_a_list(
    listed: None, admin_client: Client, changes: dict[str, Any], told: str
) -> None:
    make_list("Main")

    page = admin_client.post(reverse(ADD), form(**changes)).content.decode()

    assert told in page
    assert [row.name for row in watchlists()] == ["Main"]


def test_with_the_market_away_a_list_can_still_be_edited(
    no_market: None, admin_client: Client
) -> None:
    watchlist = make_list("Main", "BTC", "ETH")
    url = reverse("admin:market_watchlist_change", args=[watchlist.pk])

    admin_client.post(url, form(name="Main", period_min=30, coins_text="ETH"))

    watchlist.refresh_from_db()
    assert (watchlist.period_min, bases_of(watchlist)) == (30, ["ETH"])


def test_lists_are_switched_off_and_on_and_found_by_a_coin(db: None, admin_client: Client) -> None:
    one, two = make_list("One", "BTC"), make_list("Two", "SOL", tags="fast")

    admin_client.post(reverse(LISTS), {"action": "disable", "_selected_action": [one.pk]})
    off = [row.name for row in watchlists().filter(enabled=False)]
    admin_client.post(reverse(LISTS), {"action": "enable", "_selected_action": [one.pk]})
    by_coin = admin_client.get(reverse(LISTS) + "?q=SOL").context["cl"].result_list
    by_tag = admin_client.get(reverse(LISTS) + "?q=fast").context["cl"].result_list

    assert off == ["One"]
    assert watchlists().filter(enabled=True).count() == 2
    assert [row.pk for row in by_coin] == [row.pk for row in by_tag] == [two.pk]


def test_lists_go_out_and_in_as_a_file(listed: None, admin_client: Client) -> None:
    watchlist = make_list("Main", "BTC", "ETH")
    sent = admin_client.post(
        reverse(LISTS), {"action": "export_csv", "_selected_action": [watchlist.pk]}
    )
    watchlist.delete()

    answer = admin_client.post(
        reverse(IMPORT), {"file": SimpleUploadedFile("lists.csv", sent.content)}
    )

    assert sent["Content-Type"].startswith("text/csv")
    assert answer.status_code == 302
    assert bases_of(watchlists().get()) == ["BTC", "ETH"]


@pytest.mark.parametrize(
    ("content", "told"),
    [(b"\xff\xfe\x00", "not UTF-8"), (b"name,coins\nA,NOPE\n", "Line 2: Nothing tradable")],
)
def test_a_file_that_cannot_be_read_says_why(
    listed: None, admin_client: Client, content: bytes, told: str
) -> None:
    answer = admin_client.post(reverse(IMPORT), {"file": SimpleUploadedFile("x.csv", content)})

    assert told in answer.content.decode()
    assert not watchlists().exists()


def test_who_may_not_change_lists_may_not_import_any(
    client: Client, django_user_model: Any
) -> None:
    reader = django_user_model.objects.create_user("reader", password="x", is_staff=True)
    client.force_login(reader)

    assert client.get(reverse(IMPORT)).status_code == 403
