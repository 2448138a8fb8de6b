"""Section G, row 193: a process is forked while its threads are in the middle of something."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable
from operator import attrgetter
from typing import Any, Final

import pytest

from sansio_auth.identity import token_key
from sansio_auth.partition import AccessTokenStored, AppKey, KnowledgeKey, RegionFound
from sansio_auth.wire import HttpRequest
from sansio_auth_adapters import ConfidentialClientApplication, TokenCache, single_flight
from sansio_auth_adapters.stores.knowledge import KnowledgeStore
from sansio_auth_adapters.testing.faultserver import answering, response
from sansio_auth_adapters.testing.fixtures import Serve, leaving, serve
from sansio_auth_adapters.transports.httpx import HttpxTransport
from sansio_auth_adapters.transports.urllib3 import Urllib3Transport
from tests.faults.aids import TENANT, WEB_API, Answer
from tests.faults.rows import row

__all__ = ["leaving", "serve"]

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork"),
    pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning"),
]

_LONG: Final = 20
_SCOPES: Final = ["s/.default"]


def _in_child(work: Callable[[], object]) -> int:
    """Run something in a forked child; return 0 if it was done, a signal if it hung."""
    child = os.fork()
    if child == 0:
        code = 1
        _ = signal.alarm(_LONG)
        with contextlib.suppress(BaseException):
            _ = work()
            code = 0
        os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


class _Client:
    """An `http_client` whose answers in the process that made it wait until they are let go."""

    def __init__(self) -> None:
        self.asked, self.go = threading.Event(), threading.Event()
        self._home = os.getpid()

    def post(self, url: str, **_: Any) -> Answer:
        token = "child's"
        if os.getpid() == self._home:
            token = "parent's"
            self.asked.set()
            assert self.go.wait(_LONG), url
        return Answer(200, f'{{"access_token":"{token}","token_type":"Bearer","expires_in":3600}}')

    def get(self, url: str, **_: Any) -> Answer:
        raise AssertionError(url)


def _application(client: _Client, **more: Any) -> Any:
    return ConfidentialClientApplication(WEB_API, "secret", TENANT, http_client=client, **more)


def test_row193_a_child_waits_for_no_flight_of_its_parents() -> None:
    """It asks for itself; the parent's flight goes on and its waiters get what it brings."""
    client = _Client()
    app = _application(client)
    told: list[str] = []

    def ask() -> None:
        told.append(app.acquire_token_for_client(_SCOPES)["access_token"])

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert client.asked.wait(_LONG)

    def work() -> None:
        ask()
        assert told == ["child's"]
        assert app.acquire_token_for_client(_SCOPES)["token_source"] == "cache"

    assert _in_child(work) == 0
    client.go.set()
    for thread in threads:
        thread.join(_LONG)
    assert told == ["parent's"] * 4


_LOCKS: Final[list[Any]] = [
    row(193, "the-store's", "token_cache._lock"),
    row(193, "the-flights'", "_flights._lock"),
    row(193, "the-counters'", "_counters._lock"),
    row(193, "the-knowledge's", "_knowledge._lock"),
]


@pytest.mark.parametrize("lock", _LOCKS)
def test_a_child_finds_every_lock_free(lock: str) -> None:
    """Also where another thread held it at that moment, which does not exist in the child."""
    client = _Client()
    client.go.set()
    app = _application(client, http_cache={}, token_cache=TokenCache())
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with attrgetter(lock)(app):
            held.set()
            assert done.wait(_LONG)

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(_LONG)

    def work() -> None:
        assert app.acquire_token_for_client(_SCOPES)["access_token"] == "child's"
        _ = app._knowledge.save(((KnowledgeKey(TENANT), ()),))
        assert not attrgetter(lock)(app).locked()

    assert _in_child(work) == 0
    done.set()
    thread.join(_LONG)
    assert app.acquire_token_for_client(_SCOPES)["access_token"] == "parent's"


def test_row193_a_child_makes_applications_though_somebody_was_making_one() -> None:
    """The table of flights by store has a lock of its own."""
    with single_flight._stores.lock:
        assert _in_child(lambda: _application(_Client())) == 0


class _Slow(dict[str, object]):
    """An `http_cache` that is in the middle of being written in the process that made it."""

    def __init__(self) -> None:
        super().__init__()
        self.entered, self.go = threading.Event(), threading.Event()
        self._home = os.getpid()

    def __setitem__(self, key: str, value: object) -> None:
        if os.getpid() == self._home:
            self.entered.set()
            assert self.go.wait(_LONG)
        super().__setitem__(key, value)


def test_row193_a_child_writes_knowledge_that_its_parent_was_writing() -> None:
    """Whoever wrote it is not there to write the child's too."""
    cache = _Slow()
    store = KnowledgeStore(cache)
    key = KnowledgeKey(TENANT)
    thread = threading.Thread(target=store.save, args=(((key, (RegionFound("westus2"),)),),))
    thread.start()
    assert cache.entered.wait(_LONG)

    def work() -> None:
        _ = store.save(((key, ()),))
        assert "westus2" in str(cache["sansio_auth"])

    assert _in_child(work) == 0
    cache.go.set()
    thread.join(_LONG)
    assert "westus2" in str(cache["sansio_auth"])


@pytest.mark.parametrize(
    "kind", [row(193, "urllib3", Urllib3Transport), row(193, "httpx", HttpxTransport)]
)
def test_two_processes_never_share_a_socket(kind: Any, serve: Serve) -> None:
    """They would read each other's tokens; the parent's connection stays its own, and open."""
    server = serve(answering(response(200, b"{}")))
    transport = kind(proxies={}) if kind is Urllib3Transport else kind()
    request = HttpRequest("POST", server.url(), form=(("a", "b"),), timeout=5)
    assert transport.send(request).status == 200

    def work() -> None:
        assert transport.send(request).status == 200
        assert transport.send(request).status == 200
        transport.close()

    assert _in_child(work) == 0
    assert server.connections == 2
    assert transport.send(request).status == 200
    assert server.connections == 2
    transport.close()


def test_row193_what_was_stored_before_is_there_in_the_child() -> None:
    """A fork copies the cache; what either stores afterwards the other does not see."""
    client = _Client()
    client.go.set()
    app = _application(client)
    app.acquire_token_for_client(_SCOPES)
    key = AppKey("h", "t", "c")
    stored = ("AT", "Bearer", "s", 1, 2, 2, None)

    def work() -> None:
        assert app.acquire_token_for_client(_SCOPES)["access_token"] == "parent's"
        app.token_cache.save(((key, (AccessTokenStored(token_key(["s"]), stored),)),))
        assert app.token_cache.peek(key) is not None

    assert _in_child(work) == 0
    assert app.token_cache.peek(key) is None
