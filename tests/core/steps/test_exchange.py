"""One token request: retries, holds, regions, fresh assertions."""

from __future__ import annotations

import json
from typing import Any

import pytest
from attrs import evolve

from sansio_auth import (
    AccessToken,
    AssertionCredential,
    ClientSecret,
    ConfidentialClient,
    ConfigurationError,
    Failure,
    GetAssertion,
    HttpResponse,
    Load,
    Policy,
    Refusal,
    ResponseError,
    Secret,
    TransportError,
    parse_authority,
)
from sansio_auth._telemetry import Failed, Succeeded
from sansio_auth.testing import World, example_tenant

_GRAPH = ["https://graph.microsoft.com/.default"]
_WEB_API = "6731de76-14a6-49ae-97bc-6eba6914391e"


def _client(credential: Any = None, **more: Any) -> ConfidentialClient:
    return ConfidentialClient(
        client_id=_WEB_API,
        authority=parse_authority(more.pop("authority", example_tenant().authority)),
        credential=credential or ClientSecret(Secret("the-application's-secret")),
        **more,
    )


def _play(world: World, client: ConfidentialClient | None = None, **options: Any) -> Any:
    return world.play((client or _client()).acquire_token_for_client(_GRAPH, **options))


def _kinds(flow: Any) -> list[str]:
    return [type(step.effect).__name__ for step in flow.transcript.steps]


@pytest.mark.parametrize(
    ("name", "anchor"), [("alice@contoso.com", "upn:alice@contoso.com"), ("ünï@contoso.com", None)]
)
def test_a_request_about_a_user_is_anchored_to_them(name: str, anchor: str | None) -> None:
    """By a header, unless their name does not fit into one."""
    world = World(example_tenant())
    call = _client().acquire_token_by_username_password(name, "password", ["User.Read"])
    _ = world.play(call)
    assert dict(world.exchanges[-1][0].headers).get("X-AnchorMailbox") == anchor


# --- retries -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "again"),
    [
        (Failure("connect", sent=False), True),
        (Failure("incomplete"), True),
        (Failure("unknown"), True),
        (Failure("tls", sent=False), False),
        (Failure("timeout"), False),
        (Failure("deadline"), False),
        (Failure("proxy"), False),
        (Failure("body_too_large"), False),
        (Failure("redirect_refused"), False),
        (HttpResponse(500), True),
        (HttpResponse(503), True),
        (HttpResponse(503, (("Retry-After", "1"),)), False),
        (HttpResponse(429), False),
        (HttpResponse(400), False),
        (HttpResponse(200, body=b"[]"), False),
    ],
)
def test_what_may_pass_by_itself_is_tried_once_more(fault: Any, *, again: bool) -> None:
    """A connection that failed, and a 5xx that names no time; after a moment's jitter."""
    world = World(example_tenant())
    world.faults = [fault]
    flow = _play(world)
    assert len(world.exchanges) == (2 if again else 1)
    assert ("Sleep" in _kinds(flow)) is again
    assert isinstance(flow.error or flow.result, AccessToken) is again


_TOLD = {"x-client-current-telemetry", "x-client-last-telemetry", "client-request-id"}


@pytest.mark.parametrize("told", [True, False])
def test_a_request_says_why_it_is_made_unless_that_is_switched_off(*, told: bool) -> None:
    """An id that the caller passes is sent all the same."""
    world = World(example_tenant())
    client = _client(policy=Policy(send_telemetry=told))
    for options in ({}, {"correlation_id": "mine", "claims_challenge": "{}"}):
        flow = _play(world, client, **options)
        assert isinstance(flow.result, AccessToken)
        assert flow.result.metadata.correlation_id
    plain, named = ({name for name, _ in request.headers} for request, _ in world.exchanges)
    assert plain & _TOLD == (_TOLD if told else set())
    assert named & _TOLD == (_TOLD if told else {"client-request-id"})
    assert dict(world.exchanges[1][0].headers)["client-request-id"] == "mine"


@pytest.mark.parametrize(
    ("spread", "refresh_in", "latest"),
    [(300, 1_800, 90), (60, 1_800, 60), (300, 3_291, 4), (300, 3_299, 0), (0, 1_800, 0)],
)
def test_a_refresh_is_put_off_by_what_the_seed_says(
    spread: int, refresh_in: int, latest: int
) -> None:
    """A twentieth of its time at most, and half of what is left for it; the same seed, the same."""
    client = _client(policy=Policy(refresh_spread=spread))
    later: list[int] = []
    for seed in (*range(256), 0):
        world = World(evolve(example_tenant(), refresh_in=refresh_in, token_life=3_600))
        world.latency, world.seed = 0.0, bytes([seed]) * 32
        due = _play(world, client).result.refresh_on
        later.append(due - int(world.clock.now) - refresh_in)
    assert (min(later), max(later)) == (0, latest)
    assert later[0] == later[-1]


@pytest.mark.parametrize(
    ("members", "latency", "late"),
    [
        ({"expires_in": 10}, 10.0, True),
        ({"expires_in": 10}, 9.5, False),
        ({"expires_in": "10"}, 11.0, True),
        ({"expires_in": 0}, 10.0, False),
        ({"expires_in": None}, 600.0, True),
        ({"expires_on": 1_700_000_010}, 10.0, True),
        ({"expires_on": 1_700_000_010}, 9.0, False),
        ({"expires_on": 1_700_000_000}, 10.0, False),
        ({"expires_on": 1_700_000_012, "expires_in": 10}, 11.0, True),
        ({"expires_in": 10}, -10.0, False),
        ({"expires_in": -(10**400)}, 10.0, False),
        ({"expires_on": -(10**400)}, 10.0, False),
        ({"expires_on": 10**400}, 10.0, False),
        ({"expires_in": "soon"}, 10.0, False),
        ({"expires_on": "soon"}, 10.0, False),
    ],
)
def test_a_token_that_ended_on_the_way_is_none(
    members: dict[str, Any], latency: float, *, late: bool
) -> None:
    """Counted from when it was asked for, unless the server names the end."""
    body = json.dumps({"access_token": "AT", "token_type": "Bearer", **members}).encode()
    world = World(example_tenant(), faults=[HttpResponse(200, body=body)], latency=latency)
    flow = _play(world)
    if late:
        assert isinstance(flow.error, TransportError)
        assert (flow.error.code, flow.error.stage) == ("late_response", "token")
    else:
        assert isinstance(flow.result, AccessToken)


def test_a_token_that_names_no_refresh_has_none() -> None:
    """There is nothing to put off."""
    assert _play(World(example_tenant())).result.refresh_on is None


@pytest.mark.parametrize("retries", [0, 1, 3])
def test_the_policy_says_how_often(retries: int) -> None:
    """And then the failure is what it is."""
    world = World(example_tenant())
    world.faults = [Failure("connect", sent=False)] * 9
    flow = _play(world, _client(policy=Policy(retries=retries)))
    assert len(world.exchanges) == retries + 1
    assert isinstance(flow.error, TransportError)
    assert (flow.error.kind, flow.error.sent, flow.error.stage) == ("connect", False, "token")


def test_a_client_certificate_that_is_missing_is_the_callers_to_add() -> None:
    """No other transport failure is."""
    world = World(example_tenant())
    cause = OSError("an alert")
    world.faults = [Failure("client_certificate", cause=cause)]
    flow = _play(world)
    assert isinstance(flow.error, ConfigurationError)
    assert flow.error.code == "adapter_lacks_client_cert"
    assert (flow.error.stage, flow.error.__cause__) == ("token", cause)
    assert len(world.exchanges) == 1


def test_no_time_left_is_no_further_attempt() -> None:
    """A call has its deadline; each request is told what is left of it."""
    world = World(example_tenant(), latency=20.0)
    world.faults = [Failure("connect", sent=False)] * 9
    flow = _play(world, _client(policy=Policy(retries=9)))
    assert isinstance(flow.error, TransportError)
    assert len(world.exchanges) == 2
    left = [request.timeout for request, _ in world.exchanges]
    assert left[0] == 30.0
    assert 9.0 < left[1] <= 10.0


def test_a_deadline_that_is_over_sends_nothing_more() -> None:
    """Discovery took all of it."""
    world = World(example_tenant(), latency=31.0)
    client = _client(authority="https://login.microsoftonline.com/contoso.com")
    flow = _play(world, client)
    assert isinstance(flow.error, TransportError)
    assert flow.error.kind == "deadline"
    assert len(world.exchanges) == 1


def test_what_is_their_fault_is_no_transport_error() -> None:
    """A bomb, a redirect."""
    for kind in ("body_too_large", "redirect_refused"):
        world = World(example_tenant())
        cause = OSError("x")
        world.faults = [Failure(kind, cause=cause)]
        flow = _play(world)
        assert isinstance(flow.error, ResponseError)
        assert (flow.error.code, flow.error.__cause__) == (kind, cause)


# --- holds -------------------------------------------------------------------------------------


def test_a_429_holds_its_identity_and_nobody_else() -> None:
    """I-5: until the time that was named; the outcome is the same without a request."""
    world = World(example_tenant())
    world.faults = [HttpResponse(429, (("Retry-After", "60"),))]
    first = _play(world).result
    held = _play(world).result
    assert isinstance(first, Refusal)
    assert isinstance(held, Refusal)
    assert (first.held, held.held) == (False, True)
    assert held.retry_at == first.retry_at == pytest.approx(world.clock.now + 60, abs=1)
    assert held.error == first.error == "temporarily_unavailable"
    assert len(world.exchanges) == 1
    other = world.play(_client().acquire_token_for_client(["api://orders/.default"])).result
    assert isinstance(other, AccessToken)
    world.clock.advance(61)
    assert isinstance(_play(world).result, AccessToken)


def test_an_identical_400_is_held_for_a_minute_and_another_demand_is_not() -> None:
    """Other claims, another credential: another question."""
    world = World(example_tenant(), faults=[HttpResponse(400, body=b'{"error":"invalid_request"}')])
    refused = [_play(world).result for _ in range(2)]
    assert [it.held for it in refused] == [False, True]
    other = _play(world, _client(ClientSecret(Secret("another-secret")), salt=b"salt")).result
    assert isinstance(other, Refusal)
    assert (other.error, other.held) == ("invalid_client", False)
    world.clock.advance(61)
    assert isinstance(_play(world).result, AccessToken)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_credential_is_not_held(status: int) -> None:
    """It may have been replaced."""
    world = World(example_tenant(), faults=[HttpResponse(status, body=b'{"error":"x"}')])
    assert isinstance(_play(world).result, Refusal)
    assert isinstance(_play(world).result, AccessToken)


def test_an_unreadable_retry_after_is_noticed() -> None:
    """And holds for the default time."""
    world = World(example_tenant(), faults=[HttpResponse(429, (("Retry-After", "soon"),))])
    outcome = _play(world).result
    assert isinstance(outcome, Refusal)
    assert "bad_retry_after" in outcome.metadata.warnings


def test_a_held_call_touches_no_credential() -> None:
    """A throttled service is not worth a signature."""
    made: list[str] = []

    def make(effect: GetAssertion) -> str:
        made.append(effect.context.client_id)
        return "a.b.c"

    world = World(example_tenant(), assertions=make)
    world.faults = [HttpResponse(429)]
    for _ in range(3):
        _play(world, _client(AssertionCredential()))
    assert len(made) == 1


# --- tenants that are gone, assertions out of time ---------------------------------------------


def test_a_tenant_that_is_gone_is_forgotten() -> None:
    """Its endpoints are asked for again next time."""
    world = World(example_tenant())
    client = _client(authority="https://login.microsoftonline.com/contoso.com")
    assert isinstance(_play(world, client).result, AccessToken)
    world.clock.advance(4_000)
    body = json.dumps({"error": "invalid_request", "error_codes": [90002]}).encode()
    world.faults = [HttpResponse(400, body=body)]
    assert isinstance(_play(world, client).result, Refusal)
    world.clock.advance(100)
    before = len(world.exchanges)
    assert isinstance(_play(world, client).result, AccessToken)
    assert [request.method for request, _ in world.exchanges[before:]] == ["GET", "POST"]


def test_an_assertion_refused_for_its_time_is_made_anew_once() -> None:
    """700024: this clock and the server's differ, or it was kept too long."""
    texts = iter(["a.b.old", "a.b.new", "a.b.newest"])
    world = World(example_tenant(), assertions=lambda _: next(texts))
    body = json.dumps({"error": "invalid_client", "error_codes": [700024]}).encode()
    world.faults = [HttpResponse(401, body=body)] * 2
    flow = _play(world, _client(AssertionCredential()))
    assert isinstance(flow.result, Refusal)
    assert [form["client_assertion"] for form in world.sent] == ["a.b.old", "a.b.new"]
    secret = World(example_tenant(), faults=[HttpResponse(401, body=body)])
    assert isinstance(_play(secret).result, Refusal)
    assert len(secret.exchanges) == 1


def test_a_400_for_the_time_of_an_assertion_is_no_hold() -> None:
    """The next request has another, so it will not be identical; of a secret it would be."""
    body = json.dumps({"error": "invalid_request", "error_codes": [700024]}).encode()
    for credential, asked in ((AssertionCredential(), 4), (None, 1)):
        world = World(example_tenant(), assertions=lambda _: "a.b.c")
        world.faults = [HttpResponse(400, body=body)] * 9
        client = _client(credential) if credential else _client()
        assert [_play(world, client).result.held for _ in range(2)] == [False, asked == 1]
        assert len(world.exchanges) == asked


def test_what_is_odd_about_a_token_is_told_with_it() -> None:
    """Each thing once."""
    body = b'{"access_token": "T", "expires_in": 3600, "client_info": "x"}'
    world = World(example_tenant(), faults=[HttpResponse(200, body=body)])
    outcome = _play(world).result
    assert isinstance(outcome, AccessToken)
    assert outcome.metadata.warnings == ("missing_token_type", "client_info_unreadable")


# --- regions -----------------------------------------------------------------------------------

_REGIONAL = "westus2.login.microsoft.com"


def _regional_world(**more: Any) -> World:
    return World(evolve(example_tenant(), hosts=frozenset({_REGIONAL}), **more))


def test_client_credentials_go_to_the_region_first() -> None:
    """And nothing else does."""
    world = _regional_world()
    client = _client(region="westus2")
    assert isinstance(_play(world, client).result, AccessToken)
    assert world.exchanges[-1][0].url.startswith(f"https://{_REGIONAL}/")
    world.play(client.acquire_token_on_behalf_of("a.b.c", ["User.Read"]))
    assert world.exchanges[-1][0].url.startswith("https://login.microsoftonline.com/")


@pytest.mark.parametrize(
    "fault", [Failure("connect", sent=False), Failure("tls"), HttpResponse(503), HttpResponse(500)]
)
def test_a_region_that_is_out_of_order_is_passed_over(fault: Any) -> None:
    """With a warning; each place gets its own attempts."""
    world = _regional_world()
    world.faults = [fault] * 2 if not isinstance(fault, Failure) or fault.kind != "tls" else [fault]
    outcome = _play(world, _client(region="westus2")).result
    assert isinstance(outcome, AccessToken)
    assert "region_failed" in outcome.metadata.warnings
    assert world.exchanges[-1][0].url.startswith("https://login.microsoftonline.com/")


def test_a_regions_refusal_is_an_answer() -> None:
    """It is the same service that says no."""
    world = _regional_world()
    world.faults = [HttpResponse(401, body=b'{"error":"invalid_client"}')]
    assert isinstance(_play(world, _client(region="westus2")).result, Refusal)
    assert len(world.exchanges) == 1


def test_no_time_left_is_not_the_regions_fault() -> None:
    """The central endpoint would have none either."""
    world = _regional_world()
    world.faults = [Failure("deadline")]
    flow = _play(world, _client(region="westus2"))
    assert isinstance(flow.error, TransportError)
    assert len(world.exchanges) == 1


# --- what is told ------------------------------------------------------------------------------


def test_answers_are_counted_and_failures_to_get_one_are_not() -> None:
    """As MSAL's telemetry does; 5xx too is no answer that it could read."""
    world = World(example_tenant())
    assert _play(world).tally == (Succeeded(),)
    world.clock.advance(4_000)
    world.faults = [HttpResponse(400, body=b'{"error":"x"}')]
    (told,) = _play(world).tally
    assert isinstance(told, Failed)
    assert (told.api_id, told.error) == ("730", "x")
    (held,) = _play(world).tally
    assert isinstance(held, Failed)
    world.clock.advance(100)
    world.faults = [HttpResponse(503)] * 2
    assert _play(world).tally == ()
    assert _play(world).tally == ()


def test_a_strict_client_wants_a_store_that_can_be_read() -> None:
    """For another one an unreadable store is an empty one, with a warning."""
    cause = OSError("the disk")
    for strict in (False, True):
        world = World(example_tenant())
        call = _client(policy=Policy(strict_store=strict)).acquire_token_for_client(_GRAPH)
        flow = call.start(now=world.clock.now, seed=bytes(32))
        while (effect := flow.pending) is not None:
            value = world.answer(effect)
            if isinstance(effect, Load) and effect.key == call.partition_key():
                value = Failure("store", error="OSError", cause=cause)
            flow.answer(effect, value, now=world.clock.now)
        if not strict:
            assert flow.result.metadata.warnings == ("store_load_failed",)
            continue
        assert isinstance(flow.error, TransportError)
        assert (flow.error.kind, flow.error.stage) == ("store", "store")
        assert "token store failed" in str(flow.error)
        assert flow.error.__cause__ is cause
        assert world.exchanges == []
