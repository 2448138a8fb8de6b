"""A cache object of MSAL's own, or of msal-extensions, as a store.

Every question is its `search`, every change its `modify`; nothing is kept here between calls, so
whatever else uses the object sees every change, and locks and files are its business. What is kept
under a user's assertion has no place in it and stays in this process's memory, and so does which
assertions a user's are, who may sign out.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Final, cast
from weakref import WeakKeyDictionary

from attrs import evolve

from sansio_auth._json import JsonObject
from sansio_auth.msal_format import Cache, dump, load
from sansio_auth.partition import (
    Accounts,
    AppKey,
    AssertionKey,
    AssertionUsed,
    Dropped,
    Fact,
    Found,
    KnowledgeKey,
    Partition,
    PartitionKey,
    Query,
    SignedOut,
    Tokens,
    UserKey,
    apply_all,
    empty,
    find,
)
from sansio_auth_adapters.stores.entries import KEY_MAKERS
from sansio_auth_adapters.stores.memory import MemoryStore

__all__ = ["ForeignTokenCache", "is_token_cache"]

#: What is kept beside each foreign object, for as long as it lives.
_beside: Final[WeakKeyDictionary[object, MemoryStore]] = WeakKeyDictionary()
#: What happens to a user's assertions, of which the object is told nothing.
_BESIDE: Final = (AssertionUsed, Dropped, SignedOut)
_USER_SECTIONS: Final = ("AccessToken", "RefreshToken", "IdToken", "Account")


def is_token_cache(value: object) -> bool:
    """Whether an object has the methods of MSAL's token cache."""
    asks = callable(getattr(value, "search", None)) or callable(getattr(value, "find", None))
    return asks and callable(getattr(value, "modify", None))


class ForeignTokenCache:
    """Keeps tokens in somebody else's cache object; see `is_token_cache` for what it must have."""

    def __init__(self, cache: object) -> None:
        self._cache: Final = cache
        self._memory: Final = _beside.setdefault(cache, MemoryStore())

    def peek(self, key: PartitionKey) -> Partition | None:
        """Return what is kept under an assertion; the foreign object is not asked for a look."""
        return self._memory.peek(key) if isinstance(key, AssertionKey) else None

    def load(self, key: PartitionKey) -> Partition:
        """Return the partition, put together from the object's entries."""
        if isinstance(key, AssertionKey | KnowledgeKey):
            return self._memory.load(key)
        loaded = load(self._entries(key)).partitions.get(key, empty(key))
        beside = self._memory.peek(key)
        if isinstance(loaded, Tokens) and isinstance(beside, Tokens):
            return evolve(loaded, assertions=beside.assertions)
        return loaded

    def save(self, changes: tuple[tuple[PartitionKey, tuple[Fact, ...]], ...]) -> Partition:
        """Apply the facts, and change the entries that are not as they were."""
        for key, facts in changes:
            if isinstance(key, AssertionKey | KnowledgeKey):
                _ = self._memory.save(((key, facts),))
            else:
                before = self.load(key)
                self._write(key, before, apply_all(before, facts))
                if beside := tuple(fact for fact in facts if isinstance(fact, _BESIDE)):
                    _ = self._memory.save(((key, beside),))
        return self.load(changes[0][0])

    def look_up(self, query: Query) -> Found:
        """Return the partitions that a query means."""
        if isinstance(query, Accounts):
            entries = self._search("Account", {"environment": query.environment})
            keys: set[PartitionKey] = {
                UserKey(query.environment, str(entry.get("home_account_id"))) for entry in entries
            }
        else:
            asked = {"environment": query.environment, "client_id": query.client_id}
            keys = {
                AppKey(query.environment, str(entry.get("realm")), query.client_id)
                for entry in self._search("AccessToken", {**asked, "home_account_id": None})
            }
        return find({key: self.load(key) for key in sorted(keys, key=repr)}, query)

    def _entries(self, key: AppKey | UserKey) -> Cache:
        if isinstance(key, AppKey):
            query = {
                "environment": key.environment,
                "realm": key.tenant,
                "client_id": key.client_id,
                "home_account_id": None,
            }
            found = {"AccessToken": self._search("AccessToken", query)}
        else:
            query = {"environment": key.environment, "home_account_id": key.home_account_id}
            found = {section: self._search(section, query) for section in _USER_SECTIONS}
        found["AppMetadata"] = self._search("AppMetadata", {"environment": key.environment})
        return {
            section: {KEY_MAKERS[section](**entry): entry for entry in entries}
            for section, entries in found.items()
        }

    def _search(self, section: str, query: Mapping[str, object]) -> list[JsonObject]:
        search = cast("object", getattr(self._cache, "search", None))
        if callable(search):
            return list(cast("Iterable[JsonObject]", search(section, query=query)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            old = cast("Callable[..., Iterable[JsonObject]]", getattr(self._cache, "find"))  # noqa: B009 - the class is unknown
            return list(old(section, query=query))

    def _write(self, key: PartitionKey, before: Partition, after: Partition) -> None:
        modify = cast("Callable[..., object]", getattr(self._cache, "modify"))  # noqa: B009 - the same
        old, new = _view(key, before), _view(key, after)
        for place, entry in old.items():
            if place not in new:
                _ = modify(place[0], entry)
        for place, entry in new.items():
            if old.get(place) != entry:
                _ = modify(place[0], entry, entry)

    def __repr__(self) -> str:
        return f"ForeignTokenCache({type(self._cache).__name__})"


def _view(key: PartitionKey, partition: Partition) -> dict[tuple[str, str], JsonObject]:
    """Return a partition's entries by section and members that make their key."""
    if not isinstance(partition, Tokens):
        return {}
    return {
        (section, name): entry
        for section, entries in dump({key: partition}).items()
        if isinstance(entries, dict)
        for name, entry in entries.items()
        if isinstance(entry, dict)
    }
