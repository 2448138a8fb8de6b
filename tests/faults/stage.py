"""A stage on which one call is played, whoever asks: see `drivers`.

Clock, token store, authority and credential are the same for all of them, so what is found to
differ between them is their doing. A store and an endpoint misbehave when a test tells them to.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from attrs import define, field, frozen

from sansio_auth import (
    AccessToken,
    AssertionCredential,
    Call,
    ClientSecret,
    ConfidentialClient,
    HttpResponse,
    Outcome,
    Policy,
    Secret,
    parse_authority,
)
from sansio_auth.partition import Fact, Found, Partition, PartitionKey, Query, Tokens
from sansio_auth.testing import VirtualClock
from sansio_auth.wire import HttpRequest
from sansio_auth_adapters import (
    MemoryStore,
)
from sansio_auth_adapters.ports import Store

__all__ = [
    "BESIDE", "CLIENT", "CLIENT_SECRET", "GRANTS", "REALM", "THIRD", "WANTED", "Got", "Grant",
    "Stage", "UnrulyStore", "good", "rows",
]  # fmt: skip

HOST: Final = "login.microsoftonline.com"
REALM: Final = "11111111-2222-3333-4444-555555555555"
CLIENT: Final = "6731de76-14a6-49ae-97bc-6eba6914391e"
CLIENT_SECRET: Final = "the-application's-secret"
_HOME: Final = f"user-1.{REALM}"
#: What is asked for, and another token of the same owner that outlives every fault.
WANTED: Final = {False: ["api://wanted/.default"], True: ["Wanted.Read"]}
BESIDE: Final = {False: ["api://beside/.default"], True: ["Beside.Read"]}
THIRD: Final = {False: ["api://third/.default"], True: ["Third.Read"]}
_ASSERTION: Final = "dXNlcg.YXNzZXJ0aW9u.c2ln"


# --- what answers -------------------------------------------------------------------------------


def _part(**members: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(members).encode()).rstrip(b"=").decode()


def token(secret: str, form: Mapping[str, str], **members: Any) -> HttpResponse:
    """Return an answer with a token, and for a user with what users get beside it."""
    body = {"access_token": secret, "token_type": "Bearer", "scope": "", **members}
    body["scope"] = " ".join(it for it in form["scope"].split() if it not in _OPENID)
    if form["grant_type"] != "client_credentials":
        body["refresh_token"] = f"RT of {secret}".replace(" ", "-")
        body["client_info"] = _part(uid="user-1", utid=REALM)
        body["id_token"] = f"{_part(alg='RS256')}.{_part(sub='s', oid='user-1')}.c2ln"
    return HttpResponse(200, (), json.dumps(body).encode())


_OPENID: Final = frozenset({"openid", "profile", "offline_access"})


def good(stage: Stage, request: HttpRequest) -> HttpResponse:
    """Answer as one would wish: the machine, Microsoft, the authority, and the token endpoint."""
    if "169.254.169.254" in request.url:
        return HttpResponse(200, (), b"westus2")
    if request.url.endswith("/discovery/instance"):
        url = f"{stage.authority}/v2.0/.well-known/openid-configuration"
        return HttpResponse(200, (), json.dumps({"tenant_discovery_endpoint": url}).encode())
    if request.form is None:
        base = f"https://{stage.host}/{REALM}"
        members = {
            "issuer": f"{base}/v2.0",
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
        }
        return HttpResponse(200, (), json.dumps(members).encode())
    stage.issued += 1
    return token(f"AT-{stage.issued}", dict(request.form), **stage.life)


class UnrulyStore:
    """A store that does before every question, or instead of an answer, what a test wants."""

    def __init__(self, inner: MemoryStore) -> None:
        self.inner = inner
        self.before: dict[str, Callable[[], object]] = {}

    def _may(self, method: str) -> None:
        _ = self.before.get(method, lambda: None)()

    def peek(self, key: PartitionKey) -> Partition | None:
        self._may("peek")
        return None if "no memory" in self.before else self.inner.peek(key)

    def load(self, key: PartitionKey) -> Partition:
        self._may("load")
        return self.inner.load(key)

    def save(self, changes: tuple[tuple[PartitionKey, tuple[Fact, ...]], ...]) -> Partition:
        self._may("save")
        return self.inner.save(changes)

    def look_up(self, query: Query) -> Found:
        self._may("load")
        return self.inner.look_up(query)


# --- the stage ----------------------------------------------------------------------------------


@define(eq=False)
class Stage:
    """Everything that a call meets. `behave` answers requests, or raises what a transport would.

    `options` are further parameters of the applications that ask.
    """

    grant: Grant
    host: str = HOST
    tenant: str = REALM
    region: bool = False
    credential: Callable[[], Any] | None = None
    clock: VirtualClock = field(factory=VirtualClock)
    memory: MemoryStore = field(factory=MemoryStore)
    unruly: UnrulyStore | None = None
    knowledge: Store = field(factory=MemoryStore)
    behave: Callable[[Stage, HttpRequest], HttpResponse] = good
    life: Mapping[str, Any] = field(factory=dict[str, Any])
    issued: int = 0
    sent: list[HttpRequest] = field(factory=list[HttpRequest])
    closed: bool = False
    options: Mapping[str, Any] = field(factory=dict[str, Any])

    @property
    def authority(self) -> str:
        """The authority's URL, as an application is configured with it."""
        return f"https://{self.host}/{self.tenant}"

    @property
    def store(self) -> Store:
        """Where tokens are kept: in memory as usual, or where a test has its way with them."""
        return self.memory if self.unruly is None else self.unruly

    @property
    def client(self) -> ConfidentialClient:
        """The client of the core that asks here."""
        credential = ClientSecret(Secret(CLIENT_SECRET)) if self.credential is None else _ASSERTED
        return ConfidentialClient(
            client_id=CLIENT, authority=parse_authority(self.authority), credential=credential,
            find_region=self.region, policy=Policy(retries=1),
        )  # fmt: skip

    @property
    def posts(self) -> int:
        """How often a token was asked for."""
        return sum(it.form is not None for it in self.sent)

    def send(self, request: HttpRequest) -> HttpResponse:
        """Be the transport: remember, and behave."""
        self.sent.append(request)
        return self.behave(self, request)

    def close(self) -> None:
        """Hold nothing."""


_ASSERTED: Final = AssertionCredential()


def rows(stage: Stage) -> dict[str, dict[Any, Any]]:
    """Return every token that is stored: access tokens and refresh tokens, by where they are."""
    found: dict[str, dict[Any, Any]] = {"access": {}, "refresh": {}}
    for owner, partition in stage.memory.snapshot().items():
        if isinstance(partition, Tokens):
            found["access"] |= {(owner, key): row for key, row in partition.access.items()}
            found["refresh"] |= {(owner, key): row for key, row in partition.refresh.items()}
    return found


# --- what is asked ------------------------------------------------------------------------------


@frozen
class Grant:
    """One way to ask, of a client of the core and of an application."""

    of_client: Callable[..., Call[Outcome]]
    of_application: Callable[..., Any]
    #: How the tokens get here in the first place.
    first: Callable[..., Call[Outcome]]
    for_user: bool = True


_ACCOUNT: Final = {"home_account_id": _HOME}

GRANTS: Final[Mapping[str, Grant]] = {
    "client credentials": Grant(
        lambda client, scopes, **options: client.acquire_token_for_client(scopes, **options),
        lambda app, scopes, **options: app.acquire_token_for_client(scopes, **options),
        lambda client, scopes: client.acquire_token_for_client(scopes),
        for_user=False,
    ),
    "on behalf of": Grant(
        lambda client, scopes, **options: client.acquire_token_on_behalf_of(
            _ASSERTION, scopes, **options
        ),
        lambda app, scopes, **options: app.acquire_token_on_behalf_of(
            _ASSERTION, scopes, **options
        ),
        lambda client, scopes: client.acquire_token_on_behalf_of(_ASSERTION, scopes),
    ),
    "silent": Grant(
        lambda client, scopes, **options: client.acquire_token_silent(scopes, _HOME, **options),
        lambda app, scopes, **options: app.acquire_token_silent_with_error(
            scopes, _ACCOUNT, **options
        ),
        lambda client, scopes: client.acquire_token_by_refresh_token("first-refresh-token", scopes),
    ),
}


@frozen
class Got:
    """What a call came to: a token and where it is from, or what was said instead."""

    secret: str | None = None
    source: str | None = None
    failure: object = None

    @classmethod
    def of(cls, result: Any) -> Got:
        """Return what a result of the core or of an application is, or an error that was raised."""
        match result:
            case AccessToken():
                return cls(result.token.reveal(), result.source)
            case {"access_token": secret, "token_source": source}:
                return cls(secret, source)
            case _:
                return cls(failure=result)
