"""JSON that somebody else wrote."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sansio_auth._json import MAX_DEPTH, UnreadableJson, parse_object, parse_value


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "empty_body"),
        (b" \r\n\t", "empty_body"),
        (b"<html>", "response_not_json"),
        (b"{", "response_not_json"),
        (b'{"a":1}x', "response_not_json"),
        (b"[]", "not_an_object"),
        (b"null", "not_an_object"),
        (b"1", "not_an_object"),
        (b'"text"', "not_an_object"),
        (b'{"a":"\xff"}', "bad_encoding"),
        ('{"a":1}'.encode("utf-16"), "bad_encoding"),
        ('{"a":1}'.encode("utf-32"), "bad_encoding"),
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
        (b"[" * 0 + b'{"a":' * 60 + b"1" + b"}" * 60, None),
    ],
)
def test_what_is_an_object_is_read(body: bytes, value: object) -> None:
    """With a byte order mark, white space, brackets inside texts, harmless repetitions."""
    found = parse_object(body)
    assert value is None or found == value


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
