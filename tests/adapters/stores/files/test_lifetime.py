"""What is not there for ever, in files and in memory, and what is never in files."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path
from typing import Any

import pytest

from sansio_auth.partition import (
    SESSION,
    Accounts,
    AccountSeen,
    AppKey,
    AssertionKey,
    AssertionUsed,
    EndpointsFound,
    Knowledge,
    KnowledgeKey,
    RefreshTokenStored,
    SignedOut,
    UserKey,
)
from sansio_auth_adapters import FileStore
from sansio_auth_adapters.stores import _files
from sansio_auth_adapters.stores._partition_file import place_of
from tests.adapters.stores.files.aids import (
    APP,
    DAY,
    USER,
    file_of,
    files_in,
    secrets_of,
    token,
)
from tests.faults.aids import client_of


def _aged(path: Path, days: float, now: float) -> None:
    os.utime(path, (now - days * DAY, now - days * DAY))


def test_what_is_over_goes_when_something_new_comes(place: Path, monkeypatch: Any) -> None:
    """Only what nobody can use any more (row 173)."""
    monkeypatch.setattr("sansio_auth_adapters.stores._partition_file._SHARD", 0)  # one folder
    monkeypatch.setattr("sansio_auth_adapters.stores.file._SWEPT", 100)
    now = int(time.time())
    store = FileStore(place, clock=lambda: now)
    words = ["d0", "d1", "d2", f"{SESSION}3", "d4", "d5"]
    behalf = [AssertionKey("h.example", "t", "c", word) for word in words]
    old, living, recent = (token("AT", "s", now - it) for it in (5 * DAY, 60, 5 * DAY))
    used = RefreshTokenStored(("c", "", "s"), ("RT", now - 5 * DAY))
    facts: list[Any] = [old, living, recent, used, old, old]
    for key, fact in zip(behalf, facts, strict=True):
        store.save(((key, (fact,)),))
    paths = [place.joinpath(*place_of(key)) for key in behalf]
    for path, days in zip(paths, (5, 5, 0.5, 5, 5, 100), strict=True):
        _aged(path, days, now)
    paths[4].write_bytes(b"garbage")
    _aged(paths[4], 5, now)
    paths[5].write_bytes(b"garbage")
    _aged(paths[5], 100, now)
    crashed, writing = (paths[0].with_name(f"{it}.new") for it in ("crashed", "writing"))
    for path, days in ((crashed, 1), (writing, 0)):
        path.touch()
        _aged(path, days, now)
    store.save(((AssertionKey("h.example", "t", "c", "new"), (living,)),))
    assert [path.exists() for path in paths] == [False, True, True, True, True, False]
    assert (crashed.exists(), writing.exists()) == (False, True)


def test_a_user_forgets_the_assertions_of_which_nothing_is_left(
    place: Path, monkeypatch: Any
) -> None:
    """When the next one is used; what could not be written yet is not forgotten (row 173)."""
    store = FileStore(place)
    behalf = [AssertionKey("h.example", "t", "c", f"d{number}") for number in range(4)]
    for key in behalf[:2]:
        store.save(((key, (token(),)), (USER, (AssertionUsed(key),))))
    place.joinpath(*place_of(behalf[0])).unlink()
    write = _files.write

    def fails_for_the_third(path: Path, *args: Any, **named: Any) -> Any:
        if path.name == place_of(behalf[2])[-1]:
            raise OSError(errno.ENOSPC, "full")
        return write(path, *args, **named)

    monkeypatch.setattr(_files, "write", fails_for_the_third)
    with pytest.raises(OSError, match="full"):
        store.save(((behalf[2], (token(),)), (USER, (AssertionUsed(behalf[2]),))))
    monkeypatch.setattr(_files, "write", write)
    for look in (store, FileStore(place)):
        assert getattr(look.load(USER), "assertions", None) == {*behalf[1:3]}
    saved: Any = store.save(((behalf[3], (token(),)), (USER, (AssertionUsed(behalf[3]),))))
    assert secrets_of(saved) == {"AT"}
    assert getattr(store.load(USER), "assertions", None) == {*behalf[1:]}


def test_only_a_few_files_are_looked_at_each_time(place: Path, monkeypatch: Any) -> None:
    """However many there are, and less than every new one costs (row 173)."""
    monkeypatch.setattr("sansio_auth_adapters.stores._partition_file._SHARD", 0)
    now = int(time.time())
    store = FileStore(place, clock=lambda: now)
    for number in range(20):
        store.save(((AppKey("h.example", f"t{number}", "client"), (token("AT", "s", 0),)),))
    for path in files_in(place):
        _aged(path, 2, now)
    store.save(((APP, (token("AT", "s", now),)),))
    assert len(files_in(place)) in {21 - 8, 21 - 7}
    store.save(((APP, (token("AT", "t", now),)),))
    assert len(files_in(place)) in {21 - 8, 21 - 7}  # nothing new has come


def test_a_user_who_is_signed_in_stays(place: Path, monkeypatch: Any) -> None:
    """However long ago that was (row 173)."""
    monkeypatch.setattr("sansio_auth_adapters.stores._partition_file._SHARD", 0)
    now = int(time.time())
    store = FileStore(place, clock=lambda: now)
    store.save(((USER, (AccountSeen("t", ("u", "Alice", "MSSTS", None)),)),))
    _aged(file_of(place), 1_000, now)
    store.save(((UserKey("h.example", "v.tenant"), (token(),)),))
    assert len(store.look_up(Accounts("h.example", "alice")).partitions) == 1


def test_a_name_that_nobody_has_any_more_leads_nowhere(place: Path) -> None:
    """What led to a user by their old name goes with it, and all of it with the user (row 173)."""
    store = FileStore(place)
    for name in ("alice", "Carol", "CAROL"):
        store.save(((USER, (AccountSeen("t", ("u", name, "MSSTS", None)),)),))
        assert len([it for it in (place / "names").rglob("*") if it.is_file()]) == 1
    store.save(((USER, (SignedOut("client"),)),))
    assert not [it for it in place.rglob("*") if it.is_file() and it.name != "lock"]


def test_memory_is_bounded(place: Path) -> None:
    """What has been here longest is read from its file again (row 172)."""
    store = FileStore(place, in_memory=2)
    keys = [AppKey("h.example", f"t{it}", "client") for it in range(3)]
    for key in keys:
        store.save(((key, (token(),)),))
    assert [store.peek(key) is None for key in keys] == [True, False, False]
    assert secrets_of(store.load(keys[0])) == {"AT"}


def test_knowledge_stays_in_memory(place: Path) -> None:
    """No file says which authorities were asked, or what they refused."""
    store, key = FileStore(place), KnowledgeKey("https://h.example/tenant")
    endpoints = client_of().endpoints
    assert endpoints is not None
    store.save(((key, (EndpointsFound(endpoints, 1.0),)), (APP, (token(),))))
    assert store.load(key) == store.peek(key) == Knowledge(endpoints, 1.0)
    assert len(files_in(place)) == 1
    assert FileStore(place).load(key) == Knowledge()


def test_a_store_says_where_it_is_and_not_what_it_holds(store: FileStore, place: Path) -> None:
    """I-7: nor does it say whose tokens these are."""
    assert repr(store) == f"FileStore({str(place)!r}, 1 partitions in memory)"
