"""A mapping of one entry is what a dictionary of one entry is."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import pytest

from sansio_auth.partition.single import Single

_ONE = Single("key", 1)
_DICT = {"key": 1}


def test_it_reads_like_a_dictionary() -> None:
    """By key, by iteration, by its views, and by what it does not have."""
    assert isinstance(_ONE, Mapping)
    assert (_ONE["key"], _ONE.get("key"), _ONE.get("other")) == (1, 1, None)
    assert ("key" in _ONE, "other" in _ONE) == (True, False)
    assert (len(_ONE), [*_ONE], {**_ONE}) == (1, ["key"], _DICT)
    assert _ONE.keys() == _DICT.keys()
    assert [*_ONE.values()] == [1]
    assert _ONE.items() == _DICT.items()
    with pytest.raises(KeyError, match="other"):
        _ = _ONE["other"]


def test_it_equals_a_dictionary_of_the_same() -> None:
    """From either side, and no other one."""
    assert _ONE == _DICT
    assert _DICT == _ONE
    assert Single("key", 2) != _DICT
    assert Single("other", 1) != _ONE


def test_it_takes_less_room_and_shows_nothing() -> None:
    """That is what it is for; and what it holds may be a secret (I-7)."""
    assert sys.getsizeof(_ONE) * 3 < sys.getsizeof(_DICT)
    assert "key" not in repr(_ONE)
