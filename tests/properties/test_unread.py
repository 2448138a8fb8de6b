"""A cache file that is read bit by bit is the one that is read at once (I-9)."""

from __future__ import annotations

import json
from threading import Thread
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sansio_auth import Tokens
from sansio_auth.identity import token_key
from sansio_auth.msal_format import dump, load, sort
from sansio_auth.partition import (
    AccessTokenStored,
    Accounts,
    AccountSeen,
    AppKey,
    AppTokens,
    AssertionKey,
    ClientSeen,
    Query,
    SignedOut,
    UserKey,
)
from sansio_auth_adapters import SerializableTokenCache
from sansio_auth_adapters.stores._unread import Unread
from tests.core.test_msal_format import _HOST, _NOW, _TENANT, _event, _events, _msal

_QUICK = settings(max_examples=100, deadline=None)
_LATER = _NOW + 10

_values = st.sampled_from([None, "", "s", "x", "client", _HOST, _TENANT, str(_NOW), 1, ["x"]])
_members = st.sampled_from([
    "environment", "home_account_id", "client_id", "realm", "target", "secret", "cached_at",
    "expires_on", "username", "family_id", "user_assertion_hash", "mystery",
])  # fmt: skip
_sections = st.sampled_from(["AccessToken", "RefreshToken", "IdToken", "Account", "AppMetadata"])


@st.composite
def _files(draw: st.DrawFn) -> Any:
    """A file of msal's, in which some entries were changed, moved, doubled or broken."""
    cache = _msal(*draw(st.lists(_events, max_size=6)))
    for _ in range(draw(st.integers(0, 4))):
        section = cache.get(draw(_sections)) or {"other": {}}
        key = draw(st.sampled_from(sorted(section)))
        entry = dict(section[key]) if isinstance(section[key], dict) else {}
        match draw(st.sampled_from(["member", "double", "move", "break", "section", "empty"])):
            case "member":
                section[key] = {**entry, draw(_members): draw(_values)}
            case "double":
                section["double"] = {**entry, "mystery": 1}
            case "move":
                section["moved"] = section.pop(key)
            case "break":
                section[key] = draw(_values)
            case "section":
                cache["Mystery"] = draw(_values)
            case _:
                cache.setdefault(draw(_sections), {})
    return cache


@_QUICK
@given(_files(), st.booleans(), st.data())
def test_whatever_has_been_taken_out_the_whole_is_the_whole(
    cache: Any, strict: bool, data: Any
) -> None:
    """I-9: a partition is that of the whole file, in whatever order they are asked for."""
    at_once = load(cache, strict=strict)
    unread = Unread(json.loads(json.dumps(cache)), strict=strict)
    owners = data.draw(st.permutations(list(sort(cache).places)))
    taken: Any = {}
    for owner in owners:
        tokens = unread.take(owner)
        assert unread
        unread.taken(owner)
        assert tokens == at_once.partitions.get(owner)
        if tokens is not None:
            taken[owner] = tokens
        assert dump(taken, unread.copy()) == cache
    assert taken == at_once.partitions
    assert unread.left == at_once.foreign
    assert unread.owners() == ()
    assert not unread


def _both(
    cache: Any, *, strict: bool = False
) -> tuple[SerializableTokenCache, SerializableTokenCache]:
    """Return the cache read bit by bit, and read at once."""
    slow, fast = SerializableTokenCache(strict=strict), SerializableTokenCache(strict=strict)
    for it in (slow, fast):
        it.deserialize(json.dumps(cache))
    _ = fast.snapshot()
    return slow, fast


_row = ("NEW", "Bearer", "s", _LATER, _LATER + 60, _LATER + 60, None)
_owners = st.sampled_from([
    AppKey(_HOST, _TENANT, "client"), AppKey(_HOST, "adfs", "client"),
    UserKey(_HOST, f"alice.{_TENANT}"), UserKey(_HOST, f"bob.{_TENANT}"),
    AssertionKey(_HOST, _TENANT, "client", "d"),
])  # fmt: skip
_facts = st.sampled_from([
    AccessTokenStored(token_key(["s"]), _row),
    AccessTokenStored(token_key(["s"], owner=("client", _TENANT)), _row),
    ClientSeen("client", "1"),
    ClientSeen("new"),
    AccountSeen(_TENANT, ("l", "Somebody@x", "MSSTS", None)),
    SignedOut("client"),
])  # fmt: skip
_asked: list[Query] = [
    Accounts(_HOST), Accounts(_HOST, "ALICE@x"), Accounts(_HOST, "somebody@x"), Accounts("h"),
    AppTokens(_HOST, "client"), AppTokens(_HOST, "nobody"),
]  # fmt: skip


def _found(cache: SerializableTokenCache, section: str, **query: Any) -> list[str]:
    return sorted(json.dumps(it) for it in cache.search(section, query=query, now=_LATER))


@_QUICK
@given(_files(), st.booleans(), st.data())
def test_a_cache_that_reads_late_says_what_one_that_has_read_says(
    cache: Any, strict: bool, data: Any
) -> None:
    """Whatever is asked and done, and what is written in the end."""
    slow, fast = both = _both(cache, strict=strict)
    for _ in range(data.draw(st.integers(1, 6))):
        match data.draw(st.sampled_from(["look", "find", "search", "save", "modify", "remove"])):
            case "look":
                owner = data.draw(_owners)
                assert slow.peek(owner) == fast.peek(owner)
                assert slow.load(owner) == fast.load(owner)
            case "find":
                query = data.draw(st.sampled_from(_asked))
                one, other = (dict(it.look_up(query).partitions) for it in both)
                assert one == other
            case "search":
                section = data.draw(_sections)
                assert _found(slow, section) == _found(fast, section)
            case "save":
                change = ((data.draw(_owners), (data.draw(_facts),)),)
                assert slow.save(change) == fast.save(change)
            case what:
                section = data.draw(_sections)
                found = [json.loads(it) for it in _found(slow, section)]
                if found:
                    entry = data.draw(st.sampled_from(found))
                    new = {data.draw(_members): "x"} if what == "modify" else None
                    for it in both:
                        it.modify(section, entry, new)
        assert slow.has_state_changed == fast.has_state_changed
    assert json.loads(slow.serialize()) == json.loads(fast.serialize())
    assert slow.snapshot() == fast.snapshot()


@_QUICK
@given(_files())
def test_reading_changes_nothing_that_is_written(cache: Any) -> None:
    """Neither to look nor to look for; the text is the one that was read, but for its order."""
    for it in _both(cache):
        _ = it.look_up(Accounts(_HOST))
        assert json.loads(it.serialize()) == cache
        assert not it.has_state_changed


def test_only_what_is_asked_for_is_read() -> None:
    """The rest stays what it was; a token is stored beside what was there."""
    cache = _msal(*(_event(f"user{number}") for number in range(5)))
    it, _ = _both(cache)
    key = UserKey(_HOST, f"user3.{_TENANT}")
    row = ("NEW", "Bearer", "t", _LATER, _LATER + 60, _LATER + 60, None)
    it.save(((key, (AccessTokenStored(token_key(["t"], owner=("client", _TENANT)), row),)),))
    assert repr(it) == "MemoryStore(1 partitions)"
    tokens = it.peek(key)
    assert isinstance(tokens, Tokens)
    assert len(tokens.access) == 2
    assert len(json.loads(it.serialize())["AccessToken"]) == 6
    assert tokens.clients == {"client": None}


def test_whoever_asks_while_another_thread_reads_waits_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The last owner's entries are out of the file, and not yet where everybody looks."""
    it, _ = _both(_msal(_event("user1")))
    key, found = UserKey(_HOST, f"user1.{_TENANT}"), list[Any]()
    other = Thread(target=lambda: found.append(it.peek(key)))
    read = Unread.read

    def slowly(unread: Unread, *arguments: Any) -> Any:
        other.start()
        other.join(0.2)
        return read(unread, *arguments)

    monkeypatch.setattr(Unread, "read", slowly)
    tokens = it.peek(key)
    other.join(10)
    assert isinstance(tokens, Tokens)
    assert found == [tokens]
