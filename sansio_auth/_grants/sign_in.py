"""Beginning a sign-in (RFC 6749 section 4.1.1): the authority's endpoint is all that is needed.

For a known cloud and a GUID tenant it is computed, and the flow ends without asking anything.
"""

from __future__ import annotations

from collections.abc import Mapping

from sansio_auth._grants.acquire import attributed
from sansio_auth._steps import begin, discover, load_knowledge
from sansio_auth.authority import Endpoints
from sansio_auth.authorization import AuthCodeFlow, authorization_url, begin_flow
from sansio_auth.errors import SansioAuthError
from sansio_auth.flow import Ended, Script, Start
from sansio_auth.user_calls import SignIn

__all__ = ["begin_sign_in", "find_endpoints", "sign_in_url"]


def _endpoints(call: SignIn, start: Start) -> Script[Endpoints]:
    """Return the authority's endpoints, asked for where they cannot be computed."""
    if call.registration.endpoints is not None:
        return call.registration.endpoints
    talk = begin(call, start)
    try:
        return (yield from discover(talk, (yield from load_knowledge(talk))))
    except SansioAuthError as error:
        raise attributed(talk, error) from error.__cause__


def find_endpoints(call: SignIn, start: Start) -> Script[Ended[Endpoints]]:
    """Return where the authority serves what."""
    return Ended((yield from _endpoints(call, start)))


def begin_sign_in(
    call: SignIn, start: Start, parameters: Mapping[str, str]
) -> Script[Ended[AuthCodeFlow]]:
    """Return a sign-in with PKCE, state and nonce, to be kept in the user's session."""
    endpoints = yield from _endpoints(call, start)
    asked = {**parameters, "claims": call.claims or ""}
    return Ended(begin_flow(endpoints, start.seed, call.requested, asked))


def sign_in_url(call: SignIn, start: Start, parameters: Mapping[str, str]) -> Script[Ended[str]]:
    """Return the URL alone, with what the caller chose and nothing random (deprecated by MSAL)."""
    endpoints = yield from _endpoints(call, start)
    asked = {
        **parameters,
        "scope": " ".join(call.requested),
        "claims": call.claims or "",
        "client_info": "1",
    }
    return Ended(authorization_url(endpoints, tuple(asked.items())))
