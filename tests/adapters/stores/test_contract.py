"""What every store owes: one suite for all of them."""

from __future__ import annotations

import copy
import pickle
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msal  # type: ignore[import-untyped]  # it ships no types
import pytest

from sansio_auth import Tokens, apply_all
from sansio_auth.identity import token_key
from sansio_auth.partition import (
    AccessTokenStored,
    Accounts,
    AccountSeen,
    AppKey,
    AppTokens,
    AppTokensDropped,
    AssertionKey,
    AssertionUsed,
    ClientSeen,
    Dropped,
    Found,
    HomeAccountFound,
    IdTokenStored,
    RefreshTokenStored,
    SignedOut,
    UserKey,
    empty,
)
from sansio_auth_adapters import MemoryStore, SerializableTokenCache, TokenCache
from sansio_auth_adapters.stores.file import FileStore
from sansio_auth_adapters.stores.msal import ForeignTokenCache

_APP = AppKey("h.example", "tenant", "client")
_USER = UserKey("h.example", "u.tenant")
_BEHALF = AssertionKey("h.example", "tenant", "client", "digest")
_NOW = 4_000_000_000


def _reversed(content: bytes) -> bytes:
    return content[::-1]


#: How each kind of store is opened; those that keep files keep them in a directory.
_STORES: dict[str, Callable[[Path], Any]] = {
    "memory": lambda _: MemoryStore(),
    "TokenCache": lambda _: TokenCache(),
    "SerializableTokenCache": lambda _: SerializableTokenCache(),
    "msal.TokenCache": lambda _: ForeignTokenCache(msal.TokenCache()),
    "msal.SerializableTokenCache": lambda _: ForeignTokenCache(msal.SerializableTokenCache()),
    "file": lambda it: FileStore(it / "tokens", strict=True),
    "file, sealed": lambda it: FileStore(it / "tokens", seal=_reversed, open=_reversed),
    "file, nothing kept at hand": lambda it: FileStore(it / "tokens", in_memory=0),
}
#: Stores whose partitions are ours, so that every fact has a place in them.
_OURS = [name for name in sorted(_STORES) if not name.startswith("msal.")]


def _opened(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    return _STORES[request.param](tmp_path)


@pytest.fixture(params=sorted(_STORES))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Each kind of store in turn, empty."""
    return _opened(request, tmp_path)


@pytest.fixture(params=_OURS)
def ours(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Each store of our own in turn, empty."""
    return _opened(request, tmp_path)


def _token(secret: str = "AT", scope: str = "s", owner: tuple[str, ...] = ()) -> AccessTokenStored:
    row = (secret, "Bearer", scope, _NOW, _NOW + 3_600, _NOW + 3_600, None)
    return AccessTokenStored(token_key(scope.split(), owner=owner), row)


def _alike(secret: str, granted: str, requested: str) -> AccessTokenStored:
    """Return a token that is found by the requested scopes too."""
    row = (secret, "Bearer", granted, _NOW, _NOW + 3_600, _NOW + 3_600, _NOW + 1_800)
    return AccessTokenStored(token_key(granted.split()), row, (token_key(requested.split()),))


_USER_FACTS = (
    _token("AT-user", "a b", ("client", "tenant")),
    RefreshTokenStored(("client", "", "a b"), ("RT", _NOW)),
    IdTokenStored(("client", "tenant"), "e30.e30.sig"),
    AccountSeen("tenant", ("u", "Alice@x", "MSSTS", "authorization_code")),
    ClientSeen("client"),
)
_CASES = [
    (_APP, (_token(), ClientSeen("client"))),
    (_USER, _USER_FACTS),
    (_BEHALF, (_token("AT-behalf"), RefreshTokenStored(("client", "", "s"), ("RT", _NOW)))),
]


@pytest.mark.parametrize(("key", "facts"), _CASES, ids=["app", "user", "assertion"])
def test_what_is_saved_is_loaded(store: Any, key: Any, facts: Any) -> None:
    """And is what `apply` says; the answer to a save is the newest partition."""
    saved = store.save(((key, facts),))
    wanted: Any = apply_all(Tokens(), facts)
    for partition in (saved, store.load(key)):
        assert partition.access == wanted.access
        assert partition.refresh == wanted.refresh
        assert partition.id_tokens == wanted.id_tokens
        assert partition.accounts == wanted.accounts


def test_an_unknown_key_is_an_empty_partition(store: Any) -> None:
    """And nothing in memory."""
    for key in (_APP, _USER, _BEHALF):
        assert store.load(key) == empty(key)
        assert store.peek(key) is None


def test_several_partitions_are_saved_at_once(store: Any) -> None:
    """The answer is the first one's."""
    saved = store.save(((_BEHALF, (_token("one"),)), (_USER, _USER_FACTS)))
    assert [row[0] for row in saved.access.values()] == ["one"]
    assert store.load(_USER).refresh


def test_every_fact_is_kept(ours: Any) -> None:
    """Wide scopes, further keys, families, the user behind an assertion and the other way round."""
    changes = (
        (_BEHALF, (_alike("AT-1", "a b", "b c"), HomeAccountFound("u.tenant"))),
        (_USER, (*_USER_FACTS, ClientSeen("other", "1"), AssertionUsed(_BEHALF))),
    )
    ours.save(changes)
    for key, facts in changes:
        assert ours.load(key) == apply_all(Tokens(), facts)
    assert set(ours.load(_BEHALF).wide) == {token_key(["a", "b"])}


def test_what_is_saved_is_in_memory_from_then_on(request: Any, tmp_path: Path) -> None:
    """As far as the store keeps anything there: what a look finds is what loading finds."""
    for name in _OURS:
        ours = _STORES[name](tmp_path / name.replace(" ", "-"))
        saved = ours.save(((_APP, (_token("one"),)),))
        seen = ours.peek(_APP)
        if "nothing kept" in name:
            assert seen is None
        else:
            assert seen == saved == ours.load(_APP)
            assert ours.peek(_APP) is ours.peek(_APP)
        assert ours.save(((_APP, (_token("two"),)),)) == ours.load(_APP)


def test_a_partition_that_was_loaded_does_not_change(store: Any) -> None:
    """It is a value: what is saved later makes another one."""
    store.save(((_APP, (_token("one"),)),))
    before = store.load(_APP)
    store.save(((_APP, (_token("two", "t"),)),))
    assert [row[0] for row in before.access.values()] == ["one"]


def test_facts_about_nothing_change_nothing(ours: Any) -> None:
    """Dropping what is not there, and no facts at all."""
    for facts in ((), (Dropped(),), (AppTokensDropped(),), (SignedOut("client"),)):
        for key in (_APP, _USER, _BEHALF):
            assert ours.save(((key, facts),)) == empty(key)
            assert ours.load(key) == empty(key)
    assert ours.look_up(Accounts("h.example")) == Found()


def test_a_user_is_found_by_the_new_name_only(ours: Any) -> None:
    """Names change; the key does not. Two users may have one name."""
    ours.save(((_USER, _USER_FACTS),))
    row = ("u", "Carol@x", "MSSTS", "authorization_code")
    other = UserKey("h.example", "v.tenant")
    ours.save(((_USER, (AccountSeen("tenant", row),)), (other, (AccountSeen("t2", row),))))
    assert ours.look_up(Accounts("h.example", "alice@x")) == Found()
    found = ours.look_up(Accounts("h.example", "carol@X"))
    assert {key for key, _ in found.partitions} == {_USER, other}
    assert dict(found.partitions)[_USER] == ours.load(_USER)


def test_facts_are_applied_to_the_newest_partition(store: Any) -> None:
    """Two writers lose nothing."""
    store.save(((_APP, (_token("one", "s"),)),))
    store.save(((_APP, (_token("two", "t"),)),))
    store.save(((_APP, (_token("three", "t"),)),))
    assert {row[0] for row in store.load(_APP).access.values()} == {"one", "three"}


def test_users_are_found_by_name_and_applications_by_id(store: Any) -> None:
    """In any case of letters; nobody else is."""
    store.save(((_USER, _USER_FACTS),))
    store.save(((_APP, (_token(),)),))
    store.save(((AppKey("h.example", "other", "client"), (_token(),)),))
    for name, keys in ((None, {_USER}), ("aLiCe@x", {_USER}), ("bob", set())):
        found = store.look_up(Accounts("h.example", name))
        assert {key for key, _ in found.partitions} == keys
    assert store.look_up(Accounts("elsewhere.example")) == Found()
    apps = store.look_up(AppTokens("h.example", "client"))
    assert {key.tenant for key, _ in apps.partitions} == {"tenant", "other"}
    assert store.look_up(AppTokens("h.example", "nobody")) == Found()


def test_what_is_dropped_is_gone_and_not_found_any_more(store: Any) -> None:
    """Signing out, and forgetting an application's tokens."""
    store.save(((_USER, _USER_FACTS), (_BEHALF, (_token(),))))
    store.save(((_USER, (SignedOut("client"),)), (_BEHALF, (Dropped(),))))
    assert not store.load(_USER).access
    assert not store.load(_USER).accounts
    assert store.load(_BEHALF) == Tokens()
    assert store.look_up(Accounts("h.example")) == Found()
    store.save(((_APP, (_token(),)),))
    store.save(((_APP, (AppTokensDropped(),)),))
    assert not store.load(_APP).access
    assert store.look_up(AppTokens("h.example", "client")) == Found()


def test_a_user_is_known_by_their_assertions_until_they_sign_out(store: Any) -> None:
    """Which is when what was got with them is to be dropped."""
    store.save(((_BEHALF, (_token(),)), (_USER, (*_USER_FACTS, AssertionUsed(_BEHALF)))))
    assert store.load(_USER).assertions == {_BEHALF}
    store.save(((_USER, (SignedOut("client"),)),))
    assert store.load(_USER).assertions == frozenset()


def test_many_writers_lose_nothing(store: Any) -> None:
    """Threads that save different tokens of one partition at the same time."""
    start = threading.Barrier(8)

    def write(number: int) -> None:
        start.wait()
        for turn in range(5):
            key = AppKey("h.example", f"tenant-{number}", "client")
            store.save(((key, (_token(f"AT-{number}-{turn}", f"s{turn}"),)),))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in range(8):
        assert len(store.load(AppKey("h.example", f"tenant-{number}", "client")).access) == 5


def test_a_store_shows_no_token(store: Any) -> None:
    """I-7."""
    store.save(((_USER, _USER_FACTS),))
    assert "AT-user" not in repr(store)


def test_our_stores_cannot_be_pickled_or_copied(ours: Any) -> None:
    """They hold tokens and a lock."""
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(ours)
    with pytest.raises(TypeError, match="cannot be pickled"):
        copy.deepcopy(ours)


def test_a_snapshot_is_everything_at_this_moment() -> None:
    """What comes after does not change it."""
    store = MemoryStore()
    store.save(((_APP, (_token(),)),))
    snapshot = store.snapshot()
    store.save(((_BEHALF, (_token(),)),))
    assert set(snapshot) == {_APP}
