"""The commands of docs/operations.md, as far as a test can follow them."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command

from config.accounts.models import User
from config.supervisor import DEFAULT_PORT, background, web

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "operations.md").read_text()


@pytest.mark.django_db
def test_the_data_moves_with_the_commands_of_the_page(tmp_path: Path) -> None:
    [line] = re.findall(r"^\./run manage (dumpdata .*)$", TEXT, re.MULTILINE)
    User.objects.create_user("somebody", password="a long password")
    words = shlex.split(line)
    file = tmp_path / words[words.index("--output") + 1]
    words[words.index("--output") + 1] = str(file)

    call_command(*words)
    User.objects.all().delete()
    call_command("loaddata", str(file), verbosity=0)

    assert User.objects.get().check_password("a long password")


def test_what_is_no_table_is_left_out_of_the_move() -> None:
    [line] = re.findall(r"^\./run manage (dumpdata .*)$", TEXT, re.MULTILINE)
    unmanaged = {model._meta.label_lower for model in apps.get_models() if not model._meta.managed}

    assert unmanaged <= set(shlex.split(line))


@pytest.mark.parametrize(
    "program", [web(DEFAULT_PORT), *background()], ids=lambda program: program.name
)
def test_the_page_names_the_command_of_every_process(program: object) -> None:
    words = " ".join(program.command[1:])  # type: ignore[attr-defined]

    assert words.removeprefix("-m celery ") in TEXT
