"""Tokens from memory per second, asked for by one thread and by eight."""

from __future__ import annotations

import statistics
import threading
from collections.abc import Iterator
from time import perf_counter

from bench.effort import Effort
from bench.libraries import present
from bench.libraries.protocol import Call
from bench.lines import MSAL, Goal, Line
from bench.tenant import Tenant

__all__ = ["rows"]

_THREADS = 8
_IN_A_ROW = 50


def _per_second(call: Call, threads: int, seconds: float) -> float:
    counts = [0] * threads
    start = threading.Barrier(threads + 1)
    stop = threading.Event()

    def one(index: int) -> None:
        start.wait()
        while True:
            for _ in range(_IN_A_ROW):
                call()
            counts[index] += _IN_A_ROW
            if stop.is_set():
                return

    running = [threading.Thread(target=one, args=(index,)) for index in range(threads)]
    for thread in running:
        thread.start()
    start.wait()
    begun = perf_counter()
    stop.wait(seconds)
    stop.set()
    for thread in running:
        thread.join()
    return sum(counts) / (perf_counter() - begun)


def rows(effort: Effort) -> Iterator[Line]:
    """Yield how eight threads compare with one, and how many tokens they get."""
    calls = {name: library.app_token(Tenant()) for name, library in present().items()}
    alone: dict[str, list[float]] = {name: [] for name in calls}
    together: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        call()
    for _ in range(min(effort.rounds, 5)):
        for name, call in calls.items():
            alone[name].append(_per_second(call, 1, effort.spell))
            together[name].append(_per_second(call, _THREADS, effort.spell))
    scaling = {
        name: statistics.median(
            many / one for one, many in zip(alone[name], together[name], strict=True)
        )
        for name in calls
    }
    title = "tokens from memory per second"
    yield Line(f"{title}: {_THREADS} threads against one", "x", scaling, Goal(0.9, at_least=True))
    medians = {name: statistics.median(counts) for name, counts in together.items()}
    yield Line(f"{title}, {_THREADS} threads", "/s", medians, Goal(20, MSAL, at_least=True))
