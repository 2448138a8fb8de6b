"""HTTP as values: the request a transport is asked to send and the response it gives back.

Knows the shape of an exchange and how a form and a query are encoded
(application/x-www-form-urlencoded). Refuses to know sockets, TLS, proxies, retries, and what any
field means.
"""

from __future__ import annotations

import re
from typing import Final, Literal, TypeAlias
from urllib.parse import quote_plus

from attrs import field, frozen

from sansio_auth.secret import Confidential

__all__ = ["HttpRequest", "HttpResponse", "Pairs", "form_encode", "host_of"]

Pairs: TypeAlias = tuple[tuple[str, str], ...]

#: Bytes of a header block that a response may hold; more is not a token response.
MAX_HEADER_BYTES: Final = 65_536


#: What stands for itself in a form; most names and values are made of nothing else.
_PLAIN: Final = re.compile(r"[A-Za-z0-9_.~-]*")


def _quoted(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else quote_plus(text)


#: Characters of a host's name.
_LONGEST_HOST: Final = 253


def form_encode(pairs: Pairs) -> str:
    """Return the pairs as application/x-www-form-urlencoded text (space as `+`, `~` as it is)."""
    return "&".join([f"{_quoted(name)}={_quoted(value)}" for name, value in pairs])


def _names(pairs: Pairs | None) -> str:
    return "-" if pairs is None else ",".join(name for name, _ in pairs)


@frozen(repr=False)
class HttpRequest(Confidential):
    """One request. Its `repr` names fields and headers and shows no value.

    `timeout` is the seconds left for the whole exchange. `max_bytes` caps the decoded body.
    `direct` asks for no proxy. `form` is None for a GET; a transport encodes it, and sets
    `Content-Type: application/x-www-form-urlencoded`. Redirects are never followed.
    """

    method: Literal["GET", "POST"]
    url: str
    query: Pairs = ()
    headers: Pairs = ()
    form: Pairs | None = None
    timeout: float = 30.0
    max_bytes: int = 1 << 20
    direct: bool = False

    @property
    def target(self) -> str:
        """The URL with its query."""
        if not self.query:
            return self.url
        return f"{self.url}{'&' if '?' in self.url else '?'}{form_encode(self.query)}"

    @property
    def body(self) -> bytes | None:
        """The encoded form, or None where the request has no body."""
        return None if self.form is None else form_encode(self.form).encode("ascii")

    def __repr__(self) -> str:
        return (
            f"HttpRequest({self.method} {self.url}"
            f" query={_names(self.query)} form={_names(self.form)}"
            f" timeout={self.timeout:.3f})"
        )


def _lower(headers: Pairs) -> Pairs:
    return tuple([(name.lower(), value) for name, value in headers])


@frozen(repr=False)
class HttpResponse(Confidential):
    """One response. Its `repr` shows the status and sizes, never the body.

    `headers` are pairs with lower-case names. `body` is the decoded body (no content coding).
    """

    status: int
    headers: Pairs = field(default=(), converter=_lower)
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """Return the first header of that lower-case name, or None."""
        for key, value in self.headers:
            if key == name:
                return value
        return None

    def __repr__(self) -> str:
        return f"HttpResponse({self.status} headers={_names(self.headers)} bytes={len(self.body)})"


def host_of(url: str) -> str:
    """Return the lower-case host of an absolute URL, or an empty text; for messages.

    What is longer than a name may be is none (RFC 1035 section 2.3.4).
    """
    after = url.partition("://")[2].partition("/")[0]
    host = after.rpartition("@")[2].partition(":")[0].lower()
    return host if len(host) <= _LONGEST_HOST else ""
