"""Finding the region this machine is in."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from sansio_auth import (
    AccessToken,
    ClientSecret,
    ConfidentialClient,
    Failure,
    Secret,
    SendHttp,
    parse_authority,
)
from sansio_auth._steps.conversation import begin
from sansio_auth._steps.region import is_regional, locate
from sansio_auth._telemetry import Telemetry
from sansio_auth.authority import computed_endpoints
from sansio_auth.flow import Start
from sansio_auth.partition import Knowledge
from sansio_auth.testing import World, example_tenant

_GRAPH = ["https://graph.microsoft.com/.default"]
_REGIONAL = "westus2.login.microsoft.com"
_IMDS = "http://169.254.169.254/"


def _client(authority: str = "", **more: Any) -> ConfidentialClient:
    return ConfidentialClient(
        client_id="6731de76-14a6-49ae-97bc-6eba6914391e",
        authority=parse_authority(authority or example_tenant().authority),
        credential=ClientSecret(Secret("the-application's-secret")),
        **more,
    )


def _world(region: str | None = "westus2") -> World:
    hosts = frozenset({_REGIONAL})
    return World(evolve(example_tenant(), hosts=hosts, region=region))


def _asked(world: World) -> list[str]:
    return [request.url.partition("/metadata")[0] for request, _ in world.exchanges]


def _play(world: World, client: ConfidentialClient, scope: str = _GRAPH[0]) -> Any:
    return world.play(client.acquire_token_for_client([scope]))


def test_the_machine_is_asked_once_and_the_answer_is_remembered() -> None:
    """Directly, and with two seconds at most."""
    world = _world()
    client = _client(find_region=True)
    assert isinstance(_play(world, client).result, AccessToken)
    asked, token = (request for request, _ in world.exchanges)
    assert asked.url.startswith(_IMDS)
    assert (asked.direct, asked.timeout) == (True, 2.0)
    assert token.url.startswith(f"https://{_REGIONAL}/")
    assert isinstance(_play(world, client, "api://orders/.default").result, AccessToken)
    assert len(world.exchanges) == 3


@pytest.mark.parametrize("fault", [None, Failure("timeout"), Failure("connect", sent=False)])
def test_no_answer_is_remembered_too(fault: Any) -> None:
    """The central endpoint serves, now and the next time."""
    world = _world(region=None)
    client = _client(find_region=True)
    world.faults = [] if fault is None else [fault]
    assert isinstance(_play(world, client).result, AccessToken)
    assert isinstance(_play(world, client, "api://orders/.default").result, AccessToken)
    assert sum(url.startswith(_IMDS.rstrip("/")) for url in _asked(world)) == 1
    assert world.exchanges[-1][0].url.startswith("https://login.microsoftonline.com/")


def test_a_region_that_was_configured_is_not_asked_for() -> None:
    """No probe at all."""
    world = _world()
    assert isinstance(_play(world, _client(region="westus2")).result, AccessToken)
    assert len(world.exchanges) == 1


@pytest.mark.parametrize(
    "authority", ["https://x.b2clogin.com/t/b2c_1_p", "https://sts.contoso.example/adfs"]
)
def test_only_entra_has_regions(authority: str) -> None:
    """Others are served where they are."""
    world = _world()
    flow = _play(world, _client(authority, region="westus2", validate_authority=False))
    asked = [s.effect.request.url for s in flow.transcript.steps if isinstance(s.effect, SendHttp)]
    assert not any("westus2" in url for url in asked)


def test_who_acts_for_a_user_is_in_no_region() -> None:
    """Only an application's own tokens are handed out there; the machine is not even asked."""
    world = _world()
    client = _client(find_region=True)
    _ = world.play(client.acquire_token_on_behalf_of("a.b.c", ["User.Read"]))
    (only, _answer) = world.exchanges[0]
    assert len(world.exchanges) == 1
    assert only.url == world.tenant.token_endpoint


@pytest.mark.parametrize(
    ("options", "regional"),
    [({}, False), ({"region": "westus2"}, True), ({"find_region": True}, True)],
)
def test_a_call_is_regional_where_somebody_asked_for_it(
    options: dict[str, Any], *, regional: bool
) -> None:
    """By name, or by having it found out; else there is the central endpoint alone."""
    call = _client(**options).acquire_token_for_client(_GRAPH).request
    assert is_regional(call) is regional
    if not regional:
        endpoints = computed_endpoints(call.registration.authority)
        assert endpoints is not None
        talk = begin(call, Start(0.0, bytes(32), Telemetry()))
        with pytest.raises(StopIteration) as ended:
            _ = next(locate(talk, Knowledge(), endpoints))
        assert ended.value.value == (endpoints.token,)
