"""Query parameters: what is None is not sent, and no limit exceeds the vendor's maximum. Pure."""

from __future__ import annotations


def present(**params: str | int | None) -> dict[str, str | int]:
    """Return the parameters that have a value."""
    return {name: value for name, value in params.items() if value is not None}


def within(limit: int, most: int) -> int:
    """Return ``limit``; more than ``most`` rows is our mistake, which the vendor would charge."""
    if not 1 <= limit <= most:
        raise ValueError(f"limit must be 1 to {most}, not {limit}")
    return limit
