"""Proving who the client is, anew for every request."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from sansio_auth import (
    AccessToken,
    AssertionCredential,
    AssertionFailed,
    CertificateCredential,
    ConfidentialClient,
    Failure,
    GetAssertion,
    HttpResponse,
    parse_authority,
)
from sansio_auth.testing import World, example_tenant

_GRAPH = ["https://graph.microsoft.com/.default"]
_GOOD = json.dumps({"access_token": "AT", "token_type": "Bearer", "expires_in": 3600}).encode()


def _client(credential: Any, **more: Any) -> ConfidentialClient:
    return ConfidentialClient(
        client_id="client",
        authority=parse_authority(example_tenant().authority),
        credential=credential,
        **more,
    )


def _world(make: Any) -> World:
    return World(example_tenant(), assertions=make, faults=[HttpResponse(200, body=_GOOD)])


def _play(world: World, client: ConfidentialClient, **options: Any) -> Any:
    return world.play(client.acquire_token_for_client(_GRAPH, **options))


def _noting(asked: list[GetAssertion]) -> Callable[[GetAssertion], str]:
    def make(effect: GetAssertion) -> str:
        asked.append(effect)
        return "a.b.c"

    return make


def _expiring(exp: Any) -> str:
    payload = base64.urlsafe_b64encode(json.dumps({"exp": exp}).encode()).rstrip(b"=").decode()
    return f"e30.{payload}.sig"


def test_without_a_credential_there_is_nothing_to_prove() -> None:
    """The form has the client's id alone."""
    world = _world(None)
    assert isinstance(_play(world, _client(None)).result, AccessToken)
    assert not {"client_secret", "client_assertion"} & world.sent[0].keys()


def test_whoever_makes_an_assertion_is_told_what_for() -> None:
    """Where it goes, for which client and tenant, under which correlation id."""
    asked: list[GetAssertion] = []
    world = _world(_noting(asked))
    flow = _play(
        world, _client(AssertionCredential()), data={"fmi_path": "a/b"}, correlation_id="mine"
    )
    assert isinstance(flow.result, AccessToken)
    (effect,) = asked
    assert effect.claims is None
    assert effect.context.client_id == "client"
    assert effect.context.token_endpoint == world.tenant.token_endpoint
    assert effect.context.tenant == world.tenant.tenant_id
    assert (effect.context.correlation_id, effect.context.fmi_path) == ("mine", "a/b")
    assert world.sent[0]["client_assertion"] == "a.b.c"


def test_a_certificates_assertion_is_for_the_authoritys_own_endpoint() -> None:
    """Also where the request goes to a region; with the client's own claims over the top."""
    asked: list[GetAssertion] = []
    world = _world(_noting(asked))
    client = _client(
        CertificateCredential(sha1=False, x5t_s256="t"),
        region="westus2",
        client_claims={"extra": 1},
    )
    _play(world, client)
    (effect,) = asked
    assert effect.claims is not None
    payload = json.loads(effect.claims.payload)
    assert payload["aud"] == world.tenant.token_endpoint
    assert payload["extra"] == 1
    assert "westus2" in effect.context.token_endpoint


@pytest.mark.parametrize(("age", "warned"), [(-1.0, True), (0.0, True), (1.0, False)])
def test_an_expired_certificate_is_tried_and_noticed(age: float, *, warned: bool) -> None:
    """Entra decides; some tenants still accept it."""
    world = _world(lambda _: "a.b.c")
    credential = CertificateCredential(sha1=True, expires_at=world.clock.now + age)
    outcome = _play(world, _client(credential)).result
    assert ("certificate_expired" in outcome.metadata.warnings) is warned


@pytest.mark.parametrize("text", [" a.b.c\n", "opaque"])
def test_white_space_around_an_assertion_is_dropped(text: str) -> None:
    """A file ends with a line break; what is no JWT is not judged."""
    world = _world(lambda _: text)
    assert isinstance(_play(world, _client(AssertionCredential())).result, AccessToken)
    assert world.sent[0]["client_assertion"] == text.strip()


@pytest.mark.parametrize("text", ["", " ", "a b", "ü", "a\x00", "x" * 200_000])
def test_what_is_no_assertion_is_an_error_that_does_not_repeat_it(text: str) -> None:
    """Nothing is sent."""
    world = _world(lambda _: text)
    flow = _play(world, _client(AssertionCredential()))
    assert isinstance(flow.error, AssertionFailed)
    assert (flow.error.code, flow.error.stage) == ("assertion_failed", "assertion")
    assert world.exchanges == []


@pytest.mark.parametrize("name", ["", "KeyError"])
def test_a_callback_that_fails_is_an_error_with_its_cause(name: str) -> None:
    """Named by its type."""
    cause = KeyError("x")
    world = _world(lambda _: Failure("callback", error=name, cause=cause))
    flow = _play(world, _client(AssertionCredential()))
    assert isinstance(flow.error, AssertionFailed)
    assert flow.error.__cause__ is cause
    assert name in str(flow.error)
    assert flow.error.correlation_id


@pytest.mark.parametrize(
    ("second", "ends"), [(_expiring(2_000_000_000), AccessToken), (_expiring(5), AssertionFailed)]
)
def test_an_assertion_that_has_expired_is_asked_for_again_once(second: str, ends: type) -> None:
    """Whoever keeps it may not have noticed; an expired one is never sent."""
    texts = iter([_expiring(5), second])
    world = _world(lambda _: next(texts))
    flow = _play(world, _client(AssertionCredential()))
    assert isinstance(flow.error or flow.result, ends)


@pytest.mark.parametrize("exp", ["soon", None])
def test_a_life_that_cannot_be_read_is_left_to_the_server(exp: Any) -> None:
    """It is not ours to judge."""
    world = _world(lambda _: _expiring(exp))
    assert isinstance(_play(world, _client(AssertionCredential())).result, AccessToken)
