"""The async application: what it is given, what it gives, and how it shares one request."""

from __future__ import annotations

import asyncio
import pickle
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

import aiohttp
import anyio
import anyio.lowlevel
import httpx
import httpx2
import pytest
from attrs import define, field

from sansio_auth.errors import (
    AssertionFailed,
    ConfigurationError,
    FlowError,
    ServiceError,
    TransportError,
)
from sansio_auth.partition import Fact, Found, Partition, PartitionKey, Query
from sansio_auth.wire import HttpRequest, HttpResponse
from sansio_auth_adapters import (
    AsyncConfidentialClientApplication,
    ConfidentialClientApplication,
    MemoryStore,
)

TENANT: Final = "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555"
SCOPES: Final = ["api://r/.default"]
LONG: Final = 20.0
LOOPS: Final = pytest.mark.parametrize("loop", ["asyncio", "trio"])


@define
class Line:
    """An async transport whose answers wait until they are released."""

    sent: list[HttpRequest] = field(factory=list[HttpRequest])
    open: bool = True
    life: int = 3600
    refresh_in: int | None = None
    closed: int = 0
    nonsense: object = None

    async def send(self, request: HttpRequest) -> HttpResponse:
        self.sent.append(request)
        number = len(self.sent)
        while not self.open:  # noqa: ASYNC110 - set from outside of any loop
            await anyio.sleep(0.001)
        if self.nonsense is not None:
            return self.nonsense  # type: ignore[return-value] # that is the point
        due = "" if self.refresh_in is None else f', "refresh_in": {self.refresh_in}'
        body = f'"access_token": "AT-{number}", "token_type": "Bearer", "expires_in": {self.life}'
        return HttpResponse(200, (), f"{{{body}{due}}}".encode())

    async def close(self) -> None:
        self.closed += 1


def make(line: object, **changes: Any) -> AsyncConfidentialClientApplication:
    """Return an application that speaks over a line."""
    given: dict[str, Any] = {"client_credential": "secret", "authority": TENANT, **changes}
    return AsyncConfidentialClientApplication("client", http_client=line, **given)


def in_loop(loop: str, test: Callable[[], Awaitable[None]]) -> None:
    """Run a test to its end, within a time."""

    async def bounded() -> None:
        with anyio.fail_after(LONG):
            await test()

    anyio.run(bounded, backend=loop)


# --- one request for many ------------------------------------------------------------------------


@LOOPS
@pytest.mark.parametrize(("callers", "identities"), [(200, 1), (1_000, 50)])
def test_as_many_requests_go_out_as_there_are_identities(
    loop: str, callers: int, identities: int
) -> None:
    """Whatever the number of tasks that ask at once (row 184)."""
    line = Line(open=False)

    async def test() -> None:
        app, got = make(line), list[str]()

        async def ask(number: int) -> None:
            scopes = [f"s{number % identities}/.default"]
            got.append((await app.acquire_token_for_client(scopes))["access_token"])

        async with anyio.create_task_group() as tasks:
            for number in range(callers):
                tasks.start_soon(ask, number)
            for _ in range(9):
                await anyio.lowlevel.checkpoint()
            line.open = True
        assert (len(got), len(set(got)), len(line.sent)) == (callers, identities, identities)

    in_loop(loop, test)


@LOOPS
def test_a_due_token_is_refreshed_by_one_while_the_others_use_it(loop: str) -> None:
    """Nobody but the one who asks waits."""
    line = Line(refresh_in=1)

    async def test() -> None:
        app, got = make(line), list[str]()
        assert (await app.acquire_token_for_client(SCOPES))["access_token"] == "AT-1"
        clock = time.time() + 60
        app._world = _at(app._world, clock)
        line.open = False

        async def ask() -> None:
            got.append((await app.acquire_token_for_client(SCOPES))["access_token"])

        async with anyio.create_task_group() as tasks:
            for _ in range(50):
                tasks.start_soon(ask)
            for _ in range(9):
                await anyio.lowlevel.checkpoint()
            assert got == ["AT-1"] * 49
            line.open = True
        assert (got[-1], len(line.sent)) == ("AT-2", 2)

    in_loop(loop, test)


def _at(world: Any, now: float) -> Any:
    from attrs import evolve

    return evolve(world, clock=lambda: now)


@LOOPS
def test_a_cancelled_caller_leaves_its_request_to_the_others(loop: str) -> None:
    """They are served by a request of one of them (row 186)."""
    line = Line(open=False)

    async def test() -> None:
        app, got = make(line), list[str]()

        async def ask() -> None:
            got.append((await app.acquire_token_for_client(SCOPES))["access_token"])

        async with anyio.create_task_group() as tasks:
            with anyio.CancelScope() as scope:
                async with anyio.create_task_group() as first:
                    first.start_soon(ask)
                    await anyio.sleep(0.01)
                    tasks.start_soon(ask)
                    tasks.start_soon(ask)
                    await anyio.sleep(0.01)
                    scope.cancel()
            line.open = True
        assert (got, len(line.sent)) == (["AT-2"] * 2, 2)

    in_loop(loop, test)


def test_a_hit_needs_no_event_loop() -> None:
    """The coroutine ends without having waited for anything."""
    line = Line()
    app = make(line)
    asyncio.run(_asked(app))
    coroutine = app.acquire_token_for_client(SCOPES)
    with pytest.raises(StopIteration) as stop:
        coroutine.send(None)
    assert stop.value.value["token_source"] == "cache"


async def _asked(app: AsyncConfidentialClientApplication) -> Any:
    return await app.acquire_token_for_client(SCOPES)


def test_an_application_outlives_its_loop() -> None:
    """One loop after another, and two in two threads (row 191)."""
    line = Line(life=10)  # each token is inside the margin at once
    app = make(line)
    for _ in range(2):
        assert "access_token" in asyncio.run(_asked(app))
    got: list[Any] = []

    def elsewhere() -> None:
        got.append(asyncio.run(_asked(app)))

    threads = [threading.Thread(target=elsewhere) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONG)
    assert all("access_token" in it for it in got)
    assert len(got) == 2


# --- credentials, clients and stores of either colour --------------------------------------------


async def _coroutine() -> str:
    return "a.b.c"


async def _with_context(context: dict[str, str]) -> bytes:
    return f"{context['client_id']}.b.c".encode()


class _Object:
    async def __call__(self) -> str:
        return "o.b.c"


def _returning_an_awaitable() -> Awaitable[str]:
    return _coroutine()


@LOOPS
@pytest.mark.parametrize(
    ("callback", "assertion"),
    [
        (_coroutine, "a.b.c"),
        (_with_context, "client.b.c"),
        (_Object(), "o.b.c"),
        (lambda: "s.b.c", "s.b.c"),
        (_returning_an_awaitable, "a.b.c"),
    ],
    ids=["coroutine", "with-context", "object", "ordinary", "awaitable"],
)
def test_assertions_may_come_from_either_colour(loop: str, callback: Any, assertion: str) -> None:
    """With and without the context, as text or bytes."""
    line = Line()

    async def test() -> None:
        app = make(line, client_credential={"client_assertion": callback})
        assert "access_token" in await app.acquire_token_for_client(SCOPES)
        assert dict(line.sent[0].form or ())["client_assertion"] == assertion

    in_loop(loop, test)


def test_an_ordinary_callback_does_not_hold_up_the_loop() -> None:
    """It runs in a thread of its own."""
    threads: list[int] = []

    def callback() -> str:
        threads.append(threading.get_ident())
        return "a.b.c"

    asyncio.run(_asked(make(Line(), client_credential={"client_assertion": callback})))
    assert threads != [threading.get_ident()]


def test_a_callback_that_gives_nonsense_is_told() -> None:
    """As in the sync application."""

    async def callback() -> int:
        return 1

    app = make(Line(), client_credential={"client_assertion": callback})
    with pytest.raises(AssertionFailed):
        asyncio.run(_asked(app))


def test_the_sync_application_says_what_to_do_with_async_parts() -> None:
    """Before anything is sent."""
    for client in (httpx.AsyncClient(), httpx2.AsyncClient(), Line(), _AsyncPost()):
        with pytest.raises(ConfigurationError, match="AsyncConfidentialClientApplication") as told:
            ConfidentialClientApplication("client", "secret", TENANT, http_client=client)
        assert told.value.code == "async_client"

    async def session() -> None:
        async with aiohttp.ClientSession() as it:
            with pytest.raises(ConfigurationError, match="has to be awaited"):
                ConfidentialClientApplication("client", "secret", TENANT, http_client=it)

    asyncio.run(session())
    with pytest.raises(ConfigurationError, match="AsyncConfidentialClientApplication") as told:
        ConfidentialClientApplication("client", "secret", TENANT, token_cache=AwaitedStore())
    assert told.value.code == "async_store"

    def late() -> Awaitable[str]:
        return _coroutine()

    app = ConfidentialClientApplication(
        "client", {"client_assertion": late}, TENANT, http_client=httpx.Client()
    )
    with pytest.raises(AssertionFailed) as failed:
        app.acquire_token_for_client(SCOPES)
    assert "AsyncConfidentialClientApplication" in str(failed.value.__cause__)
    app.close()


class _AsyncPost:
    async def post(self, url: str, **_: object) -> None:
        """Never called."""

    async def get(self, url: str, **_: object) -> None:
        """Never called."""


@define
class AwaitedStore:
    """A store that is awaited."""

    store: MemoryStore = field(factory=MemoryStore)
    loads: int = 0

    def peek(self, key: PartitionKey) -> Partition | None:
        return self.store.peek(key)

    async def load(self, key: PartitionKey) -> Partition:
        self.loads += 1
        await anyio.lowlevel.checkpoint()
        return self.store.load(key)

    async def save(self, changes: tuple[tuple[PartitionKey, tuple[Fact, ...]], ...]) -> Partition:
        await anyio.lowlevel.checkpoint()
        return self.store.save(changes)

    async def look_up(self, query: Query) -> Found:
        await anyio.lowlevel.checkpoint()
        return self.store.look_up(query)

    __hash__ = object.__hash__


@LOOPS
def test_a_store_may_be_awaited(loop: str) -> None:
    """And two applications on one store share what is in it."""
    line, store = Line(), AwaitedStore()

    async def test() -> None:
        other, app = make(line, token_cache=store), make(line, token_cache=store)
        for one in (other, app):
            assert (await one.acquire_token_for_client(SCOPES))["access_token"] == "AT-1"
        assert await app.get_accounts() == []
        await app.remove_tokens_for_client()
        assert (await app.acquire_token_for_client(SCOPES))["access_token"] == "AT-2"

    in_loop(loop, test)
    assert store.loads > 0


# --- attributes and ends -------------------------------------------------------------------------


@LOOPS
def test_the_authority_is_known_or_has_to_be_awaited(loop: str) -> None:
    """No property blocks."""

    async def test() -> None:
        app = make(Line())
        assert app.authority.tenant == (await app.discover()).tenant
        unknown = make(Line(nonsense=HttpResponse(500)), authority=f"{TENANT[:34]}contoso.com")
        with pytest.raises(FlowError, match="await discover"):
            _ = unknown.authority
        with pytest.raises(ServiceError):
            await unknown.discover()

    in_loop(loop, test)


@LOOPS
def test_a_closed_application_serves_what_it_has(loop: str) -> None:
    """And asks nobody."""
    line = Line()

    async def test() -> None:
        async with make(line) as app:
            await app.acquire_token_for_client(SCOPES)
            assert app.http_client.http_client is line
        assert line.closed == 1
        assert (await app.acquire_token_for_client(SCOPES))["token_source"] == "cache"
        with pytest.raises(FlowError, match="closed"):
            await app.acquire_token_for_client(["other/.default"])
        await app.http_client.close()
        assert line.closed == 2

    in_loop(loop, test)


@pytest.mark.parametrize("library", [httpx, httpx2], ids=["httpx", "httpx2"])
def test_a_closed_client_is_told_with_the_remedy(library: Any) -> None:
    """Of either colour."""
    client = library.Client()
    client.close()
    app = ConfidentialClientApplication("client", "secret", TENANT, http_client=client)
    with pytest.raises(TransportError, match="make an application with one that is open"):
        app.acquire_token_for_client(SCOPES)

    async def run() -> None:
        awaited = library.AsyncClient()
        await awaited.aclose()
        with pytest.raises(TransportError, match="make an application with one that is open"):
            await _asked(make(awaited))

    asyncio.run(run())


@pytest.mark.parametrize("answer", ["text", 200, {"status": 200}, HttpResponse(9)])
def test_a_transport_that_answers_nonsense_is_a_bug_that_is_told(answer: object) -> None:
    """With what was wrong about the answer; nothing is left half open."""
    line = Line(nonsense=answer)
    app = make(line)
    with pytest.raises(FlowError):
        asyncio.run(_asked(app))
    line.nonsense = None
    assert "access_token" in asyncio.run(_asked(app))


def test_it_cannot_be_pickled() -> None:
    """It holds keys, tokens and sockets."""
    with pytest.raises(TypeError, match="make another one"):
        pickle.dumps(make(Line()))


def test_no_network_and_no_loop_at_construction() -> None:
    """An application can be made at import time."""
    assert make(None)._flights is not None
