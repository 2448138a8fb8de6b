"""The claims parameter: reading three parties' wishes, and merging them."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sansio_auth._claims import merge_claims, read_challenge, read_forwarded, read_object
from sansio_auth.errors import ConfigurationError

_PLANTED = "a-person-by-name"


_NOT_JSON = "{name}: is not JSON"
_NO_OBJECT = "{name}: must be a JSON object"
_UNDECODED = (
    "{name}: is base64, as it stands in a WWW-Authenticate header; pass the header to"
    " parse_www_authenticate and take what it gives"
)


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("nonsense " + _PLANTED, "claims", _NOT_JSON),
        ("[]", "claims", _NO_OBJECT),
        (f'"{_PLANTED}"', "claims", _NO_OBJECT),
        ('{"access_token": []}', "claims", "{name}: its access_token must be an object"),
        ('{"id_token": 1}', "claims", "{name}: its id_token must be an object"),
        ('{"userinfo": "x"}', "claims", "{name}: its userinfo must be an object"),
        ("{" + " " * 65_535 + "}", "claims", "{name}: is longer than 65536 characters"),
        (base64.b64encode(b'{"a": 1}').decode(), "looks_base64", _UNDECODED),
        (base64.b64encode(b' {"a": 1}').decode(), "looks_base64", _UNDECODED),
        (base64.b64encode(b'[{"a": 1}]').decode(), "claims", _NOT_JSON),
        (
            base64.urlsafe_b64encode(b'{"a":"~~~???"}').decode().rstrip("="),
            "looks_base64",
            _UNDECODED,
        ),
        ("é", "claims", _NOT_JSON),
        ('{"a": "\ud800"}', "claims", _NOT_JSON),
    ],
)
def test_claims_that_cannot_be_sent_are_refused_and_not_repeated(
    text: str, code: str, message: str
) -> None:
    """A header's base64 that nobody decoded has a message of its own."""
    readers: dict[str, list[Callable[[str], object]]] = {
        "claims_challenge": [
            read_challenge,
            lambda it: merge_claims(it, ("CP1",)),
            lambda it: merge_claims(it, (), "{}"),
        ],
        "forwarded_client_claims": [read_forwarded, lambda it: merge_claims(None, (), it)],
    }
    for name, reads in readers.items():
        for read in reads:
            with pytest.raises(ConfigurationError) as caught:
                read(text)
            assert caught.value.code == code
            assert str(caught.value) == message.format(name=name)
            assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_claims_may_be_as_long_as_any_header() -> None:
    """To the last character of the limit."""
    text = "{" + " " * 65_534 + "}"
    assert read_challenge(text) == read_forwarded(text) == text


@pytest.mark.parametrize("value", [None, ""])
def test_nothing_is_no_claims(value: Any) -> None:
    """As callers of MSAL pass it on."""
    assert read_challenge(value) is None
    assert read_forwarded(value) is None


def test_a_challenge_may_be_an_object() -> None:
    """Forwarded claims may not: their very text is part of a key."""
    assert read_challenge({"a": 1}) == '{"a": 1}'
    assert read_challenge({}) == "{}"


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ({"a": {1, 2}}, "is not JSON"),
        ({"a": float("nan")}, "is not JSON"),
        ({"a": float("inf")}, "is not JSON"),
        (1, "must be JSON text, not int"),
        (b"{}", "must be JSON text, not bytes"),
        (["x"], "must be JSON text, not list"),
    ],
)
def test_a_challenge_is_told_what_it_must_be(value: Any, why: str) -> None:
    """Its type is named, its content is not."""
    with pytest.raises(ConfigurationError) as caught:
        read_challenge(value)
    assert str(caught.value) == f"claims_challenge: {why}"
    assert caught.value.code == "claims"
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_forwarded_claims_are_text_and_stay_as_they_are() -> None:
    """Their very text is part of a key."""
    assert read_forwarded('{ "a":1}') == '{ "a":1}'
    with pytest.raises(ConfigurationError) as caught:
        read_forwarded({"a": 1})
    assert str(caught.value) == "forwarded_client_claims: must be JSON text, not dict"
    assert caught.value.code == "claims"


def test_null_says_that_there_is_nothing() -> None:
    """Of a member that would be an object."""
    assert read_object('{"access_token": null}', "x") == {"access_token": None}


@pytest.mark.parametrize(
    ("challenge", "capabilities", "forwarded", "text"),
    [
        (None, (), None, None),
        ('{"a":1}', (), None, '{"a":1}'),
        (None, ("CP1",), None, '{"access_token": {"xms_cc": {"values": ["CP1"]}}}'),
        (
            '{"access_token":{"acrs":{"essential":true}}}',
            ("CP1",),
            None,
            '{"access_token": {"acrs": {"essential": true}, "xms_cc": {"values": ["CP1"]}}}',
        ),
        (
            '{"access_token":null}',
            ("a", "b"),
            None,
            '{"access_token": {"xms_cc": {"values": ["a", "b"]}}}',
        ),
        (
            '{"access_token":{"xms_cc":{"values":["old"]}}}',
            ("new",),
            None,
            '{"access_token": {"xms_cc": {"values": ["new"]}}}',
        ),
        (None, (), '{"a":1}', '{"a":1}'),
        (None, (), "{}", None),
        ('{"x":{"a":1,"b":2}}', (), '{"x":{"b":3,"c":4}}', '{"x": {"a": 1, "b": 3, "c": 4}}'),
        ('{"x":{"a":1}}', (), '{"x":5}', '{"x": 5}'),
        ('{"a":1}', (), "{}", '{"a": 1}'),
    ],
)
def test_three_wishes_become_one_text(
    challenge: str | None, capabilities: tuple[str, ...], forwarded: str | None, text: str | None
) -> None:
    """In MSAL's order and spacing; a challenge alone goes on as it was received."""
    assert merge_claims(challenge, capabilities, forwarded) == text


_objects = st.dictionaries(
    st.sampled_from("abc"),
    st.recursive(st.integers(), lambda inner: st.dictionaries(st.sampled_from("abc"), inner)),
)


@given(_objects, _objects)
def test_a_merge_keeps_everything_and_lets_the_client_win(
    challenge: dict[str, Any], forwarded: dict[str, Any]
) -> None:
    """Whatever the client says is there afterwards."""
    merged = json.loads(merge_claims(json.dumps(challenge), (), json.dumps(forwarded)) or "{}")

    def within(part: Any, whole: Any) -> bool:
        if isinstance(part, dict) and isinstance(whole, dict):
            return all(name in whole and within(it, whole[name]) for name, it in part.items())
        return bool(part == whole) or part == {}

    assert within(forwarded, merged)
    assert challenge.keys() | forwarded.keys() == merged.keys()
