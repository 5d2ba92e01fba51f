"""How an operation that will go says so, to programs and in the schema."""

from __future__ import annotations

from datetime import date, timedelta
from email.utils import parsedate_to_datetime

import pytest
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from config.api.versioning import LEAST_NOTICE, deprecated
from tests.config.cached_urls import urlpatterns

DAY = date(2027, 1, 10)


@pytest.mark.django_db
@pytest.mark.urls("tests.config.cached_urls")
def test_its_answers_tell_since_when_until_when_and_what_to_use_instead(api: APIClient) -> None:
    response = api.get("/old")

    assert response.json() == {"price": 1}
    assert response["Deprecation"] == "@1799539200"  # 2027-01-10T00:00:00Z
    assert parsedate_to_datetime(response["Sunset"]).date() == date(2027, 7, 10)
    assert response["Link"] == '</new>; rel="successor-version"'


def test_the_schema_marks_it_and_says_the_same() -> None:
    schema = SchemaGenerator(patterns=urlpatterns).get_schema(request=None, public=True)

    old = schema["paths"]["/old"]["get"]

    assert old["deprecated"] is True
    assert old["summary"] == "What was asked before"
    assert old["description"] == "Deprecated since 2027-01-10, gone from 2027-07-10 on: use `/new`."
    assert "deprecated" not in schema["paths"]["/fresh"]["get"]


@pytest.mark.parametrize(("notice", "is_enough"), [(179, False), (180, True)])
def test_nothing_goes_without_half_a_years_notice(notice: int, is_enough: bool) -> None:
    assert LEAST_NOTICE.days == 180
    if is_enough:
        deprecated(DAY, DAY + timedelta(days=notice), "/new")
        return
    with pytest.raises(ValueError, match="179 days before, not 180"):
        deprecated(DAY, DAY + timedelta(days=notice), "/new")
