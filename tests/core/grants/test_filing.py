"""Where a user's fresh tokens are filed, member by member."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from attrs import evolve

from sansio_auth import HttpResponse, Policy
from sansio_auth._grants.filing import refreshed, under_assertion, under_user
from sansio_auth._token import TokenResponse, read_token_response
from sansio_auth.asserted_calls import OnBehalfOf, UserCall
from sansio_auth.authority import Endpoints
from sansio_auth.partition import (
    AccessTokenStored,
    AccountSeen,
    AssertionKey,
    AssertionUsed,
    ClientSeen,
    Fact,
    HomeAccountFound,
    IdTokenStored,
    RefreshTokenStored,
    UserKey,
)
from tests.core.grants.users import HOST, TENANT, WEB_API, client

_NOW = 1_700_000_000.5
_HOME = f"user-1.{TENANT}"
_MINE = UserKey(HOST, _HOME)


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _id_token(**claims: Any) -> str:
    return f"{_part({'alg': 'RS256'})}.{_part(claims)}.c2ln"


def _answer(**members: Any) -> TokenResponse:
    body = {
        "access_token": "AT",
        "token_type": "Bearer",
        "expires_in": 3_600,
        "client_info": _part({"uid": "user-1", "utid": TENANT}),
        **members,
    }
    response = HttpResponse(200, body=json.dumps(body).encode())
    answer = read_token_response(response, now=int(_NOW), policy=Policy())
    assert isinstance(answer, TokenResponse)
    return answer


def _call() -> OnBehalfOf:
    call = client().acquire_token_on_behalf_of("a.b.c", ["User.Read"]).request
    assert isinstance(call, OnBehalfOf)
    return call


def _endpoints(realm: str = TENANT) -> Endpoints:
    found = _call().registration.endpoints
    assert found is not None
    return evolve(found, realm=realm)


def _facts(answer: TokenResponse, call: UserCall | None = None, realm: str = TENANT) -> list[Fact]:
    ((key, facts),) = under_user(call or _call(), _endpoints(realm), answer, _NOW)
    assert key == _MINE
    return list(facts)


def _kinds(facts: list[Fact] | tuple[Fact, ...]) -> list[type]:
    return [type(fact) for fact in facts]


def test_nobody_is_nowhere() -> None:
    """I-3: without a home account nothing is filed under a user."""
    assert under_user(_call(), _endpoints(), _answer(client_info=None), _NOW) == ()


def test_each_part_of_an_answer_is_a_fact() -> None:
    """Who it is, what they got, and that this client was seen."""
    answer = _answer(refresh_token="RT", id_token=_id_token(sub="s"))
    assert _kinds(_facts(answer)) == [
        RefreshTokenStored,
        AccessTokenStored,
        IdTokenStored,
        ClientSeen,
        AccountSeen,
    ]


def test_what_is_not_in_an_answer_is_no_fact() -> None:
    """Neither a refresh token nor an id token came, and the access token's life is over."""
    assert _kinds(_facts(_answer(expires_in=0))) == [ClientSeen, AccountSeen]


def test_times_are_whole_seconds() -> None:
    """As MSAL writes them."""
    facts = _facts(_answer(refresh_token="RT", scope="b a"))
    (access,) = [fact for fact in facts if isinstance(fact, AccessTokenStored)]
    (refresh,) = [fact for fact in facts if isinstance(fact, RefreshTokenStored)]
    now = int(_NOW)
    assert access.row == ("AT", "Bearer", "a b", now, now + 3_600, now + 3_600, None)
    assert access.key == _call().key_for(["a", "b"], (WEB_API, TENANT))
    assert (refresh.key, refresh.row) == ((WEB_API, "", "a b"), ("RT", now))


def test_a_family_is_remembered_with_its_refresh_token() -> None:
    """Clients of one family redeem each other's."""
    facts = _facts(_answer(refresh_token="RT", foci="1"))
    assert ClientSeen(WEB_API, "1") in facts
    (refresh,) = [fact for fact in facts if isinstance(fact, RefreshTokenStored)]
    assert refresh.key[1] == "1"


@pytest.mark.parametrize(
    ("claims", "local", "name"),
    [
        ({"oid": "o", "sub": "s", "preferred_username": "p", "upn": "u"}, "o", "p"),
        ({"sub": "s", "upn": "u"}, "s", "u"),
        ({"oid": 7, "sub": "s", "preferred_username": None, "upn": ["u"]}, "s", ""),
        ({}, "", ""),
    ],
)
def test_the_account_is_named_by_the_id_token(
    claims: dict[str, Any], local: str, name: str
) -> None:
    """By the members that MSAL looks at, in its order; others may be anything."""
    (seen,) = [
        fact for fact in _facts(_answer(id_token=_id_token(**claims))) if type(fact) is AccountSeen
    ]
    assert (seen.realm, seen.row) == (TENANT, (local, name, "MSSTS", None))


def test_the_callers_name_for_the_user_stands_in() -> None:
    """Where the answer names nobody; and grants that sign in say which they were."""
    call = client().acquire_token_by_username_password("alice@contoso.com", "p", ["User.Read"])
    assert isinstance(call.request, UserCall)
    (seen,) = [fact for fact in _facts(_answer(), call.request) if isinstance(fact, AccountSeen)]
    assert seen.row == ("", "alice@contoso.com", "MSSTS", "password")


def test_an_adfs_account_is_of_another_kind() -> None:
    """Its realm is that word."""
    (seen,) = [fact for fact in _facts(_answer(), realm="adfs") if isinstance(fact, AccountSeen)]
    assert (seen.realm, seen.row[2]) == ("adfs", "ADFS")


# --- under an assertion ------------------------------------------------------------------------


def test_what_an_assertion_brought_comes_first_and_the_user_knows_of_it() -> None:
    """So that signing out can drop it; the first key is the one the next call looks under."""
    call = _call()
    (key, facts), (user, theirs) = under_assertion(
        call, _endpoints(), _answer(refresh_token="RT"), _NOW
    )
    mine = AssertionKey(HOST, TENANT, WEB_API, call.digest)
    assert key == mine
    assert _kinds(facts) == [RefreshTokenStored, AccessTokenStored, HomeAccountFound]
    assert user == _MINE
    assert theirs[-1] == AssertionUsed(mine)


def test_it_is_filed_by_granted_and_by_requested_scopes() -> None:
    """The server may name others than were asked for; the next call asks for the same."""
    call = _call()
    ((_, facts), _) = under_assertion(call, _endpoints(), _answer(scope="x y"), _NOW)
    (access,) = [fact for fact in facts if isinstance(fact, AccessTokenStored)]
    assert access.key == call.key_for(["x", "y"])
    assert access.also == (call.key_for(["User.Read"]),)


def test_an_assertion_without_a_user_has_a_place_of_its_own() -> None:
    """And only that."""
    ((key, facts),) = under_assertion(
        _call(), _endpoints(), _answer(client_info=None, expires_in=0), _NOW
    )
    assert isinstance(key, AssertionKey)
    assert facts == ()


# --- after a refresh ---------------------------------------------------------------------------


@pytest.mark.parametrize("given", [True, False])
def test_a_refresh_replaces_the_refresh_token_that_was_used(*, given: bool) -> None:
    """Where a new one came; its key keeps its target, and no account is added."""
    used = (WEB_API, "1", "other scopes")
    answer = _answer(refresh_token="RT-2" if given else None, id_token=_id_token(sub="s"))
    facts = refreshed(_call(), _endpoints(), answer, _NOW, used=used)
    assert AccountSeen not in _kinds(facts)
    stored = [fact for fact in facts if isinstance(fact, RefreshTokenStored)]
    assert stored == ([RefreshTokenStored(used, ("RT-2", int(_NOW)))] if given else [])
