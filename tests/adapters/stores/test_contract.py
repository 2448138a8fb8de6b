"""What every store owes: one suite for all of them."""

from __future__ import annotations

import copy
import pickle
import threading
from collections.abc import Callable
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
    ClientSeen,
    Dropped,
    Found,
    IdTokenStored,
    RefreshTokenStored,
    SignedOut,
    UserKey,
    empty,
)
from sansio_auth_adapters import MemoryStore, SerializableTokenCache, TokenCache
from sansio_auth_adapters.stores.msal import ForeignTokenCache

_APP = AppKey("h.example", "tenant", "client")
_USER = UserKey("h.example", "u.tenant")
_BEHALF = AssertionKey("h.example", "tenant", "client", "digest")
_NOW = 4_000_000_000

_STORES: dict[str, Callable[[], Any]] = {
    "memory": MemoryStore,
    "TokenCache": TokenCache,
    "SerializableTokenCache": SerializableTokenCache,
    "msal.TokenCache": lambda: ForeignTokenCache(msal.TokenCache()),
    "msal.SerializableTokenCache": lambda: ForeignTokenCache(msal.SerializableTokenCache()),
}


@pytest.fixture(params=sorted(_STORES))
def store(request: pytest.FixtureRequest) -> Any:
    """Each kind of store in turn, empty."""
    return _STORES[request.param]()


def _token(secret: str = "AT", scope: str = "s", owner: tuple[str, ...] = ()) -> AccessTokenStored:
    row = (secret, "Bearer", scope, _NOW, _NOW + 3_600, _NOW + 3_600, None)
    return AccessTokenStored(token_key(scope.split(), owner=owner), row)


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


@pytest.mark.parametrize("kind", [MemoryStore, TokenCache, SerializableTokenCache])
def test_our_stores_cannot_be_pickled_or_copied(kind: Any) -> None:
    """They hold tokens and a lock."""
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(kind())
    with pytest.raises(TypeError, match="cannot be pickled"):
        copy.deepcopy(kind())


def test_a_snapshot_is_everything_at_this_moment() -> None:
    """What comes after does not change it."""
    store = MemoryStore()
    store.save(((_APP, (_token(),)),))
    snapshot = store.snapshot()
    store.save(((_BEHALF, (_token(),)),))
    assert set(snapshot) == {_APP}
