"""Files that hold secrets: private, whole or not at all, and with one writer at a time.

Knows paths, modes and locks of the operating system, and nothing of what the files say. A reader
needs no lock, because a file is only ever replaced by another one. Links are not followed. Where
modes and owners mean nothing (Windows) they are not looked at; where locks are not supported (some
network file systems) a writer still notices whoever wrote in between, but for the moment between
looking and replacing.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
import threading
import time
import warnings
from collections.abc import Generator
from pathlib import Path
from typing import Final

from sansio_auth.errors import ConfigurationError, SansioAuthError
from sansio_auth_adapters import ambient
from sansio_auth_adapters.stores._in_memory import Stamp

__all__ = [
    "ASIDE", "LONGEST", "NEW", "CacheError", "Overtaken", "entries_in", "locked", "move_aside",
    "names_in", "open_directory", "read", "stamp_of", "touch", "write",
]  # fmt: skip

LOCK: Final = "lock"
NEW: Final = ".new"
ASIDE: Final = ".aside"

_NOFOLLOW: Final[int] = getattr(os, "O_NOFOLLOW", 0)
_BINARY: Final[int] = getattr(os, "O_BINARY", 0)
#: A pipe that was put in a file's place must not keep anybody waiting.
_NONBLOCK: Final[int] = getattr(os, "O_NONBLOCK", 0)
_READ: Final = os.O_RDONLY | _NOFOLLOW | _BINARY | _NONBLOCK
_CREATE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NOFOLLOW | _BINARY
_OPEN_LOCK: Final = os.O_RDWR | os.O_CREAT | _NOFOLLOW
_OTHERS: Final = 0o077
#: Seconds that a thread can wait for another.
LONGEST: Final = threading.TIMEOUT_MAX
_FIRST_PAUSE: Final = 0.0005
_LONGEST_PAUSE: Final = 0.02
#: What opening a link, or a socket, fails with.
_NOT_A_FILE: Final = frozenset({errno.ELOOP, errno.EMLINK, errno.ENXIO})
_NO_LOCKS: Final = frozenset({errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS})


class Overtaken(BlockingIOError):  # noqa: N818 - says what happened, and is always caught
    """Another process replaced a file between reading and writing it."""


class CacheError(SansioAuthError):
    """A file of a token store is not what it should be; the message names it and says why."""


def _is_foreign(status: os.stat_result) -> bool:
    """Whether a file belongs to somebody who is neither this user nor root."""
    whoami = getattr(os, "geteuid", None)
    return whoami is not None and status.st_uid not in {whoami(), 0}


# --- the directory -----------------------------------------------------------------------------


def open_directory(path: Path, *, strict: bool) -> None:
    """Make a directory for secrets, or look at the one that is there.

    Raises `ConfigurationError` for a link, for what is no directory, and for somebody else's; one
    that others may look into, or that is root's, is a warning and when `strict` the same error.
    `OSError` passes where nothing can be made.
    """
    make_folder(path)
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        raise _refused(path, "is a symbolic link; name the directory itself")
    if not stat.S_ISDIR(status.st_mode):
        raise _refused(path, "is no directory")
    if not hasattr(os, "geteuid"):
        return
    if _is_foreign(status):
        raise _refused(path, f"belongs to somebody else (uid {status.st_uid})")
    complaint = ""
    if status.st_mode & _OTHERS:
        complaint = f"is open to others (mode {stat.S_IMODE(status.st_mode):04o}); chmod it to 0700"
    elif status.st_uid != os.geteuid():
        complaint = "belongs to root; use a directory of this user's in it"
    if complaint and strict:
        raise _refused(path, complaint)
    if complaint:
        warnings.warn(f"directory: {path} {complaint}", stacklevel=3)


def _refused(path: Path, why: str) -> ConfigurationError:
    return ConfigurationError(f"directory: {path} {why}", code="directory")


def make_folder(path: Path) -> None:
    """Make a folder, and those above it that are missing, for this user alone."""
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        return
    except FileNotFoundError:
        make_folder(path.parent)
        make_folder(path)


# --- one file ----------------------------------------------------------------------------------


def stamp_of(path: Path) -> Stamp | None:
    """Return what tells this version of a file from others, None where there is no file."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return None
    return _stamp(status)


def _stamp(status: os.stat_result) -> Stamp:
    return status.st_ino, status.st_mtime_ns, status.st_size


def read(path: Path, most: int, *, strict: bool) -> tuple[bytes, Stamp] | None:
    """Return a file's content and stamp, None where there is no file.

    Raises `CacheError` for links, for what is no file, for more than `most` bytes, for somebody
    else's file, and when `strict` for one that others may open. `OSError` passes.
    """
    try:
        if not _NOFOLLOW and path.is_symlink():
            raise CacheError(f"{path} is a link", code="not_a_file")
        descriptor = os.open(path, _READ)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno in _NOT_A_FILE:
            raise CacheError(f"{path} is a link or no file", code="not_a_file") from error
        raise
    try:
        status = os.fstat(descriptor)
        _check(path, status, most, strict=strict)
        content = b""
        while piece := os.read(descriptor, status.st_size - len(content)):
            content += piece
    finally:
        os.close(descriptor)
    return content, _stamp(status)


def _check(path: Path, status: os.stat_result, most: int, *, strict: bool) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise CacheError(f"{path} is no file", code="not_a_file")
    if status.st_size > most:
        raise CacheError(f"{path} is larger than {most} bytes", code="too_large")
    if _is_foreign(status):
        raise CacheError(f"{path} belongs to somebody else (uid {status.st_uid})", code="owner")
    if strict and hasattr(os, "geteuid") and status.st_mode & _OTHERS:
        raise CacheError(f"{path} is open to others; chmod it to 0600", code="mode")


def write(path: Path, content: bytes, *, expected: Stamp | None, durable: bool) -> Stamp:
    """Put a new file in the place of the one with that stamp, at once; return the new stamp.

    Raises `Overtaken` where another file is there by now. A crash at any moment leaves the old
    file or the new one, and if `durable` so does a loss of power; what it may leave beside them
    ends in `.new`.
    """
    temporary = path.with_name(f"{path.name}.{ambient.entropy(8).hex()}{NEW}")
    try:
        stamp = _written(temporary, content, durable=durable)
        _expect(path, expected)
        _replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return stamp


def _expect(path: Path, expected: Stamp | None) -> None:
    if stamp_of(path) != expected:
        raise Overtaken(errno.EAGAIN, "another process wrote it meanwhile", str(path))


def _replace(temporary: Path, path: Path) -> None:
    """Windows replaces no file while somebody reads it, which is over soon."""
    for pause in (0.001, 0.01, 0.1) if sys.platform == "win32" else ():
        try:
            _ = temporary.replace(path)
        except PermissionError:
            ambient.pause(pause)
        else:
            return
    _ = temporary.replace(path)


def _written(path: Path, content: bytes, *, durable: bool) -> Stamp:
    descriptor = os.open(path, _CREATE, 0o600)
    try:
        left = memoryview(content)
        while left:
            left = left[os.write(descriptor, left) :]
        if durable:
            os.fsync(descriptor)
        return _stamp(os.fstat(descriptor))
    finally:
        os.close(descriptor)


def touch(path: Path) -> None:
    """Make an empty file, unless there is one."""
    if not os.path.lexists(path):
        make_folder(path.parent)
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | _NOFOLLOW, 0o600))


def entries_in(folder: Path) -> list[os.DirEntry[str]]:
    """Return what is in a folder, in no order; nothing where there is no folder."""
    try:
        with os.scandir(folder) as entries:
            return [it for it in entries if it.name != LOCK]
    except (FileNotFoundError, NotADirectoryError):
        return []


def names_in(folder: Path) -> list[str]:
    """Return the names of the files in a folder, in order; none where there is no folder."""
    return sorted(it.name for it in entries_in(folder))


def move_aside(path: Path) -> None:
    """Keep a file that nobody can read under another name; the one before it goes."""
    _ = path.replace(path.with_name(path.name + ASIDE))


# --- one writer at a time ----------------------------------------------------------------------

#: Threads wait for each other here, so that the operating system's lock is for processes only.
_threads: Final[dict[str, threading.Lock]] = {}
_descriptors: Final[set[int]] = set()


@contextlib.contextmanager
def locked(folder: Path, patience: float) -> Generator[None]:
    """Keep every other thread and process from writing in a folder, which is made if need be.

    Raises `TimeoutError` after `patience` seconds of waiting for them.
    """
    end = time.monotonic() + patience
    lock = _threads.setdefault(str(folder), threading.Lock())
    if not lock.acquire(timeout=patience):
        raise _too_long(folder)
    try:
        descriptor = _open_lock(folder / LOCK)
        _descriptors.add(descriptor)
        try:
            _wait(descriptor, folder, end)
            try:
                yield
            finally:
                _unlock(descriptor)
        finally:
            _descriptors.discard(descriptor)
            os.close(descriptor)
    finally:
        lock.release()


def _open_lock(path: Path) -> int:
    try:
        return os.open(path, _OPEN_LOCK, 0o600)
    except FileNotFoundError:
        make_folder(path.parent)
        return os.open(path, _OPEN_LOCK, 0o600)


def _wait(descriptor: int, folder: Path, end: float) -> None:
    pause = _FIRST_PAUSE
    while not _try(descriptor):
        if time.monotonic() >= end:
            raise _too_long(folder)
        ambient.pause(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


def _too_long(folder: Path) -> TimeoutError:
    return TimeoutError(errno.ETIMEDOUT, "another process keeps the lock", str(folder / LOCK))


if sys.platform == "win32":
    import msvcrt

    def _try(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            return error.errno in _NO_LOCKS
        return True

    def _unlock(descriptor: int) -> None:
        with contextlib.suppress(OSError):
            msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _try(descriptor: int) -> bool:
        """Take the lock if it is free; where there are no locks it always is."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
        return True

    def _unlock(descriptor: int) -> None:
        """Let go, also of what a forked child has inherited with the descriptor."""
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_UN)


def _after_fork() -> None:
    """In a forked child nobody is writing, and what the parent locked is the parent's."""
    _threads.clear()
    for descriptor in _descriptors:
        with contextlib.suppress(OSError):
            os.close(descriptor)
    _descriptors.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
