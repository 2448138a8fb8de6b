"""httpx and httpx2, sync and async, the caller's client or our own.

Knows both libraries by what they have in common; which one a client belongs to is read off its
class, so neither is imported unless a client is to be made. Refuses to know retries, redirects,
cookies and netrc. The total time is kept exactly where the exchange is awaited. Where it blocks, it
is looked at after every piece of the body, and the client's own waits bound everything before.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from attrs import frozen

from sansio_auth.errors import ConfigurationError, TransportError
from sansio_auth.secret import discreet
from sansio_auth.wire import MAX_HEADER_BYTES, HttpRequest, HttpResponse
from sansio_auth_adapters.transports._concealed import concealed_body
from sansio_auth_adapters.transports._exchange import (
    GRACE,
    Body,
    Bounds,
    Exchange,
    Waits,
    answered,
    bounds_of,
)
from sansio_auth_adapters.transports._headers import transport_headers
from sansio_auth_adapters.transports._kinds import Kinds, read_failure
from sansio_auth_adapters.transports._proxies import (
    Proxy,
    environment_proxy,
    parse_proxies,
    select_proxy,
)
from sansio_auth_adapters.transports._tls import checked_verify, tls_context, warn_of

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["AsyncHttpxTransport", "HttpxTransport"]

#: A client, a request or a response of either library: they have no type in common.
_Theirs: TypeAlias = Any

_KINDS: Final[Kinds] = {
    "UnicodeError": ("connect", False),
    "ConnectTimeout": ("connect", False),
    "PoolTimeout": ("connect", False),
    "ProxyError": ("proxy", False),
    "ConnectError": ("connect", False),
    "UnsupportedProtocol": ("connect", False),
    "TimeoutException": ("timeout", True),
    "InvalidURL": ("incomplete", True),  # where a redirect points to
    "RemoteProtocolError": ("incomplete", True),
    "ReadError": ("incomplete", True),
    "WriteError": ("incomplete", True),
    "CloseError": ("incomplete", True),
}


_PROXIED: Final[Kinds] = {
    **_KINDS,
    "ConnectError": ("proxy", False),
    "ConnectTimeout": ("proxy", False),
}


@frozen
class _Way:
    """How a request leaves: verified how, and through which proxy."""

    process: int
    verify: bool | str
    proxy: Proxy | None


class _Ways:
    """Clients of our own, one for each way; made when they are needed."""

    def __init__(
        self,
        kind: str,
        *,
        verify: bool | str | os.PathLike[str],
        proxies: Mapping[str, str | None] | None,
    ) -> None:
        self._kind: Final = kind
        self._verify: Final = checked_verify(verify)
        self._proxies: Final = None if proxies is None else parse_proxies(proxies)
        self._library: Final = _library()
        self.clients: Final[dict[_Way, _Theirs]] = {}

    def proxy_for(self, request: HttpRequest) -> Proxy | None:
        """Return the proxy that a request goes through."""
        if request.direct:
            return None
        if self._proxies is None:
            return environment_proxy(request.url)
        return select_proxy(request.url, self._proxies)

    def client_for(self, request: HttpRequest) -> _Theirs:
        """Return the client that a request goes through."""
        way = _Way(os.getpid(), self._verify, self.proxy_for(request))
        kept = self.clients.get(way)
        return self.clients.setdefault(way, self._made(way)) if kept is None else kept

    def _made(self, way: _Way) -> _Theirs:
        library: _Theirs = self._library
        warn_of(way.verify)
        context = tls_context(way.verify)
        return getattr(library, self._kind)(
            verify=context,
            proxy=None if way.proxy is None else _their_proxy(library, way.proxy, context),
            trust_env=False,
            follow_redirects=False,
            http2=_has_http2(),
            cookies=_no_cookies(),
        )


def _their_proxy(library: _Theirs, proxy: Proxy, context: object) -> _Theirs:
    secure = proxy.url.startswith("https:")
    return library.Proxy(
        proxy.url, headers=proxy.headers, **({"ssl_context": context} if secure else {})
    )


def _library() -> ModuleType:
    for name in ("httpx2", "httpx"):
        with suppress(ModuleNotFoundError):
            return import_module(name)
    raise ConfigurationError(
        "httpx is not installed: install sansio-auth[httpx], or pass a client", code="no_httpx"
    )


def _has_http2() -> bool:
    from importlib.util import find_spec

    return find_spec("h2") is not None


def _no_cookies() -> object:
    """Return a jar that takes none."""
    from http.cookiejar import CookieJar, DefaultCookiePolicy

    return CookieJar(DefaultCookiePolicy(allowed_domains=()))


def _sends(event: str, info: Mapping[str, _Theirs]) -> bool:
    """Whether a trace tells that the request itself, not a tunnel for it, goes out now."""
    begins = event.endswith(".send_request_headers.started")
    return begins and info["request"].method != b"CONNECT"


def _request(client: _Theirs, request: HttpRequest, exchange: Exchange, trace: object) -> _Theirs:
    """Return the client's form of a request; nothing ambient of the client's is in it."""
    waits = exchange.bounds
    connect, read = exchange.wait(waits.connect), exchange.wait(waits.read)
    made = client.build_request(
        request.method,
        request.target,
        content=concealed_body(request),
        headers=transport_headers(request),
        extensions={
            "timeout": {"connect": connect, "pool": connect, "read": read, "write": read},
            "trace": trace,
        },
    )
    given = {name.lower() for name, _ in request.headers}
    for name in {"cookie", "authorization"} - given:
        if name in made.headers:
            del made.headers[name]
    return made


def _body(response: _Theirs, request: HttpRequest, exchange: Exchange) -> Body:
    """Return an empty body to be filled, after a look at the headers."""
    length = sum(len(name) + len(value) + 4 for name, value in response.headers.raw)
    if length > MAX_HEADER_BYTES:
        raise TransportError(
            f"more than {MAX_HEADER_BYTES} bytes of headers", kind="body_too_large"
        )
    coding: str | None = response.headers.get("content-encoding")
    return Body(exchange, coding=coding, max_bytes=request.max_bytes)


def _response(response: _Theirs, body: Body) -> HttpResponse:
    headers = tuple(
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw
    )
    return answered(response.status_code, headers, body.finish())


async def _fill(body: Body, response: _Theirs, expire: Callable[[], None]) -> None:
    """Read a body; where it is refused, the reading is cancelled from within.

    Left in the middle, the generators that the client reads with would have to be collected, which
    trio complains of.
    """
    refused: TransportError | None = None
    try:
        async for piece in response.aiter_raw():
            if refused is not None:
                continue
            try:
                body.feed(piece)
            except TransportError as error:
                refused = error
                expire()
    finally:
        if refused is not None:
            raise refused


class _Settings:
    """What both colours take: a client, or what one of our own is to be made with."""

    _kind: str

    @discreet
    def __init__(
        self,
        client: object | None = None,
        *,
        verify: bool | str | os.PathLike[str] = True,
        proxies: Mapping[str, str | None] | None = None,
        timeout: Waits = None,
    ) -> None:
        self._injected: Final[_Theirs] = client
        self._ways: Final = (
            None if client is not None else _Ways(self._kind, verify=verify, proxies=proxies)
        )
        self._bounds: Bounds = bounds_of(timeout)

    def with_options(self, options: Mapping[str, object]) -> object:
        """Return a transport for one call, with `timeout` replaced; nothing else can be."""
        if unknown := ", ".join(sorted(options.keys() - {"timeout"})):
            raise ConfigurationError(
                f"{unknown}: unknown argument; set it on the client", code="unknown_argument"
            )
        alike = object.__new__(type(self))
        alike.__dict__.update(self.__dict__)
        alike._bounds = bounds_of(options["timeout"])
        return alike

    def _client(self, request: HttpRequest) -> _Theirs:
        return self._injected if self._ways is None else self._ways.client_for(request)

    def _failure(
        self, error: Exception, request: HttpRequest, exchange: Exchange
    ) -> TransportError:
        # Both libraries say "connect" of a proxy that is not there.
        environment = isinstance(error, ConfigurationError)
        proxied = not environment and self._ways is not None and self._ways.proxy_for(request)
        return read_failure(error, _PROXIED if proxied else _KINDS, request, exchange)

    def _own(self) -> list[_Theirs]:
        """Return the clients to be closed and forget them."""
        if self._ways is None:
            return [self._injected]
        clients = [made for way, made in self._ways.clients.items() if way.process == os.getpid()]
        self._ways.clients.clear()
        return clients

    def __repr__(self) -> str:
        return f"{type(self).__name__}({type(self._injected).__name__})"

    def __reduce__(self) -> tuple[object, ...]:
        message = "a transport holds sockets: make another one instead"
        raise TypeError(message)


class HttpxTransport(_Settings):
    """Sends requests with an `httpx.Client` or `httpx2.Client`.

    `client` is the caller's; its certificates, proxies and limits hold, its cookies and its own
    authentication are not used. Without one a client is made (of httpx2 where it is installed)
    with MSAL's `verify` and `proxies`, as `Urllib3Transport` takes them. `timeout` bounds every
    exchange. Raises `ConfigurationError` at construction, `send` raises `TransportError`.
    """

    _kind = "Client"

    def send(self, request: HttpRequest) -> HttpResponse:
        """Return the response to one request; redirects come back as they are."""
        exchange = Exchange.begin(self._bounds, request.timeout)
        try:
            client = self._client(request)

            def trace(event: str, info: Mapping[str, _Theirs]) -> None:
                exchange.sent = exchange.sent or _sends(event, info)

            made = _request(client, request, exchange, trace)
            response = client.send(made, stream=True, auth=None, follow_redirects=False)
            try:
                body = _body(response, request, exchange)
                for piece in response.iter_raw():
                    body.feed(piece)
                return _response(response, body)
            finally:
                response.close()
        except Exception as error:
            raise self._failure(error, request, exchange) from error

    def close(self) -> None:
        """Close the client."""
        for client in self._own():
            client.close()


class AsyncHttpxTransport(_Settings):
    """`HttpxTransport` for an `AsyncClient` of either library, on asyncio or trio."""

    _kind = "AsyncClient"

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Return the response to one request; redirects come back as they are."""
        from sansio_auth_adapters.event_loop import deadline

        exchange = Exchange.begin(self._bounds, request.timeout)
        try:
            async with deadline(exchange.wait(exchange.bounds.total) + GRACE) as expire:
                return await self._exchanged(request, exchange, expire)
        except Exception as error:
            raise self._failure(error, request, exchange) from error

    async def _exchanged(
        self, request: HttpRequest, exchange: Exchange, expire: Callable[[], None]
    ) -> HttpResponse:
        client = self._client(request)

        async def trace(event: str, info: Mapping[str, _Theirs]) -> None:
            exchange.sent = exchange.sent or _sends(event, info)

        made = _request(client, request, exchange, trace)
        response = await client.send(made, stream=True, auth=None, follow_redirects=False)
        try:
            body = _body(response, request, exchange)
            await _fill(body, response, expire)
            return _response(response, body)
        finally:
            await response.aclose()

    async def close(self) -> None:
        """Close the client."""
        for client in self._own():
            await client.aclose()
