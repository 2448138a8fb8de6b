"""sansio-auth, through its MSAL-shaped applications."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from bench.answers import CLIENT, HOST, REALM, SCOPE, SECRET
from bench.libraries.msal_shaped import Application, Cache, MsalShaped, SerializableCache
from bench.libraries.protocol import AsyncCall
from bench.tenant import Tenant
from sansio_auth import HttpRequest, HttpResponse
from sansio_auth_adapters import (
    AsyncConfidentialClientApplication,
    ConfidentialClientApplication,
    SerializableTokenCache,
    TokenCache,
)

__all__ = ["LIBRARY", "Ours"]

_JSON: Final = (("content-type", "application/json; charset=utf-8"),)


class _Transport:
    """The tenant as a transport of ours."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._token = HttpResponse(200, _JSON, tenant.body)

    def send(self, request: HttpRequest) -> HttpResponse:
        if self._tenant.asked(request.url):
            return self._token
        return HttpResponse(200, _JSON, self._tenant.discovery(request.url).encode())

    def close(self) -> None:
        pass


class _AsyncTransport:
    """The same, awaited."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._token = HttpResponse(200, _JSON, tenant.body)

    async def send(self, request: HttpRequest) -> HttpResponse:
        if await self._tenant.awaited(request.url):
            return self._token
        return HttpResponse(200, _JSON, self._tenant.discovery(request.url).encode())

    async def close(self) -> None:
        pass


class Ours(MsalShaped):
    """What this project offers."""

    name = "ours"
    async_name = "ours"

    def application(self, authority: str, credential: Any, **options: Any) -> Application:
        """Return our application."""
        return ConfidentialClientApplication(CLIENT, credential, authority, **options)

    def transport(self, tenant: Tenant) -> object:
        """Return the tenant as a transport."""
        return _Transport(tenant)

    def cache(self) -> Cache:
        """Return our cache."""
        return TokenCache()

    def serializable_cache(self) -> SerializableCache:
        """Return our cache that can be written."""
        return SerializableTokenCache()

    def async_app_token(self, tenant: Tenant, cache: Cache | None = None) -> AsyncCall:
        """Return the call of the async application."""
        application = AsyncConfidentialClientApplication(
            CLIENT, SECRET, f"https://{HOST}/{REALM}", token_cache=cache,
            http_client=_AsyncTransport(tenant),
        )  # fmt: skip
        return partial(application.acquire_token_for_client, [SCOPE])


LIBRARY: Final = Ours()
