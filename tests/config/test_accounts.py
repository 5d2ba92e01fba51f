"""The first administrator of a fresh installation."""

from __future__ import annotations

import io
import stat
from pathlib import Path

import pytest
from django.contrib.auth import authenticate
from django.core.management import call_command
from django.db import IntegrityError, transaction
from pytest_django import Settings

from config.accounts.models import ApiKey, User

pytestmark = pytest.mark.django_db


def first_start() -> str:
    output = io.StringIO()
    call_command("first_start", stdout=output)
    return output.getvalue()


def password_in(file: Path) -> str:
    return file.read_text().strip().rpartition("password: ")[2]


@pytest.fixture
def admin_file(settings: Settings, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path
    return tmp_path / "admin.txt"


def test_the_first_start_makes_an_administrator_whose_password_only_the_file_tells(
    admin_file: Path,
) -> None:
    output = first_start()

    password = password_in(admin_file)
    assert len(password) == 24
    assert str(admin_file) in output
    assert password not in output
    assert stat.S_IMODE(admin_file.stat().st_mode) == 0o600
    user = authenticate(username="admin", password=password)
    assert user is not None
    assert user.is_superuser


def test_a_second_start_changes_and_says_nothing(admin_file: Path) -> None:
    first_start()
    before = admin_file.read_text(), User.objects.get().password

    output = first_start()

    assert output == ""
    assert (admin_file.read_text(), User.objects.get().password) == before


def test_a_start_interrupted_after_the_file_goes_on_with_its_password(admin_file: Path) -> None:
    first_start()
    password = password_in(admin_file)
    User.objects.all().delete()

    first_start()

    assert authenticate(username="admin", password=password) is not None


def test_an_administrator_made_by_hand_is_left_alone(admin_file: Path) -> None:
    User.objects.create_superuser("somebody", password="by-hand-0123")

    first_start()

    assert not admin_file.exists()
    assert User.objects.count() == 1


def test_the_database_refuses_an_unknown_scope() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        ApiKey.objects.create(name="x", prefix="x", secret_sha256="x", scope="root")
