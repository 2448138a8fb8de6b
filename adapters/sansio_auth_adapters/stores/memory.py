"""Partitions in this process's memory: the default store.

Reading takes no lock, because partitions are immutable and a dictionary look-up is atomic; saving
takes one short lock, in which nothing but `apply` runs (invariant I-10).
"""

from __future__ import annotations

import threading
from collections.abc import Mapping

from sansio_auth.partition import Fact, Partition, PartitionKey, apply_all, empty

__all__ = ["MemoryStore"]


class MemoryStore:
    """A dictionary of partitions, shared by as many threads and applications as you like."""

    def __init__(self) -> None:
        self._partitions: dict[PartitionKey, Partition] = {}
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
                self._partitions[key] = apply_all(self.load(key), facts)
            return self._partitions[changes[0][0]]

    def snapshot(self) -> Mapping[PartitionKey, Partition]:
        """Return everything that is stored at this moment."""
        with self._lock:
            return dict(self._partitions)

    def __repr__(self) -> str:
        return f"MemoryStore({len(self._partitions)} partitions)"

    def __reduce__(self) -> tuple[object, ...]:
        message = "a MemoryStore holds tokens and a lock: it cannot be pickled or copied"
        raise TypeError(message)
