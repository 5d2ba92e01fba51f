"""Which of the listed signals are wanted: the filters that the list and the export share."""

from __future__ import annotations

from django.db.models import QuerySet
from django_filters import CharFilter, ChoiceFilter, FilterSet, IsoDateTimeFilter, NumberFilter

from market.instruments import without_quote
from signals.models import Signal

ORIGINS = ("all", "own", "imported")


class SignalFilter(FilterSet):  # type: ignore[misc] # the library has no types
    """Filters by the names of the query parameters, whose values have been validated."""

    symbol = CharFilter(method="of_coin")
    signal_type = ChoiceFilter("signal", choices=Signal.PublishedDirection.choices)
    confidence = ChoiceFilter("confidence", choices=Signal.ConfidenceBand.choices)
    min_score = NumberFilter("score", "gte")
    max_score = NumberFilter("score", "lte")
    profile = CharFilter("profile_name")
    start_date = IsoDateTimeFilter("timestamp", "gte")
    end_date = IsoDateTimeFilter("timestamp", "lt")
    origin = ChoiceFilter(method="of_origin", choices=[(name, name) for name in ORIGINS])

    def of_coin(self, signals: QuerySet[Signal], _: str, text: str) -> QuerySet[Signal]:
        return signals.filter(symbol=stored_symbol(text))

    def of_origin(self, signals: QuerySet[Signal], _: str, origin: str) -> QuerySet[Signal]:
        return signals if origin == "all" else signals.filter(seq__isnull=origin == "imported")


def stored_symbol(text: str) -> str:
    """Return the name that signals of a coin are stored under, asking no venue: it may be gone."""
    return without_quote(text.strip().upper())
