"""urllib3's pools, with connections that keep to the deadline of the exchange they serve.

urllib3 bounds each wait of a socket; a server that sends one byte a second never meets such a
bound. Here every single read, header bytes included, gets no more than the time that is left, and
so does every connection attempt. Name look-up alone cannot be interrupted. Knows nothing of
retries, redirects or proxies' names; loaded at the first request, because urllib3 is.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import socket
import ssl
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager, ProxyManager, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ProxyError,
    SSLError,
)
from urllib3.exceptions import TimeoutError as AnyTimeoutError

from sansio_auth.errors import TransportError
from sansio_auth.wire import MAX_HEADER_BYTES, HttpRequest, HttpResponse, host_of
from sansio_auth_adapters.transports._concealed import ConcealedBody
from sansio_auth_adapters.transports._exchange import Exchange, read_body

if TYPE_CHECKING:
    from sansio_auth_adapters.transports._proxies import Proxy

__all__ = ["carry", "pools"]

#: Connections kept open to one host; more are made when more threads ask, and not kept.
_KEPT: Final = 16


_NO_CONNECTION: Final = (NewConnectionError, AnyTimeoutError, ProtocolError, TimeoutError)


class _Serving(threading.local):
    """The exchange that this thread carries.

    urllib3 opens connections and reads from them deep inside one call, and has no parameter that
    reaches there.
    """

    exchange: Exchange | None = None


_serving: Final = _Serving()


def _exchange() -> Exchange:
    if _serving.exchange is None:
        raise RuntimeError("a connection was used outside of an exchange")
    return _serving.exchange


class _HeadersTooLarge(http.client.HTTPException):
    """More header bytes than a response of ours has."""


class _TimedReader(io.RawIOBase):
    """Reads from a socket, each time with the time that is left."""

    def __init__(self, sock: socket.socket, raw: io.RawIOBase) -> None:
        super().__init__()
        self._sock = sock
        self._raw = raw
        self._count = 0
        self.in_headers = True

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:  # noqa: ANN401 - a buffer has no public type
        if self.in_headers and self._count > MAX_HEADER_BYTES:
            raise _HeadersTooLarge(f"more than {MAX_HEADER_BYTES} bytes of headers")
        exchange = _exchange()
        self._sock.settimeout(exchange.wait(exchange.bounds.read))
        count = self._raw.readinto(buffer)
        self._count += count or 0
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    """A response that is read in time, and is the final one."""

    def __init__(
        self,
        sock: socket.socket,
        debuglevel: int = 0,
        method: str | None = None,
        url: str | None = None,
    ) -> None:
        super().__init__(sock, debuglevel, method, url)
        self._reader = _TimedReader(sock, self.fp.detach())
        self.fp = io.BufferedReader(self._reader)

    def begin(self) -> None:
        """Read status and headers; interim responses (RFC 9110 section 15.2) are passed over.

        The standard library passes over 100 only. What follows another one would stay in the
        connection and be taken for the answer to the next request.
        """
        super().begin()
        while self.status != http.HTTPStatus.SWITCHING_PROTOCOLS and 100 <= self.status < 200:  # noqa: PLR2004 - 1xx
            self.headers = self.msg = cast("http.client.HTTPMessage", None)  # not begun yet
            super().begin()
        self._reader.in_headers = False


class _Connection(HTTPConnection):
    response_class = _Response  # type: ignore[mutable-override] # set once, here

    def _new_conn(self) -> socket.socket:
        """Connect to the first address that answers; all of them share the time that is left."""
        exchange = _exchange()
        try:
            found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        except UnicodeError as error:
            raise NewConnectionError(self, f"{self.host!r} is no host name") from error
        problem = OSError("the name has no address")
        for number, (family, kind, protocol, _, address) in enumerate(found):
            try:
                return self._connected(
                    socket.socket(family, kind, protocol), address, exchange, len(found) - number
                )
            except OSError as error:
                problem = error
        if isinstance(problem, TimeoutError):
            raise ConnectTimeoutError(self, f"no answer from {self.host}") from problem
        raise NewConnectionError(self, f"no connection to {self.host}: {problem}") from problem

    def _connected(
        self, sock: socket.socket, address: tuple[object, ...], exchange: Exchange, share: int
    ) -> socket.socket:
        with contextlib.ExitStack() as undo:
            _ = undo.callback(sock.close)
            for option in self.socket_options or ():
                sock.setsockopt(*option)
            sock.settimeout(exchange.wait(exchange.bounds.connect, share))
            sock.connect(address)
            sock.settimeout(exchange.wait(exchange.bounds.connect))  # for the TLS handshake
            _ = undo.pop_all()
        return sock

    def endheaders(
        self,
        message_body: Any = None,  # noqa: ANN401 - as the method it replaces
        *,
        encode_chunked: bool = False,
    ) -> None:
        """Send the request; from here on nobody can be sure that no byte of it arrived."""
        if self.sock is None:
            self.connect()
        exchange = _exchange()
        cast("socket.socket", self.sock).settimeout(exchange.wait(exchange.bounds.read))
        exchange.sent = True
        super().endheaders(message_body, encode_chunked=encode_chunked)


class _TlsConnection(_Connection, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection  # type: ignore[mutable-override] # set once, here


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection  # type: ignore[mutable-override] # set once, here


def pools(proxy: Proxy | None, context: ssl.SSLContext) -> PoolManager:
    """Return pools of connections, all through one proxy or none."""
    if proxy is None:
        made = PoolManager(maxsize=_KEPT, ssl_context=context)
    else:
        made = ProxyManager(
            proxy.url,
            proxy_headers=proxy.headers,
            proxy_ssl_context=context,
            maxsize=_KEPT,
            ssl_context=context,
        )
    classes: dict[str, type[HTTPConnectionPool | HTTPSConnectionPool]]
    classes = {"http": _Pool, "https": _TlsPool}
    made.pool_classes_by_scheme = classes
    return made


def carry(
    manager: PoolManager, request: HttpRequest, headers: Mapping[str, str], exchange: Exchange
) -> HttpResponse:
    """Send one request and read its response; raises `TransportError`."""
    _serving.exchange = exchange
    try:
        response = manager.urlopen(
            request.method,
            request.target,
            body=None if request.body is None else ConcealedBody(request.body),
            headers=headers,
            redirect=False,
            retries=False,
            preload_content=False,
            decode_content=False,
            timeout=Timeout(
                connect=exchange.wait(exchange.bounds.connect),
                read=exchange.wait(exchange.bounds.read),
            ),
        )
        try:
            body = read_body(
                lambda size: response.read(size, decode_content=False),
                exchange,
                coding=response.headers.get("content-encoding"),
                max_bytes=request.max_bytes,
            )
            return HttpResponse(response.status, tuple(response.headers.items()), body)
        finally:
            response.close()  # of a body read to its end the connection is in the pool already
    except (HTTPError, OSError, http.client.HTTPException) as error:
        if isinstance(error, TransportError):
            raise
        kind = _kind(error, exchange)
        raise TransportError(
            f"{request.method} to {host_of(request.url)}: {kind} ({type(error).__name__})",
            kind=kind,
            sent=exchange.sent,
        ) from error
    finally:
        _serving.exchange = None


def _kind(error: Exception, exchange: Exchange) -> str:
    """Return what failed, in the words of `sansio_auth.effects.FailureKind`."""
    inner = error.args[1] if isinstance(error, ProtocolError) and len(error.args) > 1 else error
    if isinstance(error, ProxyError) or _refused_tunnel(inner, exchange):
        return "proxy"
    if isinstance(error, SSLError | ssl.SSLError):
        return "tls"
    if isinstance(inner, AnyTimeoutError | TimeoutError) and exchange.over:
        return "deadline"
    if not exchange.sent and isinstance(error, _NO_CONNECTION):
        return "connect"
    if isinstance(inner, AnyTimeoutError | TimeoutError):
        return "timeout"
    # The standard library says "too many headers" with an exception of no class of its own.
    if isinstance(inner, _HeadersTooLarge | http.client.LineTooLong) or (
        type(inner) is http.client.HTTPException
    ):
        return "body_too_large"
    return "incomplete" if isinstance(error, ProtocolError) else "unknown"


def _refused_tunnel(error: object, exchange: Exchange) -> bool:
    """Whether a proxy answered CONNECT with anything but 200."""
    return not exchange.sent and isinstance(error, OSError) and "unnel" in str(error)
