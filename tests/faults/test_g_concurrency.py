"""Section G: many callers, ends of processes and of flows, nothing held and nothing lost."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest

from sansio_auth import (
    ClientSecret,
    ConfidentialClient,
    Flow,
    FlowError,
    HttpResponse,
    Secret,
    SendHttp,
    Sleep,
    parse_authority,
)
from sansio_auth.testing import World, example_tenant
from sansio_auth_adapters import ConfidentialClientApplication
from tests.faults.rows import row

_TENANT: Final = "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555"
_WEB_API: Final = "6731de76-14a6-49ae-97bc-6eba6914391e"
_GRAPH: Final = ["https://graph.microsoft.com/.default"]


class _Answer:
    status_code = 200
    headers: Final[dict[str, str]] = {}

    def __init__(self, scope: str) -> None:
        self.text = f'{{"access_token": "AT-{scope}", "token_type": "Bearer", "expires_in": 3600}}'


class _Counting:
    """An injected client that waits until it is told to, and counts by scope."""

    def __init__(self) -> None:
        self.posts: Counter[str] = Counter()
        self.go = threading.Event()

    def post(self, _: str, data: dict[str, str], **__: Any) -> _Answer:
        self.posts[data["scope"]] += 1
        assert self.go.wait(30)
        return _Answer(data["scope"])

    def get(self, url: str, **_: Any) -> None:
        raise AssertionError(url)


def _application(client: object) -> ConfidentialClientApplication:
    return ConfidentialClientApplication(_WEB_API, "secret", _TENANT, http_client=client)


def _waiters(app: ConfidentialClientApplication) -> int:
    """How many wait for somebody else's flight."""
    return sum(len(it.waiting or ()) for it in app._flights._flights.values())


@pytest.mark.parametrize(
    ("callers", "identities"),
    [
        row(183, "32-threads", 32, 1),
        row(183, "1000-threads", 1_000, 1),
        row(184, "1000-threads-of-50", 1_000, 50),
    ],
)
def test_as_many_requests_go_out_as_there_are_identities(callers: int, identities: int) -> None:
    """With a cold cache, and every thread there before the first answer is."""
    client = _Counting()
    app = _application(client)

    def ask(number: int) -> str:
        return app.acquire_token_for_client([f"s{number % identities}/.default"])["access_token"]

    with ThreadPoolExecutor(callers) as pool:
        asked = [pool.submit(ask, number) for number in range(callers)]
        end = time.monotonic() + 30
        while _waiters(app) < callers - identities and time.monotonic() < end:
            time.sleep(0.01)
        there = _waiters(app)
        client.go.set()
        told = [future.result(60) for future in asked]
    assert there == callers - identities
    assert told == [f"AT-s{number % identities}/.default" for number in range(callers)]
    assert set(client.posts.values()) == {1}
    assert len(client.posts) == identities


def test_nobody_is_asked_at_the_end_of_the_interpreter_without_an_answer() -> None:
    """A call from `atexit` and one from a daemon thread end quietly (row 197)."""
    program = f"""
import atexit, threading, time
from sansio_auth_adapters import ConfidentialClientApplication
from tests.faults.rows import row
class Answer:
    status_code = 200
    headers = {{}}
    text = '{{"access_token": "AT", "token_type": "Bearer", "expires_in": 3600}}'
class Client:
    def post(self, *a, **k): return Answer()
    get = post
app = ConfidentialClientApplication("c", "s", {_TENANT!r}, http_client=Client())
atexit.register(lambda: print(app.acquire_token_for_client(["s/.default"])["token_type"]))
def spin():
    while True:
        app.acquire_token_for_client(["t/.default"])
threading.Thread(target=spin, daemon=True).start()
time.sleep(0.05)
"""
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=30
    )
    assert (ran.returncode, ran.stdout.strip(), ran.stderr) == (0, "Bearer", "")


def _client() -> ConfidentialClient:
    return ConfidentialClient(
        client_id=_WEB_API,
        authority=parse_authority(_TENANT),
        credential=ClientSecret(Secret("the-application's-secret")),
    )


def _flows() -> int:
    _ = gc.collect()
    return sum(isinstance(thing, Flow) for thing in gc.get_objects())


def test_an_abandoned_flow_is_just_garbage() -> None:
    """At whichever question it was left; nothing is held for it (row 204)."""
    world = World(example_tenant())
    others = _flows()
    for questions in range(4):
        flow = _client().acquire_token_for_client(_GRAPH).start(now=world.clock.now, seed=bytes(32))
        for _ in range(questions):
            if (effect := flow.pending) is not None:
                flow.answer(effect, world.answer(effect), now=world.clock.now)
        del flow
    assert _flows() <= others
    again = world.play(_client().acquire_token_for_client(_GRAPH))
    assert again.error is None


def test_an_answer_out_of_turn_changes_nothing() -> None:
    """To another question, a second time, after the end (row 205)."""
    world = World(example_tenant())
    call = _client().acquire_token_for_client(_GRAPH)
    flow = call.start(now=world.clock.now, seed=bytes(32))
    done: list[Any] = []
    while (effect := flow.pending) is not None:
        for other in (*done, Sleep(99.0)):
            if other != effect:
                before = repr(flow)
                with pytest.raises(FlowError):
                    flow.answer(other, HttpResponse(200), now=world.clock.now)
                assert repr(flow) == before
        flow.answer(effect, world.answer(effect), now=world.clock.now)
        done.append(effect)
    with pytest.raises(FlowError):
        flow.answer(done[-1], None, now=world.clock.now)
    assert flow.error is None


def test_a_request_that_an_adapter_sends_twice_is_a_request() -> None:
    """The core sees one answer, and made one assertion (row 203)."""
    world = World(example_tenant())
    flow = _client().acquire_token_for_client(_GRAPH).start(now=world.clock.now, seed=bytes(32))
    while (effect := flow.pending) is not None:
        if isinstance(effect, SendHttp):
            _ = world.answer(effect)
        flow.answer(effect, world.answer(effect), now=world.clock.now)
    assert flow.error is None
    result: Any = flow.result
    assert result.metadata.requests == 1


def test_every_question_may_be_the_last_one() -> None:
    """A driver that is cancelled at any of them leaves the store as it was (row 189)."""
    call = _client().acquire_token_for_client(_GRAPH)
    whole = World(example_tenant())
    questions = len(whole.play(call).transcript.steps)
    for cancelled in range(questions):
        world = World(example_tenant())
        flow = call.start(now=world.clock.now, seed=bytes(32))
        for _ in range(cancelled):
            effect = flow.pending
            assert effect is not None
            flow.answer(effect, world.answer(effect), now=world.clock.now)
        flow.close()
        assert flow.pending is None
        assert not world.partitions
        assert world.play(call).error is None
