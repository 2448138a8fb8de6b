"""The claims parameter: reading three parties' wishes, and merging them."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sansio_auth._claims import merge_claims, read_challenge, read_forwarded, read_object
from sansio_auth.errors import ConfigurationError

_PLANTED = "a-person-by-name"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("nonsense " + _PLANTED, "claims"),
        ("[]", "claims"),
        (f'"{_PLANTED}"', "claims"),
        ('{"access_token": []}', "claims"),
        ('{"id_token": 1}', "claims"),
        ('{"userinfo": "x"}', "claims"),
        ("{" + " " * 70_000 + "}", "claims"),
        (base64.b64encode(b'{"a": 1}').decode(), "looks_base64"),
        (base64.urlsafe_b64encode(b'{"a":"~~~???"}').decode().rstrip("="), "looks_base64"),
        ("é", "claims"),
    ],
)
def test_claims_that_cannot_be_sent_are_refused_and_not_repeated(text: str, code: str) -> None:
    """A header's base64 that nobody decoded has a message of its own."""
    for read in (read_challenge, read_forwarded):
        with pytest.raises(ConfigurationError) as caught:
            read(text)
        assert caught.value.code == code
        assert _PLANTED not in str(caught.value)


@pytest.mark.parametrize("value", [None, ""])
def test_nothing_is_no_claims(value: Any) -> None:
    """As callers of MSAL pass it on."""
    assert read_challenge(value) is None
    assert read_forwarded(value) is None


def test_a_challenge_may_be_an_object() -> None:
    """Forwarded claims may not: their very text is part of a key."""
    assert read_challenge({"a": 1}) == '{"a": 1}'
    assert read_challenge({}) == "{}"
    unfit: list[Any] = [{"a": {1, 2}}, {"a": float("nan")}, 1, b"{}", ["x"]]
    for value in unfit:
        with pytest.raises(ConfigurationError):
            read_challenge(value)
    with pytest.raises(ConfigurationError):
        read_forwarded({"a": 1})


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
