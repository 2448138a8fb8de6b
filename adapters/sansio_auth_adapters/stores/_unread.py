"""The entries of a cache file that nobody has read: not yet, or because they cannot be.

A file is put aside as it is and sorted at the first question; an owner's entries are taken out of
it when that owner's partition is asked for. What stays is written back untouched. Knows entries
and owners; its store sees to locks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

from sansio_auth._json import JsonObject, JsonValue
from sansio_auth.msal_format import Cache, Metadata, Owner, Sorted, load, metadata_of, sort, text_of
from sansio_auth.partition import Accounts, AppKey, Partition, PartitionKey, Query, Tokens, UserKey

__all__ = ["Unread"]


class Unread:
    """A cache file's object, which belongs to this; true while some of it may be readable.

    What stands under another key than MSAL's cannot be read when `strict`.
    """

    __slots__ = ("_metadata", "_sorted", "_strict", "left")

    def __init__(self, cache: Cache | None = None, *, strict: bool = False) -> None:
        self.left: Cache = {} if cache is None else cache
        self._strict = strict
        self._sorted: Sorted | None = None if cache else Sorted({}, {})
        self._metadata: Metadata | None = None

    def __bool__(self) -> bool:
        return self._sorted is None or bool(self._sorted.places)

    def _sort(self) -> Sorted:
        if self._sorted is None:
            self._sorted = sort(self.left)
        return self._sorted

    def owners(self) -> tuple[Owner, ...]:
        """Return whose entries are here."""
        return tuple(self._sort().places)

    def meant(self, query: Query) -> Iterator[Owner]:
        """Yield owners whose partitions may answer a query; some may have been taken before."""
        if isinstance(query, Accounts) and query.username is not None:
            yield from self._sort().named.get((query.environment, query.username.lower()), ())
            return
        for owner in self.owners():
            if isinstance(query, Accounts):
                mine = isinstance(owner, UserKey)
            else:
                mine = isinstance(owner, AppKey) and owner.client_id == query.client_id
            if mine and owner.environment == query.environment:
                yield owner

    def take(self, owner: Owner) -> Tokens | None:
        """Take an owner's entries out and return them as a partition; what cannot be read stays.

        The owner is here until `taken` says where else to look.
        """
        part: Cache = {}
        for name, key in self._sort().places.get(owner, ()):
            entries = _object(part.setdefault(name, {}))
            entries[key] = _object(self.left[name])[key]
            self.drop(name, key)
        if not part:
            return None
        return cast("Tokens | None", self.read(part, self._about(owner, part)).get(owner))

    def taken(self, owner: Owner) -> None:
        """Forget an owner whose partition has been put where everybody finds it."""
        _ = self._sort().places.pop(owner, None)

    def read(self, part: Cache, metadata: JsonObject) -> Mapping[PartitionKey, Partition]:
        """Return the partitions of a part of a file; what cannot be read is kept here."""
        loaded = load({**part, "AppMetadata": metadata}, strict=self._strict)
        self.put({name: it for name, it in loaded.foreign.items() if name != "AppMetadata"})
        return loaded.partitions

    def _about(self, owner: Owner, part: Cache) -> JsonObject:
        """What is on record of the clients whose entries these are."""
        if self._metadata is None:
            self._metadata = metadata_of(self.left, strict=self._strict)
        entries = (
            _object(entry) for section in part.values() for entry in _object(section).values()
        )
        clients = dict.fromkeys(text_of(entry, "client_id") for entry in entries)
        found = (self._metadata.get((owner.environment, client)) for client in clients)
        return dict(it for it in found if it is not None)

    def metadata(self, part: Cache) -> JsonObject:
        """Return what is on record of clients, here and in a part of a file."""
        mine = self.left.get("AppMetadata")
        return {**(mine if isinstance(mine, dict) else {}), **_object(part.get("AppMetadata", {}))}

    def copy(self) -> Cache:
        """Return what is here now; entries are never changed, only put and dropped."""
        return {name: it.copy() if isinstance(it, dict) else it for name, it in self.left.items()}

    def at(self, name: str, key: str) -> JsonValue:
        """Return the entry of that section and key, None where there is none."""
        section = self.left.get(name)
        return section.get(key) if isinstance(section, dict) else None

    def drop(self, name: str, key: str) -> None:
        """Forget an entry, and its section with the last one."""
        section = self.left.get(name)
        if isinstance(section, dict) and section.pop(key, None) is not None and not section:
            del self.left[name]
        if name == "AppMetadata":
            self._metadata = None

    def put(self, foreign: Cache) -> None:
        """Keep entries that cannot be read; a section that is no object has no place for any."""
        for name, entries in foreign.items():
            section = self.left.setdefault(name, {}) if entries else None
            if isinstance(section, dict):
                section.update(_object(entries))
        if "AppMetadata" in foreign:
            self._metadata = None


def _object(value: JsonValue) -> JsonObject:
    return cast("JsonObject", value)
