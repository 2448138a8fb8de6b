"""Disks that fail: the old file stays, and the new token in memory until it can be written."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from sansio_auth import Tokens
from sansio_auth.partition import (
    Accounts,
    AccountSeen,
    AppTokens,
    ClientSeen,
    Dropped,
    Found,
    RefreshTokenStored,
    SignedOut,
)
from sansio_auth_adapters import FileStore
from tests.adapters.stores.files.aids import (
    APP,
    BEHALF,
    NOW,
    USER,
    fails,
    file_of,
    files_in,
    outcome_of,
    secrets_of,
    token,
)
from tests.faults.aids import GRAPH, Line, app_of
from tests.faults.rows import row


def _half_written(descriptor: int, content: Any) -> int:
    """Write one byte, then none any more."""
    if os.fstat(descriptor).st_size:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return _write(descriptor, content[:1])


_write: Final = os.write
_BROKEN: Final = [
    row(177, "disk-full", "os.write", fails(errno.ENOSPC)),
    row(177, "disk-full-halfway", "os.write", _half_written),
    row(177, "disk-broken", "os.fsync", fails(errno.EIO)),
    row(177, "full-when-renaming", "os.replace", fails(errno.ENOSPC)),
    row(177, "read-only", "os.open", fails(errno.EROFS)),
    row(177, "not-permitted", "os.open", fails(errno.EACCES)),
    row(177, "no-more-files", "os.open", fails(errno.EMFILE)),
]


@pytest.mark.parametrize(("name", "broken"), _BROKEN)
def test_a_disk_that_fails_leaves_the_old_file_and_the_new_token_in_memory(
    name: str, broken: Callable[..., Any], store: FileStore, place: Path, monkeypatch: Any
) -> None:
    """I-2: written with the next facts about that partition, and nothing is left lying about."""
    before = file_of(place).read_bytes()
    module, function = name.split(".")
    with monkeypatch.context() as patch:
        patch.setattr(f"sansio_auth_adapters.stores._files.{module}.{function}", broken)
        for secret in ("ONE", "TWO"):
            with pytest.raises(OSError, match=r".") as caught:
                store.save(((APP, (token(secret, secret),)), (BEHALF, (token(secret),))))
            assert caught.value.errno
        assert secrets_of(store.peek(APP)) == {"AT", "ONE", "TWO"}
        assert secrets_of(store.load(APP)) == {"AT", "ONE", "TWO"}
        assert secrets_of(store.load(BEHALF)) == {"TWO"}
    assert file_of(place).read_bytes() == before
    assert files_in(place, ".new") == []
    assert secrets_of(FileStore(place).load(APP)) == {"AT"}
    found = store.look_up(AppTokens("h.example", "client"))
    assert secrets_of(dict(found.partitions)[APP]) == {"AT", "ONE", "TWO"}
    assert secrets_of(store.save(((APP, ()),))) == {"AT", "ONE", "TWO"}
    assert secrets_of(FileStore(place).load(APP)) == {"AT", "ONE", "TWO"}


def test_a_store_that_need_not_be_durable_waits_for_no_disk(place: Path, monkeypatch: Any) -> None:
    """But for that it is the same."""
    monkeypatch.setattr(os, "fsync", fails(errno.EIO))
    store = FileStore(place, durable=False)
    store.save(((APP, (token(),)),))
    assert secrets_of(FileStore(place).load(APP)) == {"AT"}


@pytest.mark.parametrize(("name", "broken"), _BROKEN)
def test_a_disk_that_fails_costs_no_token(
    name: str, broken: Callable[..., Any], place: Path, monkeypatch: Any
) -> None:
    """Through the application: it is an event, and the second call finds the token in memory."""
    store, line = FileStore(place), Line()
    module, function = name.split(".")
    monkeypatch.setattr(f"sansio_auth_adapters.stores._files.{module}.{function}", broken)
    app = app_of(line, token_cache=store)
    results = [app.acquire_token_for_client([GRAPH]) for _ in range(2)]
    assert [it["token_source"] for it in results] == ["identity_provider", "cache"]
    assert len(line.forms) == 1


def test_what_fails_is_told_with_the_token(place: Path, monkeypatch: Any) -> None:
    """As warnings of the outcome (rows 158, 174 and 177)."""
    store = FileStore(place)
    assert outcome_of(store, Line()).metadata.warnings == ()
    file_of(place).write_bytes(b"garbage")
    told = outcome_of(FileStore(place), Line())
    assert (told.source, told.metadata.warnings) == ("identity_provider", ("store_load_failed",))
    assert outcome_of(FileStore(place), Line()).source == "cache"
    monkeypatch.setattr(os, "fsync", fails(errno.ENOSPC))
    other = FileStore(place.with_name("other"))
    told = outcome_of(other, Line())
    assert told.metadata.warnings == ("store_save_failed",)
    assert outcome_of(other, Line()).source == "cache"


def test_what_had_to_wait_does_not_replace_what_is_newer(store: FileStore, place: Path) -> None:
    """The newest of two tokens stays, whoever is late (row 176)."""
    refreshed = RefreshTokenStored(("client", "", "s"), ("RT-late", NOW))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", fails(errno.ENOSPC))
        with pytest.raises(OSError, match="No space"):
            store.save(((APP, (token("LATE", "s"), token("LATE", "t"), refreshed)),))
    newer = (token("NEWER", "s", NOW + 5), RefreshTokenStored(refreshed.key, ("RT", NOW + 5)))
    FileStore(place).save(((APP, newer),))
    for look in (store.load, lambda key: store.save(((key, ()),)), FileStore(place).load):
        partition: Any = look(APP)
        assert secrets_of(partition) == {"NEWER", "LATE"}
        assert partition.refresh == {refreshed.key: ("RT", NOW + 5)}


def test_what_waits_is_bounded(store: FileStore, monkeypatch: Any) -> None:
    """The oldest facts go first (row 177)."""
    monkeypatch.setattr(os, "fsync", fails(errno.ENOSPC))
    for turn in range(3):
        facts = tuple(token("AT", f"s{turn}-{number}") for number in range(100))
        with pytest.raises(OSError, match="No space"):
            store.save(((APP, facts),))
    monkeypatch.undo()
    saved: Any = store.save(((APP, ()),))
    assert len(saved.access) == 1 + 256


def test_a_sign_out_that_could_not_be_written_holds_in_this_process(
    place: Path, monkeypatch: Any
) -> None:
    """Nobody is found who has signed out (row 177)."""
    store = FileStore(place)
    account = AccountSeen("t", ("u", "Alice", "MSSTS", None))
    store.save(((USER, (account, ClientSeen("client"))), (BEHALF, (token(),))))
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fails(errno.ENOSPC))
        patch.setattr(Path, "unlink", fails(errno.EROFS))
        with pytest.raises(OSError, match=r"."):
            store.save(((USER, (SignedOut("client"),)), (BEHALF, (Dropped(),))))
    for query in (Accounts("h.example"), Accounts("h.example", "alice")):
        assert store.look_up(query) == Found()
        assert FileStore(place).look_up(query) != Found()
    assert store.load(BEHALF) == Tokens()
    store.save(((USER, ()), (BEHALF, ())))
    assert FileStore(place).look_up(Accounts("h.example")) == Found()
    assert FileStore(place).load(BEHALF) == Tokens()


def test_a_user_who_signs_in_while_the_disk_is_full_is_found(place: Path, monkeypatch: Any) -> None:
    """In this process, and once there is room in every other (row 177)."""
    store, alice = FileStore(place), Accounts("h.example", "alice")
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fails(errno.ENOSPC))
        with pytest.raises(OSError, match="No space"):
            store.save(((USER, (AccountSeen("t", ("u", "Alice", "MSSTS", None)),)),))
    for query in (Accounts("h.example"), alice):
        assert [key for key, _ in store.look_up(query).partitions] == [USER]
    assert FileStore(place).look_up(alice) == Found()
    store.save(((USER, ()),))
    assert FileStore(place).look_up(alice) == store.look_up(alice) != Found()


def test_a_file_that_cannot_be_read_is_moved_by_nobody(
    store: FileStore, place: Path, monkeypatch: Any
) -> None:
    """The disk's fault is not the file's (row 174)."""
    monkeypatch.setattr("sansio_auth_adapters.stores._files.os.read", fails(errno.EIO))
    other = FileStore(place)
    for act in (
        lambda: other.load(APP),
        lambda: other.look_up(AppTokens("h.example", "client")),
        lambda: other.save(((APP, (token("NEW"),)),)),
    ):
        with pytest.raises(OSError, match="Input/output") as caught:
            act()
        assert caught.value.errno == errno.EIO
    monkeypatch.undo()
    assert secrets_of(other.save(((APP, ()),))) == {"NEW"}
    assert files_in(place, ".aside") == []


def test_a_directory_that_was_emptied_is_made_again(store: FileStore, place: Path) -> None:
    """Somebody tidied up; what was there is gone, and nothing else (row 177)."""
    import shutil

    shutil.rmtree(place)
    assert store.load(APP) == Tokens()
    assert store.look_up(AppTokens("h.example", "client")) == Found()
    assert secrets_of(store.save(((APP, (token("NEW"),)),))) == {"NEW"}
    assert secrets_of(FileStore(place).load(APP)) == {"NEW"}
    assert stat.S_IMODE(place.lstat().st_mode) == 0o700
