"""What the tenant made of Authlib's classes knows: clients, users, keys, and Entra's own rules.

It knows nothing of HTTP, grants or logs; `authlib_tenant` asks it.
"""

from __future__ import annotations

import base64
import hmac
import itertools
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Final, Required, TypedDict, cast

from attrs import frozen

# Authlib ships no types, hence the pragmas; what crosses the border is annotated.
from authlib.oauth2.rfc6749 import (  # type: ignore[import-untyped]
    ClientMixin,
    InvalidClientError,
    InvalidScopeError,
)
from authlib.oauth2.rfc7523 import (  # type: ignore[import-untyped]
    JWTBearerClientAssertion,
    JWTBearerGrant,
)
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from joserfc import jws, jwt
from joserfc.jwk import RSAKey

__all__ = [
    "ASSERTION_METHOD",
    "Client",
    "Registrations",
    "Tenant",
    "User",
    "check_chain",
    "header_of",
    "named_certificate",
]

ASSERTION_METHOD: Final = str(JWTBearerClientAssertion.CLIENT_AUTH_METHOD)
# The default of 512 bytes has no room for a certificate chain in the header.
jws.JWSRegistry.max_header_length = 16_384


class ClientEntry(TypedDict, total=False):
    """A client of the registrations file: with a secret, or with certificates (PEM)."""

    client_id: Required[str]
    secret: str
    certificates: list[str]
    chain_required: bool


class Registrations(TypedDict):
    """The registrations file."""

    tenant: str
    resources: list[str]
    users: list[str]
    clients: list[ClientEntry]
    server_certificate: str
    server_key: str
    log: str


class Client(ClientMixin):  # type: ignore[misc]
    """A registered client as Authlib asks for it."""

    def __init__(self, entry: ClientEntry) -> None:
        """Read an entry of the registrations file."""
        self.client_id: Final = entry["client_id"]
        self.certificates: Final = [
            x509.load_pem_x509_certificate(pem.encode()) for pem in entry.get("certificates", [])
        ]
        self.chain_required: Final = entry.get("chain_required", False)
        self._secret = entry.get("secret", "")

    def get_client_id(self) -> str:
        """Return the name it authenticates with."""
        return self.client_id

    def check_client_secret(self, client_secret: str) -> bool:
        """Tell whether this is the secret; a client without one has no right one."""
        return self._secret != "" and hmac.compare_digest(self._secret, client_secret)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Keep a client with certificates from using a secret, and the other way round."""
        del endpoint
        return method == (ASSERTION_METHOD if self.certificates else "client_secret_post")

    def check_grant_type(self, grant_type: str) -> bool:
        """Open both grants to every client."""
        return grant_type in {"client_credentials", JWTBearerGrant.GRANT_TYPE}


@frozen
class User:
    """A user, by subject."""

    subject: str

    def get_user_id(self) -> str:
        """Return the subject; Authlib's name for it."""
        return self.subject


@frozen
class Tenant:
    """What the tenant is and knows; `base` is scheme, host and port."""

    base: str
    registered: Registrations
    clients: Mapping[str, Client]
    key: RSAKey

    @property
    def issuer(self) -> str:
        """The `iss` of every token."""
        return f"{self.base}/{self.registered['tenant']}/v2.0"

    @property
    def token_endpoint(self) -> str:
        """The only audience of a client assertion."""
        return f"{self.base}/{self.registered['tenant']}/oauth2/v2.0/token"

    def resource(self, scope: str | None, *, application: bool) -> str:
        """Return the one resource that the scopes belong to, by Entra's rules, or refuse."""
        ordinary = {"openid", "profile", "email", "offline_access"}
        scopes = [one for one in (scope or "").split() if application or one not in ordinary]
        resources = {one.rpartition("/")[0] for one in scopes}
        if application and [one.rpartition("/")[2] for one in scopes] != [".default"]:
            raise InvalidScopeError(description="AADSTS1002012: one scope, ending in /.default")
        if len(resources) != 1 or not resources <= set(self.registered["resources"]):
            raise InvalidScopeError(description="AADSTS70011: not the scopes of one known resource")
        return resources.pop()

    def access_token(self, *, subject: str, audience: str, expires_in: int, **more: str) -> str:
        """Return a signed access token (RFC 9068) that never equals an earlier one."""
        now = int(time.time())
        claims = {"iss": self.issuer, "sub": subject, "aud": audience, "iat": now, "nbf": now}
        claims |= {"exp": now + expires_in, "jti": str(uuid.uuid4()), **more}
        return jwt.encode({"alg": "RS256", "typ": "at+jwt"}, claims, self.key)


def header_of(assertion: str) -> Mapping[str, object]:
    """Return the header, before anything is verified."""
    return jws.extract_compact(assertion.encode()).headers()


def named_certificate(client: Client, header: Mapping[str, object]) -> x509.Certificate:
    """Return the registered certificate with the thumbprint of the header, or refuse."""
    for member, digest in (("x5t", hashes.SHA1()), ("x5t#S256", hashes.SHA256())):
        thumbprint = header.get(member)
        if isinstance(thumbprint, str):
            for certificate in client.certificates:
                raw = base64.urlsafe_b64encode(certificate.fingerprint(digest))
                if thumbprint.rstrip("=") == raw.decode().rstrip("="):
                    return certificate
    raise InvalidClientError(description="AADSTS700027: no registered certificate is named")


def check_chain(client: Client, registered: x509.Certificate, x5c: object) -> None:
    """Refuse a chain that does not start at the registered certificate, or does not hold."""
    texts = cast("Sequence[str]", x5c) if isinstance(x5c, list) else ()
    chain = [x509.load_der_x509_certificate(base64.b64decode(text)) for text in texts]
    if chain and chain[0].public_bytes(Encoding.DER) != registered.public_bytes(Encoding.DER):
        raise InvalidClientError(description="AADSTS700027: x5c starts with another certificate")
    if client.chain_required and len(chain) < 2:
        raise InvalidClientError(description="AADSTS700027: x5c lacks who issued the certificate")
    for certificate, issuer in itertools.pairwise(chain):
        try:
            certificate.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature) as refusal:
            raise InvalidClientError(description="AADSTS700027: x5c is no chain") from refusal
