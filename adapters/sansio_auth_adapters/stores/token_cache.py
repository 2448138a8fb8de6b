"""`TokenCache` and `SerializableTokenCache`: MSAL's cache objects, as stores of partitions.

Partitions are the model; MSAL's entries are a view of it that `search` yields and `modify` edits,
and its JSON is how it is persisted. Entries that are not understood stay as they are. What is kept
under a user's assertion is no part of the view: MSAL's file has no place for it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar, Final, cast

from attrs import evolve

from sansio_auth._json import JsonObject, UnreadableJson
from sansio_auth.errors import ConfigurationError
from sansio_auth.msal_format import Cache, dump, owner_of, parse, text
from sansio_auth.partition import (
    AppKey,
    ClientSeen,
    Fact,
    Found,
    Partition,
    PartitionKey,
    Query,
    Tokens,
    UserKey,
    empty,
)
from sansio_auth.secret import discreet
from sansio_auth_adapters import ambient
from sansio_auth_adapters.stores import entries as reading
from sansio_auth_adapters.stores._index import Index
from sansio_auth_adapters.stores._over import Ends
from sansio_auth_adapters.stores._unread import Unread
from sansio_auth_adapters.stores.memory import MemoryStore

__all__ = ["SerializableTokenCache", "TokenCache"]

_AT: Final = "AccessToken"
_RT: Final = "RefreshToken"
#: Whose partitions are part of MSAL's file.
_IN_FILES: Final = (AppKey, UserKey)


class TokenCache(MemoryStore):
    """MSAL's in-memory cache: tokens of applications and users, searched by their members.

    Safe for many threads, and for several applications at once. If `strict`, an entry that stands
    under another key than msal 1.39 makes of its members serves no application; it stays.
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

    def __init__(self, *, strict: bool = False) -> None:
        super().__init__()
        self._strict: Final = strict
        self._file = Unread(strict=strict)
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

    @discreet
    def add(self, event: Mapping[str, object], now: float | None = None) -> None:
        """File what an event of MSAL's tells: a response, and the request that brought it.

        An answer for a user that does not say who the user is is not filed.
        """
        changes = reading.changes_of(event, int(ambient.now() if now is None else now))
        if changes:
            _ = self.save(changes)

    @discreet
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

    @discreet
    def remove_rt(self, rt_item: Mapping[str, object]) -> None:
        """Remove a refresh token's entry."""
        self._remove(_RT, rt_item)

    @discreet
    def update_rt(self, rt_item: Mapping[str, object], new_rt: str) -> None:
        """Put a new refresh token in the place of an old one."""
        at = str(int(ambient.now()))
        self.modify(_RT, rt_item, {"secret": new_rt, "last_modification_time": at})

    @discreet
    def remove_at(self, at_item: Mapping[str, object]) -> None:
        """Remove an access token's entry."""
        self._remove(_AT, at_item)

    @discreet
    def remove_idt(self, idt_item: Mapping[str, object]) -> None:
        """Remove an id token's entry."""
        self._remove("IdToken", idt_item)

    @discreet
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
            return dump(self._partitions, self._file.left, self._families)

    def peek(self, key: PartitionKey) -> Partition | None:
        """Return the partition, None where nothing is stored; read it now if that is to be done."""
        partition = self._partitions.get(key)
        if partition is None and self._file and isinstance(key, _IN_FILES):
            with self._lock:
                return self._held(key)
        return partition

    def load(self, key: PartitionKey) -> Partition:
        """Return the partition, an empty one where nothing is stored."""
        partition = self.peek(key)
        return empty(key) if partition is None else partition

    def look_up(self, query: Query) -> Found:
        """Return the partitions that a query means; a name is looked up, not searched for."""
        if self._file:
            with self._lock:
                for owner in self._file.meant(query):
                    _ = self._held(owner)
        return super().look_up(query)

    def snapshot(self) -> Mapping[PartitionKey, Partition]:
        """Return everything that is stored at this moment."""
        with self._lock:
            self._read_all()
            return dict(self._partitions)

    def _read_all(self) -> None:
        for owner in self._file.owners():
            _ = self._held(owner)

    def _held(self, key: PartitionKey) -> Partition | None:
        partition = self._partitions.get(key)
        if partition is None and self._file and isinstance(key, _IN_FILES):
            partition = self._file.take(key)
            if partition is not None:
                self._put(key, None, partition)
            self._file.taken(key)  # not before: who finds neither does not wait for this
        return partition

    def save(self, changes: tuple[tuple[PartitionKey, tuple[Fact, ...]], ...]) -> Partition:
        """Apply the facts and return the first key's newest partition."""
        newest = super().save(changes)
        for key, facts in changes:
            if isinstance(key, _IN_FILES):
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
        with self._lock:
            if section == "AppMetadata":
                self._read_all()  # each partition has its clients as they were on record
            about = (members, old, self._file.at(section, key))
            owners = (owner_of(it) for it in about if isinstance(it, dict))
            before = {owner: self._held(owner) for owner in owners if owner is not None}
            cache = dump({owner: it for owner, it in before.items() if it is not None})
            self._file.drop(section, key)
            entries = cast("JsonObject", cache.setdefault(section, {}))
            if members is None:
                _ = entries.pop(key, None)
            else:
                entries[key] = members
            if section == "AppMetadata" and members is not None:
                self._file.put({section: {key: members}})
            partitions = self._file.read(cache, self._file.metadata(cache))
            for owner, it in before.items():
                self._put(owner, it, _kept(it, partitions.get(owner, empty(owner))))
        self._changed()

    def _replace(self, cache: Cache) -> None:
        with self._lock:
            # First: who finds no partition any more looks here.
            self._file = Unread(cache, strict=self._strict)
            self._partitions = {}
            self._index = Index()
            self._ends = Ends()
            self._families = {}
            self.version += 1


def _kept(before: Partition | None, after: Partition) -> Partition:
    """What the view does not show of a partition is not changed by editing the view."""
    if isinstance(before, Tokens) and isinstance(after, Tokens):
        return evolve(after, assertions=before.assertions, home_account_id=before.home_account_id)
    return after


class SerializableTokenCache(TokenCache):
    """A cache that can be written to a text and read from one: MSAL's unified format.

    `has_state_changed` tells whether there is anything to be written since the last time.
    """

    def __init__(self, *, strict: bool = False) -> None:
        super().__init__(strict=strict)
        self.has_state_changed = False

    def serialize(self) -> str:
        """Return the cache as MSAL's JSON; it holds tokens in plain text, so guard it."""
        self.has_state_changed = False
        with self._lock:
            partitions, left = dict(self._partitions), self._file.copy()
            families = dict(self._families)
        return text(partitions, left, families)

    @discreet
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
    try:
        return parse(state)
    except UnreadableJson as error:
        raise ConfigurationError(
            f"state: is no serialized cache ({error.code}); it was left as it is",
            code="cache_state",
        ) from None
