"""Dates in headers: three forms, and nothing else."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sansio_auth._http_date import parse_http_date

_NOW = datetime(2026, 11, 24, 1, 2, 3, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "ahead"),
    [
        ("Tue, 24 Nov 2026 01:02:33 GMT", 30),
        ("Tuesday, 24-Nov-26 01:02:33 GMT", 30),
        ("Tue Nov 24 01:02:33 2026", 30),
        ("Tue, 24 Nov 2026 01:02:60 GMT", 56),
        ("Tue, 24 Nov 2026 01:02:00 GMT", -3),
    ],
)
def test_a_date_is_read_in_three_forms(text: str, ahead: float) -> None:
    """RFC 9110 section 5.6.7; a leap second is the one before it."""
    assert parse_http_date(text, _NOW) == _NOW + ahead


@pytest.mark.parametrize(("digits", "year"), [("26", 2026), ("76", 2076), ("77", 1977)])
def test_a_year_of_two_digits_is_at_most_fifty_years_ahead(digits: str, year: int) -> None:
    """What lies further ahead was meant to be in the past."""
    expected = datetime(year, 11, 1, tzinfo=UTC).timestamp()
    assert parse_http_date(f"Sunday, 01-Nov-{digits} 00:00:00 GMT", _NOW) == expected


@pytest.fixture(params=["XXX-14", "XXX+12", "UTC0"])
def _zone(request: pytest.FixtureRequest) -> Iterator[None]:
    """Be somewhere else for a while."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", request.param)
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("_zone")
@pytest.mark.parametrize(
    ("now", "date", "moment"),
    [
        ("2026-11-24T01:02:03", "Tue, 24 Nov 2026 01:02:33 GMT", "2026-11-24T01:02:33"),
        ("2026-12-31T23:59:50", "Tuesday, 31-Dec-76 23:59:59 GMT", "2076-12-31T23:59:59"),
        ("2026-12-31T23:59:50", "Friday, 01-Jan-77 00:00:00 GMT", "1977-01-01T00:00:00"),
        ("2027-01-01T00:00:10", "Friday, 01-Jan-77 00:00:00 GMT", "2077-01-01T00:00:00"),
    ],
)
def test_a_date_means_the_same_wherever_this_machine_is(now: str, date: str, moment: str) -> None:
    """Dates are in GMT, and so is the year that completes one of two digits."""
    at, meant = (datetime.fromisoformat(f"{it}+00:00").timestamp() for it in (now, moment))
    assert parse_http_date(date, at) == meant


@pytest.mark.parametrize(
    "text",
    [
        "", "soon", "Tue, 32 Nov 2026 01:02:33 GMT", "Tue, 24 Nix 2026 01:02:33 GMT",
        "Tue, 24 Nov 2026 25:02:33 GMT", "Thursday, 29-Feb-97 01:02:33 GMT",
        "Tue, 24 Nov 2026 01:02:33 CET", "Tue, 24 Nov 2026 01:02:33 GMT ",
    ],
)  # fmt: skip
def test_what_is_no_date_is_none(text: str) -> None:
    """A day, a month or an hour that does not exist, another zone, more text."""
    assert parse_http_date(text, _NOW) is None


@given(st.text())
def test_any_text_is_a_date_or_is_none(text: str) -> None:
    """I-6."""
    assert isinstance(parse_http_date(text, _NOW), float | None)


@given(st.integers(-1_000_000, 1_000_000))
def test_a_date_of_the_standard_library_is_understood(seconds: int) -> None:
    """What a server's own formatter writes."""
    moment = datetime.fromtimestamp(_NOW, UTC) + timedelta(seconds=seconds)
    assert parse_http_date(format_datetime(moment, usegmt=True), _NOW) == moment.timestamp()
