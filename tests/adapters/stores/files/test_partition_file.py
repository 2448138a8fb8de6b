"""The document of one partition: nothing is lost on the way there and back, or half believed."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from sansio_auth import Tokens
from sansio_auth._json import UnreadableJson
from sansio_auth.partition import SESSION, AppKey, AssertionKey, UserKey
from sansio_auth_adapters.stores._partition_file import (
    Stored,
    decode,
    encode,
    is_over,
    markers_of,
    place_of,
)
from tests.faults.rows import row

_QUICK: Final = settings(max_examples=150, deadline=None)
_NOW: Final = 1_700_000_000
_APP: Final = AppKey("h.example", "tenant", "client")
_USER: Final = UserKey("h.example", "u.tenant")
_BEHALF: Final = AssertionKey("h.example", "tenant", "client", "digest")

# --- any partition -----------------------------------------------------------------------------

_texts = st.text(max_size=8)
_tokens = st.text(st.characters(codec="ascii"), max_size=8)
_times = st.integers(-(10**12), 10**12)
_keys = st.one_of(
    st.builds(AppKey, _texts, _texts, _texts),
    st.builds(UserKey, _texts, _texts),
    st.builds(AssertionKey, _texts, _texts, _texts, _texts),
)
_assertions = st.builds(AssertionKey, _texts, _texts, _texts, _texts)
_values: Any = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=5,
)
_rows = st.tuples(_tokens, _texts, _texts, _times, _times, _times, st.none() | _times)


@st.composite
def _stored(draw: st.DrawFn) -> Stored:
    key = draw(_keys)
    width = 6 if isinstance(key, UserKey) else 4
    access = draw(st.dictionaries(st.tuples(*[_texts] * width), _rows, max_size=4))
    tokens = Tokens(
        access=access,
        wide={it: frozenset(it[-1].split()) for it in access if draw(st.booleans())},
        refresh=draw(
            st.dictionaries(st.tuples(*[_texts] * 3), st.tuples(_tokens, _times), max_size=3)
        ),
        id_tokens=draw(st.dictionaries(st.tuples(_texts, _texts), _texts, max_size=3)),
        accounts=draw(
            st.dictionaries(
                _texts, st.tuples(_texts, _texts, _texts, st.none() | _texts), max_size=3
            )
        ),
        clients=draw(st.dictionaries(_texts, st.none() | _texts, max_size=3)),
        originals=draw(
            st.dictionaries(
                st.lists(_texts, max_size=4).map(tuple), st.tuples(_texts, _texts), max_size=3
            )
        ),
        assertions=draw(st.frozensets(_assertions, max_size=3)),
        home_account_id=draw(st.none() | _texts),
    )
    unknown = draw(st.dictionaries(_texts.map("new-{}".format), _values, max_size=3))
    return Stored(key, tokens, unknown)


@_QUICK
@given(stored=_stored())
def test_what_is_written_is_read(stored: Stored) -> None:
    """I-9: every row, wide scopes, originals, and members that a newer version added."""
    assert decode(encode(stored)) == stored


@_QUICK
@given(one=_keys, other=_keys)
def test_two_keys_never_share_a_file(one: Any, other: Any) -> None:
    """I-3; and no name of a file says whose it is."""
    assert (place_of(one) == place_of(other)) is (one == other)
    assert all(set(part) <= set("0123456789abcdef") for part in place_of(one)[1:])


#: What may be said of a JSON document; an empty word is no complaint.
_COMPLAINTS: Final = frozenset({"", "wrong_types", "unknown_version", "not_an_object"})


def _complaint(content: bytes) -> str:
    """Return what is wrong with a document; nothing is wrong with one that is written alike."""
    try:
        stored = decode(content)
    except UnreadableJson as error:
        return error.code
    assert decode(encode(stored)) == stored
    return ""


@_QUICK
@given(content=st.binary(max_size=60))
def test_any_bytes_are_a_partition_or_one_complaint(content: bytes) -> None:
    """I-6."""
    assert _complaint(content) in {*_COMPLAINTS, "empty_body", "bad_encoding", "response_not_json"}


@_QUICK
@given(stored=_stored(), data=st.data())
def test_any_change_to_a_document_is_a_partition_or_one_complaint(
    stored: Stored, data: st.DataObject
) -> None:
    """I-6: a member, or something inside one, becomes anything at all."""
    document = json.loads(encode(stored))
    at: Any = document
    name: Any = data.draw(st.sampled_from(sorted(document)))
    while isinstance(at[name], list) and at[name] and data.draw(st.booleans()):
        at, name = at[name], data.draw(st.integers(0, len(at[name]) - 1))
    at[name] = data.draw(_values)
    assert _complaint(json.dumps(document).encode()) in _COMPLAINTS


# --- documents that are none -------------------------------------------------------------------

_FULL: Final = Stored(
    _USER,
    Tokens(
        access={("c", "r", "bearer", "", "", "a b"): ("AT", "Bearer", "a b", 1, 2, 3, None)},
        refresh={("c", "", "a b"): ("RT", 1)},
        id_tokens={("c", "r"): "e30.e30.s"},
        accounts={"r": ("u", "Alice", "MSSTS", None)},
        clients={"c": None},
        originals={("client", "c"): ("key", "{}")},
        assertions=frozenset({_BEHALF}),
    ),
)


def _with(**members: Any) -> bytes:
    return json.dumps({**json.loads(encode(_FULL)), **members}).encode()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        row(158, "not-json", b"\x00\x01garbage", "bad_encoding"),
        row(158, "a-text", b"hello", "response_not_json"),
        row(158, "truncated", encode(_FULL)[:-1], "response_not_json"),
        row(158, "half", encode(_FULL)[:80], "response_not_json"),
        row(158, "two-documents", encode(_FULL) * 2, "response_not_json"),
        row(158, "a-list", b"[]", "not_an_object"),
        row(158, "null", b"null", "not_an_object"),
        row(158, "deep", b'{"a":' + b"[" * 100_000, "too_deep"),
        row(158, "no-members", b"{}", "unknown_version"),
        row(158, "of-a-later-version", _with(version=2), "unknown_version"),
        row(158, "no-key", _with(key=None), "wrong_types"),
        row(158, "key-of-no-kind", _with(key=["knowledge", "https://h"]), "wrong_types"),
        row(158, "key-too-short", _with(key=["user", "h.example"]), "wrong_types"),
        row(158, "key-of-numbers", _with(key=["user", "h.example", 1]), "wrong_types"),
        row(158, "section-is-an-object", _with(access={}), "wrong_types"),
        row(158, "entry-is-null", _with(access=[None]), "wrong_types"),
        row(158, "entry-too-short", _with(refresh=[[["c", "", "s"]]]), "wrong_types"),
        row(158, "token-is-a-number",
            _with(access=[[["c", "r", "bearer", "", "", "s"], [1, "", "", 1, 2, 3, None], False]]),
            "wrong_types"),
        row(158, "token-of-half-a-character",
            _with(refresh=[[["c", "", "s"], ["RT\ud800", 1]]]), "wrong_types"),
        row(158, "token-beyond-ascii",
            _with(access=[[["c", "r", "bearer", "", "", "s"],
                           ["\u00e4t", "", "", 1, 2, 3, None], False]]), "wrong_types"),
        row(158, "time-is-a-text",
            _with(access=[[["c", "r", "bearer", "", "", "s"],
                           ["AT", "", "", "1", 2, 3, None], False]]), "wrong_types"),
        row(158, "time-is-true", _with(refresh=[[["c", "", "s"], ["RT", True]]]), "wrong_types"),
        row(158, "time-is-a-fraction",
            _with(refresh=[[["c", "", "s"], ["RT", 1.5]]]), "wrong_types"),
        row(158, "time-beyond-all", _with(refresh=[[["c", "", "s"], ["RT", 10**15]]]),
            "wrong_types"),
        row(158, "key-of-an-application-in-a-users-file",
            _with(access=[[["bearer", "", "", "s"], ["AT", "", "", 1, 2, 3, None], False]]),
            "wrong_types"),
        row(158, "assertion-is-a-user", _with(assertions=[["user", "h", "u"]]), "wrong_types"),
        row(158, "assertion-too-long", _with(assertions=[["assertion"] * 6]), "wrong_types"),
        row(158, "assertions-are-texts", _with(assertions=["digest"]), "wrong_types"),
        row(158, "account-without-a-name", _with(accounts=[["r", ["u"]]]), "wrong_types"),
        row(158, "home-account-is-a-number", _with(home_account_id=1), "wrong_types"),
    ],
)  # fmt: skip
def test_a_document_that_is_not_quite_one_is_refused_whole(content: bytes, code: str) -> None:
    """With one word, and nothing of the document."""
    with pytest.raises(UnreadableJson) as caught:
        decode(content)
    assert caught.value.code == code
    assert str(caught.value) == code


# --- what is over ------------------------------------------------------------------------------


def _access(expires_on: int) -> Tokens:
    key = ("bearer", "", "", "s")
    return Tokens(access={key: ("AT", "Bearer", "s", _NOW, expires_on, expires_on, None)})


def _refresh(days: int) -> Tokens:
    return evolve(_access(_NOW - 1), refresh={("c", "", "s"): ("RT", _NOW - days * 86_400)})


_SESSION: Final = AssertionKey("h.example", "tenant", "client", f"{SESSION}digest")


@pytest.mark.parametrize(
    ("key", "tokens", "over"),
    [
        (_APP, Tokens(), True),
        (_APP, _access(_NOW - 1), True),
        (_APP, _access(_NOW), False),
        (_APP, evolve(_access(_NOW - 1), clients={"c": None}), True),
        (_USER, _refresh(90), False),
        (_USER, _refresh(91), True),
        (_USER, Tokens(accounts={"r": ("u", "Alice", "MSSTS", None)}), False),
        (_BEHALF, _refresh(0), True),
        (_BEHALF, evolve(_refresh(0), access=_access(_NOW).access), False),
        (_SESSION, _refresh(90), False),
        (_SESSION, _refresh(91), True),
    ],
)
def test_a_partition_is_over_when_nothing_in_it_can_be_used(
    key: Any, tokens: Tokens, over: bool
) -> None:
    """No token that lives, no refresh token of 90 days that anybody uses, nobody signed in."""
    assert is_over(Stored(key, tokens), _NOW) is over


def test_only_users_are_found_by_name() -> None:
    """And one with two names by both, in any case of letters."""
    accounts = {"r": ("u", "Alice", "M", None), "q": ("u", "aLICE", "M", None)}
    both = {**accounts, "p": ("u", "Bob", "M", None)}
    assert markers_of(_APP, Tokens(accounts=both)) == frozenset()
    assert len(markers_of(_USER, Tokens(accounts=accounts))) == 1
    assert len(markers_of(_USER, Tokens(accounts=both))) == 2
