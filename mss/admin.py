"""Admin of scores (read only, with a replay), the watchlist, runs, profiles and list readings."""

# ruff: noqa: ARG002 - the admin fixes these signatures

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest

from config.accounts.read_only_admin import ReadOnlyAdmin
from market.background_run_admin import BackgroundRunAdmin
from market.clock import wall_now
from market.services import MarketUnavailable
from mss import profiles, watch
from mss.coins import resolve_coin
from mss.engine.profile import STANDARD, settings_of
from mss.exceptions import UnknownCoin
from mss.models import ListReading, MssProfile, MssRun, MssScore, WatchlistEntry
from mss.replay import replay
from mss.selectors import runs


@admin.register(MssScore)
class MssScoreAdmin(ReadOnlyAdmin):
    list_display = (
        "observed_at", "symbol", "name", "total", "tier", "confidence", "discovery_score",
        "social_score", "institutional_score", "coverage_pct", "price", "environment",
    )  # fmt: skip
    list_filter = ("environment", "tier", "confidence", "profile_name")
    search_fields = ("=symbol", "=coin_key", "=input_hash")
    search_help_text = "Coin (BTC), CoinGecko id or input hash"
    ordering = ("-observed_at",)
    list_per_page = 50
    exclude = ("inputs",)
    actions = ("replay_scores",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[MssScore]:
        return super().get_queryset(request).defer("inputs")

    @admin.action(description="Recompute from the stored inputs", permissions=["view"])
    def replay_scores(self, request: HttpRequest, chosen: QuerySet[MssScore]) -> None:
        for score in chosen.defer(None):
            differences = replay(score)
            if differences:
                columns = ", ".join(each.column for each in differences)
                self.message_user(request, f"{score} differs: {columns}", messages.ERROR)
            else:
                self.message_user(request, f"{score} comes out the same", messages.SUCCESS)


class WatchForm(forms.ModelForm):  # type: ignore[type-arg]
    """Takes a coin by any spelling, as ``POST /mss/watch`` does; an owner has each one once."""

    symbol = forms.CharField(
        max_length=200, help_text="Any usual spelling, or CoinGecko's id, which alone is unique"
    )
    owner = ""

    def clean_symbol(self) -> str:
        try:
            coin = resolve_coin(self.cleaned_data["symbol"])
        except (UnknownCoin, MarketUnavailable) as error:
            raise ValidationError(error.detail) from None
        symbol = coin.symbol.upper()
        if watch.entries().filter(owner=self.owner, symbol=symbol).exists():
            raise ValidationError(f"You watch {symbol} already.")
        self.instance.coingecko_id = coin.coingecko_id or ""
        return symbol


@admin.register(WatchlistEntry)
class WatchlistEntryAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = (
        "symbol", "coingecko_id", "owner", "interval_minutes", "min_score", "next_at",
        "expires_at", "note",
    )  # fmt: skip
    list_filter = (("expires_at", admin.EmptyFieldListFilter),)
    search_fields = ("=symbol", "owner", "note")
    form = WatchForm
    fields = ("symbol", "interval_minutes", "min_score", "expires_at", "note")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return () if obj is None else ("symbol",)

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form: Any = super().get_form(request, obj, change, **kwargs)
        form.owner = _owner(request)
        return form

    def get_queryset(self, request: HttpRequest) -> QuerySet[WatchlistEntry]:
        return watch.entries()

    def save_model(
        self, request: HttpRequest, obj: WatchlistEntry, form: Any, change: bool
    ) -> None:
        if not change:
            obj.environment = watch.environment()
            obj.owner = _owner(request)
            obj.created_at = wall_now()
        obj.next_at = wall_now()
        super().save_model(request, obj, form, change)


def _owner(request: HttpRequest) -> str:
    return f"admin:{request.user.get_username()}"


@admin.register(MssProfile)
class MssProfileAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Saving makes the next version and puts it in force; what was stays as it was."""

    list_display = ("name", "version", "is_active", "created_at")
    list_filter = ("is_active",)
    ordering = ("name", "-version")
    fields = ("name", "settings")
    actions = ("put_in_force",)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"name": STANDARD.name, "settings": settings_of(STANDARD)}

    def save_model(self, request: HttpRequest, obj: MssProfile, form: Any, change: bool) -> None:
        saved = profiles.save_version(obj.name, obj.settings)
        obj.pk, obj.version = saved.pk, saved.version

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.action(description="Score by this version", permissions=["change"])
    def put_in_force(self, request: HttpRequest, chosen: QuerySet[MssProfile]) -> None:
        if chosen.count() != 1:
            self.message_user(request, "Choose one version.", messages.ERROR)
            return
        row = chosen.get()
        profiles.put_in_force(row)
        self.message_user(request, f"Scores go by {row} now.", messages.SUCCESS)


@admin.register(MssRun)
class MssRunAdmin(BackgroundRunAdmin):
    told = ("kind",)
    list_filter = ("kind", "state")
    exclude = ("candidates",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[MssRun]:
        return runs().defer("candidates")


@admin.register(ListReading)
class ListReadingAdmin(ReadOnlyAdmin):
    list_display = ("read_at", "coins", "new", "environment")
    list_filter = ("environment",)
    ordering = ("-read_at",)
