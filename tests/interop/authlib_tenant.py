"""A tenant made of Authlib's authorization server, with Entra's paths, on HTTPS and loopback.

Authlib decides about grants, client authentication, signatures, `exp`, `nbf`, `aud`, `iss` and
`sub`; what its documentation leaves to the developer is here (used `jti` values, the form of
answers) and in `authlib_directory`. Run as a program with the path of a registrations file; see
`counterparty` for the agreement with the tests.
"""

from __future__ import annotations

import base64
import json
import os
import socket
import sys
import threading
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Final, cast

import flask

# Authlib ships no types, hence the pragmas; what crosses the border is annotated.
from authlib.integrations.flask_oauth2 import (  # type: ignore[import-untyped]
    AuthorizationServer,
)
from authlib.oauth2 import OAuth2Error, OAuth2Request  # type: ignore[import-untyped]
from authlib.oauth2.rfc6749 import (  # type: ignore[import-untyped]
    InvalidClientError,
    InvalidRequestError,
    grants,
)
from authlib.oauth2.rfc7523 import (  # type: ignore[import-untyped]
    JWTBearerClientAssertion,
    JWTBearerGrant,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.interop.authlib_directory import (
    ASSERTION_METHOD,
    Client,
    Registrations,
    Tenant,
    User,
    check_chain,
    header_of,
    named_certificate,
)

_LIFETIME: Final = 3599
_LEEWAY: Final = 5
_METHODS: Final = ["client_secret_post", ASSERTION_METHOD]


class CertificateAssertion(JWTBearerClientAssertion):  # type: ignore[misc]
    """`private_key_jwt` with a registered certificate that the header has to name."""

    def __init__(self, tenant: Tenant) -> None:
        """Start with no identifier used."""
        super().__init__(leeway=_LEEWAY)
        self._tenant = tenant
        self._used: set[tuple[str, str]] = set()
        self._lock = threading.Lock()

    def __call__(self, query_client: object, request: OAuth2Request) -> Client | None:
        """Let Authlib authenticate, then look at the header that it does not look at."""
        client: Client | None = super().__call__(query_client, request)
        if client is not None:
            header = header_of(request.form["client_assertion"])
            check_chain(client, named_certificate(client, header), header.get("x5c"))
        return client

    def get_audiences(self) -> list[str]:
        """Return the only good audience, the token endpoint."""
        return [self._tenant.token_endpoint]

    def validate_jti(self, claims: Mapping[str, str], jti: str) -> bool:
        """Accept an identifier once in the life of this process, whatever `exp` says."""
        with self._lock:
            fresh = (claims["sub"], jti) not in self._used
            self._used.add((claims["sub"], jti))
        return fresh

    def resolve_client_public_key(self, client: Client) -> Client:
        """Hand the client on: which of its keys is meant, the header says."""
        return client

    def process_assertion_claims(self, assertion: str, resolve_key: Client) -> Mapping[str, object]:
        """Verify with the named certificate's key; PS256 has to be allowed by name."""
        certificate = named_certificate(resolve_key, header_of(assertion))
        public = certificate.public_key().public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        )
        try:
            token = jwt.decode(assertion, RSAKey.import_key(public), algorithms=["RS256", "PS256"])
        except JoseError as refusal:
            raise InvalidClientError(description=f"AADSTS50013: {refusal}") from refusal
        self.verify_claims(token.claims)
        return token.claims


class TokenService(AuthorizationServer):  # type: ignore[misc]
    """Authlib's server; refusals get the members that Entra adds, and are noted for the log."""

    def __init__(self, application: flask.Flask, tenant: Tenant) -> None:
        """Register the ways to authenticate and the grants."""
        super().__init__(application, tenant.clients.get, lambda _token, _request: None)
        self.tenant: Final = tenant
        self.register_client_auth_method(ASSERTION_METHOD, CertificateAssertion(tenant))
        self.register_grant(ClientCredentials)
        self.register_grant(OnBehalfOf)

    def handle_error_response(self, request: OAuth2Request, error: OAuth2Error) -> flask.Response:
        """RFC 6749 section 5.2 allows 401 for `invalid_client`, and Entra always answers so."""
        if isinstance(error, InvalidClientError):
            error.status_code = 401
        status, body, headers = error(self.get_error_uri(request, error))
        flask.g.error, flask.g.reason = error.error, error.description
        correlation = flask.request.headers.get("client-request-id", "")
        extra = {"error_codes": [], "trace_id": str(uuid.uuid4()), "correlation_id": correlation}
        answer: flask.Response = self.handle_response(status, dict(body) | extra, headers)
        return answer


class ClientCredentials(grants.ClientCredentialsGrant):  # type: ignore[misc]
    """RFC 6749 section 4.4, for `/.default` of one resource."""

    TOKEN_ENDPOINT_AUTH_METHODS = _METHODS
    server: TokenService

    def validate_requested_scope(self) -> None:
        """Refuse what Entra would."""
        self.server.tenant.resource(self.request.payload.scope, application=True)


class OnBehalfOf(JWTBearerGrant):  # type: ignore[misc]
    """RFC 7523 section 2.1 with Entra's two changes.

    The assertion is a token that this tenant issued for the client, and the client authenticates
    as for any other grant.
    """

    TOKEN_ENDPOINT_AUTH_METHODS = _METHODS
    LEEWAY = _LEEWAY
    server: TokenService
    caller: Client | None = None

    def validate_token_request(self) -> None:
        """Authenticate the client once, since its `jti` is good once; then as Authlib does."""
        if self.request.form.get("requested_token_use") != "on_behalf_of":
            raise InvalidRequestError(description="AADSTS900144: requested_token_use is missing")
        self.caller = self.authenticate_token_endpoint_client()
        super().validate_token_request()

    def resolve_issuer_client(self, issuer: str) -> Client | None:
        """Return who is asking, since the tenant is the only issuer."""
        return self.caller if issuer == self.server.tenant.issuer else None

    def resolve_client_public_key(self, client: Client) -> RSAKey:
        """Return the tenant's own key, which signed the assertion."""
        del client
        return self.server.tenant.key

    def get_audiences(self) -> list[str]:
        """Return the client that brings the user's token: it must have been meant for that one."""
        return [f"api://{self.caller.client_id}"] if self.caller else []

    def validate_requested_scope(self) -> None:
        """Refuse what Entra would."""
        self.server.tenant.resource(self.request.payload.scope, application=False)

    def authenticate_user(self, subject: str) -> User | None:
        """Return the user; an application's own token names none, and is no good here."""
        return User(subject) if subject in self.server.tenant.registered["users"] else None

    def has_granted_permission(self, client: Client, user: User) -> bool:
        """Take it that every user has consented to everything."""
        del client, user
        return True


def _token_answer(tenant: Tenant, client: Client, user: User | None, scope: str) -> object:
    """Return the body of a successful answer, as Entra fills it for either grant."""
    resource = tenant.resource(scope, application=user is None)
    subject = user.subject if user else client.client_id
    answer: dict[str, object] = {
        "token_type": "Bearer",
        "expires_in": _LIFETIME,
        "ext_expires_in": _LIFETIME,
        "access_token": tenant.access_token(
            subject=subject, audience=resource, expires_in=_LIFETIME, azp=client.client_id
        ),
    }
    if user is not None:
        home = {"uid": user.subject, "utid": tenant.registered["tenant"]}
        encoded = base64.urlsafe_b64encode(json.dumps(home).encode()).rstrip(b"=")
        answer |= {
            "scope": " ".join(one for one in scope.split() if "/" in one),
            "refresh_token": str(uuid.uuid4()),
            "client_info": encoded.decode(),
            "id_token": tenant.access_token(
                subject=user.subject, audience=client.client_id, expires_in=_LIFETIME
            ),
        }
    return answer


def _application(tenant: Tenant) -> flask.Flask:
    application = flask.Flask(__name__)
    service = TokenService(application, tenant)

    def generate(
        grant_type: str,
        client: Client,
        user: User | None = None,
        scope: str = "",
        expires_in: int | None = None,
        include_refresh_token: bool = True,
    ) -> object:
        del grant_type, expires_in, include_refresh_token
        return _token_answer(tenant, client, user, scope)

    def token() -> flask.Response:
        answer: flask.Response = service.create_token_response()
        return answer

    def configuration() -> Mapping[str, str]:
        return {
            "issuer": tenant.issuer,
            "token_endpoint": tenant.token_endpoint,
            "authorization_endpoint": f"{tenant.token_endpoint.rpartition('/')[0]}/authorize",
        }

    def user_token() -> Mapping[str, str]:
        form = flask.request.form
        lifetime, audience = int(form["expires_in"]), form["audience"]
        minted = tenant.access_token(
            subject=form["user"], audience=audience, expires_in=lifetime, azp="sign-in page"
        )
        return {"access_token": minted}

    service.register_token_generator("default", generate)
    path = f"/{tenant.registered['tenant']}"
    application.post(f"{path}/oauth2/v2.0/token")(token)
    application.get(f"{path}/v2.0/.well-known/openid-configuration")(configuration)
    application.post("/_test/user_token")(user_token)
    application.after_request(lambda response: _note(tenant, response))
    return application


def _note(tenant: Tenant, response: flask.Response) -> flask.Response:
    """Append the exchange to the log, before the client can have the answer."""
    request = flask.request
    if not request.path.startswith("/_test/"):
        form = {name: request.form.get(name) for name in ("grant_type", "scope", "claims")}
        assertion = request.form.get("client_assertion")
        entry: dict[str, object] = {
            "path": request.path,
            "status": response.status_code,
            "client_id": request.form.get("client_id"),
            "error": flask.g.get("error"),
            "reason": flask.g.get("reason"),
            "assertion": dict(header_of(assertion)) if assertion else {},
            **form,
        }
        with Path(tenant.registered["log"]).open("a") as log:
            log.write(json.dumps(entry) + "\n")
    return response


def _end_with_standard_input() -> None:
    sys.stdin.read()
    os._exit(0)


def main() -> None:
    """Serve until standard input ends."""
    registered = cast("Registrations", json.loads(Path(sys.argv[1]).read_text()))
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    tenant = Tenant(
        base=f"https://localhost:{port}",
        registered=registered,
        clients={entry["client_id"]: Client(entry) for entry in registered["clients"]},
        key=RSAKey.generate_key(2048),
    )
    WSGIRequestHandler.protocol_version = "HTTP/1.1"  # so that clients may keep connections
    server = make_server(
        "127.0.0.1",
        port,
        _application(tenant),
        threaded=True,
        fd=listener.fileno(),
        ssl_context=(registered["server_certificate"], registered["server_key"]),
    )
    threading.Thread(target=_end_with_standard_input, daemon=True).start()
    print(json.dumps({"port": port}), flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
