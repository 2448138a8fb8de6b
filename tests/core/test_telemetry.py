"""MSAL's two telemetry headers, from counters that are values."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sansio_auth._telemetry import Failed, Succeeded, Telemetry


def test_the_sequence_that_msal_shows() -> None:
    """Two failures, a success, a hit: what each next request reports."""
    telemetry = Telemetry()
    assert telemetry.last() == "4|0|||"
    telemetry = telemetry.fold((Failed("730", "c1", "invalid_scope"),))
    assert telemetry.last() == "4|0|730,c1|invalid_scope|"
    telemetry = telemetry.fold((Failed("730", "c2", "invalid_client"),))
    assert telemetry.last() == "4|0|730,c1,730,c2|invalid_scope,invalid_client|"
    telemetry = telemetry.fold((Succeeded(),))
    assert telemetry.hit().last() == "4|1|||"
    assert telemetry.hit(3).hit().hits == 4


def test_why_a_request_is_made_is_one_number() -> None:
    """With the number of the method."""
    assert Telemetry.current("730", 2) == "4|730,2|"


@given(st.lists(st.text(), max_size=20))
def test_no_error_of_a_server_can_break_the_header(errors: list[str]) -> None:
    """Whatever it calls itself, and however often it fails."""
    telemetry = Telemetry().fold(tuple(Failed("730", "c" * 36, error) for error in errors))
    header = telemetry.last()
    assert header.isascii()
    assert header.isprintable()
    assert header.count("|") == 4
    assert len(header) < 400
