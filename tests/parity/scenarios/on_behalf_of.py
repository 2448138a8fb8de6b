"""On-behalf-of: requests, what is filed for whom, and answers that miss a part."""

from __future__ import annotations

from typing import Final

from tests.parity.scenario import (
    USUAL,
    Answer,
    Scenario,
    client_info,
    for_client,
    id_token,
    on_behalf_of,
    refused,
    token,
    user_token,
)
from tests.parity.world import as_dict, as_tree

__all__ = ["SCENARIOS"]

_CHALLENGE: Final = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}'
_NOBODY: Final = Answer(
    {"token_type": "Bearer", "expires_in": 3599, "access_token": "AT-nobody", "scope": "User.Read"}
)


def user_token_without(member: str) -> Answer:
    """Entra's answer to on-behalf-of without one member."""
    members = as_dict(as_tree(user_token().body))
    return Answer({name: value for name, value in members.items() if name != member})


def _one(name: str, answer: Answer, differences: frozenset[str] = USUAL) -> Scenario:
    return Scenario(name=name, steps=(on_behalf_of(answer),), differences=differences)


SCENARIOS: Final = (
    _one("a user's tokens, account and refresh token are filed", user_token()),
    Scenario(
        name="several scopes are decorated and sorted",
        steps=(on_behalf_of(user_token(), scopes=("https://graph.microsoft.com/User.Read", "a")),),
    ),
    Scenario(
        name="scopes may be a set",
        steps=(on_behalf_of(user_token(), scopes={"User.Read"}),),
    ),
    Scenario(
        name="no scopes but the reserved ones",
        steps=(on_behalf_of(user_token(), scopes=()),),
    ),
    Scenario(
        name="the client id may be a scope",
        steps=(on_behalf_of(user_token(), scopes=("aaaaaaaa-0000-0000-0000-00000000000a",)),),
    ),
    Scenario(
        name="an assertion of bytes is sent",
        steps=(on_behalf_of(user_token(), assertion=b"user.assertion.bytes"),),
    ),
    Scenario(
        name="offline_access can be excluded",
        app={"exclude_scopes": ["offline_access"]},
        steps=(on_behalf_of(user_token()),),
    ),
    Scenario(
        name="a challenge and capabilities are merged",
        app={"client_capabilities": ["CP1"]},
        steps=(on_behalf_of(user_token(), claims_challenge=_CHALLENGE),),
    ),
    Scenario(
        name="extra body fields, query and keywords",
        steps=(on_behalf_of(user_token(), data={"slice": "east"}, params={"dc": "x"}, timeout=9),),
    ),
    Scenario(
        name="forwarded client claims are merged for a user",
        steps=(on_behalf_of(user_token(), forwarded_client_claims='{"x": {"essential": true}}'),),
    ),
    Scenario(
        name="the same assertion again is answered from the cache",
        steps=(on_behalf_of(user_token()), on_behalf_of(user_token("AT-again"), after=60)),
        differences=USUAL | {"assertion-cached"},
    ),
    Scenario(
        name="force_refresh goes past the cache for a user",
        steps=(
            on_behalf_of(user_token("AT-1")),
            on_behalf_of(user_token("AT-2"), force_refresh=True),
        ),
        differences=USUAL | {"force-refresh-for-users"},
    ),
    Scenario(
        name="a challenge goes past the cache for a user",
        steps=(
            on_behalf_of(user_token("AT-1")),
            on_behalf_of(user_token("AT-2"), claims_challenge=_CHALLENGE),
        ),
    ),
    Scenario(
        name="two users have their own tokens",
        steps=(
            on_behalf_of(user_token("AT-1", "user-1")),
            on_behalf_of(user_token("AT-2", "user-2"), assertion="user.assertion.two"),
        ),
    ),
    Scenario(
        name="the same user with another assertion asks again",
        steps=(
            on_behalf_of(user_token("AT-1")),
            on_behalf_of(user_token("AT-2"), assertion="user.assertion.two", after=10),
        ),
    ),
    Scenario(
        name="a user's token past its margin is asked for again",
        steps=(
            on_behalf_of(user_token("AT-1")),
            on_behalf_of(user_token("AT-2"), after=3800),
        ),
    ),
    Scenario(
        name="an app token is not the user's, and the user's is not the app's",
        steps=(
            on_behalf_of(user_token(), scopes=("api://x/.default",)),
            for_client(token(), scopes=("api://x/.default",)),
            for_client(scopes=("api://x/.default",)),
        ),
    ),
    _one(
        "without client_info the id token's subject is the home account",
        Answer(
            {
                "access_token": "AT",
                "expires_in": 3599,
                "token_type": "Bearer",
                "id_token": id_token(),
                "refresh_token": "RT",
            }
        ),
    ),
    Scenario(
        name="a user token without a home account is never an app token",
        steps=(
            on_behalf_of(_NOBODY, scopes=("User.Read",)),
            for_client(token("AT-app"), scopes=("User.Read",)),
        ),
        differences=USUAL | {"nobodys-token"},
    ),
    Scenario(
        name="client_info with half of its members",
        steps=(on_behalf_of(user_token(client_info="eyJ1aWQiOiAidSJ9")),),
        differences=USUAL | {"half-client-info"},
    ),
    _one(
        "client_info that cannot be read",
        user_token(client_info="%%%"),
        USUAL | {"optional-unreadable"},
    ),
    _one(
        "an id token that cannot be read",
        user_token(id_token="not a token"),
        USUAL | {"optional-unreadable"},
    ),
    _one("a member of a family", user_token(foci="1")),
    _one("fewer scopes than asked for", user_token(scope="openid profile")),
    _one("a user's answer without scope", user_token_without("scope")),
    _one("a user's answer without refresh token", user_token_without("refresh_token")),
    _one("a user's refresh time is stored", user_token(expires_in=7200, refresh_in=3600)),
    _one(
        "an upn where there is no preferred username",
        user_token(id_token=id_token(without="preferred_username", upn="u@contoso.com")),
    ),
    _one(
        "a user's refusal is not classified",
        refused("interaction_required", 400, suberror="basic_action", claims='{"a": 1}'),
    ),
    Scenario(
        name="the same refused assertion is not asked again for a minute",
        steps=(
            on_behalf_of(refused("invalid_grant")),
            on_behalf_of(user_token(), after=59),
            on_behalf_of(user_token(), after=2),
        ),
    ),
    Scenario(
        name="one user's refusal does not hold another user",
        steps=(
            on_behalf_of(refused("invalid_grant")),
            on_behalf_of(user_token("AT-2", "user-2"), assertion="user.assertion.two"),
        ),
    ),
    Scenario(
        name="one user's throttling does not hold another user",
        steps=(
            on_behalf_of(Answer(refused("slow_down", 429).body, 429, {"Retry-After": "30"})),
            on_behalf_of(user_token("AT-2", "user-2"), assertion="user.assertion.two"),
            on_behalf_of(user_token("AT-1"), after=5),
        ),
        differences=USUAL | {"holds-per-user"},
    ),
    Scenario(
        name="one user's answer with Retry-After is not another user's",
        steps=(
            on_behalf_of(Answer(user_token("AT-1").body, 200, {"Retry-After": "30"})),
            on_behalf_of(user_token("AT-2", "user-2"), assertion="user.assertion.two"),
        ),
        differences=USUAL | {"holds-per-user"},
    ),
    Scenario(
        name="an outage on behalf of a user is an exception",
        steps=(on_behalf_of(Answer("", 502)),),
    ),
    Scenario(
        name="a home account id for a client_info of another tenant",
        steps=(on_behalf_of(user_token(client_info=client_info("guest"))),),
    ),
)
