"""Grants for something that the caller brings: a refresh token, a code, a password, a credential.

RFC 6749 sections 4.1.3, 4.3 and 6, and Microsoft's `user_fic`. The forms differ; the rest is the
common plot. What a code brings is checked before any of it is filed.
"""

from __future__ import annotations

import hmac
from typing import Final
from urllib.parse import quote

from sansio_auth._grants.acquire import Changes, acquire, request_form
from sansio_auth._grants.filing import under_assertion, under_user
from sansio_auth._json import UnreadableJson, parse_object
from sansio_auth._steps import begin, send
from sansio_auth._steps.conversation import bounded, correlation, failed
from sansio_auth._token import TokenResponse
from sansio_auth.authority import Endpoints
from sansio_auth.effects import Failure
from sansio_auth.errors import AuthorityError, ResponseError
from sansio_auth.flow import Ended, Script, Start
from sansio_auth.results import Outcome
from sansio_auth.user_calls import (
    AuthorizationCode,
    RefreshToken,
    UserFederatedCredential,
    UsernamePassword,
)
from sansio_auth.wire import HttpRequest

__all__ = ["authorization_code", "refresh_token", "user_federated_credential", "username_password"]

#: Seconds by which a sign-in may seem older than `max_age` (observed).
_SKEW: Final = 120
_OK: Final = 200


def refresh_token(call: RefreshToken, start: Start) -> Script[Ended[Outcome]]:
    """RFC 6749 section 6: a refresh token from elsewhere, on its way into this cache."""
    own = (("refresh_token", call.refresh_token.reveal()),)
    form = request_form(call, "refresh_token", own, call.requested)
    return (yield from acquire(call, start, form, under_user))


def authorization_code(call: AuthorizationCode, start: Start) -> Script[Ended[Outcome]]:
    """RFC 6749 section 4.1.3: the code of a sign-in, with the verifier of RFC 7636."""
    verifier = call.code_verifier
    own = (
        ("code", call.code.reveal()),
        ("redirect_uri", call.redirect_uri),
        ("code_verifier", "" if verifier is None else verifier.reveal()),
    )
    form = request_form(call, "authorization_code", own, call.requested)
    return (yield from acquire(call, start, form, _signed_in))


def username_password(call: UsernamePassword, start: Start) -> Script[Ended[Outcome]]:
    """RFC 6749 section 4.3: a password, for those who have nothing better."""
    yield from _check_realm(call, start)
    own = (("username", call.name), ("password", call.password.reveal()))
    form = request_form(call, "password", own, call.requested)
    return (yield from acquire(call, start, form, under_user))


def _check_realm(call: UsernamePassword, start: Start) -> Script[None]:
    """Refuse a user whose password another server keeps, before it is sent (observed question)."""
    authority = call.registration.authority
    if authority.kind != "entra":
        return
    talk = begin(call, start)
    question = HttpRequest(
        "GET",
        f"{authority.origin}/common/userrealm/{quote(call.name, safe='')}",
        (("api-version", "1.0"),),
        (("Accept", "application/json"), *correlation(talk)),
    )
    answer = yield from send(talk, bounded(talk, question))
    if isinstance(answer, Failure):
        raise failed(talk, answer, "realm")
    try:
        kind = parse_object(answer.body).get("account_type") if answer.status == _OK else None
    except UnreadableJson:
        kind = None
    if kind == "Federated":
        raise AuthorityError(
            "the user's password is kept by a federated server, which this library does not ask;"
            " use the authorization code flow",
            code="federated_user",
            correlation_id=talk.correlation_id,
            stage="realm",
        )


def user_federated_credential(
    call: UserFederatedCredential, start: Start
) -> Script[Ended[Outcome]]:
    """Microsoft's `user_fic`: a credential that stands for a user of the tenant."""
    own = (
        ("user_federated_identity_credential", call.assertion.reveal()),
        ("user_id", call.user_object_id),
        ("username", call.name),
    )
    form = request_form(call, "user_fic", own, call.requested)
    return (yield from acquire(call, start, form, under_assertion))


def _refuse(code: str, what: str) -> ResponseError:
    return ResponseError(f"the sign-in is not the one that was begun: {what}", code=code)


def _signed_in(
    call: AuthorizationCode, endpoints: Endpoints, response: TokenResponse, now: float
) -> Changes:
    """Check who signed in and when (OpenID Connect Core section 3.1.3.7), then file it.

    Only where an id token came: without `openid` there is none to check.
    """
    claims = response.user.id_token_claims
    if response.user.id_token is not None and call.nonce:
        nonce = None if claims is None else claims.get("nonce")
        given = nonce.encode("utf-8", "surrogatepass") if isinstance(nonce, str) else b""
        if not hmac.compare_digest(given, call.nonce.encode()):
            raise _refuse("nonce_differs", "the id token has another nonce")
    if response.user.id_token is not None and call.max_age is not None:
        at = None if claims is None else claims.get("auth_time")
        if isinstance(at, bool) or not isinstance(at, int | float):
            raise _refuse("no_auth_time", "max_age was asked for and the id token has no auth_time")
        if at + call.max_age < now - _SKEW:
            raise _refuse("too_old", "the user signed in longer ago than max_age allows")
    return under_user(call, endpoints, response, now)
