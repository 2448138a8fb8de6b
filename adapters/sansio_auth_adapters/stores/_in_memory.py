"""What a process has at hand of partitions that are kept elsewhere, and what is to be written yet.

Knows of which version of a file a partition is, and nothing of files. Looking takes no lock;
whoever changes something holds a short one in which nothing but `apply` runs (invariant I-10).
"""

from __future__ import annotations

import threading
from typing import Final, NamedTuple, TypeAlias, cast

from sansio_auth.partition import (
    CACHED_AT,
    AccessTokenStored,
    Fact,
    PartitionKey,
    RefreshTokenStored,
    Tokens,
    apply_all,
    is_empty,
)
from sansio_auth_adapters.forks import renew_in_children

__all__ = ["InMemory", "Seen", "Stamp", "applied", "still_new"]

#: What changes whenever a file is replaced: its inode, when it was written (ns), and its size.
Stamp: TypeAlias = tuple[int, int, int]

#: How many facts of one partition wait for a disk that works.
_MOST_WAITING: Final = 256


class Seen(NamedTuple):
    """A partition as it was last read or written, and of which file; None where there is none."""

    tokens: Tokens
    stamp: Stamp | None


class InMemory:
    """Partitions at hand, `limit` at most: the one that has been here longest goes first."""

    def __init__(self, limit: int) -> None:
        self._limit: Final = limit
        self._waiting: dict[PartitionKey, tuple[Fact, ...]] = {}
        #: Read by anybody without a lock, changed only here.
        self.seen: Final[dict[PartitionKey, Seen]] = {}
        self.renew()
        renew_in_children(self)

    def renew(self) -> None:
        """Have a lock that nobody holds, as a forked child needs it."""
        self._lock = threading.Lock()

    def waiting(self, key: PartitionKey) -> tuple[Fact, ...]:
        """Return what could not be written yet, oldest first."""
        return self._waiting.get(key, ())

    def all_waiting(self) -> dict[PartitionKey, Tokens]:
        """Return the partitions of which something could not be written yet."""
        with self._lock:
            return {key: self.seen[key].tokens for key in self._waiting}

    def read(
        self, key: PartitionKey, tokens: Tokens, stamp: Stamp | None, before: Seen | None
    ) -> Tokens:
        """Take in what was read, unless another thread has put something in place of `before`."""
        with self._lock:
            now = self.seen.get(key)
            if now is before:
                return self._see(key, tokens, stamp)
            return tokens if now is None else now.tokens

    def written(
        self, key: PartitionKey, tokens: Tokens, stamp: Stamp | None, waited: int
    ) -> Tokens:
        """Take in what was written, with the first `waited` of the facts that had to wait."""
        with self._lock:
            left = self.waiting(key)[waited:]
            if left:
                self._waiting[key] = left
            else:
                _ = self._waiting.pop(key, None)
            return self._see(key, tokens, stamp)

    def not_written(self, key: PartitionKey, facts: tuple[Fact, ...]) -> None:
        """Take in what could not be written."""
        with self._lock:
            seen = self.seen.get(key, Seen(Tokens(), None))
            self._waiting[key] = (*self.waiting(key), *facts)[-_MOST_WAITING:]
            self._keep(key, Seen(applied(seen.tokens, facts), seen.stamp))

    def _see(self, key: PartitionKey, tokens: Tokens, stamp: Stamp | None) -> Tokens:
        waiting = self.waiting(key)
        tokens = applied(tokens, still_new(waiting, tokens))
        if stamp is None and not waiting and is_empty(tokens):
            _ = self.seen.pop(key, None)
        else:
            self._keep(key, Seen(tokens, stamp))
        return tokens

    def _keep(self, key: PartitionKey, seen: Seen) -> None:
        self.seen[key] = seen
        if len(self.seen) > self._limit:
            oldest = next(iter(self.seen))
            del self.seen[oldest]
            _ = self._waiting.pop(oldest, None)


def applied(tokens: Tokens, facts: tuple[Fact, ...]) -> Tokens:
    """Return the partition of tokens after each fact in turn."""
    return cast("Tokens", apply_all(tokens, facts))


def still_new(waiting: tuple[Fact, ...], tokens: Tokens) -> tuple[Fact, ...]:
    """Return what had to wait, without tokens for which others have stored newer ones since."""
    return tuple(fact for fact in waiting if not _is_outdated(fact, tokens))


def _is_outdated(fact: Fact, tokens: Tokens) -> bool:
    if isinstance(fact, AccessTokenStored):
        row = tokens.access.get(fact.key)
        return row is not None and row[CACHED_AT] > fact.row[CACHED_AT]
    if isinstance(fact, RefreshTokenStored):
        kept = tokens.refresh.get(fact.key)
        return kept is not None and kept[1] > fact.row[1]
    return False
