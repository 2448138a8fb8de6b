"""The front door: each method makes the right call, and nothing else happens."""

from __future__ import annotations

from typing import Any

import pytest

from sansio_auth import (
    AccessToken,
    ClientSecret,
    ConfidentialClient,
    ConfigurationError,
    Secret,
    parse_authority,
)
from sansio_auth.asserted_calls import OnBehalfOf
from sansio_auth.calls import ClientCredentials
from sansio_auth.testing import World, example_tenant, user_token

_WEB_API = "6731de76-14a6-49ae-97bc-6eba6914391e"
_OTHER = "99999999-2222-3333-4444-555555555555"


def _client(authority: str = "", **more: Any) -> ConfidentialClient:
    return ConfidentialClient(
        client_id=_WEB_API,
        authority=parse_authority(authority or example_tenant().authority),
        credential=ClientSecret(Secret("the-application's-secret")),
        **more,
    )


def test_each_method_asks_for_its_grant() -> None:
    """With the numbers that MSAL gives them."""
    client = _client()
    app = client.acquire_token_for_client(["s/.default"]).request
    user = client.acquire_token_on_behalf_of("a.b.c", ["s"]).request
    assert isinstance(app, ClientCredentials)
    assert isinstance(user, OnBehalfOf)
    assert (app.api_id, user.api_id) == ("730", "523")


def test_the_two_grants_get_their_tokens() -> None:
    """From the simulated tenant."""
    world = World(example_tenant())
    client = _client()
    graph = ["https://graph.microsoft.com/.default"]
    assert isinstance(world.play(client.acquire_token_for_client(graph)).result, AccessToken)
    assertion = user_token(world.tenant, "alice@contoso.com", _WEB_API, world.clock.now)
    call = client.acquire_token_on_behalf_of(assertion, ["User.Read"])
    assert isinstance(world.play(call).result, AccessToken)
    assert world.play(client.remove_tokens_for_client()).result is None


def test_a_client_is_a_value() -> None:
    """Equal configuration, equal clients; its repr shows no secret."""
    assert _client() == _client()
    assert "the-application's-secret" not in repr(_client())


def test_another_tenant_is_another_client() -> None:
    """Of the same cloud, with the same credential."""
    other = _client().for_tenant(_OTHER)
    assert other.authority.url == f"https://login.microsoftonline.com/{_OTHER}"
    assert other.endpoints is not None
    assert other.credential == _client().credential


@pytest.mark.parametrize("tenant", ["", "a/b", None, 1, "not a tenant", "single"])
def test_a_tenant_must_be_one(tenant: Any) -> None:
    """A GUID or a domain."""
    with pytest.raises(ConfigurationError):
        _client().for_tenant(tenant)


@pytest.mark.parametrize(
    "authority",
    ["https://sts.contoso.com/adfs", "https://x.b2clogin.com/t/b2c_1_p", "https://x.ciamlogin.com",
     "https://d.example/dstsv2/t"],
)  # fmt: skip
def test_some_authorities_have_no_other_tenants(authority: str) -> None:
    """None that could be told from the URL."""
    with pytest.raises(ConfigurationError) as caught:
        _client(authority).for_tenant(_OTHER)
    assert caught.value.code == "tenant_id"
