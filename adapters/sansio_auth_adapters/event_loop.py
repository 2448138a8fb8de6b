"""What awaiting code needs of the event loop it runs in: pauses, deadlines, threads, a bell.

asyncio needs nothing but the standard library. Where no asyncio loop runs, anyio is asked, which
the `anyio` extra brings and which knows trio. Nothing is bound to a loop before it is awaited in
one, so an application may outlive its loop and serve the next.
"""

from __future__ import annotations

import asyncio
import contextvars
import math
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from sansio_auth.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from types import ModuleType

__all__ = ["Bell", "bell", "deadline", "in_thread", "loop_is_over", "pause"]

T = TypeVar("T")


class Bell(Protocol):
    """Wakes one task, from whatever thread."""

    def ring(self) -> None:
        """Wake the task; where its loop is closed there is nobody to be woken."""
        ...

    async def wait(self, seconds: float) -> bool:
        """Return True when it rings, False when it has not within that time."""
        ...


class _AsyncioBell:
    """A future of the running loop."""

    def __init__(self) -> None:
        self._loop: Final = asyncio.get_running_loop()
        self._rung: Final[asyncio.Future[bool]] = self._loop.create_future()

    def _settle(self, rung: bool) -> None:  # noqa: FBT001 - a callback's argument
        if not self._rung.done():
            self._rung.set_result(rung)

    def ring(self) -> None:
        try:
            _ = self._loop.call_soon_threadsafe(self._settle, True)  # noqa: FBT003
        except RuntimeError:
            if not self._loop.is_closed():
                raise

    async def wait(self, seconds: float) -> bool:
        timer = self._loop.call_later(seconds, self._settle, False)  # noqa: FBT003
        try:
            return await self._rung
        finally:
            timer.cancel()


class _TrioBell:
    """An event of the running trio loop."""

    def __init__(self) -> None:
        import trio

        self._over: Final = trio.RunFinishedError
        self._token: Final = trio.lowlevel.current_trio_token()
        self._rung: Final = trio.Event()

    def ring(self) -> None:
        try:
            self._token.run_sync_soon(self._rung.set)
        except self._over:
            return  # and with the loop whoever waited in it

    async def wait(self, seconds: float) -> bool:
        anyio = _anyio()
        with anyio.move_on_after(seconds):
            await self._rung.wait()
        return self._rung.is_set()


def _in_asyncio() -> bool:
    try:
        _ = asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _anyio() -> ModuleType:
    try:
        import anyio
    except ImportError as error:
        raise ConfigurationError(
            "an event loop that is not asyncio's needs anyio: install sansio-auth[anyio]",
            code="no_event_loop",
        ) from error
    try:
        _ = anyio.current_time()
    except RuntimeError as error:
        raise ConfigurationError(
            "this event loop is neither asyncio's nor trio's: drive flows with arun and an"
            " AsyncWorld whose transport and `sleep` are the loop's own",
            code="no_event_loop",
        ) from error
    return anyio


def bell() -> Bell:
    """Return a bell for the task that asks."""
    return _AsyncioBell() if _in_asyncio() else _TrioBell()


def loop_is_over() -> Callable[[], bool]:
    """Return a function that tells, from any thread, whether the loop of this task was closed.

    Tasks of a loop that was closed over them are never heard of again.
    """
    return asyncio.get_running_loop().is_closed if _in_asyncio() else bool


async def pause(seconds: float) -> None:
    """Let other tasks run for that long."""
    if _in_asyncio():
        await asyncio.sleep(seconds)
    else:
        await _anyio().sleep(seconds)


def deadline(seconds: float) -> AbstractAsyncContextManager[Callable[[], None]]:
    """Return a block that is cancelled after that long and then raises `TimeoutError`.

    It gives a function that makes it be now.
    """
    return _asyncio_deadline(seconds) if _in_asyncio() else _anyio_deadline(seconds)


@asynccontextmanager
async def _asyncio_deadline(seconds: float) -> AsyncGenerator[Callable[[], None]]:
    async with asyncio.timeout(seconds) as limit:
        yield lambda: limit.reschedule(asyncio.get_running_loop().time())


@asynccontextmanager
async def _anyio_deadline(seconds: float) -> AsyncGenerator[Callable[[], None]]:
    with _anyio().fail_after(seconds) as limit:

        def expire() -> None:
            limit.deadline = -math.inf

        yield expire


async def in_thread(work: Callable[[], T], threads: Executor | None = None) -> T:
    """Return what a function that blocks gives, run in a worker thread with this task's context.

    A task that is cancelled meanwhile goes on at once; the function runs to its end unheard.
    `threads` is used under asyncio; other loops have threads of their own.
    """
    if _in_asyncio():
        context = contextvars.copy_context()
        return await asyncio.get_running_loop().run_in_executor(threads, context.run, work)
    _ = _anyio()  # or the error that names the extra
    from anyio import to_thread

    return await to_thread.run_sync(work, abandon_on_cancel=True)
