"""Whose request it is: what may be believed of X-Forwarded-For, and what may not."""

from __future__ import annotations

import ipaddress

import pytest
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from config.api.addresses import client_address

PROXIES = tuple(ipaddress.ip_network(text) for text in ("127.0.0.1", "10.0.0.0/8", "fd00::/8"))


@pytest.mark.parametrize(
    ("remote", "forwarded", "client"),
    [
        # the connection's address, the header, who is counted
        ("203.0.113.7", None, "203.0.113.7"),
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),  # no proxy of ours: the header is a claim
        ("127.0.0.1", None, "127.0.0.1"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "1.2.3.4, 198.51.100.1", "198.51.100.1"),  # 1.2.3.4 is what the client wrote
        ("127.0.0.1", "1.2.3.4, 198.51.100.1, 10.0.0.9", "198.51.100.1"),
        ("127.0.0.1", "10.0.0.1, 10.0.0.2", "10.0.0.1"),
        ("127.0.0.1", "198.51.100.1, unknown", "127.0.0.1"),
        ("127.0.0.1", "198.51.100.1, , 10.0.0.9", "10.0.0.9"),
        ("127.0.0.1", "198.51.100.1:4711", "127.0.0.1"),
        ("::1", "198.51.100.1", "::/64"),
        ("::ffff:127.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
        ("fd00::1", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fd00::1", "[2001:db8:1:2::9]", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:aaaa::1", None, "2001:db8:1:2::/64"),
        ("", "198.51.100.1", "unknown"),
        ("unix:", "198.51.100.1", "unknown"),
    ],
)
def test_the_client_is_whom_the_last_trusted_proxy_saw(
    settings: Settings, remote: str, forwarded: str | None, client: str
) -> None:
    settings.TRUSTED_PROXIES = PROXIES
    meta = {"REMOTE_ADDR": remote}
    if forwarded is not None:
        meta["HTTP_X_FORWARDED_FOR"] = forwarded

    assert client_address(meta) == client


@pytest.mark.parametrize("forwarded", ["198.51.100.1", "127.0.0.1", "x" * 5000, "," * 5000])
def test_without_a_trusted_proxy_the_header_means_nothing(
    settings: Settings, forwarded: str
) -> None:
    settings.TRUSTED_PROXIES = ()

    meta = {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": forwarded}

    assert client_address(meta) == "127.0.0.1"


@given(st.text(max_size=100))
def test_nothing_a_client_writes_left_of_the_proxy_changes_who_it_is(written: str) -> None:
    with override_settings(TRUSTED_PROXIES=PROXIES):
        meta = {
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_X_FORWARDED_FOR": f"{written}, 198.51.100.1, 10.1.2.3",
        }

        assert client_address(meta) == "198.51.100.1"
