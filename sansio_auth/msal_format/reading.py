"""MSAL's dictionaries into partitions, tolerantly: one bad entry affects only itself.

Other libraries write the same file: numbers may be numbers or texts, an application's home
account id null, empty or missing, a Bearer token's type left out. What cannot be read as a row is
foreign and kept aside untouched; so are sections of other names, a second entry about one thing,
and entries that other libraries tie to a user assertion or to more than scopes in a way of their
own, which must not be mistaken for others (invariant I-3).
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Final, TypeAlias

from attrs import define, field, frozen

from sansio_auth._json import JsonObject, JsonValue
from sansio_auth.identity import TokenKey, token_key
from sansio_auth.msal_format.writing import (
    Cache,
    Entry,
    access_entry,
    account_entry,
    app_metadata_entry,
    belongs,
    id_token_entry,
    refresh_entry,
)
from sansio_auth.partition import (
    AccessRow,
    AccountRow,
    AppKey,
    IdTokenKey,
    Original,
    OriginalKey,
    Partition,
    PartitionKey,
    RefreshKey,
    RefreshRow,
    Tokens,
    UserKey,
    compact,
    is_empty,
    shared,
)

__all__ = ["READERS", "Loaded", "Metadata", "load", "metadata_of", "owner_of", "text_of"]

_DIGITS: Final = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,18})?")
#: No time of anybody's; one beyond it could not be compared with a clock.
_NEVER: Final = 10**18
#: The type, in lower case, of a token for more than its scopes; MSAL.NET files it without a key.
_EXTENDED: Final = "atext"


@frozen
class Loaded:
    """What a cache file holds: partitions, and what is to be written back untouched."""

    partitions: Mapping[PartitionKey, Partition]
    foreign: Cache = field(repr=False)


@define
class _Draft:
    """One partition while it is being read."""

    access: dict[TokenKey, AccessRow] = field(factory=dict[TokenKey, AccessRow])
    refresh: dict[RefreshKey, RefreshRow] = field(factory=dict[RefreshKey, RefreshRow])
    id_tokens: dict[IdTokenKey, str] = field(factory=dict[IdTokenKey, str])
    accounts: dict[str, AccountRow] = field(factory=dict[str, AccountRow])
    clients: dict[str, str | None] = field(factory=dict[str, str | None])
    seen: set[str] = field(factory=set[str])
    originals: dict[OriginalKey, Original] = field(factory=dict[OriginalKey, Original])

    def remember(self, kind: OriginalKey, key: str, entry: JsonObject, ours: Entry) -> None:
        """Keep the original where we would write it otherwise."""
        if (key, entry) != ours[1:] or list(entry) != list(ours[2]):
            self.originals[kind] = (key, json.dumps(entry))

    def tokens(self) -> Tokens:
        """Return the partition."""
        wide = {key: frozenset(key[-1].split()) for key in self.access if " " in key[-1]}
        return Tokens(
            access=self.access,
            wide=wide,
            refresh=compact(self.refresh),
            id_tokens=compact(self.id_tokens),
            accounts=compact(self.accounts),
            clients=compact(self.clients),
            originals=compact(self.originals),
        )


@define
class _Drafts:
    """The partitions while they are being read, and whether an entry's key has to be its own."""

    strict: bool = False
    of: defaultdict[AppKey | UserKey, _Draft] = field(factory=lambda: defaultdict(_Draft))

    def refuses(self, key: str, ours: Entry) -> bool:
        """Whether an entry stands under another key than its members make."""
        return self.strict and key != ours[1]


#: The entry about a client, and its key, by environment and client id.
Metadata: TypeAlias = dict[tuple[str, str], tuple[str, JsonObject]]


def text_of(entry: JsonObject, name: str) -> str:
    """Return a member that is a text, an empty one for any other value or none."""
    value = entry.get(name)
    return value if isinstance(value, str) else ""


def _number(entry: JsonObject, name: str) -> int | None:
    value = entry.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return value if abs(value) < _NEVER else None
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        return int(float(value)) if "." in value else int(value)
    return None


def _sendable(secret: str) -> bool:
    """Whether a request could carry a token: tokens are ASCII (RFC 6750 section 2.1)."""
    return secret != "" and secret.isascii()


def owner_of(entry: JsonObject) -> AppKey | UserKey | None:
    """Return the partition that an entry belongs in, None where it has no place here."""
    environment, client = text_of(entry, "environment"), text_of(entry, "client_id")
    home = entry.get("home_account_id")
    if "user_assertion_hash" in entry or "userAssertionHash" in entry:
        return None
    if not environment or not (home is None or isinstance(home, str)):
        return None
    if home:
        return UserKey(environment, home)
    realm = text_of(entry, "realm")
    return AppKey(environment, realm, client) if client and realm else None


def _secret_and_whose(entry: JsonObject) -> tuple[str, str, str]:
    secret = text_of(entry, "secret")
    return secret, shared(text_of(entry, "client_id")), shared(text_of(entry, "realm"))


def _access(drafts: _Drafts, key: str, entry: JsonObject) -> bool:
    owner = owner_of(entry)
    secret, client, realm = _secret_and_whose(entry)
    cached_at, expires_on = _number(entry, "cached_at"), _number(entry, "expires_on")
    if not (_sendable(secret) and client and isinstance(entry.get("target"), str)):
        return False
    if owner is None or expires_on is None or cached_at is None:
        return False
    extension = text_of(entry, "ext_cache_key")
    if not extension and text_of(entry, "credential_type").lower() == _EXTENDED:
        return False
    target = shared(text_of(entry, "target"))
    token_type = shared(text_of(entry, "token_type") or "Bearer")
    extended_on = _number(entry, "extended_expires_on")
    row: AccessRow = (
        secret, token_type, target, cached_at, expires_on,
        expires_on if extended_on is None else extended_on, _number(entry, "refresh_on"),
    )  # fmt: skip
    key_id = text_of(entry, "key_id") or text_of(entry, "kid") or text_of(entry, "keyid")
    mine = (client, realm) if isinstance(owner, UserKey) else ()
    token = token_key(target.split(), token_type, key_id, extension, mine)
    draft, ours = drafts.of[owner], access_entry(belongs(owner), token, row)
    if token in draft.access or drafts.refuses(key, ours):
        return False
    draft.access[token] = row
    draft.seen.add(client)
    draft.remember(("access", *token), key, entry, ours)
    return True


def _refresh(drafts: _Drafts, key: str, entry: JsonObject) -> bool:
    owner = owner_of(entry)
    secret, client, _ = _secret_and_whose(entry)
    if not isinstance(owner, UserKey) or not _sendable(secret) or not client:
        return False
    refresh = (client, text_of(entry, "family_id"), shared(text_of(entry, "target")))
    row = (secret, _number(entry, "last_modification_time") or 0)
    draft, ours = drafts.of[owner], refresh_entry(belongs(owner), refresh, row)
    if refresh in draft.refresh or drafts.refuses(key, ours):
        return False
    draft.refresh[refresh] = row
    draft.seen.add(client)
    draft.remember(("refresh", *refresh), key, entry, ours)
    return True


def _id_token(drafts: _Drafts, key: str, entry: JsonObject) -> bool:
    owner = owner_of(entry)
    secret, client, realm = _secret_and_whose(entry)
    if not isinstance(owner, UserKey) or not secret or not client:
        return False
    draft, ours = drafts.of[owner], id_token_entry(belongs(owner), client, realm, secret)
    if (client, realm) in draft.id_tokens or drafts.refuses(key, ours):
        return False
    draft.id_tokens[client, realm] = secret
    draft.seen.add(client)
    draft.remember(("id_token", client, realm), key, entry, ours)
    return True


def _account(drafts: _Drafts, key: str, entry: JsonObject) -> bool:
    owner = owner_of(entry)
    if not isinstance(owner, UserKey):
        return False
    realm = text_of(entry, "realm")
    row = (
        text_of(entry, "local_account_id"),
        text_of(entry, "username"),
        text_of(entry, "authority_type"),
        text_of(entry, "account_source") or None,
    )
    draft, ours = drafts.of[owner], account_entry(belongs(owner), realm, row)
    if realm in draft.accounts or drafts.refuses(key, ours):
        return False
    draft.accounts[realm] = row
    draft.remember(("account", realm), key, entry, ours)
    return True


READERS: Final = {
    "AccessToken": _access,
    "RefreshToken": _refresh,
    "IdToken": _id_token,
    "Account": _account,
}


def metadata_of(cache: Mapping[str, JsonValue], *, strict: bool = False) -> Metadata:
    """Return what is on record about clients; of two entries about one the last one counts.

    If `strict`, only entries under the key that their members make count.
    """
    section, known = cache.get("AppMetadata"), Metadata()
    for key, entry in section.items() if isinstance(section, dict) else ():
        if isinstance(entry, dict):
            about = text_of(entry, "environment"), text_of(entry, "client_id")
            if not strict or key == app_metadata_entry(*about, None)[1]:
                known[about] = (key, entry)
    return known


def _families(drafts: _Drafts, known: Metadata) -> None:
    """Tell each partition which of its clients are on record, and in which family they are."""
    for owner, draft in drafts.of.items():
        environment = belongs(owner)[0]
        for client in draft.seen:
            if (found := known.get((environment, client))) is not None:
                family = text_of(found[1], "family_id") or None
                draft.clients[client] = family
                ours = app_metadata_entry(environment, client, family)
                draft.remember(("client", client), *found, ours)


def load(cache: Mapping[str, JsonValue], *, strict: bool = False) -> Loaded:
    """Return what a cache file's object holds; nothing in it makes this fail.

    App metadata is read into the partitions of the clients it is about and stays among what is
    foreign too, since it may be about clients that have no tokens here. If `strict`, an entry
    under any other key than msal 1.39 makes of its members is foreign.
    """
    drafts = _Drafts(strict=strict)
    foreign: Cache = {}
    for name, section in cache.items():
        reader = READERS.get(name)
        if reader is None or not isinstance(section, dict):
            foreign[name] = section
            continue
        left: JsonObject = {
            key: entry
            for key, entry in section.items()
            if not isinstance(entry, dict) or not reader(drafts, key, entry)
        }
        if left or not section:
            foreign[name] = left
    _families(drafts, metadata_of(cache, strict=strict))
    partitions = {owner: draft.tokens() for owner, draft in drafts.of.items()}
    return Loaded({owner: it for owner, it in partitions.items() if not is_empty(it)}, foreign)
