"""Clocks that jump, in any world and in both directions: I-12."""

from __future__ import annotations

import json
from typing import Any, Final

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sansio_auth import AccessToken, GetAssertion, HttpResponse, Policy, Refusal, SendHttp
from tests.properties.worlds import (
    ANSWERS,
    CALLS,
    GUID,
    START,
    AnyWorld,
    client,
    found_endpoints,
    good_token,
)

_QUICK: Final = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
#: Seconds by which a clock is off: by a little, by the skew, by a day, by years.
_JUMPS: Final = st.sampled_from(
    [0, 1, -1, 299, 300, 301, -299, -300, -301, 3_600, -3_600, 86_399, 86_400, -86_400,
     30 * 86_400, -30 * 86_400, 10 * 365 * 86_400]
) | st.integers(-200_000, 200_000)  # fmt: skip
_DAY: Final = 86_400


@_QUICK
@given(
    st.sampled_from(["client credentials", "on behalf of", "federated"]),
    st.integers(1, 200_000),
    st.lists(_JUMPS, max_size=8),
)
@example("client credentials", 7_200, [-30 * 86_400, 7_000, 0])
def test_no_jump_lengthens_a_tokens_life(kind: str, life: int, jumps: list[int]) -> None:
    """I-12: whenever a token is served from the cache it has its margin and is from no future."""
    world = AnyWorld([good_token(access_token="AT-0", expires_in=life)])
    call = CALLS[kind](client())
    got = {"AT-0": (world.now, world.now + life)}
    assert isinstance(world.play(call).result, AccessToken)
    for number, jump in enumerate(jumps, 1):
        world.now = START + jump
        name = f"AT-{number}"
        world.responses = [good_token(access_token=name, expires_in=life)]
        outcome = world.play(call).result
        assert isinstance(outcome, AccessToken)
        token = outcome.token.reveal()
        if outcome.source == "identity_provider":
            got[token] = (world.now, world.now + life)
        begun, over = got[token]
        assert outcome.expires_on <= over
        if outcome.source == "cache":
            assert world.now <= over - 300
            assert world.now >= begun - 300


@_QUICK
@given(st.lists(_JUMPS, min_size=1, max_size=6))
@example([-1, 86_399, 86_400])
def test_what_was_discovered_is_relied_on_for_a_day_of_the_clock(jumps: list[int]) -> None:
    """I-12: not longer, and not at all where the clock stands before it was found out."""
    world = AnyWorld([found_endpoints(), good_token(expires_in=0)])
    call = CALLS["client credentials"](client(tenant="contoso.com"))
    assert isinstance(world.play(call).result, AccessToken)
    found_at = world.now
    for jump in jumps:
        world.now = START + jump
        relied = 0 <= world.now - found_at < _DAY
        known = [] if relied else [found_endpoints()]
        world.responses = [*known, good_token(expires_in=0)]
        flow = world.play(call)
        assert isinstance(flow.result, AccessToken)
        methods = [
            step.effect.request.method
            for step in flow.transcript.steps
            if isinstance(step.effect, SendHttp)
        ]
        assert methods == ([] if relied else ["GET"]) + ["POST"]
        if not relied:
            found_at = world.now


@_QUICK
@given(st.sampled_from([1, 5, 60, 3_600, 9_999]), st.lists(_JUMPS, min_size=1, max_size=6))
def test_a_hold_lasts_from_when_it_was_placed_to_its_end(named: int, jumps: list[int]) -> None:
    """I-12: a clock set back before it frees everybody; one set forward ends it."""
    world = AnyWorld([HttpResponse(429, (("Retry-After", str(named)),))])
    call = CALLS["client credentials"](client(policy=Policy(retries=0)))
    assert isinstance(world.play(call).result, Refusal)
    since, until = world.now, world.now + min(named, 3_600)
    for jump in jumps:
        world.now = START + jump
        world.responses = [HttpResponse(429, (("Retry-After", str(named)),))]
        outcome = world.play(call).result
        assert isinstance(outcome, Refusal)
        assert outcome.held is (since <= world.now < until)
        if not outcome.held:
            since, until = world.now, world.now + min(named, 3_600)


@_QUICK
@given(ANSWERS, st.lists(_JUMPS.map(float), max_size=10), st.sampled_from([GUID, "contoso.com"]))
def test_an_assertion_is_of_the_moment_it_is_asked_for(
    answers: list[Any], jumps: list[float], tenant: str
) -> None:
    """I-12: it begins a skew before the newest answer and ends ten minutes after, never later."""
    world = AnyWorld(answers, pauses=jumps)
    flow = CALLS["client credentials"](client("certificate", tenant)).start(
        now=world.now, seed=bytes(32)
    )
    times: list[str] = []
    for _ in range(60):
        if (effect := flow.pending) is None:
            break
        if isinstance(effect, GetAssertion):
            assert effect.claims is not None
            claims = json.loads(effect.claims.payload)
            now = int(world.now)
            assert (claims["nbf"], claims["iat"], claims["exp"]) == (now - 300, now, now + 600)
            times.append(claims["jti"])
        flow.answer(effect, world.answer(effect), now=world.now)
    assert len(set(times)) == len(times)


@_QUICK
@given(ANSWERS, st.lists(_JUMPS.map(float), max_size=10))
def test_no_request_gets_more_time_than_a_call_has(answers: list[Any], jumps: list[float]) -> None:
    """I-12: a clock set back in the middle of a call lengthens no request beyond the deadline."""
    world = AnyWorld(answers, pauses=jumps)
    flow = world.play(CALLS["client credentials"](client(tenant="contoso.com")))
    for step in flow.transcript.steps:
        if isinstance(step.effect, SendHttp):
            assert 0 < step.effect.request.timeout <= Policy().call_deadline
