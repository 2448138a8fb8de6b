"""Keys and certificates for the scenarios, made once per session.

A leaf certificate under a certificate authority, the leaf's key plain and encrypted, and PFX files
of both. Nothing here is secret or valid anywhere.
"""

from __future__ import annotations

import datetime as dt
import functools
from pathlib import Path

from attrs import frozen
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
from cryptography.x509.oid import NameOID

__all__ = ["PASSPHRASE", "Keys", "keys_in"]

PASSPHRASE = "correct horse"
_FROM = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
_UNTIL = dt.datetime(2090, 1, 1, tzinfo=dt.UTC)


@frozen
class Keys:
    """Everything a certificate credential can be made of; paths are absolute."""

    public_key: rsa.RSAPublicKey
    private_pem: str
    encrypted_pem: str
    other_pem: str
    elliptic_pem: str
    leaf_pem: str
    chain_pem: str
    sha1: str
    sha256: str
    pfx: str
    pfx_with_chain: str


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _certificate(
    subject: str, issuer: str, public: rsa.RSAPublicKey, signer: rsa.RSAPrivateKey
) -> x509.Certificate:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(_FROM)
        .not_valid_after(_UNTIL)
        .sign(signer, hashes.SHA256())
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()


def _private(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, encryption: KeySerializationEncryption
) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption).decode()


@functools.cache
def keys_in(folder: Path) -> Keys:
    """Make the keys and write the PFX files into a folder."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    root_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    root = _certificate("parity root", "parity root", root_key.public_key(), root_key)
    leaf = _certificate("parity client", "parity root", key.public_key(), root_key)
    encryption = BestAvailableEncryption(PASSPHRASE.encode())
    alone, chained = folder / "alone.pfx", folder / "chained.pfx"
    alone.write_bytes(pkcs12.serialize_key_and_certificates(b"c", key, leaf, None, encryption))
    chained.write_bytes(pkcs12.serialize_key_and_certificates(b"c", key, leaf, [root], encryption))
    return Keys(
        public_key=key.public_key(),
        private_pem=_private(key, NoEncryption()),
        encrypted_pem=_private(key, encryption),
        other_pem=_private(root_key, NoEncryption()),
        elliptic_pem=_private(ec.generate_private_key(ec.SECP256R1()), NoEncryption()),
        leaf_pem=_pem(leaf),
        chain_pem=_pem(leaf) + _pem(root),
        sha1=leaf.fingerprint(hashes.SHA1()).hex(),
        sha256=leaf.fingerprint(hashes.SHA256()).hex(),
        pfx=str(alone),
        pfx_with_chain=str(chained),
    )
