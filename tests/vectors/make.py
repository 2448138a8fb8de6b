"""Write the keys, certificates and PFX files of the vectors: `python tests/vectors/make.py`.

All of them are throw-away. RSA keys come of a seeded search for primes and certificates are signed
by PKCS#1 v1.5, so those files are the same every time. What is salted cannot be: a file that is
there is left as it is, unless `--anew` is given. `openssl` makes what `cryptography` would not.
"""

from __future__ import annotations

import base64
import datetime as dt
import hmac
import json
import math
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Final, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import (
    dsa,
    ec,
    ed448,
    ed25519,
    padding,
    rsa,
    x448,
    x25519,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID

__all__ = ["integer", "pem", "pkcs1", "tlv"]

MATERIAL: Final = Path(__file__).parent / "material"
PASSPHRASE: Final = "correct-canary-horse"
_ANEW: Final = "--anew" in sys.argv
_E: Final = 65537
_RSA: Final = bytes.fromhex("06092a864886f70d010101")
_PSS: Final = bytes.fromhex("06092a864886f70d01010a")
#: All primes below 5,000 in one number.
_SMALL: Final = math.prod(
    n for n in range(3, 5_000) if all(n % f for f in range(2, math.isqrt(n) + 1))
)


# --- DER, by hand, because nobody else writes what is wrong --------------------------------------


def tlv(tag: int, *parts: bytes) -> bytes:
    """Return one element."""
    content = b"".join(parts)
    size = len(content)
    digits = size.to_bytes(5, "big").lstrip(b"\0")
    length = bytes([size]) if size < 128 else bytes([0x80 | len(digits)]) + digits
    return bytes([tag]) + length + content


def integer(value: int) -> bytes:
    """Return an INTEGER, which may be negative."""
    size = max(1, value.bit_length() // 8 + 1)
    return tlv(0x02, value.to_bytes(size, "big", signed=True))


def pkcs1(*numbers: int, version: int = 0) -> bytes:
    """Return an RSAPrivateKey (RFC 8017 appendix A.1.2) of n, e, d, p, q, dp, dq, qi."""
    return tlv(0x30, integer(version), *map(integer, numbers))


def pkcs8(inner: bytes, algorithm: bytes = _RSA + b"\x05\x00") -> bytes:
    """Return a PrivateKeyInfo (RFC 5958)."""
    return tlv(0x30, integer(0), tlv(0x30, algorithm), tlv(0x04, inner))


def pem(label: str, der: bytes) -> bytes:
    """Return DER in armour (RFC 7468)."""
    text = base64.b64encode(der).decode()
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""]).encode()


# --- numbers -----------------------------------------------------------------------------------


def _is_prime(value: int) -> bool:
    """Miller and Rabin, forty times, after a look at the small factors."""
    if math.gcd(value, _SMALL) > 1:
        return False
    dice = random.Random(value)
    odd, twos = value - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for _ in range(40):
        x = pow(dice.randrange(2, value - 1), odd, value)
        if x in {1, value - 1}:
            continue
        for _ in range(twos - 1):
            x = x * x % value
            if x == value - 1:
                break
        else:
            return False
    return True


@cache
def _prime(bits: int, seed: str, exponent: int = _E) -> int:
    dice = random.Random(f"{seed} {bits} {exponent}")
    while True:
        value = dice.getrandbits(bits) | 3 << (bits - 2) | 1
        if (value - 1) % exponent and _is_prime(value):
            return value


def numbers(p: int, q: int, e: int = _E) -> list[int]:
    """Return n, e, d, p, q, dp, dq, qi."""
    d = pow(e, -1, (p - 1) * (q - 1))
    return [p * q, e, d, p, q, d % (p - 1), d % (q - 1), pow(q, -1, p)]


@cache
def _rsa(bits: int, seed: str = "leaf", e: int = _E) -> tuple[int, ...]:
    if bits == 2047:
        return tuple(numbers(_prime(1024, seed), _prime(1023, seed)))
    return tuple(numbers(_prime(bits // 2, f"{seed} p", e), _prime(bits // 2, f"{seed} q", e), e))


def _object(values: Iterable[int]) -> rsa.RSAPrivateKey:
    n, e, d, p, q, dp, dq, qi = values
    made = rsa.RSAPrivateNumbers(p, q, d, dp, dq, qi, rsa.RSAPublicNumbers(e, n))
    return made.private_key(unsafe_skip_rsa_key_validation=True)


# --- files -------------------------------------------------------------------------------------


def _write(name: str, content: bytes) -> None:
    path = MATERIAL / name
    if not path.exists() or path.read_bytes() != content:
        path.write_bytes(content)
        print(f"wrote {name}")


def _salted(name: str) -> bool:
    """Whether a file is to be made that would be another one every time."""
    return _ANEW or not (MATERIAL / name).exists()


def _openssl(*arguments: str | Path, give: bytes = b"") -> bytes:
    return subprocess.run(
        ["openssl", *arguments], input=give, check=True, capture_output=True, cwd=MATERIAL
    ).stdout


def plain_keys() -> None:
    """Write keys of every size and form."""
    for bits in (1024, 2047, 2048, 3072, 4096):
        values = _rsa(bits)
        _write(f"rsa{bits}-pkcs1.pem", pem("RSA PRIVATE KEY", pkcs1(*values)))
        _write(f"rsa{bits}-pkcs8.pem", pem("PRIVATE KEY", pkcs8(pkcs1(*values))))
    three = _rsa(2048, "three", 3)
    _write("rsa2048-exponent-3.pem", pem("RSA PRIVATE KEY", pkcs1(*three)))
    _write("other-pkcs8.pem", pem("PRIVATE KEY", pkcs8(pkcs1(*_rsa(2048, "other")))))
    pss = _PSS + b"\x30\x00"
    _write("rsa-pss.pem", pem("PRIVATE KEY", pkcs8(pkcs1(*_rsa(2048)), pss)))
    key = _object(_rsa(2048))
    public = key.public_key()
    spki = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    _write("public-spki.pem", spki)
    _write("public-pkcs1.pem", public.public_bytes(Encoding.PEM, PublicFormat.PKCS1))
    _write("public-openssh.txt", public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH))
    if _salted("openssh.pem"):
        _write("openssh.pem", key.private_bytes(
            Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))  # fmt: skip
    inner = pkcs8(pkcs1(*_rsa(2048)))
    for name, algorithm in (
        ("unknown-algorithm", bytes.fromhex("06032a0304")),
        ("no-parameters", _RSA),
        ("rsaes-oaep", bytes.fromhex("06092a864886f70d010107")),
    ):
        _write(f"pkcs8-{name}.pem", pem("PRIVATE KEY", pkcs8(pkcs1(*_rsa(2048)), algorithm)))
    _write("pkcs8-trailing.pem", pem("PRIVATE KEY", inner + b"\0\0"))
    _write("pkcs8-inner-trailing.pem", pem("PRIVATE KEY", pkcs8(pkcs1(*_rsa(2048)) + b"\0")))
    _write("pkcs8-indefinite.pem", pem("PRIVATE KEY", b"\x30\x80" + inner[4:] + b"\0\0"))
    _write("pkcs8-empty.pem", pem("PRIVATE KEY", b""))
    _write("pkcs8-null.pem", pem("PRIVATE KEY", b"\x05\x00"))


def other_kinds() -> None:
    """Write private keys that are no RSA keys."""
    made: dict[str, object] = {
        "p256": ec.derive_private_key(0xC0FFEE, ec.SECP256R1()),
        "p384": ec.derive_private_key(0xC0FFEE, ec.SECP384R1()),
        "p521": ec.derive_private_key(0xC0FFEE, ec.SECP521R1()),
        "secp256k1": ec.derive_private_key(0xC0FFEE, ec.SECP256K1()),
        "ed25519": ed25519.Ed25519PrivateKey.from_private_bytes(
            b"throw-away vector key, 32 bytes."
        ),
        "ed448": ed448.Ed448PrivateKey.from_private_bytes(b"throw-away".ljust(57, b".")),
        "x25519": x25519.X25519PrivateKey.from_private_bytes(b"throw-away vector key, 32 bytes."),
        "x448": x448.X448PrivateKey.from_private_bytes(b"throw-away".ljust(56, b".")),
    }
    for name, key in made.items():
        _write(f"{name}.pem", key.private_bytes(  # type: ignore[attr-defined]
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))  # fmt: skip
    sec1 = made["p256"].private_bytes(  # type: ignore[attr-defined]
        Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
    )
    _write("p256-sec1.pem", sec1)
    if _salted("dsa.pem"):
        key = dsa.generate_private_key(2048)
        _write("dsa.pem", key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def faulty_keys() -> None:
    """Write keys whose numbers do not fit each other: what a fault, or somebody, made of them."""
    n, e, d, p, q, dp, dq, qi = good = _rsa(2048)
    phi = (p - 1) * (q - 1)
    one_factor = 2**2203 - 1
    faults: dict[str, tuple[int, ...]] = {
        "swapped-primes": (n, e, d, q, p, dq, dp, pow(p, -1, q)),
        "larger-d": (n, e, d + phi, p, q, dp, dq, qi),
        "wrong-d": (n, e, d + 2, p, q, dp, dq, qi),
        "zero-d": (n, e, 0, p, q, dp, dq, qi),
        "negative-d": (n, e, -d, p, q, dp, dq, qi),
        "wrong-p": (n, e, d, p + 2, q, dp, dq, qi),
        "wrong-q": (n, e, d, p, q + 2, dp, dq, qi),
        "wrong-dp": (n, e, d, p, q, dp ^ 4, dq, qi),
        "wrong-dq": (n, e, d, p, q, dp, dq ^ 4, qi),
        "wrong-qi": (n, e, d, p, q, dp, dq, qi ^ 4),
        "zero-dp": (n, e, d, p, q, 0, dq, qi),
        "zero-qi": (n, e, d, p, q, dp, dq, 0),
        "no-crt": (n, e, d, 0, 0, 0, 0, 0),
        "wrong-n": (n + 2, e, d, p, q, dp, dq, qi),
        "negative-n": (-n, e, d, p, q, dp, dq, qi),
        "zero-n": (0, e, d, p, q, dp, dq, qi),
        "even-exponent": (n, 65536, d, p, q, dp, dq, qi),
        "exponent-1": (n, 1, 1, p, q, 1, 1, qi),
        "exponent-0": (n, 0, d, p, q, dp, dq, qi),
        "negative-exponent": (n, -3, d, p, q, dp, dq, qi),
        "huge-exponent": (n, d, e, p, q, e, e, qi),
        "prime-modulus": (
            one_factor, e, pow(e, -1, one_factor - 1), one_factor, 1,
            pow(e, -1, one_factor - 1), 0, 0,
        ),
        "whole-and-one": (n, e, d, n, 1, d % (n - 1), 0, 0),
        "same-primes": (p * p, e, pow(e, -1, p * (p - 1)), p, p, dp, dp, 1),
        "composite-factor": (n * 3, e, d, p * 3, q, dp, dq, qi),
    }  # fmt: skip
    for name, values in faults.items():
        _write(f"rsa-{name}.pem", pem("RSA PRIVATE KEY", pkcs1(*values)))
    _write("rsa-two-prime-version-1.pem", pem("RSA PRIVATE KEY", pkcs1(*good, version=1)))
    _write("rsa-version-7.pem", pem("RSA PRIVATE KEY", pkcs1(*good, version=7)))
    _write("rsa-seven-numbers.pem", pem("RSA PRIVATE KEY", pkcs1(*good[:-1])))


def encrypted_keys() -> None:
    """Write encrypted keys, by every cipher that people still have files of."""
    source = MATERIAL / "rsa2048-pkcs8.pem"
    legacy = ("-provider", "legacy", "-provider", "default")
    locked = ("-passout", f"pass:{PASSPHRASE}")
    ways: dict[str, tuple[str, ...]] = {
        "aes128": ("-v2", "aes-128-cbc"), "aes192": ("-v2", "aes-192-cbc"),
        "aes256": ("-v2", "aes-256-cbc"), "3des": ("-v2", "des3"),
        "sha1-prf": ("-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA1"),
        "sha512-prf": ("-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA512"),
        "md5-prf": ("-v2", "aes-256-cbc", "-v2prf", "hmacWithMD5"),
        "scrypt": ("-scrypt",), "rc2": ("-v2", "rc2", *legacy), "des": ("-v2", "des", *legacy),
        "camellia": ("-v2", "camellia-256-cbc"),
        "pbes1-3des": ("-v1", "PBE-SHA1-3DES"),
        "pbes1-rc2-40": ("-v1", "PBE-SHA1-RC2-40", *legacy),
        "pbes1-rc4-128": ("-v1", "PBE-SHA1-RC4-128", *legacy),
        "pbes1-md5-des": ("-v1", "PBE-MD5-DES", *legacy),
        "million-rounds": ("-v2", "aes-256-cbc", "-iter", "1000000"),
    }  # fmt: skip
    for name, options in ways.items():
        if _salted(f"encrypted-{name}.pem"):
            made = _openssl("pkcs8", "-topk8", "-in", source, *options, *locked)
            _write(f"encrypted-{name}.pem", made)
    for cipher in ("aes128", "aes256", "des3", "des", "camellia128"):
        if _salted(f"old-{cipher}.pem"):
            made = _openssl("rsa", "-traditional", "-in", source, f"-{cipher}", *locked, *legacy)
            _write(f"old-{cipher}.pem", made)
    for name, words in (("non-ascii", "Gehe\u00edm\u20ac\U0001f600"), ("empty", "")):
        if _salted(f"encrypted-{name}.pem") and words:
            made = _openssl(
                "pkcs8", "-topk8", "-in", source, "-v2", "aes-256-cbc", "-passout", f"pass:{words}"
            )
            _write(f"encrypted-{name}.pem", made)
    if _salted("encrypted-pss.pem"):
        pss = MATERIAL / "rsa-pss.pem"
        made = _openssl("pkcs8", "-topk8", "-in", pss, "-v2", "aes-256-cbc", *locked)
        _write("encrypted-pss.pem", made)
    _write("encrypted-many-rounds.pem", pem("ENCRYPTED PRIVATE KEY", pbes2(2**31 - 1)))
    _write("encrypted-scrypt-gigabytes.pem", pem("ENCRYPTED PRIVATE KEY", pbes2(2**24, 8, 1)))
    _write("encrypted-scrypt-hours.pem", pem("ENCRYPTED PRIVATE KEY", pbes2(2, 1, 2**28)))
    _write("encrypted-no-rounds.pem", pem("ENCRYPTED PRIVATE KEY", pbes2(0)))
    _write("encrypted-negative-rounds.pem", pem("ENCRYPTED PRIVATE KEY", pbes2(-1)))


def pbes2(*work: int) -> bytes:
    """Return an encrypted key (RFC 8018) of nothing, by PBKDF2 or, of three numbers, scrypt."""
    kdf = "06092b06010401da47040b" if len(work) == 3 else "06092a864886f70d01050c"
    prf = tlv(0x30, bytes.fromhex("06082a864886f70d02090500")) if len(work) == 1 else b""
    derive = tlv(0x30, tlv(0x04, b"saltsalt"), *map(integer, work), prf)
    aes = tlv(0x30, bytes.fromhex("060960864801650304012a"), tlv(0x04, b"\0" * 16))
    scheme = tlv(0x30, tlv(0x30, bytes.fromhex(kdf), derive), aes)
    algorithm = tlv(0x30, bytes.fromhex("06092a864886f70d01050d"), scheme)
    return tlv(0x30, algorithm, tlv(0x04, b"\0" * 1232))


# --- certificates ------------------------------------------------------------------------------


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def certificate(
    subject: str = "leaf",
    issuer: str = "root",
    begins: dt.datetime = dt.datetime(2020, 1, 1, tzinfo=dt.UTC),
    ends: dt.datetime = dt.datetime(2120, 1, 1, tzinfo=dt.UTC),
    public: object = None,
    serial: int = 4242,
) -> x509.Certificate:
    """Return a certificate of the key of that name, the same every time."""
    seeds = {"leaf": "leaf", "root": "other", "other": "other"}
    key = public or _object(_rsa(2048, seeds[subject])).public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(key)  # type: ignore[arg-type]
        .serial_number(serial)
        .not_valid_before(begins)
        .not_valid_after(ends)
        .sign(_object(_rsa(2048, seeds[issuer])), hashes.SHA256())
    )


def _with(der: bytes, old: bytes, new: bytes) -> bytes:
    """Return a certificate with an element of its first part replaced; the signature is not it."""
    whole = _inside(der)
    size = len(tlv(0x30, _inside(whole)))
    tbs = _inside(whole)
    if tbs.count(old) != 1:
        message = f"{old.hex()} is there {tbs.count(old)} times"
        raise ValueError(message)
    return tlv(0x30, tlv(0x30, tbs.replace(old, new)), whole[size:])


def _inside(der: bytes) -> bytes:
    """Return the content of the first element."""
    size, at = der[1], 2
    if size > 0x80:
        at += size - 0x80
        size = int.from_bytes(der[2:at], "big")
    return der[at : at + size]


def certificates() -> None:
    """Write certificates, good, odd and bad."""
    leaf = certificate().public_bytes(Encoding.DER)
    year = dt.timedelta(days=365)
    first = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    late = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
    made = {
        "leaf": certificate(),
        "root": certificate("root"),
        "expired": certificate(ends=first + year),
        "not-yet-valid": certificate(begins=late),
        "years-1950-9999": certificate(
            begins=dt.datetime(1950, 1, 1, tzinfo=dt.UTC),
            ends=dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=dt.UTC),
        ),
        "huge-serial": certificate(serial=2**158 - 1),
        "p256-key": certificate(
            public=ec.derive_private_key(0xC0FFEE, ec.SECP256R1()).public_key()
        ),
        "ed25519-key": certificate(
            public=ed25519.Ed25519PrivateKey.from_private_bytes(
                b"throw-away vector key, 32 bytes."
            ).public_key()
        ),
    }
    for name, it in made.items():
        _write(f"certificate-{name}.pem", it.public_bytes(Encoding.PEM))
    _write("certificate-leaf.der", leaf)
    serial, no_end = integer(4242), b"20991231"
    ended = certificate(ends=dt.datetime(2099, 12, 31, tzinfo=dt.UTC)).public_bytes(Encoding.DER)
    broken = {
        "serial-negative": _with(leaf, serial, tlv(2, b"\xff")),
        "serial-zero": _with(leaf, serial, tlv(2, b"\0")),
        "serial-200-bytes": _with(leaf, serial, tlv(2, b"\x7f" * 200)),
        "serial-not-minimal": _with(leaf, serial, tlv(2, b"\0\x01")),
        "serial-empty": _with(leaf, serial, tlv(2)),
        "month-13": _with(ended, no_end, b"20991331"),
        "year-0": _with(ended, no_end, b"00001231"),
        "version-9": _with(leaf, bytes.fromhex("a003020102"), bytes.fromhex("a003020109")),
        "version-1": _with(leaf, bytes.fromhex("a003020102"), b""),
        "even-exponent": _with(leaf, integer(_E), integer(65536)),
        "unknown-key": _with(leaf, _RSA, bytes.fromhex("06092a864886f70d01010f")),
        "pss-key": _with(leaf, _RSA, _PSS),
        "trailing": leaf + b"\0\0",
        "truncated": leaf[:-3],
        "indefinite": b"\x30\x80" + leaf[4:] + b"\0\0",
        "empty": b"",
        "null": b"\x05\x00",
        "long-length": b"\x30\x84\xff\xff\xff\xff" + leaf[4:],
    }
    for name, der in broken.items():
        _write(f"certificate-{name}.pem", pem("CERTIFICATE", der))
    key = MATERIAL / "rsa2048-pkcs8.pem"
    for name, options in (("md5", ("-md5",)), ("sha1", ("-sha1",))):
        if _salted(f"certificate-{name}.pem"):
            command = ("req", "-x509", "-new", "-key", key, "-subj", "/CN=leaf", "-days", "36500")
            _write(f"certificate-{name}.pem", _openssl(*command, *options))
    if _salted("csr.pem"):
        _write("csr.pem", _openssl("req", "-new", "-key", key, "-subj", "/CN=leaf"))
    _write("pkcs7.pem", pem("PKCS7", b"\x30\x0b" + bytes.fromhex("06092a864886f70d010702")))
    _write("crl.pem", pem("X509 CRL", b"\x30\x00"))


# --- PFX ---------------------------------------------------------------------------------------


def _export(name: str, give: bytes, *options: str, words: str = PASSPHRASE) -> None:
    """Write a PFX by OpenSSL, of keys and certificates in PEM."""
    if not _salted(name):
        return
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "all.pem"
        source.write_bytes(give)
        out = Path(folder) / "out.pfx"
        _openssl("pkcs12", "-export", "-in", source, "-out", out, "-passout", f"pass:{words}",
                 *options)  # fmt: skip
        _write(name, out.read_bytes())


def pfx_files() -> None:
    """Write PKCS#12 files by old and new ciphers, and such that lack something."""
    key = (MATERIAL / "rsa2048-pkcs8.pem").read_bytes()
    leaf = (MATERIAL / "certificate-leaf.pem").read_bytes()
    root = (MATERIAL / "certificate-root.pem").read_bytes()
    both = key + leaf
    sha1 = ("-macalg", "sha1")
    _export("aes256.pfx", both)
    _export("aes128-sha512.pfx", both, "-keypbe", "AES-128-CBC", "-certpbe", "AES-128-CBC",
            "-macalg", "sha512")  # fmt: skip
    _export("3des.pfx", both, "-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", *sha1)
    _export("rc2-40.pfx", both, "-legacy", "-keypbe", "PBE-SHA1-RC2-40", "-certpbe",
            "PBE-SHA1-RC2-40", *sha1)  # fmt: skip
    _export("3des-and-rc2-40.pfx", both, "-legacy")
    _export("rc4.pfx", both, "-legacy", "-keypbe", "PBE-SHA1-RC4-128", "-certpbe",
            "PBE-SHA1-RC4-128", *sha1)  # fmt: skip
    _export("chain.pfx", both + root)
    _export("no-mac.pfx", both, "-nomac")
    _export("not-encrypted.pfx", both, "-keypbe", "NONE", "-certpbe", "NONE")
    _export("bare.pfx", both, "-keypbe", "NONE", "-certpbe", "NONE", "-nomac")
    _export("empty-passphrase.pfx", both, words="")
    _export("non-ascii.pfx", both, words="Gehe\u00edm\u20ac\U0001f600")
    _export("one-round.pfx", both, "-iter", "1")
    _export("million-rounds.pfx", both, "-iter", "1000000")
    _export("no-key.pfx", leaf, "-nokeys")
    _export("no-certificate.pfx", key, "-nocerts")
    _export("p256.pfx", _elliptic())
    _export("rsa1024.pfx", _small())
    for name, others in (("ten.pfx", 9), ("eleven.pfx", 10)):
        if _salted(name):
            crowd = [certificate("root", serial=100 + at) for at in range(others)]
            _write(name, pkcs12.serialize_key_and_certificates(
                b"n", _object(_rsa(2048)), certificate(), crowd, NoEncryption()))  # fmt: skip
    if _salted("other-leaf.pfx"):
        _write("other-leaf.pfx", _two_keys())
    plain = (MATERIAL / "bare.pfx").read_bytes()
    _write("trailing.pfx", plain + b"\0\0")
    _write("truncated.pfx", plain[:-10])
    _write("many-rounds.pfx", _pfx(mac_rounds=2**31 - 1))
    _write("huge-key.pfx", _pfx(key=pkcs8(pkcs1(*[2**16383 + 1] * 8))))


def _elliptic() -> bytes:
    key = ec.derive_private_key(0xC0FFEE, ec.SECP256R1())
    armoured = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return armoured + (MATERIAL / "certificate-p256-key.pem").read_bytes()


def _small() -> bytes:
    small = _object(_rsa(1024))
    cert = certificate(public=small.public_key())
    return (MATERIAL / "rsa1024-pkcs8.pem").read_bytes() + cert.public_bytes(Encoding.PEM)


def _data(content: bytes) -> bytes:
    """Return a ContentInfo of the type data."""
    oid = bytes.fromhex("06092a864886f70d010701")
    return tlv(0x30, oid, tlv(0xA0, tlv(0x04, content)))


def _bag(kind: str, content: bytes) -> bytes:
    return tlv(0x30, bytes.fromhex(f"060b2a864886f70d010c0a01{kind}"), tlv(0xA0, content))


def _cert_bag(der: bytes) -> bytes:
    x509_type = bytes.fromhex("060a2a864886f70d01091601")
    return _bag("03", tlv(0x30, x509_type, tlv(0xA0, tlv(0x04, der))))


def _pfx(*, key: bytes = b"", mac_rounds: int = 0) -> bytes:
    """Return a PFX that is not encrypted (RFC 7292 section 4), with a MAC that fits nothing."""
    bags = _bag("01", key or pkcs8(pkcs1(*_rsa(2048))))
    bags += _cert_bag(certificate().public_bytes(Encoding.DER))
    safe = _data(tlv(0x30, _data(tlv(0x30, bags))))
    digest = tlv(0x30, tlv(0x30, bytes.fromhex("0609608648016503040201"), b"\x05\0"),
                 tlv(0x04, bytes(32)))  # fmt: skip
    mac = tlv(0x30, digest, tlv(0x04, b"saltsalt"), integer(mac_rounds)) if mac_rounds else b""
    return tlv(0x30, integer(3), safe, mac)


def _two_keys() -> bytes:
    """Return a PFX with two keys, of which the first belongs to no certificate in it."""
    bags = _bag("01", pkcs8(pkcs1(*_rsa(2048, "other")))) + _bag("01", pkcs8(pkcs1(*_rsa(2048))))
    bags += _cert_bag(certificate().public_bytes(Encoding.DER))
    return tlv(0x30, integer(3), _data(tlv(0x30, _data(tlv(0x30, bags)))))


# --- assertions --------------------------------------------------------------------------------


def _part(content: object) -> str:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


_DIGESTS: Final[dict[str, type[hashes.SHA256 | hashes.SHA384 | hashes.SHA512]]] = {
    "256": hashes.SHA256,
    "384": hashes.SHA384,
    "512": hashes.SHA512,
}


def _signature(text: str, algorithm: str, seed: str = "leaf") -> str:
    digest = _DIGESTS[algorithm[2:]]()
    key = _object(_rsa(2048, seed))
    if algorithm.startswith("RS"):
        return _part(key.sign(text.encode(), padding.PKCS1v15(), digest))
    pss = padding.PSS(padding.MGF1(digest), digest.digest_size)
    return _part(key.sign(text.encode(), pss, digest))


_CLAIMS: Final = {"iss": "client", "sub": "client", "aud": "https://login.example/token", "exp": 2}


def _signed(header: object, claims: object = _CLAIMS, by: str = "RS256", seed: str = "leaf") -> str:
    text = f"{_part(header)}.{_part(claims)}"
    return f"{text}.{_signature(text, by, seed)}"


_Tokens: TypeAlias = Iterator[tuple[str, str, str, tuple[str, ...]]]
_BOTH: Final = ("RS256", "PS256")
_RS: Final = {"alg": "RS256", "typ": "JWT"}
_PS: Final = {"alg": "PS256", "typ": "JWT"}


def _tokens() -> _Tokens:
    """Yield comment, token, what is to come of it, and the algorithms that are allowed."""
    yield from _tokens_by_algorithm()
    yield from _tokens_by_form()
    yield from _tokens_by_content()


def _tokens_by_algorithm() -> _Tokens:
    both, rs, ps = _BOTH, _RS, _PS
    good, good_ps = _signed(rs), _signed(ps, by="PS256")
    _, body, signature = good.split(".")
    yield "RS256", good, "valid", both
    yield "PS256", good_ps, "valid", both
    yield "the one algorithm that is allowed", good_ps, "valid", ("PS256",)
    yield "no type", _signed({"alg": "RS256"}), "valid", both
    yield "other members in the header", _signed({**rs, "x5t": "a", "kid": "k"}), "valid", both
    yield "characters of every kind", _signed(rs, {"sub": "\u00fc\u20ac\U0001f600"}), "valid", both
    yield "no claims", _signed(rs, {}), "valid", both
    yield "RS256 where PS256 is wanted", good, "invalid", ("PS256",)
    yield "PS256 where RS256 is wanted", good_ps, "invalid", ("RS256",)
    yield "PS256 that says it is RS256", _signed(rs, by="PS256"), "invalid", both
    yield "RS256 that says it is PS256", _signed(ps, by="RS256"), "invalid", both
    for name in ("RS384", "RS512", "PS384", "PS512"):
        yield name, _signed({"alg": name}, by=name), "invalid", both
    yield "nothing allowed", good, "invalid", ()
    none = f"{_part({'alg': 'none'})}.{body}."
    yield "none", none, "invalid", both
    yield "none in capitals", f"{_part({'alg': 'NONE'})}.{body}.", "invalid", both
    yield "none, with a signature", f"{_part({'alg': 'none'})}.{body}.{signature}", "invalid", both
    spki = _object(_rsa(2048)).public_key().public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    )  # fmt: skip
    text = f"{_part({'alg': 'HS256', 'typ': 'JWT'})}.{body}"
    mac = hmac.digest(spki, text.encode(), "sha256")
    yield "HS256 with the public key as its secret", f"{text}.{_part(mac)}", "invalid", both
    for value in ("rs256", "RS256 ", "", None, 1, ["RS256"], {"a": 1}, "ES256"):
        yield f"the algorithm {value!r}", _signed({"alg": value}), "invalid", both
    yield "no algorithm", _signed({"typ": "JWT"}), "invalid", both


def _tokens_by_form() -> _Tokens:
    both, rs = _BOTH, _RS
    good, good_ps = _signed(rs), _signed(_PS, by="PS256")
    head, body, signature = good.split(".")
    yield "another key", _signed(rs, seed="other"), "invalid", both
    yield "another header", f"{_part({**rs, 'kid': 'x'})}.{body}.{signature}", "invalid", both
    yield "other claims", f"{head}.{_part({'sub': 'other'})}.{signature}", "invalid", both
    yield "another's signature", f"{head}.{body}.{good_ps.split('.')[2]}", "invalid", both
    yield "a changed signature", f"{head}.{body}.{'B' + signature[1:]}", "invalid", both
    yield "a signature cut off", good[:-4], "invalid", both
    yield "no signature", f"{head}.{body}.", "invalid", both
    yield "a signature of zeros", f"{head}.{body}.{_part(bytes(256))}", "invalid", both
    yield "a signature of one byte", f"{head}.{body}.AA", "invalid", both
    yield "a signature that is too long", f"{head}.{body}.{_part(bytes(257))}", "invalid", both
    yield "two parts", f"{head}.{body}", "invalid", both
    yield "one part", head, "invalid", both
    yield "four parts", f"{good}.{signature}", "invalid", both
    yield "nothing", "", "invalid", both
    yield "dots", "..", "invalid", both
    yield "a space before it", f" {good}", "acceptable", both
    yield "a line break after it", f"{good}\n", "acceptable", both
    yield "padding", f"{head}.{body}.{signature}==", "acceptable", both
    yield "bits that nobody needs in the last character", _other_last(good), "acceptable", both
    yield "characters that are not ASCII", f"{head}.{body}.\u00fc", "invalid", both
    yield "half of a character", f"{head}.{body}.\ud800", "invalid", both


def _tokens_by_content() -> _Tokens:
    both, rs = _BOTH, _RS
    body = _part(_CLAIMS)
    for what, content in (
        ("no JSON", b"canary"),
        ("an array", b"[]"),
        ("a text", b'"x"'),
        ("nothing", b""),
        ("not UTF-8", b'{"alg":"RS256","x":"\xff"}'),
        ("twenty thousand brackets", b"[" * 20_000),
        ("a number of a thousand digits", b'{"alg":"RS256","x":%b}' % (b"9" * 10_000)),
    ):
        text = f"{_part(content)}.{body}"
        yield f"a header that is {what}", f"{text}.{_signature(text, 'RS256')}", "invalid", both
    twice = _part(b'{"alg":"none","alg":"RS256"}') + f".{body}"
    yield "the algorithm twice", f"{twice}.{_signature(twice, 'RS256')}", "acceptable", both
    yield (
        "an extension that must be understood",
        _signed({**rs, "crit": ["x"], "x": 1}),
        "invalid",
        both,
    )
    yield "an unencoded payload", _signed({**rs, "crit": ["b64"], "b64": False}), "invalid", both
    for what, content in (
        ("no JSON", b"canary"),
        ("an array", b"[]"),
        ("a text", b'"x"'),
        ("nothing", b""),
        ("not UTF-8", b'{"sub":"\xff"}'),
        ("twenty thousand brackets", b"[" * 20_000),
    ):
        yield f"claims that are {what}", _signed(rs, content), "invalid", both


def _other_last(token: str) -> str:
    """Return a token whose last character has other bits, which belong to no byte."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return token[:-1] + alphabet[alphabet.index(token[-1]) ^ 1]


def assertions() -> None:
    """Write tokens and what is to come of them; PSS is salted, so they stay as they are."""
    path = MATERIAL.parent / "assertions.json"
    if path.exists() and not _ANEW:
        return
    tests = [
        {"id": number, "comment": comment, "token": token, "result": result,
         "algorithms": allowed}
        for number, (comment, token, result, allowed) in enumerate(_tokens(), 1)
    ]  # fmt: skip
    lines = ",\n".join(f"    {json.dumps(test)}" for test in tests)
    path.write_text(f'{{\n  "tests": [\n{lines}\n  ]\n}}\n')
    print("wrote assertions.json")


def main() -> None:
    """Write what is missing or differs."""
    MATERIAL.mkdir(exist_ok=True)
    plain_keys()
    other_kinds()
    faulty_keys()
    encrypted_keys()
    certificates()
    pfx_files()
    assertions()


if __name__ == "__main__":
    main()
