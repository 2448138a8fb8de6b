"""What the shell may be given: a transport, a store, an observer, each a small protocol.

A port is what somebody else may write. Whatever implements one raises when it fails; `drive`
turns that into a value. The obligations are in the docstrings, and a contract suite tests them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from sansio_auth.partition import Found, Partition, PartitionKey, Query
from sansio_auth.wire import HttpRequest, HttpResponse

if TYPE_CHECKING:
    from sansio_auth.partition import Fact

__all__ = ["AsyncStore", "AsyncTransport", "Store", "Transport"]


class Transport(Protocol):
    """Sends one request and reads the whole response.

    It never follows a redirect, never retries, keeps no cookies, reads no netrc, stops at
    `request.max_bytes` of decoded body and after `request.timeout` seconds in total, and bypasses
    proxies when `request.direct`. It raises `TransportError` with a true `sent`, chained to its
    own exception. It may be called from several threads at once.
    """

    def send(self, request: HttpRequest) -> HttpResponse:
        """Return the response to one request."""
        ...

    def close(self) -> None:
        """Release connections; a later `send` may open new ones."""
        ...


class AsyncTransport(Protocol):
    """A `Transport` whose methods are awaited."""

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Return the response to one request."""
        ...

    async def close(self) -> None:
        """Release connections."""
        ...


class Store(Protocol):
    """Keeps partitions. It may be called from several threads at once."""

    def peek(self, key: PartitionKey) -> Partition | None:
        """Return what is in memory now, None where that is nothing; never blocks."""
        ...

    def load(self, key: PartitionKey) -> Partition:
        """Return the partition, an empty one where nothing is stored."""
        ...

    def save(self, changes: tuple[tuple[PartitionKey, tuple[Fact, ...]], ...]) -> Partition:
        """Apply facts to the newest partitions and return the first key's newest one."""
        ...

    def look_up(self, query: Query) -> Found:
        """Return the partitions that a query means, as `sansio_auth.partition.find` says."""
        ...


class AsyncStore(Protocol):
    """A `Store` of which everything but `peek` is awaited."""

    def peek(self, key: PartitionKey) -> Partition | None:
        """Return what is in memory now, None where that is nothing."""
        ...

    async def load(self, key: PartitionKey) -> Partition:
        """Return the partition, an empty one where nothing is stored."""
        ...

    async def save(self, changes: tuple[tuple[PartitionKey, tuple[Fact, ...]], ...]) -> Partition:
        """Apply facts to the newest partitions and return the first key's newest one."""
        ...

    async def look_up(self, query: Query) -> Found:
        """Return the partitions that a query means."""
        ...
