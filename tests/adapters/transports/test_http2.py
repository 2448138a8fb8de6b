"""HTTP/2 where the client has it: httpx and httpx2 with h2, over TLS with ALPN."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from typing import Final

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import ConnectionTerminated, DataReceived, RequestReceived, StreamEnded

from sansio_auth.wire import HttpRequest
from sansio_auth_adapters.ports import AsyncTransport, Transport
from sansio_auth_adapters.testing.certificates import Authority
from sansio_auth_adapters.testing.loops import Looped
from sansio_auth_adapters.transports.httpx import AsyncHttpxTransport, HttpxTransport

BODY: Final = b'{"access_token":"t"}'


class Http2Server:
    """Answers every request of every connection; remembers what was negotiated and received."""

    def __init__(self, context: ssl.SSLContext) -> None:
        context.set_alpn_protocols(["h2", "http/1.1"])
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.negotiated: list[str | None] = []
        self.received: list[tuple[dict[str, str], bytes]] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                raw, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(raw,), daemon=True).start()

    def _serve(self, raw: socket.socket) -> None:
        with contextlib.suppress(OSError), self._context.wrap_socket(raw, server_side=True) as sock:
            self.negotiated.append(sock.selected_alpn_protocol())
            connection = H2Connection(H2Configuration(client_side=False))
            connection.initiate_connection()
            sock.sendall(connection.data_to_send())
            self._converse(sock, connection)

    def _converse(self, sock: ssl.SSLSocket, connection: H2Connection) -> None:
        headers: dict[int, dict[str, str]] = {}
        bodies: dict[int, bytes] = {}
        while data := sock.recv(65_536):
            for event in connection.receive_data(data):
                if isinstance(event, RequestReceived):
                    pairs = [(bytes(n).decode(), bytes(v).decode()) for n, v in event.headers or ()]
                    headers[event.stream_id or 0] = dict(pairs)
                elif isinstance(event, DataReceived):
                    stream = event.stream_id or 0
                    bodies[stream] = bodies.get(stream, b"") + bytes(event.data or b"")
                elif isinstance(event, StreamEnded):
                    stream = event.stream_id or 0
                    self.received.append((headers[stream], bodies.get(stream, b"")))
                    connection.send_headers(stream, [(":status", "200"), ("a", "b")])
                    connection.send_data(stream, BODY, end_stream=True)
                elif isinstance(event, ConnectionTerminated):
                    return
            sock.sendall(connection.data_to_send())


@pytest.fixture
def server(authority: Authority) -> Iterator[Http2Server]:
    """A server that runs until the test is over."""
    made = Http2Server(authority.server("127.0.0.1"))
    yield made
    made.close()


def _looped(loop: str) -> Callable[[str], Transport]:
    def make(path: str) -> Transport:
        def inside() -> AsyncTransport:
            return AsyncHttpxTransport(verify=path, proxies={})

        return Looped.made(loop, inside)

    return make


def _blocking(path: str) -> Transport:
    return HttpxTransport(verify=path, proxies={})


@pytest.mark.parametrize(
    "make", [_blocking, _looped("asyncio"), _looped("trio")], ids=["sync", "asyncio", "trio"]
)
def test_http2_is_spoken_where_the_server_has_it(
    make: Callable[[str], Transport], server: Http2Server, authority: Authority
) -> None:
    """The form arrives as it is, over one connection."""
    transport = make(str(authority.file))
    request = HttpRequest("POST", f"https://127.0.0.1:{server.port}/token", form=(("a", "b c"),))
    for _ in range(2):
        answer = transport.send(request)
        assert (answer.status, answer.body, answer.header("a")) == (200, BODY, "b")
    transport.close()
    assert server.negotiated == ["h2"]
    assert [body for _, body in server.received] == [b"a=b+c"] * 2
    assert server.received[0][0][":method"] == "POST"
    assert server.received[0][0]["content-type"] == "application/x-www-form-urlencoded"
