"""Dates in HTTP headers (RFC 9110 section 5.6.7), as POSIX seconds.

Loaded when a server names a date instead of seconds, which few do. Knows no header.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

__all__ = ["parse_http_date"]

_MONTHS: Final = {
    name: number
    for number, name in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), 1
    )
}
_TIME: Final = r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)"
#: IMF-fixdate, and the obsolete RFC 850 and asctime forms.
_FORMS: Final = tuple(
    re.compile(form, re.ASCII)
    for form in (
        rf"\w{{3}}, (?P<day>\d\d) (?P<month>\w{{3}}) (?P<year>\d{{4}}) {_TIME} GMT",
        rf"\w{{6,9}}, (?P<day>\d\d)-(?P<month>\w{{3}})-(?P<year>\d\d) {_TIME} GMT",
        rf"\w{{3}} (?P<month>\w{{3}}) (?P<day>[ \d]\d) {_TIME} (?P<year>\d{{4}})",
    )
)
_CENTURY: Final = 100
_HALF_CENTURY: Final = 50
_TWO_DIGITS: Final = 2


def parse_http_date(text: str, now: float) -> float | None:
    """Return the moment that a date names, None for what is none; `now` is POSIX seconds.

    A year of two digits is the nearest one that is not more than fifty years ahead of `now`.
    """
    for form in _FORMS:
        if (match := form.fullmatch(text)) is None:
            continue
        year = int(match["year"])
        if len(match["year"]) == _TWO_DIGITS:
            this_year = datetime.fromtimestamp(now, UTC).year
            year += this_year - this_year % _CENTURY
            if year > this_year + _HALF_CENTURY:
                year -= _CENTURY
        try:
            moment = datetime(
                year,
                _MONTHS.get(match["month"], 0),
                int(match["day"]),
                int(match["hour"]),
                int(match["minute"]),
                min(int(match["second"]), 59),  # a leap second
                tzinfo=UTC,
            )
        except ValueError:
            return None
        return moment.timestamp()
    return None
