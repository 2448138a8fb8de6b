"""No network but loopback, and no environment that would send a library elsewhere."""

from __future__ import annotations

import os
import socket
from typing import Any, Final

__all__ = ["MISLEADING", "OffLimitsError", "stay_on_loopback"]

_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "::1", "", None})
_VARIABLES: Final = (
    "REGION_NAME", "MSAL_FORCE_REGION", "AZURE_REGIONAL_AUTHORITY_NAME", "HTTP_PROXY",
    "HTTPS_PROXY", "ALL_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE",
    "SSL_CERT_DIR",
)  # fmt: skip
#: Variables of the environment that send a library to another host, or let it trust others.
MISLEADING: Final = tuple(spelt for name in _VARIABLES for spelt in (name, name.lower()))


class OffLimitsError(OSError):
    """Something tried to reach another machine."""


def _check(host: object) -> None:
    name = host.decode() if isinstance(host, bytes) else host
    if name not in _HOSTS:
        raise OffLimitsError(f"a benchmark reaches nobody but loopback, and not {name!r}")


def stay_on_loopback() -> None:
    """From now on refuse to connect to another machine, or to look up its name."""
    for name in MISLEADING:
        os.environ.pop(name, None)
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex
    getaddrinfo = socket.getaddrinfo

    def guarded(self: socket.socket, address: Any) -> None:
        _check(address[0] if isinstance(address, tuple) else "localhost")
        connect(self, address)

    def guarded_ex(self: socket.socket, address: Any) -> int:
        _check(address[0] if isinstance(address, tuple) else "localhost")
        return connect_ex(self, address)

    def looked_up(host: bytes | str | None, *args: Any, **kwargs: Any) -> Any:
        _check(host)
        return getaddrinfo(host, *args, **kwargs)

    socket.socket.connect = guarded  # type: ignore[method-assign,assignment]
    socket.socket.connect_ex = guarded_ex  # type: ignore[method-assign,assignment]
    socket.getaddrinfo = looked_up
