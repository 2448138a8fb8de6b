"""A throw-away RSA-2048 key and its certificate, new in every process that asks."""

from __future__ import annotations

import datetime as dt
from functools import cache

from attrs import field, frozen
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

__all__ = ["Certificate", "certificate"]


@frozen
class Certificate:
    """A private key, as an object and as PEM, and the certificate for it."""

    key: rsa.RSAPrivateKey = field(repr=False)
    private_pem: str = field(repr=False)
    public_pem: str

    @property
    def as_msal_takes_it(self) -> dict[str, str]:
        """The value of `client_credential`; MSAL signs with PS256 where it has the certificate."""
        return {"private_key": self.private_pem, "public_certificate": self.public_pem}


@cache
def certificate() -> Certificate:
    """Return this process's certificate."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "benchmark")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Certificate(key, private.decode(), made.public_bytes(Encoding.PEM).decode())
