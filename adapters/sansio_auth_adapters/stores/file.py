"""Partitions in the files of a directory, one each: crash-safe, and shared by processes.

What costs a token elsewhere costs a file here: to save a token is to write the partition that it
belongs to, whatever else is stored. Every write applies facts to what is on disk by then, under a
lock, and puts a whole file in the place of the old one, so that writers lose nothing of each
other's and readers, who need no lock, see the old file or the new one (invariant I-9). Where the
disk fails, this process goes on with what it has in memory (I-1, I-2). Knows nothing of what a
token means; knowledge about authorities is not written, and stays in memory.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from attrs import evolve

from sansio_auth._json import UnreadableJson
from sansio_auth.errors import ConfigurationError
from sansio_auth.partition import (
    Accounts,
    AssertionKey,
    AssertionsOver,
    AssertionUsed,
    Fact,
    Found,
    KnowledgeKey,
    Partition,
    PartitionKey,
    Query,
    Tokens,
    find,
    is_empty,
)
from sansio_auth.secret import discreet
from sansio_auth_adapters import ambient
from sansio_auth_adapters.stores import _files as files
from sansio_auth_adapters.stores._files import CacheError
from sansio_auth_adapters.stores._in_memory import InMemory, Stamp, applied, still_new
from sansio_auth_adapters.stores._partition_file import (
    Stored,
    StoredKey,
    decode,
    encode,
    folder_of,
    is_over,
    marked,
    markers_of,
    markers_of_name,
    place_of,
)
from sansio_auth_adapters.stores.memory import MemoryStore

__all__ = ["CacheError", "FileStore"]

#: Ten thousand tokens of two kilobytes, three times over.
_MOST_BYTES: Final = 64 << 20
#: How often a file is written anew because somebody else wrote it meanwhile, without a lock.
_ATTEMPTS: Final = 5
#: How many files are looked at, and how old they are at least, to see whether they are over.
_SWEPT: Final = 8
_HOUR: Final = 3600
_DAY: Final = 24 * _HOUR
_QUARTER: Final = 90 * _DAY


class FileStore:
    """Tokens in the files of a directory, for as many threads and processes as you like.

    `directory` is made (mode 0700) or must be a directory of this user's; a link, or somebody
    else's, is a `ConfigurationError`; one that others may look into is a warning. `seal` and `open`
    turn the bytes of a file into those that are stored and back, to encrypt them or prove their
    origin; `open` raises for what was not sealed with this key. Unless `durable`, saving does not
    wait for the disk, and the power may take away what was saved last. `patience` is how many
    seconds a writer waits for others, `in_memory` how many partitions this process has at hand.

    A file that cannot be read or opened raises `CacheError` when it is loaded, which costs a
    request, and is moved aside (`.aside`, one for each partition) by whoever saves next. With
    `strict` it stays where it is and saving raises too, and a directory or file that is open to
    others is refused.

    While a partition is written, a lock on its folder is held, one of 256; other processes and
    threads wait for it. Besides reading and writing that one file, only `seal` and `open` run
    under it. Reading takes no lock, and nothing is locked between calls.
    """

    def __init__(  # noqa: PLR0913 - each is a choice of its own
        self,
        directory: str | os.PathLike[str],
        *,
        seal: Callable[[bytes], bytes] | None = None,
        open: Callable[[bytes], bytes] | None = None,  # noqa: A002 - the counterpart of seal
        strict: bool = False,
        durable: bool = True,
        patience: float = 5.0,
        in_memory: int = 10_000,
        clock: Callable[[], float] = ambient.now,
    ) -> None:
        if not (seal is open is None or (callable(seal) and callable(open))):
            raise ConfigurationError(
                "seal, open: two functions from bytes to bytes, or neither", code="seal"
            )
        if not 0 <= patience <= files.LONGEST:
            raise ConfigurationError(
                f"patience: seconds, from 0 to {files.LONGEST:.0f}", code="patience"
            )
        self._directory: Final = Path(directory).absolute()
        self._seal: Final = seal
        self._open: Final = open
        self._strict: Final = strict
        self._durable: Final = durable
        self._patience: Final = patience
        self._clock: Final = clock
        self._memory: Final = InMemory(in_memory)
        self._knowledge: Final = MemoryStore()
        files.open_directory(self._directory, strict=strict)

    # --- the port -------------------------------------------------------------------------------

    def peek(self, key: PartitionKey) -> Partition | None:
        """Return what this process read or wrote last; no file is looked at."""
        seen = self._memory.seen.get(key)
        return self._knowledge.peek(key) if seen is None else seen.tokens

    @discreet
    def load(self, key: PartitionKey) -> Partition:
        """Return the partition, an empty one where nothing is stored.

        A file that has not changed is not read again. Where it cannot be read, what is in memory
        is returned; where nothing is, or the file is bad and the store strict, the error raises.
        """
        if isinstance(key, KnowledgeKey):
            return self._knowledge.load(key)
        path, before = self._path(key), self._memory.seen.get(key)
        try:
            if before is not None and before.stamp == files.stamp_of(path):
                return before.tokens
            stored, stamp = self._read(path)
        except (OSError, CacheError) as error:
            if before is None or (self._strict and isinstance(error, CacheError)):
                raise
            return before.tokens
        tokens = Tokens() if stored is None else stored.tokens
        return self._memory.read(key, tokens, stamp, before)

    @discreet
    def save(self, changes: tuple[tuple[PartitionKey, tuple[Fact, ...]], ...]) -> Partition:
        """Apply the facts to what is on disk by now and return the first key's newest partition.

        What cannot be written stays in memory and is written with the next facts about the same
        partition; every change is tried before the first error is raised.
        """
        newest: list[Partition] = []
        errors: list[Exception] = []
        for key, facts in changes:
            if isinstance(key, KnowledgeKey):
                newest.append(self._knowledge.save(((key, facts),)))
                continue
            try:
                newest.append(self._write(key, facts))
            except Exception as error:  # noqa: BLE001 - also what a caller's seal raises
                self._memory.not_written(key, facts)
                errors.append(error)
        if errors:
            raise errors[0]
        return newest[0]

    @discreet
    def look_up(self, query: Query) -> Found:
        """Return the partitions that a query means, as they are on disk.

        A user's name leads to their files through one folder; all users of a cloud, or all
        tenants of an application, are as many files as there are. A bad file is passed over,
        unless the store is strict or nothing else is found.
        """
        found: dict[PartitionKey, Partition] = {}
        bad: list[Exception] = []
        for path in self._candidates(query):
            try:
                stored, _ = self._read(path)
            except (OSError, CacheError) as error:
                bad.append(error)
                continue
            if stored is not None:
                late = still_new(self._memory.waiting(stored.key), stored.tokens)
                found[stored.key] = applied(stored.tokens, late)
        answer = find({**self._memory.all_waiting(), **found}, query)
        if bad and (self._strict or not answer.partitions):
            raise bad[0]
        return answer

    def __repr__(self) -> str:
        return f"FileStore({str(self._directory)!r}, {len(self._memory.seen)} partitions in memory)"

    def __reduce__(self) -> tuple[object, ...]:
        message = "a FileStore holds tokens: it cannot be pickled or copied; open the directory"
        raise TypeError(message)

    # --- files ----------------------------------------------------------------------------------

    def _path(self, key: StoredKey) -> Path:
        return self._directory.joinpath(*place_of(key))

    def _candidates(self, query: Query) -> Iterator[Path]:
        """Yield the files that may hold an answer."""
        if isinstance(query, Accounts) and query.username is not None:
            folder, beginning = markers_of_name(query.environment, query.username)
            for marker in files.names_in(self._directory.joinpath(*folder)):
                if marker.startswith(beginning):
                    yield self._directory.joinpath(*marked(folder, marker))
            return
        above = self._directory.joinpath(*folder_of(query))
        for shard in files.names_in(above):
            for name in files.names_in(above / shard):
                if not name.endswith((files.NEW, files.ASIDE)):
                    yield above / shard / name

    def _read(self, path: Path) -> tuple[Stored | None, Stamp | None]:
        """Return what a file holds, None where it is empty or is not there, and its stamp."""
        found = files.read(path, _MOST_BYTES, strict=self._strict)
        if found is None:
            return None, None
        content, stamp = found
        if not content.strip():
            return None, stamp
        try:
            stored = decode(self._opened(path, content))
        except UnreadableJson as error:
            raise CacheError(
                f"{path} holds no partition of tokens ({error.code})", code=error.code
            ) from None
        if place_of(stored.key)[-1] != path.name:
            raise CacheError(f"{path} holds somebody else's tokens", code="another_key")
        return stored, stamp

    def _opened(self, path: Path, content: bytes) -> bytes:
        if self._open is None:
            return content
        try:
            return self._open(content)
        except Exception as error:
            raise CacheError(f"{path} was not sealed with this key", code="wrong_key") from error

    def _write(self, key: StoredKey, facts: tuple[Fact, ...]) -> Tokens:
        """Apply facts to what is on disk by then; again where somebody wrote without a lock."""
        path = self._path(key)
        with files.locked(path.parent, self._patience):
            for _ in range(_ATTEMPTS - 1):
                with suppress(files.Overtaken):
                    return self._attempt(path, key, facts)
            return self._attempt(path, key, facts)

    def _attempt(self, path: Path, key: StoredKey, facts: tuple[Fact, ...]) -> Tokens:
        before, stamp = self._newest(path, key)
        waiting = self._memory.waiting(key)
        late = still_new(waiting, before.tokens)
        tokens = applied(before.tokens, (*late, *facts))
        if any(isinstance(fact, AssertionUsed) for fact in facts):
            tokens = applied(tokens, (AssertionsOver(self._gone(tokens.assertions)),))
        after = evolve(before, tokens=tokens)
        written = self._put(path, before, after, stamp)
        if stamp is None and written is not None:
            self._sweep(path)
        return self._memory.written(key, after.tokens, written, len(waiting))

    def _newest(self, path: Path, key: StoredKey) -> tuple[Stored, Stamp | None]:
        """Return what is to be changed; a file that nobody can read makes way, unless strict."""
        try:
            stored, stamp = self._read(path)
        except CacheError:
            if self._strict:
                raise
            files.move_aside(path)
            seen = self._memory.seen.get(key)
            return Stored(key, Tokens() if seen is None else seen.tokens), None
        return Stored(key) if stored is None else stored, stamp

    def _put(self, path: Path, before: Stored, after: Stored, stamp: Stamp | None) -> Stamp | None:
        """Write a partition; at any moment its markers are there, and perhaps some too many."""
        gone = markers_of(before.key, before.tokens) - markers_of(after.key, after.tokens)
        if is_empty(after.tokens):
            path.unlink(missing_ok=True)
            written = None
        else:
            content = encode(after)
            sealed = content if self._seal is None else self._seal(content)
            if len(sealed) > _MOST_BYTES:
                raise CacheError(f"{path} would be larger than can be read", code="too_large")
            for marker in markers_of(after.key, after.tokens):
                files.touch(self._directory.joinpath(*marker))
            written = files.write(path, sealed, expected=stamp, durable=self._durable)
        for marker in gone:
            self._directory.joinpath(*marker).unlink(missing_ok=True)
        return written

    def _sweep(self, path: Path) -> None:
        """Look at some other files of a folder that has grown, and remove those that are over."""
        entries = files.entries_in(path.parent)
        start = int(path.name[2:10], 16) % len(entries)  # as good as any other place
        for entry in (entries[start:] + entries[:start])[:_SWEPT]:
            with suppress(OSError):
                if entry.name != path.name and self._is_over(entry):
                    Path(entry).unlink()

    def _is_over(self, entry: os.DirEntry[str]) -> bool:
        now = self._clock()
        age = now - entry.stat(follow_symlinks=False).st_mtime
        if entry.name.endswith(files.NEW):
            return age > _HOUR  # whoever wrote it did not live to put it in its place
        if age < _DAY:
            return False
        try:
            stored, _ = self._read(Path(entry))
        except CacheError:
            return age > _QUARTER and not self._strict
        return stored is None or is_over(stored, now)

    def _gone(self, assertions: frozenset[AssertionKey]) -> frozenset[AssertionKey]:
        """Return the assertions of which nothing is left; what waits to be written is."""
        return frozenset(
            key
            for key in assertions
            if not self._memory.waiting(key) and files.stamp_of(self._path(key)) is None
        )
