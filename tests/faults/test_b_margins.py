"""Section B, rows 86-88: how much life a token must have left, and many that end together."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

import pytest

from sansio_auth import Call, Outcome, Policy
from sansio_auth.partition import AccessRow
from sansio_auth.testing import World
from sansio_auth_adapters import ConfidentialClientApplication
from tests.faults.drivers import DRIVERS
from tests.faults.stage import GRANTS, Stage, rows
from tests.faults.test_a_token_endpoint import (
    GRAPH,
    HOST,
    TENANT,
    WEB_API,
    access_rows,
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


def _calls(keys: int, **more: Any) -> list[Call[Outcome]]:
    """Return a call for the same resource in each of that many tenants."""
    one = client(**more)
    tenants = (f"{number:08x}-0000-4000-8000-000000000000" for number in range(keys))
    return [one.for_tenant(tenant).acquire_token_for_client([GRAPH]) for tenant in tenants]


@pytest.mark.parametrize("keys", [pytest.param(10_000, id="row87-ten-thousand-keys")])
def test_tokens_that_expire_together_cost_one_request_each(keys: int) -> None:
    """And no more, however often they are asked for; a cold start is no different."""
    at, calls = world(), _calls(keys)
    at.latency = 0.0
    for _ in range(2):
        at.faults = [ok()] * keys
        before = len(at.exchanges)
        for call in (*calls, *calls):
            if _ready(at, call) is None:
                _ = token_of(at.play(call))
        assert len(at.exchanges) - before == keys
        at.clock.advance(3_600)


def _ready(at: World, call: Call[Outcome]) -> AccessRow | None:
    """Return what a shell looks for before it starts a flow."""
    key = call.partition_key(None)
    assert key is not None
    return call.ready(at.partitions.get(key), at.clock.now)


def _refreshes(spread: int, keys: int, seconds: int) -> list[int]:
    """Return how many of tokens that were issued together are refreshed in each ten seconds.

    The first ten are those before the time that the server named.
    """
    at, calls = world(), _calls(keys, policy=Policy(refresh_spread=spread))
    at.latency = 0.0
    at.faults = [ok(expires_in=86_399, refresh_in=43_199)] * (2 * keys)
    for call in calls:
        _ = token_of(at.play(call))
    begun = at.clock.advance(43_199 - 10)
    counts: list[int] = []
    while at.clock.now <= begun + 10 + seconds:
        due = [call for call in calls if _ready(at, call) is None]
        for call in due:
            _ = token_of(at.play(call))
        counts.append(len(due))
        at.clock.advance(10)
    assert len(at.exchanges) <= 2 * keys
    return counts


@pytest.mark.parametrize("keys", [pytest.param(2_000, id="row87-two-thousand-keys")])
def test_tokens_that_are_due_together_are_refreshed_one_after_another(keys: int) -> None:
    """Over five minutes, none before its time, each once: what the seeds of the calls say."""
    before, first, *others = _refreshes(300, keys, 320)
    assert before == first == 0
    assert sum(others) == keys
    assert sum(others[:30]) > keys * 0.95
    assert max(others) < 2 * keys / 30
    assert [count for count in _refreshes(0, 50, 320) if count] == [50]


@pytest.mark.parametrize(
    ("refresh_in", "expires_in", "latest"),
    [
        pytest.param(43_199, 86_399, 300, id="row87-half-a-day"),
        pytest.param(1_800, 3_600, 90, id="row87-half-an-hour"),
        pytest.param(3_000, 3_600, 150, id="row87-little-time-for-it"),
        pytest.param(3_290, 3_600, 5, id="row87-hardly-time-for-it"),
        pytest.param(3_599, 3_600, 0, id="row87-no-time-for-it"),
        pytest.param(19, 3_600, 0, id="row87-a-few-seconds"),
        pytest.param(0, 3_600, 0, id="row87-at-once"),
    ],
)
def test_a_refresh_is_put_off_by_a_part_of_its_time(
    refresh_in: int, expires_in: int, latest: int
) -> None:
    """A twentieth, five minutes at most, and never more than half of what there is for it."""
    later: set[int] = set()
    for number in range(1_000):
        at = world(ok(expires_in=expires_in, refresh_in=refresh_in))
        at.latency, at.played = 0.0, number
        token = token_of(play(at))
        assert token.refresh_on is not None
        later.add(token.refresh_on - int(at.clock.now) - refresh_in)
        (row,) = access_rows(at)
        assert row[6] == token.refresh_on
    assert min(later) == 0
    assert latest - 3 <= max(later) <= latest


@pytest.mark.parametrize("driver", [it for it in DRIVERS if it != "core"])
@pytest.mark.parametrize(
    ("options", "latest"),
    [
        pytest.param({}, 0, id="row87-as-msal"),
        pytest.param({"refresh_spread": 120}, 120, id="row87-two-minutes"),
    ],
)
def test_an_application_puts_refreshes_off_when_it_is_told_to(
    options: Any, latest: int, driver: str
) -> None:
    """Of its own accord it refreshes when MSAL does."""
    later: set[int] = set()
    for _ in range(24):
        stage = Stage(GRANTS["client credentials"], options=options)
        stage.life = {"expires_in": 86_399, "refresh_in": 43_199}
        assert DRIVERS[driver](stage).secret
        (row,) = rows(stage)["access"].values()
        later.add(row[6] - int(stage.clock.now) - 43_199)
    assert later == {0} if latest == 0 else len(later) > 1
    assert max(later) <= latest


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
