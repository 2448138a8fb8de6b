"""A tenant of Entra ID as data: who is registered, who may sign in, what was issued.

Knows what such a tenant consists of and how its tokens are made and read. Refuses to know HTTP:
`handle` answers requests. Nothing here reads a clock or makes randomness; what looks random is
derived from the tenant's seed and the number of tokens issued so far.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from attrs import evolve, field, frozen

from sansio_auth._seed import SEED_BYTES
from sansio_auth.secret import Secret
from sansio_auth.testing._tokens import TokenFacts, mint, read
from sansio_auth.wire import HttpResponse

__all__ = [
    "Application",
    "RegisteredSecret",
    "Resource",
    "Tenant",
    "User",
    "example_tenant",
    "explain",
    "user_token",
]

PUBLIC_CLOUD: Final = "https://login.microsoftonline.com"
GRAPH: Final = "https://graph.microsoft.com"
_ONE_HOUR: Final = 3600


@frozen
class RegisteredSecret:
    """A client secret; `expires_at` is POSIX seconds, None for never."""

    value: Secret
    expires_at: float | None = None


@frozen
class Application:
    """A registered application; `certificates` are DER, `trusted` are federated subjects.

    A federated subject is (issuer, subject, audience) of a JWT that may stand for a credential.
    `redirect_uris` are where its sign-ins may end.
    """

    client_id: str
    secrets: tuple[RegisteredSecret, ...] = ()
    certificates: tuple[bytes, ...] = field(default=(), repr=False)
    trusted: frozenset[tuple[str, str, str]] = frozenset()
    redirect_uris: frozenset[str] = frozenset()
    family: str | None = None


@frozen
class User:
    """Somebody who can sign in; with `mfa` only after more than a password."""

    username: str
    object_id: str
    mfa: bool = False
    password: Secret | None = None


@frozen
class Resource:
    """An API that tokens are for; `challenge` is the claims request it makes of every token."""

    uri: str
    scopes: frozenset[str] = frozenset()
    challenge: str | None = None


@frozen
class Tenant:
    """One tenant and everything that has happened in it. A value: `handle` returns a new one.

    `origin` is where it is reached, `hosts` are further hosts (with ports) it answers on, such as
    regional ones. Lives are in seconds. `interruptions` are answered first, one to each token
    request. `used` are the ids of spent assertions and codes with the POSIX time they end at.
    """

    tenant_id: str
    origin: str = PUBLIC_CLOUD
    hosts: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()
    applications: Mapping[str, Application] = field(factory=dict[str, Application])
    resources: Mapping[str, Resource] = field(factory=dict[str, Resource])
    users: Mapping[str, User] = field(factory=dict[str, User])
    region: str | None = None
    token_life: int = 3599
    refresh_in: int | None = None
    interruptions: tuple[HttpResponse, ...] = ()
    seed: bytes = field(default=bytes(SEED_BYTES), repr=False)
    issued: int = 0
    requests: int = 0
    used: Mapping[str, float] = field(factory=dict[str, float], repr=False)
    revoked: frozenset[str] = field(default=frozenset(), repr=False)

    @property
    def authority(self) -> str:
        """The authority's URL, as an application is configured with it."""
        return f"{self.origin}/{self.tenant_id}"

    @property
    def token_endpoint(self) -> str:
        """Where tokens are asked for."""
        return f"{self.authority}/oauth2/v2.0/token"

    @property
    def issuer(self) -> str:
        """The `iss` of its tokens."""
        return f"{self.authority}/v2.0"

    def named(self, name: str) -> bool:
        """Whether a path segment means this tenant."""
        return name.lower() in {self.tenant_id.lower(), *(d.lower() for d in self.domains)}

    def issue(self, facts: TokenFacts) -> tuple[Tenant, str]:
        """Return the tenant that issued one more token, and the token."""
        number = self.issued + 1
        return evolve(self, issued=number), mint(self.seed, evolve(facts, number=number))

    def revoke(self, token: str) -> Tenant:
        """Return the tenant in which that refresh token is worth nothing any more."""
        facts = read(self.seed, token)
        return self if facts is None else evolve(self, revoked=self.revoked | {facts.id})


def explain(tenant: Tenant, token: str) -> TokenFacts | None:
    """Return what a token of this tenant says, None for anything it did not issue."""
    return read(tenant.seed, token)


def user_token(
    tenant: Tenant, username: str, client_id: str, now: float, *, life: int = _ONE_HOUR
) -> str:
    """Return what a front end would send to the application `client_id`: the user's token for it.

    It is what on-behalf-of takes as `user_assertion`. `now` is POSIX seconds, `life` seconds.
    """
    user = tenant.users[username]
    facts = TokenFacts(
        kind="access",
        issuer=tenant.issuer,
        audience=f"api://{client_id}",
        client_id="a-front-end",
        tenant_id=tenant.tenant_id,
        issued_at=int(now),
        expires_at=int(now) + life,
        username=user.username,
        object_id=user.object_id,
        scopes=("access_as_user",),
        # An assertion is no event of the tenant's: its number tells users and times apart.
        number=-int(now),
    )
    return mint(tenant.seed, facts)


def example_tenant(*, origin: str = PUBLIC_CLOUD, certificates: tuple[bytes, ...] = ()) -> Tenant:
    """Return a tenant to try things with.

    One application with a secret (`example_tenant().applications` tells its id), one with the
    certificates given; the users alice and bob, who needs a second factor; Microsoft Graph and
    `api://orders`, which demands a claims challenge to be met.
    """
    web_api = Application(
        "6731de76-14a6-49ae-97bc-6eba6914391e",
        secrets=(
            RegisteredSecret(Secret("the-application's-secret")),
            RegisteredSecret(Secret("last-year's-secret"), expires_at=1_000_000_000.0),
        ),
        redirect_uris=frozenset({"http://localhost:5000/getAToken"}),
    )
    daemon = Application("0b1ef9a1-6e2d-4c7a-9b53-7f2d8c1a4e60", certificates=certificates)
    alice = User(
        "alice@contoso.com",
        "a11ce000-0000-4000-8000-000000000001",
        password=Secret("alice's-password"),
    )
    bob = User("bob@contoso.com", "b0b00000-0000-4000-8000-000000000002", mfa=True)
    graph = Resource(GRAPH, frozenset({"User.Read", "Mail.Read", "Files.Read"}))
    orders = Resource(
        "api://orders",
        frozenset({"Orders.Read"}),
        challenge='{"access_token":{"acrs":{"essential":true,"value":"c1"}}}',
    )
    return Tenant(
        "11111111-2222-3333-4444-555555555555",
        origin=origin,
        domains=frozenset({"contoso.com", "contoso.onmicrosoft.com"}),
        applications={app.client_id: app for app in (web_api, daemon)},
        resources={resource.uri: resource for resource in (graph, orders)},
        users={user.username: user for user in (alice, bob)},
    )
