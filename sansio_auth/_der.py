"""What a key file asks of whoever reads it, found out before it is read.

A few bytes can ask for hours of work: rounds of key derivation, or primes to be tried that no
server would take. This looks at the shape of DER and BER (ITU-T X.690) and at nothing else: it
knows no object identifier, decrypts nothing and believes nothing. Any bytes give an answer, in
time linear in their number. What BER cuts into pieces, or what is itself encrypted, it cannot see.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Final, NamedTuple

__all__ = ["Demands", "demands_of"]

_INTEGER: Final = 0x02
_OCTETS: Final = 0x04
_SEQUENCE: Final = 0x30
_CONSTRUCTED: Final = 0x20
_LONG: Final = 0x80
_ENDLESS_SEQUENCE: Final = bytes([_SEQUENCE, _LONG])
#: Rounds beyond this are not told apart.
_PLENTY: Final = 1 << 40
#: scrypt (RFC 7914) takes three numbers, which multiply; the others put the rounds first.
_SCRYPT: Final = 3
#: One of its rounds takes as long as that many of the others, and memory.
_SCRYPT_WEIGHT: Final = 16


class Demands(NamedTuple):
    """The work in a key file.

    `rounds` of key derivation, as PBKDF2 counts them, are added up over the whole file. `bits` are
    those of the longest number in it, `hidden` the bytes of the longest encrypted key.
    """

    rounds: int
    bits: int
    hidden: int


def _element(der: bytes, at: int) -> tuple[int, int, int]:
    """Return an element's tag and where its content starts and stops, as it says itself."""
    tag, size, at = der[at], der[at + 1], at + 2
    if size == _LONG:
        size = len(der)  # an indefinite length: whatever follows may be in it
    elif size > _LONG:
        digits = size - _LONG
        size, at = int.from_bytes(der[at : at + digits], "big"), at + digits
    return tag, at, at + size


def _elements(der: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield the elements of a stretch, none of which goes beyond it whatever it says."""
    while at + 1 < end:
        tag, start, at = _element(der, at)
        yield tag, min(start, end), min(at, end)


def _is_nested(der: bytes, start: int, stop: int) -> bool:
    """Whether an octet string holds one sequence and nothing else."""
    if stop - start < 2:  # noqa: PLR2004 - a tag and a length
        return False
    tag, _, end = _element(der, start)
    return (tag == _SEQUENCE and end == stop) or der[start : start + 2] == _ENDLESS_SEQUENCE


def _rounds(numbers: list[int]) -> int:
    return _SCRYPT_WEIGHT * prod(numbers) if len(numbers) == _SCRYPT else sum(numbers[:1])


def demands_of(der: bytes) -> Demands:
    """Return what has to be done before these bytes are a key.

    Numbers right after an octet string are taken for rounds after their salt: so write PBKDF2,
    scrypt, the older schemes of PKCS#5 and PKCS#12, and the MAC of a PFX. An octet string right
    after a sequence is taken for a key after the name of its cipher.
    """
    rounds = bits = hidden = 0
    stretches = [(0, len(der))]
    while stretches:
        before, numbers = 0, list[int]()
        for tag, start, stop in _elements(der, *stretches.pop()):
            if tag == _INTEGER:
                number = int.from_bytes(der[start:stop], "big")
                bits = max(bits, number.bit_length())
                if before == _OCTETS:
                    numbers.append(min(number, _PLENTY))
                continue
            rounds, numbers = rounds + _rounds(numbers), []
            if tag & _CONSTRUCTED or (tag == _OCTETS and _is_nested(der, start, stop)):
                stretches.append((start, stop))
            elif tag == _OCTETS and before == _SEQUENCE:
                hidden = max(hidden, stop - start)
            before = tag
        rounds += _rounds(numbers)
    return Demands(rounds, bits, hidden)
