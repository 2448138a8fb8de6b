"""The on-behalf-of grant: a user's token for us, exchanged for one for the next service.

Microsoft's use of the JWT bearer grant (RFC 7523 section 2.1) with `requested_token_use`. What is
got is filed twice: under the assertion, which is how the next call finds it, and under the user,
which is how accounts and sign-out do. Without a home account it is filed under the assertion
only, so that it can never be taken for a token of the application (invariant I-3).
"""

from __future__ import annotations

from sansio_auth._grants.acquire import Changes, acquire, row_of, target_of
from sansio_auth._json import JsonValue
from sansio_auth._token import TokenResponse
from sansio_auth.authority import Endpoints
from sansio_auth.calls import OnBehalfOf
from sansio_auth.flow import Ended, Script, Start
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


def _refresh_fact(call: OnBehalfOf, response: TokenResponse, target: str, now: float) -> list[Fact]:
    if response.refresh_token is None:
        return []
    key = (call.registration.client_id, response.family_id or "", target)
    return [RefreshTokenStored(key, (response.refresh_token.reveal(), int(now)))]


def _assertion_facts(
    call: OnBehalfOf, response: TokenResponse, target: str, now: float
) -> tuple[Fact, ...]:
    """Filed by granted and by requested scopes: the server may name other ones than asked for."""
    facts = _refresh_fact(call, response, target, now)
    if (row := row_of(response, now, target)) is not None:
        granted, limit = call.key_for(target.split()), call.registration.policy.max_entries
        facts.append(AccessTokenStored(granted, row, (call.key,), limit))
    if response.home_account_id is not None:
        facts.append(HomeAccountFound(response.home_account_id))
    return tuple(facts)


def _user_facts(
    call: OnBehalfOf, endpoints: Endpoints, response: TokenResponse, target: str, now: float
) -> tuple[Fact, ...]:
    client_id, realm = call.registration.client_id, endpoints.realm
    facts = _refresh_fact(call, response, target, now)
    if (row := row_of(response, now, target)) is not None:
        key = call.key_for(target.split(), (client_id, realm))
        facts.append(AccessTokenStored(key, row, limit=call.registration.policy.max_entries))
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
    target = target_of(response, call.requested)
    mine = AssertionKey(host, endpoints.realm, registration.client_id, call.digest)
    found = ((mine, _assertion_facts(call, response, target, now)),)
    if response.home_account_id is None:
        return found
    user = UserKey(host, response.home_account_id)
    theirs = (*_user_facts(call, endpoints, response, target, now), AssertionUsed(mine))
    return (*found, (user, theirs))


def on_behalf_of(call: OnBehalfOf, start: Start) -> Script[Ended[Outcome]]:
    """Microsoft's on-behalf-of: act for the user whose token the caller brought."""
    return (yield from acquire(call, start, on_behalf_of_form(call), _changes))
