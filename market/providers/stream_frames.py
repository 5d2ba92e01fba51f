"""What a venue's liquidation stream says in one message, in one form for all venues. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from market.types import LiquidationOrder


class FrameKind(StrEnum):
    EVENT = "event"  # the market spoke, of whatever contract: the stream is alive
    SUBSCRIBED = "subscribed"
    PONG = "pong"
    REJECTED = "rejected"  # what we asked for is not to be had
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class StreamFrame:
    """``orders`` are those of listed contracts, each with the venue's name of its contract.

    ``refused`` counts orders of such contracts that could not be read.
    """

    kind: FrameKind
    orders: tuple[tuple[str, LiquidationOrder], ...] = ()
    refused: int = 0
    detail: str = ""
