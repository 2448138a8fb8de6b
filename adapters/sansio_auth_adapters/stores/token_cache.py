"""`TokenCache` and `SerializableTokenCache`: MSAL's cache objects, as stores of partitions.

Partitions are the model; MSAL's entries are a view of it that `search` yields and `modify` edits,
and its JSON is how it is persisted. Entries that are not understood stay as they are. What is kept
under a user's assertion is no part of the view: MSAL's file has no place for it.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar, Final, cast

from attrs import evolve

from sansio_auth._json import JsonObject, UnreadableJson, parse_object
from sansio_auth.errors import ConfigurationError
from sansio_auth.msal_format import Cache, dump, load
from sansio_auth.msal_format.writing import app_metadata_entry
from sansio_auth.partition import (
    AppKey,
    ClientSeen,
    Fact,
    Partition,
    PartitionKey,
    Tokens,
    UserKey,
    empty,
)
from sansio_auth_adapters import ambient
from sansio_auth_adapters.stores import entries as reading
from sansio_auth_adapters.stores._index import Index
from sansio_auth_adapters.stores.memory import MemoryStore

__all__ = ["SerializableTokenCache", "TokenCache"]

_AT: Final = "AccessToken"
_RT: Final = "RefreshToken"


class TokenCache(MemoryStore):
    """MSAL's in-memory cache: tokens of applications and users, searched by their members.

    Safe for many threads, and for several applications at once.
    """

    class CredentialType:
        """Names of sections."""

        ACCESS_TOKEN: ClassVar[str] = "AccessToken"
        REFRESH_TOKEN: ClassVar[str] = "RefreshToken"
        ACCOUNT: ClassVar[str] = "Account"
        ID_TOKEN: ClassVar[str] = "IdToken"
        APP_METADATA: ClassVar[str] = "AppMetadata"

    class AuthorityType:
        """Kinds of authorities that accounts come from."""

        ADFS: ClassVar[str] = "ADFS"
        MSSTS: ClassVar[str] = "MSSTS"

    def __init__(self) -> None:
        super().__init__()
        self._foreign: Cache = {}
        #: What the newest answer of each client said of its family, for the whole of a cloud.
        self._families: dict[tuple[str, str], str | None] = {}
        self.key_makers: dict[str, Callable[..., str]] = dict(reading.KEY_MAKERS)

    # --- what MSAL's callers use ----------------------------------------------------------------

    def search(
        self,
        credential_type: str,
        target: list[str] | None = None,
        query: Mapping[str, object] | None = None,
        *,
        now: float | None = None,
    ) -> Iterator[JsonObject]:
        """Yield copies of the entries of a type that have these members and at least these scopes.

        Access tokens that are over at `now` (POSIX seconds) are removed once all were looked at.
        """
        at = ambient.now() if now is None else now
        section = self._view().get(credential_type)
        known = section if isinstance(section, dict) else {}
        asked = {**(query or {})}
        if isinstance(environment := asked.get("environment"), str):
            asked["environment"] = environment.lower()
        found = reading.matching(known, credential_type, target or [], asked, self.key_makers)
        over = credential_type == _AT
        yield from ({**entry} for entry in found if not (over and reading.is_over(entry, at)))
        for entry in known.values() if over else ():
            if isinstance(entry, dict) and reading.is_over(entry, at):
                self.modify(_AT, entry)

    def find(
        self,
        credential_type: str,
        target: list[str] | None = None,
        query: Mapping[str, object] | None = None,
        *,
        now: float | None = None,
    ) -> list[JsonObject]:
        """Return what `search` yields, as a list (deprecated)."""
        warnings.warn("find() is deprecated; use list(search(...))", DeprecationWarning, 2)
        return list(self.search(credential_type, target, query, now=now))

    def add(self, event: Mapping[str, object], now: float | None = None) -> None:
        """File what an event of MSAL's tells: a response, and the request that brought it.

        An answer for a user that does not say who the user is is not filed.
        """
        changes = reading.changes_of(event, int(ambient.now() if now is None else now))
        if changes:
            _ = self.save(changes)

    def modify(
        self,
        credential_type: str,
        old_entry: Mapping[str, object],
        new_key_value_pairs: Mapping[str, object] | None = None,
    ) -> None:
        """Put an entry with these members over its old ones, or without any remove it."""
        old = cast("JsonObject", dict(old_entry))
        key = self.key_makers[credential_type](**old)
        fresh = cast("JsonObject", {**old, **(new_key_value_pairs or {})})
        self._edit(credential_type, key, fresh if new_key_value_pairs else None, old)

    def remove_rt(self, rt_item: Mapping[str, object]) -> None:
        """Remove a refresh token's entry."""
        self._remove(_RT, rt_item)

    def update_rt(self, rt_item: Mapping[str, object], new_rt: str) -> None:
        """Put a new refresh token in the place of an old one."""
        at = str(int(ambient.now()))
        self.modify(_RT, rt_item, {"secret": new_rt, "last_modification_time": at})

    def remove_at(self, at_item: Mapping[str, object]) -> None:
        """Remove an access token's entry."""
        self._remove(_AT, at_item)

    def remove_idt(self, idt_item: Mapping[str, object]) -> None:
        """Remove an id token's entry."""
        self._remove("IdToken", idt_item)

    def remove_account(self, account_item: Mapping[str, object]) -> None:
        """Remove an account's entry, and nothing else of that user."""
        if "authority_type" not in account_item:
            raise ConfigurationError("account_item: is no account's entry", code="entry")
        self.modify("Account", account_item)

    def _get_app_metadata(
        self, environment: str, client_id: str, default: JsonObject | None = None
    ) -> JsonObject | None:
        """Return the entry about a client, for callers that MSAL lets see it."""
        query = {"environment": environment, "client_id": client_id}
        return next(self.search("AppMetadata", query=query), default)

    # --- how the view and the partitions are kept in step ---------------------------------------

    def _changed(self) -> None:
        """Something of the view is not as it was; a serializable cache remembers that."""

    def _view(self) -> Cache:
        with self._lock:
            cache = dump(self._partitions, self._foreign)
            metadata = cache.get("AppMetadata")
            if isinstance(metadata, dict):
                for (environment, client), family in self._families.items():
                    _, key, entry = app_metadata_entry(environment, client, family)
                    if key in metadata:
                        metadata[key] = entry
            return cache

    def save(self, changes: tuple[tuple[PartitionKey, tuple[Fact, ...]], ...]) -> Partition:
        """Apply the facts and return the first key's newest partition."""
        newest = super().save(changes)
        for key, facts in changes:
            if isinstance(key, AppKey | UserKey):
                self._changed()
                for fact in facts:
                    if isinstance(fact, ClientSeen):
                        self._families[key.environment, fact.client_id] = fact.family_id
        return newest

    def _remove(self, credential_type: str, entry: Mapping[str, object]) -> None:
        if entry.get("credential_type") != credential_type:
            raise ConfigurationError(f"the entry is no {credential_type}", code="entry")
        self.modify(credential_type, entry)

    def _edit(self, section: str, key: str, members: JsonObject | None, old: JsonObject) -> None:
        """Change one entry of the view, and read the partitions it is about again."""
        probes = [it for it in (members, old) if it is not None]
        touched = {owner for it in probes for owner in load({section: {key: it}}).partitions}
        with self._lock:
            mine = {owner: self.load(owner) for owner in touched}
            cache = dump(mine, self._foreign)
            entries = cache.setdefault(section, {})
            if isinstance(entries, dict):
                if members is None:
                    _ = entries.pop(key, None)
                else:
                    entries[key] = members
            loaded = load({name: it for name, it in cache.items() if it != {}})
            for owner, before in mine.items():
                after = _kept(before, loaded.partitions.get(owner, empty(owner)))
                self._put(owner, self._held(owner), after)
            self._foreign = loaded.foreign
        self._changed()

    def _replace(self, cache: Cache) -> None:
        loaded = load(cache)
        with self._lock:
            self._partitions.clear()
            self.version += 1
            self._index = Index()
            self._families.clear()
            for key, partition in loaded.partitions.items():
                self._put(key, None, partition)
            self._foreign = loaded.foreign


def _kept(before: Partition, after: Partition) -> Partition:
    """What the view does not show of a partition is not changed by editing the view."""
    if isinstance(before, Tokens) and isinstance(after, Tokens):
        return evolve(after, assertions=before.assertions, home_account_id=before.home_account_id)
    return after


class SerializableTokenCache(TokenCache):
    """A cache that can be written to a text and read from one: MSAL's unified format.

    `has_state_changed` tells whether there is anything to be written since the last time.
    """

    def __init__(self) -> None:
        super().__init__()
        self.has_state_changed = False

    def serialize(self) -> str:
        """Return the cache as MSAL's JSON; it holds tokens in plain text, so guard it."""
        self.has_state_changed = False
        return json.dumps(self._view(), indent=4)

    def deserialize(self, state: str | bytes | None) -> None:
        """Take over what was serialized, by this library or another one; nothing is an empty cache.

        Raises `ConfigurationError` for anything that is no such text; the cache is then as it was.
        """
        self._replace(_read(state) if state else {})
        self.has_state_changed = False

    def _changed(self) -> None:
        self.has_state_changed = True


def _read(state: object) -> Cache:
    if not isinstance(state, str | bytes):
        raise ConfigurationError(
            f"state: text is needed, not {type(state).__name__}", code="cache_state"
        )
    raw = state.encode("utf-8", "surrogatepass") if isinstance(state, str) else state
    if raw.strip() in {b"", b"null"}:
        return {}
    try:
        return parse_object(raw)
    except UnreadableJson as error:
        raise ConfigurationError(
            f"state: is no serialized cache ({error.code}); it was left as it is",
            code="cache_state",
        ) from None
