"""azure-identity, sync and async; behind it are msal and azure-core's pipeline."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from azure.core.pipeline.transport import (
    AsyncHttpResponse,
    AsyncHttpTransport,
    HttpResponse,
    HttpTransport,
)
from azure.identity import CertificateCredential, ClientSecretCredential, OnBehalfOfCredential
from azure.identity.aio import ClientSecretCredential as AsyncClientSecretCredential

from bench.answers import ASSERTION, CLIENT, REALM, SCOPE, SECRET, USER_SCOPE
from bench.keys import Certificate
from bench.libraries.protocol import AsyncCall, Call, Library
from bench.loopback import Served
from bench.tenant import Tenant

__all__ = ["LIBRARY", "Azure"]

_JSON: Final = "application/json; charset=utf-8"


class _Told:
    """What a response of azure-core is filled with."""

    def __init__(self, request: Any, text: str) -> None:
        super().__init__(request, None)  # type: ignore[call-arg]  # as the responses below
        self.__dict__.update(
            status_code=200, headers={"Content-Type": _JSON}, content_type=_JSON, _text=text
        )

    _text: str

    def text(self, encoding: str | None = None) -> str:
        del encoding
        return self._text

    def body(self) -> bytes:
        return self._text.encode()


class _Response(_Told, HttpResponse):
    """A response that was read."""


class _AsyncResponse(_Told, AsyncHttpResponse):
    """The same, for an async pipeline."""


class _Transport(HttpTransport[Any, Any]):
    """The tenant as a transport of azure-core."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def send(self, request: Any, **_: object) -> _Response:
        token = self._tenant.asked(request.url)
        return _Response(
            request, self._tenant.text if token else self._tenant.discovery(request.url)
        )

    def open(self) -> None:
        pass

    def close(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        pass


class _AsyncTransport(AsyncHttpTransport[Any, Any]):
    """The same, awaited."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    async def send(self, request: Any, **_: object) -> _AsyncResponse:
        token = await self._tenant.awaited(request.url)
        return _AsyncResponse(
            request, self._tenant.text if token else self._tenant.discovery(request.url)
        )

    async def open(self) -> None:
        pass

    async def close(self) -> None:
        pass

    async def __aexit__(self, *_: object) -> None:
        pass


class Azure(Library):
    """Credentials of azure-identity."""

    name = "azure-identity"
    async_name = "azure-identity.aio"

    def app_token(self, tenant: Tenant, realm: str = REALM) -> Call:
        """Return `get_token` of a credential."""
        credential = ClientSecretCredential(realm, CLIENT, SECRET, transport=_Transport(tenant))
        return partial(credential.get_token, SCOPE)

    def async_app_token(self, tenant: Tenant) -> AsyncCall:
        """Return `get_token` of an async credential."""
        credential = AsyncClientSecretCredential(
            REALM, CLIENT, SECRET, transport=_AsyncTransport(tenant)
        )
        return partial(credential.get_token, SCOPE)

    def request(self, tenant: Tenant, certificate: Certificate | None = None) -> Call:
        """Return `get_token`; its pause of 30 seconds between requests is lifted."""
        transport = _Transport(tenant)
        if certificate is None:
            secret = ClientSecretCredential(REALM, CLIENT, SECRET, transport=transport)
            return _without_pause(secret)
        pem = (certificate.private_pem + certificate.public_pem).encode()
        signing = CertificateCredential(REALM, CLIENT, certificate_data=pem, transport=transport)
        signing.get_token(SCOPE)
        [application] = signing._client_applications.values()
        refresher: Any = application.client.client_assertion
        call = _without_pause(signing)

        def signed() -> object:
            refresher._buf = {}
            return call()

        return signed

    def on_behalf_of(self, tenant: Tenant) -> Call:
        """Return `get_token` of one and the same credential."""
        credential = OnBehalfOfCredential(
            REALM, CLIENT, client_secret=SECRET, user_assertion=ASSERTION,
            transport=_Transport(tenant),
        )  # fmt: skip
        return partial(credential.get_token, USER_SCOPE)

    def over_tls(self, served: Served) -> Call:
        """Return `get_token` over requests."""
        credential = ClientSecretCredential(
            REALM, CLIENT, SECRET, authority=served.base, disable_instance_discovery=True,
            connection_verify=served.authority_file,
        )  # fmt: skip
        return _without_pause(credential)


def _without_pause(credential: Any) -> Call:
    def call() -> object:
        credential._last_request_time = 0
        return credential.get_token(SCOPE)

    return call


LIBRARY: Final = Azure()
