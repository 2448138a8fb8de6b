"""A clock that moves when it is told to."""

from __future__ import annotations

from sansio_auth.testing import VirtualClock


def test_a_clock_goes_where_it_is_told() -> None:
    """Forward, by sleeping, and back."""
    clock = VirtualClock(100.0)
    assert clock() == 100.0
    clock.sleep(5)
    assert clock() == 105.0
    assert clock.advance(-50) == 55.0
    assert clock() == 55.0
