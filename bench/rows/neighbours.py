"""A token from memory while another thread keeps sending requests: the slowest one in a thousand.

Each library runs in a process of its own, where nothing but its cache is on the heap.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from time import perf_counter

from bench.answers import realm_of
from bench.effort import ONCE, Effort
from bench.libraries import shaped_like_msal
from bench.lines import MSAL, Goal, Line
from bench.processes import output_of
from bench.rows.hits import filled
from bench.tenant import SHORT_LIFE, Tenant

__all__ = ["rows"]

_MISS_PAUSE = 0.005
_HIT_PAUSE = 0.0005
_QUANTILE = 0.999


def _slowest(name: str, tokens: int, seconds: float) -> float:
    """Return the 99.9th percentile of a hit, in seconds."""
    [library] = shaped_like_msal(name).values()
    cache = filled(library, tokens, each=100)
    hit = library.app_token(Tenant(), cache=cache)
    miss = library.app_token(Tenant(life=SHORT_LIFE), realm_of(0), cache)
    hit()
    miss()
    stop = threading.Event()

    def keep_missing() -> None:
        while not stop.wait(_MISS_PAUSE):
            miss()

    thread = threading.Thread(target=keep_missing)
    thread.start()
    took: list[float] = []
    end = perf_counter() + seconds
    while not took or perf_counter() < end:
        begun = perf_counter()
        hit()
        took.append(perf_counter() - begun)
        time.sleep(_HIT_PAUSE)
    stop.set()
    thread.join()
    took.sort()
    return took[min(len(took) - 1, int(_QUANTILE * len(took)))]


def rows(effort: Effort) -> Iterator[Line]:
    """Yield the percentile with a full cache."""
    tokens = effort.up_to(100_000)
    seconds = effort.spell * 10
    slowest = {}
    for name in shaped_like_msal():
        if effort == ONCE:
            slowest[name] = _slowest(name, tokens, seconds)
        else:
            arguments = ("-m", "bench.rows.neighbours", name, str(tokens), str(seconds))
            slowest[name] = float(output_of(*arguments))
    title = f"99.9th percentile beside a thread that misses, {tokens:,} tokens"
    yield Line(title, "s", slowest, Goal(1 / 100, MSAL))


if __name__ == "__main__":
    print(_slowest(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
