"""Proving who the client is, anew for every request.

A secret goes into the form without a question; a certificate's assertion is built here and signed
by the shell; a ready-made one is fetched from whoever makes it and looked at before it is sent.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from sansio_auth._later import later
from sansio_auth._seed import derive_uuid
from sansio_auth._steps.conversation import Conversation
from sansio_auth._token import decode_part
from sansio_auth.authority import Endpoints
from sansio_auth.credentials import CertificateCredential, ClientSecret
from sansio_auth.effects import AssertionContext, Failure, GetAssertion
from sansio_auth.errors import AssertionFailed
from sansio_auth.flow import Script, ask
from sansio_auth.registration import Registration
from sansio_auth.wire import Pairs

if TYPE_CHECKING:
    from sansio_auth import _assertion
else:
    _assertion = later("sansio_auth._assertion")

__all__ = ["authenticate", "secret_proof"]

#: Characters of an assertion; a longer one is something else.
_MAX_ASSERTION: Final = 131_072
_VISIBLE: Final = re.compile(r"[\x21-\x7e]+")


def secret_proof(registration: Registration) -> Pairs | None:
    """Return the form fields that prove who the client is, None where an assertion is to do it."""
    credential = registration.credential
    if isinstance(credential, ClientSecret):
        return (*registration.client_form, ("client_secret", credential.secret.reveal()))
    return registration.client_form if credential is None else None


def authenticate(talk: Conversation, endpoints: Endpoints, endpoint: str) -> Script[Pairs]:
    """Return the form fields that prove who the client is, with a fresh assertion.

    The assertion's audience is the authority's own token endpoint, also when `endpoint`, where
    the request goes, is a regional one.
    """
    registration = talk.call.registration
    credential = registration.credential
    claims = None
    if isinstance(credential, CertificateCredential):
        policy = registration.policy
        talk.assertions += 1
        if credential.expires_at is not None and credential.expires_at <= talk.now:
            if policy.strict_certificate:
                raise _assertion_failed(talk, "has expired", "certificate_expired")
            talk.warn("certificate_expired")  # Entra decides; some tenants still accept it
        claims = _assertion.unsigned_assertion(
            credential,
            client_id=registration.client_id,
            audience=endpoints.token,
            now=talk.now,
            life=policy.assertion_life,
            skew=policy.clock_skew,
            jti=derive_uuid(talk.start.seed, f"jti {talk.assertions}"),
            client_claims=registration.client_claims,
        )
    context = AssertionContext(
        client_id=registration.client_id,
        token_endpoint=endpoint,
        tenant=endpoints.realm,
        correlation_id=talk.correlation_id,
        fmi_path=next((value for name, value in talk.call.data if name == "fmi_path"), None),
    )
    answer, talk.now = yield from ask(GetAssertion(claims, context))
    text = _checked(talk, answer)
    if claims is None and _expired(text, talk.now):  # whoever keeps it may not have noticed
        answer, talk.now = yield from ask(GetAssertion(claims, context))
        text = _checked(talk, answer)
        if _expired(text, talk.now):
            raise _assertion_failed(talk, "gave an assertion that has expired")
    return (*registration.client_form, ("client_assertion", text))


def _expired(assertion: str, now: float) -> bool:
    """Whether an assertion says itself that it is over; one that cannot be read is not judged."""
    parts = assertion.split(".")
    claims = decode_part(parts[1]) if len(parts) == 3 else None  # noqa: PLR2004 - a compact JWS
    exp = None if claims is None else claims.get("exp")
    return isinstance(exp, int | float) and exp <= now


def _assertion_failed(
    talk: Conversation, why: str, code: str = "assertion_failed"
) -> AssertionFailed:
    source = "certificate" if code == "certificate_expired" else "client assertion's source"
    return AssertionFailed(
        f"the {source} {why}",
        code=code,
        correlation_id=talk.correlation_id,
        stage="assertion",
    )


def _checked(talk: Conversation, answer: str | Failure) -> str:
    if isinstance(answer, str) and len(answer) <= _MAX_ASSERTION:
        text = answer.strip()
        if _VISIBLE.fullmatch(text):
            return text
    if not isinstance(answer, Failure):
        raise _assertion_failed(talk, "gave no assertion")
    why = "failed" + f" ({answer.error})" * bool(answer.error) + _remedy(talk)
    error = _assertion_failed(talk, why)
    error.__cause__ = answer.cause
    raise error


def _remedy(talk: Conversation) -> str:
    """Return what to do where it was PS256 that could not be signed; nobody falls back silently."""
    credential = talk.call.registration.credential
    if isinstance(credential, CertificateCredential) and not credential.sha1:
        return "; where a key cannot sign PS256, its SHA-1 thumbprint asks for RS256 instead"
    return ""
