"""Where the default transport sees a body end, and what becomes of the connection then."""

from __future__ import annotations

import gc
from typing import Final

import pytest

from sansio_auth.errors import TransportError
from sansio_auth.wire import HttpRequest
from sansio_auth_adapters.testing.certificates import Authority
from sansio_auth_adapters.testing.faultserver import (
    FaultServer,
    Line,
    answering,
    chunked,
    closing,
    response,
    tunnelling,
)
from sansio_auth_adapters.testing.fixtures import Serve
from sansio_auth_adapters.transports.urllib3 import Urllib3Transport

BODY: Final = b'{"access_token":"t"}'
PLANTED: Final = response(200, b'{"access_token":"planted"}')
#: What one read of a buffered reader takes; whatever follows stays where TLS has decrypted it.
_ONE_READ: Final = 8192


def _posts(transport: Urllib3Transport, server: FaultServer, times: int) -> list[bytes]:
    asked = HttpRequest("POST", server.url(), form=(("a", "b"),), timeout=5)
    return [transport.send(asked).body for _ in range(times)]


@pytest.mark.parametrize("through_tls", [False, True])
@pytest.mark.parametrize("read", [0, 100, _ONE_READ, 2 * _ONE_READ, 20_000])
def test_what_tls_has_decrypted_beyond_a_body_answers_no_request(
    serve: Serve, authority: Authority, read: int, through_tls: bool
) -> None:
    """The operating system sees nothing to read there: the connection is given up all the same."""
    first = response(200, BODY)
    spoilt = first + bytes(max(0, read - len(first))) + PLANTED
    server = serve(answering(spoilt, response(200, BODY)), authority.server("127.0.0.1"))
    proxies: dict[str, str | None] = {}
    if through_tls:
        proxy = serve(tunnelling(server.port), authority.server("127.0.0.1"))
        proxies = {"https": proxy.url("")}
    transport = Urllib3Transport(verify=authority.file, proxies=proxies)
    assert _posts(transport, server, 2) == [BODY] * 2
    assert server.connections == (1 if read < _ONE_READ else 2)  # one read takes and drops the rest
    transport.close()


@pytest.mark.parametrize("status", [101, 204, 304])
@pytest.mark.parametrize("field", ["", "Content-Length: 9\r\n", "Transfer-Encoding: chunked\r\n"])
def test_after_a_status_without_a_body_the_connection_is_not_used_again(
    serve: Serve, status: int, field: str
) -> None:
    """Whatever the fields promise: what a server sends behind it would be the next answer."""
    head = f"HTTP/1.1 {status} Nothing\r\n{field}\r\n".encode()
    server = serve(answering(head, response(200, BODY)))
    transport = Urllib3Transport(proxies={})
    assert _posts(transport, server, 2) == [b"", BODY]
    assert server.connections == 2
    transport.close()


def test_a_connection_of_two_minds_is_not_used_again(serve: Serve) -> None:
    """RFC 9110 section 5.3: fields of one name are one list, and `close` is in it."""
    both = (("Connection", "keep-alive"), ("Connection", "close"))
    server = serve(answering(response(200, BODY, *both)))
    transport = Urllib3Transport(proxies={})
    assert _posts(transport, server, 2) == [BODY] * 2
    assert server.connections == 2
    transport.close()


def test_lengths_that_disagree_are_no_length(serve: Serve) -> None:
    """Neither of them is believed, and the socket is closed at once (RFC 9112 section 6.3)."""
    two = response(200, BODY, ("Content-Length", "3"))
    server = serve(answering(two, response(200, BODY)))
    transport = Urllib3Transport(proxies={})
    with pytest.raises(TransportError) as caught:
        _ = _posts(transport, server, 1)
    assert (caught.value.kind, caught.value.sent) == ("incomplete", True)
    assert _posts(transport, server, 1) == [BODY]
    assert server.connections == 2
    del caught
    _ = gc.collect()  # which complains of sockets that are open
    transport.close()


@pytest.mark.parametrize("size", [b"-1", b"-14", b"+14", b"0x14", b"1_4", b"", b"14 14", b"\xb2"])
def test_a_size_of_anything_but_digits_is_no_chunk(serve: Serve, size: bytes) -> None:
    """RFC 9112 section 7.1; the standard library reads `+14`, and a negative one to the end."""
    server = serve(closing(chunked() + size + b"\r\n" + BODY + b"\r\n0\r\n\r\n"))
    transport = Urllib3Transport(proxies={})
    with pytest.raises(TransportError) as caught:
        _ = _posts(transport, server, 1)
    assert (caught.value.kind, caught.value.sent) == ("incomplete", True)
    transport.close()


@pytest.mark.parametrize("size", [b"14", b"14;a=b", b"14 ;a", b"00014"])
def test_a_size_may_have_zeros_before_it_and_an_extension_behind(serve: Serve, size: bytes) -> None:
    """Which nobody here knows, and a chunk is a chunk."""
    server = serve(answering(chunked() + size + b"\r\n" + BODY + b"\r\n0\r\nX: y\r\n\r\n"))
    transport = Urllib3Transport(proxies={})
    assert _posts(transport, server, 2) == [BODY] * 2
    assert server.connections == 1
    transport.close()


def test_fields_behind_a_body_are_bounded(serve: Serve) -> None:
    """A server cannot keep a client reading trailers until its time is over."""

    def behave(line: Line) -> None:
        _ = line.request()
        line.send(chunked(BODY) + b"0\r\n")
        while True:
            line.send(b"x: y\r\n" * 1000)

    transport = Urllib3Transport(proxies={})
    with pytest.raises(TransportError) as caught:
        _ = _posts(transport, serve(behave), 1)
    assert caught.value.kind == "body_too_large"
    transport.close()
