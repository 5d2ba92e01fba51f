"""Coins that are new in a watchlist get their windows in the background.

A scan reads whole windows of new coins itself, as far as its deadline and the budgets go, so a few
new coins are no matter. Hundreds take several budget windows, of which scans use only the part
around their start: here the part between them is used, and never more than half of a budget, so
that the next scan finds its own. Nor is a worker kept from a scan: that comes first.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable

from django.conf import settings

from config.shift import Shift
from market import series
from market.chains import STATISTICS
from market.fill import COINS_PER_WAVE, fill
from market.instruments import UnknownSymbol
from market.models import SeriesKind
from market.providers.binance_limits import NAME as BINANCE
from market.providers.binance_limits import binance_policy
from market.providers.rate_limit import used_budgets
from market.services import resolve_symbol
from market.store import get_store
from market.types import Instrument
from market.universe import MarketUnavailable
from market.watchlists import watched_bases

logger = logging.getLogger(__name__)

# The scarcest of what a new coin needs: Binance's statistics, six calls a coin.
_POOL = "data"
_MOST_USED_SHARE = 0.5
# What one tick works at most before it lets the queues go on; a wave more is on its way by then.
# With a single worker all else waits for it, the tick that starts scans included.
_WORK_S = 10.0
# A wave takes some seconds, OKX's pages of liquidations most of them; longer when a venue hangs.
_WAVE_S = 30.0
# A coin that a source does not have would be asked for again and again.
_TRY_AGAIN_AFTER_S = 6 * 3600.0
_WINDOWS = frozenset({SeriesKind.CANDLES, *STATISTICS})

_comes_first: list[Callable[[], bool]] = []


def give_way(is_waiting: Callable[[], bool]) -> None:
    """Fill nothing while this tells that work which somebody waits for has no worker."""
    _comes_first.append(is_waiting)


def fill_watched() -> list[str]:
    """Fill watched coins without windows while the budget is half free; return which."""
    store, lock, token = get_store(), f"filling:{settings.ENVIRONMENT}", uuid.uuid4().bytes
    if not store.add(lock, token, _WORK_S + _WAVE_S + 5.0):
        return []  # another worker is at it
    shift = Shift(_WORK_S)
    filled: list[str] = []
    try:
        cold = _cold_coins()
        while cold and not shift.is_over and not _is_awaited() and _budget_is_half_free():
            wave, cold = cold[:COINS_PER_WAVE], cold[COINS_PER_WAVE:]
            filled += [coin.base for coin in fill(wave, lambda _: None, wave_deadline_s=_WAVE_S)]
            for coin in wave:
                store.set(_tried_key(coin), b"1", _TRY_AGAIN_AFTER_S)
    except MarketUnavailable:
        logger.warning("no coin filled: no venue answers")
    finally:
        store.release(lock, token)
    return filled


def _is_awaited() -> bool:
    return any(is_waiting() for is_waiting in _comes_first)


def _cold_coins() -> list[Instrument]:
    bases = watched_bases()
    kinds = series.kinds_of(bases)
    cold = []
    for base in bases:
        if kinds.get(base, frozenset()) >= _WINDOWS:
            continue
        try:
            coin = resolve_symbol(base)
        except UnknownSymbol:
            continue  # a scan says so
        if get_store().get(_tried_key(coin)) is None:
            cold.append(coin)
    return cold


def _budget_is_half_free() -> bool:
    pools = binance_policy(settings.PROVIDER_BUDGET_SHARE).pools[_POOL]
    return all(
        used <= limit * _MOST_USED_SHARE
        for _, used, limit in used_budgets(get_store(), BINANCE, pools)
    )


def _tried_key(coin: Instrument) -> str:
    return f"filled:{settings.ENVIRONMENT}:{coin.symbol.base}"
