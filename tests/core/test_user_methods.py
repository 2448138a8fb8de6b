"""The methods for signed-in users: each makes its call, and its script is the grant's."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from sansio_auth import AccessToken, ConfigurationError, NotCached
from sansio_auth.authorization import AuthCodeFlow
from sansio_auth.testing import World, sign_in, user_token
from tests.core.grants.users import ALICE, HOST, REDIRECT, TENANT, WEB_API, client, signed_in, world

_SCOPES = ["User.Read"]


def _begin(at: World, **parameters: str) -> AuthCodeFlow:
    flow: AuthCodeFlow = at.play(client().initiate_auth_code_flow(_SCOPES, parameters)).result
    return flow


def _back(at: World, url: str) -> dict[str, str]:
    """Let alice sign in at that URL, and return what her browser brings."""
    at.tenant, response = sign_in(at.tenant, url, "alice@contoso.com", at.clock.now)
    return dict(response)


def _token(at: World, call: Any) -> str:
    """Play a call that ends in a token, and return what kind of grant was sent for it."""
    outcome = at.play(call).result
    assert isinstance(outcome, AccessToken)
    return at.sent[-1]["grant_type"] if outcome.metadata.requests else "none"


def test_a_sign_in_is_begun_and_ended() -> None:
    """The code that the browser brings is redeemed with the flow's verifier."""
    at = world()
    flow = _begin(at, redirect_uri=REDIRECT)
    call = client().acquire_token_by_auth_code_flow(flow, _back(at, flow.auth_uri))
    assert _token(at, call) == "authorization_code"
    assert at.sent[-1]["code_verifier"] == flow.code_verifier.reveal()
    assert at.sent[-1]["redirect_uri"] == REDIRECT


def test_a_code_is_redeemed_that_the_caller_watched_over() -> None:
    """State and PKCE are then the caller's."""
    at = world()
    parameters = {"redirect_uri": REDIRECT, "response_type": "code", "state": "s"}
    url = at.play(client().authorization_request_url(_SCOPES, parameters)).result
    code = _back(at, url)["code"]
    call = client().acquire_token_by_authorization_code(code, _SCOPES, redirect_uri=REDIRECT)
    assert _token(at, call) == "authorization_code"
    for options, made in (({"redirect_uri": "u"}, ("u", "")), ({"nonce": "n"}, ("", "n"))):
        given: Any = options
        request: Any = client().acquire_token_by_authorization_code("c", _SCOPES, **given).request
        assert (request.redirect_uri, request.nonce) == made


def test_a_known_user_is_served_forgotten_and_unknown_again() -> None:
    """Accounts, a silent call from the cache, and the sign-out."""
    at = signed_in(world())
    (account,) = at.play(client().get_accounts()).result
    assert account.home_account_id == ALICE
    assert at.play(client().get_accounts("nobody")).result == ()
    silent = client().acquire_token_silent(_SCOPES, ALICE)
    assert _token(at, silent) == "none"
    assert at.play(client().remove_account(ALICE, "other.host")).result is None
    assert _token(at, silent) == "none"
    assert at.play(client().remove_account(ALICE)).result is None
    assert isinstance(at.play(silent).result, NotCached)


def test_what_else_a_user_can_be_served_by_is_sent() -> None:
    """A refresh token, a password, a federated credential."""
    at = signed_in(world())
    (refresh_token, _), *_ = (
        row
        for partition in at.partitions.values()
        for row in getattr(partition, "refresh", {}).values()
    )
    by = client()
    assert _token(at, by.acquire_token_by_refresh_token(refresh_token, _SCOPES)) == "refresh_token"
    password = by.acquire_token_by_username_password(
        "alice@contoso.com", "alice's-password", _SCOPES
    )
    assert _token(at, password) == "password"
    for options, made in (
        ({"username": "a@b.c"}, ("a@b.c", "")),
        ({"user_object_id": "oid"}, ("", "oid")),
    ):
        who: Any = options
        request: Any = by.acquire_token_by_user_federated_identity_credential(
            _SCOPES, "a.b.c", **who
        ).request
        assert (request.name, request.user_object_id) == made
    call = by.acquire_token_by_user_federated_identity_credential(
        _SCOPES, "a.b.c", username="alice@contoso.com"
    )
    assert at.play(call).transcript.steps
    assert at.sent[-1]["grant_type"] == "user_fic"


def test_a_session_is_begun_served_and_stopped() -> None:
    """Under a key that is the caller's."""
    at = world()
    assertion = user_token(at.tenant, "alice@contoso.com", WEB_API, at.clock.now)
    by = client()
    begin = by.initiate_long_running_on_behalf_of(assertion, "session-key", _SCOPES)
    assert _token(at, begin).endswith("jwt-bearer")
    session = by.acquire_token_in_long_running_session("session-key", _SCOPES)
    assert _token(at, session) == "none"
    assert at.play(by.stop_long_running_session("session-key")).result is None
    assert isinstance(at.play(session).result, NotCached)


@pytest.mark.parametrize("tenant", [TENANT, "contoso.com"])
def test_the_endpoints_are_found(tenant: str) -> None:
    """Computed, or asked for."""
    endpoints = world().play(client(tenant).discover()).result
    assert endpoints.realm == TENANT
    assert endpoints.token == f"https://{HOST}/{TENANT}/oauth2/v2.0/token"


@pytest.mark.parametrize("code", [None, "", 1])
def test_a_response_must_have_a_code(code: Any) -> None:
    """Or there is nothing to redeem."""
    flow = _begin(world())
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
