"""The reference driver, against the reference tenant."""

from __future__ import annotations

import hashlib

import pytest
from attrs import evolve

from sansio_auth import (
    AccessToken,
    AssertionCredential,
    AssertionFailed,
    CertificateCredential,
    ClientSecret,
    ConfidentialClient,
    Failure,
    HttpResponse,
    Refusal,
    Secret,
    parse_authority,
    replay,
)
from sansio_auth._assertion import base64url
from sansio_auth.credentials import Credential
from sansio_auth.testing import VirtualClock, World, explain, user_token
from tests.core.testing.asking import DAEMON, GRAPH, SECRET, WEB_API, signer, tenant


def _client(credential: Credential | None = None, client_id: str = WEB_API) -> ConfidentialClient:
    return ConfidentialClient(
        client_id=client_id,
        authority=parse_authority(tenant().authority),
        credential=credential or ClientSecret(Secret(SECRET)),
    )


def _x5t_s256() -> CertificateCredential:
    thumbprint = base64url(hashlib.sha256(signer().der).digest())
    return CertificateCredential(sha1=False, x5t_s256=thumbprint)


def test_a_token_is_got_once_and_then_found() -> None:
    """Time passes only where a request is made or somebody says so."""
    world = World(tenant())
    call = _client().acquire_token_for_client([f"{GRAPH}/.default"])
    sources = [world.play(call).result for _ in range(2)]
    assert [type(it) for it in sources] == [AccessToken, AccessToken]
    assert len(world.exchanges) == 1
    assert world.sent[0]["grant_type"] == "client_credentials"
    assert world.clock.now == VirtualClock().now + world.latency


def test_a_certificate_serves_twice_in_a_row() -> None:
    """Two assertions, each with a `jti` of its own."""
    world = World(tenant(), assertions=signer().key)
    for scope in (f"{GRAPH}/.default", "api://orders/.default"):
        outcome = world.play(_client(_x5t_s256(), DAEMON).acquire_token_for_client([scope])).result
        assert isinstance(outcome, AccessToken)
    assert len({form["client_assertion"] for form in world.sent}) == 2


def test_faults_come_before_the_tenants_answers() -> None:
    """A connection failure and a 503 are tried again after a moment of virtual time."""
    world = World(tenant())
    call = _client().acquire_token_for_client([f"{GRAPH}/.default"])
    world.faults += [Failure("connect", sent=False)]
    before = world.clock.now
    assert isinstance(world.play(call).result, AccessToken)
    assert world.clock.now > before + 2 * world.latency
    world.clock.advance(10_000)
    world.faults += [HttpResponse(503), HttpResponse(503)]
    assert isinstance(world.play(call).result, Refusal)


@pytest.mark.parametrize("credential", [_x5t_s256(), AssertionCredential()])
def test_nobody_to_make_an_assertion_is_a_failure(credential: Credential) -> None:
    """And the flow ends in its own error."""
    world = World(tenant())
    with pytest.raises(AssertionFailed):
        _ = world.play(_client(credential).acquire_token_for_client([f"{GRAPH}/.default"])).result


def test_a_key_cannot_make_a_ready_made_assertion() -> None:
    """There is nothing to sign."""
    world = World(tenant(), assertions=signer().key)
    call = _client(AssertionCredential()).acquire_token_for_client([f"{GRAPH}/.default"])
    assert isinstance(world.play(call).error, AssertionFailed)


def test_a_function_may_make_assertions() -> None:
    """Whatever it returns is what is sent."""
    world = World(tenant(), assertions=lambda effect: f"a.b.{effect.context.client_id[:4]}")
    call = _client(AssertionCredential()).acquire_token_for_client([f"{GRAPH}/.default"])
    assert isinstance(world.play(call).result, Refusal)
    assert world.sent[0]["client_assertion"] == "a.b.6731"


def test_two_users_get_tokens_of_their_own() -> None:
    """Each assertion is somebody else."""
    world = World(evolve(tenant(), users={**tenant().users}))
    seen = []
    for life in (600, 601):
        assertion = user_token(
            world.tenant, "alice@contoso.com", WEB_API, world.clock.now, life=life
        )
        call = _client().acquire_token_on_behalf_of(assertion, ["User.Read"])
        outcome = world.play(call).result
        assert isinstance(outcome, AccessToken)
        seen.append(explain(world.tenant, outcome.token.reveal()))
    assert seen[0] != seen[1]


def test_a_played_flow_replays() -> None:
    """The transcript of a played flow rebuilds it."""
    world = World(tenant())
    call = _client().acquire_token_for_client([f"{GRAPH}/.default"])
    flow = world.play(call)
    assert replay(call, flow.transcript).result == flow.result


def test_two_plays_have_seeds_of_their_own() -> None:
    """So that no two requests carry one correlation id."""
    world = World(tenant())
    call = _client().acquire_token_for_client(["api://nobody/.default"])
    ids = {world.play(call).transcript.start.seed for _ in range(2)}
    assert len(ids) == 2


def test_the_index_is_asked_for_partitions_and_for_who_signed_in() -> None:
    """As any store answers it."""
    world = World(tenant())
    call = _client().acquire_token_for_client([f"{GRAPH}/.default"])
    assert isinstance(world.play(call).result, AccessToken)
    assert world.play(_client().get_accounts()).result == ()
    assert world.play(_client().remove_tokens_for_client()).result is None
    assert isinstance(world.play(call).result, AccessToken)
    assert len(world.exchanges) == 2
