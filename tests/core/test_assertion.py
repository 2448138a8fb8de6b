"""Client assertions: what is signed, with which key, and what a key may be."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from unittest.mock import Mock

import jwt
import pytest
from attrs import frozen
from cryptography import x509
from cryptography.exceptions import InternalError, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID

from sansio_auth._assertion import (
    MAX_CHAIN,
    MAX_PFX,
    SigningKey,
    UnsignedAssertion,
    base64url,
    load_certificates,
    load_key,
    load_pfx,
    sign,
    unsigned_assertion,
    verify,
)
from sansio_auth.credentials import CertificateCredential
from sansio_auth.errors import ConfigurationError
from sansio_auth.secret import Secret

_PASSPHRASE = "open sesame"


@frozen
class _Pair:
    key: Any
    certificate: x509.Certificate

    def pem(self, passphrase: str = "", form: PrivateFormat = PrivateFormat.PKCS8) -> bytes:
        hidden = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
        pem: bytes = self.key.private_bytes(Encoding.PEM, form, hidden)
        return pem

    @property
    def certificate_pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)


@cache
def _pair(kind: str) -> _Pair:
    makers: dict[str, Any] = {
        "rsa": lambda: rsa.generate_private_key(65537, 2048),
        "another": lambda: rsa.generate_private_key(65537, 2048),
        "small": lambda: rsa.generate_private_key(65537, 1024),
        "ec": lambda: ec.generate_private_key(ec.SECP256R1()),
        "ed25519": ed25519.Ed25519PrivateKey.generate,
        "dsa": lambda: dsa.generate_private_key(1024),
    }
    key = makers[kind]()
    signer = key if kind in {"rsa", "another", "ec"} else _pair("rsa").key
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, kind)])
    at = datetime(2026, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(at)
        .not_valid_after(at + timedelta(days=1))
        .sign(signer, hashes.SHA256())
    )
    return _Pair(key, certificate)


# --- what is signed ----------------------------------------------------------------------------


def _unsigned(credential: CertificateCredential, **more: Any) -> UnsignedAssertion:
    return unsigned_assertion(
        credential,
        client_id="client",
        audience="https://h/token",
        now=1_000.9,
        life=600,
        skew=300,
        jti="jti",
        **more,
    )


def test_the_claims_are_whole_and_whole_numbers() -> None:
    """RFC 7523 section 3: issued now, over in ten minutes, good from a little before now."""
    claims = json.loads(_unsigned(CertificateCredential(sha1=True, x5t="t")).payload)
    assert claims == {
        "aud": "https://h/token", "iss": "client", "sub": "client", "exp": 1_600, "nbf": 700,
        "iat": 1_000, "jti": "jti",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("credential", "header"),
    [
        (
            CertificateCredential(sha1=True, x5t="T", x5t_s256="S"),
            {"alg": "RS256", "typ": "JWT", "x5t": "T"},
        ),
        (
            CertificateCredential(sha1=False, x5t="T", x5t_s256="S"),
            {"alg": "PS256", "typ": "JWT", "x5t#S256": "S"},
        ),
        (
            CertificateCredential(sha1=False, x5t_s256="S", x5c=("leaf", "root")),
            {"alg": "PS256", "typ": "JWT", "x5c": ["leaf", "root"], "x5t#S256": "S"},
        ),
    ],
)
def test_the_header_names_one_certificate(
    credential: CertificateCredential, header: dict[str, Any]
) -> None:
    """By the thumbprint that goes with the algorithm, and the chain where it is wanted."""
    assert json.loads(_unsigned(credential).header) == header


def test_the_callers_claims_go_over_the_top() -> None:
    """They may replace any, as MSAL lets them."""
    made = _unsigned(CertificateCredential(sha1=True), client_claims={"aud": "x", "more": [1]})
    claims = json.loads(made.payload)
    assert (claims["aud"], claims["more"]) == ("x", [1])
    assert repr(made) == "UnsignedAssertion(...)"


@pytest.mark.parametrize("algorithm", ["RS256", "PS256"])
def test_what_is_signed_is_verified_by_another_library(algorithm: str) -> None:
    """PyJWT reads it, and so does `verify`; the payload is exactly what was to be signed."""
    pair = _pair("rsa")
    credential = CertificateCredential(sha1=algorithm == "RS256", x5t="T", x5t_s256="S")
    made = _unsigned(credential)
    token = sign(load_key(pair.pem()), made)
    claims = jwt.decode(
        token, pair.key.public_key(), [algorithm], audience="https://h/token",
        options={"verify_exp": False, "verify_nbf": False, "verify_iat": False},
    )  # fmt: skip
    assert claims == json.loads(made.payload)
    found = verify(token, pair.der, [algorithm])
    assert found is not None
    assert found[0]["alg"] == algorithm
    assert found[1] == json.loads(made.payload)


@pytest.mark.parametrize("token", ["", "a.b.c", "x", "é.é.é"])
def test_what_was_not_signed_with_the_key_is_not_verified(token: str) -> None:
    """No JWT, another algorithm, another key or kind of key, a payload that is no object."""
    pair = _pair("rsa")
    good = sign(load_key(pair.pem()), _unsigned(CertificateCredential(sha1=True)))
    assert verify(token, pair.der, ["RS256"]) is None
    assert verify(good, pair.der, ["PS256"]) is None
    assert verify(good, _pair("another").der, ["RS256"]) is None
    assert verify(good, _pair("ec").der, ["RS256"]) is None
    odd = sign(load_key(pair.pem()), UnsignedAssertion('{"alg":"RS256"}', "[]"))
    assert verify(odd, pair.der, ["RS256"]) is None


@pytest.mark.parametrize(
    ("raw", "text"),
    [(b"", ""), (b"\xff\xfe", "__4"), (b"\xfb\xef\xbe", "----"), (b"\0\0\x17", "AAAX")],
)
def test_base64url_has_no_padding(raw: bytes, text: str) -> None:
    """RFC 7515 section 2."""
    assert base64url(raw) == text


# --- keys --------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
@pytest.mark.parametrize("passphrase", ["", _PASSPHRASE])
@pytest.mark.parametrize("around", [b"", b"text around it\n"])
def test_an_rsa_key_is_loaded_from_pem(form: PrivateFormat, passphrase: str, around: bytes) -> None:
    """PKCS#8 or PKCS#1, encrypted or not, with text or a certificate beside it."""
    pair = _pair("rsa")
    pem = around + pair.certificate_pem + pair.pem(passphrase, form) + around
    key = load_key(pem, Secret(passphrase) if passphrase else None)
    assert key.public_der == pair.key.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )


def _armoured(label: str, der: bytes) -> bytes:
    text = base64.encodebytes(der)
    return b"-----BEGIN %b-----\n%b-----END %b-----\n" % (label.encode(), text, label.encode())


_NO_PEM = "private_key is no PEM text (-----BEGIN PRIVATE KEY-----)"
_A_PATH = "private_key is no PEM text; if it is a path, read the file and pass its content"
_UNREAD = "the private key cannot be read:"
_DAMAGED = f"{_UNREAD} it is damaged"
_WRONG = f"{_UNREAD} the passphrase is wrong or the key is damaged"
_OPENSSH = "it is in OpenSSH's form; convert a copy with ssh-keygen -p -m PKCS8 -f FILE"
_ESCAPED = "it has a backslash and an n where line breaks belong"
_NO_PASSPHRASE = "the private key is encrypted; give its passphrase"
_NEEDLESS = "there is a passphrase, but the private key is not encrypted; leave it out"


def _bad_keys() -> dict[str, tuple[bytes, str | None, str, str]]:
    pair = _pair("rsa")
    public = pair.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    damaged = pair.pem().replace(b"M", b"N", 40)
    openssh = pair.key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    der = pair.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    rsa_oid, pss_oid = (bytes.fromhex(f"2a864886f70d0101{it}") for it in ("01", "0a"))
    pss = _armoured("PRIVATE KEY", der.replace(rsa_oid + b"\x05\0", pss_oid + b"\x30\0"))
    both, lower = pair.certificate_pem + public, pair.certificate_pem.replace(b"CERT", b"cert")
    kind = "an RSA key is needed, not "
    return {
        "nothing": (b"", None, "no_private_key", _A_PATH),
        "a path": (b"/etc/keys/my.pem\n", None, "no_private_key", _A_PATH),
        "a long path": (b"/" * 1_023, None, "no_private_key", _A_PATH),
        "a very long path": (b"/" * 1_024, None, "no_private_key", _NO_PEM),
        "two lines": (b"a\nb", None, "no_private_key", _NO_PEM),
        "some text": (b"-----BEGIN", None, "no_private_key", _NO_PEM),
        "a certificate": (
            pair.certificate_pem, None, "no_private_key",
            "private_key holds a certificate and no private key",
        ),
        "a certificate and a public key": (
            both, None, "no_private_key", "private_key holds a certificate and no private key",
        ),
        "a certificate in other letters": (
            lower.replace(b"IFICATE", b"ificate"), None, "no_private_key",
            "private_key holds a certificate and no private key",
        ),
        "a public key": (public, None, "no_private_key", "private_key holds a public key only"),
        "two keys": (
            pair.pem() + _pair("another").pem(), None, "several_private_keys",
            "private_key holds several private keys",
        ),
        "a damaged key": (damaged, None, "unreadable_key", _DAMAGED),
        "an encrypted key alone": (pair.pem(_PASSPHRASE), None, "no_passphrase", _NO_PASSPHRASE),
        "a wrong passphrase": (pair.pem(_PASSPHRASE), "wrong", "unreadable_key", _WRONG),
        "a needless passphrase": (pair.pem(), _PASSPHRASE, "needless_passphrase", _NEEDLESS),
        "an elliptic key": (
            _pair("ec").pem(), None, "unsupported_key_type", kind + "ECPrivateKey",
        ),
        "an Edwards key": (
            _pair("ed25519").pem(), None, "unsupported_key_type", kind + "Ed25519PrivateKey",
        ),
        "a DSA key": (_pair("dsa").pem(), None, "unsupported_key_type", kind + "DSAPrivateKey"),
        "a key for PSS alone": (
            pss, None, "unsupported_key_type", kind + "one for RSA-PSS alone",
        ),
        "a small key": (
            _pair("small").pem(), None, "unsupported_key_size",
            "the RSA key has 1024 bits; from 2048 to 8192 are taken",
        ),
        "an OpenSSH key": (openssh, None, "unreadable_key", f"{_UNREAD} {_OPENSSH}"),
    }  # fmt: skip


@pytest.mark.parametrize("which", sorted(_bad_keys()))
def test_what_is_no_key_for_this_is_refused(which: str) -> None:
    """Each with its code, and without a word of the key or the passphrase."""
    pem, passphrase, code, message = _bad_keys()[which]
    with pytest.raises(ConfigurationError) as caught:
        load_key(pem, None if passphrase is None else Secret(passphrase))
    assert caught.value.code == code
    assert str(caught.value) == f"client_credential: {message}"
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("bits", "taken"), [(2_047, False), (2_048, True), (8_192, True), (8_193, False)]
)
def test_a_key_is_neither_too_short_nor_too_long(
    bits: int, *, taken: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A short one is guessed, and a long one takes seconds for each request."""
    key = Mock(spec=rsa.RSAPrivateKey, key_size=bits)
    monkeypatch.setattr(serialization, "load_pem_private_key", lambda *_: key)
    if taken:
        assert load_key(_pair("rsa").pem()).reveal() is key
        return
    with pytest.raises(ConfigurationError, match=f"has {bits} bits") as caught:
        load_key(_pair("rsa").pem())
    assert caught.value.code == "unsupported_key_size"


@pytest.mark.parametrize("comment", [b"X: y", b"Ab: y", b"Abc: y", b"Abcd: y"])
def test_a_key_may_have_lines_of_its_own_before_it(comment: bytes) -> None:
    """RFC 1421 headers, as old programs write them."""
    pair = _pair("rsa")
    plain = pair.pem(form=PrivateFormat.TraditionalOpenSSL)
    pem = plain.replace(b"KEY-----\n", b"KEY-----\n" + comment + b"\n\n", 1)
    assert load_key(pem).public_der == load_key(plain).public_der


#: SEQUENCE { SEQUENCE {}, OCTET STRING of 6,000 bytes }: what an encrypted key of 10,000 bits is.
_LONG_HIDDEN = bytes.fromhex("30821776300004821770") + bytes(6_000)
#: SEQUENCE { salt, 2**31 - 1 rounds }.
_MANY_ROUNDS = bytes.fromhex("300d0405736131323302047fffffff")
#: SEQUENCE { INTEGER of 16,384 bits }.
_LONG_NUMBER = bytes.fromhex("308208050282080100") + b"\xff" * 2_048
_OLD_FORM = (
    b"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,"
    + b"0" * 32 + b"\n\n" + b"A" * 8_000 + b"\n-----END RSA PRIVATE KEY-----\n"
)  # fmt: skip


@pytest.mark.parametrize(
    ("pem", "passphrase", "code", "told"),
    [
        (_armoured("RSA PRIVATE KEY", _LONG_NUMBER), None, "unsupported_key_size", "16384 bits"),
        (_armoured("ENCRYPTED PRIVATE KEY", _LONG_HIDDEN), "p", "unsupported_key_size",
         "more than 8192 bits"),
        (_OLD_FORM, "p", "unsupported_key_size", "more than 8192 bits"),
        (_armoured("ENCRYPTED PRIVATE KEY", _MANY_ROUNDS), "p", "too_many_rounds", "rounds"),
    ],
)  # fmt: skip
def test_what_would_take_minutes_is_not_begun(
    pem: bytes, passphrase: str | None, code: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trying the primes of a huge key, deriving a key in two thousand million rounds."""

    def begun(*_: object) -> None:
        pytest.fail("it was begun")

    monkeypatch.setattr(serialization, "load_pem_private_key", begun)
    with pytest.raises(ConfigurationError, match=told) as caught:
        load_key(pem, None if passphrase is None else Secret(passphrase))
    assert caught.value.code == code


def _tlv(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return bytes([tag, 0x82, *len(content).to_bytes(2, "big")]) + content


def _int(value: int) -> bytes:
    return _tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _old_form(size: int) -> bytes:
    """Return a block whose text without white space is so long."""
    head = b"Proc-Type:4,ENCRYPTED"
    return (
        b"-----BEGIN RSA PRIVATE KEY-----\n%b\n\n%b\n-----END RSA PRIVATE KEY-----\n"
        % (head, b"A" * (size - len(head)))
    )  # fmt: skip


_FILLER = _tlv(0x04, bytes(200))
_ROUNDS = (
    "its key is behind more than 10000000 rounds of key derivation; export it again with fewer"
)
_TOO_LONG = "the RSA key has {} bits; from 2048 to 8192 are taken"
_LONGEST = (1 << 8_192) - 1


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (_tlv(0x30, _tlv(0x04, b"salt"), _int(10_000_000)), None),
        (_tlv(0x30, _tlv(0x04, b"salt"), _int(10_000_001)), _ROUNDS),
        (_tlv(0x30, _FILLER, _tlv(0x05), _int(_LONGEST)), None),
        (_tlv(0x30, _FILLER, _tlv(0x05), _int(_LONGEST + 1)), _TOO_LONG.format(8_193)),
        (_tlv(0x30, _tlv(0x30), _tlv(0x04, bytes(5_120))), None),
        (_tlv(0x30, _tlv(0x30), _tlv(0x04, bytes(5_121))), _TOO_LONG.format("more than 8192")),
        (
            _tlv(0x30, _int(_LONGEST), _tlv(0x30), _tlv(0x04, bytes(5_121))),
            _TOO_LONG.format("more than 8192"),
        ),
    ],
)
def test_what_a_key_may_ask_for_has_its_limits(
    content: bytes, told: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten million rounds, 8,192 bits, and no more; in a PFX too."""
    begun: list[str] = []

    def begin(*_: object) -> None:
        begun.append("begun")
        raise ValueError

    monkeypatch.setattr(serialization, "load_pem_private_key", begin)
    monkeypatch.setattr(pkcs12, "load_key_and_certificates", begin)
    for read, text in ((load_key, _armoured("PRIVATE KEY", content)), (load_pfx, content)):
        with pytest.raises(ConfigurationError) as caught:
            read(text)
        assert (told or "cannot be read") in str(caught.value)
        assert told is None or str(caught.value) == f"client_credential: {told}"
    assert begun == ["begun"] * 2 * (told is None)


@pytest.mark.parametrize(("size", "begins"), [(6_826, True), (6_827, False)])
def test_an_old_form_may_be_as_long_as_an_encrypted_key(
    size: int, *, begins: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is encrypted as a whole, so its length is all that can be seen."""

    def begin(*_: object) -> None:
        raise ValueError

    monkeypatch.setattr(serialization, "load_pem_private_key", begin)
    with pytest.raises(ConfigurationError) as caught:
        load_key(_old_form(size), Secret("p"))
    told = _WRONG if begins else _TOO_LONG.format("more than 8192")
    assert str(caught.value) == f"client_credential: {told}"


@pytest.mark.parametrize("text", [b"A", b"AAAAA", b"Proc-Type: 4,ENCRYPTED\n\nAAAA"])
def test_what_is_in_a_block_may_be_no_base64(text: bytes) -> None:
    """Then there is nothing to look at, and it is damaged."""
    pem = b"-----BEGIN PRIVATE KEY-----\n%b\n-----END PRIVATE KEY-----\n" % text
    with pytest.raises(ConfigurationError) as caught:
        load_key(pem, Secret("p") if b"ENC" in text else None)
    assert caught.value.code == "unreadable_key"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda pem: pem.replace(b"\n", b"\\n"), _ESCAPED),
        (lambda pem: pem.replace(b"PRIVATE", b"OPENSSH PRIVATE"), _OPENSSH),
    ],
)
def test_the_usual_accidents_have_a_remedy(change: Any, told: str) -> None:
    """A variable of the environment, a tool that writes another form."""
    with pytest.raises(ConfigurationError) as caught:
        load_key(change(_pair("rsa").pem()))
    assert str(caught.value) == f"client_credential: {_UNREAD} {told}"
    assert caught.value.code == "unreadable_key"


def test_a_passphrase_of_a_pfx_has_no_nul() -> None:
    """What reads the file would take it for the end."""
    pair = _pair("rsa")
    with pytest.raises(ConfigurationError) as caught:
        load_pfx(_pfx(pair.key, pair.certificate, None, _PASSPHRASE), Secret(f"{_PASSPHRASE}\0"))
    assert caught.value.code == "characters"
    assert str(caught.value) == ("client_credential: the passphrase of a PFX cannot hold a NUL")


def test_a_passphrase_of_half_characters_is_none() -> None:
    """The error of the codec would show it."""
    pem = _pair("rsa").pem(_PASSPHRASE)
    for read in (load_key, load_pfx):
        with pytest.raises(ConfigurationError) as caught:
            read(pem, Secret(f"{_PASSPHRASE}\ud800"))
        assert caught.value.code == "characters"
        assert str(caught.value) == (
            "client_credential: passphrase holds characters that are none; it was decoded wrongly"
        )
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    "error",
    [InternalError("no", []), x509.InvalidVersion("no", 9), UserWarning("no"), OverflowError("no")],
)
def test_whatever_cryptography_says_is_one_of_our_errors(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also of a warning, where warnings are errors."""

    def refuse(*_: object) -> None:
        raise error

    monkeypatch.setattr(serialization, "load_pem_private_key", refuse)
    monkeypatch.setattr(pkcs12, "load_key_and_certificates", refuse)
    monkeypatch.setattr(x509, "load_pem_x509_certificate", refuse)
    pair = _pair("rsa")
    for read, text in (
        (load_key, pair.pem()), (load_pfx, b""), (load_certificates, pair.certificate_pem),
    ):  # fmt: skip
        with pytest.raises(ConfigurationError, match="cannot be read"):
            read(text)


def test_a_key_shows_nothing_and_goes_nowhere() -> None:
    """I-7."""
    import pickle

    key = load_key(_pair("rsa").pem())
    assert repr(key) == "SigningKey(***)"
    with pytest.raises(TypeError) as caught:
        pickle.dumps(key)
    assert str(caught.value) == "a SigningKey cannot be pickled: load it again where it is needed"
    assert isinstance(key, SigningKey)


# --- certificates ------------------------------------------------------------------------------


def test_certificates_are_loaded_in_their_order() -> None:
    """With thumbprints and chain entries as RFC 7515 writes them: unpadded, on one line."""
    leaf, other = _pair("rsa"), _pair("another")
    text = b"text\n" + leaf.certificate_pem + other.certificate_pem
    first, second = load_certificates(text)
    assert (first.der, second.der) == (leaf.der, other.der)
    sha1, sha256 = (leaf.certificate.fingerprint(h) for h in (hashes.SHA1(), hashes.SHA256()))
    assert first.x5t == base64.urlsafe_b64encode(sha1).rstrip(b"=").decode()
    assert first.x5t_s256 == base64.urlsafe_b64encode(sha256).rstrip(b"=").decode()
    assert base64.b64decode(first.x5c) == leaf.der
    assert "\n" not in first.x5c
    at = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
    assert (first.not_before, first.expires_at) == (at, at + 86_400)
    assert first.public_der == leaf.key.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )


def test_a_certificate_may_come_without_armour() -> None:
    """As MSAL takes it."""
    leaf = _pair("rsa")
    (found,) = load_certificates(base64.encodebytes(leaf.der))
    assert found.der == leaf.der


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        (b"", "unreadable_certificate", "public_certificate cannot be read"),
        (b"nonsense!", "unreadable_certificate", "public_certificate cannot be read"),
        (
            b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
            "no_certificate",
            "public_certificate holds no certificate",
        ),
        (
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
            "unreadable_certificate",
            "public_certificate cannot be read",
        ),
    ],
)
def test_what_is_no_certificate_is_refused(text: bytes, code: str, message: str) -> None:
    """Each with its code."""
    with pytest.raises(ConfigurationError) as caught:
        load_certificates(text)
    assert caught.value.code == code
    assert str(caught.value) == f"client_credential: {message}"
    assert caught.value.__cause__ is None


def test_a_chain_has_an_end() -> None:
    """It goes into a header; a longer one is not even read."""
    assert len(load_certificates(_pair("rsa").certificate_pem * 10)) == MAX_CHAIN == 10
    with pytest.raises(ConfigurationError) as caught:
        load_certificates(_armoured("CERTIFICATE", b"") * 11)
    assert caught.value.code == "chain_too_long"
    assert str(caught.value) == (
        "client_credential: public_certificate holds more than 10 certificates"
    )


# --- PFX ---------------------------------------------------------------------------------------


def _pfx(key: Any, leaf: Any, others: Any, passphrase: str) -> bytes:
    hidden = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    return pkcs12.serialize_key_and_certificates(b"name", key, leaf, others, hidden)


@pytest.mark.parametrize("passphrase", ["", _PASSPHRASE])
def test_a_pfx_holds_key_and_chain(passphrase: str) -> None:
    """Leaf first (RFC 7292)."""
    pair, other = _pair("rsa"), _pair("another")
    data = _pfx(pair.key, pair.certificate, [other.certificate], passphrase)
    key, chain = load_pfx(data, Secret(passphrase) if passphrase else None)
    assert [it.der for it in chain] == [pair.der, other.der]
    assert key.public_der == chain[0].public_der


def test_a_pfx_may_hold_ten_certificates() -> None:
    """Its leaf and nine more."""
    pair = _pair("rsa")
    _, chain = load_pfx(_pfx(pair.key, pair.certificate, [pair.certificate] * 9, ""))
    assert len(chain) == 10


_UNREADABLE = "the PFX cannot be read: its passphrase is wrong or missing, or it is damaged"


def _bad_pfx() -> dict[str, tuple[bytes, str | None, str, str]]:
    pair = _pair("rsa")
    crowd = [pair.certificate] * 10
    hidden = _pfx(pair.key, pair.certificate, None, _PASSPHRASE)
    return {
        "nothing": (b"", None, "unreadable_pfx", _UNREADABLE),
        "a wrong passphrase": (hidden, "wrong", "unreadable_pfx", _UNREADABLE),
        "no passphrase": (hidden, None, "unreadable_pfx", _UNREADABLE),
        "no key": (
            _pfx(None, None, [pair.certificate], ""), None, "no_private_key",
            "the PFX holds no private key",
        ),
        "no certificate": (
            _pfx(pair.key, None, None, ""), None, "no_certificate",
            "the PFX holds no certificate for its key",
        ),
        "an elliptic key": (
            _pfx(_pair("ec").key, _pair("ec").certificate, None, ""), None,
            "unsupported_key_type", "an RSA key is needed, not ECPrivateKey",
        ),
        "a crowd": (
            _pfx(pair.key, pair.certificate, crowd, ""), None, "chain_too_long",
            "the PFX holds more than 10 certificates",
        ),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("data", "passphrase", "code"),
    [
        (_MANY_ROUNDS, "p", "too_many_rounds"),
        (_LONG_NUMBER, None, "unsupported_key_size"),
        (b"", "a\0b", "characters"),
        (bytes(MAX_PFX + 1), None, "unreadable_pfx"),
    ],
)
def test_a_pfx_is_not_begun_where_it_would_not_end(
    data: bytes, passphrase: str | None, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor with a passphrase at which what reads it would give up altogether."""

    def begun(*_: object) -> None:
        pytest.fail("it was begun")

    monkeypatch.setattr(pkcs12, "load_key_and_certificates", begun)
    with pytest.raises(ConfigurationError) as caught:
        load_pfx(data, None if passphrase is None else Secret(passphrase))
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("size", "told"),
    [(MAX_PFX, "the PFX cannot be read"), (MAX_PFX + 1, f"is larger than {MAX_PFX} bytes")],
)
def test_a_pfx_has_at_most_a_megabyte(size: int, told: str) -> None:
    """Who has a larger one is told how large it may be."""
    with pytest.raises(ConfigurationError, match=told):
        load_pfx(bytes(size))


@pytest.mark.parametrize("which", sorted(_bad_pfx()))
def test_what_is_no_pfx_for_this_is_refused(which: str) -> None:
    """Each with its code."""
    data, passphrase, code, message = _bad_pfx()[which]
    with pytest.raises(ConfigurationError) as caught:
        load_pfx(data, None if passphrase is None else Secret(passphrase))
    assert caught.value.code == code
    assert str(caught.value) == f"client_credential: {message}"
    assert caught.value.__cause__ is None


def test_a_key_of_an_algorithm_that_this_build_lacks_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Which are lacking depends on how OpenSSL was built."""

    def lacking(*_: object) -> None:
        raise UnsupportedAlgorithm("not here")

    monkeypatch.setattr(serialization, "load_pem_private_key", lacking)
    with pytest.raises(ConfigurationError) as caught:
        load_key(_pair("rsa").pem())
    assert caught.value.code == "unsupported_key_type"
    assert str(caught.value) == "client_credential: the key's algorithm is not supported"
