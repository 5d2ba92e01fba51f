"""The market app: says what its errors mean over HTTP, how it is, and which clock it goes by."""

from django.apps import AppConfig


class MarketConfig(AppConfig):
    name = "market"

    def ready(self) -> None:
        from django.conf import settings

        from config.api.counting import register_counters
        from config.api.errors import register_problem
        from config.api.health import register_probe
        from config.residents import Resident, register_resident
        from market import clock, health, heartbeats, recorder
        from market.api.vendor_problems import register_vendor_problems, unknown_symbol_members
        from market.instruments import UnknownSymbol
        from market.shared_counters import shared_counters
        from market.universe import MarketUnavailable

        if settings.CLOCK_AT_MS is not None:
            clock.fix(settings.CLOCK_AT_MS)
        register_problem(
            UnknownSymbol,
            status=404,
            title="Unknown symbol",
            type_slug="unknown-symbol",
            extra=unknown_symbol_members,
        )
        register_problem(
            MarketUnavailable,
            status=503,
            title="Market data unavailable",
            type_slug="market-unavailable",
            extra=lambda unavailable: {"retry_after_s": unavailable.retry_after_s},
        )
        register_vendor_problems()
        register_counters(shared_counters())
        register_probe("store", health.probe_store, critical=True)
        register_probe("providers", health.probe_providers)
        register_probe("market_data", health.probe_market_data)
        register_probe("recorder", health.probe_recorder)
        register_probe("beat", heartbeats.probe_beat)
        register_probe("workers", heartbeats.probe_workers)
        register_resident(Resident("stream recorder", recorder.record, recorder.is_wanted))
