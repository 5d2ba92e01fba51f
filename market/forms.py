"""The admin's form of a watchlist: coins as text, checked against what is listed."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings

from market.models import Watchlist
from market.watchlists import (
    CheckedCoins,
    bases_of,
    check_coins,
    profile_names,
    split_names,
    watchlists,
)


class WatchlistForm(forms.ModelForm):  # type: ignore[type-arg]
    coins_text = forms.CharField(
        label="Coins",
        widget=forms.Textarea(attrs={"rows": 8, "cols": 80}),
        help_text="BTC ETHUSDT 1000PEPE …: any name of a coin, separated by spaces, commas or "
        "lines. A coin that was renamed gets its new name.",
    )

    class Meta:
        model = Watchlist
        fields = ("name", "enabled", "tags", "profile_name", "period_min")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.checked = CheckedCoins((), ())
        self.instance.environment = self.instance.environment or settings.ENVIRONMENT
        names = sorted({*profile_names(), self.instance.profile_name} - {""})
        self.fields["profile_name"] = forms.ChoiceField(
            label="Profile",
            required=False,
            choices=[("", "the default one"), *((name, name) for name in names)],
        )
        if self.instance.pk is not None:
            self.initial["coins_text"] = " ".join(bases_of(self.instance))

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        # Django leaves constraints out that name a field which is not in the form.
        if watchlists().filter(name__iexact=name).exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError("There is a watchlist of this name.")
        return name

    def clean_coins_text(self) -> str:
        known = bases_of(self.instance) if self.instance.pk is not None else ()
        self.checked = check_coins(split_names(self.cleaned_data["coins_text"]), known)
        return " ".join(self.checked.bases)


class WatchlistUploadForm(forms.Form):
    LARGEST_BYTES = 1_000_000

    file = forms.FileField(label="CSV file")

    def clean_file(self) -> str:
        """Return the file's text."""
        file = self.cleaned_data["file"]
        if file.size > self.LARGEST_BYTES:
            raise forms.ValidationError("The file is larger than 1 MB.")
        try:
            text: str = file.read().decode("utf-8-sig")
        except UnicodeDecodeError:
            raise forms.ValidationError("The file is not UTF-8 text.") from None
        return text
