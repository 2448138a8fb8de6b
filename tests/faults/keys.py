"""Keys, certificates and PFX files of every kind, each made once."""

from __future__ import annotations

import base64
import datetime as dt
import functools
from collections.abc import Callable
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID

__all__ = [
    "PASSPHRASE", "certificate", "huge_pem", "key", "odd_pem", "pem_of", "pfx", "private_pem",
    "pss_pem", "public_pem",
]  # fmt: skip

PASSPHRASE: Final = "correct-canary-horse"


@functools.cache
def _made(name: str, bits: int, exponent: int) -> rsa.RSAPrivateKey:
    assert name
    return rsa.generate_private_key(public_exponent=exponent, key_size=bits)


def key(name: str = "leaf", bits: int = 2048, exponent: int = 65537) -> rsa.RSAPrivateKey:
    """Return the RSA key of that name."""
    return _made(name, bits, exponent)


def _locked(passphrase: str | None) -> KeySerializationEncryption:
    return NoEncryption() if passphrase is None else BestAvailableEncryption(passphrase.encode())


@functools.cache
def private_pem(
    name: str = "leaf", bits: int = 2048, exponent: int = 65537, passphrase: str | None = None,
    *, old: bool = False,
) -> str:  # fmt: skip
    """Return a private key as PEM, with `old` in the form that names its cipher in a header."""
    kind = PrivateFormat.TraditionalOpenSSL if old else PrivateFormat.PKCS8
    made = key(name, bits, exponent)
    return made.private_bytes(Encoding.PEM, kind, _locked(passphrase)).decode()


def public_pem() -> str:
    """Return the leaf's public key as PEM."""
    public = key().public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def odd_pem(kind: str) -> str:
    """Return a private key that is no RSA key."""
    makers: dict[str, Callable[[], Any]] = {
        "p-256": lambda: ec.generate_private_key(ec.SECP256R1()),
        "p-384": lambda: ec.generate_private_key(ec.SECP384R1()),
        "ed25519": ed25519.Ed25519PrivateKey.generate,
        "x25519": x25519.X25519PrivateKey.generate,
        "dsa": lambda: dsa.generate_private_key(1024),
    }
    made = makers[kind]()
    pem: bytes = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return pem.decode()


def _der(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    size = len(content).to_bytes(2, "big")
    return bytes([tag]) + (b"\x82" + size if len(content) > 127 else size[1:]) + content


def pss_pem() -> str:
    """Return an RSA key that says of itself that it is for PSS alone (RFC 4055 section 3.1)."""
    inner = key().private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    pss = _der(0x30, bytes.fromhex("06092a864886f70d01010a"))
    whole = _der(0x30, b"\x02\x01\x00", pss, _der(0x04, inner))
    text = base64.encodebytes(whole).decode()
    return f"-----BEGIN PRIVATE KEY-----\n{text}-----END PRIVATE KEY-----\n"


def huge_pem() -> str:
    """Return a key of 8,676 bits, of two Mersenne primes, so that none has to be searched for."""
    p, q, e = 2**4423 - 1, 2**4253 - 1, 65537
    d = pow(e, -1, (p - 1) * (q - 1))
    numbers = rsa.RSAPrivateNumbers(
        p, q, d, rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q),
        rsa.RSAPublicNumbers(e, p * q),
    )  # fmt: skip
    made = numbers.private_key(unsafe_skip_rsa_key_validation=True)
    return made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@functools.cache
def certificate(
    subject: str = "leaf",
    issuer: str = "root",
    begins: int = 1_600_000_000,
    ends: int = 4_000_000_000,
) -> x509.Certificate:
    """Return the certificate of the key of that name; times are POSIX seconds."""

    def name(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    return (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(key(subject).public_key())
        .serial_number(len(subject) + 1)
        .not_valid_before(dt.datetime.fromtimestamp(begins, dt.UTC))
        .not_valid_after(dt.datetime.fromtimestamp(ends, dt.UTC))
        .sign(key(issuer), hashes.SHA256())
    )


def pem_of(*certificates: x509.Certificate) -> str:
    """Return certificates as PEM, in that order."""
    return "".join(it.public_bytes(Encoding.PEM).decode() for it in certificates)


def pfx(
    passphrase: str | None = PASSPHRASE,
    *,
    with_key: bool = True,
    with_certificate: bool = True,
    others: int = 0,
) -> bytes:
    """Return a PKCS#12 file's content; `others` counts the certificates beside the leaf's."""
    leaf = certificate() if with_certificate else None
    rest = [certificate("root")] * others
    if not with_key:  # without a key it is no more than a list of certificates
        leaf, rest = None, [certificate(), *rest]
    made = key() if with_key else None
    return pkcs12.serialize_key_and_certificates(
        b"name", made, leaf, rest or None, _locked(passphrase)
    )
