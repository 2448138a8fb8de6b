"""Randomness as data: everything random in a call is derived from its 32-byte seed.

HMAC-SHA-256 of a label under the seed gives independent values, so the same seed gives the same
correlation id, `jti` and jitter on every machine (invariant I-8). Where the seed comes from is
the shell's business; a predictable seed makes predictable ids.
"""

from __future__ import annotations

import hmac
from typing import Final

__all__ = ["SEED_BYTES", "derive", "derive_fraction", "derive_uuid"]

SEED_BYTES: Final = 32


def derive(seed: bytes, label: str) -> bytes:
    """Return 32 bytes that only this seed and this label give."""
    return hmac.digest(seed, label.encode(), "sha256")


def derive_uuid(seed: bytes, label: str) -> str:
    """Return a version 4 UUID (RFC 9562 section 5.4), lower case, with dashes."""
    raw = bytearray(derive(seed, label)[:16])
    raw[6] = raw[6] & 0x0F | 0x40
    raw[8] = raw[8] & 0x3F | 0x80
    text = raw.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def derive_fraction(seed: bytes, label: str) -> float:
    """Return a number in [0, 1)."""
    return int.from_bytes(derive(seed, label)[:6], "big") / (1 << 48)
