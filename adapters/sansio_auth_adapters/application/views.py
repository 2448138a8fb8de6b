"""Attributes of MSAL's application that are objects, made for whoever reads them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from attrs import field, frozen

from sansio_auth.authority import Endpoints

__all__ = ["AsyncHttpClientView", "AuthorityView", "HttpClientView"]


@frozen
class AuthorityView:
    """MSAL's `app.authority`: what callers read of it."""

    instance: str
    tenant: str
    is_adfs: bool
    authorization_endpoint: str
    token_endpoint: str
    device_authorization_endpoint: str | None

    @classmethod
    def of(cls, host: str, endpoints: Endpoints) -> AuthorityView:
        """Return the view of an authority whose endpoints are known."""
        return cls(
            instance=host,
            tenant=endpoints.realm,
            is_adfs=endpoints.realm.lower() == "adfs",
            authorization_endpoint=endpoints.authorization,
            token_endpoint=endpoints.token,
            device_authorization_endpoint=endpoints.device_authorization,
        )


@frozen
class HttpClientView:
    """MSAL's `app.http_client`: the caller's own client in it, and a way to close it."""

    http_client: object | None
    _close: Callable[[], None] = field(repr=False)

    def close(self) -> None:
        """Release connections."""
        self._close()


@frozen
class AsyncHttpClientView:
    """`HttpClientView` of the async application."""

    http_client: object | None
    _close: Callable[[], Awaitable[None]] = field(repr=False)

    async def close(self) -> None:
        """Release connections."""
        await self._close()
