"""What a process has at hand: who knows better, what waits, and what goes."""

from __future__ import annotations

from typing import Any, Final

import pytest

from sansio_auth import Tokens, apply_all
from sansio_auth.identity import token_key
from sansio_auth.partition import AccessTokenStored, AppKey, ClientSeen, Dropped, RefreshTokenStored
from sansio_auth_adapters.stores._in_memory import InMemory, Seen, still_new

_KEY: Final = AppKey("h.example", "tenant", "client")
_OLD: Final = (1, 1, 1)
_NEW: Final = (2, 2, 2)


def _token(secret: str, scope: str = "s", now: int = 1_000) -> AccessTokenStored:
    row = (secret, "Bearer", scope, now, now + 3_600, now + 3_600, None)
    return AccessTokenStored(token_key([scope]), row)


def _tokens(*secrets: str) -> Any:
    return apply_all(Tokens(), tuple(_token(it, it) for it in secrets))


def _at_hand(memory: InMemory) -> set[str]:
    return {row[0] for row in memory.seen[_KEY].tokens.access.values()}


def test_who_was_slow_to_read_does_not_undo_what_was_done_meanwhile() -> None:
    """Another thread wrote, or dropped it, after the file was read."""
    memory = InMemory(9)
    memory.read(_KEY, _tokens("old"), _OLD, None)
    before = memory.seen[_KEY]
    memory.written(_KEY, _tokens("old", "new"), _NEW, 0)
    assert memory.read(_KEY, _tokens("old"), _OLD, before) == _tokens("old", "new")
    assert _at_hand(memory) == {"old", "new"}
    memory.written(_KEY, Tokens(), None, 0)
    assert memory.read(_KEY, _tokens("old"), _OLD, before) == _tokens("old")
    assert memory.seen == {}


def test_what_comes_to_wait_during_a_save_goes_on_waiting() -> None:
    """Only what was written is not to be written any more."""
    memory = InMemory(9)
    memory.not_written(_KEY, (_token("one", "one"),))
    assert len(memory.waiting(_KEY)) == 1
    memory.not_written(_KEY, (_token("two", "two"), _token("three", "three")))
    newest = memory.written(_KEY, _tokens("one"), _NEW, 1)
    assert newest == _tokens("one", "two", "three")
    assert len(memory.waiting(_KEY)) == 2
    assert memory.all_waiting() == {_KEY: newest}
    memory.written(_KEY, newest, _NEW, 2)
    assert memory.all_waiting() == {}


def test_nothing_is_kept_of_what_is_not_there() -> None:
    """But that something is to be dropped is."""
    memory = InMemory(9)
    memory.read(_KEY, Tokens(), None, None)
    assert memory.seen == {}
    memory.not_written(_KEY, (Dropped(),))
    assert memory.seen == {_KEY: Seen(Tokens(), None)}
    assert memory.read(_KEY, _tokens("old"), _OLD, memory.seen[_KEY]) == Tokens()


def test_what_has_been_here_longest_goes_first() -> None:
    """With what of it was to be written."""
    memory = InMemory(2)
    keys = [AppKey("h.example", f"t{number}", "client") for number in range(3)]
    memory.not_written(keys[0], (_token("AT"),))
    for key in keys[1:]:
        memory.read(key, _tokens("AT"), _OLD, None)
    assert list(memory.seen) == keys[1:]
    assert memory.all_waiting() == {}


@pytest.mark.parametrize(("late", "kept"), [(-1, False), (0, True), (1, True)])
def test_of_two_tokens_the_newer_one_is_kept(late: int, kept: bool) -> None:
    """By the time at which they were issued; other facts have no such time."""
    access, refresh = _token("AT", now=1_000), RefreshTokenStored(("c", "", "s"), ("RT", 1_000))
    stored: Any = apply_all(Tokens(), (access, refresh))
    waiting = (
        _token("LATE", now=1_000 + late),
        RefreshTokenStored(refresh.key, ("RT-LATE", 1_000 + late)),
    )
    always = (_token("OTHER", "t", 0), RefreshTokenStored(("d", "", "s"), ("", 0)), ClientSeen("c"))
    assert still_new((*waiting, *always), stored) == ((*waiting, *always) if kept else always)
