"""A server on loopback that does to its callers what servers do on bad days.

Knows sockets, TLS from the server's side, and as much of HTTP/1.1 as finding the end of a request
takes. What it does with a connection is a behaviour: a function of the connection. Refuses to know
any client. Nothing here sleeps: whoever waits, waits for the end of the server.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterable
from http import HTTPStatus
from types import TracebackType
from typing import Final, Self, TypeAlias

from attrs import frozen

from sansio_auth.wire import Pairs

__all__ = [
    "Behaviour",
    "FaultServer",
    "Line",
    "Received",
    "answering",
    "chunked",
    "closing",
    "response",
    "tunnelling",
]

#: Seconds between two drops of something that drips.
DRIP: Final = 0.02

_LOOPBACK: Final = "127.0.0.1"
_PIECE: Final = 65_536
_END_OF_HEAD: Final = b"\r\n\r\n"
#: Close at once and drop what is unsent: the other side sees a reset.
_NO_LINGER: Final = struct.pack("ii", 1, 0)
_PATIENCE: Final = 5


@frozen
class Received:
    """One request as it arrived; header names are in lower case."""

    method: str
    target: str
    headers: Pairs
    body: bytes

    def header(self, name: str) -> str | None:
        """Return the value of a header by its lower-case name, or None."""
        return dict(self.headers).get(name)


class Line:
    """The server's end of one connection."""

    def __init__(self, server: FaultServer, sock: socket.socket) -> None:
        self._server = server
        self.sock = sock
        self._unread = b""

    def request(self) -> Received | None:
        """Read one request and remember it; None when the caller has hung up."""
        while _END_OF_HEAD not in self._unread:
            if not self._more():
                return None
        head, _, self._unread = self._unread.partition(_END_OF_HEAD)
        first, *rest = head.decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in rest)
        headers = tuple((name.lower(), value.strip()) for name, _, value in pairs)
        length = int(dict(headers).get("content-length", "0"))
        while len(self._unread) < length:
            if not self._more():
                return None
        body, self._unread = self._unread[:length], self._unread[length:]
        method, target, _ = first.split(" ")
        received = Received(method, target, headers, body)
        self._server.received.append(received)
        return received

    def _more(self) -> bool:
        piece = self.sock.recv(_PIECE)
        self._unread += piece
        self._server.bytes_received += len(piece)
        return bool(piece)

    def send(self, data: bytes) -> None:
        """Send bytes."""
        self.sock.sendall(data)

    def drip(self, drops: Iterable[bytes]) -> None:
        """Send one drop after another, slowly, until the caller or the server has had enough."""
        for drop in drops:
            self.send(drop)
            if self._server.stopped.wait(DRIP):
                return

    def hold(self) -> None:
        """Say nothing and keep the connection open until the server stops."""
        _ = self._server.stopped.wait()

    def reset(self) -> None:
        """Break the connection off with a reset."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self.sock.close()

    def relay(self, port: int) -> None:
        """Pass bytes to and fro between the caller and another port of loopback."""
        with socket.create_connection((_LOOPBACK, port)) as other:
            ways = {self.sock: other, other: self.sock}
            while True:
                readable, _, _ = select.select(list(ways), [], [], _PATIENCE)
                for source in readable:
                    if not (piece := source.recv(_PIECE)):
                        return
                    ways[source].sendall(piece)


#: What the server does with one connection, from the first byte (after TLS) to the last.
Behaviour: TypeAlias = Callable[[Line], None]


class FaultServer:
    """Listens on a free port of loopback for the length of a `with` block.

    `received` are the requests that were read, in order; `connections` is how many were opened;
    `bytes_received` counts what came over all of them.
    """

    def __init__(self, behaviour: Behaviour, tls: ssl.SSLContext | None = None) -> None:
        self._behaviour = behaviour
        self._tls = tls
        self._listener = socket.create_server((_LOOPBACK, 0))
        self.port: Final = int(self._listener.getsockname()[1])
        self.received: list[Received] = []
        self.connections = 0
        self.bytes_received = 0
        self.stopped = threading.Event()
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def url(self, path: str = "/token", host: str = _LOOPBACK) -> str:
        """Return an address of this server."""
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}{path}"

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stopped.set()
        socket.create_connection((_LOOPBACK, self.port)).close()  # wakes `accept`
        self._threads[0].join(_PATIENCE)
        self._listener.close()
        for sock in self._open:
            with contextlib.suppress(OSError):  # it is closed already
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads[1:]:
            thread.join(_PATIENCE)

    def _accept(self) -> None:
        while True:
            sock, _ = self._listener.accept()
            if self.stopped.is_set():
                sock.close()
                return
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(sock,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket) -> None:
        """Let the behaviour have one connection; a caller who hangs up ends it and is no news."""
        with contextlib.ExitStack() as leaving, contextlib.suppress(OSError):
            _ = leaving.enter_context(sock)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._open.append(sock)
            if self._tls is not None:
                sock = leaving.enter_context(self._tls.wrap_socket(sock, server_side=True))
                self._open.append(sock)
            self._behaviour(Line(self, sock))


def response(
    status: int = 200, body: bytes = b"{}", *headers: tuple[str, str], length: int | None = None
) -> bytes:
    """Return a response; `length` is what Content-Length claims, by default the truth."""
    reason = HTTPStatus(status).phrase if status in set(HTTPStatus) else "Unheard Of"
    fields = [*headers, ("Content-Length", str(len(body) if length is None else length))]
    return _head(status, reason, fields) + body


def chunked(*chunks: bytes, headers: Iterable[tuple[str, str]] = ()) -> bytes:
    """Return a response in the chunked transfer coding; its last chunk is the caller's to give."""
    framed = (f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n" for chunk in chunks)
    return _head(200, "OK", [*headers, ("Transfer-Encoding", "chunked")]) + b"".join(framed)


def _head(status: int, reason: str, fields: Iterable[tuple[str, str]]) -> bytes:
    lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in fields)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _in_turn(answers: tuple[bytes, ...]) -> Callable[[], bytes]:
    """Return a function that gives one answer after another, and the last one ever after."""
    left = list(answers)
    return lambda: left.pop(0) if len(left) > 1 else left[0]


def answering(*answers: bytes) -> Behaviour:
    """Answer the requests in turn, on connections that stay open."""
    following = _in_turn(answers)

    def behave(line: Line) -> None:
        while line.request() is not None:
            line.send(following())

    return behave


def closing(*answers: bytes) -> Behaviour:
    """Answer the requests in turn, and close each connection after one."""
    following = _in_turn(answers)

    def behave(line: Line) -> None:
        if line.request() is not None:
            line.send(following())

    return behave


def tunnelling(port: int, *, authorization: str | None = None) -> Behaviour:
    """Be a proxy: whatever CONNECT asks for, the way leads to that port of loopback."""

    def behave(line: Line) -> None:
        asked = line.request()
        if asked is None:
            return
        if authorization is not None and asked.header("proxy-authorization") != authorization:
            line.send(response(407, b"<html>", ("Proxy-Authenticate", 'Basic realm="proxy"')))
            return
        line.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        line.relay(port)

    return behave
