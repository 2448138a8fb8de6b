"""Section B, rows 86-88: how much life a token must have left, and many that end together."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

import pytest

from sansio_auth import AccessToken
from sansio_auth_adapters import ConfidentialClientApplication
from tests.faults.test_a_token_endpoint import (
    GRAPH,
    HOST,
    TENANT,
    WEB_API,
    client,
    ok,
    play,
    token_of,
    world,
)


@pytest.mark.parametrize(
    ("left", "min_remaining", "served"),
    [
        pytest.param(300, 0, True, id="row86-margin-kept"),
        pytest.param(299, 0, False, id="row86-inside-the-margin"),
        pytest.param(300, 10, True, id="row86-less-than-the-margin"),
        pytest.param(299, 10, False, id="row86-the-margin-is-the-least"),
        pytest.param(900, 900, True, id="row86-just-enough"),
        pytest.param(899, 900, False, id="row86-less-than-asked-for"),
    ],
)
def test_a_token_is_served_with_enough_life_only(
    left: int, min_remaining: int, *, served: bool
) -> None:
    """Five minutes, or what a call asks for beyond that."""
    at = world(ok(expires_in=7_200))
    at.latency = 0.0
    _ = token_of(play(at))
    at.clock.advance(7_200 - left)
    source = "cache" if served else "identity_provider"
    assert token_of(play(at, min_remaining=min_remaining), source).expires_on >= at.clock.now + left


@pytest.mark.parametrize("keys", [pytest.param(400, id="row87-many-keys")])
def test_tokens_that_expire_together_cost_one_request_each(keys: int) -> None:
    """And no more, however often they are asked for."""
    at = world()
    calls = [client().acquire_token_for_client([f"api://{n}/.default"]) for n in range(keys)]
    answers = [ok(scope=f"api://{n}/.default") for n in range(keys)]
    at.latency = 0.0
    for _ in range(2):
        at.faults = list(answers)
        before = len(at.exchanges)
        for call in (*calls, *calls):
            assert isinstance(at.play(call).result, AccessToken)
        assert len(at.exchanges) - before == keys
        at.clock.advance(3_600)


@pytest.mark.parametrize(
    "life", [pytest.param(60, id="row88-a-minute"), pytest.param(299, id="row88-just-inside")]
)
def test_a_token_inside_the_margin_is_asked_for_once_a_call(life: int) -> None:
    """No loop: it is returned, and the next call asks again."""
    at = world(*[ok(expires_in=life, access_token=f"AT-{n}") for n in range(3)])
    for number in range(3):
        assert token_of(play(at)).token.reveal() == f"AT-{number}"
        assert len(at.exchanges) == number + 1


@pytest.mark.parametrize("callers", [pytest.param(8, id="row88-waiters")])
def test_those_who_wait_for_such_a_token_share_it(callers: int) -> None:
    """One request for all of them; the next call asks again."""
    posts: list[str] = []
    go = threading.Event()

    class Answer:
        status_code = 200
        headers: ClassVar[dict[str, str]] = {}
        text = '{"access_token":"AT","token_type":"Bearer","expires_in":60}'

    class Client:
        def post(self, url: str, **_: Any) -> Answer:
            posts.append(url)
            assert go.wait(30)
            return Answer()

        def get(self, url: str, **_: Any) -> Answer:
            raise AssertionError(url)

    app = ConfidentialClientApplication(
        WEB_API, "the-application's-secret", f"https://{HOST}/{TENANT}", http_client=Client()
    )
    waiting = threading.Barrier(callers)

    def ask() -> str:
        waiting.wait(30)
        return str(app.acquire_token_for_client([GRAPH])["access_token"])

    with ThreadPoolExecutor(callers) as pool:
        asked = [pool.submit(ask) for _ in range(callers)]
        threading.Timer(0.3, go.set).start()
        assert {it.result(30) for it in asked} == {"AT"}
    assert len(posts) == 1
    _ = app.acquire_token_for_client([GRAPH])
    assert len(posts) == 2
