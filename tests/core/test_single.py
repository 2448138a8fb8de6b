"""A mapping of one entry is what a dictionary of one entry is."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import pytest

from sansio_auth.partition.single import EMPTY, Single, compact

_DICT = {"key": 1}


@pytest.fixture
def one() -> Single[str, int]:
    """One key and its value."""
    return Single("key", 1)


def test_it_reads_like_a_dictionary(one: Single[str, int]) -> None:
    """By key, by iteration, by its views, and by what it does not have."""
    assert isinstance(one, Mapping)
    assert (one["key"], one.get("key"), one.get("other")) == (1, 1, None)
    assert ("key" in one, "other" in one) == (True, False)
    assert (len(one), [*one], {**one}) == (1, ["key"], _DICT)
    assert one.keys() == _DICT.keys()
    assert [*one.values()] == [1]
    assert one.items() == _DICT.items()
    with pytest.raises(KeyError, match="other"):
        _ = one["other"]


def test_it_equals_a_dictionary_of_the_same(one: Single[str, int]) -> None:
    """From either side, and no other one."""
    assert one == _DICT
    assert _DICT == one  # noqa: SIM300 - from the other side
    assert Single("key", 2) != _DICT
    assert Single("other", 1) != one


def test_it_takes_less_room_and_shows_nothing(one: Single[str, int]) -> None:
    """That is what it is for; and what it holds may be a secret (I-7)."""
    assert sys.getsizeof(one) * 3 < sys.getsizeof(_DICT)
    assert "key" not in repr(one)


def test_a_mapping_is_kept_in_no_more_room_than_it_needs() -> None:
    """One entry as a `Single`, none as the one empty mapping, more as they are."""
    more = {"a": 1, "b": 2}
    assert compact(more) is more
    assert isinstance(compact(_DICT), Single)
    assert compact(_DICT) == _DICT
    assert compact({}) is EMPTY
    assert EMPTY == {}
