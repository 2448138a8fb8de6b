"""An injected HTTP client, as MSAL takes one: an object with `post` and `get`.

Knows requests-like clients by their behaviour: they are called with the keyword arguments that
MSAL passes and nothing more, and answer with `status_code`, `text` and perhaps `headers`. Only a
real `requests.Session` is told more, because its defaults would follow a redirect with the
credential, wait for ever, and put an entry of netrc in the place of the client's proof; and the
body of its answer is read here, no further than the cap and the time allow. For any other client,
a redirect it followed is refused afterwards, and so is a body that is too long.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final, Protocol, cast

from sansio_auth.errors import ConfigurationError, ResponseError, TransportError
from sansio_auth.wire import HttpRequest, HttpResponse, Pairs
from sansio_auth_adapters.ports import Transport
from sansio_auth_adapters.transports._concealed import ConcealedForm
from sansio_auth_adapters.transports._exchange import Bounds, Exchange, bounds_of, read_body
from sansio_auth_adapters.transports._kinds import asks_for_certificate

__all__ = ["HttpClientTransport", "PostHook", "error_of", "keywords_of", "read_answer"]

#: Failures, by the name of requests' and others' exception types, and what is known of them.
_KINDS: Final = {
    "ConnectTimeout": ("connect", False),
    "SSLError": ("tls", True),  # in the handshake or after it: the name does not tell
    "ProxyError": ("proxy", False),
    "ReadTimeout": ("timeout", True),
    "Timeout": ("timeout", True),
    "TimeoutError": ("timeout", True),
    "ChunkedEncodingError": ("incomplete", True),
    "ContentDecodingError": ("incomplete", True),
    "ProtocolError": ("incomplete", True),
    "ConnectionError": ("connect", True),
    "ConnectionRefusedError": ("connect", False),
}


def _is_session(client: object) -> bool:
    """Whether it is a `requests.Session`, found without importing requests."""
    return any(
        base.__module__.partition(".")[0] == "requests" and base.__name__ == "Session"
        for base in type(client).__mro__
    )


def _text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _headers(value: object) -> Pairs:
    """Return headers as pairs, whatever they came as: a mapping, pairs, bytes, or nothing."""
    if value is None:
        return ()
    items = cast("object", getattr(value, "items", None))
    given = cast("Iterable[tuple[object, object]]", items() if callable(items) else value)
    return tuple((_text(name), _text(entry)) for name, entry in given)


class HttpClientTransport:
    """Sends requests through the caller's client; `options` are further keyword arguments.

    Of the options `post` replaces the client's method, as MSAL's tests do. The body is not
    bounded while it is read, since the client reads it; a longer one than `max_bytes` is refused.
    """

    def __init__(self, client: object, options: Mapping[str, object] | None = None) -> None:
        for name in ("post", "get"):
            if not callable(getattr(client, name, None)):
                raise ConfigurationError(
                    f"http_client: has no {name} method; an object like requests.Session is needed",
                    code="http_client",
                )
        self._client: Final = client
        self._options: Final = dict(options or {})

    def with_options(self, options: Mapping[str, object]) -> HttpClientTransport:
        """Return a transport for one call that passes these keyword arguments too."""
        return HttpClientTransport(self._client, {**self._options, **options})

    def send(self, request: HttpRequest) -> HttpResponse:
        """Send one request and return the response, or raise `TransportError`.

        A redirect that the client followed is a `ResponseError` with code `redirect_refused`.
        """
        keywords, exchange = keywords_of(request), None
        if _is_session(self._client):
            keywords |= {"allow_redirects": False, "timeout": request.timeout, "stream": True}
            if getattr(self._client, "auth", None) is None:
                keywords["auth"] = _unchanged
        method = cast("Callable[..., object]", getattr(self._client, request.method.lower()))
        options = dict(self._options)
        hook = options.pop("post", None)
        if request.method == "POST":
            keywords |= options
            method = cast("Callable[..., object]", hook) if hook is not None else method
        if keywords.get("stream") is True:
            exchange = Exchange.begin(_bounds(keywords["timeout"]), request.timeout)
        return _called(method, request, keywords, exchange)

    def close(self) -> None:
        """Close the client if it can be closed, as MSAL does."""
        close = getattr(self._client, "close", None)
        if callable(close):
            _ = close()

    def __repr__(self) -> str:
        return f"HttpClientTransport({type(self._client).__name__})"


class PostHook:
    """Sends POST requests through a function, as MSAL's `post=` argument asks; the rest as ever."""

    def __init__(self, options: Mapping[str, object], otherwise: Transport) -> None:
        rest = dict(options)
        self._post = cast("Callable[..., object]", rest.pop("post"))
        self._options: Final = rest
        self._otherwise: Final = otherwise

    def send(self, request: HttpRequest) -> HttpResponse:
        """Send one request and return the response, or raise `TransportError`."""
        if request.method != "POST":
            return self._otherwise.send(request)
        return _called(self._post, request, keywords_of(request) | self._options)

    def close(self) -> None:
        """Release nothing: the transport behind it belongs to somebody else."""


def keywords_of(request: HttpRequest) -> dict[str, object]:
    """Return what MSAL passes beside the URL: all three with a form, else only what there is."""
    keywords: dict[str, object] = {
        "params": dict(request.query) or None,
        "headers": dict(request.headers),
    }
    if request.form is not None:
        return {**keywords, "data": ConcealedForm(request.form)}
    return {name: value for name, value in keywords.items() if value}


def _bounds(timeout: object) -> Bounds:
    """Return what requests' `timeout` bounds; one in words of urllib3's own bounds its waits."""
    try:
        return bounds_of(timeout)
    except ConfigurationError:
        return Bounds()


def _unchanged(prepared: object) -> object:
    """Be requests' `auth` and add nothing; without any, requests looks into netrc."""
    return prepared


def _called(
    method: Callable[..., object],
    request: HttpRequest,
    keywords: Mapping[str, object],
    exchange: Exchange | None = None,
) -> HttpResponse:
    try:
        answer = method(request.url, **keywords)
        body = None if exchange is None else _unread(answer)
        if body is None:
            return read_answer(answer, request)
        return _read_streamed(answer, body, request, cast("Exchange", exchange))
    except (ResponseError, TransportError):
        raise
    except Exception as error:
        raise error_of(error) from error


class _Unread(Protocol):
    """A body that requests left on the wire: urllib3's response."""

    def read1(self, amt: int, *, decode_content: bool) -> bytes: ...
    def close(self) -> None: ...


def _unread(answer: object) -> _Unread | None:
    """Return a body of which nothing was read, by a hook of the session for example."""
    if getattr(answer, "_content_consumed", True):
        return None
    raw: object = getattr(answer, "raw", None)
    return cast("_Unread", raw) if hasattr(raw, "read1") else None


def _read_streamed(
    answer: object, body: _Unread, request: HttpRequest, exchange: Exchange
) -> HttpResponse:
    headers = _headers(getattr(answer, "headers", None))
    try:
        coding = {name.lower(): value for name, value in headers}.get("content-encoding")
        content = read_body(
            lambda size: body.read1(size, decode_content=False),
            exchange,
            coding=coding,
            max_bytes=request.max_bytes,
        )
    finally:
        body.close()  # of one that was read to its end the connection is in the pool already
    return HttpResponse(cast("int", getattr(answer, "status_code")), headers, content)  # noqa: B009


def read_answer(answer: object, request: HttpRequest) -> HttpResponse:
    """Return what a client answered; raises `ResponseError` for what must not be an answer."""
    if getattr(answer, "history", None):
        raise ResponseError("the http_client followed a redirect", code="redirect_refused")
    text: object = getattr(answer, "text")  # noqa: B009 - the client's class is unknown
    body = text if isinstance(text, bytes) else str(text).encode("utf-8", "surrogatepass")
    if len(body) > request.max_bytes:
        raise ResponseError(
            f"the response is longer than {request.max_bytes} bytes", code="body_too_large"
        )
    status = cast("int", getattr(answer, "status_code"))  # noqa: B009 - the same
    return HttpResponse(status, _headers(getattr(answer, "headers", None)), body)


def error_of(error: Exception) -> TransportError:
    """Return what a client's exception means, by the first of its types that is known."""
    if isinstance(error, RuntimeError) and "closed" in str(error):
        return TransportError("the http_client is closed", kind="closed", sent=False)
    if asks_for_certificate(error):
        return TransportError("the http_client has no certificate", kind="client_certificate")
    for base in type(error).__mro__:
        if base.__name__ in _KINDS:
            kind, sent = _KINDS[base.__name__]
            return TransportError(f"the http_client failed: {kind}", kind=kind, sent=sent)
    return TransportError("the http_client failed", kind="unknown")
