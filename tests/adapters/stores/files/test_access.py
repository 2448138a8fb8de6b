"""Who may look into the files, and what a link or a pipe among them can do: nothing."""

from __future__ import annotations

import errno
import os
import stat
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from sansio_auth import ConfigurationError
from sansio_auth.partition import (
    AccountSeen,
)
from sansio_auth_adapters import FileStore
from sansio_auth_adapters.stores._files import CacheError
from tests.adapters.stores.files.aids import (
    APP,
    BEHALF,
    USER,
    file_of,
    secrets_of,
    token,
)
from tests.faults.rows import row

_IS_ROOT: Final = hasattr(os, "geteuid") and os.geteuid() == 0


def test_everything_is_made_for_this_user_alone(place: Path) -> None:
    """Whatever the process's mask lets through (row 178)."""
    before = os.umask(0)
    try:
        store = FileStore(place / "deeper")
        facts = (token(), AccountSeen("t", ("u", "Alice", "MSSTS", None)))
        store.save(((APP, facts), (BEHALF, facts), (USER, (facts[1],))))
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
    FileStore(place, strict=True).save(((APP, (token(),)),))
    file_of(place).chmod(0o666)
    assert secrets_of(FileStore(place, strict=True).load(APP)) == {"AT"}


@pytest.mark.skipif(not _IS_ROOT, reason="only root can give files away")
def test_somebody_elses_directory_or_file_is_not_used(store: FileStore, place: Path) -> None:
    """With its owner in the message (row 178)."""
    path = file_of(place)
    os.chown(path, 12_345, -1)
    with pytest.raises(CacheError, match="12345") as caught:
        FileStore(place).load(APP)
    assert caught.value.code == "owner"
    FileStore(place).save(((APP, (token("NEW"),)),))
    assert secrets_of(FileStore(place).load(APP)) == {"NEW"}
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
    file_of(place).chmod(0o644)
    with pytest.raises(CacheError) as caught:
        FileStore(place, strict=True).load(APP)
    assert caught.value.code == "mode"
    assert secrets_of(FileStore(place).load(APP)) == {"AT"}
    store.save(((APP, (token("NEW", "t"),)),))
    assert secrets_of(FileStore(place, strict=True).load(APP)) == {"AT", "NEW"}


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
    path = file_of(place)
    spoil(path)
    leads_to = path.read_bytes() if path.is_symlink() else None
    with pytest.raises(CacheError) as caught:
        FileStore(place).load(APP)
    assert caught.value.code == "not_a_file"
    FileStore(place).save(((APP, (token("NEW"),)),))
    assert stat.S_ISREG(path.lstat().st_mode)
    assert secrets_of(FileStore(place).load(APP)) == {"NEW"}
    if leads_to is not None:
        assert path.with_name("copy.aside").read_bytes() == leads_to


def test_a_lock_that_is_a_link_is_not_followed(store: FileStore, place: Path) -> None:
    """Where it leads nothing is made (row 178)."""
    lock = file_of(place).with_name("lock")
    lock.unlink()
    lock.symlink_to(place / "made-by-a-lock")
    with pytest.raises(OSError, match=r"lock") as caught:
        store.save(((APP, (token("NEW"),)),))
    assert caught.value.errno == errno.ELOOP
    assert not (place / "made-by-a-lock").exists()
    assert secrets_of(store.peek(APP)) == {"NEW"}
