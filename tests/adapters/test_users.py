"""The application's methods for users, end to end against the tenant over HTTPS."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from attrs import evolve

from sansio_auth import (
    AuthorityError,
    ConfigurationError,
    HttpResponse,
    SansioAuthError,
    ServiceError,
)
from sansio_auth.testing import Application, example_tenant, sign_in, user_token
from sansio_auth_adapters import ConfidentialClientApplication
from sansio_auth_adapters.tenant_server import TenantServer

_WEB_API = "6731de76-14a6-49ae-97bc-6eba6914391e"
_SECRET = "the-application's-secret"
_REDIRECT = "http://localhost:5000/getAToken"
_ALICE = "alice@contoso.com"


@pytest.fixture
def server() -> Iterator[TenantServer]:
    """A tenant for one test."""
    with TenantServer(example_tenant()) as running:
        yield running


@pytest.fixture
def app(server: TenantServer) -> Iterator[Any]:
    """The web API's application."""
    made = ConfidentialClientApplication(
        _WEB_API, _SECRET, server.authority, instance_discovery=False, verify=server.ca_path
    )
    with made:
        yield made


def _begin(app: Any, **parameters: Any) -> Any:
    return app.initiate_auth_code_flow(
        ["User.Read"], redirect_uri=_REDIRECT, response_mode="form_post", **parameters
    )


def _signed_in(app: Any, server: TenantServer) -> Any:
    flow = _begin(app)
    server.tenant, response = sign_in(server.tenant, flow["auth_uri"], _ALICE, time.time())
    return app.acquire_token_by_auth_code_flow(flow, response)


def test_a_user_signs_in_is_known_and_signs_out(app: Any, server: TenantServer) -> None:
    """The web application's whole day."""
    result = _signed_in(app, server)
    assert result["token_source"] == "identity_provider"
    assert result["id_token_claims"]["preferred_username"] == _ALICE
    (account,) = app.get_accounts()
    assert account["username"] == _ALICE
    assert set(account) == {
        "home_account_id", "environment", "username", "account_source", "authority_type",
        "local_account_id", "realm",
    }  # fmt: skip
    assert app.acquire_token_silent(["User.Read"], account)["token_source"] == "cache"
    fresh = app.acquire_token_silent(["Mail.Read"], account)
    assert fresh["token_source"] == "identity_provider"
    forced = app.acquire_token_silent(["User.Read"], account, force_refresh=True)
    assert forced["token_source"] == "identity_provider"
    app.remove_account(account)
    assert app.get_accounts() == []
    assert app.acquire_token_silent(["User.Read"], account) is None


def test_a_silent_refusal_is_told_by_one_method_and_not_by_the_other(
    app: Any, server: TenantServer
) -> None:
    """With MSAL's classification; nobody asked for is nothing found."""
    _signed_in(app, server)
    (account,) = app.get_accounts()
    assert app.acquire_token_silent(["Nobody.Consented"], account) is None
    refused = app.acquire_token_silent_with_error(["Nobody.Consented"], account)
    assert (refused["error"], refused["classification"]) == ("invalid_grant", "consent_required")
    before = len(server.exchanges)
    nobodies: list[Any] = [None, {}]
    for nobody in nobodies:
        assert app.acquire_token_silent(["User.Read"], nobody) is None
        assert app.acquire_token_silent_with_error(["User.Read"], nobody) is None
    assert len(server.exchanges) == before


@pytest.mark.parametrize("account", ["text", {"home_account_id": ""}, {"username": "x"}, 1])
def test_an_account_is_one_of_get_accounts(app: Any, account: Any) -> None:
    """Of which one member counts."""
    with pytest.raises(ConfigurationError, match="account"):
        app.acquire_token_silent(["User.Read"], account)


def test_a_sign_in_that_was_refused_is_a_dictionary(app: Any) -> None:
    """With the members that the browser brought, and no request."""
    flow = _begin(app)
    response = {
        "state": flow["state"],
        "error": "access_denied",
        "error_description": "d",
        "x": "y",
    }
    assert app.acquire_token_by_auth_code_flow(flow, response) == {
        "error": "access_denied", "error_description": "d",
    }  # fmt: skip


@pytest.mark.parametrize(
    "response", [{"state": "another", "code": "c"}, {"code": "c"}, {"error": "x"}, {}]
)
def test_a_response_to_another_sign_in_is_refused(app: Any, response: Any) -> None:
    """A `ValueError`, as in MSAL."""
    with pytest.raises(ValueError, match="state"):
        app.acquire_token_by_auth_code_flow(_begin(app), response)


def test_a_response_without_anything_in_it_is_refused(app: Any) -> None:
    """Neither code nor error."""
    flow = _begin(app)
    with pytest.raises(ValueError, match="code"):
        app.acquire_token_by_auth_code_flow(flow, {"state": flow["state"]})
    with pytest.raises(ValueError, match="auth_response"):
        app.acquire_token_by_auth_code_flow(flow, "text")


def test_the_callers_dictionaries_are_as_they_were(app: Any, server: TenantServer) -> None:
    """Neither the flow nor the response nor data is changed."""
    flow = _begin(app, claims_challenge='{"id_token":{}}')
    server.tenant, response = sign_in(server.tenant, flow["auth_uri"], _ALICE, time.time())
    data = {"extra": "1"}
    before = (dict(flow), dict(response), dict(data))
    app.acquire_token_by_auth_code_flow(flow, response, data=data)
    assert (flow, response, data) == before


def test_a_parameter_of_a_sign_in_that_cannot_be_is_refused(app: Any) -> None:
    """By name."""
    for given in ({"max_age": "60"}, {"max_age": -1}, {"prompt": 1}, {"state": b"s"}):
        with pytest.raises(ConfigurationError):
            _begin(app, **given)


def test_another_response_mode_is_warned_of(app: Any) -> None:
    """A code in a URL ends up in logs."""
    with pytest.warns(UserWarning, match="form_post"):
        app.initiate_auth_code_flow(["User.Read"])


def test_the_deprecated_pair_works_and_says_that_it_is_deprecated(
    app: Any, server: TenantServer
) -> None:
    """State and nonce are the caller's to keep."""
    with pytest.warns(DeprecationWarning, match="initiate_auth_code_flow"):
        url = app.get_authorization_request_url(
            ["User.Read"], redirect_uri=_REDIRECT, state="s", nonce="n"
        )
    server.tenant, response = sign_in(server.tenant, url, _ALICE, time.time())
    assert response["state"] == "s"
    with pytest.warns(DeprecationWarning, match="auth_code_flow"):
        result = app.acquire_token_by_authorization_code(
            response["code"], ["User.Read"], redirect_uri=_REDIRECT, nonce="n"
        )
    assert result["id_token_claims"]["nonce"] == "n"
    server.tenant, response = sign_in(server.tenant, url, _ALICE, time.time())
    with (
        pytest.warns(DeprecationWarning, match="auth_code_flow"),
        pytest.raises(ValueError, match="nonce"),
    ):
        app.acquire_token_by_authorization_code(
            response["code"], ["User.Read"], redirect_uri=_REDIRECT, nonce="another"
        )


def test_a_password_and_a_refresh_token_get_tokens(app: Any) -> None:
    """And are refused as dictionaries."""
    result = app.acquire_token_by_username_password(_ALICE, "alice's-password", ["User.Read"])
    assert result["token_source"] == "identity_provider"
    again = app.acquire_token_by_refresh_token(result["refresh_token"], ["Mail.Read"])
    assert again["token_source"] == "identity_provider"
    wrong = app.acquire_token_by_username_password(_ALICE, "no", ["User.Read"])
    assert wrong["error"] == "invalid_grant"
    assert app.acquire_token_by_refresh_token("nonsense", [])["suberror"] == "bad_token"
    for name in ("", "\ud800"):
        with pytest.raises(ConfigurationError, match="username"):
            app.acquire_token_by_username_password(name, "pw", ["User.Read"])


def test_a_federated_credential_is_looked_up_the_second_time(app: Any) -> None:
    """Unless that is not wanted."""
    credential = app.acquire_token_for_client(["https://graph.microsoft.com/.default"])[
        "access_token"
    ]
    ask = app.acquire_token_by_user_federated_identity_credential
    sources = [
        ask(["User.Read"], credential, username=_ALICE, force_refresh=force)["token_source"]
        for force in (False, False, True)
    ]
    assert sources == ["identity_provider", "cache", "identity_provider"]


def test_a_session_goes_on_without_the_users_assertion(app: Any, server: TenantServer) -> None:
    """Begun, used, stopped; unknown arguments are refused."""
    assertion = user_token(server.tenant, _ALICE, _WEB_API, time.time())
    result, key = app.initiate_long_running_on_behalf_of(assertion, ["User.Read"])
    assert result["token_source"] == "identity_provider"
    assert len(key) == 64
    mine, same = app.initiate_long_running_on_behalf_of(assertion, ["User.Read"], session_key="k")
    assert (mine["token_source"], same) == ("identity_provider", "k")
    assert app.acquire_token_in_long_running_session(key, ["User.Read"])["token_source"] == "cache"
    app.stop_long_running_session(key)
    assert app.acquire_token_in_long_running_session(key, ["User.Read"]) is None
    assert app.acquire_token_in_long_running_session("k", ["User.Read"])
    with pytest.raises(TypeError, match="nonsense"):
        app.acquire_token_in_long_running_session("k", ["User.Read"], nonsense=1)


def test_another_tenant_is_asked_by_its_id(server: TenantServer) -> None:
    """One application, many tenants; each has tokens of its own."""
    app: Any = ConfidentialClientApplication(
        _WEB_API, _SECRET, server.authority, instance_discovery=False, verify=server.ca_path
    )
    graph = ["https://graph.microsoft.com/.default"]
    assert app.acquire_token_for_client(graph)["token_source"] == "identity_provider"
    domain = app.acquire_token_for_client(graph, tenant_id="contoso.com")
    assert domain["token_source"] == "cache"
    server.tenant = evolve(server.tenant, tenant_id="99999999-2222-3333-4444-555555555555")
    other = app.acquire_token_for_client(graph, tenant_id="99999999-2222-3333-4444-555555555555")
    assert other["token_source"] == "identity_provider"
    with pytest.raises(ConfigurationError):
        app.acquire_token_for_client(graph, tenant_id="a/b")


def test_a_correlation_id_is_the_callers(app: Any, server: TenantServer) -> None:
    """It is sent, and comes back with a refusal."""
    refused = app.acquire_token_for_client(["api://nobody/.default"], correlation_id="my-id")
    assert refused["correlation_id"] == "my-id"
    headers = dict(server.exchanges[-1].request.headers)
    assert headers["client-request-id"] == "my-id"


def test_a_service_that_is_down_is_an_exception(app: Any, server: TenantServer) -> None:
    """As MSAL raises; with status and correlation id."""
    server.tenant = evolve(server.tenant, interruptions=(HttpResponse(503),) * 2)
    with pytest.raises(ServiceError) as caught:
        app.acquire_token_for_client(["https://graph.microsoft.com/.default"])
    assert caught.value.status == 503
    assert caught.value.correlation_id


def test_the_attributes_that_callers_read_are_there(app: Any, server: TenantServer) -> None:
    """And the one that is not says what to do."""
    authority = app.authority
    assert (authority.instance, authority.tenant) == ("localhost", server.tenant.tenant_id)
    assert authority.token_endpoint == server.tenant.token_endpoint
    assert authority.authorization_endpoint.endswith("/oauth2/v2.0/authorize")
    assert authority.device_authorization_endpoint
    assert not authority.is_adfs
    assert app.authority == authority
    assert len(server.exchanges) == 1
    assert app.client_id == _WEB_API
    assert app.client_credential == _SECRET
    assert app.http_client.http_client is None
    app.http_client.close()
    assert app.authority_groups == {"localhost": frozenset({"localhost"})}
    assert app.is_pop_supported() is False
    assert (app.client_claims, app.app_name, app.app_version) == (None, None, None)
    with pytest.raises(AttributeError, match=r"sansio_auth\.ConfidentialClient"):
        _ = app.client
    assert _SECRET not in repr(vars(app))


def test_an_authority_that_is_none_is_the_services_failure_or_its_own(server: TenantServer) -> None:
    """The tenant does not exist."""
    app: Any = ConfidentialClientApplication(
        _WEB_API, _SECRET, f"{server.tenant.origin}/nobody.example", instance_discovery=False,
        verify=server.ca_path,
    )  # fmt: skip
    with pytest.raises(AuthorityError):
        _ = app.authority


def test_a_familys_account_serves_a_client_that_is_new(server: TenantServer) -> None:
    """Two applications, one cache, one family."""
    from sansio_auth_adapters import TokenCache

    secrets = server.tenant.applications[_WEB_API].secrets
    registered = {
        name: Application(name, secrets=secrets, family="1", redirect_uris=frozenset({_REDIRECT}))
        for name in ("first", "second")
    }
    server.tenant = evolve(server.tenant, applications=registered)
    cache = TokenCache()
    apps: list[Any] = [
        ConfidentialClientApplication(
            name, _SECRET, server.authority, instance_discovery=False, verify=server.ca_path,
            token_cache=cache,
        )
        for name in ("first", "second")
    ]  # fmt: skip
    _signed_in(apps[0], server)
    (account,) = apps[1].get_accounts()
    assert apps[1].acquire_token_silent(["Mail.Read"], account)["token_source"] == (
        "identity_provider"
    )


def test_what_cannot_be_sent_is_refused_and_shown_by_nothing(app: Any) -> None:
    """Half of a character, in whatever a caller brings; also behind the error."""
    bad, scopes = "canary\ud800", ["User.Read"]
    asks: list[Callable[[], object]] = [
        lambda: app.acquire_token_on_behalf_of(bad, scopes),
        lambda: app.initiate_long_running_on_behalf_of("a", scopes, session_key=bad),
        lambda: app.acquire_token_in_long_running_session(bad, scopes),
        lambda: app.stop_long_running_session(bad),
        lambda: app.acquire_token_by_user_federated_identity_credential(scopes, bad, username="u"),
        lambda: app.acquire_token_by_username_password(_ALICE, bad, scopes),
        lambda: app.acquire_token_by_username_password(bad, "pw", scopes),
        lambda: app.acquire_token_by_refresh_token(bad, scopes),
        lambda: app.acquire_token_for_client(scopes, forwarded_client_claims=f'{{"a": "{bad}"}}'),
        lambda: _begin(app, login_hint=bad),
    ]
    for ask in asks:
        with pytest.raises(ConfigurationError) as caught:
            ask()
        assert "canary" not in str(caught.value)
        assert caught.value.__cause__ is None


def test_a_name_that_cannot_be_sent_shows_no_secret_beside_it(app: Any) -> None:
    """What goes wrong is the name's encoding alone."""
    with pytest.raises(SansioAuthError) as caught:
        app.acquire_token_by_user_federated_identity_credential(["s"], "canary", username="\ud800")
    error: BaseException | None = caught.value
    while error is not None:
        assert "canary" not in repr(error)
        error = error.__cause__ or error.__context__
