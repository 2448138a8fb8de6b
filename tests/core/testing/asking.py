"""How the tests of the tenant ask it things."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from attrs import frozen
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from sansio_auth import HttpRequest
from sansio_auth._assertion import SigningKey
from sansio_auth.testing import Tenant, example_tenant, handle

NOW = 1_700_000_000.0
WEB_API = "6731de76-14a6-49ae-97bc-6eba6914391e"
DAEMON = "0b1ef9a1-6e2d-4c7a-9b53-7f2d8c1a4e60"
SECRET = "the-application's-secret"
GRAPH = "https://graph.microsoft.com"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@frozen
class Signer:
    """A key, and its certificate as DER."""

    key: SigningKey
    der: bytes


def signer(number: int = 1) -> Signer:
    """Return the signer of that number, made once."""
    return _signer(number)


@cache
def _signer(number: int) -> Signer:
    private = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"signer {number}")])
    at = datetime.fromtimestamp(NOW, tz=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(number)
        .not_valid_before(at)
        .not_valid_after(at + timedelta(days=1))
        .sign(private, hashes.SHA256())
    )
    return Signer(SigningKey(private, b""), certificate.public_bytes(Encoding.DER))


def tenant() -> Tenant:
    """Return the example tenant, its daemon registered with the first signer."""
    return example_tenant(certificates=(signer().der,))


def ask(
    at: Tenant, now: float = NOW, *, path: str = "oauth2/v2.0/token", **form: str
) -> tuple[Tenant, int, dict[str, Any]]:
    """Post a form, as the web API with its secret unless it says otherwise."""
    fields = {"client_id": WEB_API, "client_secret": SECRET, **form}
    pairs = tuple((name, value) for name, value in fields.items() if value != "-")
    request = HttpRequest("POST", f"{at.authority}/{path}", form=pairs)
    after, response = handle(at, request, now)
    return after, response.status, json.loads(response.body)


def app_token(at: Tenant, now: float = NOW, **form: str) -> tuple[Tenant, int, dict[str, Any]]:
    """Ask for an application's token for Graph unless the form says otherwise."""
    return ask(
        at, now, **{"grant_type": "client_credentials", "scope": f"{GRAPH}/.default", **form}
    )


def codes(answer: tuple[Tenant, int, dict[str, Any]]) -> tuple[int, str, int]:
    """Return status, OAuth error and AADSTS code of a refusal."""
    _, status, members = answer
    (code,) = members["error_codes"]
    return status, members["error"], code
