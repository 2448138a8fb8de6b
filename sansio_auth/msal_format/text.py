"""The text of a cache file, and back: what `json` does, in a fraction of the time.

Written is letter by letter what `json.dumps(dump(...), indent=4)` gives, for which that function
takes an encoder in Python that asks about every part where it stands. Here the frame is known, an
entry of ours is put into a template, and what is text is quoted by the encoder in C. Read is what
`parse_object` reads, which alone says what is wrong with a text.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from json.encoder import encode_basestring_ascii as quoted
from typing import Final, TypeAlias

from sansio_auth._json import JsonValue, is_shallow, parse_object
from sansio_auth.identity import TokenKey
from sansio_auth.msal_format.writing import (
    EXTENDED,
    KEY_ID,
    ORDER,
    Cache,
    Families,
    Whose,
    access_key,
    account_key,
    app_metadata_entry,
    id_token_key,
    original_of,
    refresh_key,
    whose,
)
from sansio_auth.partition import (
    CACHED_AT,
    EXPIRES_ON,
    EXTENDED_EXPIRES_ON,
    REFRESH_ON,
    SECRET,
    TARGET,
    TOKEN_TYPE,
    AccessRow,
    AccountRow,
    Partition,
    PartitionKey,
    RefreshKey,
    RefreshRow,
    Tokens,
)

__all__ = ["parse", "text"]

#: What comes before a section, an entry, and a member of one.
_SECTION: Final = "\n" + 4 * " "
_ENTRY: Final = "\n" + 8 * " "
_MEMBER: Final = "\n" + 12 * " "
#: Up to that many letters `json` is quicker than we are.
_SHORT: Final = 128
#: The letters of ASCII that stand in a text of JSON's as they are.
_AS_THEY_ARE: Final = bytes(code for code in range(0x20, 0x7F) if chr(code) not in '"\\')

#: Section, key and text of one entry.
_Text: TypeAlias = tuple[str, str, str]
#: The text of each entry by its key; of a section that is no object its own text.
_Texts: TypeAlias = dict[str, dict[str, str] | str]


def text(
    partitions: Mapping[PartitionKey, Partition],
    foreign: Cache | None = None,
    families: Families | None = None,
) -> str:
    """Return the text of what `dump` returns."""
    sections: _Texts = {}
    for name, section in (foreign or {}).items():
        if isinstance(section, dict):
            sections[name] = {key: _entry(it) for key, it in section.items()}
        else:
            sections[name] = _anything(section, _SECTION)
    for key, partition in partitions.items():
        of = whose(key)
        if of is not None and isinstance(partition, Tokens):
            for name, entry_key, entry in _entries(of, partition):
                put = sections.setdefault(name, {})
                if isinstance(put, dict):
                    put[entry_key] = entry
    metadata = sections.get("AppMetadata")
    if isinstance(metadata, dict):
        for (environment, client), family in (families or {}).items():
            _, entry_key, members = app_metadata_entry(environment, client, family)
            if entry_key in metadata:
                metadata[entry_key] = _entry(members)
    return _whole({name: sections[name] for name in (*ORDER, *sections) if name in sections})


def _whole(sections: _Texts) -> str:
    """Put everything together at once: each further copy would be one of the whole file."""
    parts: list[str] = []
    for name, section in sections.items():
        parts.append(f"{',' if parts else '{'}{_SECTION}{quoted(name)}: ")
        if isinstance(section, str):
            parts.append(section)
            continue
        before = "{"
        for key, entry in section.items():
            parts += (before, _ENTRY, quoted(key), ": ", entry)
            before = ","
        parts.append(f"{_SECTION}}}" if section else "{}")
    parts.append("\n}" if parts else "{}")
    return "".join(parts)


def _entries(of: Whose, tokens: Tokens) -> Iterator[_Text]:
    """Yield each entry of a partition; one that was read is written as it was."""
    for key, row in tokens.access.items():
        yield _read_or(tokens, _access_token(of, key, row), "access", *key)
    for realm, account in tokens.accounts.items():
        yield _read_or(tokens, _account(of, realm, account), "account", realm)
    for (client, realm), token in tokens.id_tokens.items():
        yield _read_or(tokens, _id_token(of, client, realm, token), "id_token", client, realm)
    for refresh, kept in tokens.refresh.items():
        yield _read_or(tokens, _refresh_token(of, refresh, kept), "refresh", *refresh)
    for client, family in tokens.clients.items():
        name, key_text, members = app_metadata_entry(of[0], client, family)
        yield _read_or(tokens, (name, key_text, _entry(members)), "client", client)


def _read_or(tokens: Tokens, ours: _Text, *kind_and_key: str) -> _Text:
    """Return an entry as it was read, or else the one that we would write."""
    if not tokens.originals or (original := original_of(tokens, *kind_and_key)) is None:
        return ours
    return ours[0], original[0], _entry(original[1])


# --- the texts of the entries that `writing` makes ----------------------------------------------


def _access_token(of: Whose, key: TokenKey, row: AccessRow) -> _Text:
    environment, home, owner = of
    client, realm = owner or key[:2]
    rest = ""
    if row[REFRESH_ON] is not None:
        rest += f',{_MEMBER}"refresh_on": "{row[REFRESH_ON]}"'
    if key[KEY_ID]:
        rest += f',{_MEMBER}"key_id": {quoted(key[KEY_ID])}'
    if key[EXTENDED]:
        rest += f',{_MEMBER}"ext_cache_key": {quoted(key[EXTENDED])}'
    text = f"""{{
            "credential_type": "AccessToken",
            "secret": {_quoted(row[SECRET])},
            "home_account_id": {_or_null(home)},
            "environment": {quoted(environment)},
            "client_id": {quoted(client)},
            "target": {quoted(row[TARGET])},
            "realm": {quoted(realm)},
            "token_type": {quoted(row[TOKEN_TYPE])},
            "cached_at": "{row[CACHED_AT]}",
            "expires_on": "{row[EXPIRES_ON]}",
            "extended_expires_on": "{row[EXTENDED_EXPIRES_ON]}"{rest}
        }}"""
    return "AccessToken", access_key(of, key, row), text


def _refresh_token(of: Whose, key: RefreshKey, row: RefreshRow) -> _Text:
    client, family, target = key
    rest = f',{_MEMBER}"family_id": {quoted(family)}' if family else ""
    text = f"""{{
            "credential_type": "RefreshToken",
            "secret": {_quoted(row[0])},
            "home_account_id": {_or_null(of[1])},
            "environment": {quoted(of[0])},
            "client_id": {quoted(client)},
            "target": {quoted(target)},
            "last_modification_time": "{row[1]}"{rest}
        }}"""
    return "RefreshToken", refresh_key(of, key), text


def _id_token(of: Whose, client: str, realm: str, token: str) -> _Text:
    text = f"""{{
            "credential_type": "IdToken",
            "secret": {_quoted(token)},
            "home_account_id": {_or_null(of[1])},
            "environment": {quoted(of[0])},
            "realm": {quoted(realm)},
            "client_id": {quoted(client)}
        }}"""
    return "IdToken", id_token_key(of, client, realm), text


def _account(of: Whose, realm: str, row: AccountRow) -> _Text:
    local, username, authority_type, source = row
    rest = f',{_MEMBER}"account_source": {quoted(source)}' if source is not None else ""
    text = f"""{{
            "home_account_id": {_or_null(of[1])},
            "environment": {quoted(of[0])},
            "realm": {quoted(realm)},
            "local_account_id": {quoted(local)},
            "username": {quoted(username)},
            "authority_type": {quoted(authority_type)}{rest}
        }}"""
    return "Account", account_key(of, realm), text


def _or_null(text: str | None) -> str:
    return "null" if text is None else quoted(text)


def _quoted(text: str) -> str:
    """Return what `quoted` does, which goes from letter to letter.

    A token has many, of which none is to be escaped: to see that takes a quarter of the time.
    """
    if len(text) > _SHORT and text.isascii() and not text.encode().translate(None, _AS_THEY_ARE):
        return f'"{text}"'
    return quoted(text)


# --- and of anything else -----------------------------------------------------------------------


def _entry(entry: JsonValue) -> str:
    if not isinstance(entry, dict) or not entry:
        return _anything(entry, _ENTRY)
    members = [
        f"{quoted(name)}: {_quoted(it) if type(it) is str else _anything(it, _MEMBER)}"
        for name, it in entry.items()
    ]
    return f"{{{_MEMBER}{f',{_MEMBER}'.join(members)}{_ENTRY}}}"


def _anything(value: JsonValue, line: str) -> str:
    """Return any value; a line can only end between its parts, as texts have theirs escaped."""
    if value is None:
        return "null"
    return json.dumps(value, indent=4).replace("\n", line)


def parse(state: str | bytes) -> Cache:
    """Return what a cache file's text holds, nothing for an empty one.

    Raises `UnreadableJson`. Of a member that is there twice the last one counts.
    """
    try:
        written = state.decode("utf-8-sig") if isinstance(state, bytes) else state
        if not written or written.isspace():
            return {}
        cache: JsonValue = json.loads(written)
    except (ValueError, RecursionError):
        return _parse_slowly(state)  # it says what is wrong, if something is
    if cache is None:
        return {}
    return cache if isinstance(cache, dict) and is_shallow(cache) else _parse_slowly(state)


def _parse_slowly(state: str | bytes) -> Cache:
    return parse_object(state.encode("utf-8", "surrogatepass") if isinstance(state, str) else state)
