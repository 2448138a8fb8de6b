"""Which proxy a request goes through: a dictionary of requests' shape, or the environment's.

Knows the names and their order. A proxy's user name and password are taken out of its URL at once
and appear in no repr. Refuses to know connections, and netrc.
"""

from __future__ import annotations

import os
import sys
from base64 import b64encode
from collections.abc import Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import unquote_to_bytes, urlsplit, urlunsplit

from attrs import field, frozen

from sansio_auth.errors import ConfigurationError
from sansio_auth.secret import Confidential

__all__ = ["Proxy", "environment_proxy", "parse_proxies", "select_proxy"]

#: Whether the operating system itself may name a proxy, which can change at any time.
_SYSTEM_SETTINGS: Final = os.name == "nt" or sys.platform == "darwin"
#: The variables of the environment that decide, by scheme; CGI's `REQUEST_METHOD` takes
#: `HTTP_PROXY` away.
_OF_ALL: Final = ("all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY")
_VARIABLES: Final = {
    "https": ("https_proxy", "HTTPS_PROXY", *_OF_ALL),
    "http": ("http_proxy", "HTTP_PROXY", "REQUEST_METHOD", *_OF_ALL),
}


@frozen
class Proxy(Confidential):
    """An HTTP proxy: its URL without user information, and what is sent to it alone."""

    url: str
    _authorization: str | None = field(default=None, repr=False)

    @property
    def headers(self) -> dict[str, str]:
        """The headers for the proxy, Basic credentials (RFC 7617) where it has some."""
        return {} if self._authorization is None else {"Proxy-Authorization": self._authorization}


def _parse_proxy(text: object, name: str) -> Proxy:
    """Return a proxy; raises `ConfigurationError`, which never shows the URL: it may hold a key."""
    if not isinstance(text, str):
        raise ConfigurationError(f"proxies[{name!r}]: a URL is needed", code="proxies")
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        port = parts.port
    except ValueError:
        raise ConfigurationError(f"proxies[{name!r}]: not a URL", code="proxies") from None
    if parts.scheme not in {"http", "https"}:
        raise ConfigurationError(
            f"proxies[{name!r}]: http and https proxies only; for SOCKS pass an http_client that"
            " speaks it, such as a requests.Session",
            code="proxies",
        )
    host = parts.hostname
    if not host:
        raise ConfigurationError(f"proxies[{name!r}]: the URL has no host", code="proxies")
    authority = (f"[{host}]" if ":" in host else host) + (f":{port}" if port is not None else "")
    given, _, _ = parts.netloc.rpartition("@")
    user, _, password = given.partition(":")
    pair = unquote_to_bytes(user) + b":" + unquote_to_bytes(password)
    return Proxy(
        urlunsplit((parts.scheme, authority, "", "", "")),
        f"Basic {b64encode(pair).decode()}" if given else None,
    )


def parse_proxies(proxies: Mapping[str, str | None]) -> dict[str, Proxy]:
    """Return the dictionary with every proxy read; an empty value is none, as `no_proxy` is."""
    return {
        name.lower(): _parse_proxy(text, name)
        for name, text in proxies.items()
        if text and name != "no_proxy"
    }


def select_proxy(url: str, proxies: Mapping[str, Proxy]) -> Proxy | None:
    """Return the proxy for a URL: `https://host` first, then `https`, `all://host`, `all`."""
    parts = urlsplit(url)
    for name in (f"{parts.scheme}://{parts.hostname}", parts.scheme, f"all://{parts.hostname}"):
        if name in proxies:
            return proxies[name]
    return proxies.get("all")


def environment_proxy(url: str) -> Proxy | None:
    """Return the proxy that the environment (or the operating system) names for a URL, or None.

    `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` in either case and `NO_PROXY`, as the standard library
    reads them. Raises `ConfigurationError` where the proxy is none that can be used.
    """
    parts = urlsplit(url)
    if _SYSTEM_SETTINGS:
        return _named_proxy(parts.scheme, parts.netloc)
    variables = tuple([os.environ.get(name) for name in _VARIABLES.get(parts.scheme, _OF_ALL)])
    return _remembered_proxy(parts.scheme, parts.netloc, variables)


def _named_proxy(scheme: str, netloc: str) -> Proxy | None:
    from urllib.request import getproxies, proxy_bypass

    if proxy_bypass(netloc):
        return None
    named = {name: text for name, text in getproxies().items() if name in {scheme, "all"}}
    return select_proxy(f"{scheme}://{netloc}", parse_proxies(named))


@lru_cache(maxsize=64)
def _remembered_proxy(scheme: str, netloc: str, _: tuple[str | None, ...]) -> Proxy | None:
    """Return what the environment names, which is read again whenever those variables change."""
    if not any(name.lower().endswith("_proxy") for name in os.environ):
        return None  # as the standard library would say, once it is loaded
    return _named_proxy(scheme, netloc)
