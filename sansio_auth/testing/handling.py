"""The simulated tenant's answers: discovery, tokens, sign-in, and an API that checks its tokens.

`handle` is pure and total: whatever the request, there is a response and the tenant as it is
afterwards. Times are arguments.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from attrs import evolve

from sansio_auth._json import JsonObject, UnreadableJson, parse_object
from sansio_auth._seed import derive_uuid
from sansio_auth.testing._clients import authenticated
from sansio_auth.testing._denied import JSON, Denied, denial
from sansio_auth.testing._grants import GRANTS
from sansio_auth.testing._tokens import TokenFacts, read
from sansio_auth.testing.tenant import Tenant
from sansio_auth.wire import HttpRequest, HttpResponse

__all__ = ["call_api", "handle", "sign_in"]

_METADATA_SERVICE: Final = "169.254.169.254"
_CODE_LIFE: Final = 600
_TENANTLESS: Final = frozenset({"common", "organizations"})


def handle(tenant: Tenant, request: HttpRequest, now: float) -> tuple[Tenant, HttpResponse]:
    """Return what the tenant answers at `now`, POSIX seconds, and the tenant as it is then."""
    tenant = evolve(tenant, requests=tenant.requests + 1)
    url = urlsplit(request.target)
    if url.hostname == _METADATA_SERVICE:
        return tenant, _region(tenant)
    if url.netloc.lower() not in {urlsplit(tenant.origin).netloc.lower(), *tenant.hosts}:
        return tenant, HttpResponse(404, body=b"no such host")
    path = url.path.strip("/").split("/")
    query = dict(parse_qsl(url.query))
    try:
        if path[1:] == ["discovery", "instance"]:
            return tenant, _instance(tenant, query)
        if not tenant.named(path[0]) and path[0] not in _TENANTLESS:
            raise Denied(90002, "invalid_request", f"Tenant '{path[0][:64]}' not found.")
        if path[1:] in (
            ["v2.0", ".well-known", "openid-configuration"],
            [".well-known", "openid-configuration"],
        ):
            return tenant, _configuration(tenant)
        if path[1:] == ["oauth2", "v2.0", "token"]:
            return _grant(tenant, request, now)
        if path[0] in _TENANTLESS and path[1:2] == ["userrealm"]:
            return tenant, _json({"account_type": "Managed", "ver": "1.0"})
        return tenant, HttpResponse(404, body=b"not found")
    except Denied as denied:
        correlation_id = dict(request.headers).get("client-request-id", "")
        made = derive_uuid(tenant.seed, f"correlation {tenant.requests}")
        return tenant, denial(
            denied,
            seed=tenant.seed,
            number=tenant.requests,
            correlation_id=correlation_id or made,
            now=now,
        )


def _json(members: JsonObject, status: int = 200) -> HttpResponse:
    return HttpResponse(status, JSON, json.dumps(members).encode())


def _region(tenant: Tenant) -> HttpResponse:
    """Answer as Azure's instance metadata service does inside a virtual machine."""
    if tenant.region is None:
        return HttpResponse(404, body=b"not found")
    return _json({"location": tenant.region, "name": "vm", "osType": "Linux"})


def _instance(tenant: Tenant, query: Mapping[str, str]) -> HttpResponse:
    asked = urlsplit(query.get("authorization_endpoint", "")).netloc.lower()
    hosts = sorted({urlsplit(tenant.origin).netloc, *tenant.hosts})
    if asked not in hosts:
        raise Denied(50049, "invalid_instance", "Unknown or invalid instance.")
    return _json(
        {
            "tenant_discovery_endpoint": f"{tenant.issuer}/.well-known/openid-configuration",
            "api-version": query.get("api-version", "1.0"),
            "metadata": [
                {"preferred_network": hosts[0], "preferred_cache": hosts[0], "aliases": [*hosts]}
            ],
        }
    )


def _configuration(tenant: Tenant) -> HttpResponse:
    return _json(
        {
            "issuer": tenant.issuer,
            "token_endpoint": tenant.token_endpoint,
            "authorization_endpoint": f"{tenant.authority}/oauth2/v2.0/authorize",
            "device_authorization_endpoint": f"{tenant.authority}/oauth2/v2.0/devicecode",
            "end_session_endpoint": f"{tenant.authority}/oauth2/v2.0/logout",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
        }
    )


def _grant(tenant: Tenant, request: HttpRequest, now: float) -> tuple[Tenant, HttpResponse]:
    if tenant.interruptions:
        first, *rest = tenant.interruptions
        return evolve(tenant, interruptions=tuple(rest)), first
    if request.method != "POST":
        raise Denied(900561, "invalid_request", "The endpoint takes POST requests only.")
    form = dict(request.form or ())
    if "grant_type" not in form:
        raise Denied(900144, "invalid_request", "The body must contain the parameter 'grant_type'.")
    grant = GRANTS.get(form["grant_type"])
    if grant is None:
        raise Denied(70003, "unsupported_grant_type", "This grant type is not supported.")
    if form.get("claims") and decode_claims(form["claims"]) is None:
        raise Denied(900144, "invalid_request", "The claims parameter is no JSON object.")
    tenant, application = authenticated(tenant, form, now)
    tenant, members = grant(tenant, application, form, now)
    return tenant, _json(members)


def decode_claims(text: str) -> JsonObject | None:
    """Return the object of a `claims` parameter (OpenID Connect Core section 5.5), or None."""
    try:
        return parse_object(text.encode("utf-8", "surrogatepass"))
    except UnreadableJson:
        return None


def sign_in(
    tenant: Tenant, auth_uri: str, username: str, now: float
) -> tuple[Tenant, dict[str, str]]:
    """Return what the browser brings back when that user signs in at an authorization URL.

    The response's members are as RFC 6749 section 4.1.2 has them: `code` and `state`, or `error`.
    """
    query = dict(parse_qsl(urlsplit(auth_uri).query))
    state = {"state": query["state"]} if "state" in query else {}
    application = tenant.applications.get(query.get("client_id", ""))
    redirect_uri = query.get("redirect_uri", "")
    if application is None or redirect_uri not in application.redirect_uris | {""}:
        description = "AADSTS50011: The redirect URI is not registered."
        return tenant, {"error": "invalid_request", "error_description": description, **state}
    user = tenant.users.get(username)
    if user is None:
        return tenant, {"error": "access_denied", "error_description": "AADSTS65004: Declined.",
                        **state}  # fmt: skip
    facts = TokenFacts(
        kind="code",
        issuer=tenant.issuer,
        audience=tenant.token_endpoint,
        client_id=application.client_id,
        tenant_id=tenant.tenant_id,
        issued_at=int(now),
        expires_at=int(now) + _CODE_LIFE,
        username=user.username,
        object_id=user.object_id,
        redirect_uri=redirect_uri,
        code_challenge=query.get("code_challenge", ""),
        nonce=query.get("nonce", ""),
    )
    tenant, code = tenant.issue(facts)
    return tenant, {"code": code, **state, "session_state": derive_uuid(tenant.seed, code)}


def call_api(tenant: Tenant, uri: str, token: str, now: float) -> HttpResponse:
    """Return what an API of the tenant answers to a token: 200, or 401 with what it wants.

    An API that makes a claims challenge words it as RFC 9470 and Microsoft's continuous access
    evaluation do: `WWW-Authenticate: Bearer error="insufficient_claims", claims="<base64>"`.
    """
    facts = read(tenant.seed, token)
    if (
        facts is None
        or facts.kind != "access"
        or facts.audience != uri
        or not facts.issued_at <= now < facts.expires_at
    ):
        return HttpResponse(401, (("WWW-Authenticate", 'Bearer error="invalid_token"'),))
    challenge = tenant.resources[uri].challenge
    if challenge is not None and not _met(challenge, facts.claims):
        encoded = b64encode(challenge.encode()).decode()
        value = f'Bearer error="insufficient_claims", claims="{encoded}"'
        return HttpResponse(401, (("WWW-Authenticate", value),))
    return _json({"who": facts.username or facts.client_id, "token": facts.number})


def _met(challenge: str, claims: str) -> bool:
    wanted, given = decode_claims(challenge) or {}, decode_claims(claims) or {}
    asked, had = wanted.get("access_token"), given.get("access_token")
    if not isinstance(asked, dict) or not isinstance(had, dict):
        return False
    return all(had.get(name) == value for name, value in asked.items())
