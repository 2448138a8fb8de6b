"""The contract, by size: what is larger than it may be is refused before it takes memory.

The cap holds for the decoded body, so codings are here too.
"""

from __future__ import annotations

import tracemalloc
import zlib
from typing import Final

import pytest

from sansio_auth.errors import ResponseError, TransportError
from sansio_auth.wire import MAX_HEADER_BYTES, HttpRequest
from sansio_auth_adapters.ports import Transport
from sansio_auth_adapters.testing.faultserver import answering, chunked, closing, response
from sansio_auth_adapters.testing.fixtures import Serve

BODY: Final = b'{"access_token":"t"}'
CAP: Final = 10_000


def _post(url: str) -> HttpRequest:
    return HttpRequest("POST", url, form=(), timeout=5, max_bytes=CAP)


def _failure(transport: Transport, request: HttpRequest) -> TransportError:
    with pytest.raises(TransportError) as caught:
        _ = transport.send(request)
    return caught.value


BOMB: Final = 32 << 20


def _inflating(coding: str) -> bytes:
    bits = 16 + zlib.MAX_WBITS if coding == "gzip" else zlib.MAX_WBITS
    packer = zlib.compressobj(wbits=bits)
    return packer.compress(bytes(BOMB)) + packer.flush()


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_bomb_is_not_inflated(reading: Transport, serve: Serve, coding: str) -> None:
    """The memory it takes is a small part of what it would become (row 50)."""
    bomb = _inflating(coding)
    plain = serve(answering(response()))
    server = serve(answering(response(200, bomb, ("Content-Encoding", coding))))
    _ = reading.send(_post(plain.url()))  # loads what the first request loads
    tracemalloc.start()
    try:
        error = _failure(reading, _post(server.url()))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert error.kind == "body_too_large"
    assert peak < BOMB / 32


#: More than any transport reads at once beyond the cap.
MUCH: Final = CAP + (1 << 20)
TOO_LARGE: Final[dict[str, bytes]] = {
    "one byte": response(200, bytes(CAP + 1)),
    "chunks": chunked(*[bytes(CAP)] * 9, b""),
    "gzip": response(200, zlib.compress(bytes(CAP + 1), wbits=31), ("Content-Encoding", "gzip")),
    "a coding that is unknown": response(200, bytes(CAP + 1), ("Content-Encoding", "zstd2")),
}


@pytest.mark.parametrize("name", TOO_LARGE)
def test_a_body_beyond_the_cap_is_refused(transport: Transport, serve: Serve, name: str) -> None:
    """By every transport, with the same word."""
    server = serve(answering(TOO_LARGE[name]))
    with pytest.raises((TransportError, ResponseError)) as caught:
        _ = transport.send(_post(server.url()))
    assert caught.value.code == "body_too_large"


@pytest.mark.parametrize("length", [MUCH, 10**30])
def test_what_is_left_of_a_refused_body_is_no_answer(
    reading: Transport, serve: Serve, length: int
) -> None:
    """The next request goes over a connection of its own and gets what is meant for it."""
    refused = response(200, bytes(MUCH), length=length)
    server = serve(answering(refused, response(200, BODY)))
    assert _failure(reading, _post(server.url())).kind == "body_too_large"
    assert reading.send(_post(server.url())).body == BODY
    assert server.connections == 2


HEADERS_TOO_LARGE: Final[dict[str, bytes]] = {
    "one line": b"a: " + b"b" * (2 * MAX_HEADER_BYTES) + b"\r\n",
    "too many": b"a: b\r\n" * 200,
    "large in sum": (b"a: " + b"b" * (MAX_HEADER_BYTES // 2) + b"\r\n") * 9,
    "without an end": b"a" * (16 * MAX_HEADER_BYTES),
}


@pytest.mark.parametrize("lines", HEADERS_TOO_LARGE.values(), ids=HEADERS_TOO_LARGE.keys())
def test_headers_beyond_bounds_are_refused(reading: Transport, serve: Serve, lines: bytes) -> None:
    """In one line, in number and in sum (row 211)."""
    server = serve(closing(b"HTTP/1.1 200 OK\r\n" + lines + b"\r\n{}"))
    error = _failure(reading, _post(server.url()))
    assert (error.kind, error.sent) == ("body_too_large", True)


def test_interim_responses_without_end_are_refused(reading: Transport, serve: Serve) -> None:
    """They count as headers, however fast they come."""
    wait = b"HTTP/1.1 103 Wait\r\n\r\n"
    server = serve(closing(wait * (2 * MAX_HEADER_BYTES // len(wait))))
    assert _failure(reading, _post(server.url())).kind == "body_too_large"


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "deflate"])
def test_a_coded_body_is_decoded(transport: Transport, serve: Serve, coding: str) -> None:
    """Though nobody asked for a coding (row 49)."""
    bits = zlib.MAX_WBITS if coding == "deflate" else 16 + zlib.MAX_WBITS
    coded = zlib.compress(BODY, wbits=bits)
    server = serve(answering(response(200, coded, ("Content-Encoding", coding))))
    assert transport.send(_post(server.url())).body == BODY


def test_a_coded_body_that_is_broken_is_incomplete(transport: Transport, serve: Serve) -> None:
    """It is no partial answer (row 49)."""
    server = serve(answering(response(200, b"not gzip", ("Content-Encoding", "gzip"))))
    assert _failure(transport, _post(server.url())).kind == "incomplete"


def test_a_coded_body_that_breaks_off_is_incomplete(reading: Transport, serve: Serve) -> None:
    """Even where its length is as announced."""
    coded = zlib.compress(BODY, wbits=31)[:-9]
    server = serve(answering(response(200, coded, ("Content-Encoding", "gzip"))))
    assert _failure(reading, _post(server.url())).kind == "incomplete"
