"""The admin's form of a scoring profile: a field per weight, checked by the engine's rules."""

from __future__ import annotations

from typing import Any

from django import forms

from signals.engine.types import Factor
from signals.models import ScoringProfile


def weight_field(factor: Factor) -> str:
    return f"weight_{factor.value}"


def scale_field(factor: Factor) -> str:
    return f"scale_{factor.value}"


class _ProfileFields(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = ScoringProfile
        fields = (
            "name", "long_at", "short_at", "min_coverage_pct", "cooldown_h", "rescore_distance",
        )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is None:
            return
        for factor in Factor:
            self.initial[weight_field(factor)] = self.instance.weights[factor.value]
            self.initial[scale_field(factor)] = self.instance.curve_scales.get(factor.value, 1.0)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors:
            # Set here and not in save(): the model's own validation, which runs next, reads them.
            self.instance.weights = {
                factor.value: cleaned[weight_field(factor)] for factor in Factor
            }
            self.instance.curve_scales = {
                factor.value: cleaned[scale_field(factor)]
                for factor in Factor
                if cleaned[scale_field(factor)] != 1.0
            }
        return cleaned


def _field_of_each_factor() -> dict[str, forms.Field]:
    fields: dict[str, forms.Field] = {}
    for factor in Factor:
        label = factor.value.replace("_", " ")
        fields[weight_field(factor)] = forms.IntegerField(label=label, min_value=0, max_value=100)
        fields[scale_field(factor)] = forms.FloatField(label=label, initial=1.0)
    return fields


ScoringProfileForm = type("ScoringProfileForm", (_ProfileFields,), _field_of_each_factor())
