"""Numbers and times as people read them in a message. Pure.

A figure has as many decimals as it needs and no more: never an exponent, never 0 for what is not 0,
and never off by more than half a unit of its last digit. Reasons come from the engine as finished
sentences; these are the figures around them.
"""

from __future__ import annotations

from datetime import datetime, tzinfo
from decimal import ROUND_HALF_EVEN, Context, Decimal

# A real minus sign: a hyphen before a number reads like a dash in a sentence.
MINUS = "−"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

# Digits that tell one price from the next tick; in front of the point all are shown.
_PRICE_DIGITS = 5
_PRICE_DECIMALS = 1
_PERCENT_DIGITS = 3
_PERCENT_DECIMALS = 2
_POINTS_DIGITS = 1
_POINTS_DECIMALS = 2
_SMALL_USD_DIGITS = 3
_USD_UNITS = ((3, "k"), (6, "M"), (9, "bn"), (12, "tn"))

_MINUTE_S = 60
_HOUR_S = 60 * _MINUTE_S
_DAY_S = 24 * _HOUR_S

# Room for every digit of any float in front of its point.
_EXACT = Context(prec=400, rounding=ROUND_HALF_EVEN)

Number = Decimal | float | int


def price(value: Number) -> str:
    """Return "117,166.5", "3.2512", "0.0000062"."""
    return _text(_rounded(_decimal(value), _PRICE_DIGITS, _PRICE_DECIMALS), strip=True)


def percent(value: Number) -> str:
    """Return "85 %", "−0.0125 %"."""
    return f"{_text(_rounded(_decimal(value), _PERCENT_DIGITS, _PERCENT_DECIMALS), strip=True)} %"


def signed_percent(value: Number) -> str:
    """Return "+3.22 %" for changes."""
    return f"{_plus(value)}{percent(value)}"


def points(value: Number) -> str:
    """Return score points with two decimals: "12.50"."""
    return _text(_rounded(_decimal(value), _POINTS_DIGITS, _POINTS_DECIMALS))


def signed_points(value: Number) -> str:
    """Return "+12.50", "−3.10": what something adds to a score."""
    return f"{_plus(value)}{points(value)}"


def usd(value: Number) -> str:
    """Return "286.4 M USD", "1.2 bn USD", "986 USD"."""
    amount = _decimal(value)
    rounded = _rounded(amount, _SMALL_USD_DIGITS, 0)
    text = f"{_text(rounded, strip=True)} USD"
    for exponent, unit in _USD_UNITS:
        if abs(rounded) < 1000:
            break
        rounded = _quantized(amount.scaleb(-exponent, _EXACT), 1)
        text = f"{_text(rounded)} {unit} USD"
    return text


def duration(seconds: float) -> str:
    """Return "45 s", "12 min", "3 h 20 min", "2 d 4 h"; the sign is left to the sentence."""
    length_s = abs(seconds)
    if 0 < length_s < 1:
        return "under 1 s"
    if round(length_s) < _MINUTE_S:
        return f"{round(length_s)} s"
    minutes = round(length_s / _MINUTE_S)
    if minutes < _HOUR_S // _MINUTE_S:
        return f"{minutes} min"
    if minutes < _DAY_S // _MINUTE_S:
        return _two_units(minutes, _HOUR_S // _MINUTE_S, "h", "min")
    return _two_units(round(length_s / _HOUR_S), _DAY_S // _HOUR_S, "d", "h")


def local_time(instant: datetime, timezone: tzinfo) -> str:
    """Return "25 Nov 2026, 14:05 CET": an aware instant on the clock of a place."""
    local = instant.astimezone(timezone)
    day = f"{local.day} {MONTHS[local.month - 1]} {local.year}"
    return f"{day}, {local:%H:%M} {_zone_name(local)}"


def short_local_time(instant: datetime, timezone: tzinfo) -> str:
    """Return "25 Nov 14:05", where the zone is said beside it."""
    local = instant.astimezone(timezone)
    return f"{local.day} {MONTHS[local.month - 1]} {local:%H:%M}"


def _decimal(value: Number) -> Decimal:
    # A float by its shortest spelling: 0.1 is one tenth, not 55 digits.
    number = Decimal(repr(float(value))) if isinstance(value, float) else Decimal(value)
    if not number.is_finite():
        raise ValueError(f"no figure for {value!r}: say that it is unknown")
    return number


def _rounded(number: Decimal, significant_digits: int, least_decimals: int) -> Decimal:
    if number == 0:
        return _quantized(number, least_decimals)
    return _quantized(number, max(least_decimals, significant_digits - 1 - number.adjusted()))


def _quantized(number: Decimal, decimals: int) -> Decimal:
    return number.quantize(Decimal(1).scaleb(-decimals), context=_EXACT)


def _text(number: Decimal, *, strip: bool = False) -> str:
    text = f"{abs(number):,f}"
    if strip and "." in text:
        text = text.rstrip("0").rstrip(".")
    return f"{MINUS}{text}" if number < 0 else text


def _plus(value: Number) -> str:
    return "+" if value > 0 else ""


def _two_units(count: int, per_unit: int, unit: str, smaller_unit: str) -> str:
    whole, rest = divmod(count, per_unit)
    return f"{whole} {unit} {rest} {smaller_unit}" if rest else f"{whole} {unit}"


def _zone_name(local: datetime) -> str:
    name = local.tzname() or ""
    if name[:1] not in "+-":
        return name
    # Zones without an abbreviation call themselves "+04" or "+0530".
    return f"UTC{name[:3]}:{name[3:]}" if len(name) > 3 else f"UTC{name}"
