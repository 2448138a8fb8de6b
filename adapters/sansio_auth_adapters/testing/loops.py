"""A transport that is awaited, behind one that blocks: each loop runs in a thread of its own."""

from __future__ import annotations

import atexit
import contextlib
from collections.abc import Callable
from functools import cache
from typing import Final

from anyio.from_thread import BlockingPortal, start_blocking_portal
from attrs import frozen

from sansio_auth.wire import HttpRequest, HttpResponse
from sansio_auth_adapters.ports import AsyncTransport

__all__ = ["Looped", "portal"]

_running: Final = contextlib.ExitStack()
_ = atexit.register(_running.close)


@cache
def portal(loop: str) -> BlockingPortal:
    """Return the way into a loop that runs until the tests are over."""
    return _running.enter_context(start_blocking_portal(backend=loop))


@frozen
class Looped:
    """Sends through an async transport, made and awaited in one loop."""

    loop: str
    transport: AsyncTransport

    @classmethod
    def made(cls, loop: str, make: Callable[[], AsyncTransport]) -> Looped:
        """Make a transport inside of its loop."""

        async def inside() -> AsyncTransport:
            return make()

        return cls(loop, portal(loop).call(inside))

    def send(self, request: HttpRequest) -> HttpResponse:
        """Return the response to one request."""
        return portal(self.loop).call(self.transport.send, request)

    def close(self) -> None:
        """Release connections."""
        portal(self.loop).call(self.transport.close)
