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
    [["b", "a"], ("b", "a"), {"a", "b"}, {"a": 1, "b": 2}.keys()],
)
def test_scopes_are_sorted_without_repetitions(given_as: Any) -> None:
    """Whatever they come in."""
    assert read_scopes(given_as) == ("a", "b")
    assert read_scopes(iter([*given_as, "b"])) == ("a", "b")


_ONE_TEXT = "scopes: a list of scopes is needed, not one text; write [scope]"
_NO_LIST = "scopes: a list of texts is needed"
_NONE = "scopes: at least one is needed, such as https://graph.microsoft.com/.default"


def _no_scope(index: int, shown: str) -> str:
    return (
        f"scopes[{index}]: {shown} is not a scope (RFC 6749 section 3.3): no spaces, quotes,"
        " backslashes, control or non-ASCII characters"
    )


@pytest.mark.parametrize(
    ("scopes", "code", "message"),
    [
        ("a b", "scopes_type", _ONE_TEXT),
        (b"a", "scopes_type", _ONE_TEXT),
        (None, "scopes_type", _NO_LIST),
        (1, "scopes_type", _NO_LIST),
        ({"a": 1}, "scopes_type", _NO_LIST),
        ([1], "scopes_type", "scopes[0]: must be a str, not int"),
        (["a", None], "scopes_type", "scopes[1]: must be a str, not NoneType"),
        ([["a"]], "scopes_type", "scopes[0]: must be a str, not list"),
        ([], "scopes_empty", _NONE),
        (["a b"], "scopes_characters", _no_scope(0, "'a b'")),
        ([""], "scopes_characters", _no_scope(0, "''")),
        (["a", 'a"'], "scopes_characters", _no_scope(1, "'a\"'")),
        (["a\\"], "scopes_characters", _no_scope(0, r"'a\\'")),
        (["ü"], "scopes_characters", _no_scope(0, "'ü'")),
        (["a\n"], "scopes_characters", _no_scope(0, r"'a\n'")),
        (["\x7f"], "scopes_characters", _no_scope(0, r"'\x7f'")),
        ([" " * 80], "scopes_characters", _no_scope(0, repr(" " * 80))),
        ([" " * 81], "scopes_characters", _no_scope(0, "a text of 81 characters")),
        (["a" * 4_097], "scopes_characters", _no_scope(0, "a text of 4097 characters")),
    ],
)
def test_what_is_no_list_of_scopes_is_refused(scopes: Any, code: str, message: str) -> None:
    """RFC 6749 section 3.3, with the position of the wrong one and no endless message."""
    with pytest.raises(ConfigurationError) as caught:
        read_scopes(scopes)
    assert caught.value.code == code
    assert str(caught.value) == message


def test_every_character_of_a_scope_token_is_taken() -> None:
    """%x21, %x23 to %x5B and %x5D to %x7E, in at most 4,096 characters."""
    every = "".join(chr(code) for code in range(0x21, 0x7F) if code not in {0x22, 0x5C})
    assert read_scopes([every, "a" * 4_096]) == (every, "a" * 4_096)


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


def test_a_key_is_the_owner_the_scheme_two_keys_and_the_scopes() -> None:
    """In lower case where case says nothing, the scopes joined by one space."""
    assert token_key(["B", "a", "b"]) == ("bearer", "", "", "a b")
    assert token_key(["s"], "PoP", "Kid", "Ext", ("C", "R")) == ("C", "R", "pop", "Kid", "Ext", "s")


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
