"""One partition as the bytes of one file, and where that file belongs. Pure.

Knows what a partition of tokens holds and the names of folders; touches no file. A document is
taken whole or refused whole, since nobody but this library writes it: what a newer version added
to it as a member is handed back and written again (invariant I-9). It names its key, so that a
file that was moved cannot pass for another user's (I-3). No name of a file says anything to
somebody who does not know the key already.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Final, TypeAlias, assert_never

from attrs import field, frozen

from sansio_auth._json import JsonObject, JsonValue, UnreadableJson, parse_large
from sansio_auth.identity import TokenKey
from sansio_auth.partition import (
    EXPIRES_ON,
    AccessRow,
    AccountRow,
    Accounts,
    AppKey,
    AppTokens,
    AssertionKey,
    Query,
    RefreshRow,
    Tokens,
    UserKey,
)

__all__ = [
    "Place",
    "Stored",
    "StoredKey",
    "decode",
    "encode",
    "folder_of",
    "is_over",
    "marked",
    "markers_of",
    "markers_of_name",
    "place_of",
]

VERSION: Final = 1
#: No time of anybody's is further away, and every sum of such numbers is one.
_FAR: Final = 10**15
#: After that many seconds without use Entra takes a refresh token no more.
_IDLE: Final = 90 * 24 * 3600
_GROUP: Final = 32
_SHARD: Final = 2

StoredKey: TypeAlias = AppKey | AssertionKey | UserKey
#: Names of the folders on the way to a file, and its own.
Place: TypeAlias = tuple[str, ...]


@frozen
class Stored:
    """What one file holds: a partition, whose it is, and members that mean nothing here."""

    key: StoredKey
    tokens: Tokens = field(factory=Tokens)
    unknown: JsonObject = field(factory=dict[str, JsonValue], repr=False)


# --- where a partition belongs -----------------------------------------------------------------


def _words(key: StoredKey) -> tuple[str, ...]:
    match key:
        case AppKey():
            return "app", key.environment, key.tenant, key.client_id
        case AssertionKey():
            return "assertion", key.environment, key.tenant, key.client_id, key.digest
        case UserKey():
            return "user", key.environment, key.home_account_id
        case _:
            assert_never(key)


def _digest(*words: str) -> str:
    return hashlib.sha256(json.dumps(words).encode()).hexdigest()


def folder_of(query: Query) -> Place:
    """Return the folder in whose folders every partition is that can answer a query."""
    if isinstance(query, Accounts):
        return "users", _digest("user", query.environment)[:_GROUP]
    return "apps", _digest("app", query.environment, query.client_id)[:_GROUP]


def markers_of_name(environment: str, username: str) -> tuple[Place, str]:
    """Return the folder of the markers that lead to users of a name, and how those begin."""
    group = _digest("user", environment)[:_GROUP]
    name = _digest("name", environment, username.lower())[:_GROUP]
    return ("names", group, name[:_SHARD]), f"{name}-"


def marked(folder: Place, marker: str) -> Place:
    """Return which file a marker leads to."""
    digest = marker.partition("-")[2]
    return "users", folder[1], digest[:_SHARD], digest


def place_of(key: StoredKey) -> Place:
    """Return where a partition's file is, one of 256 folders that share them evenly."""
    digest = _digest(*_words(key))
    match key:
        case AppKey():
            above = folder_of(AppTokens(key.environment, key.client_id))
        case AssertionKey():
            above = ("assertions",)
        case UserKey():
            above = folder_of(Accounts(key.environment))
        case _:
            assert_never(key)
    return *above, digest[:_SHARD], digest


def markers_of(key: StoredKey, tokens: Tokens) -> frozenset[Place]:
    """Return the empty files by which a user is found by name."""
    if not isinstance(key, UserKey):
        return frozenset()
    digest = place_of(key)[-1]
    found = {markers_of_name(key.environment, row[1]) for row in tokens.accounts.values()}
    return frozenset((*folder, beginning + digest) for folder, beginning in found)


def is_over(stored: Stored, now: float) -> bool:
    """Whether nothing here will be of use again: tokens have ended, and nobody is signed in.

    A refresh token that came with an assertion is used in a session only.
    """
    key, tokens = stored.key, stored.tokens
    if tokens.accounts or any(row[EXPIRES_ON] >= now for row in tokens.access.values()):
        return False
    if isinstance(key, AssertionKey) and not key.is_session:
        return True
    return not any(at >= now - _IDLE for _, at in tokens.refresh.values())


# --- there -------------------------------------------------------------------------------------


def encode(stored: Stored) -> bytes:
    """Return the document of a partition, in UTF-8."""
    tokens = stored.tokens
    sections: JsonObject = {
        "access": [[[*key], [*row], key in tokens.wide] for key, row in tokens.access.items()],
        "refresh": [[[*key], [*row]] for key, row in tokens.refresh.items()],
        "id_tokens": [[[*key], token] for key, token in tokens.id_tokens.items()],
        "accounts": [[realm, [*row]] for realm, row in tokens.accounts.items()],
        "clients": [[client, family] for client, family in tokens.clients.items()],
        "originals": [[[*key], [*entry]] for key, entry in tokens.originals.items()],
        "assertions": [[*words] for words in sorted(map(_words, tokens.assertions))],
        "home_account_id": tokens.home_account_id,
    }
    document: JsonObject = {
        "version": VERSION,
        "key": [*_words(stored.key)],
        **{name: section for name, section in sections.items() if section not in ([], None)},
        **stored.unknown,
    }
    return json.dumps(document, separators=(",", ":")).encode("ascii")


# --- and back ----------------------------------------------------------------------------------


def decode(content: bytes) -> Stored:
    """Return what a document holds, or raise `UnreadableJson` with one word about what is wrong."""
    document = parse_large(content)
    if document.pop("version", None) != VERSION:
        raise UnreadableJson("unknown_version")
    key = _key(document.pop("key", None))
    access: dict[TokenKey, AccessRow] = {}
    wide: dict[TokenKey, frozenset[str]] = {}
    for name, row, is_wide in _entries(document, "access", 3):
        token = _texts(name, 6 if isinstance(key, UserKey) else 4)
        access[token] = _access_row(row)
        if is_wide is True:
            wide[token] = frozenset(token[-1].split())
    tokens = Tokens(
        access=access,
        wide=wide,
        refresh={_three(name): _refresh_row(row) for name, row in _entries(document, "refresh", 2)},
        id_tokens={_two(name): _text(token) for name, token in _entries(document, "id_tokens", 2)},
        accounts={
            _text(realm): _account_row(row) for realm, row in _entries(document, "accounts", 2)
        },
        clients={
            _text(client): _maybe(family) for client, family in _entries(document, "clients", 2)
        },
        originals={_texts(name): _two(entry) for name, entry in _entries(document, "originals", 2)},
        assertions=frozenset(map(_assertion, _list(document.pop("assertions", [])))),
        home_account_id=_maybe(document.pop("home_account_id", None)),
    )
    return Stored(key, tokens, document)


def _wrong() -> UnreadableJson:
    return UnreadableJson("wrong_types")


def _entries(document: JsonObject, name: str, width: int) -> Iterator[list[JsonValue]]:
    """Take a section out of the document; yield its entries, each a list of that many values."""
    section = document.pop(name, [])
    if not isinstance(section, list):
        raise _wrong()
    for entry in section:
        if not isinstance(entry, list) or len(entry) != width:
            raise _wrong()
        yield entry


def _text(value: JsonValue) -> str:
    if not isinstance(value, str):
        raise _wrong()
    return value


def _token(value: JsonValue) -> str:
    text = _text(value)
    if not text.isascii():  # no request could carry it
        raise _wrong()
    return text


def _maybe(value: JsonValue) -> str | None:
    return None if value is None else _text(value)


def _number(value: JsonValue) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= _FAR:
        raise _wrong()
    return value


def _list(value: JsonValue, width: int | None = None) -> list[JsonValue]:
    if not isinstance(value, list) or (width is not None and len(value) != width):
        raise _wrong()
    return value


def _texts(value: JsonValue, width: int | None = None) -> tuple[str, ...]:
    return tuple(_text(it) for it in _list(value, width))


def _two(value: JsonValue) -> tuple[str, str]:
    first, second = _texts(value, 2)
    return first, second


def _three(value: JsonValue) -> tuple[str, str, str]:
    first, second, third = _texts(value, 3)
    return first, second, third


def _access_row(value: JsonValue) -> AccessRow:
    secret, kind, target, cached, expires, extended, due = _list(value, 7)
    return (
        _token(secret), _text(kind), _text(target), _number(cached), _number(expires),
        _number(extended), None if due is None else _number(due),
    )  # fmt: skip


def _refresh_row(value: JsonValue) -> RefreshRow:
    secret, at = _list(value, 2)
    return _token(secret), _number(at)


def _account_row(value: JsonValue) -> AccountRow:
    local, name, kind, source = _list(value, 4)
    return _text(local), _text(name), _text(kind), _maybe(source)


def _assertion(value: JsonValue) -> AssertionKey:
    key = _key(value)
    if not isinstance(key, AssertionKey):
        raise _wrong()
    return key


def _key(value: JsonValue) -> StoredKey:
    match value:
        case ["app", str(environment), str(tenant), str(client)]:
            return AppKey(environment, tenant, client)
        case ["assertion", str(environment), str(tenant), str(client), str(digest)]:
            return AssertionKey(environment, tenant, client, digest)
        case ["user", str(environment), str(home)]:
            return UserKey(environment, home)
        case _:
            raise _wrong()
