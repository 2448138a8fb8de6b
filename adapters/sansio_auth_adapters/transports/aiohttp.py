"""aiohttp: the caller's session, or one of our own for each event loop.

Refuses to know retries, redirects, cookies and netrc. The total time is kept exactly. A session of
the caller's keeps its own cookies, certificates and proxies.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final, TypeAlias

from sansio_auth.errors import ConfigurationError, TransportError
from sansio_auth.secret import discreet
from sansio_auth.wire import MAX_HEADER_BYTES, HttpRequest, HttpResponse
from sansio_auth_adapters.event_loop import deadline
from sansio_auth_adapters.transports._concealed import concealed_body
from sansio_auth_adapters.transports._exchange import (
    CHUNK,
    GRACE,
    Body,
    Exchange,
    Waits,
    answered,
    bounds_of,
)
from sansio_auth_adapters.transports._headers import transport_headers
from sansio_auth_adapters.transports._kinds import Kinds, read_failure
from sansio_auth_adapters.transports._proxies import (
    environment_proxy,
    parse_proxies,
    select_proxy,
)
from sansio_auth_adapters.transports._tls import checked_verify, tls_context, warn_of

__all__ = ["AiohttpTransport"]

#: aiohttp's objects; it is imported when one is made.
_Theirs: TypeAlias = Any

_KINDS: Final[Kinds] = {
    "UnicodeError": ("connect", False),
    "ClientSSLError": ("tls", False),
    "ClientProxyConnectionError": ("proxy", False),
    "ClientHttpProxyError": ("proxy", False),
    "ConnectionTimeoutError": ("connect", False),
    "ClientConnectorError": ("connect", False),
    "ServerTimeoutError": ("timeout", True),
    "TimeoutError": ("timeout", True),
    "InvalidURL": ("connect", False),
    "ClientOSError": ("incomplete", True),
    "ServerDisconnectedError": ("incomplete", True),
    "ClientPayloadError": ("incomplete", True),
    "ClientResponseError": ("incomplete", True),
}


async def _sending(_session: _Theirs, context: _Theirs, _parameters: _Theirs) -> None:
    exchange: Exchange = context.trace_request_ctx
    exchange.sent = True


def _library() -> _Theirs:
    try:
        import aiohttp
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            "aiohttp is not installed: install sansio-auth[aiohttp], or pass a session",
            code="no_aiohttp",
        ) from error
    return aiohttp


class AiohttpTransport:
    """Sends requests with an `aiohttp.ClientSession`, on asyncio.

    `session` is the caller's and serves the loop it was made in. Without one, each loop gets a
    session of its own with MSAL's `verify` and `proxies`, as `Urllib3Transport` takes them.
    `timeout` bounds every exchange. Raises `ConfigurationError` at construction, `send` raises
    `TransportError`.
    """

    @discreet
    def __init__(
        self,
        session: object | None = None,
        *,
        verify: bool | str | os.PathLike[str] = True,
        proxies: Mapping[str, str | None] | None = None,
        timeout: Waits = None,
    ) -> None:
        if session is None:
            _ = _library()
        self._injected: Final[_Theirs] = session
        self._verify: Final = checked_verify(verify)
        self._proxies: Final = None if proxies is None else parse_proxies(proxies)
        self._bounds = bounds_of(timeout)
        self._sessions: dict[asyncio.AbstractEventLoop, _Theirs] = {}

    def with_options(self, options: Mapping[str, object]) -> AiohttpTransport:
        """Return a transport for one call, with `timeout` replaced; nothing else can be."""
        if unknown := ", ".join(sorted(options.keys() - {"timeout"})):
            raise ConfigurationError(
                f"{unknown}: unknown argument; set it on the session", code="unknown_argument"
            )
        alike = object.__new__(type(self))
        alike.__dict__.update(self.__dict__)
        alike._bounds = bounds_of(options["timeout"])
        return alike

    def _session(self) -> _Theirs:
        if self._injected is not None:
            return self._injected
        loop = asyncio.get_running_loop()
        if (kept := self._sessions.get(loop)) is not None:
            return kept
        for gone in [it for it in self._sessions if it.is_closed()]:
            # Its connections cannot be closed politely: nobody runs what that would begin.
            with suppress(RuntimeError):
                _ = self._sessions.pop(gone).connector.close()
        self._sessions[loop] = made = self._made()
        return made

    def _made(self) -> _Theirs:
        aiohttp = _library()
        warn_of(self._verify)
        sending = aiohttp.TraceConfig()
        # From here on nobody can be sure that no byte of the request arrived.
        sending.on_connection_create_end.append(_sending)
        sending.on_connection_reuseconn.append(_sending)
        return aiohttp.ClientSession(
            trace_configs=[sending],
            auto_decompress=False,
            connector=aiohttp.TCPConnector(ssl=tls_context(self._verify)),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
        )

    def _way(self, request: HttpRequest) -> dict[str, object]:
        """Return the arguments that say which proxy a request goes through."""
        if self._injected is not None or request.direct:
            return {}
        proxy = (
            environment_proxy(request.url)
            if self._proxies is None
            else select_proxy(request.url, self._proxies)
        )
        return {} if proxy is None else {"proxy": proxy.url, "proxy_headers": proxy.headers}

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Return the response to one request; redirects come back as they are."""
        exchange = Exchange.begin(self._bounds, request.timeout)
        try:
            async with deadline(exchange.wait(exchange.bounds.total) + GRACE):
                return await self._exchanged(request, exchange)
        except Exception as error:
            raise read_failure(error, _KINDS, request, exchange) from error

    async def _exchanged(self, request: HttpRequest, exchange: Exchange) -> HttpResponse:
        from aiohttp import ClientTimeout
        from yarl import URL

        session, waits = self._session(), exchange.bounds
        exchange.sent = self._injected is not None  # of such a session nobody tells
        async with session.request(
            request.method,
            URL(request.target, encoded=True),
            data=concealed_body(request),
            headers=transport_headers(request),
            allow_redirects=False,
            timeout=ClientTimeout(
                sock_connect=exchange.wait(waits.connect), sock_read=exchange.wait(waits.read)
            ),
            **({} if self._injected is not None else {"trace_request_ctx": exchange}),
            **self._way(request),
        ) as response:
            raw = response.raw_headers
            if sum(len(name) + len(value) + 4 for name, value in raw) > MAX_HEADER_BYTES:
                raise TransportError(
                    f"more than {MAX_HEADER_BYTES} bytes of headers", kind="body_too_large"
                )
            # A session that undoes codings by itself hands over what they decode to.
            coding = None if session.auto_decompress else response.headers.get("Content-Encoding")
            body = Body(exchange, coding=coding, max_bytes=request.max_bytes)
            async for piece in response.content.iter_chunked(CHUNK):
                body.feed(piece)
            headers = tuple((name.decode("latin-1"), it.decode("latin-1")) for name, it in raw)
            return answered(response.status, headers, body.finish())

    async def close(self) -> None:
        """Close the session."""
        sessions = [self._injected] if self._injected is not None else [*self._sessions.values()]
        self._sessions.clear()
        for session in sessions:
            await session.close()

    def __repr__(self) -> str:
        return f"AiohttpTransport({type(self._injected).__name__})"

    def __reduce__(self) -> tuple[object, ...]:
        message = "a transport holds sockets: make another one instead"
        raise TypeError(message)
