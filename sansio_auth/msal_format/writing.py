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

__all__ = ["Cache", "Entry", "Families", "Whose", "dump"]

#: The order in which MSAL comes to write its sections.
ORDER: Final = ("AccessToken", "Account", "IdToken", "RefreshToken", "AppMetadata")

#: A section's name to its entries by key. Values of foreign sections may be anything.
Cache: TypeAlias = dict[str, JsonValue]
#: Section, key and members of one entry.
Entry: TypeAlias = tuple[str, str, JsonObject]
#: Environment, home account id (None for an application), and client and realm if it has one owner.
Whose: TypeAlias = tuple[str, str | None, tuple[str, str] | None]

#: A client's family id by environment and client id, None for one that has none.
Families: TypeAlias = Mapping[tuple[str, str], str | None]

#: Where these parts are in a token's key.
KEY_ID: Final = -3
EXTENDED: Final = -2


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
    if key[KEY_ID]:
        entry["key_id"] = key[KEY_ID]
    if key[EXTENDED]:
        entry["ext_cache_key"] = key[EXTENDED]
    return "AccessToken", access_key(whose, key, row), entry


def access_key(whose: Whose, key: TokenKey, row: AccessRow) -> str:
    """Return the key of an access token's entry."""
    environment, home, owner = whose
    client, realm = owner if owner is not None else (key[0], key[1])
    where = f"{client}-{realm}-{row[TARGET]}"
    if key[EXTENDED]:
        return f"{home or ''}-{environment}-atext-{where}-{key[EXTENDED]}".lower()
    return f"{home or ''}-{environment}-accesstoken-{where}".lower()


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
    return "RefreshToken", refresh_key(whose, key), entry


def refresh_key(whose: Whose, key: RefreshKey) -> str:
    """Return the key of a refresh token's entry."""
    environment, home, _ = whose
    return f"{home}-{environment}-refreshtoken-{key[0]}--{key[2]}".lower()


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
    return "IdToken", id_token_key(whose, client, realm), entry


def id_token_key(whose: Whose, client: str, realm: str) -> str:
    """Return the key of an id token's entry."""
    environment, home, _ = whose
    return f"{home}-{environment}-idtoken-{client}-{realm}-".lower()


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
    return "Account", account_key(whose, realm), entry


def account_key(whose: Whose, realm: str) -> str:
    """Return the key of an account's entry."""
    environment, home, _ = whose
    return f"{home}-{environment}-{realm}".lower()


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


def original_of(tokens: Tokens, *kind_and_key: str) -> tuple[str, JsonObject] | None:
    """Return the key and the entry that a row was read from, None where it was not."""
    original = tokens.originals.get(kind_and_key)
    if original is None:
        return None
    return original[0], cast("JsonObject", json.loads(original[1]))


def _read_or(tokens: Tokens, entry: Entry, *kind_and_key: str) -> Entry:
    """Return an entry as it was read, or else the one that we would write."""
    if not tokens.originals or (original := original_of(tokens, *kind_and_key)) is None:
        return entry
    return entry[0], *original


def _entries(key: PartitionKey, tokens: Tokens) -> Iterator[Entry]:
    """Yield the entries of one partition; one that was read is written as it was."""
    of = whose(key)
    if of is None:
        return
    for token_key, row in tokens.access.items():
        yield _read_or(tokens, access_entry(of, token_key, row), "access", *token_key)
    for realm, account in tokens.accounts.items():
        yield _read_or(tokens, account_entry(of, realm, account), "account", realm)
    for (client, realm), token in tokens.id_tokens.items():
        entry = id_token_entry(of, client, realm, token)
        yield _read_or(tokens, entry, "id_token", client, realm)
    for key_parts, refresh_row in tokens.refresh.items():
        entry = refresh_entry(of, key_parts, refresh_row)
        yield _read_or(tokens, entry, "refresh", *key_parts)
    for client, family in tokens.clients.items():
        yield _read_or(tokens, app_metadata_entry(of[0], client, family), "client", client)


def dump(
    partitions: Mapping[PartitionKey, Partition],
    foreign: Cache | None = None,
    families: Families | None = None,
) -> Cache:
    """Return partitions as the object that MSAL keeps in its cache file.

    `foreign` is what a file held beside them: entries that nobody here understands, or has read.
    `families` is what was heard last of each client's family, for all users of an environment.
    """
    cache: Cache = {}
    for name, section in (foreign or {}).items():
        cache[name] = dict(section) if isinstance(section, dict) else section
    for key, partition in partitions.items():
        if isinstance(partition, Tokens):
            for section_name, entry_key, members in _entries(key, partition):
                section = cache.setdefault(section_name, {})
                if isinstance(section, dict):
                    section[entry_key] = members
    metadata = cache.get("AppMetadata")
    if isinstance(metadata, dict):
        for (environment, client), family in (families or {}).items():
            _, entry_key, members = app_metadata_entry(environment, client, family)
            if entry_key in metadata:
                metadata[entry_key] = members
    return {name: cache[name] for name in (*ORDER, *cache) if name in cache}
