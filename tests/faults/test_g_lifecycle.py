"""Answers that come late."""

from __future__ import annotations

import threading
from typing import Any, Final

import pytest

from sansio_auth import TransportError
from sansio_auth.wire import HttpRequest, HttpResponse
from sansio_auth_adapters import ConfidentialClientApplication
from tests.faults.drivers import DRIVERS, by_hand
from tests.faults.rows import row
from tests.faults.stage import BESIDE, GRANTS, WANTED, Got, Stage, good, rows

_TENANT: Final = "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555"


class _Late:
    """A transport that is closed while its answer is on the way."""

    def __init__(self) -> None:
        self.asked, self.release = threading.Event(), threading.Event()

    def send(self, request: HttpRequest) -> HttpResponse:
        self.asked.set()
        assert self.release.wait(20)
        body = b'{"access_token": "AT", "token_type": "Bearer", "expires_in": 3600}'
        return HttpResponse(200, (), body)

    def close(self) -> None:
        """Hold nothing."""


@pytest.mark.parametrize("callers", [row(201, "closed-meanwhile", 1)])
def test_an_answer_that_comes_after_closing_is_not_lost(callers: int) -> None:
    """A token that was issued is given to whoever waits, and kept (I-2 outranks the close)."""
    line = _Late()
    app = ConfidentialClientApplication("client", "secret", _TENANT, http_client=line)
    got: list[Any] = []

    def ask() -> None:
        got.append(app.acquire_token_for_client(["s/.default"]))

    threads = [threading.Thread(target=ask) for _ in range(callers)]
    for thread in threads:
        thread.start()
    assert line.asked.wait(20)
    app.close()
    line.release.set()
    for thread in threads:
        thread.join(20)
    assert {it.get("access_token") for it in got} == {"AT"}
    assert len(got) >= 1
    assert app.acquire_token_for_client(["s/.default"])["token_source"] == "cache"


# --- answers that come too late -----------------------------------------------------------------

#: By how long an answer is under way and what it says: whether its token is over when it comes.
_UNDER_WAY = [
    row(201, "as-long-as-its-token-lives", 25.0, {"expires_in": 25}, True),
    row(201, "longer", 7_200.0, {"expires_in": 3_600}, True),
    row(201, "a-moment-less", 24.5, {"expires_in": 25}, False),
    row(201, "until-a-named-time", 25.0, {"expires_on": 25}, True),
    row(201, "almost-until-a-named-time", 24.0, {"expires_on": 25}, False),
    row(201, "until-after-a-time-that-was-over-before", 1.0, {"expires_on": -1}, False),
    row(201, "no-time-and-no-life", 1.0, {"expires_in": 0}, False),
    row(201, "longer-than-a-life-that-nobody-named", 600.0, {}, True),
    row(201, "back", -7_200.0, {"expires_in": 3_600}, False),
]


def _late_stage(kind: str, seconds: float, life: dict[str, int]) -> Stage:
    """Return a stage on which every answer is under way for that long."""

    def late(stage: Stage, request: HttpRequest) -> HttpResponse:
        begun = int(stage.clock.now)
        stage.clock.advance(seconds)
        named = {"expires_on": begun + life["expires_on"]} if "expires_on" in life else life
        stage.life = named
        return good(stage, request)

    stage = Stage(GRANTS[kind])
    stage.life = {"expires_in": 86_400}
    assert by_hand(stage, stage.grant.first(stage.client, BESIDE[stage.grant.for_user])).secret
    stage.behave = late
    return stage


@pytest.mark.parametrize("driver", list(DRIVERS))
@pytest.mark.parametrize("kind", list(GRANTS))
@pytest.mark.parametrize(("seconds", "life", "late"), _UNDER_WAY)
def test_a_token_that_ended_on_the_way_is_dropped(
    seconds: float, life: dict[str, int], kind: str, driver: str, *, late: bool
) -> None:
    """It is an error and not cached; the refresh token beside it is kept; the next call asks."""
    stage = _late_stage(kind, seconds, life)
    got = DRIVERS[driver](stage)
    stored = rows(stage)
    assert got.secret == (None if late else "AT-2")
    if late:
        assert isinstance(got.failure, TransportError)
        assert (got.failure.code, got.failure.kind) == ("late_response", "deadline")
        assert "AT-2" not in [it[0] for it in stored["access"].values()]
        stage.behave, stage.life = good, {"expires_in": 3_600}
        assert DRIVERS[driver](stage) == Got("AT-3", "identity_provider")
    if stage.grant.for_user:
        assert "RT-of-AT-2" in [it[0] for it in stored["refresh"].values()]


@pytest.mark.parametrize("driver", list(DRIVERS))
@pytest.mark.parametrize("kind", [row(201, it.replace(" ", "-"), it) for it in GRANTS])
def test_a_token_that_ended_on_the_way_costs_no_other_one(kind: str, driver: str) -> None:
    """I-1: one that is due is served in its place."""
    stage = _late_stage(kind, 25.0, {"expires_in": 25})
    late, stage.behave = stage.behave, good
    stage.life = {"expires_in": 3_600, "refresh_in": 1_800}
    assert by_hand(stage, stage.grant.first(stage.client, WANTED[stage.grant.for_user])).secret
    stage.clock.advance(1_900)
    stage.behave = late
    assert DRIVERS[driver](stage) == Got("AT-2", "cache")
