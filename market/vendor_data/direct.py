"""One direct request to a paid vendor: who may ask, who pays, and what a failure means to clients.

Runs on the provider runtime inside ``payer.for_client``: each call pays into the clients' share of
the vendor's budget, an answer from the shared cache costs nothing, the same question asked twice at
once is asked of the vendor once. A vendor slower than our deadline is given its time after the
client was told so: the next request finds the answer. Only half of a process's threads may be in
here at a time: the other half goes on answering signals while a vendor takes its time.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.conf import settings

from market import clock
from market.providers.errors import ProviderError, ProviderRejected
from market.providers.lasting import LASTING_S
from market.providers.payer import ClientShareSpent, for_client
from market.providers.refusals import EndpointRefused, Scope, refusal_of
from market.providers.registry import Providers
from market.providers.replies import Reply
from market.providers.runtime import provider_runtime
from market.vendor_data.failures import (
    KeyMissing,
    NothingThere,
    OutsidePlan,
    ShareSpent,
    Vendor,
    VendorFailure,
    VendorSilent,
)

ClientT = TypeVar("ClientT")
T = TypeVar("T")
V = TypeVar("V")

# How long a request waits for one of the places: warm answers take milliseconds.
PLACE_WAIT_S = 0.5
# When to ask again after a failure that names no time; by then the breaker knows better.
RETRY_AFTER_S = 10.0
_BUSY_AGAIN_S = 1.0
# How the providers' policies say that there is no such thing; all else may come right later.
_NOTHING = ("does not know", "has no data")
# What the providers meter that do not count calls.
COST_UNITS = {"coinapi": "credits", "binance": "weight"}


@dataclass(frozen=True, slots=True)
class Shortfall:
    """A part that could not be read, or was only partly readable."""

    reading: str
    source: str
    detail: str

    def plain(self) -> dict[str, str]:
        return {"reading": self.reading, "source": self.source, "detail": self.detail}


@dataclass(slots=True)
class Findings(Generic[ClientT]):
    """The client to ask, and what its answers were made of: their age, raw bodies and faults."""

    vendor: Vendor
    client: ClientT
    source: str
    plan: str | None = None
    fetched_at_ms: int | None = None  # of the oldest part
    raw: dict[str, Any] = field(default_factory=dict)
    problems: list[Shortfall] = field(default_factory=list)

    def take(self, reply: Reply[T]) -> T:
        """Return a reply's value; note its age, its raw body and what could not be read."""
        self.dated(reply.fetched_at_ms)
        self.raw[self._name(reply.endpoint)] = reply.payload
        if reply.refused:
            said = f"{reply.refused} unreadable value(s) left out: {'; '.join(reply.reasons[:3])}"
            self.problems.append(Shortfall(reply.endpoint, self.source, said))
        return reply.value

    def dated(self, fetched_at_ms: int) -> None:
        if self.fetched_at_ms is None or fetched_at_ms < self.fetched_at_ms:
            self.fetched_at_ms = fetched_at_ms

    async def every(self, *asked: Awaitable[Reply[T]]) -> list[T]:
        """Take several replies, asked at once. Raises the first failure, after all have ended."""
        return [self.take(reply) for reply in await _all(asked)]

    async def parts(
        self, asked: dict[str, Awaitable[V]]
    ) -> tuple[dict[str, V], dict[str, VendorFailure]]:
        """Await named parts at once; return those that came, and why the others did not."""
        outcomes = await asyncio.gather(*asked.values(), return_exceptions=True)
        came: dict[str, V] = {}
        missing: dict[str, VendorFailure] = {}
        for name, outcome in zip(asked, outcomes, strict=True):
            if isinstance(outcome, ProviderError):
                missing[name] = self.failure(outcome)
            elif isinstance(outcome, VendorFailure):
                missing[name] = outcome
            elif isinstance(outcome, BaseException):
                raise outcome
            else:
                came[name] = outcome
        self.problems += [
            Shortfall(name, self.source, failure.detail) for name, failure in missing.items()
        ]
        return came, missing

    def failure(self, error: ProviderError) -> VendorFailure:
        """Return what an upstream failure means to whoever asked for the data itself."""
        vendor, own = self.vendor, self.source == self.vendor.name
        title = vendor.title if own else self.source
        said = f"{title}: {error.detail}"
        if isinstance(error, ClientShareSpent):
            return ShareSpent(
                vendor.name,
                f"The share of the {title} budget that direct requests may use is spent; "
                "scans and signals keep the rest.",
                retry_after_s=error.retry_after_s,
            )
        refusal = refusal_of(error)
        if isinstance(error, EndpointRefused):
            return OutsidePlan(
                vendor.name,
                f"{said}. The plan in use is {self.plan} ({vendor.plan_variable}).",
                retry_after_s=error.retry_after_s,
            )
        if refusal is not None and refusal.scope is Scope.KEY:
            said = f"{said}; check {vendor.key_variable}"
        if refusal is not None:
            return VendorSilent(vendor.name, f"{said}.", retry_after_s=refusal.retry_after_s)
        if isinstance(error, ProviderRejected) and error.detail.startswith(_NOTHING):
            return NothingThere(vendor.name, f"{said}.")
        return VendorSilent(vendor.name, f"{said}.", retry_after_s=RETRY_AFTER_S)

    def _name(self, endpoint: str) -> str:
        count = sum(name.partition("#")[0] == endpoint for name in self.raw)
        return f"{endpoint}#{count + 1}" if count else endpoint


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service hands to the API: the document in public key names, and where it is from."""

    document: dict[str, Any]
    source: str
    fetched_at: datetime
    age_s: float
    cost: int
    cost_unit: str
    problems: tuple[Shortfall, ...]
    raw: dict[str, Any] = field(repr=False)


Make = Callable[[Findings[ClientT]], Awaitable[dict[str, Any]]]


def ask_vendor(vendor: Vendor, make: Make[Any]) -> Answer:
    """Answer a direct request with what ``make`` finds. Raises KeyMissing and other failures."""

    def find(providers: Providers) -> Findings[Any]:
        client = getattr(providers, vendor.name, None)
        if client is None:
            raise KeyMissing(vendor)
        return Findings(vendor, client, vendor.name, client.plan.name)

    return ask(vendor, find, make)


def ask(
    vendor: Vendor, find: Callable[[Providers], Findings[ClientT]], make: Make[ClientT]
) -> Answer:
    """Answer a direct request; ``find`` picks whom to ask, from among all providers."""

    async def paid(providers: Providers) -> tuple[Findings[ClientT], dict[str, Any], int]:
        findings = find(providers)
        try:
            with for_client() as payer:
                document = await make(findings)
        except ProviderError as e:
            raise findings.failure(e) from None
        return findings, document, payer.spent

    try:
        with place_of(vendor.name):
            found, document, cost = provider_runtime().run(
                paid, timeout_s=settings.SIGNAL_DEADLINE_S, lasting_s=LASTING_S
            )
    except TimeoutError:
        raise VendorSilent(
            vendor.name,
            f"{vendor.title} did not answer in time. Its answer is kept when it comes: ask again.",
            retry_after_s=RETRY_AFTER_S,
        ) from None
    now_ms = clock.now_ms()
    fetched_at_ms = now_ms if found.fetched_at_ms is None else found.fetched_at_ms
    return Answer(
        document=document,
        source=found.source,
        fetched_at=clock.datetime_at(fetched_at_ms),
        age_s=round(max(0, now_ms - fetched_at_ms) / 1000, 1),
        cost=cost,
        cost_unit=COST_UNITS.get(found.source, "calls"),
        problems=tuple(found.problems),
        raw=found.raw,
    )


async def _all(asked: Sequence[Awaitable[T]]) -> list[T]:
    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    answers: list[T] = []
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
        answers.append(outcome)
    return answers


_free = threading.Condition()
_taken = 0


@contextmanager
def place_of(vendor: str) -> Iterator[None]:
    """Hold one of the places, half of the web threads; ShareSpent when none is left."""
    global _taken
    most = max(1, settings.WEB_THREADS // 2)
    with _free:
        if not _free.wait_for(lambda: _taken < most, timeout=PLACE_WAIT_S):
            raise ShareSpent(
                vendor,
                "Many requests for vendors' data are under way; try again in a second.",
                retry_after_s=_BUSY_AGAIN_S,
            )
        _taken += 1
    try:
        yield
    finally:
        with _free:
            _taken -= 1
            _free.notify()
