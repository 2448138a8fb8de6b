"""Worlds that answer anything: strategies for answers, and calls of every kind to put to them.

The secrets planted here are texts that occur nowhere else, so that a leak can be searched for.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from attrs import define, field
from hypothesis import strategies as st

from sansio_auth import (
    AssertionCredential,
    Call,
    CertificateCredential,
    ClientSecret,
    ConfidentialClient,
    Failure,
    Flow,
    GetAssertion,
    HttpResponse,
    Load,
    Outcome,
    Policy,
    Save,
    Secret,
    SendHttp,
    Sleep,
    apply_all,
    empty,
    parse_authority,
)
from sansio_auth.credentials import Credential
from sansio_auth.effects import AnyEffect
from sansio_auth.partition import (
    Accounts,
    AccountSeen,
    AppTokens,
    Partition,
    PartitionKey,
    RefreshTokenStored,
    Tokens,
    UserKey,
    find,
)

GUID: Final = "11111111-2222-3333-4444-555555555555"
HOST: Final = "login.microsoftonline.com"
START: Final = 1_700_000_000.0
HOME: Final = f"user-1.{GUID}"

#: What must never be seen anywhere but where it is used.
PLANTED: Final[Mapping[str, str]] = {
    "client secret": "planted-client-secret-7f3a",
    "user assertion": "cGxhbnRlZA.cGxhbnRlZC1hc3NlcnRpb24.c2ln",
    "client assertion": "cGxhbnRlZC1j.bGllbnQtYXNzZXJ0aW9u.c2lnbmVk",
    "access token": "planted-access-token-5c11",
    "refresh token": "planted-refresh-token-90aa",
    "stored refresh token": "planted-stored-refresh-31bd",
    "password": "planted-password-e1e1",
    "code": "planted-code-2b2b",
    "session key": "planted-session-key-4d4d",
    "federated credential": "planted-federated-6e6e",
}

CREDENTIALS: Final[Mapping[str, Credential]] = {
    "secret": ClientSecret(Secret(PLANTED["client secret"])),
    "certificate": CertificateCredential(sha1=False, x5t_s256="thumbprint", expires_at=START),
    "assertion": AssertionCredential(),
}


def client(credential: str = "secret", tenant: str = GUID, **more: Any) -> ConfidentialClient:
    """Return a client of that credential and tenant."""
    return ConfidentialClient(
        client_id="client-1",
        authority=parse_authority(f"https://{HOST}/{tenant}"),
        credential=CREDENTIALS[credential],
        policy=more.pop("policy", Policy(retries=1)),
        **more,
    )


def _id_token(**claims: Any) -> str:
    def part(value: Mapping[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'RS256'})}.{part({'sub': 's', 'oid': 'user-1', **claims})}.c2ln"


_CLIENT_INFO: Final = base64.urlsafe_b64encode(
    json.dumps({"uid": "user-1", "utid": GUID}).encode()
).decode()

#: Every way to ask for a token, by name.
CALLS: Final[Mapping[str, Callable[[ConfidentialClient], Call[Outcome]]]] = {
    "client credentials": lambda c: c.acquire_token_for_client(["api://x/.default"]),
    "client credentials, challenged": lambda c: c.acquire_token_for_client(
        ["api://x/.default"], claims_challenge='{"access_token":{}}'
    ),
    "on behalf of": lambda c: c.acquire_token_on_behalf_of(
        PLANTED["user assertion"], ["User.Read"]
    ),
    "silent": lambda c: c.acquire_token_silent(["User.Read"], HOME),
    "refresh token": lambda c: c.acquire_token_by_refresh_token(
        PLANTED["refresh token"], ["User.Read"]
    ),
    "code": lambda c: c.acquire_token_by_authorization_code(
        PLANTED["code"], ["User.Read"], nonce="n"
    ),
    "password": lambda c: c.acquire_token_by_username_password(
        "user@contoso.com", PLANTED["password"], ["User.Read"]
    ),
    "federated": lambda c: c.acquire_token_by_user_federated_identity_credential(
        ["User.Read"], PLANTED["federated credential"], username="user@contoso.com"
    ),
    "session begun": lambda c: c.initiate_long_running_on_behalf_of(
        PLANTED["user assertion"], PLANTED["session key"], ["User.Read"]
    ),
    "session": lambda c: c.acquire_token_in_long_running_session(
        PLANTED["session key"], ["User.Read"]
    ),
}

# --- what may be answered ------------------------------------------------------------------------

_VALUES: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)
MEMBERS: Final = st.fixed_dictionaries(
    {},
    optional={
        "access_token": st.just(PLANTED["access token"]) | _VALUES,
        "token_type": st.sampled_from(["Bearer", "bearer", "pop"]) | _VALUES,
        "expires_in": st.sampled_from([3599, "3599", 0, -1, 10**12]) | _VALUES,
        "expires_on": st.sampled_from([1_700_003_600, "x"]) | _VALUES,
        "ext_expires_in": _VALUES,
        "refresh_in": st.sampled_from([10, 1_800, "1800", 10**9]) | _VALUES,
        "refresh_token": st.just(PLANTED["refresh token"]) | _VALUES,
        "id_token": st.sampled_from([_id_token(), _id_token(nonce="n"), "x.y"]) | _VALUES,
        "client_info": st.just(_CLIENT_INFO) | _VALUES,
        "scope": st.sampled_from(["User.Read", "api://x/.default a b"]) | _VALUES,
        "foci": st.just("1") | _VALUES,
        "error": st.sampled_from(["invalid_grant", "invalid_client"]) | _VALUES,
        "error_description": st.just(f"told {PLANTED['client secret']}") | _VALUES,
        "error_codes": st.sampled_from([[700024], [90002]]) | _VALUES,
        "suberror": st.sampled_from(["client_mismatch", "bad_token"]) | _VALUES,
        "issuer": st.just(f"https://{HOST}/{GUID}/v2.0") | _VALUES,
        "token_endpoint": st.sampled_from(
            [f"https://{HOST}/{GUID}/oauth2/v2.0/token", "https://evil.example/token", "http://x"]
        ),
        "authorization_endpoint": st.just(f"https://{HOST}/{GUID}/oauth2/v2.0/authorize"),
    },
)
_GOOD: Final = st.sampled_from(
    [
        {
            "access_token": PLANTED["access token"],
            "token_type": "Bearer",
            "expires_in": 3599,
            "refresh_token": PLANTED["refresh token"],
            "client_info": _CLIENT_INFO,
            "id_token": _id_token(nonce="n"),
        },
        {
            "issuer": f"https://{HOST}/{GUID}/v2.0",
            "token_endpoint": f"https://{HOST}/{GUID}/oauth2/v2.0/token",
            "authorization_endpoint": f"https://{HOST}/{GUID}/oauth2/v2.0/authorize",
        },
    ]
)
_BODIES: Final = (
    _GOOD.map(lambda it: json.dumps(it).encode())
    | MEMBERS.map(lambda it: json.dumps(it).encode())
    | st.binary(max_size=40)
    | st.sampled_from([b"", b"[]", b"null", b"<html>", b"\xff\xfe{\x00", b"[" * 500])
)
_HEADERS: Final = st.lists(
    st.tuples(
        st.sampled_from(["Retry-After", "Content-Type", "Location", "X-Other"]),
        st.sampled_from(
            ["60", "-1", "soon", "Wed, 21 Oct 2015 07:28:00 GMT", "https://evil.example/"]
        )
        | st.text(max_size=10),
    ),
    max_size=2,
).map(tuple)
RESPONSES: Final = st.builds(
    HttpResponse,
    st.sampled_from([200, 200, 200, 400, 401, 429, 500, 503, 302, 204, 407, 100, 599]),
    _HEADERS,
    _BODIES,
)
FAILURES: Final = st.builds(
    Failure,
    st.sampled_from(
        [
            "connect",
            "tls",
            "timeout",
            "deadline",
            "incomplete",
            "proxy",
            "body_too_large",
            "unknown",
        ]
    ),
    st.booleans(),
    st.sampled_from(["", "OSError"]),
)
#: Any answers of a transport, one after another.
ANSWERS: Final = st.lists(RESPONSES | FAILURES, max_size=6)
ASSERTIONS: Final = st.sampled_from(
    [PLANTED["client assertion"], "", "two words", "ünï", "a.b.c", "x" * 200_000]
) | st.builds(Failure, st.just("callback"))
#: Seconds that pass while a question is answered; some clocks go backwards.
PAUSES: Final = st.sampled_from([0.0, 0.05, 0.05, 1.0, 31.0, 400.0, 4_000.0, -1.0, -5_000.0])


def good_token(**more: Any) -> HttpResponse:
    """Return an answer with a token, a user and a refresh token."""
    members = {
        "access_token": PLANTED["access token"],
        "token_type": "Bearer",
        "expires_in": 3600,
        "refresh_token": PLANTED["refresh token"],
        "client_info": _CLIENT_INFO,
        "id_token": _id_token(nonce="n"),
        **more,
    }
    return HttpResponse(200, (), json.dumps(members).encode())


def found_endpoints(base: str = f"https://{HOST}/{GUID}") -> HttpResponse:
    """Return what an authority says of itself."""
    members = {
        "issuer": f"{base}/v2.0",
        "token_endpoint": f"{base}/oauth2/v2.0/token",
        "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
    }
    return HttpResponse(200, (), json.dumps(members).encode())


@define
class AnyWorld:
    """Answers with what was drawn for it, in order, and afterwards with failures."""

    responses: list[HttpResponse | Failure]
    assertions: list[str | Failure] = field(factory=list[str | Failure])
    pauses: list[float] = field(factory=list[float])
    store_fails: bool = False
    now: float = START
    partitions: dict[PartitionKey, Partition] = field(factory=dict[PartitionKey, Partition])

    def answer(self, effect: AnyEffect) -> Any:
        """Return the next answer to a question of this kind."""
        self.now += self.pauses.pop(0) if self.pauses else 0.0
        match effect:
            case SendHttp():
                return self.responses.pop(0) if self.responses else Failure("connect", sent=False)
            case GetAssertion():
                return self.assertions.pop(0) if self.assertions else PLANTED["client assertion"]
            case Sleep():
                self.now += effect.seconds
                return None
            case Load() | Save() if self.store_fails:
                return Failure("store")
            case Load(key=key):
                if isinstance(key, Accounts | AppTokens):
                    return find(self.partitions, key)
                return self.partitions.get(key, empty(key))
            case Save(changes=changes):
                for key, facts in changes:
                    self.partitions[key] = apply_all(self.partitions.get(key, empty(key)), facts)
                return self.partitions[changes[0][0]]
            case _:
                raise AssertionError(effect)

    def play(self, call: Call[Outcome], limit: int = 60) -> Flow[Outcome]:
        """Drive a call to its end; more questions than the limit are a defect."""
        flow = call.start(now=self.now, seed=bytes(range(32)))
        for _ in range(limit):
            if (effect := flow.pending) is None:
                return flow
            flow.answer(effect, self.answer(effect), now=self.now)
        message = f"more than {limit} questions"
        raise AssertionError(message)

    def knows_a_user(self) -> AnyWorld:
        """Let the store hold an account with two refresh tokens, one of another client's family."""
        key = UserKey(HOST, HOME)
        row = (PLANTED["stored refresh token"], int(START))
        self.partitions[key] = apply_all(
            Tokens(),
            (
                RefreshTokenStored(("client-1", "", "User.Read"), row),
                RefreshTokenStored(("other", "1", "Mail.Read"), (row[0] + "2", row[1])),
                AccountSeen(GUID, ("user-1", "user@contoso.com", "MSSTS", None)),
            ),
        )
        return self


def worlds() -> st.SearchStrategy[AnyWorld]:
    """Worlds of all kinds; half of them know the user."""
    made = st.builds(
        AnyWorld,
        ANSWERS,
        st.lists(ASSERTIONS, max_size=4),
        st.lists(PAUSES, max_size=14),
        st.sampled_from([False, False, True]),
    )
    return st.tuples(made, st.booleans()).map(lambda it: it[0].knows_a_user() if it[1] else it[0])
