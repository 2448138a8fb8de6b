"""Who is asking: the simulated tenant's check of a client's credential.

Checks what Entra ID checks of a secret (its value and its validity) and of an assertion
(RFC 7523 section 3: signature, issuer, subject, audience, time, one use of each `jti`).
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha1, sha256
from hmac import compare_digest
from typing import Final

from attrs import evolve

from sansio_auth._assertion import base64url, verify
from sansio_auth._json import JsonObject
from sansio_auth._token import decode_part
from sansio_auth.registration import ASSERTION_TYPE
from sansio_auth.testing._denied import Denied
from sansio_auth.testing.tenant import Application, Tenant

__all__ = ["authenticated"]

#: Seconds by which two clocks may differ, and the longest life of an assertion.
_SKEW: Final = 300
_MAX_LIFE: Final = 86_400
_ALGORITHMS: Final = ("RS256", "PS256")


def _refused(code: int, message: str) -> Denied:
    return Denied(code, "invalid_client", message, status=401)


def authenticated(
    tenant: Tenant, form: Mapping[str, str], now: float
) -> tuple[Tenant, Application]:
    """Return the application that this form proves to come from; raises `Denied`."""
    client_id = form.get("client_id", "")
    application = tenant.applications.get(client_id)
    if application is None:
        raise Denied(
            700016, "unauthorized_client", f"No application '{client_id[:64]}' in this directory."
        )
    if "client_assertion" in form:
        if form.get("client_assertion_type") != ASSERTION_TYPE:
            raise Denied(50027, "invalid_request", "The client_assertion_type is not supported.")
        return _by_assertion(tenant, application, form["client_assertion"], now), application
    if "client_secret" in form:
        _check_secret(application, form["client_secret"], now)
        return tenant, application
    raise _refused(7000218, "The body must contain a client_assertion or a client_secret.")


def _check_secret(application: Application, given: str, now: float) -> None:
    for secret in application.secrets:
        if compare_digest(secret.value.reveal().encode(), given.encode()):
            if secret.expires_at is not None and secret.expires_at <= now:
                raise _refused(7000222, "The client secret has expired.")
            return
    raise _refused(7000215, "Invalid client secret: the secret's value is needed, not its id.")


def _part(token: str, number: int) -> JsonObject:
    parts = token.split(".")
    found = decode_part(parts[number]) if len(parts) == 3 else None  # noqa: PLR2004 - a compact JWS
    if found is None:
        raise _refused(50027, "The client assertion is no JWT.")
    return found


def _by_assertion(tenant: Tenant, application: Application, token: str, now: float) -> Tenant:
    claims = _part(token, 1)
    named = (str(claims.get("iss")), str(claims.get("sub")), str(claims.get("aud")))
    if named in application.trusted:
        _check_times(claims, now)
        return tenant
    header = _part(token, 0)
    if header.get("alg") not in _ALGORITHMS:
        raise _refused(50027, "The client assertion is not signed with RS256 or PS256.")
    certificate = next((der for der in application.certificates if _named(header, der)), None)
    if certificate is None or verify(token, certificate, _ALGORITHMS) is None:
        raise _refused(
            700027, "The client assertion is not signed with a key of a registered certificate."
        )
    return _check_claims(tenant, application, claims, now)


def _named(header: JsonObject, der: bytes) -> bool:
    """Whether the header means this certificate, by the thumbprint that goes with its algorithm."""
    if header.get("alg") == "PS256" and "x5t#S256" in header:
        return header["x5t#S256"] == base64url(sha256(der).digest())
    return header.get("x5t") == base64url(sha1(der, usedforsecurity=False).digest())


def _check_claims(
    tenant: Tenant, application: Application, claims: JsonObject, now: float
) -> Tenant:
    if claims.get("iss") != application.client_id:
        raise _refused(700021, "The client assertion is not issued by the client_id.")
    if claims.get("sub") != claims.get("iss"):
        raise _refused(50048, "Subject and issuer of the client assertion differ.")
    if claims.get("aud") not in {tenant.token_endpoint, tenant.issuer}:
        raise _refused(50027, "The audience of the client assertion is not this tenant.")
    _check_times(claims, now)
    jti = claims.get("jti")
    if not isinstance(jti, str) or not jti:
        raise _refused(50027, "The client assertion has no jti.")
    if jti in tenant.used:
        raise _refused(50027, "The client assertion was used before (its jti is known).")
    alive = {name: end for name, end in tenant.used.items() if end > now}
    return evolve(tenant, used={**alive, jti: now + _MAX_LIFE})


def _check_times(claims: JsonObject, now: float) -> None:
    exp, nbf = claims.get("exp"), claims.get("nbf", claims.get("iat"))
    if not isinstance(exp, int) or not isinstance(nbf, int):
        raise _refused(50027, "The client assertion has no whole exp and nbf or iat.")
    if not nbf - _SKEW <= now < exp + _SKEW or exp - now > _MAX_LIFE:
        raise _refused(700024, "The client assertion is not within its valid time range.")
