"""Section A, rows 57-69: what a refusal says, and what is done about it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sansio_auth import (
    AccessToken,
    AssertionCredential,
    CertificateCredential,
    HttpResponse,
    Policy,
    Refusal,
)
from tests.faults.test_a_token_endpoint import (
    GRAPH,
    HOST,
    PLANTED,
    access_rows,
    body,
    client,
    play,
    token_of,
    world,
)

_CREDENTIALS: dict[str, dict[str, Any]] = {
    "secret": {},
    "certificate": {
        "credential": CertificateCredential(sha1=False, x5t_s256="thumbprint", expires_at=None)
    },
    "assertion": {"credential": AssertionCredential()},
}


def _no(status: int, error: str, *codes: int, **members: Any) -> HttpResponse:
    found = {"error": error, "error_codes": list(codes), **members}
    return HttpResponse(status, body=json.dumps(found).encode())


def _refusal(flow: Any) -> Refusal:
    assert isinstance(flow.result, Refusal)
    return flow.result


_FULL = {
    "error": "invalid_grant",
    "error_description": "AADSTS65001: The user has not consented.",
    "error_codes": [65001],
    "timestamp": "2026-11-24 01:02:03Z",
    "trace_id": "t",
    "correlation_id": "c",
    "error_uri": "https://login.microsoftonline.com/error?code=65001",
    "suberror": "consent_required",
    "claims": '{"access_token":{}}',
    "mystery": {"of": ["theirs", 1, None]},
}


@pytest.mark.parametrize(
    "status", [pytest.param(400, id="row57-400"), pytest.param(401, id="row57-401")]
)
def test_a_refusal_has_every_member_that_came(status: int) -> None:
    """As it came; and what a program needs of it by name."""
    refusal = _refusal(play(world(HttpResponse(status, body=json.dumps(_FULL).encode()))))
    assert dict(refusal.members) == _FULL
    assert (refusal.error, refusal.status) == ("invalid_grant", status)
    assert refusal.description == _FULL["error_description"]
    assert refusal.error_codes == (65001,)
    assert (refusal.suberror, refusal.claims) == ("consent_required", '{"access_token":{}}')
    assert refusal.retryable is False


@pytest.mark.parametrize(
    "members",
    [
        pytest.param({"error_codes": "65001"}, id="row57-codes-a-text"),
        pytest.param({"error_codes": [True, "1", None, {}]}, id="row57-codes-of-other-types"),
        pytest.param({"error_description": 5, "suberror": [], "claims": {}}, id="row57-no-texts"),
    ],
)
def test_a_member_of_another_type_is_left_to_the_members(members: dict[str, Any]) -> None:
    """A refusal is not lost by it."""
    refusal = _refusal(
        play(world(HttpResponse(400, body=json.dumps({"error": "e", **members}).encode())))
    )
    assert refusal.error == "e"
    assert refusal.error_codes == ()
    assert (refusal.description, refusal.suberror, refusal.claims) == (None, None, None)
    assert dict(refusal.members) == {"error": "e", **members}


@pytest.mark.parametrize(
    "kind", [pytest.param("app", id="row59-application"), pytest.param("user", id="row59-user")]
)
def test_asking_too_often_is_held(kind: str) -> None:
    """AADSTS50196: not retryable, and not asked again before the policy's time."""
    at = world(_no(400, "invalid_grant", 50196))
    start = client()
    call = {
        "app": start.acquire_token_for_client([GRAPH]),
        "user": start.acquire_token_on_behalf_of("a.b.c", ["User.Read"]),
    }[kind]
    refusal = _refusal(at.play(call))
    assert (refusal.retryable, refusal.held) == (False, False)
    assert refusal.hint is not None
    assert refusal.retry_at == at.clock.now + Policy().identical_refusal_hold
    assert _refusal(at.play(call)).held
    assert len(at.exchanges) == 1


@pytest.mark.parametrize(
    "suberror",
    [
        pytest.param("basic_action", id="row60-basic-action"),
        pytest.param(None, id="row60-without-suberror"),
    ],
)
def test_a_demand_for_more_proof_carries_its_claims(suberror: str | None) -> None:
    """Word for word, also from a call that is held."""
    claims = '{"access_token":{"polids":{"essential":true,"values":["5ce770ea"]}}}'
    at = world(_no(400, "interaction_required", 50076, claims=claims, suberror=suberror))
    call = client().acquire_token_on_behalf_of("a.b.c", ["User.Read"])
    for held in (False, True):
        refusal = _refusal(at.play(call))
        assert (refusal.error, refusal.claims) == ("interaction_required", claims)
        assert (refusal.suberror, refusal.held) == (suberror, held)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        pytest.param("invalid_scope", 70011, id="row61-invalid-scope"),
        pytest.param("invalid_resource", 500011, id="row61-invalid-resource"),
    ],
)
def test_a_refused_scope_asks_nothing_else(error: str, code: int) -> None:
    """Unlike MSAL, which looks for the tenant on such a path (I-11)."""
    at = world(_no(400, error, code))
    assert _refusal(play(at)).error == error
    assert [request.method for request, _ in at.exchanges] == ["POST"]


@pytest.mark.parametrize("kind", ["secret", "certificate", "assertion"])
@pytest.mark.parametrize(
    "code",
    [
        pytest.param(7000215, id="row62-7000215-wrong-secret"),
        pytest.param(7000222, id="row62-7000222-expired-secret"),
        pytest.param(700027, id="row63-700027-unknown-certificate"),
        pytest.param(70021, id="row63-70021-federation"),
        pytest.param(700213, id="row63-700213-federation-subject"),
    ],
)
def test_a_refused_credential_comes_with_a_hint_and_is_not_held(code: int, kind: str) -> None:
    """It may be replaced at any moment: the next call asks again."""
    at = world(_no(401, "invalid_client", code))
    at.assertions = lambda _: "a.b.c"
    by = client(**_CREDENTIALS[kind])
    refusal = _refusal(play(at, by))
    assert (refusal.error_codes, refusal.retryable, refusal.retry_at) == ((code,), False, None)
    assert refusal.hint
    assert len(at.exchanges) == 1
    at.faults = [HttpResponse(200, body=body())]
    assert isinstance(play(at, by).result, AccessToken)


@pytest.mark.parametrize("status", [400, 401])
@pytest.mark.parametrize(
    ("kind", "requests"),
    [
        pytest.param("secret", 1, id="row63-700024-secret"),
        pytest.param("certificate", 2, id="row63-700024-certificate"),
        pytest.param("assertion", 2, id="row63-700024-assertion"),
    ],
)
def test_an_assertion_out_of_its_time_is_made_anew_once(
    kind: str, requests: int, status: int
) -> None:
    """Where there is one; a second refusal is the outcome."""
    late = _no(status, "invalid_client", 700024)
    texts = iter(f"a.b.{number}" for number in range(9))
    at = world(late, HttpResponse(200, body=body()))
    at.assertions = lambda _: next(texts)
    by = client(**_CREDENTIALS[kind])
    if requests == 1:
        assert _refusal(play(at, by)).hint
    else:
        assert isinstance(play(at, by).result, AccessToken)
        used = [form["client_assertion"] for form in at.sent]
        assert used == ["a.b.0", "a.b.1"]
    assert len(at.exchanges) == requests
    at = world(*[late] * 9)
    at.assertions = lambda _: next(texts)
    assert _refusal(play(at, by)).error_codes == (700024,)
    assert len(at.exchanges) == requests


@pytest.mark.parametrize(
    ("status", "codes"),
    [
        pytest.param(404, (90002,), id="row65-404-90002"),
        pytest.param(400, (90002,), id="row65-400-90002"),
        pytest.param(404, (), id="row65-404"),
    ],
)
def test_a_tenant_that_is_gone_is_looked_for_again(status: int, codes: tuple[int, ...]) -> None:
    """Its endpoints are forgotten, and no others."""
    at = world()
    gone, other = (
        client(authority=f"https://{HOST}/{name}")
        for name in ("contoso.com", "contoso.onmicrosoft.com")
    )
    for by in (gone, other):
        _ = token_of(play(at, by, claims_challenge="{}"))
    at.faults = [_no(status, "invalid_request", *codes)]
    refusal = _refusal(play(at, gone, claims_challenge="{}"))
    assert bool(refusal.hint) is bool(codes)
    at.clock.advance(61)
    before = len(at.exchanges)
    for by in (gone, other):
        _ = token_of(play(at, by, claims_challenge="{}"))
    assert [request.method for request, _ in at.exchanges[before:]] == ["GET", "POST", "POST"]


_HTML = f"<html>{PLANTED}</html>".encode()


@pytest.mark.parametrize("retries", [0, 1, 3])
@pytest.mark.parametrize(
    ("status", "error"),
    [
        pytest.param(408, "unknown_error", id="row67-408"),
        pytest.param(425, "unknown_error", id="row67-425"),
        pytest.param(429, "temporarily_unavailable", id="row67-429"),
        pytest.param(500, "server_error", id="row67-500"),
        pytest.param(502, "server_error", id="row67-502"),
        pytest.param(503, "server_error", id="row67-503"),
        pytest.param(504, "server_error", id="row67-504"),
        pytest.param(599, "server_error", id="row67-599"),
    ],
)
def test_what_may_pass_is_retryable(status: int, error: str, retries: int) -> None:
    """Architecture section 7; tried no more often than the policy says."""
    at = world(*[HttpResponse(status, body=_HTML)] * 9)
    by = client(policy=Policy(retries=retries))
    refusal = _refusal(play(at, by))
    assert (refusal.error, refusal.status, refusal.retryable) == (error, status, True)
    assert PLANTED not in f"{refusal!r}{refusal.description}{dict(refusal.members)}"
    assert len(at.exchanges) == (1 + retries if status >= 500 else 1)
    kept = world(*[HttpResponse(status, body=_HTML)] * 9, due=True)
    served = token_of(play(kept, by), "cache")
    assert served.metadata.warnings == ("refresh_refused",)
    assert [row[0] for row in access_rows(kept)] == ["CACHED"]


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        pytest.param(b"Too Many Requests", "text/plain", id="row68-plain-text"),
        pytest.param(b"", "text/plain", id="row68-empty"),
    ],
)
def test_a_429_holds_back_its_own_identity(raw: bytes, kind: str) -> None:
    """Until the time it named; other scopes, users and tenants ask as before."""
    headers = (("Content-Type", kind), ("Retry-After", "60"))
    at = world(HttpResponse(429, headers, raw))
    first = _refusal(play(at))
    assert (first.error, first.retry_at) == ("temporarily_unavailable", at.clock.now + 60)
    assert _refusal(play(at)).held
    assert _refusal(play(at, claims_challenge="{}")).held
    assert len(at.exchanges) == 1
    others = (
        client().acquire_token_for_client(["api://other/.default"]),
        client().acquire_token_for_client([GRAPH], data={"fmi_path": "a"}),
        client().acquire_token_on_behalf_of("a.b.c", [GRAPH]),
        client(authority=f"https://{HOST}/contoso.com").acquire_token_for_client([GRAPH]),
    )
    for call in others:
        before = len(at.exchanges)
        outcome = at.play(call).result
        assert not (isinstance(outcome, Refusal) and outcome.held)
        assert len(at.exchanges) > before
    at.clock.advance(60)
    assert isinstance(play(at).result, AccessToken)


@pytest.mark.parametrize("status", [pytest.param(it, id=f"row69-{it}") for it in (500, 501, 503)])
def test_a_server_error_with_a_token_in_it_is_no_success(status: int) -> None:
    """The token is nowhere."""
    at = world(*[HttpResponse(status, body=body(access_token=PLANTED))] * 2)
    refusal = _refusal(play(at))
    assert (refusal.error, refusal.status) == ("server_error", status)
    assert PLANTED not in repr(dict(refusal.members))
    assert access_rows(at) == []
