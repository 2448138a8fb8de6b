"""What a token costs beyond its text while it is kept, and what a garbage collection costs then."""

from __future__ import annotations

import gc
import statistics
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from functools import partial
from time import perf_counter

from bench.answers import token_text, user_response
from bench.effort import Effort
from bench.libraries import shaped_like_msal
from bench.libraries.msal_shaped import fill, fill_users
from bench.lines import Goal, Line

__all__ = ["rows"]

_SECRETS = ("access_token", "refresh_token", "id_token")


def _bytes_of(put: Callable[[], None]) -> int:
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    put()
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return after - before


def _collection() -> float:
    """Return the median of full collections."""
    took = []
    for _ in range(7):
        begun = perf_counter()
        gc.collect()
        took.append(perf_counter() - begun)
    return statistics.median(took)


def _collections(effort: Effort) -> Line:
    tokens = effort.up_to(100_000)
    took = {}
    for name, library in shaped_like_msal().items():
        fill(library.cache(), range(1), 1)
        gc.collect()
        gc.freeze()  # what was there before is not looked at
        cache = library.cache()
        fill(cache, range(tokens), max(1, min(1_000, tokens // 10)))
        took[name] = _collection()
        gc.unfreeze()
        del cache
    title = f"full garbage collection of {tokens:,} tokens"
    return Line(title, "s", took, Goal(0.010))


def rows(effort: Effort) -> Iterator[Line]:
    """Yield the collection's time, then bytes for a token of an application and of a user."""
    yield _collections(effort)
    tokens = effort.up_to(10_000)
    text = sys.getsizeof(token_text())
    user = user_response(1, length=1_500)
    texts = sum(sys.getsizeof(user[name]) for name in _SECRETS)
    of_apps, of_users = {}, {}
    for name, library in shaped_like_msal().items():
        cache = library.cache()
        fill(cache, range(1), 1)
        took = _bytes_of(partial(fill, cache, range(tokens), max(1, tokens // 10)))
        of_apps[name] = took / tokens - text
        cache = library.cache()
        took = _bytes_of(partial(fill_users, cache, tokens, 1_500))
        of_users[name] = took / tokens - texts
    yield Line("memory for an application's token beyond its text", "B", of_apps, Goal(450))
    yield Line("memory for a user's tokens and account beyond their texts", "B", of_users)
