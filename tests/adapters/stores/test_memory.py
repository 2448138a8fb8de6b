"""What a store in memory lets go by itself: what was got with assertions that are over."""

from __future__ import annotations

from typing import Any

import pytest

from sansio_auth.identity import token_key
from sansio_auth.partition import (
    SESSION,
    AccessTokenStored,
    AppKey,
    AssertionKey,
    AssertionUsed,
    Dropped,
    Fact,
    HomeAccountFound,
    RefreshTokenStored,
    Tokens,
    UserKey,
)
from sansio_auth_adapters import MemoryStore, SerializableTokenCache, TokenCache

_NOW = 1_700_000_000
_USER = UserKey("h.example", "u.tenant")


def _key(digest: str) -> AssertionKey:
    return AssertionKey("h.example", "tenant", "client", digest)


def _token(at: int, life: int = 3_600, scope: str = "s") -> AccessTokenStored:
    return AccessTokenStored(
        token_key([scope]), ("AT", "Bearer", scope, at, at + life, at + life, None)
    )


def _behalf(digest: str, *facts: Fact) -> Any:
    key = _key(digest)
    return ((key, (*facts, HomeAccountFound("u.tenant"))), (_USER, (AssertionUsed(key),)))


def _later(store: MemoryStore, at: int) -> None:
    """Store something else by then."""
    store.save(((AppKey("h.example", "tenant", "client"), (_token(at),)),))


def _kept(store: MemoryStore) -> set[str]:
    return {key.digest for key in store.snapshot() if isinstance(key, AssertionKey)}


@pytest.fixture(params=[MemoryStore, TokenCache, SerializableTokenCache])
def store(request: pytest.FixtureRequest) -> Any:
    """Each store that keeps partitions in memory, empty."""
    return request.param()


def test_what_is_over_goes_when_something_is_stored(store: Any) -> None:
    """With its refresh token, which nobody would use; and nobody is told of it any more."""
    store.save(_behalf("d", _token(_NOW), RefreshTokenStored(("client", "", "s"), ("RT", _NOW))))
    _later(store, _NOW + 3_600)
    assert _kept(store) == {"d"}
    assert store.load(_USER).assertions == {_key("d")}
    _later(store, _NOW + 3_601)
    assert _kept(store) == set()
    assert store.load(_USER) == Tokens()


def test_what_can_still_be_used_stays(store: Any) -> None:
    """A second token of the same assertion that lives longer, or one that was got again."""
    store.save(_behalf("d", _token(_NOW)))
    store.save(_behalf("d", _token(_NOW + 10, 7_200, "t")))
    _later(store, _NOW + 3_700)
    assert len(store.load(_key("d")).access) == 2
    store.save(_behalf("d", _token(_NOW + 3_700)))
    _later(store, _NOW + 7_250)
    assert _kept(store) == {"d"}
    _later(store, _NOW + 7_400)
    assert _kept(store) == set()


def test_a_session_outlives_its_tokens(store: Any) -> None:
    """Its refresh token gets the next one; without one there is nothing to come back for."""
    refresh = RefreshTokenStored(("client", "", "s"), ("RT", _NOW))
    store.save(_behalf(f"{SESSION}with", _token(_NOW), refresh))
    store.save(_behalf(f"{SESSION}without", _token(_NOW)))
    _later(store, _NOW + 9_000)
    assert _kept(store) == {f"{SESSION}with"}
    assert store.load(_USER).assertions == {_key(f"{SESSION}with")}
    store.save(((_key(f"{SESSION}with"), (Dropped(),)),))
    _later(store, _NOW + 9_001)
    assert _kept(store) == set()


def test_what_holds_no_token_at_all_goes_at_the_next_occasion(store: Any) -> None:
    """The server gave one that cannot be kept, and said whose it was."""
    store.save(_behalf("d"))
    store.save(_behalf("e", RefreshTokenStored(("client", "", "s"), ("RT", _NOW))))
    assert _kept(store) == {"d", "e"}
    _later(store, _NOW + 1)
    assert _kept(store) == set()


def test_nobody_waits_while_thousands_go(store: Any) -> None:
    """Each save drops a few, which is more than it can add."""
    for number in range(1_000):
        store.save(_behalf(f"d{number}", _token(_NOW)))
    before = len(_kept(store))
    _later(store, _NOW + 4_000)
    assert before - 10 <= len(_kept(store)) < before
    for _ in range(200):
        _later(store, _NOW + 4_000)
    assert _kept(store) == set()


def test_a_user_who_is_not_known_is_nobody_to_tell(store: Any) -> None:
    """The answer did not say whose token it is."""
    store.save(((_key("d"), (_token(_NOW),)),))
    _later(store, _NOW + 4_000)
    assert _kept(store) == set()


def test_time_is_what_fresh_rows_say() -> None:
    """Facts that have no time drop nothing."""
    store = MemoryStore()
    store.save(_behalf("d", _token(_NOW)))
    store.save(((_USER, (HomeAccountFound("x"),)),))
    assert _kept(store) == {"d"}
