"""Any transport as one that is awaited: each exchange in a worker thread.

Knows threads and nothing of HTTP. A task that is cancelled goes on at once; its exchange runs on
in the thread until its own deadline, and its answer is dropped.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final

from sansio_auth.wire import HttpRequest, HttpResponse
from sansio_auth_adapters.event_loop import in_thread
from sansio_auth_adapters.ports import Transport
from sansio_auth_adapters.transports import with_options

__all__ = ["ThreadsTransport"]

#: Exchanges under way at a time; asyncio's own pool has few threads, and name look-ups need them.
_THREADS: Final = 64


class ThreadsTransport:
    """Sends requests with a transport that blocks, which must be safe for many threads."""

    def __init__(self, transport: Transport) -> None:
        self._transport: Final = transport
        self._pools: dict[int, ThreadPoolExecutor] = {}

    def with_options(self, options: Mapping[str, object]) -> ThreadsTransport:
        """Return a transport for one call with these of its options replaced."""
        alike = ThreadsTransport(with_options(self._transport, options))
        alike._pools = self._pools
        return alike

    def _pool(self) -> ThreadPoolExecutor:
        """Return this process's threads: after a fork the parent's do not exist."""
        process = os.getpid()
        if (kept := self._pools.get(process)) is not None:
            return kept
        made = ThreadPoolExecutor(_THREADS, thread_name_prefix="sansio-auth")
        return self._pools.setdefault(process, made)

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Return the response to one request, or raise as the transport behind does."""
        return await in_thread(partial(self._transport.send, request), self._pool())

    async def close(self) -> None:
        """Close the transport behind; a later `send` opens new connections."""
        pool = self._pools.pop(os.getpid(), None)
        if pool is not None:
            pool.shutdown(wait=False)
        self._transport.close()

    def __repr__(self) -> str:
        return f"ThreadsTransport({self._transport!r})"

    def __reduce__(self) -> tuple[object, ...]:
        message = "a transport holds sockets: make another one instead"
        raise TypeError(message)
