"""Section G, row 192: one flow under every kind of driver; the core knows none of them."""

from __future__ import annotations

import asyncio
import types
from collections.abc import Callable, Generator
from typing import Any, Final

import anyio
import anyio.lowlevel
import pytest
import trio

from sansio_auth import AccessToken, ConfigurationError, HttpResponse, Outcome, Policy, SendHttp
from sansio_auth.flow import Flow
from sansio_auth.testing import World, example_tenant
from sansio_auth_adapters import AsyncWorld, arun, event_loop, run
from sansio_auth_adapters import World as RealWorld
from sansio_auth_adapters.stores.memory import MemoryStore
from tests.faults.aids import DOMAIN, GRAPH, client_of
from tests.faults.rows import row

#: A failure, a pause, discovery, a request, a look-up and a save: every kind of effect but one.
_FAULTS: Final = [HttpResponse(503)]


class _Line:
    """A transport of either colour in front of a simulated tenant; it counts its pauses."""

    def __init__(self) -> None:
        self.world = World(example_tenant(), faults=list(_FAULTS))
        self.pauses: list[float] = []

    def send(self, request: Any) -> Any:
        return self.world.answer(SendHttp(request))

    def sleep(self, seconds: float) -> Any:
        self.pauses.append(seconds)
        self.world.clock.advance(seconds)

    def close(self) -> Any:
        """Hold nothing."""


class _AsyncLine(_Line):
    """The same, awaited; what it waits with is the loop's own."""

    def __init__(self, wait: Callable[[], Any]) -> None:
        super().__init__()
        self.wait = wait

    async def send(self, request: Any) -> Any:
        await self.wait()
        return super().send(request)

    async def sleep(self, seconds: float) -> None:
        await self.wait()
        super().sleep(seconds)

    async def close(self) -> None:
        """Hold nothing."""


def _flow(line: _Line) -> Flow[Outcome]:
    call = client_of(DOMAIN, policy=Policy(retries=1))
    return call.acquire_token_for_client([GRAPH]).start(now=line.world.clock.now, seed=bytes(32))


def _awaited(line: _AsyncLine) -> tuple[Flow[Outcome], AsyncWorld]:
    world = AsyncWorld(
        line, MemoryStore(), MemoryStore(), clock=lambda: line.world.clock.now, sleep=line.sleep
    )
    return _flow(line), world


def _blocking() -> Flow[Outcome]:
    line = _Line()
    flow = _flow(line)
    world = RealWorld(
        line, MemoryStore(), MemoryStore(), clock=lambda: line.world.clock.now, sleep=line.sleep
    )
    _ = run(flow, world)
    return flow


def _in(runner: Callable[..., Any], wait: Callable[[], Any]) -> Callable[[], Flow[Outcome]]:
    def play() -> Flow[Outcome]:
        flow, world = _awaited(_AsyncLine(wait))
        _ = runner(arun, flow, world)
        return flow

    return play


@types.coroutine
def _trap() -> Generator[str, None, None]:
    """Ask a kernel of one's own to go on, as curio's traps do."""
    assert (yield "go on") is None


def _kernel() -> Flow[Outcome]:
    """Run the coroutine in a loop of a few lines, which no library knows."""
    flow, world = _awaited(_AsyncLine(_trap))
    running, traps = arun(flow, world), 0
    try:
        while True:
            assert running.send(None) == "go on"
            traps += 1
    except StopIteration:
        assert traps == 4  # three requests and a pause
    return flow


class _Later:
    """A reactor: callbacks in a queue, one after another, and no stack that grows with them."""

    def __init__(self) -> None:
        self.queue: list[Callable[[], None]] = []

    def run(self) -> None:
        while self.queue:
            self.queue.pop(0)()


def _callbacks() -> Flow[Outcome]:
    """Drive a flow as a protocol of Twisted would: an answer arrives, the next question goes."""
    line, reactor = _Line(), _Later()
    flow = _flow(line)

    def arrived() -> None:
        effect = flow.pending
        if effect is None:
            return
        flow.answer(effect, line.world.answer(effect), now=line.world.clock.now)
        reactor.queue.append(arrived)

    reactor.queue.append(arrived)
    reactor.run()
    return flow


_DRIVERS: Final = {
    "blocking": _blocking,
    "asyncio": _in(lambda f, *a: asyncio.run(f(*a)), lambda: asyncio.sleep(0)),
    "trio": _in(trio.run, trio.lowlevel.checkpoint),
    "anyio-on-asyncio": _in(anyio.run, anyio.lowlevel.checkpoint),
    "anyio-on-trio": _in(
        lambda f, *a: anyio.run(f, *a, backend="trio"), anyio.lowlevel.checkpoint
    ),
    "a-kernel-like-curios": _kernel,
    "callbacks-like-twisteds": _callbacks,
}  # fmt: skip


@pytest.mark.parametrize("driver", [row(192, name, it) for name, it in _DRIVERS.items()])
def test_whoever_drives_a_flow_is_asked_the_same(driver: Callable[[], Flow[Outcome]]) -> None:
    """The same questions in the same order, and the same token in the end."""
    flow = driver()
    assert isinstance(flow.result, AccessToken)
    asked = [step.effect for step in flow.transcript.steps]
    assert asked == [step.effect for step in _blocking().transcript.steps]
    assert len(asked) > 6


def test_row192_a_pause_that_nobody_can_make_says_what_is_missing() -> None:
    """The shell's own pause knows asyncio, and through anyio trio; in another loop it says so."""
    with pytest.raises(ConfigurationError) as caught:
        event_loop.pause(0).send(None)
    assert caught.value.code == "no_event_loop"
