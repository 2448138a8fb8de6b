"""Reading JSON that somebody else wrote, totally: a value or one named complaint, in bounded time.

Knows JSON and nothing of OAuth. It refuses to guess: other encodings than UTF-8, documents nested
deeper than `MAX_DEPTH` and repeated members that decide who gets a token are complaints.
"""

from __future__ import annotations

import gc
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from typing import Final, TypeAlias

__all__ = [
    "MAX_DEPTH",
    "JsonObject",
    "JsonValue",
    "UnreadableJson",
    "is_shallow",
    "parse_large",
    "parse_object",
    "parse_unique",
    "parse_value",
]

JsonValue: TypeAlias = (
    'str | int | float | bool | list["JsonValue"] | dict[str, "JsonValue"] | None'
)
JsonObject: TypeAlias = dict[str, JsonValue]

#: No document of the protocol nests deeper than ten; a stack is not to be spent on one that does.
MAX_DEPTH: Final = 64

#: Python refuses to convert more than 4,300 digits by default, and 640 under any setting.
_MAX_DIGITS: Final = 640

#: Members that must not be given twice: two readers could otherwise see two different answers.
_DECISIVE: Final = frozenset(
    {
        "access_token", "token_type", "refresh_token", "id_token", "client_info", "error",
        "issuer", "token_endpoint", "authorization_endpoint", "tenant_discovery_endpoint",
    }
)  # fmt: skip

#: What JSON calls white space (RFC 8259 section 2); Python knows more of it.
_SPACE: Final = " \t\n\r"
_BYTE_ORDER_MARK: Final = "\ufeff"
_BRACKETS: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|[\[{]|[\]}]', re.DOTALL)


class UnreadableJson(ValueError):  # noqa: N818 - says what it is about
    """What is wrong with a document, as a stable word; never a part of the document."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def _object(pairs: list[tuple[str, JsonValue]]) -> JsonObject:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        if any(name in _DECISIVE and names.count(name) > 1 for name in members):
            raise UnreadableJson("duplicate_member")
    return members


def _unique(pairs: list[tuple[str, JsonValue]]) -> JsonObject:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise UnreadableJson("duplicate_member")
    return members


def _integer(digits: str) -> int:
    """Return a number; of one that Python reads no digits of, the first ones, which are plenty."""
    return int(digits[:_MAX_DIGITS])


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_object, parse_int=_integer)
_STRICT: Final = json.JSONDecoder(object_pairs_hook=_unique, parse_int=_integer)


def _too_deep(text: str) -> bool:
    if "[" not in text and text.find("{", text.find("{") + 1) < 0:
        return False  # as flat as a token response is
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return False
    depth = 0
    for match in _BRACKETS.finditer(text):
        mark = match.group()
        if mark in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif mark in "]}":
            depth -= 1
    return False


def _text(body: bytes, *, lossy: bool = False) -> str:
    if b"\x00" in body:  # UTF-16 or UTF-32; a NUL inside UTF-8 JSON must be escaped anyway
        raise UnreadableJson("bad_encoding")
    try:
        text = body.decode("utf-8", "replace" if lossy else "strict")
    except UnicodeDecodeError:
        raise UnreadableJson("bad_encoding") from None
    text = text.removeprefix(_BYTE_ORDER_MARK)
    if not text or text.isspace():
        raise UnreadableJson("empty_body")
    return text


def parse_value(text: str) -> JsonValue:
    """Return the JSON value that `text` is, or raise `UnreadableJson`."""
    return _decoded(text, _DECODER)


def parse_unique(text: str) -> JsonValue:
    """Return the JSON value that a caller's text is; a member that is there twice is none."""
    return _decoded(text, _STRICT)


def _decoded(text: str, decoder: json.JSONDecoder) -> JsonValue:
    if _too_deep(text):
        raise UnreadableJson("too_deep")
    text = text.strip(_SPACE)
    value: JsonValue
    try:
        value, end = decoder.raw_decode(text)
    except UnreadableJson:
        raise
    except (ValueError, RecursionError):  # the cause would carry the document in its `doc`
        raise UnreadableJson("response_not_json") from None
    if end != len(text):
        raise UnreadableJson("response_not_json")
    return value


def parse_object(body: bytes, *, lossy: bool = False) -> JsonObject:
    """Return the JSON object that `body` is, or raise `UnreadableJson`.

    `lossy` replaces bytes that are not UTF-8, for texts that only people read (errors).
    """
    value = parse_value(_text(body, lossy=lossy))
    if not isinstance(value, dict):
        raise UnreadableJson("not_an_object")
    return value


def parse_large(body: bytes) -> JsonObject:
    """Return what `parse_object` returns, of thousands of entries in a fraction of the time.

    Of a member that is there twice the last one counts.
    """
    value: JsonValue = None
    with suppress(ValueError, RecursionError):
        value = json.loads(_text(body))
    if isinstance(value, dict) and is_shallow(value):
        return value
    return parse_object(body)  # it says what is wrong, if something is


def _can_hold(value: JsonValue) -> bool:
    return isinstance(value, dict | list)


#: Whether objects or lists may be in a value: the collector knows, but PyPy's does not tell.
_is_followed: Final = getattr(gc, "is_tracked", _can_hold)


def is_shallow(document: JsonObject) -> bool:
    """Whether nothing in it can nest deeper than `MAX_DEPTH`.

    Level by level, without a look at entries of nothing but texts and numbers: the collector, who
    does not follow those, knows which they are.
    """
    level: list[JsonValue] = [document]
    for _ in range(MAX_DEPTH - 1):
        level = [*filter(_is_followed, _inside(level))]
        if not level:
            return True
    return not any(map(_can_hold, _inside(level)))


def _inside(level: list[JsonValue]) -> Iterator[JsonValue]:
    lists = (it for it in level if isinstance(it, list))
    objects = (it.values() for it in level if isinstance(it, dict))
    return chain(*lists, *objects)
