"""The default transport: urllib3, told to do one exchange and nothing of its own accord.

Knows what MSAL's `verify`, `proxies` and `timeout` mean and what the environment has to say about
certificates and proxies. Refuses to know retries, redirects, cookies and netrc. urllib3 itself and
`ssl` are loaded by the first request, so an application that finds its tokens in a cache never
pays for them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, TypeAlias, cast

from sansio_auth.errors import ConfigurationError, TransportError
from sansio_auth.secret import discreet
from sansio_auth.wire import HttpRequest, HttpResponse, host_of
from sansio_auth_adapters.ports import Transport
from sansio_auth_adapters.transports._exchange import Exchange, Waits, bounds_of
from sansio_auth_adapters.transports._headers import transport_headers
from sansio_auth_adapters.transports._proxies import (
    Proxy,
    environment_proxy,
    parse_proxies,
    select_proxy,
)
from sansio_auth_adapters.transports._tls import checked_verify

if TYPE_CHECKING:
    from urllib3 import HTTPConnectionPool

__all__ = ["Urllib3Transport"]

#: Pools by process, kind of verification, proxy and host: a child process never shares a socket
#: with its parent, and transports made by `with_options` share what can be shared.
_Pools: TypeAlias = "dict[tuple[int, bool | str, Proxy | None, str], HTTPConnectionPool]"
#: Hosts that connections are kept to at a time.
_HOSTS: Final = 64


class Urllib3Transport:
    """Sends requests with urllib3, over verified TLS.

    `verify`: True takes the certificates of `REQUESTS_CA_BUNDLE` or `CURL_CA_BUNDLE` where one is
    set, else the system's (`SSL_CERT_FILE` and `SSL_CERT_DIR` count; certifi's where the system
    has none); a path names a file or a directory of certificates; False verifies nothing, and
    urllib3 warns of it. `proxies`: requests' dictionary of scheme, `scheme://host` or `all` to
    URL; None leaves it to the environment, `{}` means none. `timeout`, seconds: a number bounds
    each wait and the exchange in total, a (connect, read) pair each its own wait and by its sum
    the total, None the total by 30. Name look-up cannot be interrupted and is not bounded.

    Safe for many threads and across `fork`. Raises `ConfigurationError` at construction for what
    can never work; `send` raises `TransportError`.
    """

    @discreet
    def __init__(
        self,
        *,
        verify: bool | str | os.PathLike[str] = True,
        proxies: Mapping[str, str | None] | None = None,
        timeout: Waits = None,
    ) -> None:
        self._verify: Final = checked_verify(verify)
        self._proxies: Final = None if proxies is None else parse_proxies(proxies)
        self._bounds: Final = bounds_of(timeout)
        given = {"verify": verify, "proxies": proxies, "timeout": timeout}
        #: In a function, because a proxy's URL may hold a password that no attribute shall show.
        self._given: Final[Callable[[], Mapping[str, object]]] = lambda: given
        self._pools: _Pools = {}

    def with_options(self, options: Mapping[str, object]) -> Transport:
        """Return a transport for one call, with `verify`, `proxies`, `timeout` or `post` replaced.

        `post` is MSAL's hook: it is called in place of this transport for every POST, with all
        other options as keyword arguments. Anything else raises `ConfigurationError`.
        """
        if options.get("post") is not None:
            from sansio_auth_adapters.transports.http_client import PostHook

            return PostHook(options, self)
        given = self._given()
        known = {**given, **{name: it for name, it in options.items() if name != "post"}}
        if known.get("cert") is not None:
            raise ConfigurationError(
                "cert: this transport presents no client certificate; pass an http_client that"
                " does, such as a requests.Session with `cert`",
                code="adapter_lacks_client_cert",
            )
        if unknown := ", ".join(sorted(known.keys() - given.keys())):
            raise ConfigurationError(f"{unknown}: unknown argument", code="unknown_argument")
        alike = Urllib3Transport(
            verify=cast("bool | str", known["verify"]),
            proxies=cast("Mapping[str, str | None] | None", known["proxies"]),
            timeout=cast("Waits", known["timeout"]),
        )
        alike._pools = self._pools
        return alike

    def send(self, request: HttpRequest) -> HttpResponse:
        """Return the response to one request; redirects come back as they are."""
        exchange = Exchange.begin(self._bounds, request.timeout)
        try:
            pool = self._pool(request.url, None if request.direct else self._proxy(request.url))
        except (ConfigurationError, OSError) as error:
            # What the environment names is found out now, not at construction.
            kind = "proxy" if isinstance(error, ConfigurationError) else "tls"
            raise TransportError(
                f"{request.method} to {host_of(request.url)} is impossible: {error}",
                kind=kind,
                sent=False,
                retryable=False,
            ) from error
        from sansio_auth_adapters.transports._connections import carry

        return carry(pool, request, transport_headers(request), exchange)

    def close(self) -> None:
        """Close the connections that nobody is using; a later `send` opens new ones."""
        while self._pools:
            (process, _, _, _), pool = self._pools.popitem()
            if process == os.getpid():
                from sansio_auth_adapters.transports._connections import close_idle

                close_idle(pool)

    def _proxy(self, url: str) -> Proxy | None:
        return environment_proxy(url) if self._proxies is None else select_proxy(url, self._proxies)

    def _pool(self, url: str, proxy: Proxy | None) -> HTTPConnectionPool:
        """Return the connections to the host of a URL, which are all that its beginning tells."""
        beginning = "/".join(url.split("/", 3)[:3])
        key = (os.getpid(), self._verify, proxy, beginning)
        if (kept := self._pools.get(key)) is not None:
            return kept
        try:
            from sansio_auth_adapters.transports._connections import open_pool
        except ModuleNotFoundError as error:
            message = f"{error.name} is not installed: install it, or pass an http_client"
            raise ModuleNotFoundError(message, name=error.name) from None
        if len(self._pools) >= _HOSTS:
            self.close()
        # Two threads may make one each; both use the one that was first, and no lock is held.
        return self._pools.setdefault(key, open_pool(url, proxy, self._verify))

    def __repr__(self) -> str:
        return f"Urllib3Transport(verify={self._verify!r})"

    def __reduce__(self) -> tuple[object, ...]:
        message = "a transport holds sockets: make another one instead"
        raise TypeError(message)
