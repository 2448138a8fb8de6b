"""Beginning a sign-in: the URL, and what the application keeps."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from attrs import evolve

from sansio_auth import AuthorityError, Failure, TransportError
from sansio_auth._assertion import base64url
from sansio_auth.authorization import AuthCodeFlow
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
