"""What bounds an exchange: seconds, bytes and codings, without any connection."""

from __future__ import annotations

import math
import time
import zlib
from collections.abc import Callable
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sansio_auth.errors import ConfigurationError, TransportError
from sansio_auth_adapters.transports._exchange import (
    DEFAULT_SECONDS,
    Bounds,
    Exchange,
    bounds_of,
    read_body,
)

CODINGS: Final = {None: 0, "gzip": 31, "x-gzip": 31, " GZIP ": 31, "deflate": 15, "Deflate": -15}
PLENTY: Final = 1 << 20


def _coded(body: bytes, coding: str | None) -> bytes:
    if coding is None:
        return body
    packer = zlib.compressobj(wbits=CODINGS[coding])
    return packer.compress(body) + packer.flush()


def _pieces(data: bytes, size: int) -> Callable[[int], bytes]:
    """Return a reader that never gives more than `size` bytes at once."""
    left = bytearray(data)

    def read(most: int) -> bytes:
        piece = bytes(left[: min(most, size)])
        del left[: len(piece)]
        return piece

    return read


def _exchange(seconds: float = 5) -> Exchange:
    return Exchange.begin(Bounds(), seconds)


@given(st.binary(max_size=2000), st.sampled_from(list(CODINGS)), st.integers(1, 3000))
def test_however_a_body_is_coded_and_cut_it_is_the_body(
    body: bytes, coding: str | None, size: int
) -> None:
    """Nothing depends on where the pieces end."""
    read = _pieces(_coded(body, coding), size)
    assert read_body(read, _exchange(), coding=coding, max_bytes=len(body)) == body


@given(st.binary(max_size=2000), st.binary(max_size=2000), st.integers(1, 3000))
def test_gzip_members_are_one_body(first: bytes, second: bytes, size: int) -> None:
    """RFC 1952 section 2.2 lets one member follow another."""
    read = _pieces(_coded(first, "gzip") + _coded(second, "gzip"), size)
    assert read_body(read, _exchange(), coding="gzip", max_bytes=PLENTY) == first + second


@given(st.binary(min_size=1, max_size=500), st.sampled_from(["gzip", "deflate", "Deflate"]))
def test_a_coded_body_without_its_end_is_incomplete(body: bytes, coding: str) -> None:
    """Wherever it breaks off, as long as anything came."""
    coded = _coded(body, coding)
    for length in range(1, len(coded)):
        with pytest.raises(TransportError) as caught:
            _ = read_body(
                _pieces(coded[:length], length), _exchange(), coding=coding, max_bytes=PLENTY
            )
        assert caught.value.kind == "incomplete"


@pytest.mark.parametrize("coding", CODINGS)
def test_a_body_of_no_bytes_is_empty_in_every_coding(coding: str | None) -> None:
    """Some servers name a coding for a body that is not there."""
    assert read_body(_pieces(b"", 1), _exchange(), coding=coding, max_bytes=0) == b""


def test_what_follows_a_deflated_body_is_ignored() -> None:
    """Unlike gzip it has one end only."""
    read = _pieces(_coded(b"body", "deflate") + b"more", 3)
    assert read_body(read, _exchange(), coding="deflate", max_bytes=PLENTY) == b"body"


def test_a_coding_that_cannot_be_undone_is_left() -> None:
    """It will not be JSON then, and is refused for that."""
    assert read_body(_pieces(b"\x1b", 1), _exchange(), coding="br", max_bytes=9) == b"\x1b"


@given(st.integers(0, 3000), st.sampled_from(list(CODINGS)), st.integers(1, 3000))
def test_a_body_beyond_the_cap_is_refused(cap: int, coding: str | None, size: int) -> None:
    """One byte is enough."""
    read = _pieces(_coded(bytes(cap + 1), coding), size)
    with pytest.raises(TransportError) as caught:
        _ = read_body(read, _exchange(), coding=coding, max_bytes=cap)
    assert (caught.value.kind, caught.value.sent) == ("body_too_large", True)


@pytest.mark.parametrize("coding", [None, "gzip", "deflate"])
def test_nothing_is_read_beyond_the_cap(coding: str | None) -> None:
    """Neither of a body without end nor of one that decodes to nothing for ever."""
    empty = _coded(b"", coding) or b" "
    taken = 0

    def read(most: int) -> bytes:
        nonlocal taken
        piece = (empty * (most // len(empty) + 1))[:most]
        taken += most
        return piece

    with pytest.raises(TransportError):
        _ = read_body(read, _exchange(), coding=coding, max_bytes=1)
    assert taken < PLENTY


def test_a_body_that_comes_too_late_is_refused() -> None:
    """Even where every single read was in time."""
    exchange = _exchange()

    def read(_: int) -> bytes:
        exchange.end = time.monotonic()
        return b" "

    with pytest.raises(TransportError) as caught:
        _ = read_body(read, exchange, coding=None, max_bytes=PLENTY)
    assert caught.value.kind == "deadline"


@pytest.mark.parametrize(
    ("timeout", "bounds"),
    [
        (None, Bounds(math.inf, math.inf, DEFAULT_SECONDS)),
        (3, Bounds(3, 3, 3)),
        (0.5, Bounds(0.5, 0.5, 0.5)),
        ((1, 2), Bounds(1, 2, 3)),
        ((1, None), Bounds(1, math.inf, DEFAULT_SECONDS)),
        ((None, 2), Bounds(math.inf, 2, DEFAULT_SECONDS)),
        ((None, None), Bounds()),
        ((40, 50), Bounds(40, 50, 90)),
    ],
)
def test_a_timeout_bounds_each_wait_and_the_total(timeout: object, bounds: Bounds) -> None:
    """As requests reads it, and in total by a number or the sum of a pair."""
    assert bounds_of(timeout) == bounds


@pytest.mark.parametrize(
    "timeout",
    [0, -1, True, math.inf, math.nan, "5", b"5", (), (1,), (1, 2, 3), (1, 0), ("1", 2), [1, 2], {}],
)
def test_a_timeout_that_is_none_is_refused(timeout: object) -> None:
    """Before anything is done with it."""
    with pytest.raises(ConfigurationError) as caught:
        _ = bounds_of(timeout)
    assert caught.value.code == "timeout"


def test_an_exchange_has_the_fewer_of_its_seconds() -> None:
    """The request's or the transport's own."""
    began = time.monotonic()
    for bounds, seconds in ((Bounds(total=7), 90), (Bounds(total=90), 7)):
        assert 7 <= Exchange.begin(bounds, seconds).end - began < 8


def test_a_wait_takes_no_more_than_is_left() -> None:
    """Nor more than its own bound, nor more than its share."""
    exchange = _exchange(6)
    assert exchange.wait(1) == 1
    assert 5 < exchange.wait(math.inf) <= 6
    assert 2 < exchange.wait(math.inf, 2) <= 3
    assert not exchange.over


def test_there_is_no_wait_after_the_end() -> None:
    """It would be for ever, or not at all."""
    exchange = _exchange(0)
    assert exchange.over
    with pytest.raises(TimeoutError):
        _ = exchange.wait(1)
