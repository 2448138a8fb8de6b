"""The five questions, and what may answer them."""

from __future__ import annotations

from typing import Any

import pytest

from sansio_auth.effects import (
    AssertionContext,
    Effect,
    Failure,
    GetAssertion,
    Load,
    Save,
    SendHttp,
    Sleep,
)
from sansio_auth.partition import (
    Accounts,
    AppKey,
    Found,
    Knowledge,
    KnowledgeKey,
    Tokens,
)
from sansio_auth.wire import HttpRequest, HttpResponse

_SEND = SendHttp(HttpRequest("GET", "https://h"))
_SIGN = GetAssertion(None, AssertionContext("c", "e", "t", "i"))
_TOKENS, _KNOWN = AppKey("h", "t", "c"), KnowledgeKey("a")
_FAILED = Failure("unknown")


@pytest.mark.parametrize(
    ("effect", "answer"),
    [
        (_SEND, HttpResponse(200)),
        (_SEND, _FAILED),
        (_SIGN, "a.b.c"),
        (_SIGN, _FAILED),
        (Sleep(1.0), None),
        (Load(_TOKENS), Tokens()),
        (Load(_TOKENS), _FAILED),
        (Load(_KNOWN), Knowledge()),
        (Load(Accounts("h")), Found()),
        (Load(Accounts("h")), _FAILED),
        (Save(((_TOKENS, ()),)), Tokens()),
        (Save(((_KNOWN, ()), (_TOKENS, ()))), Knowledge()),
        (Save(((_KNOWN, ()),)), _FAILED),
    ],
)
def test_a_fitting_answer_has_no_objection(effect: Any, answer: Any) -> None:
    """Of the type that the effect says, or a failure."""
    assert effect.objection(answer) is None


@pytest.mark.parametrize(
    ("effect", "answer"),
    [
        (_SEND, None),
        (_SEND, b"body"),
        (_SEND, HttpResponse(0)),
        (_SEND, HttpResponse(99)),
        (_SEND, HttpResponse(600)),
        (_SEND, HttpResponse(True)),
        (_SEND, HttpResponse("200")),  # type: ignore[arg-type]
        (_SEND, HttpResponse(200, body="text")),  # type: ignore[arg-type]
        (_SIGN, None),
        (_SIGN, b"a.b.c"),
        (Sleep(1.0), True),
        (Sleep(1.0), _FAILED),
        (Load(_TOKENS), None),
        (Load(_TOKENS), Knowledge()),
        (Load(_KNOWN), Tokens()),
        (Load(_TOKENS), Found()),
        (Load(Accounts("h")), Tokens()),
        (Load(Accounts("h")), None),
        (Save(((_TOKENS, ()),)), None),
        (Save(((_KNOWN, ()),)), Tokens()),
    ],
)
def test_any_other_answer_has_one_that_names_the_types(effect: Any, answer: Any) -> None:
    """An adapter's mistake shows where it was made."""
    objection = effect.objection(answer)
    assert objection
    assert "planted" not in objection


def test_a_failure_keeps_its_cause_for_chaining_alone() -> None:
    """Two failures are equal whatever raised them, and none shows it."""
    one, other = (Failure("tls", cause=OSError("PLANTED")) for _ in range(2))
    assert one == other
    assert "PLANTED" not in repr(one)


def test_a_new_effect_has_to_say_what_answers_it() -> None:
    """Each of the five does."""
    with pytest.raises(NotImplementedError):
        _ = Effect[None]().objection(None)
