"""Watchlists as CSV, a line each: to edit in a spreadsheet, to carry to another installation."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction

from market.models import DEFAULT_PERIOD_MIN, Watchlist
from market.watchlists import (
    CheckedCoins,
    bases_of,
    check_coins,
    profile_names,
    set_coins,
    split_names,
    watchlists,
)

COLUMNS = ("name", "enabled", "tags", "profile", "period_min", "coins")
MOST_LISTS = 200
_YES_NO = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


def to_csv(lists: Iterable[Watchlist]) -> str:
    """Return lists as CSV, a line each; :func:`from_csv` takes it back."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for watchlist in lists:
        writer.writerow(
            (
                watchlist.name,
                "yes" if watchlist.enabled else "no",
                watchlist.tags,
                watchlist.profile_name,
                watchlist.period_min,
                " ".join(bases_of(watchlist)),
            )
        )
    return text.getvalue()


def from_csv(text: str) -> list[str]:
    """Store the lists of a CSV text, all or none; return remarks. Raises ValidationError.

    A list of the same name is replaced. Each fault says in which line it is.
    """
    reader = csv.DictReader(io.StringIO(text, newline=""))
    read: dict[str, tuple[Watchlist, CheckedCoins]] = {}
    faults: list[str] = []
    try:
        missing = [name for name in ("name", "coins") if name not in (reader.fieldnames or ())]
        if missing:
            raise ValidationError(
                f"The first line names the columns; {' and '.join(missing)} must be among them."
            )
        for row in reader:
            try:
                watchlist, checked = _read_row(row)
                if watchlist.name.lower() in read:
                    raise ValidationError("There is a line for this list already.")
            except ValidationError as error:
                faults += [f"Line {reader.line_num}: {fault}" for fault in error.messages]
            else:
                read[watchlist.name.lower()] = watchlist, checked
            if len(read) + len(faults) > MOST_LISTS:
                raise ValidationError([*faults, f"More than {MOST_LISTS} lists or faults."])
    except csv.Error as error:
        raise ValidationError(f"Line {reader.line_num} is not CSV: {error}.") from error
    if faults:
        raise ValidationError(faults)
    with transaction.atomic():
        for watchlist, checked in read.values():
            watchlist.save()
            set_coins(watchlist, checked.bases)
    return [f"{row.name}: {remark}" for row, checked in read.values() for remark in checked.remarks]


def _read_row(row: dict[str, str | None]) -> tuple[Watchlist, CheckedCoins]:
    cells = {name: (row.get(name) or "").strip() for name in COLUMNS}
    enabled = _YES_NO.get(cells["enabled"].lower() or "yes")
    if enabled is None:
        raise ValidationError("enabled is yes or no.")
    if not re.fullmatch(r"[0-9]{0,6}", cells["period_min"]):
        raise ValidationError("period_min is a number of minutes.")
    if cells["profile"] and cells["profile"] not in profile_names():
        raise ValidationError(f"There is no scoring profile {cells['profile'][:40]}.")
    watchlist = watchlists().filter(name__iexact=cells["name"]).first()
    known = () if watchlist is None else bases_of(watchlist)
    if watchlist is None:
        watchlist = Watchlist(environment=settings.ENVIRONMENT)
    watchlist.name = cells["name"]
    watchlist.enabled = enabled
    watchlist.tags = cells["tags"]
    watchlist.profile_name = cells["profile"]
    watchlist.period_min = int(cells["period_min"] or DEFAULT_PERIOD_MIN)
    watchlist.full_clean()
    return watchlist, check_coins(split_names(cells["coins"]), known)
