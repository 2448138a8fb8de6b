"""Partitions into MSAL's dictionaries, one section at a time.

Times are strings, an application's home account id is null, a refresh token's key keeps its
target, and sections without an entry are left out, all as msal 1.39 writes them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias, assert_never, cast

from sansio_auth._json import JsonObject, JsonValue
from sansio_auth.identity import TokenKey
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
    AppKey,
    AssertionKey,
    KnowledgeKey,
    Partition,
    PartitionKey,
    RefreshKey,
    RefreshRow,
    Tokens,
    UserKey,
)

__all__ = ["Cache", "Entry", "Whose", "dump", "entries"]

#: The order in which MSAL comes to write its sections.
_ORDER: Final = ("AccessToken", "Account", "IdToken", "RefreshToken", "AppMetadata")

#: A section's name to its entries by key. Values of foreign sections may be anything.
Cache: TypeAlias = dict[str, JsonValue]
#: Section, key and members of one entry.
Entry: TypeAlias = tuple[str, str, JsonObject]
#: Environment, home account id (None for an application), and client and realm if it has one owner.
Whose: TypeAlias = tuple[str, str | None, tuple[str, str] | None]

_KEY_ID: Final = -3
_EXTENDED: Final = -2


def _key(*parts: str | None) -> str:
    return "-".join(part or "" for part in parts).lower()


def access_entry(whose: Whose, key: TokenKey, row: AccessRow) -> Entry:
    """Return the entry of an access token."""
    environment, home, owner = whose
    client, realm = owner if owner is not None else (key[0], key[1])
    entry: JsonObject = {
        "credential_type": "AccessToken",
        "secret": row[SECRET],
        "home_account_id": home,
        "environment": environment,
        "client_id": client,
        "target": row[TARGET],
        "realm": realm,
        "token_type": row[TOKEN_TYPE],
        "cached_at": str(row[CACHED_AT]),
        "expires_on": str(row[EXPIRES_ON]),
        "extended_expires_on": str(row[EXTENDED_EXPIRES_ON]),
    }
    if row[REFRESH_ON] is not None:
        entry["refresh_on"] = str(row[REFRESH_ON])
    if key[_KEY_ID]:
        entry["key_id"] = key[_KEY_ID]
    extended = key[_EXTENDED]
    if extended:
        entry["ext_cache_key"] = extended
    kind = "atext" if extended else "accesstoken"
    tail = (row[TARGET], extended) if extended else (row[TARGET],)
    return "AccessToken", _key(home, environment, kind, client, realm, *tail), entry


def refresh_entry(whose: Whose, key: RefreshKey, row: RefreshRow) -> Entry:
    """Return the entry of a refresh token."""
    environment, home, _ = whose
    client, family, target = key
    entry: JsonObject = {
        "credential_type": "RefreshToken",
        "secret": row[0],
        "home_account_id": home,
        "environment": environment,
        "client_id": client,
        "target": target,
        "last_modification_time": str(row[1]),
    }
    if family:
        entry["family_id"] = family
    return "RefreshToken", _key(home, environment, "refreshtoken", client, "", target), entry


def id_token_entry(whose: Whose, client: str, realm: str, token: str) -> Entry:
    """Return the entry of an id token."""
    environment, home, _ = whose
    entry: JsonObject = {
        "credential_type": "IdToken",
        "secret": token,
        "home_account_id": home,
        "environment": environment,
        "realm": realm,
        "client_id": client,
    }
    return "IdToken", _key(home, environment, "idtoken", client, realm, ""), entry


def account_entry(whose: Whose, realm: str, row: AccountRow) -> Entry:
    """Return the entry of an account."""
    environment, home, _ = whose
    local, username, authority_type, source = row
    entry: JsonObject = {
        "home_account_id": home,
        "environment": environment,
        "realm": realm,
        "local_account_id": local,
        "username": username,
        "authority_type": authority_type,
    }
    if source is not None:
        entry["account_source"] = source
    return "Account", _key(home, environment, realm), entry


def app_metadata_entry(environment: str, client: str, family: str | None) -> Entry:
    """Return the entry that says that a client got tokens; its key keeps the client's case."""
    entry: JsonObject = {"client_id": client, "environment": environment}
    if family is not None:
        entry["family_id"] = family
    return "AppMetadata", f"appmetadata-{environment}-{client}", entry


def belongs(key: AppKey | UserKey) -> Whose:
    """Return whose tokens the partition of an application or a user holds."""
    if isinstance(key, AppKey):
        return key.environment, None, (key.client_id, key.tenant)
    return key.environment, key.home_account_id, None


def whose(key: PartitionKey) -> Whose | None:
    """Return whose tokens a partition holds, None where it is not part of the file."""
    match key:
        case AppKey() | UserKey():
            return belongs(key)
        case AssertionKey() | KnowledgeKey():
            return None
        case _:
            assert_never(key)


def _rows(of: Whose, tokens: Tokens) -> Iterator[tuple[tuple[str, ...], Entry]]:
    """Every row in the order in which MSAL files the parts of one answer."""
    for key, row in tokens.access.items():
        yield ("access", *key), access_entry(of, key, row)
    for realm, account in tokens.accounts.items():
        yield ("account", realm), account_entry(of, realm, account)
    for (client, realm), token in tokens.id_tokens.items():
        yield ("id_token", client, realm), id_token_entry(of, client, realm, token)
    for refresh_key, refresh_row in tokens.refresh.items():
        yield ("refresh", *refresh_key), refresh_entry(of, refresh_key, refresh_row)
    for client, family in tokens.clients.items():
        yield ("client", client), app_metadata_entry(of[0], client, family)


def entries(key: PartitionKey, tokens: Tokens) -> Iterator[Entry]:
    """Yield the entries of one partition; one that was read is written as it was."""
    of = whose(key)
    if of is None:
        return
    for original_key, entry in _rows(of, tokens):
        original = tokens.originals.get(original_key)
        if original is None:
            yield entry
        else:
            yield entry[0], original[0], cast("JsonObject", json.loads(original[1]))


def dump(partitions: Mapping[PartitionKey, Partition], foreign: Cache | None = None) -> Cache:
    """Return partitions as the object that MSAL keeps in its cache file.

    `foreign` is what a file held beside them: sections and entries that nobody here understands.
    """
    cache: Cache = {}
    for name, section in (foreign or {}).items():
        cache[name] = dict(section) if isinstance(section, dict) else section
    for key, partition in partitions.items():
        if isinstance(partition, Tokens):
            for section_name, entry_key, members in entries(key, partition):
                section = cache.setdefault(section_name, {})
                if isinstance(section, dict):
                    section[entry_key] = members
    return {name: cache[name] for name in (*_ORDER, *cache) if name in cache}
