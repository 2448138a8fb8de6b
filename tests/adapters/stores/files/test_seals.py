"""Files that are sealed: a wrong key, a file that somebody changed, a seal that fails."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path
from typing import Any

import pytest

from sansio_auth import ConfigurationError
from sansio_auth.partition import (
    RefreshTokenStored,
    UserKey,
)
from sansio_auth_adapters import FileStore
from sansio_auth_adapters.stores._files import CacheError
from sansio_auth_adapters.stores._partition_file import place_of
from tests.adapters.stores.files.aids import (
    APP,
    NOW,
    file_of,
    files_in,
    outcome_of,
    secrets_of,
    token,
)
from tests.faults.aids import Line
from tests.faults.rows import row


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
    right.store(place).save(((APP, (token("OLD"),)),))
    path = file_of(place)
    sealed = path.read_bytes()
    other = wrong.store(place, strict=strict)
    with pytest.raises(CacheError) as caught:
        other.load(APP)
    assert caught.value.code == "wrong_key"
    assert "OLD" not in str(caught.value)
    assert path.read_bytes() == sealed
    if strict:
        with pytest.raises(CacheError):
            other.save(((APP, (token("NEW"),)),))
        assert secrets_of(other.peek(APP)) == {"NEW"}
    else:
        other.save(((APP, (token("NEW"),)),))
        assert secrets_of(wrong.store(place).load(APP)) == {"NEW"}
        (aside,) = files_in(place, ".aside")
        aside.replace(path)
    assert secrets_of(right.store(place).load(APP)) == {"OLD"}


def test_what_somebody_else_wrote_is_not_believed(place: Path) -> None:
    """Changed, not sealed, or the sealed file of another user in its place (row 182)."""
    sealed = _Sealed(b"key")
    users = [UserKey("h.example", f"{name}.tenant") for name in ("alice", "mallory")]
    store = sealed.store(place)
    for user in users:
        store.save(((user, (RefreshTokenStored(("c", "", "s"), (f"RT-{user}", NOW)),)),))
    files = {user: place.joinpath(*place_of(user)) for user in users}
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


def test_a_seal_that_fails_costs_no_token(place: Path) -> None:
    """Nothing is written in the clear instead, and no lock is kept (rows 174 and 182)."""
    works: list[bool] = []

    def seal(content: bytes) -> bytes:
        if not works:
            raise RuntimeError("the key service is away")
        return content

    store = FileStore(place, seal=seal, open=bytes)
    told = outcome_of(store, Line())
    assert told.metadata.warnings == ("store_save_failed",)
    assert files_in(place) == []
    works.append(True)
    assert outcome_of(store, Line()).source == "cache"
    store.save(((next(iter(store._memory.seen)), ()),))
    assert len(files_in(place)) == 1


@pytest.mark.parametrize(
    "options",
    [
        {"seal": bytes},
        {"open": bytes},
        {"seal": "key", "open": "key"},
        {"seal": bytes, "open": 1},
        {"patience": -1},
        {"patience": float("nan")},
        {"patience": float("inf")},
    ],
)
def test_impossible_options_are_refused(options: dict[str, Any], place: Path) -> None:
    """Before anything is made."""
    with pytest.raises(ConfigurationError, match=next(iter(options))):
        FileStore(place, **options)
    assert not place.exists()
