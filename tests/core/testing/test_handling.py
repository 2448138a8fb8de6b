"""What the tenant answers to which request."""

from __future__ import annotations

import json
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from sansio_auth import HttpRequest, HttpResponse, parse_www_authenticate
from sansio_auth.testing import Tenant, call_api, handle, sign_in, user_token
from tests.core.testing.asking import GRAPH, NOW, WEB_API, app_token, ask, codes, tenant


def _get(at: Tenant, url: str, *query: tuple[str, str]) -> tuple[int, Any]:
    _, response = handle(at, HttpRequest("GET", url, query), NOW)
    try:
        return response.status, json.loads(response.body)
    except ValueError:
        return response.status, response.body


@pytest.mark.parametrize("version", ["v2.0/", ""])
def test_a_tenant_publishes_its_endpoints(version: str) -> None:
    """By its id or a domain; the issuer and the endpoints are always by its id."""
    at = tenant()
    status, document = _get(
        at, f"{at.origin}/contoso.com/{version}.well-known/openid-configuration"
    )
    assert status == 200
    assert document["issuer"] == at.issuer
    assert document["token_endpoint"] == at.token_endpoint


def test_an_unknown_tenant_is_refused_by_name() -> None:
    """AADSTS90002, with a shortened name."""
    at = tenant()
    status, members = _get(at, f"{at.origin}/{'x' * 100}/v2.0/.well-known/openid-configuration")
    assert (status, members["error_codes"]) == (400, [90002])
    assert "x" * 65 not in members["error_description"]


def test_instance_discovery_knows_its_own_hosts() -> None:
    """And calls any other invalid."""
    at = evolve(tenant(), hosts=frozenset({"westus2.login.microsoft.com"}))
    url = f"{at.origin}/common/discovery/instance"
    for host, expected in [
        ("login.microsoftonline.com", 200),
        ("WestUS2.login.microsoft.com", 200),
        ("evil.example", 400),
    ]:
        asked = ("authorization_endpoint", f"https://{host}/t/oauth2/v2.0/authorize")
        status, members = _get(at, url, asked, ("api-version", "1.1"))
        assert status == expected
        if expected == 200:
            assert members["api-version"] == "1.1"
            assert members["metadata"][0]["aliases"] == [
                "login.microsoftonline.com",
                "westus2.login.microsoft.com",
            ]
        else:
            assert members["error"] == "invalid_instance"


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.example/common/discovery/instance",
        "https://login.microsoftonline.com/contoso.com/nothing/here",
        "https://login.microsoftonline.com/",
    ],
)
def test_anything_else_is_not_there(url: str) -> None:
    """Other hosts and other paths; the root names no tenant."""
    assert _get(tenant(), url)[0] in {404, 400}


def test_the_metadata_service_tells_the_region_where_there_is_one() -> None:
    """As it does inside Azure; elsewhere it is not found."""
    url = "http://169.254.169.254/metadata/instance/compute"
    assert _get(tenant(), url)[0] == 404
    status, members = _get(evolve(tenant(), region="westus2"), url)
    assert (status, members["location"]) == (200, "westus2")


def test_a_users_realm_is_managed_here() -> None:
    """What MSAL asks before it sends a password."""
    at = tenant()
    status, members = _get(at, f"{at.origin}/common/userrealm/alice%40contoso.com")
    assert (status, members["account_type"]) == (200, "Managed")


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({"grant_type": "-"}, (400, "invalid_request", 900144)),
        ({"grant_type": "magic"}, (400, "unsupported_grant_type", 70003)),
        ({"claims": "nonsense"}, (400, "invalid_request", 900144)),
        ({"claims": "[]"}, (400, "invalid_request", 900144)),
    ],
)
def test_a_token_request_must_say_what_it_wants(
    form: dict[str, Any], expected: tuple[int, str, int]
) -> None:
    """A grant type that exists, and claims that are a JSON object."""
    assert codes(app_token(tenant(), **form)) == expected


def test_tokens_are_posted_for() -> None:
    """A GET is refused, and so is a POST without a form."""
    at = tenant()
    assert _get(at, at.token_endpoint)[1]["error_codes"] == [900561]
    _, response = handle(at, HttpRequest("POST", at.token_endpoint), NOW)
    assert json.loads(response.body)["error_codes"] == [900144]


def test_a_refusal_has_the_members_that_entra_sends() -> None:
    """Times, ids and codes in the description too; the caller's correlation id comes back."""
    at = tenant()
    request = HttpRequest(
        "POST", at.token_endpoint, headers=(("client-request-id", "mine"),), form=()
    )
    _, response = handle(at, request, NOW)
    members = json.loads(response.body)
    assert members["correlation_id"] == "mine"
    assert members["timestamp"] == "2023-11-14 22:13:20Z"
    for part in ("AADSTS900144: ", members["trace_id"], "mine", members["timestamp"]):
        assert part in members["error_description"]
    assert members["error_uri"].endswith("error?code=900144")


def test_interruptions_come_first_and_once() -> None:
    """One to each token request."""
    at = evolve(tenant(), interruptions=(HttpResponse(503, body=b"{}"),))
    after, status, _ = app_token(at)
    assert status == 503
    assert app_token(after)[1] == 200


def test_the_same_requests_get_the_same_answers() -> None:
    """A tenant is a value: nothing in it is random."""
    assert app_token(tenant()) == app_token(tenant())
    assert ask(tenant(), grant_type="x") == ask(tenant(), grant_type="x")


@given(
    st.sampled_from(["GET", "POST"]),
    st.text(max_size=30),
    st.dictionaries(
        st.sampled_from(
            ["grant_type", "client_id", "client_secret", "scope", "assertion", "claims", "code"]
        ),
        st.text(max_size=10) | st.sampled_from(["client_credentials", WEB_API, "refresh_token"]),
    ),
)
def test_every_request_has_an_answer(method: Any, path: str, form: dict[str, Any]) -> None:
    """Totality: whatever is asked, there is a response and a tenant."""
    at = tenant()
    for url in (f"{at.origin}/{path}", at.token_endpoint):
        after, response = handle(at, HttpRequest(method, url, form=tuple(form.items())), NOW)
        assert 200 <= response.status < 500
        assert after.requests == at.requests + 1


# --- signing in --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "username", "error"),
    [
        ("client_id=nobody&state=s", "alice@contoso.com", "invalid_request"),
        (f"client_id={WEB_API}&redirect_uri=x&state=s", "alice@contoso.com", "invalid_request"),
        (f"client_id={WEB_API}&state=s", "nobody@contoso.com", "access_denied"),
    ],
)
def test_a_sign_in_may_fail(query: str, username: str, error: str) -> None:
    """An unknown application, an unregistered redirect, a user who declines; the state returns."""
    at = tenant()
    _, response = sign_in(at, f"{at.authority}/oauth2/v2.0/authorize?{query}", username, NOW)
    assert (response["error"], response["state"]) == (error, "s")


def test_a_sign_in_without_state_gives_none_back() -> None:
    """RFC 6749 section 4.1.2: only what was present in the request."""
    at = tenant()
    _, response = sign_in(at, f"{at.authority}/x?client_id={WEB_API}", "alice@contoso.com", NOW)
    assert "state" not in response
    assert response["code"]


# --- an API ------------------------------------------------------------------------------------


def test_an_api_takes_its_own_tokens_while_they_live() -> None:
    """And says for whom it saw them."""
    at, _, members = app_token(tenant())
    token = members["access_token"]
    assert call_api(at, GRAPH, token, NOW).status == 200
    for uri, text, now in [
        ("api://orders", token, NOW),
        (GRAPH, "nonsense", NOW),
        (GRAPH, token, NOW + 3_599),
        (GRAPH, token, NOW - 1),
        (f"api://{WEB_API}", "", NOW),
    ]:
        response = call_api(at, uri, text, now)
        assert response.status == 401
        assert parse_www_authenticate(response.header("www-authenticate") or "") is None
    assert json.loads(call_api(at, GRAPH, token, NOW).body)["who"] == WEB_API


def test_an_api_may_want_more() -> None:
    """Its challenge, passed on as claims, gives a token that it takes."""
    at = tenant()
    scope = "api://orders/.default"
    at, _, members = app_token(at, scope=scope)
    refused = call_api(at, "api://orders", members["access_token"], NOW)
    claims = parse_www_authenticate(refused.header("www-authenticate") or "")
    assert claims == at.resources["api://orders"].challenge
    at, _, other = app_token(at, scope=scope, claims='{"access_token":{"acrs":{}}}')
    assert call_api(at, "api://orders", other["access_token"], NOW).status == 401
    at, _, empty = app_token(at, scope=scope, claims='{"id_token":1}')
    assert call_api(at, "api://orders", empty["access_token"], NOW).status == 401
    at, _, better = app_token(at, scope=scope, claims=claims or "")
    assert call_api(at, "api://orders", better["access_token"], NOW).status == 200


def test_a_refresh_token_is_no_access_token() -> None:
    """Even for the API it names."""
    at = tenant()
    at, _, members = ask(
        at, grant_type="password", username="alice@contoso.com", password="alice's-password",
        scope="User.Read offline_access",
    )  # fmt: skip
    assert call_api(at, GRAPH, members["refresh_token"], NOW).status == 401
    assert call_api(at, GRAPH, user_token(at, "alice@contoso.com", "x", NOW), NOW).status == 401
    assert json.loads(call_api(at, GRAPH, members["access_token"], NOW).body)["who"] == (
        "alice@contoso.com"
    )
