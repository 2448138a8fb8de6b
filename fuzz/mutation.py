"""How good input is spoilt: as bytes, and by its own grammar, so that what is wrong lies deep.

Pure: the dice are an argument. JSON is changed as a tree, also inside the base64url parts of a
token or of client_info; DER is changed as a tree whose lengths are written again; PEM is taken out
of its armour and put back.
"""

from __future__ import annotations

import base64
import binascii
import json
import random
import re
from collections.abc import Callable
from copy import deepcopy
from typing import Any, Final

__all__ = ["SPOILERS", "Spoiler", "spoil_bytes"]

MOST: Final = 200_000
_TOKENS: Final = (
    b"{", b"}", b"[", b"]", b'"', b"\\", b"null", b"true", b"1e999", b"-1", b"NaN", b"\x00",
    b"\xff", b"\xed\xa0\x80", "\u202e".encode(), "İ".encode(), b"=", b",", b".", b"%2e", b"\r\n",
    b"-----", b"\\ud800", b"9" * 400, b":", b"@", b"//", b"#", b"?", b" " * 50, b";", b"\t",
    b'\\"', b"\xef\xbb\xbf", "１".encode(), b"GMT", b"Bearer ", b"0" * 30, b"\x30\x80",
)  # fmt: skip
#: What a JSON tree is given in place of what was there; `@raw:` is written without quotes.
_ODD: Final[tuple[Any, ...]] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, 10**200, 0.5, -0.0, "", " ", "0", "-1", "1e400",
    "9" * 30, "9" * 5_000, "\ud800", "\udfff\ud800", "\x00", "\u202e", "a b", "a.b.c", "..", "İ",
    "x" * 9_000, [], {}, [[]], [None], {"": {}}, "@raw:1e400", "@raw:-1e400", "@raw:NaN",
    "@raw:Infinity", "@raw:1e-400", "@raw:" + "9" * 700, "@raw:" + "9" * 6_000,
    "@raw:" + "[" * 70 + "]" * 70, "@raw:" + "[" * 2_000, '@raw:{"a":1,"a":2}',
    '@raw:{"error":1,"error":2}', "@raw:-" + "9" * 700, "@raw:1" + "0" * 320 + ".5",
    "https://login.microsoftonline.com/x", "https://evil.example/x", "http://[::1", "1.2.3.4",
)  # fmt: skip
_RAW: Final = re.compile(r'"@raw:((?:[^"\\]|\\.)*)"')
_NAMES: Final = (
    "access_token", "expires_in", "expires_on", "ext_expires_in", "refresh_in", "error",
    "error_codes", "claims", "id_token", "client_info", "scope", "foci", "token_type", "issuer",
    "exp", "nonce", "uid", "utid", "sub", "home_account_id", "secret", "target", "location", "",
)  # fmt: skip


def spoil_bytes(dice: random.Random, corpus: tuple[bytes, ...]) -> bytes:
    """Return a good input with a few things done to its bytes."""
    data = bytearray(dice.choice(corpus))
    for _ in range(dice.choice((1, 1, 2, 3, 8))):
        at, to = sorted(dice.randrange(len(data) + 1) for _ in range(2))
        match dice.randrange(9):
            case 0:
                del data[at:to]
            case 1:
                data[at:at] = dice.choice(_TOKENS)
            case 2:
                data[at:to] = dice.choice(_TOKENS)
            case 3:
                data[at:at] = data[at:to] * dice.choice((1, 2, 30))
            case 4:
                data[at : at + 1] = dice.randbytes(1)
            case 5:
                other = dice.choice(corpus)
                data[at:to] = other[dice.randrange(len(other) + 1) :]
            case 6:
                data[at:at] = dice.choice((b"[", b'{"a":', b"(")) * dice.choice((10, 3_000))
            case 7:
                data[at : at + 1] = bytes([(data[at] ^ 1 << dice.randrange(8)) if data[at:] else 0])
            case _:
                data[at:to] = dice.randbytes(dice.randrange(20))
        del data[MOST:]
    return bytes(data)


# --- JSON --------------------------------------------------------------------------------------


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Return every container of a tree with every key or index in it."""
    found: list[tuple[Any, Any]] = []
    left = [value] if isinstance(value, dict | list) else []
    while left:
        node = left.pop()
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        for key in keys:
            found.append((node, key))
            if isinstance(node[key], dict | list):
                left.append(node[key])
    return found


def _inside(dice: random.Random, text: str) -> str:
    """Return a text of base64url parts with the JSON in one of them changed."""
    parts = text.split(".")
    place = dice.randrange(len(parts))
    try:
        inner = json.loads(base64.urlsafe_b64decode(parts[place] + "=="))
    except (ValueError, binascii.Error, RecursionError):
        return dice.choice(("e30", "e30.e30.", text[:-1], f"{text}=", f"{text}."))
    if not isinstance(inner, dict | list):
        return text
    try:
        changed = _written(_changed(dice, inner)).encode("utf-8", "surrogatepass")
    except (ValueError, RecursionError):  # what was raw in one that was spoilt before
        return text
    parts[place] = base64.urlsafe_b64encode(changed).decode().rstrip("=")
    return ".".join(parts)


def _changed(dice: random.Random, tree: Any) -> Any:
    """Return a tree with one to four things done to it."""
    for _ in range(dice.choice((1, 1, 1, 2, 4))):
        places = _places(tree)
        if not places:
            return deepcopy(dice.choice(_ODD))
        node, key = dice.choice(places)
        match dice.randrange(7):
            case 0 | 1:
                node[key] = deepcopy(dice.choice(_ODD))
            case 2:
                del node[key]
            case 3 if isinstance(node, dict):
                node[dice.choice(_NAMES)] = node.pop(key)
            case 4:
                other, name = dice.choice(places)
                node[key] = json.loads(_written(other[name])) if name in _keys(other) else {}
            case 5 if isinstance(node[key], str):
                node[key] = _inside(dice, node[key])
            case _ if isinstance(node, dict):
                node[dice.choice(_NAMES)] = deepcopy(dice.choice(_ODD))
            case _:
                node.append(deepcopy(dice.choice(_ODD)))
    return tree


def _keys(node: Any) -> Any:
    return node if isinstance(node, dict) else range(len(node))


def _written(tree: Any) -> str:
    return _RAW.sub(lambda match: json.loads(f'"{match[1]}"'), json.dumps(tree))


def spoil_json(dice: random.Random, corpus: tuple[bytes, ...]) -> bytes:
    """Return a good document that says something else; what is before its first brace is kept."""
    data = dice.choice(corpus)
    start = max(data.find(b"{"), 0)
    try:
        tree = json.loads(data[start:])
        return data[:start] + _written(_changed(dice, tree)).encode()[:MOST]
    except (ValueError, RecursionError):  # one that was spoilt before
        return spoil_bytes(dice, corpus)


def spoil_tokens(dice: random.Random, corpus: tuple[bytes, ...]) -> bytes:
    """Return base64url parts with changed JSON in them."""
    text = dice.choice(corpus).decode("utf-8", "replace")
    return _inside(dice, text).encode("utf-8", "surrogatepass")


# --- DER and PEM -------------------------------------------------------------------------------


def _tree(der: bytes, depth: int = 0) -> list[Any] | None:
    """Return DER as [tag, content] pairs, in which content is bytes or such pairs; None if none."""
    found: list[Any] = []
    at = 0
    while at < len(der):
        if at + 2 > len(der):
            return None
        tag, size, at = der[at], der[at + 1], at + 2
        if size > 0x80:
            digits = size - 0x80
            size, at = int.from_bytes(der[at : at + digits], "big"), at + digits
        if size == 0x80 or at + size > len(der) or depth > 20:
            return None
        content: Any = der[at : at + size]
        if tag & 0x20 or (tag == 4 and content[:1] == b"\x30"):
            content = _tree(content, depth + 1) or content
        found.append([tag, content])
        at += size
    return found


def _der(pairs: list[Any]) -> bytes:
    found = b""
    for tag, content in pairs:
        raw = content if isinstance(content, bytes) else _der(content)
        size = len(raw)
        digits = size.to_bytes(5, "big").lstrip(b"\0")
        length = bytes([size]) if size < 128 else bytes([0x80 | len(digits)]) + digits
        found += bytes([tag]) + length + raw
    return found


_ODD_CONTENT: Final = (
    b"", b"\0", b"\x01", b"\xff", b"\x7f" * 20, b"\x80" * 21, b"\x7f\xff\xff\xff", b"\xff" * 9,
    b"\x02\x01\x00", b"\x30\x80", b"\x05\x00", b"\x00" * 300, b"\x7f" * 2_000,
)  # fmt: skip


def _changed_der(dice: random.Random, der: bytes) -> bytes:
    pairs = _tree(der)
    if not pairs:
        return spoil_bytes(dice, (der,))
    for _ in range(dice.choice((1, 1, 1, 2))):
        lists, left = [pairs], list(pairs)
        while left:
            pair = left.pop()
            if isinstance(pair[1], list):
                lists.append(pair[1])
                left += pair[1]
        parent = dice.choice(lists)
        if not parent:
            continue
        place = dice.randrange(len(parent))
        match dice.randrange(6):
            case 0:
                parent[place] = [parent[place][0], dice.choice(_ODD_CONTENT)]
            case 1:
                tag = dice.choice((2, 3, 4, 5, 6, 0x30, 0x31, 0x80, 0xA0))
                parent[place] = [tag, parent[place][1]]
            case 2:
                del parent[place]
            case 3:
                parent.insert(place, parent[place])
            case 4:
                content = parent[place][1]
                raw = content if isinstance(content, bytes) else _der(content)
                parent[place] = [parent[place][0], spoil_bytes(dice, (raw,))[:20_000]]
            case _:
                other = dice.choice(dice.choice(lists) or [[5, b""]])
                parent[place] = [other[0], other[1] if isinstance(other[1], bytes) else b"\x05\0"]
    return _der(pairs)


def spoil_der(dice: random.Random, corpus: tuple[bytes, ...]) -> bytes:
    """Return DER with well-formed lengths around what is wrong."""
    return _changed_der(dice, dice.choice(corpus))[:MOST]


_ARMOUR: Final = re.compile(
    rb"(-----BEGIN [A-Z0-9 ]+-----)\s*([A-Za-z0-9+/=\s]+)(-----END [A-Z0-9 ]+-----)"
)


def spoil_pem(dice: random.Random, corpus: tuple[bytes, ...]) -> bytes:
    """Return PEM with changed DER in its armour."""
    data = dice.choice(corpus)
    blocks = list(_ARMOUR.finditer(data))
    if not blocks:
        return spoil_bytes(dice, corpus)
    block = dice.choice(blocks)
    try:
        der = base64.b64decode(block[2])
    except binascii.Error:
        return spoil_bytes(dice, corpus)
    text = base64.encodebytes(_changed_der(dice, der))
    return (data[: block.start()] + block[1] + b"\n" + text + block[3] + data[block.end() :])[:MOST]


Spoiler = Callable[[random.Random, tuple[bytes, ...]], bytes]

#: By the kind of an input, beside `spoil_bytes`.
SPOILERS: Final[dict[str, Spoiler]] = {
    "bytes": spoil_bytes,
    "json": spoil_json,
    "token": spoil_tokens,
    "der": spoil_der,
    "pem": spoil_pem,
}
