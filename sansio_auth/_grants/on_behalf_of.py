"""The on-behalf-of grant: a user's token for us, exchanged for one for the next service.

Microsoft's use of the JWT bearer grant (RFC 7523 section 2.1) with `requested_token_use`. What is
got is filed twice: under the assertion, which is how the next call finds it, and under the user,
which is how accounts and sign-out do. Without a home account it is filed under the assertion
only, so that it can never be taken for a token of the application (invariant I-3).
"""

from __future__ import annotations

from sansio_auth._grants.acquire import Changes, acquire, row_of
from sansio_auth._json import JsonValue
from sansio_auth._token import TokenResponse
from sansio_auth.authority import Endpoints
from sansio_auth.calls import OnBehalfOf
from sansio_auth.flow import Ended, Script, Start
from sansio_auth.partition import (
    TARGET,
    AccessRow,
    AccessTokenStored,
    AccountRow,
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
from sansio_auth.results import Outcome
from sansio_auth.wire import Pairs

__all__ = ["on_behalf_of", "on_behalf_of_form"]


def on_behalf_of_form(call: OnBehalfOf) -> Pairs:
    """Return the body fields of the request, without those that prove who the client is."""
    fields = (
        *call.data,
        ("client_id", call.registration.client_id),
        ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
        ("assertion", call.user_assertion.reveal()),
        ("requested_token_use", "on_behalf_of"),
        ("scope", " ".join(call.requested)),
        ("client_info", "1"),
        ("claims", call.claims or ""),
    )
    return tuple((name, value) for name, value in fields if value)


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else ""


def _account(endpoints: Endpoints, response: TokenResponse) -> AccountRow:
    """Observed: MSAL's account members; the grant does not name an account source."""
    claims = response.id_token_claims or {}
    return (
        _text(claims.get("oid")) or _text(claims.get("sub")),
        _text(claims.get("preferred_username")) or _text(claims.get("upn")),
        "ADFS" if endpoints.realm == "adfs" else "MSSTS",
        None,
    )


def _refresh_fact(call: OnBehalfOf, response: TokenResponse, row: AccessRow, now: float) -> list[Fact]:
    if response.refresh_token is None:
        return []
    key = (call.registration.client_id, response.family_id or "", row[TARGET])
    return [RefreshTokenStored(key, (response.refresh_token.reveal(), int(now)))]


def _assertion_facts(
    call: OnBehalfOf, response: TokenResponse, row: AccessRow, refresh: list[Fact]
) -> tuple[Fact, ...]:
    """Filed by granted and by requested scopes: the server may name other ones than asked for."""
    granted = call.key_for(row[TARGET].split())
    limit = call.registration.policy.max_entries
    facts: list[Fact] = [AccessTokenStored(granted, row, (call.key,), limit), *refresh]
    if response.home_account_id is not None:
        facts.append(HomeAccountFound(response.home_account_id))
    return tuple(facts)


def _user_facts(
    call: OnBehalfOf,
    endpoints: Endpoints,
    response: TokenResponse,
    row: AccessRow,
    refresh: list[Fact],
) -> tuple[Fact, ...]:
    client_id, realm = call.registration.client_id, endpoints.realm
    key = call.key_for(row[TARGET].split(), (client_id, realm))
    limit = call.registration.policy.max_entries
    facts: list[Fact] = [AccessTokenStored(key, row, limit=limit), *refresh]
    if response.client_info:
        facts.append(AccountSeen(realm, _account(endpoints, response)))
    if response.id_token is not None:
        facts.append(IdTokenStored((client_id, realm), response.id_token.reveal()))
    facts.append(ClientSeen(client_id, response.family_id))
    return tuple(facts)


def _changes(
    call: OnBehalfOf, endpoints: Endpoints, response: TokenResponse, now: float
) -> Changes:
    registration = call.registration
    host = registration.authority.host
    row = row_of(response, now, call.requested)
    refresh = _refresh_fact(call, response, row, now)
    mine = AssertionKey(host, endpoints.realm, registration.client_id, call.digest)
    found = ((mine, _assertion_facts(call, response, row, refresh)),)
    if response.home_account_id is None:
        return found
    user = UserKey(host, response.home_account_id)
    theirs = (*_user_facts(call, endpoints, response, row, refresh), AssertionUsed(mine))
    return (*found, (user, theirs))


def on_behalf_of(call: OnBehalfOf, start: Start) -> Script[Ended[Outcome]]:
    """Microsoft's on-behalf-of: act for the user whose token the caller brought."""
    return (yield from acquire(call, start, on_behalf_of_form(call), _changes))
