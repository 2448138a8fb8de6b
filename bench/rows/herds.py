"""Fifty callers at once for one token that nobody has: how many requests go out."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

from bench.effort import Effort
from bench.libraries import present
from bench.libraries.protocol import AsyncCall, Call
from bench.lines import Goal, Line
from bench.tenant import Tenant

__all__ = ["rows"]

_CALLERS = 50
_LATENCY = 0.05


def _threads(call: Call, callers: int) -> None:
    start = threading.Barrier(callers)

    def one() -> None:
        start.wait()
        call()

    threads = [threading.Thread(target=one) for _ in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


async def _tasks(call: AsyncCall, callers: int) -> None:
    async def one() -> None:
        await call()

    await asyncio.gather(*(one() for _ in range(callers)))


def rows(effort: Effort) -> Iterator[Line]:
    """Yield the requests for threads and for tasks."""
    callers = effort.up_to(_CALLERS)
    by_threads, by_tasks = {}, {}
    for name, library in present().items():
        if not library.shares:
            continue
        tenant = Tenant(latency=_LATENCY)
        _threads(library.app_token(tenant), callers)
        by_threads[name] = float(tenant.requests)
        tenant = Tenant(latency=_LATENCY)
        call = library.async_app_token(tenant)
        if call is not None:
            asyncio.run(_tasks(call, callers))
            by_tasks[library.async_name] = float(tenant.requests)
    title = f"requests for {callers} callers at once"
    yield Line(f"{title}: threads", "requests", by_threads, Goal(1))
    yield Line(f"{title}: tasks", "requests", by_tasks, Goal(1))
