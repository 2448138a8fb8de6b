"""Ways onto the network, each in a module of its own that is imported only where it is used.

Which one serves an injected client is decided here, by what the client is and without importing
the library that it comes from.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Final, Protocol, TypeVar, cast, runtime_checkable

from sansio_auth.errors import ConfigurationError
from sansio_auth_adapters.ports import AsyncTransport, Transport

__all__ = ["Adjustable", "async_transport_for", "transport_for", "with_options"]


_HTTPX: Final = ("httpx", "httpx2")
AnyTransport = TypeVar("AnyTransport", Transport, AsyncTransport)


@runtime_checkable
class Adjustable(Protocol):
    """A transport of either colour that can be told something for one call."""

    def with_options(self, options: Mapping[str, object]) -> object:
        """Return a transport like this one, with these of its options replaced."""
        ...


def with_options(transport: AnyTransport, options: Mapping[str, object]) -> AnyTransport:
    """Return the transport for one call with MSAL's extra keyword arguments, if it takes any."""
    if isinstance(transport, Adjustable):
        return cast("AnyTransport", transport.with_options(options))
    raise ConfigurationError(
        f"{', '.join(options)}: unknown argument; this transport takes no options for one call",
        code="unknown_argument",
    )


def _is(client: object, libraries: tuple[str, ...], name: str) -> bool:
    """Whether it is an instance of a library's class, found without importing the library."""
    return any(
        base.__module__.partition(".")[0] in libraries and base.__name__ == name
        for base in type(client).__mro__
    )


def _awaited(client: object, method: str) -> bool:
    return inspect.iscoroutinefunction(getattr(client, method, None))


def _is_transport(client: object) -> bool:
    """Whether it is a transport already: `send` and `close`, and no `post` as a client has."""
    able = callable(getattr(client, "send", None)) and callable(getattr(client, "close", None))
    return able and not hasattr(client, "post")


def _is_async(client: object) -> bool:
    if _is_transport(client):
        return _awaited(client, "send")
    return (
        _is(client, _HTTPX, "AsyncClient")
        or _is(client, ("aiohttp",), "ClientSession")
        or _awaited(client, "post")
    )


def transport_for(client: object) -> Transport:
    """Return an injected client as a transport; a transport is returned as it is.

    Raises `ConfigurationError` for what is no client, or one that has to be awaited.
    """
    if _is_async(client):
        raise ConfigurationError(
            f"http_client: {type(client).__name__} has to be awaited; pass a client that blocks,"
            " or use AsyncConfidentialClientApplication",
            code="async_client",
        )
    if _is_transport(client):
        return cast("Transport", client)
    if _is(client, _HTTPX, "Client"):
        from sansio_auth_adapters.transports.httpx import HttpxTransport

        return HttpxTransport(client)
    from sansio_auth_adapters.transports.http_client import HttpClientTransport

    return HttpClientTransport(client)


def async_transport_for(client: object) -> AsyncTransport:
    """Return an injected client as a transport that is awaited; one that blocks runs in threads.

    Raises `ConfigurationError` for what is no client.
    """
    if not _is_async(client):
        from sansio_auth_adapters.transports.threads import ThreadsTransport

        return ThreadsTransport(transport_for(client))
    if _is_transport(client):
        return cast("AsyncTransport", client)
    if _is(client, _HTTPX, "AsyncClient"):
        from sansio_auth_adapters.transports.httpx import AsyncHttpxTransport

        return AsyncHttpxTransport(client)
    if _is(client, ("aiohttp",), "ClientSession"):
        from sansio_auth_adapters.transports.aiohttp import AiohttpTransport

        return AiohttpTransport(client)
    from sansio_auth_adapters.transports.async_http_client import AsyncHttpClientTransport

    return AsyncHttpClientTransport(client)
