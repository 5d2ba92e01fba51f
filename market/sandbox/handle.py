"""``Sandbox``: one stand-in for all upstreams, as tests and the server hold it."""

from __future__ import annotations

from collections.abc import Callable

import httpx

from market.sandbox.in_process import make_client_factory
from market.sandbox.upstreams import Upstreams


class Sandbox(Upstreams):
    """All upstreams over one market, and HTTP clients that need no network to reach them."""

    def client_factory(self) -> Callable[[str], httpx.AsyncClient]:
        """Return what makes an HTTP client for a base URL, answered here without a network."""
        return make_client_factory(self)
