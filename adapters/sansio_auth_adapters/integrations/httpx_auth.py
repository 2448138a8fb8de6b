"""A token on the requests of an httpx or httpx2 client: `Client(auth=BearerAuth(...))`.

One class serves both libraries and both colours of client. A claims challenge is met once. The
token goes to the host that it was asked for and to no other.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, Awaitable, Generator
from contextlib import suppress
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from sansio_auth.errors import ConfigurationError
from sansio_auth_adapters.integrations.bearer import TokenSource, claims_of, host_for_token

__all__ = ["BearerAuth"]

#: Requests and responses of either library.
_Request: TypeAlias = Any
_Response: TypeAlias = Any


def _auth_classes() -> tuple[type, ...]:
    found: list[type] = []
    for name in ("httpx", "httpx2"):
        with suppress(ModuleNotFoundError):
            found.append(import_module(name).Auth)
    if not found:
        message = "neither httpx nor httpx2 is installed: install sansio-auth[httpx]"
        raise ModuleNotFoundError(message, name="httpx")
    return tuple(found)


if TYPE_CHECKING:
    from httpx import Auth as _Auth
else:
    _Auth = type("_Auth", _auth_classes(), {})


class BearerAuth(_Auth):
    """Attaches `Authorization: Bearer`, and asks once more where a claims challenge comes back.

    `source` is `AppTokens(app, scopes)` or a function of yours. In an async client one that blocks
    runs in a worker thread. Raises what it raises, and `ConfigurationError` for an address that is
    not https unless `insecure`. A body that can be read only once is not sent a second time: the
    401 is the answer then.
    """

    def __init__(self, source: TokenSource, *, insecure: bool = False) -> None:
        self._source: Final = source
        self._insecure: Final = insecure

    def sync_auth_flow(self, request: _Request) -> Generator[_Request, _Response, None]:
        """Attach the token, and meet a challenge."""
        origin = self._origin(request)
        _attach(request, self._token(None))
        response = yield request
        claims = _challenge(response, origin)
        if claims is not None and _repeatable(request):
            _ = response.read()
            _attach(request, self._token(claims))
            yield request

    async def async_auth_flow(self, request: _Request) -> AsyncGenerator[_Request, _Response]:
        """Attach the token, and meet a challenge."""
        origin = self._origin(request)
        _attach(request, await self._awaited(None))
        response = yield request
        claims = _challenge(response, origin)
        if claims is not None and _repeatable(request):
            _ = await response.aread()
            _attach(request, await self._awaited(claims))
            yield request

    def _origin(self, request: _Request) -> str:
        return host_for_token(str(request.url), insecure=self._insecure)

    def _token(self, claims: str | None) -> str:
        token = self._source(claims)
        if isinstance(token, str):
            return token
        if inspect.iscoroutine(token):
            token.close()
        raise ConfigurationError(
            "the source of tokens has to be awaited; use an AsyncClient, or an application that"
            " blocks",
            code="async_source",
        )

    async def _awaited(self, claims: str | None) -> str:
        from sansio_auth_adapters.event_loop import in_thread

        if getattr(self._source, "awaited", inspect.iscoroutinefunction(self._source)):
            return await cast("Awaitable[str]", self._source(claims))
        return await in_thread(partial(self._token, claims))

    def __repr__(self) -> str:
        return f"BearerAuth({self._source!r})"


def _attach(request: _Request, token: str) -> None:
    request.headers["Authorization"] = f"Bearer {token}"


def _challenge(response: _Response, origin: str) -> str | None:
    # A redirect may have led elsewhere; what another host asks for is not asked for here.
    if host_for_token(str(response.request.url), insecure=True) != origin:
        return None
    return claims_of(response.status_code, response.headers.get("WWW-Authenticate"))


def _repeatable(request: _Request) -> bool:
    """Whether the body is in memory; a stream has been read by now."""
    try:
        _ = request.content
    except Exception as error:
        if type(error).__name__ != "RequestNotRead":
            raise
        return False
    return True
