"""The client credentials grant (RFC 6749 section 4.4), as Entra serves it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sansio_auth._grants.acquire import Changes, acquire, request_form, row_of, target_of
from sansio_auth._token import TokenResponse
from sansio_auth.authority import Endpoints
from sansio_auth.calls import ClientCredentials
from sansio_auth.flow import Ended, Script, Start
from sansio_auth.partition import AccessTokenStored, ClientSeen
from sansio_auth.results import Outcome
from sansio_auth.wire import Pairs

if TYPE_CHECKING:
    from sansio_auth.partition import Fact

__all__ = ["client_credentials", "client_credentials_form"]


def client_credentials_form(call: ClientCredentials) -> Pairs:
    """Return the body fields of the request, without those that prove who the client is."""
    return request_form(call, "client_credentials", (), call.scopes)


def _changes(
    call: ClientCredentials, endpoints: Endpoints, response: TokenResponse, now: float
) -> Changes:
    """An application's token goes to its own partition, whoever the answer says it is for."""
    registration = call.registration
    seen = ClientSeen(registration.client_id, response.user.family_id)
    facts: tuple[Fact, ...] = (seen,)
    if (row := row_of(response, now, target_of(response, call.scopes))) is not None:
        key = call.key if response.scopes is None else call.key_for(response.scopes)
        facts = (seen, AccessTokenStored(key, row, limit=registration.policy.max_entries))
    return ((call.partition_of(endpoints.realm), facts),)


def client_credentials(call: ClientCredentials, start: Start) -> Script[Ended[Outcome]]:
    """RFC 6749 section 4.4: the client asks for a token of its own."""
    return acquire(call, start, client_credentials_form(call), _changes)
