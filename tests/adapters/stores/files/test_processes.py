"""Tokens in files that several processes write, some of which die: real processes, real files."""

from __future__ import annotations

import contextlib
import errno
import multiprocessing
import os
import resource
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NoReturn, Self

import pytest

from sansio_auth import Tokens
from sansio_auth.identity import token_key
from sansio_auth.partition import (
    AccessTokenStored,
    Accounts,
    AccountSeen,
    AppKey,
    AssertionKey,
    UserKey,
)
from sansio_auth_adapters import FileStore
from sansio_auth_adapters.stores import _files
from tests.faults.rows import row

_APP: Final = AppKey("h.example", "tenant", "client")
_USER: Final = UserKey("h.example", "u.tenant")
_BEHALF: Final = AssertionKey("h.example", "tenant", "client", "digest")
_NOW: Final = 4_000_000_000


def _token(scope: str) -> AccessTokenStored:
    row_of = (f"AT-{scope}", "Bearer", scope, _NOW, _NOW + 3_600, _NOW + 3_600, None)
    return AccessTokenStored(token_key([scope]), row_of)


def _scopes(partition: Any) -> set[str]:
    return {values[2] for values in partition.access.values()}


# --- many writers ------------------------------------------------------------------------------


def _write(place: str, number: int, turns: int, gate: Any) -> None:
    """Save tokens of partitions that every process writes; runs in a process of its own."""
    store = FileStore(place, patience=60)
    gate.wait(60)
    for turn in range(turns):
        account = AccountSeen(f"r{number}-{turn}", ("u", f"name-{number}-{turn}", "MSSTS", None))
        fact = _token(f"s{number}-{turn}")
        store.save(((_APP, (fact,)), (_USER, (account,)), (_BEHALF, (fact,))))


@pytest.mark.parametrize(("processes", "turns"), [row(176, "processes", 3, 10)])
def test_processes_that_write_at_once_lose_nothing(
    processes: int, turns: int, tmp_path: Path
) -> None:
    """Every token of every process is there in the end, and every name leads to its user."""
    place = str(tmp_path / "tokens")
    spawn = multiprocessing.get_context("spawn")
    gate = spawn.Barrier(processes)
    writers = [
        spawn.Process(target=_write, args=(place, number, turns, gate))
        for number in range(processes)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(100)
    assert [writer.exitcode for writer in writers] == [0] * processes
    store = FileStore(place)
    wanted = {f"s{number}-{turn}" for number in range(processes) for turn in range(turns)}
    assert _scopes(store.load(_APP)) == _scopes(store.load(_BEHALF)) == wanted
    for name in wanted:
        found = store.look_up(Accounts("h.example", name.replace("s", "name-")))
        assert [key for key, _ in found.partitions] == [_USER]
    assert not [it for it in Path(place).rglob("*") if it.suffix]


# --- processes that die ------------------------------------------------------------------------


def _exit_after(work: Callable[[], object]) -> NoReturn:
    """End this process, with 0 where the work was done."""
    code = 1
    with contextlib.suppress(BaseException):
        _ = work()
        code = 0
    os._exit(code)


def _in_child(work: Callable[[], object]) -> int:
    """Run something in a forked child and return its exit status."""
    child = os.fork()
    if child == 0:
        _exit_after(work)
    return os.waitpid(child, 0)[1]


#: What a save asks of the operating system, step by step.
_STEPS: Final = (
    "open", "write", "fsync", "fstat", "stat", "lstat", "read", "close", "replace", "rename",
    "unlink", "mkdir",
)  # fmt: skip


class _Dying:
    """Kills this process at the nth step; of a write, half is done."""

    def __init__(self, at: int) -> None:
        self.left = at

    def arm(self) -> None:
        for name in _STEPS:
            setattr(os, name, self._counted(name, getattr(os, name)))

    def _counted(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def step(*args: Any, **kwargs: Any) -> Any:
            self.left -= 1
            if self.left == 0:
                if name == "write":
                    real(args[0], args[1][: len(args[1]) // 2])
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*args, **kwargs)

        return step


def _steps_until_done(act: Callable[[int], object]) -> Iterator[int]:
    """Yield after each process that died in the act, one step later each time."""
    for at in range(1, 200):

        def dying(at: int = at) -> None:
            _Dying(at).arm()
            act(at)

        status = _in_child(dying)
        if status == 0:
            return
        assert os.WIFSIGNALED(status)
        yield at
    raise AssertionError("it never ended")


def test_a_process_that_dies_while_saving_leaves_the_old_file_or_the_new_one(
    tmp_path: Path,
) -> None:
    """Killed at every single step; whoever comes next reads it and writes on (row 177)."""
    place = tmp_path / "tokens"
    FileStore(place).save(((_APP, (_token("old"),)),))
    seen: list[set[str]] = []
    for at in _steps_until_done(lambda _: FileStore(place).save(((_APP, (_token("new"),)),))):
        survivor = FileStore(place, strict=True, patience=0.5)
        seen.append(_scopes(survivor.load(_APP)))
        assert seen[-1] in ({"old"}, {"old", "new"}), at
        wanted = {*seen[-1], "old", f"by-the-survivor-{at}"}
        assert _scopes(survivor.save(((_APP, (_token(f"by-the-survivor-{at}"),)),))) == wanted
        _only(place, "old")
    assert {"old"} in seen
    assert {"old", "new"} in seen
    assert len(seen) > 10


def _only(place: Path, scope: str) -> None:
    """Put the store back to one token."""
    for path in place.rglob("*"):
        if path.is_file() and path.name != "lock" and not path.suffix:
            path.unlink()
    FileStore(place).save(((_APP, (_token(scope),)),))


def test_a_process_that_dies_at_the_beginning_hinders_nobody(tmp_path: Path) -> None:
    """When the directory is made, and the very first token of a store is saved (row 177)."""

    def begin(at: int) -> None:
        FileStore(tmp_path / str(at)).save(((_APP, (_token("first"),)),))

    for at in _steps_until_done(begin):
        survivor = FileStore(tmp_path / str(at), strict=True, patience=0.5)
        found = _scopes(survivor.load(_APP))
        assert found <= {"first"}
        assert _scopes(survivor.save(((_APP, (_token("second"),)),))) == {*found, "second"}


def test_a_process_that_dies_while_a_user_is_renamed_loses_nobody(tmp_path: Path) -> None:
    """By the old name or by the new one the user is found, whatever was written last (row 177)."""
    place = tmp_path / "tokens"

    def named(name: str) -> None:
        fact = AccountSeen("r", ("u", name, "MSSTS", None))
        FileStore(place).save(((_USER, (fact,)),))

    named("alice")
    for at in _steps_until_done(lambda _: named("carol")):
        store = FileStore(place)
        tokens = store.load(_USER)
        assert isinstance(tokens, Tokens)
        (name,) = {account[1] for account in tokens.accounts.values()}
        for asked in ("alice", "carol"):
            found = store.look_up(Accounts("h.example", asked)).partitions
            assert bool(found) is (asked == name), at
        named("alice")


@pytest.mark.parametrize("limit", [row(177, "in-the-kernel", 4_096)])
def test_a_write_that_the_kernel_cuts_short_leaves_the_old_file(limit: int, tmp_path: Path) -> None:
    """A real limit on the size of files, in place of a full disk."""
    place = tmp_path / "tokens"
    FileStore(place).save(((_APP, (_token("old"),)),))

    def cut_short() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        store = FileStore(place)
        try:
            store.save(((_APP, (_token("x" * 2 * limit),)),))
        except OSError as error:
            assert error.errno == errno.EFBIG  # noqa: PT017 - in a child without pytest
            assert _scopes(store.load(_APP)) == {"old", "x" * 2 * limit}
            os._exit(42)

    assert os.waitstatus_to_exitcode(_in_child(cut_short)) == 42
    assert _scopes(FileStore(place).load(_APP)) == {"old"}
    assert not [it for it in place.rglob("*") if it.suffix]


# --- processes that fork -----------------------------------------------------------------------


class _Forgetful(set[int]):
    """Remembers nothing, as where a child is forked before a lock's descriptor is noted."""

    def add(self, element: int, /) -> None:
        del element


class _Saving:
    """A save in a thread of its own, in which the seal waits to be told to go on."""

    def __init__(self, place: Path) -> None:
        self.inside, self.leave = threading.Event(), threading.Event()
        self.store = FileStore(place, seal=self._seal, open=bytes, patience=20)
        change = ((_APP, (_token("new"),)),)
        self.thread = threading.Thread(target=self.store.save, args=(change,), daemon=True)
        self.thread.start()
        assert self.inside.wait(20)

    def _seal(self, content: bytes) -> bytes:
        self.inside.set()
        assert self.leave.wait(20)
        return content


class _Wire:
    """Two pipes between a child that says when it has begun, and a test that says when to end."""

    def __init__(self) -> None:
        self._begun, self._begin = os.pipe()
        self._may_end, self._end = os.pipe()

    def begin_and_wait(self) -> None:
        """Say in the child that it has begun; return when it may end, or the test has failed."""
        os.close(self._end)
        os.write(self._begin, b".")
        assert os.read(self._may_end, 1) == b""

    def __enter__(self) -> Self:
        return self

    def wait(self) -> None:
        """Return in the test when the child has begun."""
        os.close(self._begin)
        assert os.read(self._begun, 1) == b"."

    def __exit__(self, *_: object) -> None:
        os.close(self._end)


@pytest.mark.parametrize(
    "descriptors", [row(193, "noted", set[int]), row(193, "not-noted-yet", _Forgetful)]
)
def test_a_child_that_was_forked_in_the_middle_of_a_save_hinders_nobody(
    descriptors: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It reads and saves at once, and the lock that it inherits is let go with the parent's."""
    monkeypatch.setattr(_files, "_descriptors", descriptors())
    place, wire = tmp_path / "tokens", _Wire()
    FileStore(place).save(((_APP, (_token("old"),)),))
    saving = _Saving(place)

    def be_a_child() -> None:
        mine = FileStore(place, patience=0.01)
        assert _scopes(mine.load(_APP)) == {"old"}
        mine.save(((_BEHALF, (_token("by-the-child"),)),))
        saving.store.save(((_USER, ()),))
        with pytest.raises(TimeoutError):
            mine.save(((_APP, (_token("too-soon"),)),))
        wire.begin_and_wait()

    child = os.fork()
    if child == 0:
        _exit_after(be_a_child)
    with wire:
        wire.wait()
        saving.leave.set()
        saving.thread.join(20)
        quick = FileStore(place, patience=1)  # the child still lives, with all it inherited
        assert _scopes(quick.save(((_APP, (_token("after"),)),))) == {"old", "new", "after"}
    assert os.waitpid(child, 0)[1] == 0
    assert _scopes(quick.load(_BEHALF)) == {"by-the-child"}


def test_a_child_outlives_a_parent_that_died_while_saving(tmp_path: Path) -> None:
    """And does not keep the lock that it inherited (row 193)."""
    place, wire = tmp_path / "tokens", _Wire()
    parent = os.fork()
    if parent == 0:
        _ = _Saving(place)
        if os.fork() == 0:
            _exit_after(wire.begin_and_wait)
        os.kill(os.getpid(), signal.SIGKILL)
    assert os.WIFSIGNALED(os.waitpid(parent, 0)[1])
    with wire:
        wire.wait()
        heir = FileStore(place, patience=1)
        assert _scopes(heir.save(((_APP, (_token("after"),)),))) == {"after"}


def test_a_child_waits_for_no_thread_of_its_parents(tmp_path: Path) -> None:
    """Forked while another thread takes something into memory (row 193)."""
    store = FileStore(tmp_path / "tokens")

    def use() -> None:
        store.save(((_APP, (_token("old"),)),))
        assert _scopes(store.load(_APP)) == {"old"}

    with store._memory._lock:
        child = os.fork()
        if child == 0:
            signal.alarm(20)
            _exit_after(use)
        assert os.waitpid(child, 0)[1] == 0
