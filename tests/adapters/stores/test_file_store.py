"""Tokens in files when something is wrong with the files: nothing lost, nobody let in."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import hmac
import json
import os
import stat
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from sansio_auth import AccessToken, ConfigurationError, Tokens
from sansio_auth.identity import token_key
from sansio_auth.partition import (
    SESSION,
    AccessTokenStored,
    Accounts,
    AccountSeen,
    AppKey,
    AppTokens,
    AssertionKey,
    AssertionUsed,
    ClientSeen,
    Dropped,
    EndpointsFound,
    Found,
    Knowledge,
    KnowledgeKey,
    RefreshTokenStored,
    SignedOut,
    UserKey,
)
from sansio_auth_adapters import FileStore, MemoryStore, World, run
from sansio_auth_adapters.stores import _files
from sansio_auth_adapters.stores._files import CacheError
from tests.faults.aids import GRAPH, Line, app_of, client_of
from tests.faults.rows import row

_APP: Final = AppKey("h.example", "tenant", "client")
_USER: Final = UserKey("h.example", "u.tenant")
_BEHALF: Final = AssertionKey("h.example", "tenant", "client", "digest")
_NOW: Final = 4_000_000_000
_DAY: Final = 86_400
_IS_ROOT: Final = hasattr(os, "geteuid") and os.geteuid() == 0


def _token(secret: str = "AT", scope: str = "s", now: int = _NOW) -> AccessTokenStored:
    values = (secret, "Bearer", scope, now, now + 3_600, now + 3_600, None)
    return AccessTokenStored(token_key(scope.split()), values)


def _secrets(partition: Any) -> set[str]:
    return {it[0] for it in partition.access.values()}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory that is not there yet."""
    return tmp_path / "tokens"


@pytest.fixture
def store(place: Path) -> FileStore:
    """A store that holds one token, AT."""
    opened = FileStore(place)
    opened.save(((_APP, (_token(),)),))
    return opened


def _files_in(place: Path, suffix: str = "") -> list[Path]:
    """Return the files of partitions, or those with a suffix."""
    found = [it for it in place.rglob("*") if it.is_file() and it.name != "lock"]
    return [it for it in found if it.suffix == suffix and "names" not in it.parts]


def _file(place: Path) -> Path:
    (found,) = _files_in(place)
    return found


# --- bad files ---------------------------------------------------------------------------------


def _sealed_by_another(content: bytes) -> bytes:
    return content.replace(b"tenant", b"another")


_BAD: Final = [
    row(158, "not-json", lambda it: b"garbage", "response_not_json"),
    row(158, "truncated", lambda it: it[:-7], "response_not_json"),
    row(158, "two-documents", lambda it: it + it, "response_not_json"),
    row(158, "wrong-types", lambda it: it.replace(b'"Bearer"', b"1"), "wrong_types"),
    row(158, "another-version", lambda it: it.replace(b'"version":1', b'"version":7'),
        "unknown_version"),
    row(158, "somebody-elses", _sealed_by_another, "another_key"),
]  # fmt: skip


@pytest.mark.parametrize(("spoilt", "code"), _BAD)
def test_a_bad_file_is_told_and_moved_aside_by_the_next_save(
    spoilt: Callable[[bytes], bytes], code: str, store: FileStore, place: Path
) -> None:
    """It counts as empty; what was in it can still be looked at, once for each partition."""
    for turn in range(3):
        path = _file(place)
        bad = spoilt(path.read_bytes())
        path.write_bytes(bad)
        other = FileStore(place)
        with pytest.raises(CacheError) as caught:
            other.load(_APP)
        assert caught.value.code == code
        assert str(path) in str(caught.value)
        assert "AT" not in str(caught.value).replace(str(path), "")
        assert path.read_bytes() == bad
        other.save(((_APP, (_token(f"AT-{turn}", "t"),)),))
        assert _secrets(FileStore(place).load(_APP)) == {f"AT-{turn}"}
        (aside,) = _files_in(place, ".aside")
        assert aside.read_bytes() == bad


@pytest.mark.parametrize(("spoilt", "code"), _BAD)
def test_a_strict_store_leaves_a_bad_file_alone(
    spoilt: Callable[[bytes], bytes], code: str, store: FileStore, place: Path
) -> None:
    """Saving raises too; the token is in this process's memory all the same."""
    path = _file(place)
    bad = spoilt(path.read_bytes())
    path.write_bytes(bad)
    strict = FileStore(place, strict=True)
    for act in (
        lambda: strict.load(_APP),
        lambda: strict.save(((_APP, (_token("NEW"),)),)),
        lambda: strict.load(_APP),
        lambda: strict.look_up(AppTokens("h.example", "client")),
    ):
        with pytest.raises(CacheError) as caught:
            act()
        assert caught.value.code == code
    assert path.read_bytes() == bad
    assert _files_in(place, ".aside") == []
    assert _secrets(strict.peek(_APP)) == {"NEW"}


def test_a_bad_file_costs_only_its_own_partition(place: Path) -> None:
    """Others are found beside it; alone it is an error and not nothing (row 158)."""
    store = FileStore(place)
    other = AppKey("h.example", "other", "client")
    store.save(((_APP, (_token(),)),))
    _file(place).write_bytes(b"garbage")
    with pytest.raises(CacheError):
        FileStore(place).look_up(AppTokens("h.example", "client"))
    store.save(((other, (_token(),)),))
    found = FileStore(place).look_up(AppTokens("h.example", "client"))
    assert [key for key, _ in found.partitions] == [other]


@pytest.mark.parametrize("content", [row(157, "empty", b""), row(157, "white-space", b" \r\n\t\n")])
def test_an_empty_file_is_an_empty_partition(content: bytes, store: FileStore, place: Path) -> None:
    """And nothing to tell of."""
    _file(place).write_bytes(content)
    other = FileStore(place, strict=True)
    assert other.load(_APP) == Tokens()
    assert other.look_up(AppTokens("h.example", "client")) == Found()
    other.save(((_APP, (_token("NEW"),)),))
    assert _secrets(FileStore(place).load(_APP)) == {"NEW"}
    assert _files_in(place, ".aside") == []


def test_members_of_a_newer_version_survive(store: FileStore, place: Path) -> None:
    """I-9: what is not understood is written again (row 158)."""
    path = _file(place)
    document = json.loads(path.read_bytes())
    path.write_text(json.dumps({**document, "later": {"a": [1]}}))
    FileStore(place).save(((_APP, (_token("NEW", "t"),)),))
    assert json.loads(path.read_bytes())["later"] == {"a": [1]}


def test_a_huge_file_is_not_read(
    store: FileStore, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is one written that could not be read again (row 158)."""
    with _file(place).open("r+b") as file:
        file.truncate((64 << 20) + 1)
    with pytest.raises(CacheError) as caught:
        FileStore(place).load(_APP)
    assert caught.value.code == "too_large"
    store.save(((_APP, (_token("NEW"),)),))
    monkeypatch.setattr("sansio_auth_adapters.stores.file._MOST_BYTES", 1_000)
    with pytest.raises(CacheError) as caught:
        store.save(((_APP, (_token("x" * 1_000, "t"),)),))
    assert caught.value.code == "too_large"
    assert len(_secrets(store.load(_APP))) == 2


def test_a_file_that_grows_is_not_read_for_ever(
    store: FileStore, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever writes into a file of ours does not keep us reading (row 158)."""
    path, read = _file(place), os.read

    def grown(descriptor: int, size: int) -> bytes:
        with path.open("ab") as file:
            file.write(b" " * size)
        return read(descriptor, size)

    monkeypatch.setattr("sansio_auth_adapters.stores._files.os.read", grown)
    assert _secrets(FileStore(place).load(_APP)) == {"AT"}


def test_memory_is_served_while_the_file_is_bad(store: FileStore, place: Path) -> None:
    """I-1, and nothing of it is lost when the file is written again (row 158)."""
    _file(place).write_bytes(b"garbage")
    assert _secrets(store.load(_APP)) == {"AT"}
    store.save(((_APP, (_token("NEW", "t"),)),))
    assert _secrets(FileStore(place).load(_APP)) == {"AT", "NEW"}


# --- who may look ------------------------------------------------------------------------------


def test_everything_is_made_for_this_user_alone(place: Path) -> None:
    """Whatever the process's mask lets through (row 178)."""
    before = os.umask(0)
    try:
        store = FileStore(place / "deeper")
        facts = (_token(), AccountSeen("t", ("u", "Alice", "MSSTS", None)))
        store.save(((_APP, facts), (_BEHALF, facts), (_USER, (facts[1],))))
    finally:
        os.umask(before)
    for path in (place, *place.rglob("*")):
        assert stat.S_IMODE(path.lstat().st_mode) == (0o700 if path.is_dir() else 0o600), path
        assert "tenant" not in path.name
        assert "lice" not in path.name


@pytest.mark.parametrize("strict", [row(178, "warned", False), row(178, "strict", True)])
@pytest.mark.parametrize("mode", [0o755, 0o770, 0o701, 0o777])
def test_a_directory_that_others_may_look_into_is_told(
    mode: int, strict: bool, place: Path
) -> None:
    """A warning, or no store at all."""
    place.mkdir()
    place.chmod(mode)
    if strict:
        with pytest.raises(ConfigurationError, match=rf"{place}.*0{mode:o}.*chmod") as caught:
            FileStore(place, strict=True)
        assert caught.value.code == "directory"
    else:
        with pytest.warns(UserWarning, match=rf"0{mode:o}") as told:
            FileStore(place)
        assert told[0].filename == __file__


def test_a_private_directory_is_no_matter(place: Path) -> None:
    """Made by us or by somebody careful (row 178)."""
    place.mkdir(mode=0o700)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        FileStore(str(place), strict=True)


def test_where_modes_and_owners_mean_nothing_they_are_not_looked_at(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows (row 178)."""
    place.mkdir()
    place.chmod(0o777)
    monkeypatch.delattr(os, "geteuid")
    FileStore(place, strict=True).save(((_APP, (_token(),)),))
    _file(place).chmod(0o666)
    assert _secrets(FileStore(place, strict=True).load(_APP)) == {"AT"}


@pytest.mark.skipif(not _IS_ROOT, reason="only root can give files away")
def test_somebody_elses_directory_or_file_is_not_used(store: FileStore, place: Path) -> None:
    """With its owner in the message (row 178)."""
    path = _file(place)
    os.chown(path, 12_345, -1)
    with pytest.raises(CacheError, match="12345") as caught:
        FileStore(place).load(_APP)
    assert caught.value.code == "owner"
    FileStore(place).save(((_APP, (_token("NEW"),)),))
    assert _secrets(FileStore(place).load(_APP)) == {"NEW"}
    os.chown(place, 12_345, -1)
    with pytest.raises(ConfigurationError, match="12345"):
        FileStore(place)


def test_a_directory_of_roots_is_told(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As volumes of containers are, where one of this user's should be inside (row 178)."""
    place.mkdir(mode=0o700)
    owner = place.stat().st_uid
    if owner:
        pytest.skip("needs a directory of root's")
    monkeypatch.setattr(os, "geteuid", lambda: 4_711)
    with pytest.warns(UserWarning, match="belongs to root"):
        FileStore(place)
    with pytest.raises(ConfigurationError, match="belongs to root"):
        FileStore(place, strict=True)


def test_a_file_that_others_may_open_is_refused_by_a_strict_store(
    store: FileStore, place: Path
) -> None:
    """The next save of another store makes it private again (row 178)."""
    _file(place).chmod(0o644)
    with pytest.raises(CacheError) as caught:
        FileStore(place, strict=True).load(_APP)
    assert caught.value.code == "mode"
    assert _secrets(FileStore(place).load(_APP)) == {"AT"}
    store.save(((_APP, (_token("NEW", "t"),)),))
    assert _secrets(FileStore(place, strict=True).load(_APP)) == {"AT", "NEW"}


@pytest.mark.parametrize(
    "make",
    [
        row(178, "to-a-directory", lambda it: it.mkdir()),
        row(178, "to-nothing", lambda it: None),
        row(178, "to-a-file", lambda it: it.write_text("")),
    ],
)
def test_a_directory_that_is_a_link_is_refused(
    make: Callable[[Path], object], tmp_path: Path
) -> None:
    """Before anything is written to where it leads."""
    target, link = tmp_path / "target", tmp_path / "link"
    make(target)
    link.symlink_to(target)
    with pytest.raises(ConfigurationError, match="symbolic link") as caught:
        FileStore(link)
    assert str(link) in str(caught.value)


def test_a_directory_that_is_none_is_refused(tmp_path: Path) -> None:
    """With its name, and the operating system's word where it has one (row 178)."""
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(ConfigurationError, match="is no directory"):
        FileStore(file)
    with pytest.raises(NotADirectoryError) as caught:
        FileStore(file / "below")
    assert caught.value.errno == errno.ENOTDIR
    assert str(file) in str(caught.value)


def _link_to_a_copy(path: Path) -> None:
    copy = path.with_name("copy.aside")
    path.rename(copy)
    path.symlink_to(copy)


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path, 0o600)


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    "spoil",
    [row(178, "link", _link_to_a_copy), row(178, "pipe", _pipe), row(178, "folder", _folder)],
)
def test_what_is_no_file_is_neither_read_nor_written_through(
    spoil: Callable[[Path], None], store: FileStore, place: Path
) -> None:
    """Nobody waits for a pipe; where a link leads nothing changes."""
    path = _file(place)
    spoil(path)
    leads_to = path.read_bytes() if path.is_symlink() else None
    with pytest.raises(CacheError) as caught:
        FileStore(place).load(_APP)
    assert caught.value.code == "not_a_file"
    FileStore(place).save(((_APP, (_token("NEW"),)),))
    assert stat.S_ISREG(path.lstat().st_mode)
    assert _secrets(FileStore(place).load(_APP)) == {"NEW"}
    if leads_to is not None:
        assert path.with_name("copy.aside").read_bytes() == leads_to


def test_a_lock_that_is_a_link_is_not_followed(store: FileStore, place: Path) -> None:
    """Where it leads nothing is made (row 178)."""
    lock = _file(place).with_name("lock")
    lock.unlink()
    lock.symlink_to(place / "made-by-a-lock")
    with pytest.raises(OSError, match=r"lock") as caught:
        store.save(((_APP, (_token("NEW"),)),))
    assert caught.value.errno == errno.ELOOP
    assert not (place / "made-by-a-lock").exists()
    assert _secrets(store.peek(_APP)) == {"NEW"}


# --- disks that fail ---------------------------------------------------------------------------


def _fails(number: int) -> Callable[..., Any]:
    def fail(*args: Any, **kwargs: Any) -> Any:
        raise OSError(number, os.strerror(number), str(args[0]))

    return fail


def _half_written(descriptor: int, content: Any) -> int:
    """Write one byte, then none any more."""
    if os.fstat(descriptor).st_size:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return _write(descriptor, content[:1])


_write: Final = os.write
_BROKEN: Final = [
    row(177, "disk-full", "os.write", _fails(errno.ENOSPC)),
    row(177, "disk-full-halfway", "os.write", _half_written),
    row(177, "disk-broken", "os.fsync", _fails(errno.EIO)),
    row(177, "full-when-renaming", "os.replace", _fails(errno.ENOSPC)),
    row(177, "read-only", "os.open", _fails(errno.EROFS)),
    row(177, "not-permitted", "os.open", _fails(errno.EACCES)),
    row(177, "no-more-files", "os.open", _fails(errno.EMFILE)),
]


@pytest.mark.parametrize(("name", "broken"), _BROKEN)
def test_a_disk_that_fails_leaves_the_old_file_and_the_new_token_in_memory(
    name: str, broken: Callable[..., Any], store: FileStore, place: Path, monkeypatch: Any
) -> None:
    """I-2: written with the next facts about that partition, and nothing is left lying about."""
    before = _file(place).read_bytes()
    module, function = name.split(".")
    with monkeypatch.context() as patch:
        patch.setattr(f"sansio_auth_adapters.stores._files.{module}.{function}", broken)
        for secret in ("ONE", "TWO"):
            with pytest.raises(OSError, match=r".") as caught:
                store.save(((_APP, (_token(secret, secret),)), (_BEHALF, (_token(secret),))))
            assert caught.value.errno
        assert _secrets(store.peek(_APP)) == {"AT", "ONE", "TWO"}
        assert _secrets(store.load(_APP)) == {"AT", "ONE", "TWO"}
        assert _secrets(store.load(_BEHALF)) == {"TWO"}
    assert _file(place).read_bytes() == before
    assert _files_in(place, ".new") == []
    assert _secrets(FileStore(place).load(_APP)) == {"AT"}
    found = store.look_up(AppTokens("h.example", "client"))
    assert _secrets(dict(found.partitions)[_APP]) == {"AT", "ONE", "TWO"}
    assert _secrets(store.save(((_APP, ()),))) == {"AT", "ONE", "TWO"}
    assert _secrets(FileStore(place).load(_APP)) == {"AT", "ONE", "TWO"}


def test_a_store_that_need_not_be_durable_waits_for_no_disk(place: Path, monkeypatch: Any) -> None:
    """But for that it is the same."""
    monkeypatch.setattr(os, "fsync", _fails(errno.EIO))
    store = FileStore(place, durable=False)
    store.save(((_APP, (_token(),)),))
    assert _secrets(FileStore(place).load(_APP)) == {"AT"}


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


def _outcome(store: Any, line: Line) -> AccessToken:
    """Carry a call through with that store, as the application does."""
    transport = app_of(line)._world.transport
    world = World(transport, store, MemoryStore())
    call = client_of().acquire_token_for_client([GRAPH])
    outcome = run(call.start(now=time.time(), seed=bytes(32)), world)
    assert isinstance(outcome, AccessToken)
    return outcome


def test_what_fails_is_told_with_the_token(place: Path, monkeypatch: Any) -> None:
    """As warnings of the outcome (rows 158, 174 and 177)."""
    store = FileStore(place)
    assert _outcome(store, Line()).metadata.warnings == ()
    _file(place).write_bytes(b"garbage")
    told = _outcome(FileStore(place), Line())
    assert (told.source, told.metadata.warnings) == ("identity_provider", ("store_load_failed",))
    assert _outcome(FileStore(place), Line()).source == "cache"
    monkeypatch.setattr(os, "fsync", _fails(errno.ENOSPC))
    other = FileStore(place.with_name("other"))
    told = _outcome(other, Line())
    assert told.metadata.warnings == ("store_save_failed",)
    assert _outcome(other, Line()).source == "cache"


def test_what_had_to_wait_does_not_replace_what_is_newer(store: FileStore, place: Path) -> None:
    """The newest of two tokens stays, whoever is late (row 176)."""
    refreshed = RefreshTokenStored(("client", "", "s"), ("RT-late", _NOW))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", _fails(errno.ENOSPC))
        with pytest.raises(OSError, match="No space"):
            store.save(((_APP, (_token("LATE", "s"), _token("LATE", "t"), refreshed)),))
    newer = (_token("NEWER", "s", _NOW + 5), RefreshTokenStored(refreshed.key, ("RT", _NOW + 5)))
    FileStore(place).save(((_APP, newer),))
    for look in (store.load, lambda key: store.save(((key, ()),)), FileStore(place).load):
        partition: Any = look(_APP)
        assert _secrets(partition) == {"NEWER", "LATE"}
        assert partition.refresh == {refreshed.key: ("RT", _NOW + 5)}


def test_what_waits_is_bounded(store: FileStore, monkeypatch: Any) -> None:
    """The oldest facts go first (row 177)."""
    monkeypatch.setattr(os, "fsync", _fails(errno.ENOSPC))
    for turn in range(3):
        facts = tuple(_token("AT", f"s{turn}-{number}") for number in range(100))
        with pytest.raises(OSError, match="No space"):
            store.save(((_APP, facts),))
    monkeypatch.undo()
    saved: Any = store.save(((_APP, ()),))
    assert len(saved.access) == 1 + 256


def test_a_sign_out_that_could_not_be_written_holds_in_this_process(
    place: Path, monkeypatch: Any
) -> None:
    """Nobody is found who has signed out (row 177)."""
    store = FileStore(place)
    account = AccountSeen("t", ("u", "Alice", "MSSTS", None))
    store.save(((_USER, (account, ClientSeen("client"))), (_BEHALF, (_token(),))))
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", _fails(errno.ENOSPC))
        patch.setattr(Path, "unlink", _fails(errno.EROFS))
        with pytest.raises(OSError, match=r"."):
            store.save(((_USER, (SignedOut("client"),)), (_BEHALF, (Dropped(),))))
    for query in (Accounts("h.example"), Accounts("h.example", "alice")):
        assert store.look_up(query) == Found()
        assert FileStore(place).look_up(query) != Found()
    assert store.load(_BEHALF) == Tokens()
    store.save(((_USER, ()), (_BEHALF, ())))
    assert FileStore(place).look_up(Accounts("h.example")) == Found()
    assert FileStore(place).load(_BEHALF) == Tokens()


def test_a_file_that_cannot_be_read_is_moved_by_nobody(
    store: FileStore, place: Path, monkeypatch: Any
) -> None:
    """The disk's fault is not the file's (row 174)."""
    monkeypatch.setattr("sansio_auth_adapters.stores._files.os.read", _fails(errno.EIO))
    other = FileStore(place)
    for act in (
        lambda: other.load(_APP),
        lambda: other.look_up(AppTokens("h.example", "client")),
        lambda: other.save(((_APP, (_token("NEW"),)),)),
    ):
        with pytest.raises(OSError, match="Input/output") as caught:
            act()
        assert caught.value.errno == errno.EIO
    monkeypatch.undo()
    assert _secrets(other.save(((_APP, ()),))) == {"NEW"}
    assert _files_in(place, ".aside") == []


def test_a_directory_that_was_emptied_is_made_again(store: FileStore, place: Path) -> None:
    """Somebody tidied up; what was there is gone, and nothing else (row 177)."""
    import shutil

    shutil.rmtree(place)
    assert store.load(_APP) == Tokens()
    assert store.look_up(AppTokens("h.example", "client")) == Found()
    assert _secrets(store.save(((_APP, (_token("NEW"),)),))) == {"NEW"}
    assert _secrets(FileStore(place).load(_APP)) == {"NEW"}
    assert stat.S_IMODE(place.lstat().st_mode) == 0o700


# --- one writer at a time ----------------------------------------------------------------------


def test_a_lock_that_is_never_given_back_costs_patience_and_no_more(
    store: FileStore, place: Path
) -> None:
    """Reading does not wait at all (row 174)."""
    impatient = FileStore(place, patience=0.02)
    descriptor = os.open(_file(place).with_name("lock"), os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with pytest.raises(TimeoutError) as caught:
        impatient.save(((_APP, (_token("NEW", "t"),)),))
    assert caught.value.errno == errno.ETIMEDOUT
    assert _secrets(impatient.peek(_APP)) == {"NEW"}
    assert _secrets(FileStore(place).load(_APP)) == {"AT"}
    os.close(descriptor)
    assert _secrets(impatient.save(((_APP, ()),))) == {"AT", "NEW"}


def test_a_thread_that_never_ends_costs_patience_and_no_more(place: Path) -> None:
    """As when a seal hangs; another partition does not wait for it (row 174)."""
    inside, leave = threading.Event(), threading.Event()

    def hang(content: bytes) -> bytes:
        inside.set()
        assert leave.wait(20)
        return content

    hanging = FileStore(place, seal=hang, open=bytes)
    thread = threading.Thread(target=hanging.save, args=(((_APP, (_token(),)),),))
    thread.start()
    assert inside.wait(20)
    impatient = FileStore(place, patience=0.02)
    with pytest.raises(TimeoutError):
        impatient.save(((_APP, (_token("NEW", "t"),)),))
    assert _secrets(impatient.save(((_BEHALF, (_token(),)),))) == {"AT"}
    leave.set()
    thread.join(20)
    assert _secrets(impatient.save(((_APP, ()),))) == {"AT", "NEW"}


@pytest.mark.parametrize("number", [row(177, os.strerror(it).replace(" ", "-"), it) for it in (
    errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS)])  # fmt: skip
def test_without_locks_a_writer_notices_whoever_was_quicker(
    number: int, place: Path, monkeypatch: Any
) -> None:
    """As on some network file systems: it reads again, and nothing is lost."""
    monkeypatch.setattr(fcntl, "flock", _fails(number))
    monkeypatch.setattr(_files, "_threads", _Fresh())
    quick, slow, written = FileStore(place), FileStore(place), _files._written

    def overtaken(path: Path, content: bytes, **more: Any) -> Any:
        if others:
            secret = others.pop()
            quick.save(((_APP, (_token(secret, secret),)),))
        return written(path, content, **more)

    others: list[str] = []
    monkeypatch.setattr(_files, "_written", overtaken)
    slow.save(((_APP, (_token("ONE", "ONE"),)),))
    others = ["TWO"]
    assert _secrets(slow.save(((_APP, (_token("THREE", "THREE"),)),))) == {"ONE", "TWO", "THREE"}
    assert _secrets(FileStore(place).load(_APP)) == {"ONE", "TWO", "THREE"}
    assert _files_in(place, ".new") == []


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
        store.save(((_APP, (_token(),)),))
    assert len(asked) == 5
    assert _secrets(store.peek(_APP)) == {"AT"}
    assert _files_in(place, ".new") == []


def test_a_lock_that_fails_for_another_reason_is_told(store: FileStore, monkeypatch: Any) -> None:
    """It is not taken for a file system without locks (row 174)."""
    monkeypatch.setattr(fcntl, "flock", _fails(errno.EIO))
    with pytest.raises(OSError, match="Input/output"):
        store.save(((_APP, (_token("NEW"),)),))


def test_a_change_by_another_process_is_seen_when_loading(store: FileStore, place: Path) -> None:
    """A look tells what was in memory; an unchanged file is read once (row 176)."""
    other = FileStore(place)
    other.save(((_APP, (_token("NEW", "t"),)),))
    assert _secrets(store.peek(_APP)) == {"AT"}
    assert _secrets(store.load(_APP)) == _secrets(store.peek(_APP)) == {"AT", "NEW"}
    assert store.load(_APP) is store.load(_APP)
    other.save(((_APP, (Dropped(),)),))
    assert store.load(_APP) == Tokens()
    assert store.peek(_APP) is None


@pytest.mark.parametrize("turns", [row(176, "threads", 8)])
def test_threads_that_load_and_save_end_with_everything(turns: int, place: Path) -> None:
    """Of one store and of several on one directory."""
    stores = [FileStore(place, patience=60), FileStore(place, patience=60)]

    def work(number: int) -> None:
        for turn in range(turns):
            store = stores[(number + turn) % 2]
            store.save(((_APP, (_token("AT", f"s{number}-{turn}"),)),))
            assert store.load(_APP) != Tokens()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for store in (*stores, FileStore(place)):
        assert len(getattr(store.load(_APP), "access", ())) == 4 * turns


# --- sealed ------------------------------------------------------------------------------------


class _Sealed:
    """What a caller may do with a key: a code of 32 bytes over what follows."""

    def __init__(self, key: bytes) -> None:
        self.key = key

    def seal(self, content: bytes) -> bytes:
        return hmac.new(self.key, content, hashlib.sha256).digest() + content

    def open(self, content: bytes) -> bytes:
        code, text = content[:32], content[32:]
        if not hmac.compare_digest(code, hmac.new(self.key, text, hashlib.sha256).digest()):
            raise ValueError(f"no: {text.decode()}")
        return text

    def store(self, place: Path, **more: Any) -> FileStore:
        return FileStore(place, seal=self.seal, open=self.open, **more)


@pytest.mark.parametrize("strict", [row(181, "moved-aside", False), row(181, "strict", True)])
def test_a_wrong_key_is_an_empty_store_and_destroys_nothing(strict: bool, place: Path) -> None:
    """The file stays as it was, under its own name or beside it, and the right key opens it."""
    right, wrong = _Sealed(b"right"), _Sealed(b"wrong")
    right.store(place).save(((_APP, (_token("OLD"),)),))
    path = _file(place)
    sealed = path.read_bytes()
    other = wrong.store(place, strict=strict)
    with pytest.raises(CacheError) as caught:
        other.load(_APP)
    assert caught.value.code == "wrong_key"
    assert "OLD" not in str(caught.value)
    assert path.read_bytes() == sealed
    if strict:
        with pytest.raises(CacheError):
            other.save(((_APP, (_token("NEW"),)),))
        assert _secrets(other.peek(_APP)) == {"NEW"}
    else:
        other.save(((_APP, (_token("NEW"),)),))
        assert _secrets(wrong.store(place).load(_APP)) == {"NEW"}
        (aside,) = _files_in(place, ".aside")
        aside.replace(path)
    assert _secrets(right.store(place).load(_APP)) == {"OLD"}


def test_what_somebody_else_wrote_is_not_believed(place: Path) -> None:
    """Changed, not sealed, or the sealed file of another user in its place (row 182)."""
    sealed = _Sealed(b"key")
    users = [UserKey("h.example", f"{name}.tenant") for name in ("alice", "mallory")]
    store = sealed.store(place)
    for user in users:
        store.save(((user, (RefreshTokenStored(("c", "", "s"), (f"RT-{user}", _NOW)),)),))
    files = {user: place.joinpath(*_place(user)) for user in users}
    alice, mallory = users
    honest = files[alice].read_bytes()
    for content, code in (
        (honest.replace(b"RT-", b"XX-"), "wrong_key"),
        (honest[32:], "wrong_key"),
        (files[mallory].read_bytes(), "another_key"),
    ):
        files[alice].write_bytes(content)
        with pytest.raises(CacheError) as caught:
            sealed.store(place).load(alice)
        assert caught.value.code == code
    files[alice].write_bytes(honest)
    assert sealed.store(place).load(alice) == store.load(alice)


def _place(key: Any) -> tuple[str, ...]:
    from sansio_auth_adapters.stores._partition_file import place_of

    return place_of(key)


def test_a_seal_that_fails_costs_no_token(place: Path) -> None:
    """Nothing is written in the clear instead, and no lock is kept (rows 174 and 182)."""
    works: list[bool] = []

    def seal(content: bytes) -> bytes:
        if not works:
            raise RuntimeError("the key service is away")
        return content

    store = FileStore(place, seal=seal, open=bytes)
    told = _outcome(store, Line())
    assert told.metadata.warnings == ("store_save_failed",)
    assert _files_in(place) == []
    works.append(True)
    assert _outcome(store, Line()).source == "cache"
    store.save(((next(iter(store._memory.seen)), ()),))
    assert len(_files_in(place)) == 1


@pytest.mark.parametrize(
    "options",
    [
        {"seal": bytes},
        {"open": bytes},
        {"seal": "key", "open": "key"},
        {"seal": bytes, "open": 1},
        {"patience": -1},
        {"patience": float("nan")},
    ],
)
def test_impossible_options_are_refused(options: dict[str, Any], place: Path) -> None:
    """Before anything is made."""
    with pytest.raises(ConfigurationError, match=next(iter(options))):
        FileStore(place, **options)
    assert not place.exists()


# --- what is not there for ever ----------------------------------------------------------------


def _aged(path: Path, days: float, now: float) -> None:
    os.utime(path, (now - days * _DAY, now - days * _DAY))


def test_what_is_over_goes_when_something_new_comes(place: Path, monkeypatch: Any) -> None:
    """Only what nobody can use any more (row 173)."""
    monkeypatch.setattr("sansio_auth_adapters.stores._partition_file._SHARD", 0)  # one folder
    monkeypatch.setattr("sansio_auth_adapters.stores.file._SWEPT", 100)
    now = int(time.time())
    store = FileStore(place, clock=lambda: now)
    words = ["d0", "d1", "d2", f"{SESSION}3", "d4", "d5"]
    behalf = [AssertionKey("h.example", "t", "c", word) for word in words]
    old, living, recent = (_token("AT", "s", now - it) for it in (5 * _DAY, 60, 5 * _DAY))
    used = RefreshTokenStored(("c", "", "s"), ("RT", now - 5 * _DAY))
    facts: list[Any] = [old, living, recent, used, old, old]
    for key, fact in zip(behalf, facts, strict=True):
        store.save(((key, (fact,)),))
    paths = [place.joinpath(*_place(key)) for key in behalf]
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
        store.save(((key, (_token(),)), (_USER, (AssertionUsed(key),))))
    place.joinpath(*_place(behalf[0])).unlink()
    write = _files.write

    def fails_for_the_third(path: Path, *args: Any, **named: Any) -> Any:
        if path.name == _place(behalf[2])[-1]:
            raise OSError(errno.ENOSPC, "full")
        return write(path, *args, **named)

    monkeypatch.setattr(_files, "write", fails_for_the_third)
    with pytest.raises(OSError, match="full"):
        store.save(((behalf[2], (_token(),)), (_USER, (AssertionUsed(behalf[2]),))))
    monkeypatch.setattr(_files, "write", write)
    for look in (store, FileStore(place)):
        assert getattr(look.load(_USER), "assertions", None) == {*behalf[1:3]}
    saved: Any = store.save(((behalf[3], (_token(),)), (_USER, (AssertionUsed(behalf[3]),))))
    assert _secrets(saved) == {"AT"}
    assert getattr(store.load(_USER), "assertions", None) == {*behalf[1:]}


def test_only_a_few_files_are_looked_at_each_time(place: Path, monkeypatch: Any) -> None:
    """However many there are, and less than every new one costs (row 173)."""
    monkeypatch.setattr("sansio_auth_adapters.stores._partition_file._SHARD", 0)
    now = int(time.time())
    store = FileStore(place, clock=lambda: now)
    for number in range(20):
        store.save(((AppKey("h.example", f"t{number}", "client"), (_token("AT", "s", 0),)),))
    for path in _files_in(place):
        _aged(path, 2, now)
    store.save(((_APP, (_token("AT", "s", now),)),))
    assert len(_files_in(place)) in {21 - 8, 21 - 7}
    store.save(((_APP, (_token("AT", "t", now),)),))
    assert len(_files_in(place)) in {21 - 8, 21 - 7}  # nothing new has come


def test_a_user_who_is_signed_in_stays(place: Path, monkeypatch: Any) -> None:
    """However long ago that was (row 173)."""
    monkeypatch.setattr("sansio_auth_adapters.stores._partition_file._SHARD", 0)
    now = int(time.time())
    store = FileStore(place, clock=lambda: now)
    store.save(((_USER, (AccountSeen("t", ("u", "Alice", "MSSTS", None)),)),))
    _aged(_file(place), 1_000, now)
    store.save(((UserKey("h.example", "v.tenant"), (_token(),)),))
    assert len(store.look_up(Accounts("h.example", "alice")).partitions) == 1


def test_memory_is_bounded(place: Path) -> None:
    """What has been here longest is read from its file again (row 172)."""
    store = FileStore(place, in_memory=2)
    keys = [AppKey("h.example", f"t{it}", "client") for it in range(3)]
    for key in keys:
        store.save(((key, (_token(),)),))
    assert [store.peek(key) is None for key in keys] == [True, False, False]
    assert _secrets(store.load(keys[0])) == {"AT"}


def test_knowledge_stays_in_memory(place: Path) -> None:
    """No file says which authorities were asked, or what they refused."""
    store, key = FileStore(place), KnowledgeKey("https://h.example/tenant")
    endpoints = client_of().endpoints
    assert endpoints is not None
    store.save(((key, (EndpointsFound(endpoints, 1.0),)), (_APP, (_token(),))))
    assert store.load(key) == store.peek(key) == Knowledge(endpoints, 1.0)
    assert len(_files_in(place)) == 1
    assert FileStore(place).load(key) == Knowledge()


def test_a_store_says_where_it_is_and_not_what_it_holds(store: FileStore, place: Path) -> None:
    """I-7: nor does it say whose tokens these are."""
    assert repr(store) == f"FileStore({str(place)!r}, 1 partitions in memory)"
