"""MSAL's cache file: read it, write it, and store one token more."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from functools import partial

from bench.answers import CLIENT, HOST, realm_of, scope_of
from bench.effort import Effort
from bench.growth import Growth
from bench.libraries import shaped_like_msal
from bench.libraries.library import Call
from bench.libraries.msal_shaped import MsalShaped, SerializableCache, event, fill
from bench.lines import FLOOR, MSAL, OURS, Goal, Told, compared
from bench.tenant import Tenant
from bench.timing import Batch, interleaved, repeated
from sansio_auth.msal_format import dump, load
from sansio_auth.partition import AppKey, apply_all
from sansio_auth_adapters import TokenCache
from sansio_auth_adapters.stores.entries import changes_of

__all__ = ["rows"]

_PARTITION = "a partition"


def _read(library: MsalShaped, text: str) -> SerializableCache:
    cache = library.serializable_cache()
    cache.deserialize(text)
    return cache


def _read_and_use(library: MsalShaped, text: str) -> Call:
    """Return what a process does that has a file and needs one token of it."""

    def call() -> object:
        return library.app_token(Tenant(), realm_of(0), _read(library, text), scope_of(0))()

    return call


def _one_more_in_all(library: MsalShaped, text: str) -> Call:
    """Return what a shared file asks for: read all, add a token, write all."""

    def call() -> str:
        cache = _read(library, text)
        fill(cache, range(1), 1)
        return cache.serialize()

    return call


def rows(effort: Effort) -> Iterator[Told]:
    """Yield reading, writing, and storing one token more."""
    tokens = effort.up_to(10_000)
    libraries = shaped_like_msal()
    realms = max(1, tokens // 10)
    full = libraries.get(MSAL, libraries[OURS]).serializable_cache()
    fill(full, range(tokens), realms)
    text = full.serialize()
    reading: dict[str, Batch] = {
        name: repeated(partial(_read, it, text)) for name, it in libraries.items()
    }
    reading[FLOOR] = repeated(partial(json.loads, text))
    yield compared(
        f"read MSAL's file, {tokens:,} tokens", interleaved(reading, effort), Goal(1.15, MSAL)
    )
    using = {name: repeated(_read_and_use(it, text)) for name, it in libraries.items()}
    yield compared(
        f"read MSAL's file, {tokens:,} tokens, and get one of them", interleaved(using, effort)
    )
    writing: dict[str, Batch] = {}
    for name, library in libraries.items():
        cache = library.serializable_cache()
        fill(cache, range(tokens), realms)
        writing[name] = repeated(cache.serialize)
    parsed = json.loads(text)
    writing[FLOOR] = repeated(lambda: json.dumps(parsed))
    yield compared(
        f"write MSAL's file, {tokens:,} tokens", interleaved(writing, effort), Goal(0.7, MSAL)
    )
    yield from _saving(libraries, text, effort)


def _one_partition(tokens: int) -> Call:
    """Return the same for the one partition that a token belongs to: read, apply, write."""
    cache = TokenCache()
    fill(cache, range(tokens), 1)
    key = AppKey(HOST, realm_of(0), CLIENT)
    text = json.dumps(dump({key: cache.load(key)}))
    [(_, facts)] = changes_of(event(0, 1), int(time.time()))

    def call() -> str:
        partition = load(json.loads(text)).partitions[key]
        return json.dumps(dump({key: apply_all(partition, facts)}))

    return call


def _saving(libraries: Mapping[str, MsalShaped], text: str, effort: Effort) -> Iterator[Told]:
    batches: dict[str, Batch] = {
        name: repeated(_one_more_in_all(library, text)) for name, library in libraries.items()
    }
    batches[_PARTITION] = repeated(_one_partition(10))
    samples = interleaved(batches, effort)
    partition = samples.pop(_PARTITION)
    title = f"store one token more beside {effort.up_to(10_000):,}"
    yield compared(f"{title}, all in one file", samples)
    samples[OURS] = partition
    yield compared(f"{title}, ours by partitions of ten", samples, Goal(1 / 100, MSAL))
    growing = {(OURS, size): repeated(_one_partition(size)) for size in effort.sizes[:-1]}
    yield Growth.of(growing, effort).series("store one token more, by tokens in its partition")
