"""The form of a scenario: who the application is, what it calls, and what the world answers.

Data only. A value that must be made anew for each run (a callback, a key's path) is wrapped in
`PerRun`. Nothing here knows either library.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from attrs import field, frozen

from tests.parity.keys import Keys
from tests.parity.tree import Tree

__all__ = [
    "ASSERTION",
    "CLIENT",
    "DIRECTORY",
    "DISCOVERED",
    "GRAPH",
    "HOST",
    "SECRET",
    "TENANT",
    "USUAL",
    "Answer",
    "Breakdown",
    "PerRun",
    "Reply",
    "Run",
    "Scenario",
    "Step",
    "call",
    "client_info",
    "endpoints",
    "for_client",
    "id_token",
    "on_behalf_of",
    "refused",
    "token",
    "user_token",
]

HOST: Final = "login.microsoftonline.com"
DIRECTORY: Final = "11111111-2222-3333-4444-555555555555"
TENANT: Final = f"https://{HOST}/{DIRECTORY}"
CLIENT: Final = "aaaaaaaa-0000-0000-0000-00000000000a"
SECRET: Final = "not~a+real/secret"
GRAPH: Final = "https://graph.microsoft.com/.default"
ASSERTION: Final = "user.assertion.one"

#: What every scenario shows that asks for a token at a known cloud and a GUID tenant.
USUAL: Final = frozenset({"client-name", "form-texts", "endpoints-computed"})
#: What every scenario shows whose authority has to be discovered.
DISCOVERED: Final = frozenset({"client-name", "form-texts", "discovery-when-needed"})


@frozen
class Answer:
    """An HTTP response; a mapping is written as JSON."""

    body: str | Mapping[str, Tree] = ""
    status: int = 200
    headers: Mapping[str, str] = field(factory=dict[str, str])

    @property
    def text(self) -> str:
        """The body as sent."""
        return self.body if isinstance(self.body, str) else json.dumps(self.body)


@frozen
class Breakdown:
    """No response: the transport raises this exception."""

    error: type[Exception]


Reply: TypeAlias = Answer | Breakdown


@frozen
class Run:
    """What a value may need that is made for each run: the keys, and a notebook to write in."""

    keys: Keys
    notes: list[Tree]


@frozen
class PerRun:
    """A value made anew for each run."""

    make: Callable[[Run], object]


@frozen(kw_only=True)
class Step:
    """One call. `after` are seconds that pass before it; the last reply is repeated if needed."""

    method: str
    arguments: tuple[object, ...]
    keywords: Mapping[str, object]
    replies: tuple[Reply, ...]
    after: float


@frozen(kw_only=True)
class Scenario:
    """A named story. `app` are constructor arguments over (client id, secret, GUID tenant).

    `discovery` are the answers to GET requests by URL without query, in place of the usual ones.
    `differences` are ids of entries of
    `differences.DIFFERENCES`: all of them must show, and nothing else may.
    """

    name: str
    steps: tuple[Step, ...]
    app: Mapping[str, object] = field(factory=dict[str, object])
    positional: tuple[object, ...] = ()
    discovery: Mapping[str, Reply] = field(factory=dict[str, Reply])
    differences: frozenset[str] = USUAL


def for_client(
    *replies: Reply, scopes: object = (GRAPH,), after: float = 0, **keywords: object
) -> Step:
    """Return a client-credentials call; a tuple of scopes becomes the list that msal wants."""
    given = list(scopes) if isinstance(scopes, tuple) else scopes
    return Step(
        method="acquire_token_for_client",
        arguments=(given,),
        keywords=keywords,
        replies=replies,
        after=after,
    )


def on_behalf_of(
    *replies: Reply,
    assertion: object = ASSERTION,
    scopes: object = ("User.Read",),
    after: float = 0,
    **keywords: object,
) -> Step:
    """Return an on-behalf-of call; a tuple of scopes becomes a list."""
    return Step(
        method="acquire_token_on_behalf_of",
        arguments=(assertion, list(scopes) if isinstance(scopes, tuple) else scopes),
        keywords=keywords,
        replies=replies,
        after=after,
    )


def call(
    method: str, *replies: Reply, given: tuple[object, ...] = (), after: float = 0, **named: object
) -> Step:
    """Return a call of any method."""
    return Step(method=method, arguments=given, keywords=named, replies=replies, after=after)


def token(value: str = "AT-app", /, **members: Tree) -> Answer:
    """Return Entra's answer to client credentials; a member given as None is sent as null."""
    usual: dict[str, Tree] = {"token_type": "Bearer", "expires_in": 3599}
    given = {**usual, **members}
    extended = given.get("ext_expires_in", given["expires_in"])
    return Answer({**given, "ext_expires_in": extended, "access_token": value})


def refused(error: str, status: int = 400, /, **members: Tree) -> Answer:
    """Return an OAuth error as Entra words it."""
    usual: dict[str, Tree] = {
        "error": error,
        "error_description": f"AADSTS50000: {error}. Trace ID: 0 Correlation ID: 0",
        "error_codes": [50000],
        "timestamp": "2025-01-01 00:00:00Z",
        "trace_id": "00000000-0000-0000-0000-000000000001",
        "correlation_id": "00000000-0000-0000-0000-000000000002",
    }
    return Answer({**usual, **members}, status)


def _part(value: Mapping[str, Tree]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def client_info(user: str = "user-1") -> str:
    """Return Entra's client_info of a user of the tenant."""
    return _part({"uid": user, "utid": DIRECTORY})


def id_token(user: str = "user-1", without: str = "", **claims: Tree) -> str:
    """Return an id token with a made-up signature, and without one of the usual claims."""
    usual: dict[str, Tree] = {
        "iss": f"{TENANT}/v2.0",
        "aud": CLIENT,
        "oid": user,
        "sub": f"subject-of-{user}",
        "tid": DIRECTORY,
        "preferred_username": f"{user}@contoso.com",
    }
    usual.pop(without, None)
    return f"{_part({'alg': 'RS256', 'typ': 'JWT'})}.{_part({**usual, **claims})}.c2ln"


def user_token(value: str = "AT-user", user: str = "user-1", /, **members: Tree) -> Answer:
    """Return Entra's answer to on-behalf-of, with everything in it."""
    usual: dict[str, Tree] = {
        "token_type": "Bearer",
        "scope": "User.Read email openid profile",
        "expires_in": 4000,
        "ext_expires_in": members.get("expires_in", 4000),
        "access_token": value,
        "refresh_token": f"RT-{user}",
        "id_token": id_token(user),
        "client_info": client_info(user),
    }
    return Answer({**usual, **members})


def endpoints(base: str, issuer: str | None = None, *, version: str = "/v2.0") -> Answer:
    """Return an OpenID Connect configuration whose endpoints stand under a base URL."""
    return Answer(
        {
            "issuer": issuer or f"{base}/v2.0",
            "authorization_endpoint": f"{base}/oauth2{version}/authorize",
            "token_endpoint": f"{base}/oauth2{version}/token",
            "device_authorization_endpoint": f"{base}/oauth2{version}/devicecode",
        }
    )
