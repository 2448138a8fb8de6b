"""The common plot: look, ask, store; and never lose what works."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from attrs import evolve

from sansio_auth import (
    AccessToken,
    Call,
    Failure,
    HttpResponse,
    Load,
    Outcome,
    Policy,
    Refusal,
    ResponseError,
    Save,
    Tokens,
    TransportError,
    apply,
)
from sansio_auth.effects import AnyEffect
from sansio_auth.partition import AccessTokenStored, AppKey
from sansio_auth.testing import World
from tests.core.grants.users import HOST, TENANT, WEB_API, client, world

_GRAPH = ["https://graph.microsoft.com/.default"]
_MINE = AppKey(HOST, TENANT, WEB_API)


def _call(tenant: str = TENANT, **options: Any) -> Call[Outcome]:
    return client(tenant).acquire_token_for_client(_GRAPH, **options)


def _due(at: World) -> World:
    """Let there be a token in the cache whose time for refresh is over."""
    at.tenant = evolve(at.tenant, refresh_in=1_800)
    assert isinstance(at.play(_call()).result, AccessToken)
    _ = at.clock.advance(1_900)
    return at


def _asked(flow: Any) -> list[AnyEffect]:
    return [step.effect for step in flow.transcript.steps]


# --- looking -----------------------------------------------------------------------------------


def test_a_fresh_token_is_taken_without_a_request() -> None:
    """Two look-ups: what is known of the authority, and the partition."""
    at = world()
    first = at.play(_call()).result
    flow = at.play(_call())
    assert isinstance(first, AccessToken)
    assert isinstance(flow.result, AccessToken)
    assert flow.result.token == first.token
    assert (flow.result.source, flow.result.metadata.requests) == ("cache", 0)
    assert flow.tally == ()
    assert [type(effect) for effect in _asked(flow)] == [Load, Load]


def test_the_cache_is_looked_into_once_the_realm_is_known() -> None:
    """A domain and the tenant's id share one partition; discovery alone tells that they do."""
    at = world()
    first = at.play(_call()).result
    flow = at.play(_call("contoso.com"))
    assert isinstance(first, AccessToken)
    assert isinstance(flow.result, AccessToken)
    assert flow.result.token == first.token
    assert [request.method for request, _ in at.exchanges] == ["POST", "GET"]


def test_a_realm_that_was_discovered_and_has_no_token_gets_one() -> None:
    """The look into its partition comes before the request."""
    at = world()
    flow = at.play(_call("contoso.com"))
    assert isinstance(flow.result, AccessToken)
    loaded = [effect.key for effect in _asked(flow) if isinstance(effect, Load)]
    assert loaded[-1] == _MINE
    assert flow.result.metadata.requests == 2


# --- asking ------------------------------------------------------------------------------------


def test_a_token_from_everybodys_tenant_comes_with_a_warning() -> None:
    """It is one of the application's own home, whatever the caller had in mind."""
    call = client("common", policy=Policy(shared_tenants=True)).acquire_token_for_client(_GRAPH)
    at = world()
    outcome = at.play(call).result
    assert "shared_tenant" in outcome.metadata.warnings
    assert "shared_tenant" not in at.play(_call()).result.metadata.warnings


def test_extra_fields_are_sent_and_empty_ones_are_not() -> None:
    """Scopes go as they were written, in order."""
    at = world()
    data = {"fmi_path": "a/b", "x-empty": ""}
    _ = at.play(client().acquire_token_for_client(["b/.default", "A"], data=data))
    assert at.sent[0] == {
        "grant_type": "client_credentials",
        "scope": "A b/.default",
        "fmi_path": "a/b",
        "client_info": "1",
        "client_id": WEB_API,
        "client_secret": "the-application's-secret",
    }


def test_claims_are_sent_where_there_are_any() -> None:
    """As text, word for word."""
    at = world()
    challenge = '{"access_token":{"nbf":{"essential":true}}}'
    _ = at.play(_call(claims_challenge=challenge))
    assert at.sent[0]["claims"] == challenge


def test_the_outcome_says_which_scopes_were_granted() -> None:
    """Or which were asked for, where the server is silent about it."""
    at = world()
    outcome = at.play(_call()).result
    assert isinstance(outcome, AccessToken)
    assert outcome.scopes == tuple(_GRAPH)
    body = json.dumps({"access_token": "AT", "scope": "b a"}).encode()
    at.faults = [HttpResponse(200, body=body)]
    other = at.play(client().acquire_token_for_client(["api://x/.default"])).result
    assert isinstance(other, AccessToken)
    assert other.scopes == ("a", "b")


# --- what came of it ---------------------------------------------------------------------------


def test_a_token_due_for_refresh_is_replaced() -> None:
    """The new one is served, and kept in the place of the old one."""
    at = _due(world())
    before = at.partitions[_MINE]
    outcome = at.play(_call()).result
    assert isinstance(outcome, AccessToken)
    assert outcome.source == "identity_provider"
    after = at.partitions[_MINE]
    assert isinstance(before, Tokens)
    assert isinstance(after, Tokens)
    assert before.access.keys() == after.access.keys()
    assert before.access != after.access


@pytest.mark.parametrize(
    "fault",
    [Failure("connect", sent=False), Failure("timeout"), HttpResponse(302), HttpResponse(200)],
)
def test_an_error_does_not_cost_a_token_that_works(fault: Any) -> None:
    """I-1: it is served, with a warning."""
    at = _due(world())
    at.faults = [fault] * 2
    outcome = at.play(_call()).result
    assert isinstance(outcome, AccessToken)
    assert outcome.source == "cache"
    assert outcome.metadata.warnings == ("refresh_failed",)
    assert outcome.metadata.refusal is None


@pytest.mark.parametrize("status", [400, 401, 403, 429, 500, 503])
def test_a_refusal_does_not_cost_a_token_that_works(status: int) -> None:
    """I-1: it is served, and the refusal can be read beside it."""
    at = _due(world())
    at.faults = [HttpResponse(status, body=b'{"error":"invalid_client"}')] * 2
    flow = at.play(_call())
    assert isinstance(flow.result, AccessToken)
    assert flow.result.metadata.warnings == ("refresh_refused",)
    assert flow.result.metadata.refusal is not None
    assert flow.result.metadata.refusal.status == status
    assert bool(flow.tally) is (status < 500)


def test_a_hold_does_not_cost_a_token_that_works() -> None:
    """I-1: neither the refusal nor the ones that stand for it."""
    at = _due(world())
    at.faults = [HttpResponse(429, (("Retry-After", "60"),))]
    outcomes = [at.play(_call()).result for _ in range(3)]
    assert {type(outcome) for outcome in outcomes} == {AccessToken}
    assert len(at.exchanges) == 2


def test_what_was_asked_past_the_cache_is_not_answered_from_it() -> None:
    """A claims challenge says that the token in hand is no good."""
    at = _due(world())
    at.faults = [HttpResponse(401, body=b'{"error":"invalid_client"}')]
    assert isinstance(at.play(_call(claims_challenge="{}")).result, Refusal)
    at.faults = [Failure("timeout")]
    assert isinstance(at.play(_call(claims_challenge="{}")).error, TransportError)


def test_what_was_got_past_the_cache_is_kept_all_the_same() -> None:
    """It meets the challenge, and whoever asks next may have it."""
    at = world()
    assert isinstance(at.play(_call()).result, AccessToken)
    challenged = at.play(_call(claims_challenge="{}")).result
    again = at.play(_call()).result
    assert isinstance(challenged, AccessToken)
    assert isinstance(again, AccessToken)
    assert challenged.source == "identity_provider"
    assert again.token == challenged.token


def test_a_token_that_was_rejected_is_not_served_again_and_another_one_is() -> None:
    """The digest of the rejected one is named; also when refreshing fails."""
    at = world()
    first = at.play(_call()).result
    assert isinstance(first, AccessToken)
    rejected = hashlib.sha256(first.token.reveal().encode()).hexdigest()
    at.faults = [HttpResponse(401, body=b'{"error":"invalid_client"}')]
    assert isinstance(at.play(_call(token_to_refresh_hash=rejected)).result, Refusal)
    second = at.play(_call(token_to_refresh_hash=rejected)).result
    assert isinstance(second, AccessToken)
    assert second.source == "identity_provider"
    third = at.play(_call(token_to_refresh_hash=rejected)).result
    assert isinstance(third, AccessToken)
    assert (third.token, third.source) == (second.token, "cache")


def test_an_error_with_nothing_in_hand_says_which_flow_it_was() -> None:
    """With the transport's exception behind it, and the id that the request carried."""
    cause = ConnectionRefusedError()
    at = world()
    at.faults = [Failure("connect", sent=False, cause=cause)] * 2
    flow = at.play(_call())
    assert isinstance(flow.error, TransportError)
    assert flow.error.__cause__ is cause
    carried = dict(at.exchanges[0][0].headers)["client-request-id"]
    assert flow.error.correlation_id == carried


def test_an_answer_that_cannot_be_read_says_which_flow_it_was() -> None:
    """Who reads it knows no flow; here its id is added."""
    at = world()
    at.faults = [HttpResponse(200, body=b"<html>")]
    flow = at.play(_call(correlation_id="0f0f0f0f-1111-4222-8333-444444444444"))
    assert isinstance(flow.error, ResponseError)
    assert flow.error.correlation_id == "0f0f0f0f-1111-4222-8333-444444444444"


def test_a_refusal_with_nothing_in_hand_is_the_outcome() -> None:
    """As it came, with what the flow has to tell."""
    at = world()
    at.faults = [HttpResponse(401, body=b'{"error":"invalid_client","error_codes":[7000215]}')]
    outcome = at.play(_call()).result
    assert isinstance(outcome, Refusal)
    assert (outcome.error, outcome.error_codes) == ("invalid_client", (7000215,))
    assert outcome.metadata.requests == 1
    assert outcome.metadata.correlation_id
    assert _MINE not in at.partitions


@pytest.mark.parametrize("margin", [-1, 0, 1])
def test_a_token_with_too_little_life_left_is_neither_served_nor_a_way_out(margin: int) -> None:
    """300 s must be left; with one second less the failure shows."""
    at = world()
    row = ("AT", "Bearer", _GRAPH[0], int(at.clock.now), int(at.clock.now) + 300 + margin, 0, None)
    key = _call().request.key
    at.partitions[_MINE] = apply(Tokens(), AccessTokenStored(key, row))
    at.latency = 0.0
    at.faults = [Failure("timeout")]
    flow = at.play(_call())
    assert isinstance(flow.error, TransportError) is (margin < 0)


# --- storing -----------------------------------------------------------------------------------


@pytest.mark.parametrize("life", ["soon", 0, -1, True, [], {}])
def test_a_token_whose_life_nobody_knows_is_returned_and_not_kept(life: Any) -> None:
    """I-2: it was issued; for how long is not known, so nobody else gets it."""
    at = world()
    body = {"access_token": "AT", "token_type": "Bearer", "expires_in": life}
    at.faults = [HttpResponse(200, body=json.dumps(body).encode())]
    outcome = at.play(_call()).result
    assert isinstance(outcome, AccessToken)
    assert outcome.token.reveal() == "AT"
    again = at.play(_call()).result
    assert isinstance(again, AccessToken)
    assert again.source == "identity_provider"


def test_a_token_of_nobody_is_returned_and_not_kept() -> None:
    """A user's token, and not a word about whose it is."""
    at = world()
    body = {"access_token": "AT", "token_type": "Bearer", "expires_in": 3_600}
    at.faults = [HttpResponse(200, body=json.dumps(body).encode())]
    flow = at.play(client().acquire_token_by_refresh_token("a refresh token", ["User.Read"]))
    assert isinstance(flow.result, AccessToken)
    assert "not_cached" in flow.result.metadata.warnings
    assert not any(isinstance(effect, Save) for effect in _asked(flow))
    assert at.partitions == {}


def test_a_store_that_fails_costs_no_token() -> None:
    """I-2: it is said, and that is all."""
    at = world()
    flow = _call().start(now=at.clock.now, seed=bytes(32))
    while (effect := flow.pending) is not None:
        fails = isinstance(effect, Load | Save)
        flow.answer(effect, Failure("store") if fails else at.answer(effect), now=at.clock.now)
    assert isinstance(flow.result, AccessToken)
    assert flow.result.metadata.warnings == (
        "knowledge_load_failed",
        "store_load_failed",
        "store_save_failed",
    )


def _late(at: World) -> World:
    """Let the next answer be under way for longer than its token lives."""
    body = b'{"access_token":"LATE","token_type":"Bearer","expires_in":20}'
    at.faults, at.latency = [HttpResponse(200, body=body)], 20.0
    return at


def test_a_token_that_came_too_late_is_an_error_and_not_cached() -> None:
    """It names the call; the answer was counted, and the client seen."""
    at = _late(world())
    flow = at.play(_call(correlation_id="mine"))
    assert isinstance(flow.error, TransportError)
    assert (flow.error.code, flow.error.kind, flow.error.sent, flow.error.correlation_id) == (
        "late_response", "deadline", True, "mine",
    )  # fmt: skip
    mine = at.partitions[_MINE]
    assert isinstance(mine, Tokens)
    assert not mine.access


def test_a_token_that_came_too_late_is_not_missed_where_there_is_one() -> None:
    """I-1: the one that is due is served, with a word about it."""
    at = _late(_due(world()))
    outcome = at.play(_call()).result
    assert isinstance(outcome, AccessToken)
    assert (outcome.source, outcome.metadata.warnings) == ("cache", ("refresh_failed",))
