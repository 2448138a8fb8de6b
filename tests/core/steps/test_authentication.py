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
    ClientSecret,
    ConfidentialClient,
    Failure,
    GetAssertion,
    HttpResponse,
    Policy,
    Secret,
    parse_authority,
)
from sansio_auth._seed import derive, derive_uuid
from sansio_auth._steps import authenticate, begin
from sansio_auth._telemetry import Telemetry
from sansio_auth.authority import computed_endpoints
from sansio_auth.flow import Start
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


def test_a_secret_goes_into_the_form_beside_the_clients_id() -> None:
    """RFC 6749 section 2.3.1; and nowhere else."""
    world = _world(None)
    _play(world, _client(ClientSecret(Secret("PLANTED"))))
    (form,) = world.sent
    assert (form["client_id"], form["client_secret"]) == ("client", "PLANTED")
    assert not {"client_assertion", "client_assertion_type"} & form.keys()


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
    now = int(world.clock.now)
    assert payload == {
        "aud": world.tenant.token_endpoint,
        "iss": "client",
        "sub": "client",
        "iat": now,
        "nbf": now - 300,
        "exp": now + 600,
        "jti": derive_uuid(derive(world.seed, "flow 1"), "jti 1"),
        "extra": 1,
    }
    assert "westus2" in effect.context.token_endpoint


def test_no_two_assertions_are_the_same() -> None:
    """A strict server takes a `jti` once, so a further attempt has another."""
    asked: list[GetAssertion] = []
    world = _world(_noting(asked))
    refused = json.dumps({"error": "invalid_client", "error_codes": [700024]}).encode()
    world.faults.insert(0, HttpResponse(401, body=refused))
    flow = _play(world, _client(CertificateCredential(sha1=True, x5t="t")))
    assert isinstance(flow.result, AccessToken)
    made = [json.loads(effect.claims.payload)["jti"] for effect in asked if effect.claims]
    seed = derive(world.seed, "flow 1")
    assert made == [derive_uuid(seed, "jti 1"), derive_uuid(seed, "jti 2")]


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


@pytest.mark.parametrize("text", ["", " ", "a b", "ü", "a\x00", "x" * 131_073])
def test_what_is_no_assertion_is_an_error_that_does_not_repeat_it(text: str) -> None:
    """Nothing is sent."""
    world = _world(lambda _: text)
    flow = _play(world, _client(AssertionCredential()), correlation_id="mine")
    assert isinstance(flow.error, AssertionFailed)
    assert (flow.error.code, flow.error.stage) == ("assertion_failed", "assertion")
    assert flow.error.correlation_id == "mine"
    assert str(flow.error) == "the client assertion's source gave no assertion"
    assert world.exchanges == []


def test_a_long_assertion_is_one() -> None:
    """To the limit, which no server's is above."""
    world = _world(lambda _: "x" * 131_072)
    assert isinstance(_play(world, _client(AssertionCredential())).result, AccessToken)


@pytest.mark.parametrize(("name", "told"), [("", "failed"), ("KeyError", "failed (KeyError)")])
def test_a_callback_that_fails_is_an_error_with_its_cause(name: str, told: str) -> None:
    """Named by its type."""
    cause = KeyError("x")
    world = _world(lambda _: Failure("callback", error=name, cause=cause))
    flow = _play(world, _client(AssertionCredential()), correlation_id="mine")
    assert isinstance(flow.error, AssertionFailed)
    assert flow.error.__cause__ is cause
    assert str(flow.error) == f"the client assertion's source {told}"
    assert (flow.error.code, flow.error.stage) == ("assertion_failed", "assertion")
    assert flow.error.correlation_id == "mine"


@pytest.mark.parametrize(
    ("sha1", "told"),
    [
        (True, "failed (KeyError)"),
        (
            False,
            (
                "failed (KeyError); where a key cannot sign PS256, its SHA-1 thumbprint asks for"
                " RS256 instead"
            ),
        ),
    ],
)
def test_a_key_that_cannot_sign_has_a_remedy(told: str, *, sha1: bool) -> None:
    """Where it was PS256; nobody falls back silently."""
    world = _world(lambda _: Failure("callback", error="KeyError"))
    credential = CertificateCredential(sha1=sha1, x5t="t", x5t_s256="s")
    flow = _play(world, _client(credential))
    assert str(flow.error) == f"the client assertion's source {told}"


_LATER = 2_000_000_000


@pytest.mark.parametrize("over", [5, 1_700_000_000])
def test_an_assertion_that_has_expired_is_asked_for_again_once(over: int) -> None:
    """Whoever keeps it may not have noticed; it is over at its very second."""
    asked: list[GetAssertion] = []
    texts = [_expiring(over), _expiring(_LATER)]

    def make(effect: GetAssertion) -> str:
        asked.append(effect)
        return texts[len(asked) - 1]

    world = _world(make)
    assert world.clock.now == 1_700_000_000
    assert isinstance(_play(world, _client(AssertionCredential())).result, AccessToken)
    assert world.sent[0]["client_assertion"] == _expiring(_LATER)
    assert asked[0] == asked[1]


@pytest.mark.parametrize(
    ("second", "told"),
    [(_expiring(5), "gave an assertion that has expired"), ("", "gave no assertion")],
)
def test_an_assertion_that_is_over_again_is_never_sent(second: str, told: str) -> None:
    """Nor is what came in its place and is none."""
    texts = iter([_expiring(5), second])
    world = _world(lambda _: next(texts))
    flow = _play(world, _client(AssertionCredential()))
    assert isinstance(flow.error, AssertionFailed)
    assert str(flow.error) == f"the client assertion's source {told}"
    assert world.exchanges == []


@pytest.mark.parametrize("exp", ["soon", None])
def test_a_life_that_cannot_be_read_is_left_to_the_server(exp: Any) -> None:
    """It is not ours to judge."""
    world = _world(lambda _: _expiring(exp))
    assert isinstance(_play(world, _client(AssertionCredential())).result, AccessToken)


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        (["a b"], "gave no assertion"),
        ([Failure("callback")], "failed"),
        ([_expiring(5), _expiring(6)], "gave an assertion that has expired"),
    ],
)
def test_the_step_itself_says_which_flow_it_was(answers: list[Any], told: str) -> None:
    """Whatever plot it is part of."""
    call = _client(AssertionCredential()).acquire_token_for_client(_GRAPH, correlation_id="mine")
    talk = begin(call.request, Start(100.0, bytes(32), Telemetry()))
    endpoints = computed_endpoints(call.request.registration.authority)
    assert endpoints is not None
    script = authenticate(talk, endpoints, endpoints.token)
    assert isinstance(next(script), GetAssertion)
    *earlier, last = ((answer, 100.0) for answer in answers)
    for answered in earlier:
        script.send(answered)
    with pytest.raises(AssertionFailed) as caught:
        script.send(last)
    assert str(caught.value) == f"the client assertion's source {told}"
    assert (caught.value.code, caught.value.stage) == ("assertion_failed", "assertion")
    assert caught.value.correlation_id == "mine"


@pytest.mark.parametrize(
    ("sha1", "credential"),
    [(True, True), (False, True), (True, False)],
    ids=["RS256", "PS256", "own"],
)
def test_whoever_cannot_sign_ps256_is_told_of_rs256(*, sha1: bool, credential: bool) -> None:
    """Nobody falls back in silence, and who signs RS256 already is told nothing of it."""
    proof = CertificateCredential(sha1=sha1, x5t="x", x5t_s256="y")
    cause = NotImplementedError("PSS")

    def make(_: GetAssertion) -> str:
        raise cause

    world = World(example_tenant(), assertions=make)
    call = _client(proof if credential else AssertionCredential()).acquire_token_for_client(_GRAPH)
    flow = call.start(now=world.clock.now, seed=bytes(32))
    while (effect := flow.pending) is not None:
        asked = isinstance(effect, GetAssertion)
        value = Failure("callback", error="E", cause=cause) if asked else world.answer(effect)
        flow.answer(effect, value, now=world.clock.now)
    assert isinstance(flow.error, AssertionFailed)
    assert flow.error.code == "assertion_failed"
    assert ("RS256" in str(flow.error)) is (credential and not sha1)
    assert flow.error.__cause__ is cause
    assert world.exchanges == []


def test_a_strict_client_uses_no_certificate_that_has_expired() -> None:
    """It asks for no signature; a moment earlier it does."""
    world = _world(lambda _: "a.b.c")
    ends = world.clock.now + 5
    proof = CertificateCredential(sha1=False, x5t_s256="y", expires_at=ends)
    client = _client(proof, policy=Policy(strict_certificate=True))
    assert isinstance(_play(world, client).result, AccessToken)
    world.clock.now = ends
    flow = _play(world, client, claims_challenge="{}")
    assert isinstance(flow.error, AssertionFailed)
    assert (flow.error.code, flow.error.stage) == ("certificate_expired", "assertion")
    assert "certificate has expired" in str(flow.error)
    assert not any(isinstance(step.effect, GetAssertion) for step in flow.transcript.steps)
