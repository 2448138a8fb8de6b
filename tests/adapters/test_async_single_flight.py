"""One request for many callers, when they are tasks: of one loop, of two, beside threads."""

from __future__ import annotations

import asyncio
import gc
import threading
import warnings
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest
from attrs import define, field

from sansio_auth.errors import TransportError
from sansio_auth_adapters.single_flight import Flights
from tests.faults.virtual_time import in_virtual_time

LONG: Final = 20.0  # seconds nobody waits in a green run
LOOPS: Final = pytest.mark.parametrize("loop", ["asyncio", "trio"])


def _nothing() -> None:
    """Have nothing instead."""


@define
class Work:
    """Work of a leader that ends when it is told to, and tells how often it was begun."""

    begun: int = 0
    release: anyio.Event = field(factory=anyio.Event)
    error: Exception | None = None

    async def __call__(self) -> str:
        self.begun += 1
        await self.release.wait()
        if self.error is not None:
            raise self.error
        return f"token {self.begun}"


async def share(flights: Flights, work: Callable[[], Awaitable[str]], key: str = "key") -> str:
    """Run with nothing instead."""
    return await flights.arun(key, work, patience=LONG, instead=_nothing)


def in_loop(loop: str, test: Callable[[], Awaitable[None]]) -> None:
    """Run a test to its end, within a time."""

    async def bounded() -> None:
        with anyio.fail_after(LONG):
            await test()

    anyio.run(bounded, backend=loop)


async def settled() -> None:
    """Let every task come as far as it can."""
    for _ in range(5):
        await anyio.lowlevel.checkpoint()


@LOOPS
@pytest.mark.parametrize(("callers", "keys"), [(1_000, 1), (1_000, 50)])
def test_a_thousand_tasks_make_one_request_a_key(loop: str, callers: int, keys: int) -> None:
    """They share its outcome (row 184)."""

    async def test() -> None:
        flights, work, got = Flights(), Work(), list[str]()

        async def call(number: int) -> None:
            got.append(await share(flights, work, str(number % keys)))

        async with anyio.create_task_group() as tasks:
            for number in range(callers):
                tasks.start_soon(call, number)
            await settled()
            assert (work.begun, len(flights)) == (keys, keys)
            work.release.set()
        assert (len(got), work.begun, len(flights)) == (callers, keys, 0)

    in_loop(loop, test)


@LOOPS
def test_each_waiting_task_gets_an_error_of_its_own(loop: str) -> None:
    """As waiting threads do."""

    async def test() -> None:
        error = TransportError("no connection", kind="connect", sent=False)
        flights, work, seen = Flights(), Work(error=error), list[Exception]()

        async def call() -> None:
            try:
                _ = await share(flights, work)
            except TransportError as raised:
                seen.append(raised)

        async with anyio.create_task_group() as tasks:
            for _ in range(5):
                tasks.start_soon(call)
            await settled()
            work.release.set()
        assert (len({id(it) for it in seen}), work.begun) == (5, 1)

    in_loop(loop, test)


@LOOPS
def test_a_cancelled_leader_leaves_its_place_to_a_waiter(loop: str) -> None:
    """No waiter sees the cancellation (row 186)."""

    async def test() -> None:
        flights, work, got = Flights(), Work(), list[str]()

        async def call() -> None:
            got.append(await share(flights, work))

        async with anyio.create_task_group() as tasks:
            with anyio.CancelScope() as leading:
                async with anyio.create_task_group() as leaders:
                    leaders.start_soon(call)
                    await settled()
                    for _ in range(4):
                        tasks.start_soon(call)
                    await settled()
                    leading.cancel()
            await settled()
            assert work.begun == 2
            work.release.set()
        assert got == ["token 2"] * 4

    in_loop(loop, test)


@LOOPS
def test_a_cancelled_waiter_troubles_nobody(loop: str) -> None:
    """The others get their outcome, from the same work (row 187)."""

    async def test() -> None:
        flights, work, got = Flights(), Work(), list[str]()

        async def call() -> None:
            got.append(await share(flights, work))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(call)
            await settled()
            tasks.start_soon(call)
            with anyio.move_on_after(0.001):
                await call()
            work.release.set()
        assert (got, work.begun) == (["token 1"] * 2, 1)

    in_loop(loop, test)


@LOOPS
@pytest.mark.parametrize("waiters", [0, 1, 2_000])
def test_when_all_are_cancelled_nothing_is_left(loop: str, waiters: int) -> None:
    """No flight, no bell, no task, no complaint; also of thousands (rows 188 and 190)."""

    async def test() -> None:
        flights, work = Flights(), Work()
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as tasks:
                for _ in range(waiters + 1):
                    tasks.start_soon(share, flights, work)
                await settled()
                assert work.begun == 1
                scope.cancel()
        assert (len(flights), work.begun) == (0, 1)
        work.release.set()
        assert await share(flights, work) == "token 2"

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        in_loop(loop, test)
        _ = gc.collect()


@LOOPS
@pytest.mark.parametrize("steps", range(8))
def test_a_cancellation_may_come_at_any_step(loop: str, steps: int) -> None:
    """Whoever is cancelled wherever it stands: the next caller is served (row 189)."""

    async def slow() -> str:
        for _ in range(4):
            await anyio.lowlevel.checkpoint()
        return "token"

    async def test() -> None:
        flights = Flights()
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as tasks:
                for _ in range(3):
                    tasks.start_soon(share, flights, slow)
                for _ in range(steps):
                    await anyio.lowlevel.checkpoint()
                scope.cancel()
        assert len(flights) == 0
        assert await share(flights, slow) == "token"

    in_loop(loop, test)


@LOOPS
def test_a_task_that_has_something_usable_does_not_wait(loop: str) -> None:
    """Nor does it work."""

    async def test() -> None:
        flights, work = Flights(), Work()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(share, flights, work)
            await settled()
            got = await flights.arun("key", work, patience=LONG, instead=lambda: "old token")
            assert (got, work.begun) == ("old token", 1)
            work.release.set()

    in_loop(loop, test)


@LOOPS
def test_a_task_whose_patience_ends_works_for_itself(loop: str) -> None:
    """It does not wait for ever on a leader that hangs."""

    async def own() -> str:
        return "own"

    async def test() -> None:
        flights, work = Flights(), Work()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(share, flights, work)
            await settled()
            assert await flights.arun("key", own, patience=0.001, instead=_nothing) == "own"
            work.release.set()

    in_loop(loop, test)


@pytest.mark.parametrize("hangs", [1, 2])
def test_of_those_whose_patience_ends_together_one_works(hangs: int) -> None:
    """A leader that hangs sends no herd after it, nor does a second one."""
    begun, got = list[float](), list[str]()

    async def test() -> None:
        flights, now = Flights(), asyncio.get_running_loop().time

        async def work() -> str:
            begun.append(now())
            number = len(begun)
            await asyncio.sleep(1_000.0 if number <= hangs else 2.0)
            return f"token {number}"

        async def ask() -> None:
            got.append(await flights.arun("key", work, patience=30.0, instead=_nothing))

        await asyncio.gather(*(ask() for _ in range(9)))
        assert len(flights) == 0

    in_virtual_time(test())
    assert [*map(round, begun)] == [0, 30, 60][: hangs + 1]
    assert got.count(f"token {hangs + 1}") == 9 - hangs


@LOOPS
def test_a_callback_that_comes_back_in_does_not_wait_for_itself(loop: str) -> None:
    """Awaited in the leader's task, started as a task, or in a worker thread of it."""

    async def test() -> None:
        flights = Flights()

        async def inner() -> str:
            return "inner"

        def blocking() -> str:
            return flights.run("key", lambda: "thread", patience=LONG, instead=_nothing)

        async def outer() -> str:
            got = [await share(flights, inner)]

            async def beside() -> None:
                got.append(await share(flights, inner))

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(beside)
            got.append(await anyio.to_thread.run_sync(blocking))
            return ", ".join(got)

        assert await share(flights, outer) == "inner, inner, thread"

    in_loop(loop, test)


@LOOPS
def test_a_blocking_call_in_the_leaders_thread_works_for_itself(loop: str) -> None:
    """To wait would stop the loop that the leader needs."""

    async def test() -> None:
        flights, work = Flights(), Work()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(share, flights, work)
            await settled()
            got = flights.run("key", lambda: "blocking", patience=LONG, instead=_nothing)
            assert got == "blocking"
            work.release.set()

    in_loop(loop, test)


@pytest.mark.parametrize("leading", ["asyncio", "trio"])
@pytest.mark.parametrize("waiting", ["asyncio", "trio", "thread"])
def test_a_flight_is_shared_across_loops_and_threads(leading: str, waiting: str) -> None:
    """Two loops in two threads, or a loop and a thread, on one store: one request (row 191)."""
    flights, begun, release = Flights(), threading.Event(), threading.Event()
    asked: Final[list[str]] = []
    came = threading.Event()

    async def work() -> str:
        asked.append("leader")
        begun.set()
        assert await anyio.to_thread.run_sync(partial(release.wait, LONG))
        return "token"

    async def never() -> str:
        asked.append("waiter")
        return "another"

    def waits() -> None:
        came.set()

    got: list[str] = []

    def lead() -> None:
        got.append(anyio.run(partial(share, flights, work), backend=leading))

    def wait() -> None:
        if waiting == "thread":
            got.append(flights.run("key", lambda: "another", patience=LONG, instead=waits))
        else:
            call = partial(flights.arun, "key", never, patience=LONG, instead=waits)
            got.append(anyio.run(call, backend=waiting))

    leader, waiter = threading.Thread(target=lead), threading.Thread(target=wait)
    leader.start()
    assert begun.wait(LONG)
    waiter.start()
    assert came.wait(LONG)
    release.set()
    leader.join(LONG)
    waiter.join(LONG)
    assert (got, asked) == (["token"] * 2, ["leader"])


def test_a_loop_that_is_closed_over_its_leader_leaves_no_ghost() -> None:
    """The next loop's caller leads, and who waited for the ghost goes with it (row 191)."""
    flights, first = Flights(), asyncio.new_event_loop()
    ghost = Work()
    task = first.create_task(share(flights, ghost))
    first.run_until_complete(asyncio.sleep(0))
    assert (ghost.begun, len(flights)) == (1, 1)
    came = threading.Event()
    got: list[str] = []
    waiter = threading.Thread(
        target=lambda: got.append(
            flights.run("key", lambda: "own", patience=LONG, instead=came.set)
        )
    )
    waiter.start()
    assert came.wait(LONG)
    first.close()

    async def work() -> str:
        return "token"

    assert asyncio.run(share(flights, work)) == "token"
    waiter.join(LONG)
    assert got in (["own"], ["token"])
    assert len(flights) == 0
    task._log_destroy_pending = False  # type: ignore[attr-defined] # the ghost is intended
    del task
    _ = gc.collect()


def test_a_bell_of_a_closed_loop_is_rung_in_vain() -> None:
    """A waiter whose loop was closed over it does not stop the leader."""
    flights, work = Flights(), Work()
    begun, release = threading.Event(), threading.Event()

    def blocking() -> str:
        begun.set()
        assert release.wait(LONG)
        return "token"

    got: list[str] = []
    leader = threading.Thread(
        target=lambda: got.append(flights.run("key", blocking, patience=LONG, instead=_nothing))
    )
    leader.start()
    assert begun.wait(LONG)
    loop = asyncio.new_event_loop()
    task = loop.create_task(share(flights, work))
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    release.set()
    leader.join(LONG)
    assert (got, work.begun) == (["token"], 0)
    task._log_destroy_pending = False  # type: ignore[attr-defined] # the ghost is intended
    del task
    _ = gc.collect()
