"""Whose request it is when no key says so: the address, through proxies that the settings trust.

``X-Forwarded-For`` is written by whoever likes to. It is read from the right, as far as trusted
proxies wrote it: the first address that is none of them is the client. What a client wrote further
left is never looked at.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django.conf import settings

from config.env import Network

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# A household or a server has a /64 of its own to choose addresses from.
_IPV6_CLIENT_BITS = 64
# More hops than any chain of proxies; what is longer is not read.
_MOST_HOPS = 16


def client_address(meta: Mapping[str, Any]) -> str:
    """Return the address that a request came from, IPv6 as its /64."""
    forwarded = meta.get("HTTP_X_FORWARDED_FOR", "") if settings.TRUSTED_PROXIES else ""
    return _client(meta.get("REMOTE_ADDR", ""), forwarded, settings.TRUSTED_PROXIES)


@lru_cache(maxsize=4096)
def _client(remote: str, forwarded: str, trusted: tuple[Network, ...]) -> str:
    client = _parsed(remote)
    if client is None:
        return "unknown"  # a socket without addresses: all who come through it are one
    hops = forwarded.split(",")[-_MOST_HOPS:] if forwarded else []
    while hops and any(client in network for network in trusted):
        before = _parsed(hops.pop())
        if before is None:
            break
        client = before
    return _grouped(client)


def _parsed(text: str) -> Address | None:
    try:
        address = ipaddress.ip_address(text.strip().strip("[]"))
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _grouped(address: Address) -> str:
    if address.version == 4:
        return str(address)
    network = ipaddress.ip_network((int(address), _IPV6_CLIENT_BITS), strict=False)
    return str(network)
