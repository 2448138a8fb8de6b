"""MSAL's unified cache JSON as a codec at the edge: partitions out, its dictionaries in.

Partitions are the model; this is a file format that other libraries read. Keys and members are
exactly msal 1.39's: times are strings, a refresh token's key keeps its target, an application's
home account id is null. Assertion partitions and knowledge are not part of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sansio_auth._json import JsonObject
from sansio_auth.partition import (
    CACHED_AT,
    EXPIRES_ON,
    EXTENDED_EXPIRES_ON,
    REFRESH_ON,
    SECRET,
    TARGET,
    TOKEN_TYPE,
    AppKey,
    AssertionKey,
    KnowledgeKey,
    Partition,
    PartitionKey,
    Tokens,
    UserKey,
)

__all__ = ["dump"]

_SCHEME: Final = -4
_KEY_ID: Final = -3
_EXTENDED: Final = -2


def _key(*parts: str | None) -> str:
    return "-".join(part or "" for part in parts).lower()


def _access(
    tokens: Tokens, environment: str, home: str | None, owner: tuple[str, str] | None
) -> dict[str, JsonObject]:
    """Each row once, under its granted scopes; `owner` where the partition has one owner."""
    entries: dict[str, JsonObject] = {}
    for token_key, row in tokens.access.items():
        client, realm = owner if owner is not None else (token_key[0], token_key[1])
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
        if token_key[_KEY_ID]:
            entry["key_id"] = token_key[_KEY_ID]
        extended = token_key[_EXTENDED]
        if extended:
            entry["ext_cache_key"] = extended
        parts = (home, environment, "atext" if extended else "accesstoken", client, realm)
        name = _key(*parts, row[TARGET], *((extended,) if extended else ()))
        entries[name] = entry
    return entries


def _app_metadata(tokens: Tokens, environment: str) -> dict[str, JsonObject]:
    entries: dict[str, JsonObject] = {}
    for client, family in tokens.clients.items():
        entry: JsonObject = {"client_id": client, "environment": environment}
        if family is not None:
            entry["family_id"] = family
        entries[f"appmetadata-{environment}-{client}"] = entry
    return entries


def _refresh(tokens: Tokens, environment: str, home: str) -> dict[str, JsonObject]:
    entries: dict[str, JsonObject] = {}
    for (client, family, target), (secret, modified) in tokens.refresh.items():
        entry: JsonObject = {
            "credential_type": "RefreshToken",
            "secret": secret,
            "home_account_id": home,
            "environment": environment,
            "client_id": client,
            "target": target,
            "last_modification_time": str(modified),
        }
        if family:
            entry["family_id"] = family
        entries[_key(home, environment, "refreshtoken", client, "", target)] = entry
    return entries


def _id_tokens(tokens: Tokens, environment: str, home: str) -> dict[str, JsonObject]:
    return {
        _key(home, environment, "idtoken", client, realm, ""): {
            "credential_type": "IdToken",
            "secret": token,
            "home_account_id": home,
            "environment": environment,
            "realm": realm,
            "client_id": client,
        }
        for (client, realm), token in tokens.id_tokens.items()
    }


def _accounts(tokens: Tokens, environment: str, home: str) -> dict[str, JsonObject]:
    entries: dict[str, JsonObject] = {}
    for realm, (local, username, authority_type, source) in tokens.accounts.items():
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
        entries[_key(home, environment, realm)] = entry
    return entries


def _sections(key: PartitionKey, tokens: Tokens) -> dict[str, dict[str, JsonObject]]:
    match key:
        case AppKey(environment, tenant, client):
            return {
                "AccessToken": _access(tokens, environment, None, (client, tenant)),
                "AppMetadata": _app_metadata(tokens, environment),
            }
        case UserKey(environment, home):
            return {
                "AccessToken": _access(tokens, environment, home, None),
                "Account": _accounts(tokens, environment, home),
                "IdToken": _id_tokens(tokens, environment, home),
                "RefreshToken": _refresh(tokens, environment, home),
                "AppMetadata": _app_metadata(tokens, environment),
            }
        case AssertionKey() | KnowledgeKey():
            return {}


def dump(partitions: Mapping[PartitionKey, Partition]) -> JsonObject:
    """Return partitions as the object that MSAL keeps in its cache file.

    Sections without an entry are left out, as MSAL leaves them out.
    """
    cache: dict[str, dict[str, JsonObject]] = {}
    for key, partition in partitions.items():
        if isinstance(partition, Tokens):
            for name, entries in _sections(key, partition).items():
                if entries:
                    cache.setdefault(name, {}).update(entries)
    return {name: dict(entries) for name, entries in cache.items()}
