"""A throw-away public key infrastructure for one test session.

It knows how the certificates of the servers and of the registered clients are made, and in which
forms a client can be handed its own. It does not know which client is registered with what. Only
keys that sign client assertions are RSA; the rest are elliptic, because those are made at once.
"""

from __future__ import annotations

import base64
import datetime as dt
import ipaddress
import time
import uuid
from pathlib import Path
from typing import Final, TypeAlias

import jwt
from attrs import field, frozen
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

__all__ = ["PASSPHRASE", "KeyPair", "Pki", "make_pki", "sign_assertion"]

PASSPHRASE: Final = "open sesame"
_VALIDITY: Final = dt.timedelta(days=2)
_ASSERTION_LIFETIME: Final = 300
_PrivateKey: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@frozen
class KeyPair:
    """A private key with its certificate, in the forms MSAL's credential dictionaries want."""

    certificate: x509.Certificate
    key: _PrivateKey = field(repr=False)

    @property
    def certificate_pem(self) -> str:
        """The certificate as PEM text."""
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def private_pem(self) -> str:
        """The key as unencrypted PKCS#8 PEM text."""
        return self._pem(NoEncryption())

    @property
    def encrypted_pem(self) -> str:
        """The key as PKCS#8 PEM text that `PASSPHRASE` opens."""
        return self._pem(BestAvailableEncryption(PASSPHRASE.encode()))

    @property
    def sha1(self) -> str:
        """The SHA-1 thumbprint in hex digits."""
        return self.certificate.fingerprint(hashes.SHA1()).hex()

    @property
    def x5t(self) -> str:
        """The SHA-1 thumbprint as RFC 7515 section 4.1.7 writes it."""
        return _base64url(self.certificate.fingerprint(hashes.SHA1()))

    @property
    def x5t_s256(self) -> str:
        """The SHA-256 thumbprint as RFC 7515 section 4.1.8 writes it."""
        return _base64url(self.certificate.fingerprint(hashes.SHA256()))

    def write_pfx(self, path: Path, *, passphrase: str) -> str:
        """Write key and certificate as PKCS#12 and return where."""
        encryption = BestAvailableEncryption(passphrase.encode())
        path.write_bytes(
            pkcs12.serialize_key_and_certificates(
                b"client", self.key, self.certificate, None, encryption
            )
        )
        return str(path)

    def _pem(self, encryption: KeySerializationEncryption) -> str:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption).decode()


@frozen
class Pki:
    """What a session has: the servers' certificate, and key pairs for clients.

    `old` and `new` are two certificates of one client, as during a rotation; `chained` was issued
    by `intermediate`; `stranger` is registered nowhere.
    """

    authority_file: Path
    server_certificate_file: Path
    server_key_file: Path
    old: KeyPair
    new: KeyPair
    chained: KeyPair
    intermediate: KeyPair
    stranger: KeyPair


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _rsa() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _certify(
    name: str, key: _PrivateKey, issuer: KeyPair | None = None, *, authority: bool = False
) -> KeyPair:
    """Return a certificate for the key, signed by the issuer or else by itself."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer = issuer.key if issuer else key
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _VALIDITY)
        .not_valid_after(now + _VALIDITY)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
        .add_extension(_usage(authority=authority), critical=True)
    )
    if name == "localhost":
        loopback = [x509.DNSName(name), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        builder = builder.add_extension(x509.SubjectAlternativeName(loopback), critical=False)
        builder = builder.add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False
        )
    return KeyPair(builder.sign(signer, hashes.SHA256()), key)


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _elliptic() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def make_pki(directory: Path) -> Pki:
    """Make every key of a session and write into the directory what servers read from files."""
    root = _certify("loopback test authority", _elliptic(), authority=True)
    server = _certify("localhost", _elliptic(), root)
    intermediate = _certify("issuing authority", _elliptic(), root, authority=True)
    pki = Pki(
        authority_file=directory / "authority.pem",
        server_certificate_file=directory / "server.pem",
        server_key_file=directory / "server.key",
        old=_certify("client, before rotation", _rsa()),
        new=_certify("client, after rotation", _rsa()),
        chained=_certify("client.example", _rsa(), intermediate),
        intermediate=intermediate,
        stranger=_certify("nobody's client", _rsa()),
    )
    pki.authority_file.write_text(root.certificate_pem)
    pki.server_certificate_file.write_text(server.certificate_pem)
    pki.server_key_file.touch(mode=0o600)
    pki.server_key_file.write_text(server.private_pem)
    return pki


def sign_assertion(pair: KeyPair, *, client_id: str, audience: str) -> str:
    """Return a client assertion (RFC 7523 section 3), made without any code of ours."""
    assert isinstance(pair.key, rsa.RSAPrivateKey)
    now = int(time.time())
    return jwt.encode(
        {
            "iss": client_id,
            "sub": client_id,
            "aud": audience,
            "iat": now,
            "nbf": now,
            "exp": now + _ASSERTION_LIFETIME,
            "jti": str(uuid.uuid4()),
        },
        pair.key,
        algorithm="PS256",
        headers={"x5t#S256": pair.x5t_s256},
    )
