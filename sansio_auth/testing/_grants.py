"""What the simulated tenant grants: one function per grant, each giving the token response.

The checks are Entra ID's: the shape of the scopes, the resource they name, the user's token or
code, conditional access. Which credential the client has is decided before.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from hmac import compare_digest
from typing import Final, TypeAlias

from attrs import evolve

from sansio_auth._assertion import base64url
from sansio_auth._json import JsonObject
from sansio_auth.testing._denied import Denied
from sansio_auth.testing._tokens import TokenFacts, id_token, read
from sansio_auth.testing.tenant import GRAPH, Application, Resource, Tenant, User

__all__ = ["GRANTS", "Grant"]

Grant: TypeAlias = Callable[
    [Tenant, Application, Mapping[str, str], float], tuple[Tenant, JsonObject]
]
_OIDC: Final = frozenset({"openid", "profile", "offline_access", "email"})
_REFRESH_LIFE: Final = 90 * 86_400
_MFA: Final = (
    '{"access_token":{"polids":{"essential":true,"values":["b0bb0bb0-0000-4000-8000-00000000"]}}}'
)


def _needed(form: Mapping[str, str], name: str) -> str:
    value = form.get(name, "")
    if not value:
        raise Denied(900144, "invalid_request", f"The body must contain the parameter '{name}'.")
    return value


def _resource(tenant: Tenant, scope: str) -> tuple[Resource, str]:
    """Return the resource that a scope names, and the permission; without one it is Graph's."""
    uri, slash, permission = scope.rpartition("/")
    uri = uri if slash else GRAPH
    found = tenant.resources.get(uri)
    if found is None:
        raise Denied(500011, "invalid_resource", f"No resource '{uri[:64]}' in this tenant.")
    return found, permission


def _facts(
    tenant: Tenant, application: Application, audience: str, form: Mapping[str, str], now: float
) -> TokenFacts:
    return TokenFacts(
        kind="access",
        issuer=tenant.issuer,
        audience=audience,
        client_id=application.client_id,
        tenant_id=tenant.tenant_id,
        issued_at=int(now),
        expires_at=int(now) + tenant.token_life,
        claims=form.get("claims", ""),
    )


def _token(tenant: Tenant, facts: TokenFacts) -> tuple[Tenant, JsonObject]:
    tenant, token = tenant.issue(facts)
    members: JsonObject = {
        "token_type": "Bearer",
        "expires_in": tenant.token_life,
        "ext_expires_in": tenant.token_life,
        "access_token": token,
    }
    if tenant.refresh_in is not None:
        members["refresh_in"] = tenant.refresh_in
    return tenant, members


def _client_credentials(
    tenant: Tenant, application: Application, form: Mapping[str, str], now: float
) -> tuple[Tenant, JsonObject]:
    scopes = _needed(form, "scope").split(" ")
    if any(not scope.endswith("/.default") for scope in scopes):
        raise Denied(1002012, "invalid_scope", "An application asks for <resource>/.default.")
    if len(scopes) > 1:
        raise Denied(700022, "invalid_scope", "Scopes of one resource only can be asked for.")
    resource, _ = _resource(tenant, scopes[0])
    return _token(tenant, _facts(tenant, application, resource.uri, form, now))


def _on_behalf_of(
    tenant: Tenant, application: Application, form: Mapping[str, str], now: float
) -> tuple[Tenant, JsonObject]:
    if _needed(form, "requested_token_use") != "on_behalf_of":
        raise Denied(900144, "invalid_request", "requested_token_use must be 'on_behalf_of'.")
    facts = read(tenant.seed, _needed(form, "assertion"))
    if facts is None or facts.kind not in {"access", "id"}:
        raise Denied(50013, "invalid_grant", "The assertion is not a token of this tenant.")
    if facts.kind == "id":
        raise Denied(240002, "invalid_grant", "An id token cannot be used as the assertion.")
    if facts.audience not in {application.client_id, f"api://{application.client_id}"}:
        raise Denied(50013, "invalid_grant", "The assertion is for another application.")
    if facts.username is None:
        raise Denied(50013, "invalid_grant", "The assertion is an application's, not a user's.")
    if facts.expires_at <= now:
        raise Denied(500133, "invalid_grant", "The assertion is not within its valid time range.")
    return _for_user(tenant, application, tenant.users[facts.username], form, now)


def _refresh_token(
    tenant: Tenant, application: Application, form: Mapping[str, str], now: float
) -> tuple[Tenant, JsonObject]:
    facts = read(tenant.seed, _needed(form, "refresh_token"))
    if facts is None or facts.kind != "refresh" or facts.username is None:
        raise Denied(
            9002313, "invalid_grant", "The refresh token is malformed.", suberror="bad_token"
        )
    owner = tenant.applications.get(facts.client_id)
    family = owner is not None and owner.family is not None and owner.family == application.family
    if facts.client_id != application.client_id and not family:
        raise Denied(
            70000, "invalid_grant", "The refresh token is another client's.",
            suberror="client_mismatch",
        )  # fmt: skip
    if facts.id in tenant.revoked:
        raise Denied(50173, "invalid_grant", "The grant was revoked.", suberror="bad_token")
    if facts.expires_at <= now:
        raise Denied(
            700082, "invalid_grant", "The refresh token has expired.", suberror="token_expired"
        )
    return _for_user(tenant, application, tenant.users[facts.username], form, now)


def _authorization_code(
    tenant: Tenant, application: Application, form: Mapping[str, str], now: float
) -> tuple[Tenant, JsonObject]:
    facts = read(tenant.seed, _needed(form, "code"))
    if facts is None or facts.kind != "code" or facts.client_id != application.client_id:
        raise Denied(9002313, "invalid_grant", "The code is not one for this application.")
    if facts.id in tenant.used:
        raise Denied(54005, "invalid_grant", "The code was redeemed before.")
    if facts.expires_at <= now:
        raise Denied(70008, "invalid_grant", "The code has expired.")
    if form.get("redirect_uri", "") != facts.redirect_uri:
        raise Denied(50011, "invalid_request", "The redirect_uri is not the one of the sign-in.")
    verifier = form.get("code_verifier", "")
    challenge = base64url(hashlib.sha256(verifier.encode()).digest()) if verifier else ""
    if not compare_digest(challenge, facts.code_challenge):
        raise Denied(501481, "invalid_grant", "The code_verifier does not fit the code_challenge.")
    tenant = evolve(tenant, used={**tenant.used, facts.id: float(facts.expires_at)})
    user = tenant.users[facts.username or ""]
    signed_in = (facts.issued_at, facts.nonce)
    return _for_user(tenant, application, user, form, now, signed_in=signed_in)


def _password(
    tenant: Tenant, application: Application, form: Mapping[str, str], now: float
) -> tuple[Tenant, JsonObject]:
    user = tenant.users.get(_needed(form, "username").lower())
    if user is None:
        raise Denied(50034, "invalid_grant", "The user does not exist in this directory.")
    given = _needed(form, "password")
    if user.password is None or not compare_digest(user.password.reveal().encode(), given.encode()):
        raise Denied(50126, "invalid_grant", "The user name or the password is wrong.")
    return _for_user(tenant, application, user, form, now)


def _user_fic(
    tenant: Tenant, application: Application, form: Mapping[str, str], now: float
) -> tuple[Tenant, JsonObject]:
    facts = read(tenant.seed, _needed(form, "user_federated_identity_credential"))
    if facts is None or facts.kind != "access" or facts.username is not None:
        raise Denied(
            50013, "invalid_grant", "The credential is no application token of this tenant."
        )
    if facts.expires_at <= now:
        raise Denied(500133, "invalid_grant", "The credential is not within its time range.")
    wanted = form.get("user_id") or form.get("username") or ""
    for user in tenant.users.values():
        if wanted.lower() in {user.username.lower(), user.object_id}:
            return _for_user(tenant, application, user, form, now)
    raise Denied(50034, "invalid_grant", "The user does not exist in this directory.")


def _granted(asked: list[str], resource: Resource, scopes: tuple[str, ...]) -> list[str]:
    """Name the scopes as they were asked for (observed); `.default` becomes what it stands for."""
    named = {scope.rpartition("/")[2]: scope for scope in asked}
    spoken = [scope for scope in asked if scope in _OIDC - {"offline_access"}]
    return [*(named.get(scope, f"{resource.uri}/{scope}") for scope in scopes), *spoken]


def _for_user(
    tenant: Tenant,
    application: Application,
    user: User,
    form: Mapping[str, str],
    now: float,
    *,
    signed_in: tuple[int, str] | None = None,
) -> tuple[Tenant, JsonObject]:
    asked = _needed(form, "scope").split()
    named = [_resource(tenant, scope) for scope in asked if scope not in _OIDC]
    if len({resource.uri for resource, _ in named}) > 1:
        raise Denied(700022, "invalid_scope", "Scopes of one resource only can be asked for.")
    resource = named[0][0] if named else tenant.resources[GRAPH]
    wanted = {permission for _, permission in named} - {".default"}
    if unknown := sorted(wanted - resource.scopes):
        raise Denied(65001, "invalid_grant", f"Nobody consented to {' '.join(unknown)[:64]}.",
                     suberror="consent_required")  # fmt: skip
    if user.mfa and not form.get("claims"):
        raise Denied(
            50076, "interaction_required", "The user must prove who they are once more.",
            suberror="basic_action", claims=_MFA,
        )  # fmt: skip
    facts = evolve(
        _facts(tenant, application, resource.uri, form, now),
        username=user.username,
        object_id=user.object_id,
        scopes=tuple(sorted(wanted or resource.scopes)),
        nonce="" if signed_in is None else signed_in[1],
    )
    tenant, members = _token(tenant, evolve(facts, nonce=""))
    members["scope"] = " ".join(_granted(asked, resource, facts.scopes))
    if "offline_access" in asked:
        life = evolve(facts, kind="refresh", expires_at=int(now) + _REFRESH_LIFE, nonce="")
        tenant, members["refresh_token"] = tenant.issue(life)
    if "openid" in asked:
        at = facts.issued_at if signed_in is None else signed_in[0]
        members["id_token"] = id_token(tenant.seed, facts, auth_time=at)
    if form.get("client_info"):
        who = {"uid": user.object_id, "utid": tenant.tenant_id}
        members["client_info"] = base64url(json.dumps(who).encode())
    if application.family:
        members["foci"] = application.family
    return tenant, members


GRANTS: Final[Mapping[str, Grant]] = {
    "client_credentials": _client_credentials,
    "urn:ietf:params:oauth:grant-type:jwt-bearer": _on_behalf_of,
    "refresh_token": _refresh_token,
    "authorization_code": _authorization_code,
    "password": _password,
    "user_fic": _user_fic,
}
