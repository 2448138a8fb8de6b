"""I-6, the other half: in bounded time and memory, however large, deep or repetitive an input is.

There is no clock here: what would take too long ends by the suite's timeout. Memory is counted
with `tracemalloc` and may grow with an input's length, by a factor that JSON has, and no faster.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from sansio_auth import HttpResponse, parse_www_authenticate
from sansio_auth._claims import read_challenge
from sansio_auth.errors import ConfigurationError, ResponseError
from tests.properties.parsers import PARSERS, good_members, said

#: One is what a transport lets through; `make bounds MEGABYTES=10` tries ten.
_MEGABYTES: Final = int(os.environ.get("MEGABYTES", "1")) * 1_000_000
_DEEP: Final = 100_000
#: What JSON's containers take for each character in CPython, and what any input costs besides.
_PER_BYTE: Final = 80
_ELSE: Final = 16 << 20

#: Documents as a whole, each as large as no server's.
_WHOLE: Final[Mapping[str, Callable[[], bytes]]] = {
    "white-space": lambda: b" " * _MEGABYTES,
    "digits": lambda: b"9" * _MEGABYTES,
    "one-text": lambda: b'"' + b"x" * _MEGABYTES + b'"',
    "a-text-without-end": lambda: b'"' + b"x" * _MEGABYTES,
    "escapes": lambda: b'"' + b"\\\\" * (_MEGABYTES // 2) + b'"',
    "half-characters": lambda: b'"' + b"\\ud800" * (_MEGABYTES // 6) + b'"',
    "a-list-of-numbers": lambda: b"[" + b"1," * (_MEGABYTES // 2) + b"1]",
    "deep-lists": lambda: b"[" * _DEEP,
    "deep-objects": lambda: b'{"a":' * _DEEP,
    "deep-and-closed": lambda: b"[" * _DEEP + b"]" * _DEEP,
    "deep-and-mixed": lambda: b'[{"a":' * _DEEP,
    "one-member-often": lambda: b"{" + b'"expires_in":1,' * _DEEP + b'"expires_in":1}',
    "many-members": lambda: json.dumps({str(n): n for n in range(_DEEP)}).encode(),
    "nulls": lambda: b"\x00" * _MEGABYTES,
    "bytes": lambda: b"\xff" * _MEGABYTES,
    "dashes": lambda: b"-" * _MEGABYTES,
    "beginnings": lambda: b"-----BEGIN PRIVATE KEY-----" * _DEEP,
    "sequences": lambda: b"\x30\x80" * _DEEP,
    "dots": lambda: b"." * _MEGABYTES,
    "labels": lambda: b"https://" + b"a." * _DEEP,
    "quotes": lambda: b'Bearer claims="' * _DEEP,
}


def _measured(parse: Callable[[bytes], object], data: bytes) -> None:
    tracemalloc.start()
    try:
        said(parse, data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak <= _ELSE + _PER_BYTE * len(data)


#: How DER is looked at has megabytes of its own, in tests/core/test_der.py.
_LARGE: Final = [name for name in PARSERS if name != "demands of DER"]


@pytest.mark.bounds
@pytest.mark.parametrize("name", _LARGE)
@pytest.mark.parametrize("whole", _WHOLE)
def test_a_large_input_takes_no_more_than_its_share(name: str, whole: str) -> None:
    """Row 223: megabytes, a hundred thousand levels, a hundred thousand repetitions."""
    _measured(PARSERS[name].parse, _WHOLE[whole]())


#: What a member becomes, as JSON that no encoder would write.
_MEMBERS: Final[Mapping[str, bytes]] = {
    "a-hundred-thousand-digits": b"1" * 100_000,
    "as-many-in-a-text": b'"' + b"1" * 100_000 + b'"',
    "as-many-below-zero": b"-" + b"1" * 100_000,
    "as-many-after-a-point": b"1." + b"1" * 100_000,
    "1e400": b"1e400",
    "-1e400": b"-1e400",
    "1e400-in-a-text": b'"1e400"',
    "1e-400": b"1e-400",
    "an-exponent-of-digits": b"1e" + b"9" * 100_000,
    "NaN": b"NaN",
    "a-megabyte-of-text": b'"' + b"x" * 1_000_000 + b'"',
    "a-megabyte-of-spaces": b'"' + b" " * 1_000_000 + b'"',
    "a-megabyte-of-dots": b'"' + b"." * 1_000_000 + b'"',
    "a-megabyte-of-words": b'"' + b"a " * 500_000 + b'"',
    "a-url-of-a-megabyte": b'"https://login.microsoftonline.com/' + b"a/" * 500_000 + b'"',
    "a-host-of-a-megabyte": b'"https://' + b"a." * 500_000 + b'com/"',
    "deep": b"[" * _DEEP,
    "deep-in-a-text": b'"' + b"[" * _DEEP + b'"',
    "a-list": b"[" + b"50076," * 100_000 + b"1]",
    "half-a-character": b'"\\ud800"',
}


def _with_member(before: bytes, document: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    for name in document:
        for value in _MEMBERS.values():
            place = json.dumps({**document, name: "@here"}).encode()
            yield name, before + place.replace(b'"@here"', value, 1)


@pytest.mark.bounds
@pytest.mark.parametrize("name", [name for name in PARSERS if any(good_members(name))])
def test_a_large_member_takes_no_more_than_its_share(name: str) -> None:
    """Whichever of a good document's; memory is counted, which is slow, for one of them."""
    for before, document in good_members(name):
        for member, data in _with_member(before, document):
            measured = member == next(iter(document))
            (_measured if measured else said)(PARSERS[name].parse, data)


@pytest.mark.parametrize("name", ["Retry-After", "thumbprint", "region", "authority", "endpoint"])
@pytest.mark.parametrize("value", _MEMBERS)
def test_a_large_header_or_word_takes_no_more_than_its_share(name: str, value: str) -> None:
    """A number of a hundred thousand digits is not even converted."""
    _measured(PARSERS[name].parse, _MEMBERS[value].strip(b'"'))


@pytest.mark.parametrize(
    "header",
    [
        'Bearer realm="' + '\\"' * 500_000 + '"',
        'Bearer realm="' + "\\" * 1_000_000,
        "Bearer " + 'a="b", ' * 150_000,
        "Bearer " + "a=b " * 250_000,
        "Bearer " + " " * 1_000_000 + "=",
        "Bearer, " * 125_000,
        "Bearer " + "a" * 1_000_000,
        "Bearer " + "a" * 500_000 + "=" * 500_000,
        "Bearer " + "a" * 500_000 + "=" * 250_000 + " " * 250_000 + "x",
        'Bearer claims="' + "e30" * 333_333 + '"',
        'a="b' * 250_000,
        "," * 1_000_000,
        '"' * 1_000_000,
    ],
    ids=lambda header: header[:24],
)
def test_a_megabyte_of_challenge_is_gone_through_once(header: str) -> None:
    """Nested quotes, scheme after scheme, padding without end."""
    try:
        found = parse_www_authenticate(header)
    except ResponseError:
        return
    assert found is None


def test_a_megabyte_of_claims_is_no_claims() -> None:
    """They go into a form field."""
    for text in ('{"a":"' + "x" * 1_000_000 + '"}', "[" * 1_000_000, "e30" * 333_333):
        with pytest.raises(ConfigurationError, match="longer"):
            read_challenge(text)


def test_ten_thousand_headers_are_looked_through() -> None:
    """Also where the one that matters is there a thousand times; the first one counts."""
    many = tuple((f"x-{n}", "y" * 100) for n in range(10_000))
    response = HttpResponse(200, (*many, *(("Retry-After", str(n)) for n in range(1, 1_000))))
    assert response.header("retry-after") == "1"
    assert response.header("x-9999") == "y" * 100
    assert response.header("date") is None


def test_a_stack_of_hundred_and_fifty_calls_is_enough() -> None:
    """Row 223: for every parser and every large input, with and without asserts."""
    root = Path(__file__).parents[2]
    program = (
        f"import sys; sys.path.insert(0, {str(root)!r})\n"
        "from tests.properties.test_bounds import PARSERS, _WHOLE, said\n"
        "inputs = {name: make() for name, make in _WHOLE.items() if name.startswith('deep')}\n"
        "for parser in PARSERS.values(): said(parser.parse, parser.corpus[0])  # imports\n"
        "sys.setrecursionlimit(150)\n"
        "for parser in PARSERS.values():\n"
        "    for data in (*inputs.values(), *parser.corpus): said(parser.parse, data)\n"
        "print('through')\n"
    )
    for flags in ((), ("-OO",)):
        ran = subprocess.run(
            [sys.executable, *flags, "-c", program],
            capture_output=True, text=True, check=False, timeout=100,
        )  # fmt: skip
        assert ran.stdout == "through\n", ran.stderr
