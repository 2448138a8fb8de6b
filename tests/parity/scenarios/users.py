"""Signed-in users: what is redeemed for them, what is found again, and what is forgotten."""

from __future__ import annotations

from typing import Any, Final

from tests.parity.scenario import (
    DIRECTORY,
    GRAPH,
    HOST,
    USUAL,
    Reply,
    Scenario,
    Step,
    call,
    for_client,
    id_token,
    on_behalf_of,
    refused,
    token,
    user_token,
)

__all__ = ["SCENARIOS"]

_CHALLENGE: Final = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}'
_READ: Final = ["User.Read"]


def _account(user: str = "user-1") -> dict[str, str]:
    return {
        "home_account_id": f"{user}.{DIRECTORY}",
        "environment": HOST,
        "username": f"{user}@contoso.com",
    }


def _redeem(*replies: Reply, user: str = "user-1", **named: Any) -> Step:
    return call("acquire_token_by_refresh_token", *replies, given=(f"RT-of-{user}", _READ), **named)


def _silent(
    *replies: Reply,
    method: str = "acquire_token_silent",
    scopes: object = (*_READ,),
    user: str = "user-1",
    after: float = 0,
    **named: Any,
) -> Step:
    given = [*scopes] if isinstance(scopes, tuple) else scopes
    return call(method, *replies, given=(given, _account(user)), after=after, **named)


def _code(*replies: Reply, **named: Any) -> Step:
    return call("acquire_token_by_authorization_code", *replies, given=("a-code", _READ), **named)


def _federated(*replies: Reply, **named: Any) -> Step:
    return call(
        "acquire_token_by_user_federated_identity_credential",
        *replies,
        given=(_READ, "federated.credential.text"),
        **named,
    )


_ASKED: Final = USUAL | {"aliases-static"}
#: No regional request differs in its endpoints from what the constructor found.
_REGION: Final = (USUAL - {"endpoints-computed"}) | {"region-unprobed"}
#: Nonces of the deprecated method.
_NONCE: Final = USUAL | {"nonce-error"}
#: Nothing is asked for.
_QUIET: Final = frozenset({"endpoints-computed"})
#: A federated credential's form is of texts in both libraries.
_FEDERATED: Final = USUAL - {"form-texts"}


def _told(name: str, *steps: Step, differences: frozenset[str] = USUAL) -> Scenario:
    return Scenario(name=name, steps=steps, differences=differences)


_SIGNED_IN: Final = _redeem(user_token())

SCENARIOS: Final = (
    _told("a refresh token from elsewhere is redeemed and filed", _SIGNED_IN),
    _told("a refresh token that is refused", _redeem(refused("invalid_grant"))),
    _told("a refresh token whose service fails", _redeem(refused("server_error", 500))),
    _told("a family refresh token is filed with its family", _redeem(user_token(foci="1"))),
    _told(
        "two users' refresh tokens are filed apart",
        _SIGNED_IN,
        _redeem(user_token("AT-2", "user-2"), user="user-2"),
    ),
    _told(
        "a refresh token with a claims challenge",
        _redeem(user_token(), claims_challenge=_CHALLENGE),
    ),
    _told("a signed-in user's token is found", _SIGNED_IN, _silent()),
    _told(
        "it is found for fewer scopes than it has",
        _redeem(user_token(scope="User.Read Mail.Read")),
        _silent(scopes=("Mail.Read",)),
    ),
    _told(
        "more scopes than it has are asked for by refresh token",
        _SIGNED_IN,
        _silent(user_token("AT-more", scope="User.Read Mail.Read"), scopes=("Mail.Read",)),
    ),
    _told("a forced refresh", _SIGNED_IN, _silent(user_token("AT-forced"), force_refresh=True)),
    _told(
        "a forced refresh that is refused",
        _SIGNED_IN,
        _silent(refused("invalid_grant"), force_refresh=True),
        differences=_ASKED,
    ),
    _told(
        "a forced refresh that is refused, with the error",
        _SIGNED_IN,
        _silent(
            refused("invalid_grant", suberror="bad_token"),
            force_refresh=True,
            method="acquire_token_silent_with_error",
        ),
        differences=_ASKED,
    ),
    _told(
        "a silent call with a claims challenge",
        _SIGNED_IN,
        _silent(user_token("AT-challenged"), claims_challenge=_CHALLENGE),
    ),
    _told(
        "an expired token is got again by refresh token",
        _SIGNED_IN,
        _silent(user_token("AT-again"), after=4_000),
    ),
    _told(
        "a token that is due is refreshed",
        _redeem(user_token(refresh_in=100)),
        _silent(user_token("AT-refreshed"), after=200),
    ),
    _told(
        "a token that is due serves when the refresh is refused",
        _redeem(user_token(refresh_in=100)),
        _silent(refused("invalid_grant"), after=200),
    ),
    _told("a user whom nobody knows", _SIGNED_IN, _silent(user="user-9"), differences=_ASKED),
    _told(
        "another user's answer says that the application is of a family",
        _redeem(user_token("AT-2", "user-2", refresh_token="RT-family", foci="1"), user="user-2"),
        _redeem(
            user_token("AT-3", "user-2", refresh_token="RT-own", scope="User.Read Mail.Read"),
            user="user-2",
            after=1,
        ),
        _redeem(user_token(foci="1")),
        _silent(user_token("AT-4", "user-2"), user="user-2", force_refresh=True),
        differences=USUAL | {"family-per-user"},
    ),
    _told(
        "a family's refresh token serves",
        _redeem(user_token(foci="1")),
        _silent(user_token("AT-family", foci="1"), scopes=("Files.Read",)),
    ),
    _told(
        "nobody is asked for without an account",
        call("acquire_token_silent", given=(_READ, None)),
        differences=_QUIET,
    ),
    _told("accounts of nobody", call("get_accounts"), differences=_QUIET | {"aliases-static"}),
    _told(
        "accounts of a user",
        _SIGNED_IN,
        call("get_accounts"),
        call("get_accounts", given=("USER-1@contoso.com",)),
        call("get_accounts", given=("another@contoso.com",)),
    ),
    _told(
        "accounts of two users",
        _SIGNED_IN,
        _redeem(user_token("AT-2", "user-2"), user="user-2"),
        call("get_accounts"),
    ),
    _told(
        "a user signs out",
        _SIGNED_IN,
        call("remove_account", given=(_account(),)),
        call("get_accounts"),
        _silent(),
        differences=_ASKED | {"sections-emptied"},
    ),
    _told(
        "one of two users signs out",
        _SIGNED_IN,
        _redeem(user_token("AT-2", "user-2"), user="user-2"),
        call("remove_account", given=(_account(),)),
        call("get_accounts"),
        _silent(user="user-2"),
    ),
    _told(
        "the application's tokens are forgotten and a user's stay",
        _SIGNED_IN,
        for_client(token()),
        call("remove_tokens_for_client"),
        _silent(),
        for_client(token("AT-anew")),
        differences=_ASKED,
    ),
    _told(
        "forgetting tokens that nobody has",
        call("remove_tokens_for_client"),
        differences=_QUIET | {"aliases-static"},
    ),
    _told("a code is redeemed", _code(user_token(), redirect_uri="https://app.example/back")),
    _told("a code that is refused", _code(refused("invalid_grant"))),
    _told("a code with a claims challenge", _code(user_token(), claims_challenge=_CHALLENGE)),
    _told("a code's token is found again", _code(user_token()), _silent()),
    _told(
        "a federated credential by name",
        _federated(user_token(), username="user-1@contoso.com"),
        differences=_FEDERATED,
    ),
    _told(
        "a federated credential by object id",
        _federated(user_token(), user_object_id="user-1"),
        differences=_FEDERATED,
    ),
    _told("a federated credential without a user", _federated(user_token()), differences=_QUIET),
    _told(
        "a federated credential that is refused",
        _federated(refused("invalid_grant"), username="user-1@contoso.com"),
        differences=_FEDERATED,
    ),
    _told("on behalf of a user, and then silently", on_behalf_of(user_token()), _silent()),
    _told("on behalf of a user, and accounts", on_behalf_of(user_token()), call("get_accounts")),
    Scenario(
        name="a region that is named",
        app={"azure_region": "westus"},
        steps=(for_client(token()), for_client(token())),
        differences=_REGION,
    ),
    Scenario(
        name="a region that is named is not for users",
        app={"azure_region": "westus"},
        steps=(on_behalf_of(user_token()),),
        differences=_REGION,
    ),
    Scenario(
        name="a region and a challenge",
        app={"azure_region": "eastus2"},
        steps=(for_client(token(), claims_challenge=_CHALLENGE, scopes=(GRAPH,)),),
        differences=_REGION,
    ),
    Scenario(
        name="scopes that are left out",
        app={"exclude_scopes": ["offline_access"]},
        steps=(_SIGNED_IN, on_behalf_of(user_token())),
    ),
    Scenario(
        name="capabilities of a user's requests",
        app={"client_capabilities": ["CP1"]},
        steps=(_SIGNED_IN, _silent(user_token(), force_refresh=True)),
        differences=USUAL | {"capabilities-always"},
    ),
    _told(
        "an id token with another nonce",
        _code(user_token(id_token=id_token(nonce="a")), nonce="b"),
        differences=_NONCE,
    ),
    _told(
        "an expired token while the application's own are forgotten",
        _SIGNED_IN,
        call("remove_tokens_for_client", after=7_000),
        differences=_ASKED | {"expired-kept"},
    ),
)
