"""Section J, row 224: a simulated year breaks no promise.

`YEARS=20 make year` plays more of them, and busier ones, from `SEED` on.
"""

from __future__ import annotations

import os
from typing import Final

import pytest

from tests.faults.year import DAY, Year, play

_FIRST: Final = int(os.environ.get("SEED", "0"))
_YEARS: Final = int(os.environ.get("YEARS", "0"))
#: Seconds between two visits of a caller: seldom in the suite, every three days otherwise.
_PAUSE: Final = 3 * DAY if _YEARS else 24 * DAY


@pytest.mark.parametrize("seed", range(_FIRST, _FIRST + (_YEARS or 2)))
def test_a_year_of_fifty_callers_breaks_no_promise(seed: int) -> None:
    """I-1 to I-6 and I-9 to I-12, in twenty tenants and two processes (row 224).

    Of requests, loads and saves one in twenty fails, clocks are set either way, others write to
    the disk meanwhile, callers go away. That no secret shows (I-7) the whole suite watches.
    """
    year = play(Year(seed, pause=_PAUSE))
    assert not year.told, f"SEED={seed} YEARS={_YEARS}: {year.told[:20]}"
    assert len(year.tenants) == 20
    happened = {"cache", "identity_provider", "nothing", "request failed", "load failed",
                "save failed", "cancelled", "clock set"}  # fmt: skip
    assert happened <= {what for what, count in year.counts.items() if count > 3}, year.counts


def test_the_same_seed_is_the_same_year() -> None:
    """I-8: what came out of every call, in order (row 224); another seed is another year."""
    one, again, other = (play(Year(seed, days=10, pause=2 * DAY)) for seed in (5, 5, 6))
    assert one.calls > 100
    assert one.digest.hexdigest() == again.digest.hexdigest()
    assert one.digest.hexdigest() != other.digest.hexdigest()
