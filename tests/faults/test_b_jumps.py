"""Clocks that are set, either way, and every fact that has a time (I-12), as one table.

Each fact is relied upon from a moment to another one, both inside, by whatever the clock says when
it is needed. What must come out depends on where the clock stands, not on the kind of the fact.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import pytest
from attrs import frozen

from sansio_auth import AssertionFailed, HttpResponse
from sansio_auth_adapters.stores.knowledge import KnowledgeStore
from tests.faults.drivers import DRIVERS, by_hand
from tests.faults.stage import GRANTS, WANTED, Got, Stage, good

Ask = Callable[..., Got]
#: Goes past the cache, and has the identity of a plain call.
_CHALLENGE: Final = '{"access_token":{"acrs":{"value":"c1"}}}'


@frozen(kw_only=True)
class Fact:
    """Something that is known from its first second on to its last, counted from when it came up.

    `learn` lets it come up and `relied` asks for what it serves: whether it was relied upon.
    `first` is None where nothing tells when it came up.
    """

    learn: Callable[[Stage, Ask], object]
    relied: Callable[[Stage, Ask], bool]
    first: int | None
    last: int
    grant: str = "client credentials"
    tenant: str = "11111111-2222-3333-4444-555555555555"
    in_text: bool = False


# --- tokens: five minutes of skew, and five of margin ---------------------------------------------


def _gets_a_token(stage: Stage, _: Ask) -> None:
    stage.life = {"expires_in": 3_600}
    scopes = WANTED[stage.grant.for_user]
    assert by_hand(stage, stage.grant.first(stage.client, scopes)).secret == "AT-1"


def _serves_it(_: Stage, ask: Ask) -> bool:
    got = ask()
    assert (got.secret == "AT-1") == (got.source == "cache")
    return got.source == "cache"


_token: Final = partial(Fact, learn=_gets_a_token, relied=_serves_it, first=-300, last=3_300)


# --- what is known of an authority: a day ---------------------------------------------------------


def _asks_for_no_endpoints(stage: Stage, ask: Ask) -> bool:
    assert ask(claims_challenge=_CHALLENGE).source == "identity_provider"
    return not any(request.form is None for request in stage.sent)


_endpoints: Final = partial(
    Fact, learn=_gets_a_token, relied=_asks_for_no_endpoints, first=0, last=86_399,
    tenant="contoso.com",
)  # fmt: skip


# --- holds: as long as they say -------------------------------------------------------------------


def _is_told(status: int, seconds: str | None, **options: Any) -> Callable[[Stage, Ask], None]:
    headers = () if seconds is None else (("Retry-After", seconds),)

    def learn(stage: Stage, ask: Ask) -> None:
        stage.behave = lambda _, __: HttpResponse(status, headers, b'{"error":"e"}')
        assert ask(**options).failure is not None

    return learn


def _asks_nobody(stage: Stage, ask: Ask) -> bool:
    held = ask().failure is not None
    assert held is (stage.posts == 0)
    return held


_hold: Final = partial(Fact, relied=_asks_nobody, first=0)
_waits: Final = partial(_hold, learn=_is_told(429, "60", claims_challenge=_CHALLENGE), last=59)


# --- ready-made assertions: until they say that they have expired ---------------------------------


def _is_given_an_assertion(stage: Stage, _: Ask) -> None:
    claims = json.dumps({"exp": stage.clock.now + 600}).encode()
    stage.credential = lambda: f"e30.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.c2ln"


def _sends_it(stage: Stage, ask: Ask) -> bool:
    got = ask()
    assert isinstance(got.failure, AssertionFailed) is (stage.posts == 0)
    return stage.posts == 1


_FACTS: Final = {
    "an application's token": _token(),
    "a user's token": _token(grant="silent"),
    "an assertion's token": _token(grant="on behalf of"),
    "endpoints": _endpoints(),
    "endpoints in a text": _endpoints(in_text=True),
    "a Retry-After": _waits(),
    "a Retry-After in a text": _waits(in_text=True),
    "an hour at most": _hold(
        learn=_is_told(503, "99999", claims_challenge=_CHALLENGE), last=3_599
    ),
    "a 429 that names no time": _hold(learn=_is_told(429, None), last=4),
    "an identical refusal": _hold(learn=_is_told(400, None), last=59),
    "an identical refusal in a text": _hold(learn=_is_told(400, None), last=59, in_text=True),
    "a ready-made assertion": Fact(
        learn=_is_given_an_assertion, relied=_sends_it, first=None, last=599
    ),
}  # fmt: skip

# --- where the clock stands -----------------------------------------------------------------------

#: Where the clock was set to, in seconds from the fact's coming up, and whether that is relied on.
_MOMENTS: Final[dict[str, tuple[Callable[[int, int], float], bool]]] = {
    "row79-back-a-month": (lambda _, __: -30 * 86_400, False),
    "row79-back-to-just-before-it": (lambda first, _: first - 0.5, False),
    "row79-back-to-its-beginning": (lambda first, _: first, True),
    "not at all": (lambda _, __: 0, True),
    "row80-forward-to-its-end": (lambda _, last: last, True),
    "row80-forward-to-just-behind-it": (lambda _, last: last + 1, False),
    "row80-forward-ten-years": (lambda _, __: 10 * 365 * 86_400, False),
}


def _staged(fact: Fact, driver: str) -> tuple[Stage, Ask]:
    stage = Stage(GRANTS[fact.grant], tenant=fact.tenant)
    if fact.in_text:
        stage.knowledge = KnowledgeStore({})
    return stage, partial(DRIVERS[driver], stage)


@pytest.mark.parametrize("driver", list(DRIVERS))
@pytest.mark.parametrize("moment", list(_MOMENTS))
@pytest.mark.parametrize("name", list(_FACTS))
def test_a_fact_is_relied_on_while_the_clock_says_so(name: str, moment: str, driver: str) -> None:
    """I-12: neither longer for a clock that was set back, nor after one that was set forward."""
    fact, (where, expected) = _FACTS[name], _MOMENTS[moment]
    stage, ask = _staged(fact, driver)
    fact.learn(stage, ask)
    begun = 0 if fact.first is None else fact.first
    stage.clock.advance(where(begun, fact.last))
    stage.behave, stage.sent = good, []
    before_it = fact.first is None and where(0, fact.last) < 0
    assert fact.relied(stage, ask) is (expected or before_it)


@pytest.mark.parametrize("name", list(_FACTS))
def test_there_and_back_again_nothing_has_become_longer(name: str) -> None:
    """I-12: whatever the clock said meanwhile, behind its end it is over."""
    fact = _FACTS[name]
    stage, ask = _staged(fact, "core")
    fact.learn(stage, ask)
    begun = stage.clock.now
    stage.behave = lambda _, __: HttpResponse(403)
    for away in (-30 * 86_400, 10 * 86_400, fact.last + 1.0):
        stage.clock.now, stage.sent = begun + away, []
        if away == fact.last + 1.0:
            stage.behave = good
            assert not fact.relied(stage, ask)
        else:
            _ = ask()
