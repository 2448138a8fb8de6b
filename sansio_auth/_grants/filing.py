"""Where a user's fresh tokens are filed: under the user, and under the assertion they came by.

Without a home account a token is filed under its assertion only, or not at all: under the user
it could be taken for a token of the application (invariant I-3). Members and their values are
those that MSAL files.
"""

from __future__ import annotations

from sansio_auth._grants.acquire import Changes, row_of, target_of
from sansio_auth._json import JsonValue
from sansio_auth._token import TokenResponse
from sansio_auth.asserted_calls import AssertedCall, UserCall
from sansio_auth.authority import Endpoints
from sansio_auth.partition import (
    AccessTokenStored,
    AccountRow,
    AccountSeen,
    AssertionKey,
    AssertionUsed,
    ClientSeen,
    Fact,
    HomeAccountFound,
    IdTokenStored,
    RefreshKey,
    RefreshTokenStored,
    UserKey,
)

__all__ = ["refreshed", "under_assertion", "under_user"]


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else ""


def _account(call: UserCall, endpoints: Endpoints, response: TokenResponse) -> AccountRow:
    claims = response.user.id_token_claims or {}
    return (
        _text(claims.get("oid")) or _text(claims.get("sub")),
        _text(claims.get("preferred_username")) or _text(claims.get("upn")) or call.username,
        "ADFS" if endpoints.realm == "adfs" else "MSSTS",
        call.account_source,
    )


def _refresh_fact(call: UserCall, response: TokenResponse, target: str, now: float) -> list[Fact]:
    if response.user.refresh_token is None:
        return []
    key = (call.registration.client_id, response.user.family_id or "", target)
    return [RefreshTokenStored(key, (response.user.refresh_token.reveal(), int(now)))]


def _assertion_facts(
    call: AssertedCall, response: TokenResponse, target: str, now: float
) -> tuple[Fact, ...]:
    """Filed by granted and by requested scopes: the server may name other ones than asked for."""
    facts = _refresh_fact(call, response, target, now)
    if (row := row_of(response, now, target)) is not None:
        granted, limit = call.key_for(target.split()), call.registration.policy.max_entries
        facts.append(AccessTokenStored(granted, row, (call.key,), limit))
    if response.user.home_account_id is not None:
        facts.append(HomeAccountFound(response.user.home_account_id))
    return tuple(facts)


def _token_facts(
    call: UserCall, endpoints: Endpoints, response: TokenResponse, target: str, now: float
) -> list[Fact]:
    client_id, realm = call.registration.client_id, endpoints.realm
    facts: list[Fact] = []
    if (row := row_of(response, now, target)) is not None:
        key = call.key_for(target.split(), (client_id, realm))
        facts.append(AccessTokenStored(key, row, limit=call.registration.policy.max_entries))
    if response.user.id_token is not None:
        facts.append(IdTokenStored((client_id, realm), response.user.id_token.reveal()))
    facts.append(ClientSeen(client_id, response.user.family_id))
    return facts


def under_user(
    call: UserCall, endpoints: Endpoints, response: TokenResponse, now: float
) -> Changes:
    """Return what a grant that signs a user in files; nothing where nobody says who it is."""
    if response.user.home_account_id is None:
        return ()
    target = target_of(response, call.requested)
    key = UserKey(call.registration.authority.host, response.user.home_account_id)
    facts = (
        *_refresh_fact(call, response, target, now),
        *_token_facts(call, endpoints, response, target, now),
        AccountSeen(endpoints.realm, _account(call, endpoints, response)),
    )
    return ((key, facts),)


def under_assertion(
    call: AssertedCall, endpoints: Endpoints, response: TokenResponse, now: float
) -> Changes:
    """Return what a grant files that is looked up by its assertion, first under that."""
    registration = call.registration
    host = registration.authority.host
    target = target_of(response, call.requested)
    mine = AssertionKey(host, endpoints.realm, registration.client_id, call.digest)
    found = ((mine, _assertion_facts(call, response, target, now)),)
    theirs = under_user(call, endpoints, response, now)
    return (*found, *((key, (*facts, AssertionUsed(mine))) for key, facts in theirs))


def refreshed(
    call: UserCall,
    endpoints: Endpoints,
    response: TokenResponse,
    now: float,
    *,
    used: RefreshKey,
) -> tuple[Fact, ...]:
    """Return what a refresh on the way of a silent call files in the partition it looked in.

    A new refresh token takes the place of the one that was used. No account is added, so that a
    sign-out meanwhile is not undone (observed).
    """
    facts = _token_facts(call, endpoints, response, target_of(response, call.requested), now)
    if response.user.refresh_token is not None:
        facts.append(RefreshTokenStored(used, (response.user.refresh_token.reveal(), int(now))))
    return tuple(facts)
