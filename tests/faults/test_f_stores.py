"""Section F, rows 174-181: stores that fail, and several at once."""

from __future__ import annotations

import errno
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, NoReturn

import msal  # type: ignore[import-untyped]  # it ships no types
import pytest

from sansio_auth import (
    Failure,
    Load,
    Save,
    TransportError,
)
from sansio_auth.identity import token_key
from sansio_auth.partition import (
    AccessRow,
    AccessTokenStored,
)
from sansio_auth_adapters import (
    ConfidentialClientApplication,
    MemoryStore,
    SerializableTokenCache,
    TokenCache,
)
from sansio_auth_adapters.stores.msal import ForeignTokenCache
from tests.faults.test_a_token_endpoint import (
    GRAPH,
    HOST,
    MINE,
    TENANT,
    WEB_API,
    body,
    client,
    ok,
    token_of,
    world,
)

_NOW: Final = 1_700_000_000
_OTHER_TENANT: Final = "99999999-2222-3333-4444-555555555555"


def _row(secret: str, now: int, target: str = "s") -> AccessRow:
    return (secret, "Bearer", target, now, now + 3_600, now + 3_600, None)


# --- stores that fail --------------------------------------------------------------------------


def _with_store(answer: Callable[[Any], Any], seconds: float = 0.0) -> Any:
    """Play a call whose token store answers like that, and that much later."""
    at = world(ok())
    flow = client().acquire_token_for_client([GRAPH]).start(now=at.clock.now, seed=bytes(32))
    while (effect := flow.pending) is not None:
        value = at.answer(effect)
        if isinstance(effect, Load | Save):
            at.clock.advance(seconds)
            value = answer(effect) or value
        flow.answer(effect, value, now=at.clock.now)
    return flow


@pytest.mark.parametrize(
    ("effects", "warnings"),
    [
        pytest.param((Load,), ("knowledge_load_failed", "store_load_failed"), id="row174-load"),
        pytest.param((Save,), ("store_save_failed",), id="row177-save"),
        pytest.param(
            (Load, Save),
            ("knowledge_load_failed", "store_load_failed", "store_save_failed"),
            id="row174-all",
        ),
    ],
)
def test_a_store_that_fails_is_told_and_costs_no_token(
    effects: tuple[type, ...], warnings: tuple[str, ...]
) -> None:
    """I-1 and I-2: it is as if nothing were stored."""
    flow = _with_store(lambda it: Failure("store") if isinstance(it, effects) else None)
    assert token_of(flow).metadata.warnings == warnings


@pytest.mark.parametrize(
    "seconds", [pytest.param(1.0, id="row174-late"), pytest.param(14.0, id="row174-very-late")]
)
def test_a_store_that_is_late_costs_only_time(seconds: float) -> None:
    """Of the 30 seconds that a call has."""
    assert token_of(_with_store(lambda _: None, seconds)).metadata.warnings == ()


@pytest.mark.parametrize("seconds", [pytest.param(16.0, id="row174-later-than-the-deadline")])
def test_a_store_that_takes_the_whole_time_ends_the_call(seconds: float) -> None:
    """Architecture section 5: the deadline is the call's; nothing is sent after it."""
    error = _with_store(lambda _: None, seconds).error
    assert isinstance(error, TransportError)
    assert (error.kind, error.sent) == ("deadline", False)


class _CacheError(Exception):
    """What a store of the caller's raises where a key does not fit."""


class _Failing:
    """A cache object like msal's whose methods of these names raise."""

    def __init__(self, error: Exception, *names: str) -> None:
        self.inner = msal.TokenCache()
        self.error, self.names = error, names

    def _may(self, name: str) -> None:
        if name in self.names:
            raise self.error

    def search(self, kind: str, target: Any = None, query: Any = None) -> Iterator[Any]:
        self._may("search")
        return iter([*self.inner.search(kind, target, query)])

    def find(self, kind: str, target: Any = None, query: Any = None) -> list[Any]:
        return [*self.search(kind, target, query)]

    def add(self, event: Any, **named: Any) -> None:
        self._may("add")
        self.inner.add(event, **named)

    def modify(self, *args: Any) -> None:
        self._may("modify")
        self.inner.modify(*args)


class _Client:
    """An injected client that always has a token."""

    class _Answer:
        status_code = 200
        headers = None
        text = body().decode()

    def post(self, *_: Any, **__: Any) -> Any:
        return self._Answer()

    def get(self, url: str, **_: Any) -> NoReturn:
        raise AssertionError(url)


@pytest.mark.parametrize("names", [("search",), ("add", "modify"), ("search", "add", "modify")])
@pytest.mark.parametrize(
    "error",
    [
        pytest.param(TimeoutError("late"), id="row174-timeout"),
        pytest.param(ValueError("no json"), id="row174-value-error"),
        pytest.param(StopIteration(), id="row174-stop-iteration"),
        pytest.param(OSError(errno.ENOSPC, "full"), id="row177-disk-full"),
        pytest.param(OSError(errno.EROFS, "read only"), id="row177-read-only"),
        pytest.param(PermissionError("no"), id="row177-not-permitted"),
        pytest.param(OSError(errno.ENOLCK, "no locks"), id="row177-no-locks"),
        pytest.param(_CacheError("wrong key"), id="row181-wrong-key"),
    ],
)
def test_a_callers_cache_that_fails_costs_no_token(
    error: Exception, names: tuple[str, ...]
) -> None:
    """Through the application: it behaves as if it were empty."""
    app = ConfidentialClientApplication(
        WEB_API, "the-application's-secret", f"https://{HOST}/{TENANT}",
        http_client=_Client(), token_cache=_Failing(error, *names),
    )  # fmt: skip
    for _ in range(2):
        result = app.acquire_token_for_client([GRAPH])
        assert (result["access_token"], result["token_source"]) == ("AT", "identity_provider")


@pytest.mark.parametrize("kind", [MemoryStore, TokenCache, SerializableTokenCache])
@pytest.mark.parametrize(
    "where", [pytest.param(type, id="row174-subclass"), pytest.param(lambda it: it, id="row174-it")]
)
def test_a_store_of_our_kind_that_cannot_be_peeked_into_costs_no_token(
    kind: type[MemoryStore], where: Callable[[object], object]
) -> None:
    """Somebody's subclass, or what a test put in place of our `peek`, is trusted like others."""

    class Theirs(kind):  # type: ignore[misc, valid-type]
        pass

    def peek(*_: object) -> NoReturn:
        raise LookupError("no such key")

    store = Theirs()
    setattr(where(store), "peek", peek)  # noqa: B010 - of a class or an object
    app = ConfidentialClientApplication(
        WEB_API, "the-application's-secret", f"https://{HOST}/{TENANT}",
        http_client=_Client(), token_cache=store,
    )  # fmt: skip
    assert [app.acquire_token_for_client([GRAPH])["access_token"] for _ in range(2)] == ["AT"] * 2


@pytest.mark.parametrize(
    "opened",
    [
        pytest.param(MemoryStore, id="row176-memory"),
        pytest.param(SerializableTokenCache, id="row176-serializable"),
        pytest.param(lambda: ForeignTokenCache(msal.TokenCache()), id="row176-foreign"),
    ],
)
def test_two_writers_who_began_alike_lose_nothing(opened: Callable[[], Any]) -> None:
    """Facts are applied to what is stored by then, entry by entry."""
    store, now = opened(), 4_000_000_000
    keys = [token_key([f"s{n}"]) for n in range(2)]
    seen = [store.load(MINE) for _ in range(2)]
    for key in keys:
        store.save(((MINE, (AccessTokenStored(key, _row("AT", now, target=key[-1])),)),))
    assert set(store.load(MINE).access) == set(keys)
    newer = AccessTokenStored(keys[0], _row("NEWER", now + 5, target=keys[0][-1]))
    store.save(((MINE, (newer,)),))
    assert store.load(MINE).access[keys[0]][0] == "NEWER"
    assert [dict(it.access) for it in seen] == [{}, {}]


# --- the application's cache object ------------------------------------------------------------

_EVENT: Final[dict[str, Any]] = {
    "client_id": WEB_API,
    "scope": ["s"],
    "token_endpoint": f"https://{HOST}/{TENANT}/oauth2/v2.0/token",
    "response": {"access_token": "AT", "token_type": "Bearer", "expires_in": 3_600},
    "grant_type": "client_credentials",
}


def _first(cache: SerializableTokenCache) -> dict[str, Any]:
    return dict(next(cache.search("AccessToken", now=_NOW)))


@pytest.mark.parametrize(
    ("act", "changes"),
    [
        pytest.param(lambda it: it.add(_EVENT, now=_NOW), True, id="row179-add"),
        pytest.param(
            lambda it: it.modify("AccessToken", _first(it), {"secret": "x"}), True,
            id="row179-modify",
        ),
        pytest.param(lambda it: it.remove_at(_first(it)), True, id="row179-remove"),
        pytest.param(
            lambda it: it.save(((MINE, (AccessTokenStored(token_key(["t"]), _row("x", _NOW)),)),)),
            True, id="row179-save",
        ),
        pytest.param(_first, False, id="row179-search"),
        pytest.param(lambda it: [*it.search("Account")], False, id="row179-search-of-nothing"),
        pytest.param(lambda it: it.load(MINE), False, id="row179-load"),
        pytest.param(lambda it: it.peek(MINE), False, id="row179-peek"),
        pytest.param(lambda it: it.snapshot(), False, id="row179-snapshot"),
        pytest.param(repr, False, id="row179-repr"),
    ],
)  # fmt: skip
def test_what_changes_a_cache_is_remembered_until_it_is_written(
    act: Callable[[SerializableTokenCache], object], *, changes: bool
) -> None:
    """Reading never does; writing and reading the whole text reset it."""
    cache = SerializableTokenCache()
    assert cache.has_state_changed is False
    cache.add(_EVENT, now=_NOW)
    for reset in (cache.serialize, lambda: cache.deserialize(cache.serialize())):
        _ = reset()
        assert cache.has_state_changed is False
        _ = act(cache)
        assert cache.has_state_changed is changes
        cache.add(_EVENT, now=_NOW)


@pytest.mark.parametrize("count", [pytest.param(20, id="row180-in-one-thread")])
def test_who_iterates_sees_what_was_there_when_they_began(count: int) -> None:
    """Whatever becomes of the cache meanwhile."""
    cache = SerializableTokenCache()
    for number in range(count):
        cache.add({**_EVENT, "scope": [f"s{number}"]}, now=_NOW)
    found = cache.search("AccessToken", now=_NOW)
    assert next(found)["secret"] == "AT"
    cache.deserialize("{}")
    assert len([*found]) == count - 1
    assert [*cache.search("AccessToken", now=_NOW)] == []


@pytest.mark.parametrize("turns", [pytest.param(60, id="row180-in-two-threads")])
def test_a_cache_that_is_replaced_shows_the_old_or_the_new(turns: int) -> None:
    """Never half of one, to threads that search it or write it out."""
    texts = []
    for word in ("old", "new"):
        cache = SerializableTokenCache()
        for number in range(10):
            event = {**_EVENT, "scope": [f"{word}{number}"]}
            cache.add({**event, "response": {**_EVENT["response"], "access_token": word}}, now=_NOW)
        texts.append(cache.serialize())
    shared, over = SerializableTokenCache(), threading.Event()
    shared.deserialize(texts[0])

    def look() -> set[tuple[str, ...]]:
        seen: set[tuple[str, ...]] = set()
        while not over.is_set():
            found = shared.search("AccessToken", now=_NOW)
            seen.add(tuple(str(entry["secret"]) for entry in found))
            written = json.loads(shared.serialize())["AccessToken"].values()
            seen.add(tuple(entry["secret"] for entry in written))
        return seen

    with ThreadPoolExecutor(2) as pool:
        watchers = [pool.submit(look) for _ in range(2)]
        for turn in range(turns):
            shared.deserialize(texts[turn % 2])
        over.set()
        seen = {it for watcher in watchers for it in watcher.result(30)}
    assert seen <= {("old",) * 10, ("new",) * 10}
