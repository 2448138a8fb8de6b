"""What a key file asks for, seen from outside."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from hypothesis import given
from hypothesis import strategies as st

from sansio_auth._der import Demands, demands_of

_KEY = rsa.generate_private_key(65537, 2048)


def _tlv(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    digits = size.to_bytes(4, "big").lstrip(b"\0")
    return bytes([tag, 0x80 | len(digits)]) + digits + content


def _number(value: int) -> bytes:
    return _tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


_SALT = _tlv(0x04, b"saltsalt")


def test_a_plain_key_asks_for_nothing_but_its_size() -> None:
    """PKCS#1 and PKCS#8, in which it is wrapped in an octet string."""
    for form in (PrivateFormat.TraditionalOpenSSL, PrivateFormat.PKCS8):
        der = _KEY.private_bytes(Encoding.DER, form, NoEncryption())
        assert demands_of(der) == Demands(rounds=0, bits=2048, hidden=0)


def test_an_encrypted_key_asks_for_its_rounds() -> None:
    """And shows how long it is."""
    locked = BestAvailableEncryption(b"p")
    der = _KEY.private_bytes(Encoding.DER, PrivateFormat.PKCS8, locked)
    found = demands_of(der)
    assert found.rounds > 2_000
    assert 1_216 <= found.hidden <= 1_300
    assert found.bits < 64


def test_the_rounds_of_a_pfx_are_added_up() -> None:
    """For the key, for the certificates, for the MAC (RFC 7292)."""
    locked = (
        PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(1_000_003)
        .key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC)
        .hmac_hash(hashes.SHA1())
        .build(b"p")
    )
    der = pkcs12.serialize_key_and_certificates(b"n", _KEY, None, None, locked)
    assert 1_000_003 <= demands_of(der).rounds <= 3 * 1_000_003


@pytest.mark.parametrize(
    ("der", "rounds"),
    [
        (_tlv(0x30, _SALT, _number(2048)), 2048),
        (_tlv(0x30, _SALT, _number(2048), _tlv(0x30)), 2048),
        (_tlv(0x30, _SALT, _number(2048), _number(32), _tlv(0x30)), 2048),
        (_tlv(0x30, _SALT, _number(16384), _number(8), _number(2)), 16 * 16384 * 8 * 2),
        (_tlv(0x30, _SALT, *[_number(5)] * 4), 5),
        (_tlv(0x30, _SALT, _number(5), _number(3), b"\x02\x00"), 0),
        (_tlv(0x30, _SALT, _tlv(0x05), _number(2048)), 0),
        (_tlv(0x30, _number(2048), _SALT), 0),
        (_tlv(0x30, _SALT, _number(3)) * 4, 12),
        (_tlv(0x30, _SALT, _number(1 << 100)), 1 << 40),
        (_tlv(0x30, _tlv(0x04, _tlv(0x30, _SALT, _number(7)))), 7),
        (b"\x30\x80\x24\x80\x04\x10\x30\x80" + _SALT + _number(9) + b"\0" * 6, 9),
        (b"", 0),
        (b"\x04", 0),
        (b"\x30\x84\xff\xff\xff\xff" + _SALT + _number(4), 4),
        (b"\x30\xff" + b"\xff" * 130, 0),
    ],
)
def test_numbers_after_a_salt_are_rounds(der: bytes, rounds: int) -> None:
    """Of three, as scrypt has them, the product, which weighs more; else the first."""
    assert demands_of(der).rounds == rounds


@pytest.mark.parametrize(
    ("der", "hidden"),
    [
        (_tlv(0x30, _tlv(0x30), _tlv(0x04, b"k" * 5000)), 5000),
        (_tlv(0x30, _tlv(0x30), _tlv(0x04, b"\x30\x81" + b"k" * 500)), 502),
        (_tlv(0x30, _tlv(0x30), _tlv(0x04, b"\x30\x82" + b"k" * 500)), 502),
        (_tlv(0x30, _tlv(0x30), _tlv(0x04, _tlv(0x30, b"\x05\x00"))), 0),
        (_tlv(0x30, _tlv(0x06, b"x"), _tlv(0x04, b"k" * 5000)), 0),
        (_tlv(0x30, _tlv(0x30), _tlv(0x04)), 0),
        (_tlv(0x30, _tlv(0x30), _tlv(0x04, b"k")), 1),
        (_tlv(0x30, _tlv(0x30), _tlv(0x04, b"\x30\x00")), 0),
    ],
)
def test_what_follows_the_name_of_a_cipher_is_a_hidden_key(der: bytes, hidden: int) -> None:
    """Unless it is itself a sequence and nothing else: then it is looked into."""
    assert demands_of(der).hidden == hidden


@given(st.binary(max_size=400) | st.lists(st.sampled_from(
    [b"\x30\x80", b"\x30\x05", b"\x04\x06", b"\x30\x82", b"\x02\x02", b"\x24\x80", b"\0\0", b"\xff"]
), max_size=200).map(b"".join))  # fmt: skip
def test_any_bytes_give_an_answer(der: bytes) -> None:
    """Row 223: whatever it is, there is an answer, and no number in it is negative."""
    assert min(demands_of(der)) >= 0


@pytest.mark.bulk
@pytest.mark.parametrize("piece", [b"\x30\x80", b"\x04\x80\x30\x80", b"\x02\x00", b"\x30\x00"])
def test_a_megabyte_is_looked_at_once(piece: bytes) -> None:
    """Nested or side by side: the work grows with the bytes, not with their square."""
    der = piece * ((1 << 20) // len(piece))
    assert demands_of(der) == Demands(0, 0, 0)
