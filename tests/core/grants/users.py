"""Users who have signed in, for the tests of the grants that serve them."""

from __future__ import annotations

from typing import Any

from attrs import evolve

from sansio_auth import (
    AccessToken,
    ClientSecret,
    ConfidentialClient,
    Policy,
    Secret,
    apply_all,
    parse_authority,
)
from sansio_auth.partition import RefreshTokenStored, Tokens, UserKey
from sansio_auth.testing import Application, World, example_tenant, sign_in

WEB_API = "6731de76-14a6-49ae-97bc-6eba6914391e"
REDIRECT = "http://localhost:5000/getAToken"
HOST = "login.microsoftonline.com"
TENANT = "11111111-2222-3333-4444-555555555555"
ALICE = f"a11ce000-0000-4000-8000-000000000001.{TENANT}"


def client(
    tenant: str = TENANT, *, host: str = HOST, client_id: str = WEB_API, **more: Any
) -> ConfidentialClient:
    """Return the web API's client."""
    return ConfidentialClient(
        client_id=client_id,
        authority=parse_authority(f"https://{host}/{tenant}"),
        credential=ClientSecret(Secret("the-application's-secret")),
        policy=more.pop("policy", Policy(retries=1)),
        **more,
    )


def world(**changes: Any) -> World:
    """Return a world with the example tenant, which answers on the cloud's aliases too."""
    hosts = frozenset({"login.windows.net", "login.microsoft.com", "sts.windows.net"})
    return World(evolve(example_tenant(), hosts=hosts, **changes))


def family(at: World, *members: str) -> World:
    """Let these applications be of one family, with the web API's secret."""
    secrets = at.tenant.applications[WEB_API].secrets
    registered = {
        name: Application(name, secrets=secrets, family="1", redirect_uris=frozenset({REDIRECT}))
        for name in members
    }
    at.tenant = evolve(at.tenant, applications={**at.tenant.applications, **registered})
    return at


def signed_in(at: World, by: ConfidentialClient | None = None, scope: str = "User.Read") -> World:
    """Let alice sign in, and her tokens be in the cache."""
    by = by or client()
    flow = at.play(by.initiate_auth_code_flow([scope], {"redirect_uri": REDIRECT})).result
    at.tenant, response = sign_in(at.tenant, flow.auth_uri, "alice@contoso.com", at.clock.now)
    outcome = at.play(by.acquire_token_by_auth_code_flow(flow, response)).result
    assert isinstance(outcome, AccessToken)
    return at


def alices(at: World, host: str = HOST) -> Tokens:
    """Return everything of alice's that is in the cache."""
    found = at.partitions.get(UserKey(host, ALICE), Tokens())
    assert isinstance(found, Tokens)
    return found


def with_refresh_token(at: World, *facts: RefreshTokenStored, host: str = HOST) -> World:
    """Put refresh tokens into alice's partition."""
    key = UserKey(host, ALICE)
    at.partitions[key] = apply_all(at.partitions.get(key, Tokens()), facts)
    return at
