"""Client assertions (RFC 7523 section 2.2): the text to sign, and the one door to cryptography.

Building header and claims is pure. `jwt` and `cryptography` are imported inside the functions
that need them and nowhere else in the core: importing this module costs nothing, and no script
calls those functions. Shells do, and `sansio_auth.testing`. They read bytes and keys that they
are given; no file is opened here.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NoReturn, final

from attrs import frozen

from sansio_auth._der import demands_of
from sansio_auth._json import JsonObject, JsonValue, UnreadableJson, parse_object
from sansio_auth.credentials import CertificateCredential
from sansio_auth.errors import ConfigurationError
from sansio_auth.secret import Secret

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from jwt.algorithms import Algorithm

__all__ = [
    "Certificate",
    "SigningKey",
    "UnsignedAssertion",
    "load_certificates",
    "load_key",
    "load_pfx",
    "sign",
    "unsigned_assertion",
    "verify",
]

MIN_RSA_BITS: Final = 2048
MAX_RSA_BITS: Final = 8192
MAX_CHAIN: Final = 10
MAX_PFX: Final = 1 << 20
#: Rounds of key derivation in one file: some seconds. OpenSSL writes 2,048 three times.
_MAX_ROUNDS: Final = 10_000_000
#: Bytes of an encrypted key; one of `MAX_RSA_BITS` has 4,700.
_MAX_HIDDEN: Final = 5_120
#: Characters of a key in PEM that are looked at; one of `MAX_RSA_BITS` has 6,300.
_MAX_TEXT: Final = 65_536
#: The algorithm id-RSASSA-PSS (RFC 4055) in a PKCS#8 key; such a key signs nothing else.
_PSS_ONLY: Final = bytes.fromhex("06092a864886f70d01010a")
_BLOCK: Final = re.compile(
    # A single dash is part of the body: an old encrypted key names its cipher with some. Unrolled,
    # so that it is linear without the possessive repeats that Python 3.11.2 gets wrong.
    rb"-----BEGIN ([A-Z0-9 ]{1,40})-----[^-]*(?:-(?!----)[^-]*)*-----END \1-----",
    re.IGNORECASE,
)


@frozen(repr=False)
class UnsignedAssertion:
    """Header and payload of a JWT as the JSON texts to be signed (RFC 7515 section 5.1)."""

    header: str
    payload: str

    def __repr__(self) -> str:
        return "UnsignedAssertion(...)"


@final
class SigningKey:
    """An RSA private key that shows nothing and cannot be pickled or copied away."""

    __slots__ = ("_key", "public_der")

    def __init__(self, key: RSAPrivateKey, public_der: bytes) -> None:
        self._key = key
        self.public_der = public_der

    def reveal(self) -> RSAPrivateKey:
        """Return the key object of `cryptography`."""
        return self._key

    def __repr__(self) -> str:
        return "SigningKey(***)"

    def __reduce__(self) -> NoReturn:
        message = "a SigningKey cannot be pickled: load it again where it is needed"
        raise TypeError(message)


@frozen
class Certificate:
    """What is needed of an X.509 certificate; `expires_at` and `not_before` are POSIX seconds."""

    der: bytes
    public_der: bytes
    not_before: float
    expires_at: float

    @property
    def x5t(self) -> str:
        """The SHA-1 thumbprint, unpadded base64url."""
        return base64url(hashlib.sha1(self.der, usedforsecurity=False).digest())

    @property
    def x5t_s256(self) -> str:
        """The SHA-256 thumbprint, unpadded base64url."""
        return base64url(hashlib.sha256(self.der).digest())

    @property
    def x5c(self) -> str:
        """The certificate as single-line base64 DER."""
        return base64.b64encode(self.der).decode("ascii")


def base64url(raw: bytes) -> str:
    """Return base64url without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def unsigned_assertion(  # noqa: PLR0913 - the claims of RFC 7523 section 3
    credential: CertificateCredential,
    *,
    client_id: str,
    audience: str,
    now: float,
    life: int,
    skew: int,
    jti: str,
    client_claims: Mapping[str, JsonValue] | None = None,
) -> UnsignedAssertion:
    """Return the assertion of one request, to be signed; times are POSIX seconds.

    `client_claims` go over the top and may replace any claim.
    """
    at = int(now)
    payload: JsonObject = {
        "aud": audience,
        "iss": client_id,
        "sub": client_id,
        "exp": at + life,
        "nbf": at - skew,
        "iat": at,
        "jti": jti,
        **(client_claims or {}),
    }
    return UnsignedAssertion(credential.header, json.dumps(payload))


def _impossible(message: str, code: str) -> ConfigurationError:
    return ConfigurationError(f"client_credential: {message}", code=code)


def _wrong_size(bits: str) -> ConfigurationError:
    return _impossible(
        f"the RSA key has {bits} bits; from {MIN_RSA_BITS} to {MAX_RSA_BITS} are taken",
        "unsupported_key_size",
    )


def _rsa(key: object) -> RSAPrivateKey:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    if not isinstance(key, RSAPrivateKey):
        raise _impossible(f"an RSA key is needed, not {type(key).__name__}", "unsupported_key_type")
    if key.key_size < MIN_RSA_BITS or key.key_size > MAX_RSA_BITS:
        raise _wrong_size(f"{key.key_size}")
    return key


def _signing_key(key: object) -> SigningKey:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    rsa = _rsa(key)
    public = rsa.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return SigningKey(rsa, public)


def _the_key_block(pem: bytes) -> bytes:
    blocks = [(match[1].upper(), match[0]) for match in _BLOCK.finditer(pem)]
    keys = [block for label, block in blocks if label.endswith(b"PRIVATE KEY")]
    if len(keys) == 1:
        return keys[0]
    if keys:
        raise _impossible("private_key holds several private keys", "several_private_keys")
    if any(label.endswith(b"CERTIFICATE") for label, _ in blocks):
        raise _impossible("private_key holds a certificate and no private key", "no_private_key")
    if any(label.endswith(b"PUBLIC KEY") for label, _ in blocks):
        raise _impossible("private_key holds a public key only", "no_private_key")
    if len(pem) < 1024 and b"\n" not in pem.strip() and b"-----" not in pem:  # noqa: PLR2004 - a path is short
        raise _impossible(
            "private_key is no PEM text; if it is a path, read the file and pass its content",
            "no_private_key",
        )
    raise _impossible("private_key is no PEM text (-----BEGIN PRIVATE KEY-----)", "no_private_key")


def _unreadable() -> tuple[type[Exception], ...]:
    """What `cryptography` says of bytes that it cannot read; its warnings may be errors too."""
    from cryptography.exceptions import InternalError, UnsupportedAlgorithm
    from cryptography.x509 import InvalidVersion

    return (
        ValueError, TypeError, OverflowError, UserWarning,
        InternalError, InvalidVersion, UnsupportedAlgorithm,
    )  # fmt: skip


def _check_demands(der: bytes) -> None:
    """Refuse what would take minutes to read, before anybody waits for it."""
    rounds, bits, hidden = demands_of(der)
    if rounds > _MAX_ROUNDS:
        raise _impossible(
            f"its key is behind more than {_MAX_ROUNDS} rounds of key derivation; export it again"
            " with fewer",
            "too_many_rounds",
        )
    if bits > MAX_RSA_BITS or hidden > _MAX_HIDDEN:
        raise _wrong_size(f"{bits}" if bits > MAX_RSA_BITS else f"more than {MAX_RSA_BITS}")


def _content(block: bytes) -> bytes:
    """Return the DER in a PEM block, as far as it can be seen, or raise for what it asks."""
    text = b"".join(block.split(b"-----")[2].split())
    whole = b":" in text  # the headers of an old form: what follows is encrypted as a whole
    if len(text) > (_MAX_HIDDEN * 4 // 3 if whole else _MAX_TEXT):
        raise _wrong_size(f"more than {MAX_RSA_BITS}")
    if whole:
        return b""
    try:
        der = base64.b64decode(text + b"==")
    except ValueError:
        return b""
    _check_demands(der)
    return der


def _password(passphrase: Secret | None) -> bytes | None:
    try:
        return None if passphrase is None else passphrase.reveal().encode()
    except UnicodeEncodeError:  # the error would show it
        message = "passphrase holds characters that are none; it was decoded wrongly"
        raise _impossible(message, "characters") from None


def _damage(block: bytes, *, encrypted: bool) -> str:
    """Return the likeliest reason why a key cannot be read, and what to do where that is known."""
    if b"OPENSSH" in block:
        return "it is in OpenSSH's form; convert a copy with ssh-keygen -p -m PKCS8 -f FILE"
    if b"\\n" in block:
        return "it has a backslash and an n where line breaks belong"
    return "the passphrase is wrong or the key is damaged" if encrypted else "it is damaged"


def load_key(pem: bytes, passphrase: Secret | None = None) -> SigningKey:
    """Return the one RSA private key in a PEM text; `ConfigurationError` says what is wrong.

    Text around the block and certificates beside it are skipped.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    block = _the_key_block(pem)
    password = _password(passphrase)
    encrypted = b"ENCRYPTED" in block
    if encrypted and password is None:
        raise _impossible("the private key is encrypted; give its passphrase", "no_passphrase")
    if password is not None and not encrypted:
        raise _impossible(
            "there is a passphrase, but the private key is not encrypted; leave it out",
            "needless_passphrase",
        )
    der = _content(block)
    try:
        key = load_pem_private_key(block, password)
    except UnsupportedAlgorithm:
        raise _impossible("the key's algorithm is not supported", "unsupported_key_type") from None
    except _unreadable():
        reason = _damage(block, encrypted=encrypted)
        raise _impossible(f"the private key cannot be read: {reason}", "unreadable_key") from None
    if _PSS_ONLY in der[:60]:
        raise _impossible("an RSA key is needed, not one for RSA-PSS alone", "unsupported_key_type")
    return _signing_key(key)


def _certificate(parsed: x509.Certificate) -> Certificate:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return Certificate(
        der=parsed.public_bytes(Encoding.DER),
        public_der=parsed.public_key().public_bytes(
            Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        ),
        not_before=parsed.not_valid_before_utc.timestamp(),
        expires_at=parsed.not_valid_after_utc.timestamp(),
    )


def load_certificates(pem: bytes) -> tuple[Certificate, ...]:
    """Return the certificates in a PEM text in their order, at least one.

    A text without any PEM armour is taken as the base64 of one certificate, as MSAL takes it.
    """
    from cryptography import x509

    blocks = [m[0] for m in _BLOCK.finditer(pem) if m[1].upper().endswith(b"CERTIFICATE")]
    if len(blocks) > MAX_CHAIN:
        raise _impossible(
            f"public_certificate holds more than {MAX_CHAIN} certificates", "chain_too_long"
        )
    try:
        if blocks:
            found = [x509.load_pem_x509_certificate(block) for block in blocks]
        elif b"-----" in pem:
            raise _impossible("public_certificate holds no certificate", "no_certificate")
        else:
            found = [x509.load_der_x509_certificate(base64.b64decode(b"".join(pem.split())))]
        return tuple(_certificate(parsed) for parsed in found)
    except ConfigurationError:
        raise
    except _unreadable():
        raise _impossible("public_certificate cannot be read", "unreadable_certificate") from None


def load_pfx(
    data: bytes, passphrase: Secret | None = None
) -> tuple[SigningKey, tuple[Certificate, ...]]:
    """Return the key and the certificates, leaf first, of a PKCS#12 file's content (RFC 7292)."""
    from cryptography.hazmat.primitives.serialization import pkcs12

    password = _password(passphrase)
    if password is not None and b"\0" in password:  # what reads the file would end there, or panic
        raise _impossible("the passphrase of a PFX cannot hold a NUL", "characters")
    if len(data) > MAX_PFX:
        raise _impossible(f"the PFX is larger than {MAX_PFX} bytes", "unreadable_pfx")
    _check_demands(data)
    try:
        key, leaf, others = pkcs12.load_key_and_certificates(data, password)
    except _unreadable():
        raise _impossible(
            "the PFX cannot be read: its passphrase is wrong or missing, or it is damaged",
            "unreadable_pfx",
        ) from None
    if key is None:
        raise _impossible("the PFX holds no private key", "no_private_key")
    if leaf is None:
        raise _impossible("the PFX holds no certificate for its key", "no_certificate")
    chain = (_certificate(leaf), *(_certificate(other) for other in others))
    if len(chain) > MAX_CHAIN:
        raise _impossible(f"the PFX holds more than {MAX_CHAIN} certificates", "chain_too_long")
    return _signing_key(key), chain


@lru_cache(maxsize=64)
def _prepared(header: str) -> tuple[str, Algorithm]:
    """Return a header's part of a JWT and who signs by it, once for all that it heads."""
    from jwt import PyJWS

    algorithm = PyJWS().get_algorithm_by_name(str(parse_object(header.encode())["alg"]))
    return base64url(header.encode()), algorithm


def sign(key: SigningKey, unsigned: UnsignedAssertion) -> str:
    """Return the signed JWT in compact form (RFC 7515 section 7.1).

    The signature is PyJWT's. Its `encode` would write and check the header every time, chain and
    all, which takes three times as long as the rest of this.
    """
    header, algorithm = _prepared(unsigned.header)
    signed = f"{header}.{base64url(unsigned.payload.encode())}"
    return f"{signed}.{base64url(algorithm.sign(signed.encode(), key.reveal()))}"


def verify(
    token: str, certificate: bytes, algorithms: Sequence[str]
) -> tuple[JsonObject, JsonObject] | None:
    """Return header and claims of a JWT that this DER certificate's key signed, else None.

    The signature only: what the claims must say is the caller's business.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from jwt import InvalidTokenError, PyJWS

    public = x509.load_der_x509_certificate(certificate).public_key()
    if not isinstance(public, RSAPublicKey):
        return None
    try:
        parts = PyJWS().decode_complete(token, public, algorithms=list(algorithms))
        return parse_object(json.dumps(parts["header"]).encode()), parse_object(parts["payload"])
    except (InvalidTokenError, UnreadableJson, ValueError, RecursionError):
        return None
