"""An injected HTTP client of MSAL's shape whose `post` and `get` have to be awaited.

It is called with the keyword arguments that MSAL passes and nothing more, and answers with
`status_code`, `text` and perhaps `headers`. The total time is kept exactly; everything else that a
transport owes is the client's own. A redirect that it followed is refused afterwards.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, cast

from sansio_auth.errors import ConfigurationError, ResponseError, TransportError
from sansio_auth.wire import HttpRequest, HttpResponse
from sansio_auth_adapters.event_loop import deadline
from sansio_auth_adapters.transports.http_client import error_of, keywords_of, read_answer

__all__ = ["AsyncHttpClientTransport"]


class AsyncHttpClientTransport:
    """Sends requests through the caller's client; `options` are further keyword arguments.

    Of the options `post` replaces the client's method and may be of either colour.
    """

    def __init__(self, client: object, options: Mapping[str, object] | None = None) -> None:
        for name in ("post", "get"):
            if not callable(getattr(client, name, None)):
                raise ConfigurationError(
                    f"http_client: has no {name} method; an object like httpx.AsyncClient is"
                    " needed",
                    code="http_client",
                )
        self._client: Final = client
        self._options: Final = dict(options or {})

    def with_options(self, options: Mapping[str, object]) -> AsyncHttpClientTransport:
        """Return a transport for one call that passes these keyword arguments too."""
        return AsyncHttpClientTransport(self._client, {**self._options, **options})

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Send one request and return the response, or raise `TransportError`.

        A redirect that the client followed is a `ResponseError` with code `redirect_refused`.
        """
        keywords, options = keywords_of(request), dict(self._options)
        hook = options.pop("post", None)
        method: object = getattr(self._client, request.method.lower())
        if request.method == "POST":
            keywords |= options
            method = method if hook is None else hook
        try:
            async with deadline(request.timeout):
                answer = cast("Callable[..., object]", method)(request.url, **keywords)
                if inspect.isawaitable(answer):
                    answer = await cast("Awaitable[object]", answer)
            return read_answer(answer, request)
        except (ResponseError, TransportError):
            raise
        except Exception as error:
            raise error_of(error) from error

    async def close(self) -> None:
        """Close the client if it can be closed."""
        close = getattr(self._client, "aclose", None) or getattr(self._client, "close", None)
        if callable(close):
            closing = close()
            if inspect.isawaitable(closing):
                _ = await cast("Awaitable[object]", closing)

    def __repr__(self) -> str:
        return f"AsyncHttpClientTransport({type(self._client).__name__})"
