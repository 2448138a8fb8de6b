"""MSAL for Python."""

from __future__ import annotations

from typing import Any, Final, cast

import msal  # type: ignore[import-untyped]  # it ships no types

from bench.answers import CLIENT, SCOPE
from bench.keys import Certificate
from bench.libraries.msal_shaped import Application, Cache, MsalShaped, SerializableCache
from bench.libraries.protocol import Call
from bench.tenant import Tenant

__all__ = ["LIBRARY", "Msal"]


class _Response:
    """As much of a requests response as MSAL reads."""

    __slots__ = ("headers", "status_code", "text")

    def __init__(self, text: str) -> None:
        self.status_code = 200
        self.text = text
        self.headers = {"Content-Type": "application/json; charset=utf-8"}

    def raise_for_status(self) -> None:
        pass


class _HttpClient:
    """The tenant as an `http_client`."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._token = _Response(tenant.text)

    def post(self, url: str, **_: object) -> _Response:
        self._tenant.asked(url)
        return self._token

    def get(self, url: str, **_: object) -> _Response:
        self._tenant.asked(url)
        return _Response(self._tenant.discovery(url))

    def close(self) -> None:
        pass


class Msal(MsalShaped):
    """msal's classes."""

    name = "msal"
    async_name = "msal"

    def application(self, authority: str, credential: Any, **options: Any) -> Application:
        """Return msal's application."""
        made = msal.ConfidentialClientApplication(
            CLIENT, client_credential=credential, authority=authority, **options
        )
        return cast("Application", made)

    def transport(self, tenant: Tenant) -> object:
        """Return the tenant as an HTTP client."""
        return _HttpClient(tenant)

    def cache(self) -> Cache:
        """Return msal's cache."""
        return cast("Cache", msal.TokenCache())

    def serializable_cache(self) -> SerializableCache:
        """Return msal's cache that can be written."""
        return cast("SerializableCache", msal.SerializableTokenCache())

    def request(
        self,
        tenant: Tenant,
        certificate: Certificate | None = None,
        cache: Cache | None = None,
    ) -> Call:
        """Return the call; an assertion that msal would use again is forgotten each time."""
        if certificate is None:
            return super().request(tenant, None, cache)
        application: Any = self.in_memory(
            tenant, cache=cache, credential=certificate.as_msal_takes_it
        )
        refresher = application.client.client_assertion

        def call() -> object:
            refresher._buf = {}
            return application.acquire_token_for_client([SCOPE])

        return call


LIBRARY: Final = Msal()
