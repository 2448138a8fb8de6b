"""Partitions in this process's memory: the default store.

Reading takes no lock, because partitions are immutable and a dictionary look-up is atomic; saving
takes one short lock, in which nothing but `apply` runs (invariant I-10). An index of names and of
applications keeps the questions of `look_up` as quick with a million users as with one.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping

from sansio_auth.partition import (
    Accounts,
    AppKey,
    AppTokens,
    Fact,
    Found,
    Partition,
    PartitionKey,
    Query,
    Tokens,
    UserKey,
    apply_all,
    empty,
    find,
)

__all__ = ["MemoryStore"]


class MemoryStore:
    """A dictionary of partitions, shared by as many threads and applications as you like."""

    def __init__(self) -> None:
        self._partitions: dict[PartitionKey, Partition] = {}
        #: Which partitions may answer a query; more of them than needed do no harm.
        self._index: dict[Query, dict[PartitionKey, None]] = {}
        self._lock = threading.Lock()

    def peek(self, key: PartitionKey) -> Partition | None:
        """Return the partition, None where nothing is stored."""
        return self._partitions.get(key)

    def load(self, key: PartitionKey) -> Partition:
        """Return the partition, an empty one where nothing is stored."""
        partition = self._partitions.get(key)
        return empty(key) if partition is None else partition

    def save(self, changes: tuple[tuple[PartitionKey, tuple[Fact, ...]], ...]) -> Partition:
        """Apply the facts and return the first key's newest partition."""
        with self._lock:
            for key, facts in changes:
                self._put(key, apply_all(self.load(key), facts))
            return self.load(changes[0][0])

    def look_up(self, query: Query) -> Found:
        """Return the partitions that a query means; a name is looked up, not searched for."""
        with self._lock:
            keys = tuple(self._index.get(_lowered(query), ()))
            return find({key: self.load(key) for key in keys}, query)

    def _put(self, key: PartitionKey, partition: Partition) -> None:
        """Keep a partition and where it is to be found; an empty one is forgotten."""
        for query in _questions(key, self.load(key)):
            keys = self._index.get(query, {})
            _ = keys.pop(key, None)
            if not keys:
                _ = self._index.pop(query, None)
        if partition == empty(key):
            _ = self._partitions.pop(key, None)
            return
        self._partitions[key] = partition
        for query in _questions(key, partition):
            self._index.setdefault(query, {})[key] = None

    def snapshot(self) -> Mapping[PartitionKey, Partition]:
        """Return everything that is stored at this moment."""
        with self._lock:
            return dict(self._partitions)

    def __repr__(self) -> str:
        return f"MemoryStore({len(self._partitions)} partitions)"

    def __reduce__(self) -> tuple[object, ...]:
        message = "a MemoryStore holds tokens and a lock: it cannot be pickled or copied"
        raise TypeError(message)


def _lowered(query: Query) -> Query:
    if isinstance(query, Accounts) and query.username is not None:
        return Accounts(query.environment, query.username.lower())
    return query


def _questions(key: PartitionKey, partition: Partition) -> tuple[Query, ...]:
    """Return the queries that this partition is an answer to."""
    if isinstance(key, UserKey) and isinstance(partition, Tokens):
        names = {account[1].lower() for account in partition.accounts.values()}
        return (Accounts(key.environment), *(Accounts(key.environment, name) for name in names))
    if isinstance(key, AppKey):
        return (AppTokens(key.environment, key.client_id),)
    return ()
