"""urllib3's pools, with connections that keep to the deadline of the exchange they serve.

urllib3 bounds each wait of a socket; a server that sends one byte a second never meets such a
bound. Here every single read, header bytes included, gets no more than the time that is left, and
so does every connection attempt. Name look-up alone cannot be interrupted. Knows nothing of
retries, redirects or proxies' names; loaded at the first request, because urllib3 is.
"""

from __future__ import annotations

import contextlib
import http.client
import queue
import re
import socket
import ssl
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, cast

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager, ProxyManager, Retry
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
from urllib3.util import parse_url
from urllib3.util.ssltransport import SSLTransport

from sansio_auth.errors import TransportError
from sansio_auth.wire import HttpRequest, HttpResponse, host_of
from sansio_auth_adapters.transports._concealed import ConcealedBody, concealed_body
from sansio_auth_adapters.transports._exchange import Exchange, read_body
from sansio_auth_adapters.transports._kinds import asks_for_certificate
from sansio_auth_adapters.transports._response import (
    HeadersTooLarge,
    Response,
    current_exchange,
    serving,
)
from sansio_auth_adapters.transports._tls import shared_context

if TYPE_CHECKING:
    from sansio_auth_adapters.transports._proxies import Proxy

__all__ = ["carry", "close_idle", "open_pool"]

#: Connections kept open to one host; more are made when more threads ask, and not kept.
_KEPT: Final = 16
_NO_RETRIES: Final = Retry(total=False, redirect=False)

#: A line of a request's head (RFC 9110 section 5), of letters that latin-1 has.
_HEADER: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+: [^\r\n\0\u0100-\U0010ffff]*")
_NO_CONNECTION: Final = (NewConnectionError, AnyTimeoutError, ProtocolError, TimeoutError)


def _decrypted(sock: object) -> int:
    """Return how many bytes TLS, also inside that of a proxy, has taken in and nobody has read."""
    if isinstance(sock, SSLTransport):
        return sock.sslobj.pending() + sock.incoming.pending + _decrypted(sock.socket)
    return sock.pending() if isinstance(sock, ssl.SSLSocket) else 0


class _Connection(HTTPConnection):
    response_class = Response  # type: ignore[mutable-override] # set once, here
    #: The parts of a request that is being put together.
    _held: list[bytes] | None = None
    #: The lines of the head that the standard library has put together so far.
    _buffer: list[bytes]

    def _new_conn(self) -> socket.socket:
        """Connect to the first address that answers; all of them share the time that is left."""
        exchange = current_exchange()
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

    @property
    def is_connected(self) -> bool:
        """Whether another request can be sent: not where there is more than the last one asked for.

        urllib3 asks the operating system, which does not see what TLS has decrypted already.
        """
        return not _decrypted(self.sock) and super().is_connected

    def request(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - the parent's
        """Send the request in one piece; from then on nobody can be sure that no byte arrived.

        Headers and body would be two writes, two TLS records, and two packets to wait for.
        """
        if self.sock is None:
            self.connect()
        held: list[bytes] = []
        self._held = held
        try:
            super().request(*arguments, **options)
        finally:
            self._held = None
        exchange = current_exchange()
        cast("socket.socket", self.sock).settimeout(exchange.wait(exchange.bounds.read))
        exchange.sent = True
        super().send(ConcealedBody(b"".join(held)))

    def putheader(self, header: str | bytes, *values: Any) -> None:  # noqa: ANN401 - the parent's
        """Add a header, checked in one look; urllib3 and the standard library take four.

        Raises `ValueError`, which names no value, for what would be another line.
        """
        if not isinstance(header, str) or len(values) != 1 or not isinstance(values[0], str):
            super().putheader(cast("str", header), *values)
            return
        line = f"{header}: {values[0]}"
        if not _HEADER.fullmatch(line):
            raise ValueError("a header whose name or value no request can carry")
        self._buffer.append(line.encode("latin-1"))

    def send(self, data: Any) -> None:  # noqa: ANN401 - as the method it replaces
        """Send what is not part of a request; a part of one is held until it is whole."""
        if self._held is None:
            super().send(data)
        else:
            self._held.append(data)


class _TlsConnection(_Connection, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection  # type: ignore[mutable-override] # set once, here


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection  # type: ignore[mutable-override] # set once, here


def open_pool(
    url: str,
    proxy: Proxy | None,
    verify: bool | str,  # noqa: FBT001 - requests' argument
) -> HTTPConnectionPool:
    """Return a pool of connections to the host of a URL, through a proxy or not.

    No connection has a timeout of its own: every wait is given what is left of its exchange.
    Raises `OSError` for certificates that cannot be read.
    """
    plain = url.startswith("http:") and (proxy is None or proxy.url.startswith("http:"))
    context = None if plain else shared_context(verify)
    if proxy is None:
        manager = PoolManager(maxsize=_KEPT, ssl_context=context, timeout=None)
    else:
        manager = ProxyManager(
            proxy.url,
            proxy_headers=proxy.headers,
            proxy_ssl_context=context,
            maxsize=_KEPT,
            ssl_context=context,
            timeout=None,
        )
    classes: dict[str, type[HTTPConnectionPool | HTTPSConnectionPool]]
    classes = {"http": _Pool, "https": _TlsPool}
    manager.pool_classes_by_scheme = classes
    return manager.connection_from_url(url)


def close_idle(pool: HTTPConnectionPool) -> None:
    """Close the connections that nobody is using; those in use go on."""
    with contextlib.suppress(queue.Empty):
        while pool.pool is not None:
            kept = pool.pool.get_nowait()
            if kept is not None:
                kept.close()


def _target(url: str, *, proxied: bool) -> str:
    """Return what to ask for: a path, or the whole URL of a proxy that does not tunnel."""
    parts = parse_url(url)
    return parts.url if proxied and parts.scheme == "http" else parts.request_uri


#: The same, remembered; for endpoints alone, as a query and the URL of a GET may name a user.
_endpoint: Final = lru_cache(maxsize=128)(_target)


def carry(
    pool: HTTPConnectionPool, request: HttpRequest, headers: Mapping[str, str], exchange: Exchange
) -> HttpResponse:
    """Send one request and read its response; raises `TransportError`."""
    serving.exchange = exchange
    target = _target if request.query or request.form is None else _endpoint
    try:
        _ = exchange.wait(exchange.bounds.connect)  # nothing is opened when the time is over
        response = pool.urlopen(
            request.method,
            target(request.target, proxied=pool.proxy is not None),
            body=concealed_body(request),
            headers=headers,
            redirect=False,
            retries=_NO_RETRIES,
            assert_same_host=False,  # a proxy's pool is asked for other hosts than its own
            preload_content=False,
            decode_content=False,
        )

        def read(size: int) -> bytes:
            return b"" if response.closed else response.read(size, decode_content=False)

        try:
            body = read_body(
                read,
                exchange,
                coding=response.headers.get("content-encoding"),
                max_bytes=request.max_bytes,
            )
            return HttpResponse(response.status, tuple(response.headers.iteritems()), body)
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
        serving.exchange = None


def _kind(error: Exception, exchange: Exchange) -> str:
    """Return what failed, in the words of `sansio_auth.effects.FailureKind`."""
    inner = error.args[1] if isinstance(error, ProtocolError) and len(error.args) > 1 else error
    if isinstance(error, ProxyError) or _refused_tunnel(inner, exchange):
        return "proxy"
    if isinstance(error, SSLError | ssl.SSLError):
        return "client_certificate" if asks_for_certificate(error) else "tls"
    if isinstance(inner, AnyTimeoutError | TimeoutError) and exchange.over:
        return "deadline"
    if not exchange.sent and isinstance(error, _NO_CONNECTION):
        return "connect"
    if isinstance(inner, AnyTimeoutError | TimeoutError):
        return "timeout"
    # The standard library says "too many headers" with an exception of no class of its own.
    if isinstance(inner, HeadersTooLarge | http.client.LineTooLong) or (
        type(inner) is http.client.HTTPException
    ):
        return "body_too_large"
    return "incomplete" if isinstance(error, ProtocolError) else "unknown"


def _refused_tunnel(error: object, exchange: Exchange) -> bool:
    """Whether a proxy answered CONNECT with anything but 200."""
    return not exchange.sent and isinstance(error, OSError) and "unnel" in str(error)
