"""All stand-in vendors over one market, the verbs to trouble and watch them, and their answers.

Holds the faults in force, the meters and the log of calls. ``asgi`` speaks ASGI for it, ``control``
JSON; ``handle.Sandbox`` adds clients.
"""

from __future__ import annotations

from asyncio import sleep
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from market import clock
from market.sandbox.alternative_me import AlternativeMe
from market.sandbox.binance import Binance
from market.sandbox.calls import CallLog, Violation
from market.sandbox.coinapi import CoinApi
from market.sandbox.coingecko import CoinGecko
from market.sandbox.coinglass import Coinglass
from market.sandbox.coinglass_recorded import RecordedCoinglass
from market.sandbox.faults import (
    HANG_S,
    STALE_BY_MS,
    Fault,
    FaultBook,
    FaultKind,
    instead_of_answer,
    spoil,
)
from market.sandbox.http import (
    ConnectionDropped,
    Endpoint,
    Refused,
    Request,
    Response,
    Vendor,
    find_endpoint,
)
from market.sandbox.keyed import KeyedVendor, example_keys
from market.sandbox.lunarcrush import LunarCrush
from market.sandbox.metering import Charge, Meter
from market.sandbox.okx import Okx
from market.sandbox.replay import ReplayedMarket
from market.sandbox.scenarios import apply_scenario
from market.sandbox.source import MarketSource
from market.sandbox.streams import Conversation
from market.sandbox.telegram import Telegram

_SWITCHING_PROTOCOLS = 101


@dataclass(frozen=True, slots=True)
class Mounted:
    vendor: Vendor
    meter: Meter


class Upstreams:
    """All upstreams over one market."""

    def __init__(self, source: MarketSource, *, latency_ms: int = 0, scenario: str = "") -> None:
        self.source = source
        self.latency_ms = latency_ms
        self._faults = FaultBook()
        self._log = CallLog()
        self.telegram = Telegram()
        # New upstreams are added here.
        vendors: Sequence[Vendor] = (
            Binance(source),
            Okx(source),
            CoinGecko(source),
            AlternativeMe(source),
            Coinglass(source, _recorded_by_coinglass(source)),
            LunarCrush(source),
            CoinApi(source),
            self.telegram,
        )
        self._mounted = [Mounted(vendor, Meter()) for vendor in vendors]
        if scenario:
            self.scenario(scenario)

    # --- verbs --------------------------------------------------------------------------------

    def fault(
        self,
        provider: str,
        kind: str,
        *,
        path: str = "",
        times: int | None = None,
        **parameters: Any,
    ) -> Fault:
        """Set a fault for a provider ("*": all), a path prefix and a number of calls."""
        known = {each.vendor.name for each in self._mounted} | {"*"}
        if provider not in known:
            raise ValueError(f"unknown provider {provider!r}, not one of {sorted(known)}")
        return self._faults.add(provider, kind, path=path, times=times, parameters=parameters)

    def scenario(self, name: str) -> None:
        """Replace the faults in force by a named situation's."""
        apply_scenario(self._faults, name)

    def clear_faults(self, provider: str | None = None, number: int | None = None) -> None:
        self._faults.clear(provider, number)

    def active_faults(self) -> list[Fault]:
        return self._faults.active()

    def calls(
        self, provider: str | None = None, path: str | None = None, symbol: str | None = None
    ) -> int:
        """Return how many calls came in; ``path`` is a prefix below the provider's base URL."""
        return self._log.count(provider, path, symbol)

    def call_summary(self) -> dict[str, Any]:
        return {**self._log.summary(), "spent": {name: self.spent(name) for name in self._keyed}}

    @property
    def violations(self) -> tuple[Violation, ...]:
        """Every call that broke a documented limit, oldest first."""
        return self._log.violations

    @property
    def limit_scale(self) -> float:
        return self._mounted[0].meter.scale

    @limit_scale.setter
    def limit_scale(self, scale: float) -> None:
        """Multiply every vendor's limits, for measurements that are not about limits."""
        for each in self._mounted:
            each.meter.scale = scale

    @property
    def documented(self) -> list[str]:
        """The keyed providers that answer as documented where live answers differ."""
        return [name for name, vendor in self._keyed.items() if vendor.documented]

    @documented.setter
    def documented(self, providers: Sequence[str]) -> None:
        unknown = set(providers) - set(self._keyed)
        if unknown:
            raise ValueError(f"unknown: {sorted(unknown)}, not of {sorted(self._keyed)}")
        for name, vendor in self._keyed.items():
            vendor.documented = name in providers

    @property
    def _keyed(self) -> dict[str, KeyedVendor]:
        vendors = (each.vendor for each in self._mounted)
        return {each.name: each for each in vendors if isinstance(each, KeyedVendor)}

    def spent(self, provider: str) -> dict[str, dict[str, int]]:
        """Return the units a provider accepted since the last reset: key or caller → limit."""
        return next(m.meter.spent() for m in self._mounted if m.vendor.name == provider)

    def set_clock(self, at_ms: int | None) -> None:
        """Hold market time at an instant, or let it run with None. Of this process."""
        clock.fix(at_ms)

    def reset(self) -> None:
        """Forget faults, calls, what was used of the limits and what Telegram delivered."""
        self._faults.clear()
        self.telegram.chats.forget_messages()
        self._log.clear()
        for each in self._mounted:
            each.meter.reset()

    # --- answering ----------------------------------------------------------------------------

    def mounted(self, path: str) -> Mounted | None:
        """Return the vendor under whose prefix a path lies."""
        for each in self._mounted:
            prefix = each.vendor.prefix
            if path == prefix or path.startswith(prefix + "/"):
                return each
        return None

    @property
    def example_keys(self) -> dict[str, list[str]]:
        return example_keys(each.vendor for each in self._mounted)

    @property
    def prefixes(self) -> dict[str, str]:
        return {each.vendor.name: each.vendor.prefix for each in self._mounted}

    async def answer(self, mounted: Mounted, request: Request) -> Response:
        """Answer a vendor's request, faults included; raises ConnectionDropped."""
        name = mounted.vendor.name
        request = mounted.vendor.read(request)
        self._log.record(name, request)
        faults = self._faults.strike(name, request.path)
        await self._delay(name, faults)
        response = await self._respond(mounted, request, faults)
        self._log.record_status(name, response.status)
        for fault in faults:
            if fault.kind is FaultKind.LOST:
                await sleep(float(fault.parameters.get("s", 0.0)))
                raise ConnectionDropped(name, is_done=True)
        return response

    async def converse(self, mounted: Mounted, request: Request) -> Conversation:
        """Open a websocket; raises Refused with the answer instead, or ConnectionDropped."""
        vendor, name = mounted.vendor, mounted.vendor.name
        self._log.record(name, request)
        faults = self._faults.strike_connect(name, request.path)
        await self._delay(name, faults)
        for fault in faults:
            instead = instead_of_answer(fault, name)
            if instead is not None:
                raise self._refused(name, instead)
        if vendor.connect_pool is not None:
            refusal = mounted.meter.charge(request.client, Charge(vendor.connect_pool))
            if refusal is not None:
                self._log.record_violation(name, refusal.pool.name, request.path)
                raise self._refused(name, vendor.limited(refusal))
        stream = vendor.open_stream(request)
        if stream is None:
            raise self._refused(name, vendor.unknown_path())
        self._log.record_status(name, _SWITCHING_PROTOCOLS)
        return Conversation(stream, lambda: self._faults.of_open_stream(name, request.path))

    def _refused(self, name: str, response: Response) -> Refused:
        self._log.record_status(name, response.status)
        return Refused(response)

    async def _delay(self, name: str, faults: Sequence[Fault]) -> None:
        """Be late or silent as the faults say; raises ConnectionDropped where they end it."""
        late_ms = self.latency_ms + sum(
            float(fault.parameters.get("ms", 1_000))
            for fault in faults
            if fault.kind is FaultKind.LATENCY_MS
        )
        if late_ms > 0:
            await sleep(late_ms / 1000.0)
        for fault in faults:
            if fault.kind is FaultKind.HANG:
                await sleep(float(fault.parameters.get("s", HANG_S)))
            if fault.kind in (FaultKind.DEAD, FaultKind.HANG):
                raise ConnectionDropped(name)

    async def _respond(
        self, mounted: Mounted, request: Request, faults: Sequence[Fault]
    ) -> Response:
        vendor = mounted.vendor
        for fault in faults:
            instead = instead_of_answer(fault, vendor.name)
            if instead is not None:
                return instead
        early = vendor.before(request)
        if early is not None:
            return early
        found = find_endpoint(vendor, request)
        if found is None or request.method not in vendor.methods:
            return vendor.unknown_path()
        endpoint, request = found
        stale_ms = sum(
            int(fault.parameters.get("age_ms", STALE_BY_MS))
            for fault in faults
            if fault.kind is FaultKind.STALE
        )
        response = await self._metered(mounted, endpoint, request, clock.now_ms() - stale_ms)
        for fault in faults:
            response = spoil(fault, response)
        return response

    async def _metered(
        self, mounted: Mounted, endpoint: Endpoint, request: Request, now_ms: int
    ) -> Response:
        vendor, meter = mounted.vendor, mounted.meter
        charge = endpoint.charge(request)
        refusal = None if charge is None else meter.charge(request.client, charge)
        if refusal is not None:
            self._log.record_violation(vendor.name, refusal.pool.name, request.path)
            response = vendor.limited(refusal)
        else:
            try:
                answer = endpoint.handler(request, now_ms)
                response = answer if isinstance(answer, Response) else await answer
            except Refused as refused:
                response = refused.response
        return vendor.after(request, endpoint, response, meter)


def _recorded_by_coinglass(source: MarketSource) -> RecordedCoinglass | None:
    return RecordedCoinglass(source.directory) if isinstance(source, ReplayedMarket) else None
