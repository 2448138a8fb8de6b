"""The text of a cache file, and back: what `json` does, in a fraction of the time.

Written is letter by letter what `json.dumps(dump(...), indent=4)` gives, for which that function
takes an encoder in Python that asks about every part where it stands. Here the frame is known, an
access token is put into a template, and what is text is quoted by the encoder in C. Read is what
`parse_object` reads, which alone says what is wrong with a text.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator, Mapping
from itertools import chain
from json.encoder import encode_basestring_ascii as quoted
from typing import Final, TypeAlias, cast

from sansio_auth._json import MAX_DEPTH, JsonObject, JsonValue, parse_object
from sansio_auth.identity import TokenKey
from sansio_auth.msal_format.writing import (
    EXTENDED,
    KEY_ID,
    ORDER,
    Cache,
    Families,
    Whose,
    access_key,
    app_metadata_entry,
    entries_but_access,
    original_of,
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
    Partition,
    PartitionKey,
    Tokens,
)

__all__ = ["parse", "text"]

#: What comes before a section, an entry, and a member of one.
_SECTION: Final = "\n" + 4 * " "
_ENTRY: Final = "\n" + 8 * " "
_MEMBER: Final = "\n" + 12 * " "

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


def _entries(of: Whose, tokens: Tokens) -> Iterator[tuple[str, str, str]]:
    """Yield section, key and text of each entry of a partition."""
    for key, row in tokens.access.items():
        original = original_of(tokens, "access", *key) if tokens.originals else None
        if original is None:
            yield "AccessToken", access_key(of, key, row), _access(of, key, row)
        else:
            yield "AccessToken", original[0], _entry(original[1])
    for name, key_text, members in entries_but_access(of, tokens):
        yield name, key_text, _entry(members)


def _access(of: Whose, key: TokenKey, row: AccessRow) -> str:
    """Return the text of `access_entry`."""
    environment, home, owner = of
    client, realm = owner if owner is not None else (key[0], key[1])
    due, key_id, extended = row[REFRESH_ON], key[KEY_ID], key[EXTENDED]
    return (
        f'{{{_MEMBER}"credential_type": "AccessToken",'
        f'{_MEMBER}"secret": {quoted(row[SECRET])},'
        f'{_MEMBER}"home_account_id": {"null" if home is None else quoted(home)},'
        f'{_MEMBER}"environment": {quoted(environment)},'
        f'{_MEMBER}"client_id": {quoted(client)},'
        f'{_MEMBER}"target": {quoted(row[TARGET])},'
        f'{_MEMBER}"realm": {quoted(realm)},'
        f'{_MEMBER}"token_type": {quoted(row[TOKEN_TYPE])},'
        f'{_MEMBER}"cached_at": "{row[CACHED_AT]}",'
        f'{_MEMBER}"expires_on": "{row[EXPIRES_ON]}",'
        f'{_MEMBER}"extended_expires_on": "{row[EXTENDED_EXPIRES_ON]}"'
        + (f',{_MEMBER}"refresh_on": "{due}"' if due is not None else "")
        + (f',{_MEMBER}"key_id": {quoted(key_id)}' if key_id else "")
        + (f',{_MEMBER}"ext_cache_key": {quoted(extended)}' if extended else "")
        + f"{_ENTRY}}}"
    )


def _entry(entry: JsonValue) -> str:
    if not isinstance(entry, dict) or not entry:
        return _anything(entry, _ENTRY)
    members = [
        f"{quoted(name)}: {quoted(it) if type(it) is str else _anything(it, _MEMBER)}"
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
    return cache if isinstance(cache, dict) and _is_shallow(cache) else _parse_slowly(state)


def _parse_slowly(state: str | bytes) -> Cache:
    return parse_object(state.encode("utf-8", "surrogatepass") if isinstance(state, str) else state)


def _is_shallow(cache: JsonObject) -> bool:
    """Whether nothing in it can nest deeper than `MAX_DEPTH`.

    Level by level, without a look at entries of nothing but texts and numbers: the collector, who
    does not follow those, knows which they are.
    """
    level: list[JsonValue] = [cache]
    for _ in range(MAX_DEPTH - 1):
        inner = (
            it.values() if isinstance(it, dict) else cast("list[JsonValue]", it) for it in level
        )
        level = [*filter(gc.is_tracked, chain.from_iterable(inner))]
        if not level:
            return True
    return False
