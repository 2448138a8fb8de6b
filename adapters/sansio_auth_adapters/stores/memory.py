"""Partitions in this process's memory: the default store.

Reading takes no lock, because partitions are immutable and a dictionary look-up is atomic; saving
takes one short lock, in which nothing but `apply` runs and nothing is imported (invariant I-10). An
index of names and of applications keeps the questions of `look_up` as quick with a million users as
with one. What was got with an assertion goes when all of it is over; whatever else is here stays
until somebody drops it, and loses its expired rows when something is stored beside them.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING

from sansio_auth.partition import (
    CACHED_AT,
    AccessTokenStored,
    Accounts,
    AssertionKey,
    Found,
    Partition,
    PartitionKey,
    Query,
    Tokens,
    UserKey,
    apply,
    apply_all,
    empty,
    find,
    has_account,
    is_empty,
)
from sansio_auth_adapters.forks import renew_in_children
from sansio_auth_adapters.stores._index import Index
from sansio_auth_adapters.stores._over import Ends, end_of, is_over

if TYPE_CHECKING:
    from sansio_auth.partition import Fact

__all__ = ["MemoryStore"]


class MemoryStore:
    """A dictionary of partitions, shared by as many threads and applications as you like."""

    def __init__(self) -> None:
        self._partitions: dict[PartitionKey, Partition] = {}
        #: Grows with every change: while it is the same, so is what was found after reading it.
        self.version: int = 0
        self._index = Index()
        self._ends = Ends()
        self.renew()
        renew_in_children(self)

    def renew(self) -> None:
        """Have a lock that nobody holds, as a forked child needs it."""
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
        first = changes[0][0]
        ends = [(end_of(facts), key) for key, facts in changes if isinstance(key, AssertionKey)]
        with self._lock:
            for key, facts in changes:
                before = self._held(key)
                after = apply_all(empty(key) if before is None else before, facts)
                if after is not before:
                    self._put(key, before, after)
            newest = self._held(first)
            for at, used in ends:
                self._ends.note(at, used)
            if self._ends:
                self._drop_what_is_over(changes)
        return empty(first) if newest is None else newest

    def look_up(self, query: Query) -> Found:
        """Return the partitions that a query means; a name is looked up, not searched for."""
        if isinstance(query, Accounts) and query.username is not None:
            return self._named(query.environment, query.username)
        with self._lock:
            held = ((key, self._held(key)) for key in self._index.meant(query))
            return find({key: it for key, it in held if it is not None}, query)

    def _named(self, environment: str, username: str) -> Found:
        """Say what `find` says of the accounts of a name; without the lock, as `peek`."""
        found: list[tuple[PartitionKey, Tokens]] = []
        for key in self._index.named(environment, username):
            tokens = self._partitions.get(key)
            if isinstance(tokens, Tokens) and has_account(tokens, username):
                found.append((key, tokens))
        return Found(tuple(found))

    def _held(self, key: PartitionKey) -> Partition | None:
        """Return the partition to whoever has the lock, None where nothing is stored."""
        return self._partitions.get(key)

    def _put(self, key: PartitionKey, before: Partition | None, after: Partition) -> None:
        """Keep a partition and where it is to be found; an empty one is forgotten."""
        if not is_empty(after):
            self._partitions[key] = after
            self._index.changed(key, before, after)
        elif before is not None:
            del self._partitions[key]
            self._index.changed(key, before, None)
        self.version += 1  # after the change: who reads the old version looks again

    def _drop_what_is_over(
        self, changes: tuple[tuple[PartitionKey, tuple[Fact, ...]], ...]
    ) -> None:
        """Drop a few partitions of assertions whose tokens have all ended, and who used them.

        What time it is the fresh row says.
        """
        from sansio_auth.partition import AssertionsOver  # which `end_of` has loaded

        rows = (it.row for _, facts in changes for it in facts if isinstance(it, AccessTokenStored))
        now = max((row[CACHED_AT] for row in rows), default=0)
        for key in self._ends.before(now):
            tokens = self._partitions.get(key)
            if isinstance(tokens, Tokens) and is_over(key, tokens, now):
                self._put(key, tokens, empty(key))
                user = UserKey(key.environment, tokens.home_account_id or "")
                theirs = self._partitions.get(user)
                if theirs is not None:
                    self._put(user, theirs, apply(theirs, AssertionsOver(frozenset({key}))))

    def snapshot(self) -> Mapping[PartitionKey, Partition]:
        """Return everything that is stored at this moment."""
        with self._lock:
            return dict(self._partitions)

    def __repr__(self) -> str:
        return f"MemoryStore({len(self._partitions)} partitions)"

    def __reduce__(self) -> tuple[object, ...]:
        message = "a MemoryStore holds tokens and a lock: it cannot be pickled or copied"
        raise TypeError(message)
