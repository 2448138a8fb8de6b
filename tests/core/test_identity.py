"""For whom a token is: scopes, keys, digests."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sansio_auth.errors import ConfigurationError
from sansio_auth.identity import (
    Identity,
    Subject,
    assertion_digest,
    extended_key,
    read_scopes,
    target_of,
    token_key,
)


@pytest.mark.parametrize(
    "given_as",
    [["b", "a"], ("b", "a"), {"a", "b"}, iter(["b", "a", "b"]), {"a": 1, "b": 2}.keys()],
)
def test_scopes_are_sorted_without_repetitions(given_as: Any) -> None:
    """Whatever they come in."""
    assert read_scopes(given_as) == ("a", "b")


@pytest.mark.parametrize(
    ("scopes", "code"),
    [
        ("a b", "scopes_type"),
        (b"a", "scopes_type"),
        (None, "scopes_type"),
        (1, "scopes_type"),
        ({"a": 1}, "scopes_type"),
        ([1], "scopes_type"),
        ([None], "scopes_type"),
        ([["a"]], "scopes_type"),
        ([], "scopes_empty"),
        (["a b"], "scopes_characters"),
        ([""], "scopes_characters"),
        (['a"'], "scopes_characters"),
        (["a\\"], "scopes_characters"),
        (["ü"], "scopes_characters"),
        (["a\n"], "scopes_characters"),
        (["a" * 5_000], "scopes_characters"),
    ],
)
def test_what_is_no_list_of_scopes_is_refused(scopes: Any, code: str) -> None:
    """RFC 6749 section 3.3, with the position of the wrong one and no endless message."""
    with pytest.raises(ConfigurationError, match="scopes") as caught:
        read_scopes(scopes)
    assert caught.value.code == code
    assert len(str(caught.value)) < 300


def test_no_scopes_may_be_allowed() -> None:
    """For user requests, which add their own."""
    assert read_scopes([], allow_empty=True) == ()


def test_a_target_is_one_text() -> None:
    """As MSAL's cache writes it."""
    assert target_of(("a", "b")) == "a b"


@given(
    st.lists(st.text(st.characters(min_codepoint=0x23, max_codepoint=0x5B), min_size=1), min_size=1)
)
def test_a_key_knows_no_case_and_no_order(scopes: list[str]) -> None:
    """As MSAL's keys do not; it is an exact tuple of texts."""
    key = token_key(scopes)
    assert key == token_key([scope.upper() for scope in reversed(scopes)])
    assert key == token_key([scope.lower() for scope in scopes])
    assert type(key) is tuple
    assert all(type(part) is str for part in key)


_parts = st.text(st.sampled_from("ab- |"), max_size=3)


@given(
    st.tuples(_parts, _parts, _parts, st.lists(_parts, max_size=2)),
    st.tuples(_parts, _parts, _parts, st.lists(_parts, max_size=2)),
)
def test_no_two_tokens_share_a_key(one: Any, other: Any) -> None:
    """I-3: no separator inside a part makes two keys one."""

    def key(parts: Any) -> Any:
        scheme, key_id, extended, owner = parts
        return token_key(["s"], scheme, key_id, extended, tuple(owner))

    assert (key(one) == key(other)) is (one == other)


def test_an_assertion_is_known_by_its_exact_bytes() -> None:
    """Lower-case hex SHA-256."""
    assert assertion_digest("a.b.c") == hashlib.sha256(b"a.b.c").hexdigest()
    assert assertion_digest("a.b.c") != assertion_digest("a.b.c ")


@pytest.mark.parametrize("empty", [{}, {"a": ""}])
def test_no_extra_fields_have_no_key(empty: dict[str, str]) -> None:
    """An empty value is never sent, so it is no field."""
    assert extended_key(empty) == ""


def test_an_extended_key_is_as_msal_computes_it() -> None:
    """SHA-256 over names and values, each with its length before it, in order of names."""
    import base64

    text = b"8:fmi_path3:p/q1:z2:\xc3\xbc"
    expected = base64.urlsafe_b64encode(hashlib.sha256(text).digest()).rstrip(b"=").lower()
    assert extended_key({"z": "ü", "fmi_path": "p/q"}) == expected.decode()


_words = st.text(st.characters(codec="utf-8"), min_size=1, max_size=4)


@given(
    st.dictionaries(_words, _words, max_size=3),
    st.dictionaries(_words, _words, max_size=3),
)
def test_no_two_sets_of_fields_share_a_key(one: dict[str, str], other: dict[str, str]) -> None:
    """The lengths see to that."""
    surrogates = any(
        "\ud800" <= c <= "\udfff" for it in (one, other) for k in it for c in k + it[k]
    )
    if not surrogates:
        assert (extended_key(one) == extended_key(other)) is (one == other)


def test_an_identity_is_a_value() -> None:
    """Equal parts, equal identities; usable as a key."""
    one, other = (Identity("h", "t", "c", Subject("app"), ("s",)) for _ in range(2))
    assert {one: 1}[other] == 1
