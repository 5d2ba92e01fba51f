"""What callers of this app may have to answer for. Light on purpose: no engine, no models."""

from __future__ import annotations


class DiscoveryUnavailable(Exception):
    """The source that alone could answer does not."""

    retry_after_s = 30.0

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class BadChoice(Exception):
    """A parameter names something that is not there. ``parameter`` says which."""

    def __init__(self, parameter: str, detail: str) -> None:
        super().__init__(detail)
        self.parameter = parameter
        self.detail = detail
