"""Store one token more: MSAL's file is written whole, a partitioned store writes one partition."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from bench.effort import Effort
from bench.growth import Growth
from bench.libraries import shaped_like_msal
from bench.libraries.msal_shaped import MsalShaped, event, fill
from bench.libraries.protocol import Call
from bench.lines import MSAL, OURS, Goal, Told, compared
from bench.timing import Batch, interleaved, repeated
from sansio_auth_adapters import FileStore
from sansio_auth_adapters.stores.entries import Changes, changes_of

__all__ = ["rows"]

_DURABLE = "durable"
_PROMPT = "prompt"


def _changes(number: int, realms: int) -> Changes:
    return changes_of(event(number, realms), int(time.time()))


def _stored(folder: Path, tokens: int, realms: int, *, durable: bool) -> Call:
    """Return what stores one token more in a directory that holds so many."""
    store = FileStore(folder, durable=False)
    for realm in range(realms):
        each = [_changes(number, realms)[0] for number in range(realm, tokens, realms)]
        store.save(((each[0][0], tuple(fact for _, facts in each for fact in facts)),))
    store = FileStore(folder, durable=durable)
    more = _changes(tokens, realms)
    return partial(store.save, more)


def _whole(library: MsalShaped, text: str, tokens: int, realms: int) -> Call:
    """Return what a shared file asks for, but for the disk: read all, add a token, write all."""

    def call() -> str:
        cache = library.serializable_cache()
        cache.deserialize(text)
        cache.add(event(tokens, realms))
        return cache.serialize()

    return call


def _beside(folder: Path, effort: Effort) -> Iterator[Told]:
    tokens = effort.up_to(10_000)
    realms = max(1, tokens // 10)
    batches: dict[str, Batch] = {}
    for name, library in shaped_like_msal().items():
        cache = library.serializable_cache()
        fill(cache, range(tokens), realms)
        batches[name] = repeated(_whole(library, cache.serialize(), tokens, realms))
    for name in (_DURABLE, _PROMPT):
        call = _stored(folder / name, tokens, realms, durable=name == _DURABLE)
        batches[name] = repeated(call)
    samples = interleaved(batches, effort)
    durable, prompt = samples.pop(_DURABLE), samples.pop(_PROMPT)
    title = f"store one token more beside {tokens:,}"
    # The other libraries write no file here, so a store that waits for none is what to compare.
    with_files = {**samples, OURS: prompt}
    yield compared(f"{title}, ours in a `FileStore`", with_files, Goal(1 / 100, MSAL))
    with_files = {**samples, OURS: durable}
    yield compared(f"{title}, ours in a `FileStore` that waits for the disk", with_files)
    yield compared(f"{title}, both in MSAL's file", samples)


def rows(effort: Effort) -> Iterator[Told]:
    """Yield the cost of one token more, and how it grows with the partition."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        yield from _beside(folder, effort)
        growing = {
            (OURS, size): repeated(_stored(folder / str(size), size, 1, durable=False))
            for size in effort.partition_sizes
        }
        title = "store one token more in a `FileStore`, by tokens in its partition"
        yield Growth.of(growing, effort).series(title)
