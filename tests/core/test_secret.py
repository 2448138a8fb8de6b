"""What holds a secret does not show it."""

from __future__ import annotations

import asyncio
import copy
import inspect
import pickle
import traceback
from typing import Any

import pytest
from attrs import frozen

from sansio_auth.secret import Confidential, Secret, conceal, discreet

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
    assert hash(Secret("a")) == hash(Secret("a")) != hash(Secret("b"))
    assert (Secret("a") == "a") is False
    assert Secret("\ud800") == Secret("\ud800") != Secret("\ud801")


@frozen
class _Value(Confidential):
    text: str


_A_SECRET = "a Secret cannot be pickled: read it again where it is needed"
_A_VALUE = "_Value holds secrets and cannot be pickled"


@pytest.mark.parametrize(
    ("value", "told"),
    [(Secret(_TEXT), _A_SECRET), (_Value(_TEXT), _A_VALUE), ([_Value(_TEXT)], _A_VALUE)],
)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_it_cannot_be_pickled(value: object, told: str, protocol: int) -> None:
    """By any protocol; the message says what it is, and does not show it."""
    with pytest.raises(TypeError) as caught:
        pickle.dumps(value, protocol)
    assert str(caught.value) == told


@pytest.mark.parametrize("value", [Secret(_TEXT), _Value(_TEXT)])
def test_a_copy_is_the_thing_itself(value: object) -> None:
    """It is immutable, so one is enough."""
    assert copy.copy(value) is value
    assert copy.deepcopy(value) is value


def _raises(given: str) -> None:
    raise ValueError(len(given))


def _variables(error: BaseException) -> str:
    """What an error reporter would send of the frames behind this file's."""
    told = traceback.TracebackException.from_exception(error, capture_locals=True).format()
    frames = "".join(told).split('  File "')
    return "".join(it for it in frames if not it.startswith(__file__))


@pytest.mark.parametrize("awaited", [False, True])
def test_an_error_leads_to_no_variable_of_ours(*, awaited: bool) -> None:
    """I-7: neither does what caused it; the variables of other code are left alone."""

    async def raises(given: str) -> None:
        _raises(given)

    def asked() -> None:
        if awaited:
            asyncio.run(discreet(raises)(_TEXT))
        else:
            discreet(_raises)(_TEXT)

    with pytest.raises(ValueError, match="12") as caught:
        asked()
    assert _TEXT not in _variables(caught.value)
    frames = traceback.TracebackException.from_exception(caught.value, capture_locals=True).stack
    assert any(_TEXT in str(it.locals) for it in frames if it.name == "_raises")


@pytest.mark.parametrize(
    "name",
    ["sansio_auth", "sansio_auth.a.module", "sansio_auth_adapters", "sansio_auth_adapters.a"],
)
def test_a_frame_of_ours_is_emptied_wherever_it_is(name: str) -> None:
    """I-7: in the error itself, in its cause and in its context; and a circle of them ends."""
    module = {"__name__": name}
    exec("def fails(given):\n    raise ValueError", module)
    fails: Any = module["fails"]
    errors: list[ValueError] = []
    for _ in range(3):
        with pytest.raises(ValueError) as caught:
            fails(_TEXT)
        errors.append(caught.value)
    one, cause, context = errors
    one.__cause__, one.__context__, context.__context__ = cause, context, one
    conceal(one)
    for error in errors:
        assert _TEXT not in _variables(error)


def test_a_discreet_function_is_what_it_was() -> None:
    """By its name, its signature and what it gives; a coroutine function stays one."""

    async def given(text: str, *, twice: bool = False) -> str:
        """Say it."""
        return text * (1 + twice)

    made = discreet(given)
    assert inspect.iscoroutinefunction(made)
    assert (made.__name__, made.__doc__) == ("given", "Say it.")
    assert inspect.signature(made) == inspect.signature(given)
    assert asyncio.run(made("a", twice=True)) == "aa"
    assert discreet(len)("abc") == 3


def test_the_frames_of_what_is_in_a_group_are_emptied_too() -> None:
    """I-7: in groups of groups, and where a group is the cause."""
    module = {"__name__": "sansio_auth.somewhere"}
    exec("def fails(given):\n    raise ValueError", module)
    fails: Any = module["fails"]
    with pytest.raises(ValueError) as caught:
        fails(_TEXT)
    outer = RuntimeError()
    outer.__cause__ = BaseExceptionGroup("all", [ExceptionGroup("some", [caught.value])])
    conceal(outer)
    assert _TEXT not in _variables(outer)


@pytest.mark.parametrize("name", [None, 5, "", "sansio_authentic", "my.sansio_auth", ...])
def test_code_of_others_is_left_alone_whatever_it_is_called(name: object) -> None:
    """Also code that was made from a text and belongs to no module."""
    module = {"__name__": name} if name is not ... else {}
    exec("def fails(given):\n    raise ValueError", module)
    fails: Any = module["fails"]
    with pytest.raises(ValueError) as caught:
        fails(_TEXT)
    conceal(caught.value)
    assert _TEXT in _variables(caught.value)


def test_a_function_that_still_runs_keeps_its_variables() -> None:
    """A generator that is given an error back and goes on, say; nothing of it is disturbed."""
    module = {"__name__": "sansio_auth.somewhere"}
    exec(
        "def goes_on(given, conceal):\n"
        "    try:\n"
        "        raise ValueError\n"
        "    except ValueError as error:\n"
        "        conceal(error)\n"
        "    yield given\n",
        module,
    )
    goes_on: Any = module["goes_on"]
    assert list(goes_on(_TEXT, conceal)) == [_TEXT]
