"""Start-up checks look at the machine: folders, file modes, mixed upstreams."""

from __future__ import annotations

import os
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from config import checks


def test_a_writable_data_folder_is_fine(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path

    assert checks.check_data_folder(None) == []


def test_a_data_folder_that_can_still_be_made_is_fine(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path / "a" / "b"

    assert checks.check_data_folder(None) == []


def test_a_file_where_the_data_folder_should_be_is_an_error(
    settings: Settings, tmp_path: Path
) -> None:
    settings.DATA_DIR = tmp_path / "file" / "data"
    settings.DATA_DIR.parent.write_text("")

    assert [message.id for message in checks.check_data_folder(None)] == ["config.E001"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_data_folder_is_an_error(settings: Settings, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    settings.DATA_DIR = tmp_path

    assert [message.id for message in checks.check_data_folder(None)] == ["config.E001"]


@pytest.mark.parametrize(("mode", "ids"), [(0o600, []), (0o400, []), (0o640, ["config.W001"])])
def test_a_secret_that_others_can_read_is_a_warning(
    settings: Settings, tmp_path: Path, mode: int, ids: list[str]
) -> None:
    settings.DATA_DIR = tmp_path
    secret = tmp_path / "secret_key"
    secret.write_text("secret")
    secret.chmod(mode)

    assert [message.id for message in checks.check_secret_files(None)] == ids


@pytest.mark.parametrize(
    ("binance", "others", "ids"),
    [
        ("https://fapi.binance.com", "https://real.example", []),
        ("http://127.0.0.1:9/binance", "http://127.0.0.1:9", []),
        ("http://127.0.0.1:9/binance", "https://real.example", ["config.W002"]),
    ],
)
def test_a_mix_of_sandbox_and_real_upstreams_is_a_warning(
    settings: Settings, binance: str, others: str, ids: list[str]
) -> None:
    for name in (*settings.PROVIDER_BASE_URL_SETTINGS, *settings.STREAM_URL_SETTINGS):
        setattr(settings, name, others)
    settings.BINANCE_BASE_URL = binance

    assert [message.id for message in checks.check_upstreams_not_mixed(None)] == ids


@pytest.mark.parametrize(
    ("header", "proxies", "ids"),
    [
        (None, (), []),
        (("HTTP_X_FORWARDED_PROTO", "https"), (ip_network("127.0.0.1"),), []),
        (("HTTP_X_FORWARDED_PROTO", "https"), (), ["config.W003"]),
    ],
)
def test_a_proxy_that_hides_its_clients_is_a_warning(
    settings: Settings, header: Any, proxies: tuple[Any, ...], ids: list[str]
) -> None:
    settings.SECURE_PROXY_SSL_HEADER = header
    settings.TRUSTED_PROXIES = proxies

    assert [message.id for message in checks.check_proxy_is_known(None)] == ids
