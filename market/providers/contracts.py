"""What the venues list: contracts of every kind; ``market.instruments`` chooses. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from market.providers.payload import (
    Parsed,
    Refused,
    epoch_ms,
    integer,
    mapping,
    parse_rows,
    parses,
    positive,
    read,
    read_optional,
    rows_of,
    text,
)


@dataclass(frozen=True, slots=True)
class BinanceContract:
    """One row of exchangeInfo, whatever it is; ``market.instruments`` chooses."""

    symbol: str
    base_asset: str
    quote_asset: str
    contract_type: str  # "" while PENDING_TRADING
    status: str
    underlying_type: str
    onboard_at_ms: int | None
    tick_size: str | None

    @property
    def is_crypto_perpetual(self) -> bool:
        """A live USDT perpetual on a coin: no index, stock, quarterly or delisted contract."""
        return (
            self.contract_type == "PERPETUAL"
            and self.status == "TRADING"
            and self.quote_asset == "USDT"
            and self.underlying_type == "COIN"
        )


@dataclass(frozen=True, slots=True)
class ExchangeInfo:
    contracts: tuple[BinanceContract, ...]
    weight_limit_per_minute: int | None


@dataclass(frozen=True, slots=True)
class OkxInstrument:
    """One SWAP row, whatever it is; ``market.instruments`` chooses."""

    inst_id: str
    base: str
    contract_type: str  # linear, inverse
    settle_currency: str
    state: str
    rule_type: str
    category: str  # "1" crypto; "" where the venue does not say
    contract_size_base: float  # ctVal × ctMult: coins per contract when linear
    listed_at_ms: int | None
    tick_size: str | None

    @property
    def is_crypto_perpetual(self) -> bool:
        """A live linear USDT swap on a coin: no inverse, pre-market or stock contract."""
        return (
            self.contract_type == "linear"
            and self.settle_currency == "USDT"
            and self.state == "live"
            and self.rule_type == "normal"
            and self.category in ("1", "")
        )


@parses("binance", "exchangeInfo")
def parse_exchange_info(payload: Any) -> Parsed[ExchangeInfo]:
    document = mapping(payload)
    contracts = parse_rows(read(document, "symbols", rows_of), _binance_contract)
    return Parsed(
        ExchangeInfo(contracts.value, _weight_limit(document.get("rateLimits"))),
        contracts.refused,
        contracts.reasons,
    )


def _binance_contract(row: Any) -> BinanceContract:
    row = mapping(row)
    contract_type = row.get("contractType")
    if type(contract_type) is not str:
        raise Refused("contractType: not a text")
    return BinanceContract(
        symbol=read(row, "symbol", text),
        base_asset=read(row, "baseAsset", text),
        quote_asset=read(row, "quoteAsset", text),
        contract_type=contract_type,
        status=read(row, "status", text),
        underlying_type=read(row, "underlyingType", text),
        onboard_at_ms=_plausible_ms(row.get("onboardDate")),
        tick_size=_tick_size(row.get("filters")),
    )


def _plausible_ms(value: Any) -> int | None:
    try:
        return epoch_ms(value)
    except Refused:
        return None  # contracts announced but not dated carry 0


def _tick_size(filters: Any) -> str | None:
    if type(filters) is not list:
        return None
    for entry in filters:
        if type(entry) is dict and entry.get("filterType") == "PRICE_FILTER":
            tick_size = entry.get("tickSize")
            try:
                positive(tick_size)
            except Refused:
                return None
            return str(tick_size)
    return None


def _weight_limit(rate_limits: Any) -> int | None:
    if type(rate_limits) is not list:
        return None
    for row in rate_limits:
        if (
            type(row) is dict
            and row.get("rateLimitType") == "REQUEST_WEIGHT"
            and row.get("interval") == "MINUTE"
            and row.get("intervalNum") == 1
        ):
            return read(row, "limit", integer)
    return None


@parses("okx", "instruments")
def parse_instruments(payload: Any) -> Parsed[tuple[OkxInstrument, ...]]:
    return parse_rows(read(mapping(payload), "data", rows_of), _okx_instrument)


def _okx_instrument(row: Any) -> OkxInstrument:
    row = mapping(row)
    inst_id = read(row, "instId", text)
    tick_size = read_optional(row, "tickSz", positive)
    # Older rows lack the category, and unknown is "".
    category = read_optional(row, "instCategory", text)
    contract_type = read(row, "ctType", text)
    return OkxInstrument(
        inst_id=inst_id,
        # ctValCcy is the coin of a linear contract; an inverse one counts dollars.
        base=inst_id.split("-")[0]
        if contract_type != "linear"
        else read_optional(row, "ctValCcy", text) or inst_id.split("-")[0],
        contract_type=contract_type,
        settle_currency=read(row, "settleCcy", text),
        state=read(row, "state", text),
        rule_type=read(row, "ruleType", text),
        category=category or "",
        contract_size_base=read(row, "ctVal", positive)
        * (read_optional(row, "ctMult", positive) or 1.0),
        listed_at_ms=read_optional(row, "listTime", epoch_ms),
        tick_size=None if tick_size is None else str(row["tickSz"]),
    )
