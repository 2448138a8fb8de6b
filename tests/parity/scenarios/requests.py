"""What a client-credentials request looks like on its way out, secrets and scopes and extras."""

from __future__ import annotations

from typing import Final

from tests.parity.scenario import (
    CLIENT,
    GRAPH,
    SECRET,
    TENANT,
    USUAL,
    PerRun,
    Run,
    Scenario,
    for_client,
    token,
)
from tests.parity.world import Response

__all__ = ["SCENARIOS"]

_CHALLENGE: Final = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}'
_CAPABILITIES_TOO: Final = (
    '{"access_token":{"nbf":{"essential":true},"xms_cc":{"values":["other"]}},'
    '"id_token":{"auth_time":{"essential":true}}}'
)


def _own_post(run: Run) -> object:
    def post(url: str, **given: object) -> Response:
        run.notes.append([url, *sorted(given)])
        return Response(200, token("AT-own").text, {})

    return post


SCENARIOS: Final = (
    Scenario(
        name="a secret goes into the form and nowhere else",
        steps=(for_client(token()),),
    ),
    Scenario(
        name="client id, secret and authority are taken by position too",
        positional=(CLIENT, SECRET, TENANT),
        steps=(for_client(token()),),
    ),
    Scenario(
        name="a secret of odd ASCII characters is handed over unencoded",
        app={"client_credential": "a+b/c==&%20 ~'\"\\<>#?;:@!$*()"},
        steps=(for_client(token()),),
    ),
    Scenario(
        name="a secret beyond ASCII is handed over unencoded",
        app={"client_credential": "sécrèt-ß-密"},
        steps=(for_client(token()),),
    ),
    Scenario(
        name="app name and version become headers",
        app={"app_name": "a name", "app_version": "1.2.3"},
        steps=(for_client(token()),),
    ),
    Scenario(
        name="an empty app name and version send no headers",
        app={"app_name": "", "app_version": ""},
        steps=(for_client(token()),),
    ),
    Scenario(
        name="client claims are ignored without a certificate",
        app={"client_claims": {"client_ip": "192.0.2.1"}},
        steps=(for_client(token()),),
    ),
    Scenario(
        name="capabilities are sent as xms_cc in the claims field",
        app={"client_capabilities": ["CP1", "other"]},
        steps=(for_client(token()),),
    ),
    Scenario(
        name="an empty list of capabilities sends no claims",
        app={"client_capabilities": []},
        steps=(for_client(token()),),
    ),
    Scenario(
        name="a claims challenge is passed on as it was received",
        steps=(for_client(token(), claims_challenge=_CHALLENGE),),
    ),
    Scenario(
        name="an empty claims challenge is none",
        steps=(for_client(token(), claims_challenge=""), for_client()),
    ),
    Scenario(
        name="capabilities are merged into a challenge",
        app={"client_capabilities": ["CP1"]},
        steps=(for_client(token(), claims_challenge=_CHALLENGE),),
    ),
    Scenario(
        name="capabilities replace a challenge's own xms_cc and leave the id token's claims",
        app={"client_capabilities": ["CP1"]},
        steps=(for_client(token(), claims_challenge=_CAPABILITIES_TOO),),
    ),
    Scenario(
        name="a claims challenge goes past the cache and its token replaces the stored one",
        steps=(
            for_client(token("AT-1")),
            for_client(token("AT-2"), claims_challenge=_CHALLENGE),
            for_client(),
        ),
    ),
    Scenario(
        name="scopes are sent in code-point order",
        steps=(for_client(token(), scopes=("b/z", "B/a", "a/.default", "1/x")),),
    ),
    Scenario(
        name="the order of the scopes does not matter to the cache",
        steps=(
            for_client(token(), scopes=("api://x/b", "api://x/a")),
            for_client(scopes=("api://x/a", "api://x/b")),
        ),
    ),
    Scenario(
        name="a token for several scopes serves any of them",
        steps=(
            for_client(token("AT-both"), scopes=("api://x/a", "api://x/b")),
            for_client(scopes=("api://x/b",)),
            for_client(token("AT-three"), scopes=("api://x/a", "api://x/b", "api://x/c")),
        ),
    ),
    Scenario(
        name="an exact token goes before one for more scopes",
        steps=(
            for_client(token("AT-both"), scopes=("api://x/a", "api://x/b")),
            for_client(token("AT-one"), scopes=("api://x/a",), claims_challenge=_CHALLENGE),
            for_client(scopes=("api://x/a",)),
        ),
    ),
    Scenario(
        name="scopes that differ in case share an entry",
        steps=(
            for_client(token(), scopes=("api://Resource/.default",)),
            for_client(scopes=("api://resource/.DEFAULT",)),
        ),
    ),
    Scenario(
        name="extra body fields are sent and keep their tokens apart",
        steps=(
            for_client(token("AT-plain")),
            for_client(token("AT-east"), data={"slice": "east", "empty": ""}),
            for_client(token("AT-west"), data={"slice": "west"}),
            for_client(data={"slice": "east"}),
            for_client(),
        ),
    ),
    Scenario(
        name="extra query parameters are sent and do not keep tokens apart",
        steps=(
            for_client(token(), params={"dc": "ESTS-PUB-1", "slice": "testslice"}),
            for_client(params={"dc": "ESTS-PUB-2"}),
        ),
    ),
    Scenario(
        name="unknown keywords ride to the transport's post",
        steps=(for_client(token(), timeout=7, verify="/etc/ca.pem", allow_redirects=False),),
    ),
    Scenario(
        name="a post of the caller's takes the place of the client's",
        steps=(for_client(post=PerRun(_own_post)),),
        differences=frozenset({"endpoints-computed"}),
    ),
    Scenario(
        name="a proof-of-possession token is no bearer token",
        steps=(
            for_client(
                token("AT-pop", token_type="pop"),
                data={"token_type": "pop", "req_cnf": "eyJraWQiOiJ4In0"},
            ),
            for_client(token("AT-bearer")),
        ),
        differences=USUAL | {"schemes-apart"},
    ),
    Scenario(
        name="verify, proxies and timeout do not reach an injected client",
        app={"verify": False, "proxies": {"https": "http://proxy.test"}, "timeout": 3},
        steps=(for_client(token()),),
    ),
    Scenario(
        name="two resources keep their tokens apart",
        steps=(
            for_client(token("AT-graph")),
            for_client(token("AT-vault"), scopes=("https://vault.azure.net/.default",)),
            for_client(scopes=(GRAPH,)),
            for_client(scopes=("https://vault.azure.net/.default",)),
        ),
    ),
    Scenario(
        name="a path of a federated managed identity is sent and keys the cache",
        steps=(
            for_client(token("AT-plain")),
            for_client(token("AT-fmi"), fmi_path="p/q"),
            for_client(fmi_path="p/q"),
            for_client(token("AT-other"), fmi_path="p/r"),
        ),
    ),
    Scenario(
        name="forwarded client claims are merged into the claims and key the cache",
        app={"client_capabilities": ["CP1"]},
        steps=(
            for_client(token("AT-1"), forwarded_client_claims='{"access_token": {"a": {"b": 1}}}'),
            for_client(forwarded_client_claims='{"access_token": {"a": {"b": 1}}}'),
            for_client(token("AT-2"), forwarded_client_claims='{"x": {"essential": true}}'),
            for_client(token("AT-3")),
        ),
    ),
    Scenario(
        name="extra data of the caller keeps what the caller put into it",
        steps=(for_client(token(), data={"slice": "east"}, fmi_path="p/q"),),
        differences=USUAL | {"arguments-unchanged"},
    ),
)
