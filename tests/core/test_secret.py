"""What holds a secret does not show it."""

from __future__ import annotations

import copy
import pickle

import pytest
from attrs import frozen

from sansio_auth.secret import Confidential, Secret

_TEXT = "planted-0b7e"


@pytest.mark.parametrize("show", [repr, str, format, "{:>40}".format, "%s".__mod__, ascii])
def test_no_way_of_showing_it_shows_it(show: object) -> None:
    """Neither repr nor str nor any format."""
    assert callable(show)
    assert _TEXT not in show(Secret(_TEXT))


def test_it_reveals_itself_when_asked() -> None:
    """And in no other way."""
    secret = Secret(_TEXT)
    assert secret.reveal() == _TEXT
    assert not hasattr(secret, "__dict__")


def test_equal_texts_are_equal_secrets() -> None:
    """And hash alike; a text is no secret."""
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert hash(Secret("a")) == hash(Secret("a"))
    assert (Secret("a") == "a") is False
    assert Secret("\ud800") == Secret("\ud800") != Secret("\ud801")


@frozen
class _Value(Confidential):
    text: str


@pytest.mark.parametrize("value", [Secret(_TEXT), _Value(_TEXT), [_Value(_TEXT)]])
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_it_cannot_be_pickled(value: object, protocol: int) -> None:
    """By any protocol; the message does not show it."""
    with pytest.raises(TypeError) as caught:
        pickle.dumps(value, protocol)
    assert _TEXT not in str(caught.value)


@pytest.mark.parametrize("value", [Secret(_TEXT), _Value(_TEXT)])
def test_a_copy_is_the_thing_itself(value: object) -> None:
    """It is immutable, so one is enough."""
    assert copy.copy(value) is value
    assert copy.deepcopy(value) is value
