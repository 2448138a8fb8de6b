"""MSAL's cache file: read it, use it, write it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial

from bench.answers import realm_of, scope_of
from bench.effort import Effort
from bench.libraries import shaped_like_msal
from bench.libraries.msal_shaped import MsalShaped, SerializableCache, fill
from bench.libraries.protocol import Call
from bench.lines import FLOOR, MSAL, OURS, Goal, Line, compared
from bench.tenant import Tenant
from bench.timing import Batch, interleaved, repeated

__all__ = ["rows"]


def _read(library: MsalShaped, text: str) -> SerializableCache:
    cache = library.serializable_cache()
    cache.deserialize(text)
    return cache


def _read_and_use(library: MsalShaped, text: str) -> Call:
    """Return what a process does that has a file and needs one token of it."""

    def call() -> object:
        return library.app_token(Tenant(), realm_of(0), _read(library, text), scope_of(0))()

    return call


def rows(effort: Effort) -> Iterator[Line]:
    """Yield reading, reading and using, and writing."""
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
