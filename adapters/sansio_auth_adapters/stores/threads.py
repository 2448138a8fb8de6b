"""Any store as one that is awaited: what may block runs in a worker thread.

`peek` is called at once, because it never blocks. Knows threads and nothing of tokens.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from sansio_auth.partition import Fact, Found, Partition, PartitionKey, Query
from sansio_auth_adapters.event_loop import in_thread
from sansio_auth_adapters.ports import Store

__all__ = ["ThreadsStore"]


class ThreadsStore:
    """Keeps partitions with a store that blocks, which must be safe for many threads."""

    def __init__(self, store: Store) -> None:
        self._store: Final = store

    def peek(self, key: PartitionKey) -> Partition | None:
        """Return what is in memory now, None where that is nothing."""
        return self._store.peek(key)

    async def load(self, key: PartitionKey) -> Partition:
        """Return the partition, an empty one where nothing is stored."""
        return await in_thread(partial(self._store.load, key))

    async def save(self, changes: tuple[tuple[PartitionKey, tuple[Fact, ...]], ...]) -> Partition:
        """Apply facts to the newest partitions and return the first key's newest one."""
        return await in_thread(partial(self._store.save, changes))

    async def look_up(self, query: Query) -> Found:
        """Return the partitions that a query means."""
        return await in_thread(partial(self._store.look_up, query))

    def __repr__(self) -> str:
        return f"ThreadsStore({self._store!r})"
