"""A file that is not what was written: told, moved aside, and nobody else the poorer."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from sansio_auth import Tokens
from sansio_auth.partition import (
    AppKey,
    AppTokens,
    Found,
)
from sansio_auth_adapters import FileStore
from sansio_auth_adapters.stores._files import CacheError
from tests.adapters.stores.files.aids import (
    APP,
    file_of,
    files_in,
    secrets_of,
    token,
)
from tests.faults.rows import row


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
        path = file_of(place)
        bad = spoilt(path.read_bytes())
        path.write_bytes(bad)
        other = FileStore(place)
        with pytest.raises(CacheError) as caught:
            other.load(APP)
        assert caught.value.code == code
        assert str(path) in str(caught.value)
        assert "AT" not in str(caught.value).replace(str(path), "")
        assert path.read_bytes() == bad
        other.save(((APP, (token(f"AT-{turn}", "t"),)),))
        assert secrets_of(FileStore(place).load(APP)) == {f"AT-{turn}"}
        (aside,) = files_in(place, ".aside")
        assert aside.read_bytes() == bad


@pytest.mark.parametrize(("spoilt", "code"), _BAD)
def test_a_strict_store_leaves_a_bad_file_alone(
    spoilt: Callable[[bytes], bytes], code: str, store: FileStore, place: Path
) -> None:
    """Saving raises too; the token is in this process's memory all the same."""
    path = file_of(place)
    bad = spoilt(path.read_bytes())
    path.write_bytes(bad)
    strict = FileStore(place, strict=True)
    for act in (
        lambda: strict.load(APP),
        lambda: strict.save(((APP, (token("NEW"),)),)),
        lambda: strict.load(APP),
        lambda: strict.look_up(AppTokens("h.example", "client")),
    ):
        with pytest.raises(CacheError) as caught:
            act()
        assert caught.value.code == code
    assert path.read_bytes() == bad
    assert files_in(place, ".aside") == []
    assert secrets_of(strict.peek(APP)) == {"NEW"}


def test_a_bad_file_costs_only_its_own_partition(place: Path) -> None:
    """Others are found beside it; alone it is an error and not nothing (row 158)."""
    store = FileStore(place)
    other = AppKey("h.example", "other", "client")
    store.save(((APP, (token(),)),))
    file_of(place).write_bytes(b"garbage")
    with pytest.raises(CacheError):
        FileStore(place).look_up(AppTokens("h.example", "client"))
    store.save(((other, (token(),)),))
    found = FileStore(place).look_up(AppTokens("h.example", "client"))
    assert [key for key, _ in found.partitions] == [other]


@pytest.mark.parametrize("content", [row(157, "empty", b""), row(157, "white-space", b" \r\n\t\n")])
def test_an_empty_file_is_an_empty_partition(content: bytes, store: FileStore, place: Path) -> None:
    """And nothing to tell of."""
    file_of(place).write_bytes(content)
    other = FileStore(place, strict=True)
    assert other.load(APP) == Tokens()
    assert other.look_up(AppTokens("h.example", "client")) == Found()
    other.save(((APP, (token("NEW"),)),))
    assert secrets_of(FileStore(place).load(APP)) == {"NEW"}
    assert files_in(place, ".aside") == []


def test_members_of_a_newer_version_survive(store: FileStore, place: Path) -> None:
    """I-9: what is not understood is written again (row 158)."""
    path = file_of(place)
    document = json.loads(path.read_bytes())
    path.write_text(json.dumps({**document, "later": {"a": [1]}}))
    FileStore(place).save(((APP, (token("NEW", "t"),)),))
    assert json.loads(path.read_bytes())["later"] == {"a": [1]}


def test_a_huge_file_is_not_read(
    store: FileStore, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is one written that could not be read again (row 158)."""
    with file_of(place).open("r+b") as file:
        file.truncate((64 << 20) + 1)
    with pytest.raises(CacheError) as caught:
        FileStore(place).load(APP)
    assert caught.value.code == "too_large"
    store.save(((APP, (token("NEW"),)),))
    monkeypatch.setattr("sansio_auth_adapters.stores.file._MOST_BYTES", 1_000)
    with pytest.raises(CacheError) as caught:
        store.save(((APP, (token("x" * 1_000, "t"),)),))
    assert caught.value.code == "too_large"
    assert len(secrets_of(store.load(APP))) == 2


def test_a_file_that_grows_is_not_read_for_ever(
    store: FileStore, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever writes into a file of ours does not keep us reading (row 158)."""
    path, read = file_of(place), os.read

    def grown(descriptor: int, size: int) -> bytes:
        with path.open("ab") as file:
            file.write(b" " * size)
        return read(descriptor, size)

    monkeypatch.setattr("sansio_auth_adapters.stores._files.os.read", grown)
    assert secrets_of(FileStore(place).load(APP)) == {"AT"}


def test_memory_is_served_while_the_file_is_bad(store: FileStore, place: Path) -> None:
    """I-1, and nothing of it is lost when the file is written again (row 158)."""
    file_of(place).write_bytes(b"garbage")
    assert secrets_of(store.load(APP)) == {"AT"}
    store.save(((APP, (token("NEW", "t"),)),))
    assert secrets_of(FileStore(place).load(APP)) == {"AT", "NEW"}
