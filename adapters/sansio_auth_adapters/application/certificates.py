"""Certificates in MSAL's shapes: PEM texts and PFX files, read once, into whoever signs with them.

Reading a key checks it whole, which takes a thousand times as long as the rest of a constructor.
So a process reads the same texts once, and all its applications and tenants share what comes of
them. It is found by a digest of the texts; neither they nor a passphrase are kept, and what could
not be read is not remembered. A file is read every time: another content is another key.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from sansio_auth._assertion import (
    Certificate,
    SigningKey,
    base64url,
    load_certificates,
    load_key,
    load_pfx,
    sign,
)
from sansio_auth.credentials import CertificateCredential
from sansio_auth.effects import GetAssertion
from sansio_auth.secret import Secret
from sansio_auth_adapters import ambient
from sansio_auth_adapters.application.credential import (
    Signer,
    WorkingCredential,
    impossible,
    text_of,
)

__all__ = ["from_pem", "from_pfx"]

_SHA1_BYTES: Final = 20
_SHA256_BYTES: Final = 32
_HARMLESS: Final = re.compile(r"[\s:\u200e\u200f\ufeff]")

#: How many credentials are kept; beyond that all are forgotten and read again.
_MOST: Final = 64
_SALT: Final = ambient.entropy()
_known: Final[dict[bytes, WorkingCredential]] = {}


def from_pem(given: Mapping[str, object], *, adfs: bool) -> WorkingCredential:
    """Return the credential of a PEM key, its passphrase, and a certificate or thumbprint."""
    pem = text_of(given["private_key"], "private_key")
    passphrase = _passphrase(given)
    certificate = given.get("public_certificate")
    chain = None
    if isinstance(certificate, str | bytes):
        chain = text_of(certificate, "public_certificate")
    thumbprint = _thumbprint(given["thumbprint"]) if "thumbprint" in given else None
    return _once(
        _digest(b"pem adfs" if adfs else b"pem", passphrase, pem, chain, thumbprint),
        partial(_read_pem, pem, passphrase, chain, thumbprint, adfs=adfs),
    )


def from_pfx(given: Mapping[str, object], *, adfs: bool) -> WorkingCredential:
    """Return the credential of a PFX file; raises the `OSError` of one that cannot be read."""
    path = given["private_key_pfx_path"]
    if not isinstance(path, str):
        path = getattr(path, "__fspath__", lambda: None)()
    if not isinstance(path, str):
        raise impossible("private_key_pfx_path must be a path", "type")
    if "thumbprint" in given:
        raise impossible("thumbprint is computed from a PFX; leave it out", "ambiguous")
    data = ambient.read_key_file(path)
    passphrase = _passphrase(given)
    wanted = given.get("public_certificate")
    own = wanted is True
    chain = None if own or wanted is None else text_of(wanted, "public_certificate")
    return _once(
        _digest(b"pfx adfs" if adfs else b"pfx", passphrase, data, chain, b"own" if own else None),
        partial(_read_pfx, data, passphrase, chain, own=own, adfs=adfs),
    )


def _once(what: bytes, read: Callable[[], WorkingCredential]) -> WorkingCredential:
    """Return what was read before. Two threads may both read; no lock has to survive a fork."""
    found = _known.get(what)
    if found is None:
        found = read()
        if len(_known) >= _MOST:
            _known.clear()
        _known[what] = found
    return found


def _digest(kind: bytes, passphrase: Secret | None, *texts: bytes | None) -> bytes:
    """Return what stands for them in this process; it tells nothing about them."""
    digest = hashlib.sha256(_SALT)
    for part in (kind, None if passphrase is None else passphrase.reveal().encode(), *texts):
        digest.update(b"-" if part is None else b"%d:%b" % (len(part), part))
    return digest.digest()


def _passphrase(given: Mapping[str, object]) -> Secret | None:
    if "passphrase" not in given:
        return None
    try:
        return Secret(text_of(given["passphrase"], "passphrase").decode())
    except UnicodeDecodeError:
        raise impossible("passphrase is not UTF-8", "characters") from None


def _read_pem(
    pem: bytes,
    passphrase: Secret | None,
    chain_pem: bytes | None,
    thumbprint: bytes | None,
    *,
    adfs: bool,
) -> WorkingCredential:
    key = load_key(pem, passphrase)
    by_sha1 = thumbprint is not None and len(thumbprint) == _SHA1_BYTES
    if chain_pem is not None:
        chain = load_certificates(chain_pem)
        working = _credential(key, chain[0], chain, sha1=adfs or by_sha1)
        if thumbprint is not None:
            _check_thumbprint(thumbprint, chain[0])
        return working
    if thumbprint is None:
        raise impossible(
            "private_key needs a thumbprint or a public_certificate (PEM text) beside it",
            "no_thumbprint",
        )
    if by_sha1:
        public = CertificateCredential(sha1=True, x5t=base64url(thumbprint))
    elif adfs:
        raise impossible("ADFS knows SHA-1 thumbprints only (40 hex digits)", "thumbprint")
    else:
        public = CertificateCredential(sha1=False, x5t_s256=base64url(thumbprint))
    return WorkingCredential(public, _signing(key))


def _read_pfx(
    data: bytes, passphrase: Secret | None, chain_pem: bytes | None, *, own: bool, adfs: bool
) -> WorkingCredential:
    key, chain = load_pfx(data, passphrase)
    x5c = chain if own else ()
    if chain_pem is not None:
        x5c = load_certificates(chain_pem)
    return _credential(key, chain[0], x5c, sha1=adfs)


def _credential(
    key: SigningKey, leaf: Certificate, x5c: tuple[Certificate, ...], *, sha1: bool
) -> WorkingCredential:
    if not hmac.compare_digest(key.public_der, leaf.public_der):
        raise impossible(
            "the private key is not the certificate's; the leaf certificate must come first",
            "key_mismatch",
        )
    public = CertificateCredential(
        sha1=sha1,
        x5t=leaf.x5t,
        x5t_s256=leaf.x5t_s256,
        x5c=tuple(certificate.x5c for certificate in x5c),
        expires_at=leaf.expires_at,
    )
    return WorkingCredential(public, _signing(key))


def _signing(key: SigningKey) -> Signer:
    def answer(effect: GetAssertion) -> str:
        if effect.claims is None:
            raise LookupError("there is nothing to sign")
        return sign(key, effect.claims)

    return answer


def _thumbprint(value: object) -> bytes:
    text = _HARMLESS.sub("", value) if isinstance(value, str) else ""
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        raw = b""
    if len(raw) not in {_SHA1_BYTES, _SHA256_BYTES}:
        raise impossible(
            "thumbprint must be the certificate's SHA-1 (40) or SHA-256 (64) in hex digits",
            "thumbprint",
        )
    return raw


def _check_thumbprint(thumbprint: bytes, leaf: Certificate) -> None:
    if base64url(thumbprint) not in {leaf.x5t, leaf.x5t_s256}:
        raise impossible(
            "thumbprint is not that of the first certificate in public_certificate; the leaf"
            " must come first",
            "thumbprint_mismatch",
        )
