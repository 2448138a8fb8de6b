"""Interleaved timing: every candidate gets its turn in every round, so drift hits all alike.

A round runs one batch of each candidate, in an order that rotates. Batches are long enough for the
clock, the garbage collector is off inside them, and a ratio is taken inside each round: the median
of those is far steadier than the ratio of two medians, let alone of two runs.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import statistics
from collections.abc import Awaitable, Callable, Mapping
from time import perf_counter
from typing import Final, TypeAlias, TypeVar

from attrs import frozen

from bench.effort import Effort

__all__ = ["Batch", "Samples", "awaited", "interleaved", "ratio", "repeated"]

#: Makes that many calls and returns the seconds they took together.
Batch: TypeAlias = Callable[[int], float]

_WARM_UP: Final = 3

K = TypeVar("K")


def repeated(call: Callable[[], object]) -> Batch:
    """Return the batch of a call."""

    def batch(times: int) -> float:
        turns = itertools.repeat(None, times)
        begun = perf_counter()
        for _ in turns:
            call()
        return perf_counter() - begun

    return batch


def awaited(loop: asyncio.AbstractEventLoop, call: Callable[[], Awaitable[object]]) -> Batch:
    """Return the batch of a call that is awaited, one after the other in one task of this loop."""

    async def batch(times: int) -> float:
        turns = itertools.repeat(None, times)
        begun = perf_counter()
        for _ in turns:
            await call()
        return perf_counter() - begun

    return lambda times: loop.run_until_complete(batch(times))


@frozen
class Samples:
    """Seconds per call of one candidate, round by round."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.seconds)

    @property
    def spread(self) -> float:
        """The distance between the quartiles; 0 where there are too few samples."""
        if len(self.seconds) < 4:
            return 0.0
        first, _, third = statistics.quantiles(self.seconds, n=4)
        return third - first


def ratio(one: Samples, other: Samples) -> float:
    """Return the median over the rounds of one to the other."""
    return statistics.median(a / b for a, b in zip(one.seconds, other.seconds, strict=True))


def _long_enough(batch: Batch, seconds: float) -> int:
    """Return how many calls last that long."""
    times = 1
    while (took := batch(times)) < seconds:
        times = max(times + 1, int(times * min(10.0, 1.3 * seconds / max(took, 1e-9))))
    return times


def interleaved(candidates: Mapping[K, Batch], effort: Effort) -> dict[K, Samples]:
    """Return the samples of every candidate."""
    for batch in candidates.values():
        batch(_WARM_UP)
    collecting = gc.isenabled()
    gc.disable()
    try:
        times = {name: _long_enough(batch, effort.batch) for name, batch in candidates.items()}
        samples: dict[K, list[float]] = {name: [] for name in candidates}
        names = list(candidates)
        for turn in range(effort.rounds):
            gc.collect()
            first = turn % len(names)
            for name in names[first:] + names[:first]:
                samples[name].append(candidates[name](times[name]) / times[name])
    finally:
        if collecting:
            gc.enable()
    return {name: Samples(tuple(seconds)) for name, seconds in samples.items()}
