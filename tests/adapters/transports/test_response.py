"""The head of a response: read as the standard library does, and stricter where that guesses."""

from __future__ import annotations

import http.client
import io
import socket
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sansio_auth_adapters.transports._exchange import Bounds, Exchange
from sansio_auth_adapters.transports._response import (
    HeadersTooLarge,
    Response,
    current_exchange,
    serving,
)


class _Sock:
    """As much of a socket as a response reads from, with everything received already."""

    def __init__(self, received: bytes) -> None:
        self._received = received

    def makefile(self, mode: str) -> io.BufferedReader:
        assert mode == "rb"
        raw: Any = io.BytesIO(self._received)
        return io.BufferedReader(raw)

    def settimeout(self, seconds: float) -> None:
        assert 0 < seconds <= 30


def _begun(received: bytes, kind: type[http.client.HTTPResponse] = Response) -> Any:
    sock: Any = _Sock(received)
    response = kind(sock, method="POST")
    serving.exchange = Exchange.begin(Bounds(), 30)
    try:
        response.begin()
        body = response.read()
    finally:
        serving.exchange = None
    return response, body


_TOKENS = st.text("abcXYZ019-_", min_size=1, max_size=12)
_VALUES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_categories=["Cc"]))
_FRAMING = st.sampled_from(
    [
        ("Content-Length", "5"), ("content-length", "0"), ("Content-Length", "x"),
        ("Content-Length", "-1"), ("Transfer-Encoding", "chunked"), ("Connection", "close"),
        ("transfer-encoding", "Chunked"), ("Connection", "Keep-Alive"), ("CONNECTION", "x, CLOSE"),
    ]
)  # fmt: skip
#: Of a field that frames a message there is one: of more the standard library sees the first only.
_HEADS = st.builds(
    lambda fields, framing: [*fields, *framing],
    st.lists(st.tuples(_TOKENS, _VALUES), max_size=6),
    st.lists(_FRAMING, max_size=3, unique_by=lambda field: field[0].lower()),
)


@settings(max_examples=300, deadline=None)
@given(
    _HEADS,
    st.sampled_from([200, 400, 503, 999]),
    st.sampled_from(["HTTP/1.0", "HTTP/1.1", "HTTP/1.2"]),
    st.sampled_from(["OK", "", "Not at all: so"]),
)
def test_a_head_means_what_it_means_to_the_standard_library(
    fields: list[tuple[str, str]], status: int, version: str, reason: str
) -> None:
    """Status, fields, where the body ends and whether the connection is kept."""
    lines = [f"{version} {status} {reason}", *(f"{name}: {value}" for name, value in fields)]
    received = "\r\n".join([*lines, "", "3\r\nabc\r\n0\r\n\r\n"]).encode("iso-8859-1")
    ours, theirs = (_read(received, kind) for kind in (Response, http.client.HTTPResponse))
    assert ours == theirs


def _read(received: bytes, kind: type[http.client.HTTPResponse]) -> object:
    try:
        response, body = _begun(received, kind)
    except http.client.IncompleteRead as error:
        return "incomplete", error.partial
    fields = [(name, value.strip(" \t\r\n")) for name, value in response.msg.items()]
    return (
        response.status, response.reason, response.version, fields, response.will_close, body,
    )  # fmt: skip


@pytest.mark.parametrize("status", [100, 102, 103, 199])
def test_interim_responses_are_passed_over(status: int) -> None:
    """Whatever number they have (RFC 9110 section 15.2), and however many they are."""
    head = f"HTTP/1.1 {status} Wait\r\nLink: </x>\r\n\r\n".encode()
    response, body = _begun(head * 3 + b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
    assert (response.status, response.msg.items(), body) == (200, [("Content-Length", "2")], b"hi")


def test_a_change_of_protocols_is_no_interim_response() -> None:
    """What follows it is no HTTP, and none of it is read."""
    response, body = _begun(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\nbinary")
    assert (response.status, body) == (101, b"")


def test_a_folded_field_is_one_value() -> None:
    """RFC 9112 section 5.2: a line that begins with white space belongs to the one before."""
    response, _ = _begun(b"HTTP/1.1 204 No\r\nX: a\r\n  b\r\n\tc\r\nY:\r\n d\r\n\r\n")
    assert response.msg.items() == [("X", "a b c"), ("Y", "d")]


@pytest.mark.parametrize(
    "line", [b"no colon", b": no name", b"two words: x", b"Content-Length : 9", b" folded: first"]
)
def test_what_is_no_field_is_passed_over_and_hides_none(line: bytes) -> None:
    """The token behind such a line is not lost (I-2), and the next line still counts."""
    received = b"HTTP/1.1 200 OK\r\n" + line + b"\r\nContent-Length: 2\r\n\r\nhi and more"
    response, body = _begun(received)
    assert (response.msg.items(), body) == ([("Content-Length", "2")], b"hi")


@pytest.mark.parametrize("more", ["\r\nContent-Length: 2", ", 2"])
def test_a_length_may_be_told_twice(more: str) -> None:
    """RFC 9110 section 8.6: the same one again changes nothing."""
    response, body = _begun(
        f"HTTP/1.1 200 OK\r\nContent-Length: 2{more}\r\n\r\nhi and more".encode()
    )
    assert (body, response.will_close) == (b"hi", False)


@pytest.mark.parametrize("status", ["200 OK", "204 No"])
@pytest.mark.parametrize("coding", ["", "Transfer-Encoding: chunked", "Transfer-Encoding: x"])
@pytest.mark.parametrize("more", ["\r\nContent-Length: 9", ", 9", ","])
def test_lengths_that_disagree_are_no_head(status: str, coding: str, more: str) -> None:
    """RFC 9112 section 6.3, whatever else there is, and before urllib3 sees them."""
    received = f"HTTP/1.1 {status}\r\nContent-Length: 2{more}\r\n{coding}\r\n\r\nhi and more"
    with pytest.raises(http.client.IncompleteRead):
        _ = _begun(received.encode())


@pytest.mark.parametrize(
    "lines",
    [
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: \x0bchunked",
        "Transfer-Encoding: \xa0chunked",
        "Transfer-Encoding:",
    ],
)
def test_a_coding_that_nobody_knows_ends_with_the_connection(lines: str) -> None:
    """It outranks a length: whoever reads by the length finds the rest in the next answer."""
    received = f"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n{lines}\r\n\r\n2\r\nhi\r\n0\r\n\r\n"
    response, body = _begun(received.encode("iso-8859-1"))
    assert (body, response.will_close) == (b"2\r\nhi\r\n0\r\n\r\n", True)


@pytest.mark.parametrize("length", ["+2", "2_0", "0x2", "٢", "\x0b2", "\x852", "1e1", "9" * 400])
def test_a_length_of_anything_but_digits_is_none(length: str) -> None:
    """The standard library would take the first ones for numbers; the body ends with the stream."""
    received = f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\nhi".encode()
    response, body = _begun(received)
    assert (body, response.will_close) == (b"hi", True)


@pytest.mark.parametrize(
    "received",
    [
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"",
    ],
)
def test_a_head_that_breaks_off_is_no_answer(received: bytes) -> None:
    """The end of the stream is not the end of the head."""
    with pytest.raises((http.client.IncompleteRead, http.client.RemoteDisconnected)):
        _ = _begun(received)


@pytest.mark.parametrize(
    "line",
    [b"HTTP/1.1 20 OK", b"HTTP/1.1 2000 OK", b"HTTP/1.1 099 OK", b"HTTP/1.1 +99 OK", b"ICY 200 OK"],
)
def test_what_is_no_status_line_is_none(line: bytes) -> None:
    """A status has three digits and is 100 at least."""
    with pytest.raises(http.client.BadStatusLine):
        _ = _begun(line + b"\r\n\r\n")


@pytest.mark.parametrize("version", [b"HTTP/2.0", b"HTTP/0.9", b"HTTP/11"])
def test_another_version_of_http_is_unknown(version: bytes) -> None:
    """Nobody here speaks it."""
    with pytest.raises(http.client.UnknownProtocol):
        _ = _begun(version + b" 200 OK\r\n\r\n")


def test_more_than_a_hundred_fields_are_too_many() -> None:
    """As the standard library has it."""
    with pytest.raises(HeadersTooLarge):
        _ = _begun(b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 101 + b"\r\n")


@pytest.mark.parametrize("line", [b"HTTP/1.1 200 %s", b"HTTP/1.1 200 OK\r\nx: %s"])
def test_a_line_is_bounded(line: bytes) -> None:
    """A server cannot make a client hold more than 64 KiB of a line."""
    with pytest.raises((http.client.LineTooLong, HeadersTooLarge)):
        _ = _begun(line % (b"a" * 70_000) + b"\r\n\r\n")


def test_nothing_is_read_outside_of_an_exchange() -> None:
    """A connection that serves nobody has no time left to read in."""
    sock: Any = _Sock(b"HTTP/1.1 200 OK\r\n\r\n")
    with pytest.raises(RuntimeError):
        Response(sock).begin()
    with pytest.raises(RuntimeError):
        _ = current_exchange()


def test_a_real_socket_is_read_from() -> None:
    """The way in which urllib3 makes a response."""
    here, there = socket.socketpair()
    with here, there:
        there.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
        response = Response(here, method="POST")
        serving.exchange = Exchange.begin(Bounds(), 30)
        try:
            response.begin()
            assert response.read() == b"hi"
        finally:
            serving.exchange = None
            response.close()
