"""What can go wrong upstream, classed by what the caller should do.

    ProviderError
    ├── ProviderUnavailable      try again later; counts against the circuit breaker
    ├── ProviderRateLimited      wait ``retry_after_s``: the vendor or our own budget said so
    ├── ProviderRejected         give up: the vendor will not serve this (451, 403, bad parameter)
    │   └── ProviderLacksSymbol  … and never will: it does not know this symbol
    ├── ProviderPayloadError     answered, but not in the documented form; counts for the breaker
    └── ProviderCircuitOpen      not asked: the breaker is open

``detail`` is safe to show to users: it never holds a URL, a key or an exception's text.
"""

from __future__ import annotations


class ProviderError(Exception):
    """Base of all upstream trouble: the provider's name and a sentence for users."""

    def __init__(self, provider: str, detail: str) -> None:
        super().__init__(f"{provider}: {detail}")
        self.provider = provider
        self.detail = detail


class ProviderUnavailable(ProviderError):
    pass


class ProviderRateLimited(ProviderError):
    def __init__(self, provider: str, detail: str, *, retry_after_s: float) -> None:
        super().__init__(provider, detail)
        self.retry_after_s = retry_after_s


class ProviderRejected(ProviderError):
    """``blocked_for_s`` > 0 when the whole provider refuses us for that long (451, 403, 418)."""

    def __init__(
        self, provider: str, detail: str, *, status: int | None = None, blocked_for_s: float = 0.0
    ) -> None:
        super().__init__(provider, detail)
        self.status = status
        self.blocked_for_s = blocked_for_s


class ProviderLacksSymbol(ProviderRejected):
    pass


class ProviderPayloadError(ProviderError):
    """``endpoint`` names the call; ``reason`` is for logs only."""

    def __init__(self, provider: str, endpoint: str, reason: str) -> None:
        super().__init__(provider, f"unreadable answer from {endpoint}")
        self.endpoint = endpoint
        self.reason = reason


class ProviderCircuitOpen(ProviderError):
    def __init__(self, provider: str, detail: str, *, retry_after_s: float) -> None:
        super().__init__(provider, detail)
        self.retry_after_s = retry_after_s
