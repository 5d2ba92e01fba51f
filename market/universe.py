"""The universe: which coins there are, kept as rows, refreshed hourly, resolved from memory.

The first request on an empty installation builds the registry in one wave while the others wait;
after that a stale registry goes on serving while one thread renews it. CoinGecko's pages come one
by one as its few calls per minute allow: until then coins lack rank and social data, nothing else.
"""

from __future__ import annotations

import logging
import math
import threading
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.db import connections

from market.instruments import InstrumentRegistry, build_registry
from market.listings import Lists, fetch_lists, joined, keep_registry, stored_registry
from market.providers.errors import ProviderError
from market.providers.refusals import refusal_of
from market.providers.runtime import provider_runtime
from market.store import StoreUnavailable, get_store
from market.types import Venue

logger = logging.getLogger(__name__)

# Venues list a coin or two a day; a new one is tradable here within the hour.
REFRESH_EVERY_S = 3600.0
# After a refresh that a venue did not answer, or while pages are missing.
REFRESH_SOON_S = 300.0
# Market-cap pages of 250: the coins that perpetuals exist for.
COINGECKO_PAGES = 4
# Ranks move slowly, calls are scarce.
PAGE_EVERY_S = 24 * 3600.0
# Between two pages, so that votes and trending get their share of the minute's calls.
PAGE_SPACING_S = 60.0
# What a refresh may take; the request that waits for the first one still has to collect.
REFRESH_DEADLINE_S = 3.0
# How often a process looks whether another one has renewed the registry.
_LOOK_EVERY_S = 5.0
_WATCH_EVERY_S = 0.05
# When to come again after a failure that names no time.
RETRY_AFTER_S = 10.0


class MarketUnavailable(Exception):
    """No provider answered, and nothing fresh is stored.

    ``failures`` are why, as far as known: with our own budget used up, nobody is down.
    """

    detail = "No market data provider answers at present; try again shortly."
    retry_after_s = RETRY_AFTER_S

    def __init__(self, failures: Iterable[ProviderError] = ()) -> None:
        self.failures = tuple(failures)
        super().__init__(*self.failures)
        if self.failures:
            self.retry_after_s = float(math.ceil(min(map(_wait_s, self.failures))))
            said = "; ".join(dict.fromkeys(map(str, self.failures)))
            self.detail = f"No market data can be had now ({said}); {self.come_again}."

    @property
    def reason(self) -> str:
        """Why, where the source is known from what was asked for."""
        details = dict.fromkeys(failure.detail for failure in self.failures)
        return "; ".join(details) or "no answer in time"

    @property
    def come_again(self) -> str:
        return f"try again in {self.retry_after_s:.0f} s"


def _wait_s(failure: ProviderError) -> float:
    refusal = refusal_of(failure)
    return RETRY_AFTER_S if refusal is None else refusal.retry_after_s


@dataclass(slots=True)
class _Cached:
    environment: str
    version: bytes | None
    registry: InstrumentRegistry
    looked_at: float  # time.monotonic()


_lock = threading.Lock()
_cached: _Cached | None = None


def reset() -> None:
    """Forget what this process knows (tests, after a fork with another environment)."""
    global _cached
    _cached = None


def instrument_registry() -> InstrumentRegistry:
    """Return the registry; build it when there is none. Raises MarketUnavailable."""
    global _cached
    cached = _cached
    if cached is not None and cached.environment == settings.ENVIRONMENT:
        if time.monotonic() - cached.looked_at < _LOOK_EVERY_S:
            return cached.registry
        cached.looked_at = time.monotonic()
        try:
            _renew_in_background_if_due()
            if get_store().get(_key("version")) == cached.version:
                return cached.registry
        except StoreUnavailable:
            logger.exception("universe not looked after, the store is away")
            return cached.registry
    with _lock:
        version = get_store().get(_key("version"))
        registry = stored_registry()
        if registry is None and cached is not None:
            return cached.registry  # the database is away; what is known still serves
        if not registry:
            registry = _first_registry()
            version = get_store().get(_key("version"))
        _cached = _Cached(settings.ENVIRONMENT, version, registry, time.monotonic())
        return registry


def refresh_universe() -> InstrumentRegistry:
    """Ask the venues what they list, keep it, return it. Raises MarketUnavailable.

    A venue that does not answer keeps the listings it had.
    """
    page = _next_page()
    try:
        lists = provider_runtime().run(
            lambda providers: fetch_lists(providers, page, REFRESH_DEADLINE_S),
            timeout_s=REFRESH_DEADLINE_S + 1.0,
        )
    except TimeoutError:
        raise MarketUnavailable from None
    if not lists.answered & {Venue.BINANCE, Venue.OKX}:
        raise MarketUnavailable(lists.failures)
    fresh = build_registry(
        binance=lists.binance, okx=lists.okx, coins=lists.coins, unit_prices=lists.unit_prices
    )
    stored = stored_registry()
    registry = joined(fresh, stored or InstrumentRegistry([]), lists.answered)
    if stored is not None:
        keep_registry(registry)
    _mark_refreshed(lists, page)
    logger.info(
        "universe refreshed",
        extra={"coins": len(registry), "answered": sorted(lists.answered), "page": page},
    )
    return registry


# --- When -----------------------------------------------------------------------------------------


def _key(name: str) -> str:
    return f"universe:{settings.ENVIRONMENT}:{name}"


def _next_page() -> int | None:
    """Return the CoinGecko page whose turn it is, if any."""
    store = get_store()
    for page in range(1, COINGECKO_PAGES + 1):
        if store.get(_key(f"page:{page}")) is None:
            return page
    return None


def _mark_refreshed(lists: Lists, page: int | None) -> None:
    store = get_store()
    if page is not None and Venue.COINGECKO in lists.answered:
        store.set(_key(f"page:{page}"), b"1", PAGE_EVERY_S)
    complete = lists.answered >= {Venue.BINANCE, Venue.OKX}
    wait_s = REFRESH_EVERY_S if complete else REFRESH_SOON_S
    if _next_page() is not None:
        wait_s = PAGE_SPACING_S
    store.set(_key("fresh"), b"1", wait_s)
    store.set(_key("version"), uuid.uuid4().bytes, 7 * 24 * 3600.0)


def refresh_if_due() -> None:
    """Renew the registry when its time has come and no other process is at it."""
    if _is_mine_to_renew():
        _refresh_or_postpone()


def _renew_in_background_if_due() -> None:
    if _is_mine_to_renew():
        start_renewal()


def _is_mine_to_renew() -> bool:
    store = get_store()
    return store.get(_key("fresh")) is None and store.add(
        _key("renewing"), b"1", REFRESH_DEADLINE_S + 2.0
    )


def start_renewal() -> None:
    threading.Thread(target=_renew, name="universe-refresh", daemon=True).start()


def _refresh_or_postpone() -> None:
    try:
        refresh_universe()
    except MarketUnavailable:
        logger.warning("universe not refreshed: no venue answers")
        get_store().set(_key("fresh"), b"1", PAGE_SPACING_S)  # ask again, but not at once


def _renew() -> None:
    try:
        _refresh_or_postpone()
    except Exception:  # a thread's outer edge
        logger.exception("universe not refreshed")
    finally:
        connections.close_all()


def _first_registry() -> InstrumentRegistry:
    """Build the registry, or wait for the process that is building it."""
    store = get_store()
    lock, token = _key("building"), uuid.uuid4().bytes
    give_up_at = time.monotonic() + REFRESH_DEADLINE_S + 1.0
    while True:
        if store.add(lock, token, REFRESH_DEADLINE_S + 2.0):
            try:
                # Its last holder may have finished between the look and the lock.
                return stored_registry() or refresh_universe()
            finally:
                store.release(lock, token)
        if time.monotonic() > give_up_at:
            raise MarketUnavailable
        time.sleep(_WATCH_EVERY_S)
        registry = stored_registry()
        if registry:
            return registry
