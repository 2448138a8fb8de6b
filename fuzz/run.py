"""Throw broken input at every parser: `make fuzz`, or `python fuzz/run.py --seconds 300 --seed 7`.

A finding is anything but one of our errors, or an input that takes longer than a second. It is
printed with its seed, and the exit code is 1. Good inputs are cut, doubled, nested, spliced and
spoilt; the same seed makes the same inputs.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import traceback
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parent))
from targets import (  # type: ignore[import-not-found]  # pyright: ignore[reportImplicitRelativeImport]
    TARGETS,
    Target,
)

from sansio_auth.errors import SansioAuthError

_SLOW: Final = 1.0
_TOKENS: Final = (
    b"{", b"}", b"[", b"]", b'"', b"\\", b"null", b"true", b"1e999", b"-1", b"NaN", b"\x00",
    b"\xff", b"\xed\xa0\x80", "\u202e".encode(), "İ".encode(), b"=", b",", b".", b"%2e", b"\r\n",
    b"-----", b"\\ud800", b"9" * 400, b":", b"@", b"//", b"#", b"?", b" " * 50,
)  # fmt: skip


def spoilt(dice: random.Random, corpus: tuple[bytes, ...]) -> bytes:
    """Return a good input with a few things done to it."""
    data = bytearray(dice.choice(corpus))
    for _ in range(dice.choice((1, 1, 2, 3, 8))):
        at, to = sorted(dice.randrange(len(data) + 1) for _ in range(2))
        match dice.randrange(8):
            case 0:
                del data[at:to]
            case 1:
                data[at:at] = dice.choice(_TOKENS)
            case 2:
                data[at:to] = dice.choice(_TOKENS)
            case 3:
                data[at:at] = data[at:to] * dice.choice((1, 2, 30))
            case 4:
                data[at : at + 1] = dice.randbytes(1)
            case 5:
                other = dice.choice(corpus)
                data[at:to] = other[dice.randrange(len(other) + 1) :]
            case 6:
                data[at:at] = dice.choice((b"[", b'{"a":', b"(")) * dice.choice((10, 3_000))
            case _:
                data[at:to] = dice.randbytes(dice.randrange(20))
        del data[200_000:]
    return bytes(data)


def tried(target: Target, data: bytes) -> str | None:
    """Return what is wrong with how a parser took an input, None where nothing is."""
    began = time.perf_counter()
    try:
        _ = target.parse(data)
    except SansioAuthError:
        pass
    except Exception:  # noqa: BLE001 - any other is what is looked for
        return traceback.format_exc(limit=-4)
    took = time.perf_counter() - began
    return f"took {took:.1f} s for {len(data)} bytes" if took > _SLOW else None


def main() -> int:
    """Go round the parsers until the time is over."""
    parser = argparse.ArgumentParser()
    _ = parser.add_argument("--seconds", type=float, default=60.0)
    _ = parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    end = time.monotonic() + given.seconds
    counts = dict.fromkeys(TARGETS, 0)
    number = given.seed * 1_000_000_000
    while time.monotonic() < end:
        for name, target in TARGETS.items():
            number += 1
            data = spoilt(random.Random(number), target.corpus)
            counts[name] += 1
            if (wrong := tried(target, data)) is not None:
                print(f"{name}, input {number}: {data[:300]!r}\n{wrong}")
                return 1
    for name, count in counts.items():
        print(f"{count:>10,}  {name}")
    print(f"{sum(counts.values()):>10,}  inputs, nothing found")
    return 0


if __name__ == "__main__":
    sys.exit(main())
