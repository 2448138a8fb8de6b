"""Finding the endpoints: computed, remembered, or asked for."""

from __future__ import annotations

import json
from typing import Any

import pytest
from attrs import evolve

from sansio_auth import (
    AccessToken,
    AuthorityError,
    ClientSecret,
    ConfidentialClient,
    Failure,
    HttpResponse,
    Policy,
    Secret,
    TransportError,
    parse_authority,
)
from sansio_auth._steps.conversation import begin
from sansio_auth._steps.discovery import discover
from sansio_auth._telemetry import Telemetry
from sansio_auth.authority import computed_endpoints
from sansio_auth.flow import Start
from sansio_auth.partition import Knowledge
from sansio_auth.testing import World, example_tenant

_GRAPH = ["https://graph.microsoft.com/.default"]
_WEB_API = "6731de76-14a6-49ae-97bc-6eba6914391e"


def _client(authority: str, **more: Any) -> ConfidentialClient:
    return ConfidentialClient(
        client_id=_WEB_API,
        authority=parse_authority(authority),
        credential=ClientSecret(Secret("the-application's-secret")),
        **more,
    )


_DOMAIN = "https://login.microsoftonline.com/contoso.com"


def _play(world: World, client: ConfidentialClient, scope: str = _GRAPH[0]) -> Any:
    return world.play(client.acquire_token_for_client([scope]))


def _gets(world: World) -> list[str]:
    return [request.url for request, _ in world.exchanges if request.method == "GET"]


def test_a_known_cloud_and_a_guid_are_never_discovered() -> None:
    """The endpoints are computed."""
    world = World(example_tenant())
    assert isinstance(_play(world, _client(world.tenant.authority)).result, AccessToken)
    assert _gets(world) == []


def test_what_was_discovered_is_remembered_for_a_day() -> None:
    """And asked for again afterwards."""
    world = World(example_tenant())
    client = _client(_DOMAIN)
    for seconds, asked in ((0, 1), (80_000, 1), (7_000, 2)):
        world.clock.advance(seconds)
        assert isinstance(_play(world, client, _GRAPH[0]).result, AccessToken)
        assert len(_gets(world)) == asked


def test_a_clock_that_was_set_back_asks_again() -> None:
    """I-12: what was found in the future is not fresh."""
    world = World(example_tenant())
    _play(world, _client(_DOMAIN))
    world.clock.advance(-10_000)
    _play(world, _client(_DOMAIN), "api://orders/.default")
    assert len(_gets(world)) == 2


@pytest.mark.parametrize(
    "fault", [Failure("tls"), HttpResponse(500), HttpResponse(200, body=b"[]")]
)
def test_stale_endpoints_are_used_where_nobody_answers(fault: Any) -> None:
    """With a warning."""
    world = World(example_tenant())
    client = _client(_DOMAIN)
    _play(world, client)
    world.clock.advance(90_000)
    world.faults = (
        [fault, fault] if not isinstance(fault, Failure) and fault.status == 500 else [fault]
    )
    outcome = _play(world, client).result
    assert isinstance(outcome, AccessToken)
    assert "discovery_failed" in outcome.metadata.warnings


@pytest.mark.parametrize(
    ("fault", "kind"),
    [(Failure("tls"), TransportError), (HttpResponse(404), AuthorityError),
     (HttpResponse(503), AuthorityError)],
)  # fmt: skip
def test_without_any_endpoints_the_failure_is_the_calls(fault: Any, kind: Any) -> None:
    """With its correlation id, and the step."""
    world = World(example_tenant())
    world.faults = [fault] * 3
    flow = _play(world, _client(_DOMAIN))
    assert type(flow.error) is kind
    assert flow.error.stage == "discovery"
    assert flow.error.correlation_id


def test_a_discovery_that_may_pass_by_itself_is_tried_again() -> None:
    """As a token request is."""
    world = World(example_tenant())
    world.faults = [Failure("connect", sent=False)]
    assert isinstance(_play(world, _client(_DOMAIN)).result, AccessToken)
    assert len(_gets(world)) == 2


def _unknown(**more: Any) -> tuple[World, ConfidentialClient]:
    host = "login.contoso.example"
    world = World(evolve(example_tenant(), origin=f"https://{host}", **more))
    return world, _client(f"https://{host}/contoso.com")


def test_an_unknown_host_is_asked_about_first() -> None:
    """At the public cloud, which names its metadata."""
    world, client = _unknown()
    url = f"{world.tenant.issuer}/.well-known/openid-configuration"
    world.faults = [HttpResponse(200, body=json.dumps({"tenant_discovery_endpoint": url}).encode())]
    assert isinstance(_play(world, client).result, AccessToken)
    assert _gets(world) == ["https://login.microsoftonline.com/common/discovery/instance", url]


def test_an_unknown_host_that_nobody_vouches_for_gets_no_credential() -> None:
    """I-4."""
    world, client = _unknown()
    world.faults = [HttpResponse(400, body=b'{"error":"invalid_instance"}')]
    flow = _play(world, client)
    assert isinstance(flow.error, AuthorityError)
    assert flow.error.code == "invalid_instance"
    assert len(world.exchanges) == 1


def test_the_voucher_may_not_lead_elsewhere() -> None:
    """I-4: to the authority's own host, the public cloud, or a host that was listed."""
    for url, fits in (
        ("https://evil.example/x", False),
        ("https://login.microsoftonline.com/x/.well-known/openid-configuration", True),
    ):
        world, client = _unknown()
        body = json.dumps({"tenant_discovery_endpoint": url}).encode()
        world.faults = [HttpResponse(200, body=body)]
        flow = _play(world, client)
        assert isinstance(flow.error, AuthorityError)
        assert len(world.exchanges) == (2 if fits else 1)


def test_a_host_that_the_caller_trusts_is_not_asked_about() -> None:
    """Validation switched off: its metadata is asked for at once."""
    world, client = _unknown()
    assert isinstance(_play(world, evolve(client, validate_authority=False)).result, AccessToken)
    assert len(_gets(world)) == 1


def test_a_store_of_knowledge_that_fails_costs_a_warning() -> None:
    """I-2: the token is got without it."""
    from sansio_auth import Load, Save
    from sansio_auth.partition import KnowledgeKey

    world = World(example_tenant())
    call = _client(_DOMAIN, policy=Policy(retries=0)).acquire_token_for_client(_GRAPH)
    flow = call.start(now=world.clock.now, seed=bytes(32))
    while (effect := flow.pending) is not None:
        knows = isinstance(effect, Load) and isinstance(effect.key, KnowledgeKey)
        learns = isinstance(effect, Save) and isinstance(effect.changes[0][0], KnowledgeKey)
        value = Failure("store") if knows or learns else world.answer(effect)
        flow.answer(effect, value, now=world.clock.now)
    assert isinstance(flow.result, AccessToken)
    assert {"knowledge_load_failed", "knowledge_save_failed"} <= set(flow.result.metadata.warnings)


def test_the_step_itself_computes_what_can_be_computed() -> None:
    """Without a question, whatever is remembered."""
    call = _client(example_tenant().authority).acquire_token_for_client(_GRAPH).request
    script = discover(begin(call, Start(0.0, bytes(32), Telemetry())), Knowledge())
    with pytest.raises(StopIteration) as ended:
        _ = next(script)
    assert ended.value.value == computed_endpoints(call.registration.authority)
