"""Several writers in one process: bounded waiting, with locks and without, and nothing lost."""

from __future__ import annotations

import errno
import fcntl
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from sansio_auth import Tokens
from sansio_auth.partition import (
    Dropped,
)
from sansio_auth_adapters import FileStore
from sansio_auth_adapters.stores import _files
from tests.adapters.stores.files.aids import (
    APP,
    BEHALF,
    fails,
    file_of,
    files_in,
    secrets_of,
    token,
)
from tests.faults.rows import row


def test_a_lock_that_is_never_given_back_costs_patience_and_no_more(
    store: FileStore, place: Path
) -> None:
    """Reading does not wait at all (row 174)."""
    impatient = FileStore(place, patience=0.02)
    descriptor = os.open(file_of(place).with_name("lock"), os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with pytest.raises(TimeoutError) as caught:
        impatient.save(((APP, (token("NEW", "t"),)),))
    assert caught.value.errno == errno.ETIMEDOUT
    assert secrets_of(impatient.peek(APP)) == {"NEW"}
    assert secrets_of(FileStore(place).load(APP)) == {"AT"}
    os.close(descriptor)
    assert secrets_of(impatient.save(((APP, ()),))) == {"AT", "NEW"}


def test_a_thread_that_never_ends_costs_patience_and_no_more(place: Path) -> None:
    """As when a seal hangs; another partition does not wait for it (row 174)."""
    inside, leave = threading.Event(), threading.Event()

    def hang(content: bytes) -> bytes:
        inside.set()
        assert leave.wait(20)
        return content

    hanging = FileStore(place, seal=hang, open=bytes)
    thread = threading.Thread(target=hanging.save, args=(((APP, (token(),)),),))
    thread.start()
    assert inside.wait(20)
    impatient = FileStore(place, patience=0.02)
    with pytest.raises(TimeoutError):
        impatient.save(((APP, (token("NEW", "t"),)),))
    assert secrets_of(impatient.save(((BEHALF, (token(),)),))) == {"AT"}
    leave.set()
    thread.join(20)
    assert secrets_of(impatient.save(((APP, ()),))) == {"AT", "NEW"}


@pytest.mark.parametrize("number", [row(177, os.strerror(it).replace(" ", "-"), it) for it in (
    errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS)])  # fmt: skip
def test_without_locks_a_writer_notices_whoever_was_quicker(
    number: int, place: Path, monkeypatch: Any
) -> None:
    """As on some network file systems: it reads again, and nothing is lost."""
    monkeypatch.setattr(fcntl, "flock", fails(number))
    monkeypatch.setattr(_files, "_threads", _Fresh())
    quick, slow, written = FileStore(place), FileStore(place), _files._written

    def overtaken(path: Path, content: bytes, **more: Any) -> Any:
        if others:
            secret = others.pop()
            quick.save(((APP, (token(secret, secret),)),))
        return written(path, content, **more)

    others: list[str] = []
    monkeypatch.setattr(_files, "_written", overtaken)
    slow.save(((APP, (token("ONE", "ONE"),)),))
    others = ["TWO"]
    assert secrets_of(slow.save(((APP, (token("THREE", "THREE"),)),))) == {"ONE", "TWO", "THREE"}
    assert secrets_of(FileStore(place).load(APP)) == {"ONE", "TWO", "THREE"}
    assert files_in(place, ".new") == []


class _Fresh(dict[Any, Any]):
    """No lock is ever found, so that threads do not wait for each other either."""

    def setdefault(self, key: Any, default: Any = None) -> Any:
        return default


def test_a_writer_who_is_always_overtaken_gives_up(place: Path, monkeypatch: Any) -> None:
    """Retries are bounded, and the token stays in memory (row 176)."""
    store, asked = FileStore(place), []

    def changed(path: Path) -> Any:
        asked.append(path)
        return len(asked), 0, 0

    monkeypatch.setattr(_files, "stamp_of", changed)
    with pytest.raises(BlockingIOError):
        store.save(((APP, (token(),)),))
    assert len(asked) == 5
    assert secrets_of(store.peek(APP)) == {"AT"}
    assert files_in(place, ".new") == []


def test_a_lock_that_fails_for_another_reason_is_told(store: FileStore, monkeypatch: Any) -> None:
    """It is not taken for a file system without locks (row 174)."""
    monkeypatch.setattr(fcntl, "flock", fails(errno.EIO))
    with pytest.raises(OSError, match="Input/output"):
        store.save(((APP, (token("NEW"),)),))


def test_a_change_by_another_process_is_seen_when_loading(store: FileStore, place: Path) -> None:
    """A look tells what was in memory; an unchanged file is read once (row 176)."""
    other = FileStore(place)
    other.save(((APP, (token("NEW", "t"),)),))
    assert secrets_of(store.peek(APP)) == {"AT"}
    assert secrets_of(store.load(APP)) == secrets_of(store.peek(APP)) == {"AT", "NEW"}
    assert store.load(APP) is store.load(APP)
    other.save(((APP, (Dropped(),)),))
    assert store.load(APP) == Tokens()
    assert store.peek(APP) is None


@pytest.mark.parametrize("turns", [row(176, "threads", 8)])
def test_threads_that_load_and_save_end_with_everything(turns: int, place: Path) -> None:
    """Of one store and of several on one directory."""
    stores = [FileStore(place, patience=60), FileStore(place, patience=60)]

    def work(number: int) -> None:
        for turn in range(turns):
            store = stores[(number + turn) % 2]
            store.save(((APP, (token("AT", f"s{number}-{turn}"),)),))
            assert store.load(APP) != Tokens()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for store in (*stores, FileStore(place)):
        assert len(getattr(store.load(APP), "access", ())) == 4 * turns
