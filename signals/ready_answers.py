"""A coin's answer as the shared store keeps it: ready JSON, and what was known when it was made."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from config.api.caching import etag_of
from config.api.renderers import dump_json
from market import clock
from market.services import MarketUnavailable
from signals.calibration import calibration_of
from signals.engine.types import SignalResult
from signals.rendering import debug_document, signal_document

# Wall time of the evaluation, length of the answer, whether enough was known, the answer's tag;
# then the answer and the debug group. The header alone tells of a failed evaluation.
_HEADER = struct.Struct(">dI?26s")


@dataclass(frozen=True, slots=True)
class Freshest:
    """An answer ready to send.

    ``age_s`` is how long ago it was computed; ``is_enough``: all was known that a direction needs.
    """

    body: bytes
    debug: bytes
    age_s: float
    is_enough: bool
    etag: str  # of the body alone

    def render(self, *, with_debug: bool) -> bytes:
        """Return the answer's JSON, the debug group added on request."""
        if not with_debug:
            return self.body
        return self.body[:-1] + b',"debug":' + self.debug + b"}"


# What became of a coin: its answer, or why there is none.
Outcome = Freshest | Exception


def pack(result: SignalResult) -> bytes:
    """Return an evaluation as it is stored."""
    body = dump_json(signal_document(result, calibration=calibration_of(result)))
    is_enough = result.neutral_reason != "insufficient_data"
    header = _HEADER.pack(clock.wall_s(), len(body), is_enough, etag_of(body).encode())
    return header + body + dump_json(debug_document(result))


def pack_failure() -> bytes:
    """Return what is stored of an evaluation that no provider answered."""
    return _HEADER.pack(clock.wall_s(), 0, False, b"")


def unpack(value: bytes) -> Outcome:
    """Return the answer, or the failure that is told of."""
    if len(value) == _HEADER.size:
        return MarketUnavailable()
    return unpack_answer(value)


def unpack_answer(value: bytes) -> Freshest:
    evaluated_at_s, length, is_enough, etag = _HEADER.unpack_from(value)
    split = _HEADER.size + length
    age_s = max(0.0, clock.wall_s() - evaluated_at_s)
    return Freshest(value[_HEADER.size : split], value[split:], age_s, is_enough, etag.decode())
