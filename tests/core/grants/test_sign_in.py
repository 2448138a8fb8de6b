"""Beginning a sign-in: the URL, and what the application keeps."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from attrs import evolve

from sansio_auth import AuthorityError, ConfigurationError, Failure, TransportError
from sansio_auth._assertion import base64url
from sansio_auth.authority import Endpoints
from sansio_auth.authorization import (
    AuthCodeFlow,
    authorization_url,
    hashed_nonce,
    home_account_of,
)
from sansio_auth.secret import Secret
from tests.core.grants.users import HOST, REDIRECT, TENANT, WEB_API, client, world


def _begin(by: Any = None, **parameters: str) -> AuthCodeFlow:
    flow: AuthCodeFlow = (
        world().play((by or client()).initiate_auth_code_flow(["User.Read"], parameters)).result
    )
    return flow


def _query(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def test_the_url_asks_for_a_code_with_pkce() -> None:
    """RFC 6749 section 4.1.1, RFC 7636 section 4.3; no request is made for a computed endpoint."""
    flow = _begin(redirect_uri=REDIRECT, prompt="login", login_hint="alice@contoso.com")
    assert flow.auth_uri.startswith(f"https://{HOST}/{TENANT}/oauth2/v2.0/authorize?")
    query = _query(flow.auth_uri)
    verifier = flow.code_verifier.reveal()
    assert query == {
        "client_id": WEB_API,
        "response_type": "code",
        "redirect_uri": REDIRECT,
        "scope": "User.Read offline_access openid profile",
        "state": flow.state,
        "prompt": "login",
        "login_hint": "alice@contoso.com",
        "code_challenge": base64url(hashlib.sha256(verifier.encode()).digest()),
        "code_challenge_method": "S256",
        "nonce": hashlib.sha256(flow.nonce.reveal().encode()).hexdigest(),
        "client_info": "1",
        "X-AnchorMailbox": "UPN:alice@contoso.com",
    }
    assert len(verifier) == 43


def test_the_endpoint_is_discovered_where_it_cannot_be_computed() -> None:
    """For a tenant named by its domain."""
    flow = _begin(client("contoso.com"))
    assert f"/{TENANT}/oauth2/v2.0/authorize?" in flow.auth_uri


@pytest.mark.parametrize("tenant", [TENANT, "contoso.com"])
def test_the_endpoints_can_be_asked_for_alone(tenant: str) -> None:
    """Which is what an application's `authority` is."""
    endpoints = world().play(client(tenant).discover()).result
    assert endpoints.realm == TENANT


def test_a_discovery_that_fails_is_the_procedures_error() -> None:
    """With a correlation id."""
    at = world()
    at.faults = [Failure("tls")] * 3
    flow = at.play(client("contoso.com").initiate_auth_code_flow(["User.Read"], {}))
    assert isinstance(flow.error, TransportError | AuthorityError)
    assert flow.error.correlation_id


def test_the_callers_state_is_kept_and_another_is_random() -> None:
    """Two sign-ins have nothing in common."""
    assert _begin(state="mine").state == "mine"
    at = world()
    flows = [at.play(client().initiate_auth_code_flow(["s"], {})).result for _ in range(2)]
    for name in ("state", "code_verifier", "nonce"):
        first, second = (getattr(flow, name) for flow in flows)
        assert first != second


def test_claims_and_capabilities_go_along() -> None:
    """As in every request."""
    by = evolve(client(), capabilities=("CP1",))
    procedure = by.initiate_auth_code_flow(["User.Read"], {}, claims_challenge='{"id_token":{}}')
    query = _query(world().play(procedure).result.auth_uri)
    assert json.loads(query["claims"]) == {
        "id_token": {},
        "access_token": {"xms_cc": {"values": ["CP1"]}},
    }


def test_the_deprecated_url_has_nothing_random_in_it() -> None:
    """State and nonce are the caller's."""
    procedure = client().authorization_request_url(
        ["User.Read"], {"response_type": "code", "state": "s", "nonce": "n", "prompt": ""}
    )
    query = _query(world().play(procedure).result)
    assert query == {
        "client_id": WEB_API, "response_type": "code", "state": "s", "nonce": "n",
        "scope": "User.Read offline_access openid profile", "client_info": "1",
    }  # fmt: skip


def test_an_endpoint_with_a_query_is_added_to() -> None:
    """B2C names its policy there."""
    endpoints = Endpoints(token="t", authorization="https://x/a?p=1", realm="r")
    assert authorization_url(endpoints, (("q", "2"), ("empty", ""))) == "https://x/a?p=1&q=2"


# --- the dictionary in between -----------------------------------------------------------------


def test_a_flow_goes_through_json_and_comes_back() -> None:
    """It is kept in a session between two requests."""
    flow = _begin(redirect_uri=REDIRECT, max_age="60")
    again = AuthCodeFlow.from_dict(json.loads(json.dumps(flow.as_dict())))
    assert again == flow


def test_a_flow_shows_no_secret() -> None:
    """I-7: neither verifier, nonce nor state."""
    flow = _begin()
    shown = repr(flow)
    for secret in (flow.state, flow.code_verifier.reveal(), flow.nonce.reveal()):
        assert secret not in shown


@pytest.mark.parametrize(
    "given",
    [None, "text", {}, {"state": ""}, {"state": 1, "scope": []}, {"state": "s"},
     {"state": "s", "scope": "User.Read"}],
)  # fmt: skip
def test_what_is_no_flow_is_refused(given: Any) -> None:
    """With a message that says where one comes from."""
    with pytest.raises(ConfigurationError, match="initiate_auth_code_flow"):
        AuthCodeFlow.from_dict(given)


def test_a_response_to_another_sign_in_is_refused_without_repeating_its_state() -> None:
    """RFC 6749 section 10.12; compared in constant time."""
    flow = _begin(state="the-state-of-mine")
    for response in ({}, {"state": "the-state-of-another"}, {"state": 1}, {"state": "ünï"}):
        with pytest.raises(ConfigurationError) as caught:
            client().acquire_token_by_auth_code_flow(flow, {**response, "code": "c"})
        assert caught.value.code == "state_differs"
        assert "the-state" not in str(caught.value)


@pytest.mark.parametrize("code", [None, "", 1])
def test_a_response_must_have_a_code(code: Any) -> None:
    """Or there is nothing to redeem."""
    flow = _begin()
    with pytest.raises(ConfigurationError, match="no code"):
        client().acquire_token_by_auth_code_flow(flow, {"state": flow.state, "code": code})


def test_fewer_scopes_may_be_redeemed_for_and_no_more() -> None:
    """A sign-in for two scopes gives a token for one of them."""
    at = world()
    flow = at.play(client().initiate_auth_code_flow(["User.Read", "Mail.Read"], {})).result
    response = {"state": flow.state, "code": "c"}
    call = client().acquire_token_by_auth_code_flow(flow, response, ["Mail.Read"])
    assert call.request.scopes == ("Mail.Read",)
    with pytest.raises(ConfigurationError, match="scopes"):
        client().acquire_token_by_auth_code_flow(flow, response, ["Files.Read"])


def test_the_flows_challenge_is_sent_with_the_code() -> None:
    """What was asked for at the sign-in is asked for in the token."""
    procedure = client().initiate_auth_code_flow(["s"], {}, claims_challenge='{"a":1}')
    flow = evolve(world().play(procedure).result, claims_challenge='{"a":1}')
    call = client().acquire_token_by_auth_code_flow(flow, {"state": flow.state, "code": "c"})
    assert call.request.claims_challenge == '{"a":1}'


@pytest.mark.parametrize(
    ("info", "who"),
    [
        ("eyJ1aWQiOiJhIiwidXRpZCI6ImIifQ", "a.b"),
        ("eyJ1aWQiOiJhIn0", ""),
        ("nonsense", ""),
        (None, ""),
    ],
)
def test_who_signed_in_is_read_from_the_response(info: Any, who: str) -> None:
    """`client_info`, where it can be read."""
    assert home_account_of({"client_info": info}) == who


def test_no_nonce_has_no_digest() -> None:
    """So that nothing is compared with the digest of an empty text."""
    assert hashed_nonce("") == ""
    assert Secret("x") == Secret("x")
