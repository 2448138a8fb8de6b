"""The default transport: urllib3, with every convenience that a token request must not have off.

TLS is verified, redirects are refused, nothing is retried, no cookie is kept, no netrc is read.
The time left is enforced before each read, so a server that drips cannot hold a call, and the body
is counted after decompression, so a small answer cannot grow large. Connections are reused and
never shared with a forked child.
"""

from __future__ import annotations

import os
import ssl
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final, cast
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3 import exceptions as failures
from urllib3.util import Timeout, make_headers

from sansio_auth.errors import ConfigurationError, ResponseError, TransportError
from sansio_auth.wire import HttpRequest, HttpResponse

__all__ = ["Timing", "Urllib3Transport"]

#: MSAL's `timeout`, with the meaning it has for requests: seconds, or (connect, read).
Timing = float | tuple[float | None, float | None] | None

_CHUNK: Final = 65_536
_CONNECTIONS: Final = 32
_DEFAULT_TIMEOUT: Final = 30.0
_FORM: Final = "application/x-www-form-urlencoded"
#: Variables by which requests finds certificate authorities when `verify` is True.
_CA_VARIABLES: Final = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def _context(verify: bool | str) -> ssl.SSLContext:  # noqa: FBT001 - requests' parameter
    """Return a TLS context that checks chain and host, unless `verify` is False."""
    if verify is False:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    chosen = verify if isinstance(verify, str) else None
    if chosen is None:
        chosen = next((os.environ[name] for name in _CA_VARIABLES if os.environ.get(name)), None)
    if chosen is None:
        return ssl.create_default_context()
    path = Path(chosen)
    try:
        if path.is_dir():
            return ssl.create_default_context(capath=chosen)
        return ssl.create_default_context(cafile=chosen)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(
            f"verify: no certificates can be read from {chosen}", code="verify"
        ) from error


def _seconds(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        raise ConfigurationError(
            "timeout: seconds greater than zero, a (connect, read) pair of them, or None",
            code="timeout",
        )
    return float(value)


def _timing(value: object) -> tuple[float | None, float | None, float]:
    """Return the connect and read waits and the total; a number bounds all three."""
    if isinstance(value, tuple):
        pair = cast("tuple[object, ...]", value)
        if len(pair) != 2:  # noqa: PLR2004 - connect and read
            raise ConfigurationError("timeout: a pair is (connect, read)", code="timeout")
        connect, read = _seconds(pair[0]), _seconds(pair[1])
        total = connect + read if connect is not None and read is not None else _DEFAULT_TIMEOUT
        return connect, read, total
    both = _seconds(value)
    return both, both, _DEFAULT_TIMEOUT if both is None else both


def _least(*values: float | None) -> float:
    return min(value for value in values if value is not None)


class Urllib3Transport:
    """Sends requests with urllib3; safe for many threads.

    `verify` is True (the system's authorities, or those of `REQUESTS_CA_BUNDLE`), False, or the
    path of a file or folder of authorities. `proxies` maps a scheme, or a scheme and host such as
    `https://login.microsoftonline.com`, to a proxy's URL; None takes the environment's proxies,
    an empty dict none. `timeout` is seconds for each wait and for the exchange as a whole, or
    (connect, read), whose sum then bounds the whole; None is 30 seconds. Raises
    `ConfigurationError` for values that cannot work.
    """

    def __init__(
        self,
        *,
        verify: bool | str = True,
        proxies: Mapping[str, str] | None = None,
        timeout: Timing = None,
    ) -> None:
        self._verify: Final = verify
        self._context: Final = _context(verify)
        self._proxies: Final = None if proxies is None else dict(proxies)
        self._connect, self._read, self._total = _timing(timeout)
        self._managers: dict[str | None, urllib3.PoolManager] = {}
        self._owner = os.getpid()
        self._lock = threading.Lock()

    def with_options(self, options: Mapping[str, object]) -> Urllib3Transport:
        """Return a transport for one call with `timeout`, `verify` or `proxies` replaced.

        Connections are shared where only the timeout differs. Raises `TypeError` for others.
        """
        unknown = sorted(options.keys() - {"timeout", "verify", "proxies"})
        if unknown:
            message = f"unexpected keyword argument: {', '.join(unknown)}"
            raise TypeError(message)
        same = options.keys() <= {"timeout"}
        twin = Urllib3Transport(
            verify=cast("bool | str", options.get("verify", self._verify)),
            proxies=cast("Mapping[str, str] | None", options.get("proxies", self._proxies)),
            timeout=cast("Timing", options.get("timeout", (self._connect, self._read))),
        )
        if "timeout" not in options:
            twin._total = self._total
        if same:
            twin._managers, twin._lock = self._managers, self._lock
        return twin

    def send(self, request: HttpRequest) -> HttpResponse:
        """Send one request and return the response, or raise `TransportError`.

        `sent` is False in it when no byte of the request can have gone out. A body beyond
        `request.max_bytes` is a `ResponseError` with code `body_too_large`.
        """
        deadline = time.monotonic() + _least(request.timeout, self._total)
        try:
            response = self._open(request, deadline)
            try:
                body = self._body(response, request.max_bytes, deadline)
            finally:
                self._finish(response)
        except failures.HTTPError as error:
            raise _transport_error(error) from error
        headers = tuple((name, value) for name, value in response.headers.items())
        return HttpResponse(response.status, headers, body)

    def close(self) -> None:
        """Release all connections; a later `send` opens new ones."""
        with self._lock:
            managers, self._managers = self._managers, {}
        for manager in managers.values():
            manager.clear()

    # --- one exchange ---------------------------------------------------------------------------

    def _open(self, request: HttpRequest, deadline: float) -> urllib3.BaseHTTPResponse:
        headers = dict(request.headers)
        headers["Accept-Encoding"] = "identity"
        if request.form is not None:
            headers["Content-Type"] = _FORM
        left = max(deadline - time.monotonic(), 0.001)
        return self._manager(request).request(
            request.method,
            request.target,
            body=request.body,
            headers=headers,
            timeout=Timeout(
                connect=_least(self._connect, left), read=_least(self._read, left), total=left
            ),
            redirect=False,
            retries=False,
            preload_content=False,
        )

    def _body(self, response: urllib3.BaseHTTPResponse, limit: int, deadline: float) -> bytes:
        """Read the decoded body piece by piece, watching the clock and the size."""
        body = bytearray()
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TransportError("the exchange took too long", kind="deadline")
            _patience(response, _least(self._read, left))
            piece = response.read1(min(_CHUNK, limit + 1 - len(body)))
            if not piece:
                return bytes(body)
            body += piece
            if len(body) > limit:
                raise ResponseError(
                    f"the response is longer than {limit} bytes", code="body_too_large"
                )

    @staticmethod
    def _finish(response: urllib3.BaseHTTPResponse) -> None:
        """Give the connection back when the body was read to its end, else close it."""
        if response.closed or getattr(response, "length_remaining", None) == 0:
            response.release_conn()
        else:
            response.close()

    # --- connections ----------------------------------------------------------------------------

    def _manager(self, request: HttpRequest) -> urllib3.PoolManager:
        if self._owner != os.getpid():  # a forked child must not speak on its parent's sockets
            self._owner, self._managers, self._lock = os.getpid(), {}, threading.Lock()
        proxy = None if request.direct else self._proxy(request.url)
        manager = self._managers.get(proxy)
        if manager is None:
            with self._lock:
                manager = self._managers.get(proxy)
                if manager is None:
                    manager = self._managers[proxy] = self._make(proxy)
        return manager

    def _make(self, proxy: str | None) -> urllib3.PoolManager:
        if proxy is None:
            return urllib3.PoolManager(maxsize=_CONNECTIONS, ssl_context=self._context)
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        headers = None
        if parts.username is not None:
            credentials = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            headers = make_headers(proxy_basic_auth=credentials)
        host = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
        return urllib3.ProxyManager(
            host, maxsize=_CONNECTIONS, ssl_context=self._context, proxy_headers=headers
        )

    def _proxy(self, url: str) -> str | None:
        """Return the proxy for a URL, by requests' rules: the most specific entry wins."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        proxies = self._proxies
        if proxies is None:
            if proxy_bypass(host):
                return None
            proxies = getproxies()
        names = (f"{parts.scheme}://{host}", parts.scheme, f"all://{host}", "all")
        return next((proxies[name] for name in names if proxies.get(name)), None)

    def __repr__(self) -> str:
        return "Urllib3Transport()"


def _patience(response: urllib3.BaseHTTPResponse, seconds: float) -> None:
    """Let the next read of the socket wait that long and no longer."""
    sock = getattr(getattr(response, "connection", None), "sock", None)
    if sock is not None:
        sock.settimeout(max(seconds, 0.001))


def _transport_error(error: failures.HTTPError) -> TransportError:
    """Return what a failure of urllib3 means; the order is from the particular to the general."""
    match error:
        case failures.ProxyError():
            return TransportError("the proxy failed", kind="proxy", sent=False)
        case failures.SSLError():
            return TransportError("TLS failed", kind="tls", sent=False)
        case failures.ConnectTimeoutError() | failures.NewConnectionError():
            return TransportError("no connection", kind="connect", sent=False)
        case failures.ReadTimeoutError() | failures.TimeoutError():
            return TransportError("no answer in time", kind="timeout")
        case failures.IncompleteRead() | failures.InvalidChunkLength() | failures.DecodeError():
            return TransportError("the response broke off", kind="incomplete")
        case failures.ProtocolError():
            return TransportError("the connection broke", kind="connect")
        case failures.LocationValueError():
            return TransportError("the URL cannot be used", kind="unknown", sent=False)
        case _:
            return TransportError("the request failed", kind="unknown")
