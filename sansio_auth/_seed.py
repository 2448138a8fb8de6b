"""Randomness as data: everything random in a call is derived from its 32-byte seed.

BLAKE2b of a label, keyed with the seed (RFC 7693), gives independent values, so the same seed
gives the same correlation id, `jti` and jitter on every machine (invariant I-8). Where the seed
comes from is the shell's business; a predictable seed makes predictable ids.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

__all__ = ["SEED_BYTES", "derive", "derive_fraction", "derive_uuid"]

SEED_BYTES: Final = 32
#: The two leading bits of the variant are 10; the digit's other two are random.
_VARIANTS: Final = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}


def derive(seed: bytes, label: str) -> bytes:
    """Return 32 bytes that only this seed and this label give."""
    return blake2b(label.encode(), digest_size=32, key=seed).digest()


def derive_uuid(seed: bytes, label: str) -> str:
    """Return a version 4 UUID (RFC 9562 section 5.4), lower case, with dashes."""
    text = derive(seed, label).hex()
    variant = _VARIANTS[text[16]]
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{variant}{text[17:20]}-{text[20:32]}"


def derive_fraction(seed: bytes, label: str) -> float:
    """Return a number in [0, 1)."""
    return int.from_bytes(derive(seed, label)[:6], "big") / (1 << 48)
