"""JSON that somebody else wrote."""

from __future__ import annotations

import gc
import importlib.util
import json
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sansio_auth import _json
from sansio_auth._json import (
    MAX_DEPTH,
    UnreadableJson,
    is_shallow,
    parse_large,
    parse_object,
    parse_unique,
    parse_value,
)

_DECISIVE: Final = (
    "access_token", "token_type", "refresh_token", "id_token", "client_info", "error",
    "issuer", "token_endpoint", "authorization_endpoint", "tenant_discovery_endpoint",
)  # fmt: skip


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "empty_body"),
        (b" \r\n\t", "empty_body"),
        (b"<html>", "response_not_json"),
        (b"{", "response_not_json"),
        (b'{"a":1}x', "response_not_json"),
        ("\u00a0{}".encode(), "response_not_json"),
        (b"\x0b{}\x0c", "response_not_json"),
        (b"[]", "not_an_object"),
        (b"null", "not_an_object"),
        (b"1", "not_an_object"),
        (b'"text"', "not_an_object"),
        (b'{"a":"\xff"}', "bad_encoding"),
        ('{"a":1}'.encode("utf-16"), "bad_encoding"),
        ('{"a":1}'.encode("utf-32"), "bad_encoding"),
        ('{"a":1}'.encode("utf-16-le"), "bad_encoding"),
        (b'{"access_token":"a","access_token":"b"}', "duplicate_member"),
        (b'{"x":{"error":"a","error":"b"}}', "duplicate_member"),
        (b"[" * (MAX_DEPTH + 1), "too_deep"),
        (b'{"a":' * (MAX_DEPTH + 1), "too_deep"),
        (b"[" * 1_000_000, "too_deep"),
    ],
)
def test_what_is_no_object_has_its_complaint(body: bytes, code: str) -> None:
    """A stable word, and never a part of the document."""
    with pytest.raises(UnreadableJson) as caught:
        parse_object(body)
    assert caught.value.code == str(caught.value) == code
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"\xef\xbb\xbf{}", {}),
        (b' {"a": [1, 2.5, null, true]} ', {"a": [1, 2.5, None, True]}),
        ('{"a":"ü\\u00fc"}'.encode(), {"a": "üü"}),
        (b'{"x":1,"x":2}', {"x": 2}),
        (b'{"a":"[[[[{{{{"}', {"a": "[[[[{{{{"}),
        (b'{"a":"' + b"[" * 200 + b'"}', {"a": "[" * 200}),
        (b'{"a":"\\"' + b"[" * 200 + b'"}', {"a": '"' + "[" * 200}),
        (b'{"error":1,"x":2,"x":3}', {"error": 1, "x": 3}),
        (b'{"a":"\\u0000"}', {"a": "\x00"}),
    ],
)
def test_what_is_an_object_is_read(body: bytes, value: object) -> None:
    """With a byte order mark, white space, brackets inside texts, harmless repetitions."""
    assert parse_object(body) == parse_large(body) == value


_texts = st.text(max_size=4) | st.sampled_from(["[", '"', "\\", "\x00", "\ud800"])
_values = st.recursive(
    st.none() | st.booleans() | st.integers() | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=8,
)


@given(_values, st.integers(0, 40), st.binary(max_size=3), st.integers(0, MAX_DEPTH + 2))
def test_a_large_document_is_read_as_any_other(
    value: object, at: int, put: bytes, depth: int
) -> None:
    """Something is put into it or cut off, and it nests deep: alike, or with the same complaint."""
    whole = f'{{"a":{"[" * depth}{json.dumps(value)}{"]" * depth}}}'.encode()
    for body in (whole, whole[:at] + put + whole[at:], whole[:at]):
        told: list[object] = []
        for parse in (parse_object, parse_large):
            try:
                told.append(parse(body))
            except UnreadableJson as error:
                told.append(error.code)
        assert told[0] == told[1]


@pytest.mark.parametrize("opened", ['{"a":', "["])
@pytest.mark.parametrize("depth", [MAX_DEPTH - 1, MAX_DEPTH, MAX_DEPTH + 1, 100_000])
def test_a_large_document_nests_no_deeper_than_any_other(opened: str, depth: int) -> None:
    """Of tens of thousands of levels the stack is not spent either."""
    body = (
        f'{{"a":{opened * (depth - 1)}1{("}" if opened != "[" else "]") * (depth - 1)}}}'.encode()
    )
    if depth <= MAX_DEPTH:
        assert parse_large(body) == parse_object(body)
    else:
        with pytest.raises(UnreadableJson, match="too_deep"):
            parse_large(body)


def test_a_large_document_of_another_encoding_has_its_complaint() -> None:
    """No byte of it is replaced."""
    with pytest.raises(UnreadableJson, match="bad_encoding"):
        parse_large(b'{"a":"\xff"}')


def _is_shallow_to_pypy() -> Any:
    """The same function, in an interpreter whose collector tells nobody what it follows."""
    spec = importlib.util.spec_from_file_location("json_of_pypy", _json.__file__)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.delattr(gc, "is_tracked")
        spec.loader.exec_module(module)
    return module.is_shallow


@pytest.mark.parametrize("is_shallow", [is_shallow, _is_shallow_to_pypy()], ids=["ours", "pypy"])
@pytest.mark.parametrize("depth", [2, MAX_DEPTH - 1, MAX_DEPTH, MAX_DEPTH + 1, 200])
def test_what_is_told_to_be_shallow_nests_at_most_64_deep(depth: int, is_shallow: Any) -> None:
    """Through lists and objects, wherever in them it is deepest."""
    document: Any = {"a": 1}
    for level in range(1, depth):
        last = level == depth - 1
        document = {"b": 1, "a": document} if level % 2 or last else [[], document, {"c": 1}]
    assert is_shallow(document) is (depth <= MAX_DEPTH)


def test_of_a_large_document_a_member_that_is_there_twice_is_the_last_one() -> None:
    """It is one of our own, in which no member decides who gets a token."""
    assert parse_large(b'{"error": 1, "error": 2}') == {"error": 2}


@pytest.mark.parametrize("name", _DECISIVE)
def test_what_decides_who_gets_a_token_is_there_once(name: str) -> None:
    """Two readers could otherwise see two different answers."""
    with pytest.raises(UnreadableJson) as caught:
        parse_value(f'{{"x": 1, "{name}": 1, "{name}": 1}}')
    assert caught.value.code == "duplicate_member"


def test_a_callers_object_says_everything_once() -> None:
    """What it would mean twice is for nobody to guess."""
    assert parse_unique('{"a": [1, {"b": 2}]}') == {"a": [1, {"b": 2}]}
    for text, code in (
        ('{"a": 1, "a": 1}', "duplicate_member"),
        ('[{"a": {"b": 1, "b": 2}}]', "duplicate_member"),
        ("[" * (MAX_DEPTH + 1), "too_deep"),
        ("{", "response_not_json"),
    ):
        with pytest.raises(UnreadableJson) as caught:
            parse_unique(text)
        assert caught.value.code == str(caught.value) == code


@pytest.mark.parametrize(("opening", "closing"), ["[]", ('{"a":', "}")])
def test_a_document_may_be_64_deep(opening: str, closing: str) -> None:
    """And not one deeper, wherever; what was closed again does not count."""
    for text in (
        opening * 64 + "1" + closing * 64,
        opening * 62 + "[[],{}]" + closing * 62,
        opening + "[" + ",".join(["[[],{}]"] * 100) + "]" + closing,
    ):
        assert json.dumps(parse_value(text), separators=(",", ":")) == text
    for text in (
        opening * 65 + "1" + closing * 65,
        opening * 32 + "[" + "[],{}," * 20 + "[" * 32 + "]" * 33 + closing * 32,
    ):
        with pytest.raises(UnreadableJson, match="too_deep"):
            parse_value(text)


def test_a_number_of_many_digits_is_its_first_640() -> None:
    """Python refuses to read more than it is set to; who counts that far counts nothing real."""
    assert parse_value("1" * 640) == int("1" * 640)
    assert parse_value("-" + "1" * 5_000) == int("-" + "1" * 639)


def test_a_text_for_people_may_hold_bytes_that_are_no_utf8() -> None:
    """An error's description is shown, not compared."""
    assert parse_object(b'{"error":"\xff"}', lossy=True) == {"error": "\ufffd"}


@given(st.binary(max_size=200))
def test_any_bytes_give_an_object_or_the_complaint(body: bytes) -> None:
    """I-6."""
    try:
        found = parse_object(body)
    except UnreadableJson:
        return
    assert isinstance(found, dict)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_what_was_written_is_read(value: object) -> None:
    """Whatever JSON can say."""
    assert parse_value(json.dumps(value)) == value
