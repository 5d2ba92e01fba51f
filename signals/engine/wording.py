"""Numbers as they stand in reasons: signed, with units, short enough to read aloud."""

from __future__ import annotations

# A real minus sign: a hyphen before a number reads like a dash in a sentence.
_MINUS = "−"


def signed(value: float, decimals: int) -> str:
    return f"{value:+.{decimals}f}".replace("-", _MINUS)


def plain(value: float, decimals: int) -> str:
    return f"{value:.{decimals}f}".replace("-", _MINUS)


def usd(value: float) -> str:
    """Return "235.6 M USD": four significant figures at most."""
    for limit, unit in ((1e9, "bn"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= limit:
            return f"{plain(value / limit, 1)} {unit} USD"
    return f"{plain(value, 0)} USD"


def against_30_days(z: float, whose: str) -> str:
    """Return ", 2.1 σ above its 30 days", or "" where there is no such history."""
    if z != z:
        return ""
    return f", {abs(z):.1f} σ {'above' if z >= 0.0 else 'below'} {whose} 30 days"
