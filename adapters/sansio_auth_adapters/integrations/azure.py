"""The application as a credential of the Azure SDK: azure-core's `TokenCredential`, both colours.

What the SDK calls with becomes a call of the application, and what goes wrong becomes a
`ClientAuthenticationError`, as the SDK's pipelines and chains expect of a credential that is
configured. `enable_cae` is a wish about the client: give the application
`client_capabilities=["CP1"]`, and each of its tokens is one for continuous access evaluation.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from types import TracebackType
from typing import Protocol, Self, TypeAlias, cast

from azure.core.credentials import AccessToken, AccessTokenInfo, TokenRequestOptions
from azure.core.exceptions import ClientAuthenticationError

from sansio_auth.errors import ConfigurationError, SansioAuthError
from sansio_auth.secret import discreet
from sansio_auth_adapters import ambient
from sansio_auth_adapters.application.aio import AsyncConfidentialClientApplication
from sansio_auth_adapters.application.dicts import TokenDict
from sansio_auth_adapters.application.sync import ConfidentialClientApplication
from sansio_auth_adapters.integrations.bearer import refusal_in

__all__ = ["AsyncConfidentialClientCredential", "ConfidentialClientCredential"]

_Ask: TypeAlias = Callable[[list[str], str | None, str | None], TokenDict]
_AsyncAsk: TypeAlias = Callable[[list[str], str | None, str | None], Awaitable[TokenDict]]


class _Closable(Protocol):
    def close(self) -> None: ...


class _AsyncClosable(Protocol):
    async def close(self) -> None: ...


def _wanted(scopes: Iterable[str]) -> list[str]:
    given = [*scopes]
    if not given:
        raise ConfigurationError("get_token: at least one scope is needed", code="no_scopes")
    return given


def _info(result: TokenDict) -> AccessTokenInfo:
    token = result.get("access_token")
    if not token:
        refused = refusal_in(result)
        raise ClientAuthenticationError(message=str(refused), error=refused) from refused
    now = ambient.now()
    return AccessTokenInfo(
        token,
        int(now) + result.get("expires_in", 0),
        token_type=result.get("token_type", "Bearer"),
        refresh_on=_refresh_on(result, now),
    )


def _refresh_on(result: TokenDict, now: float) -> int | None:
    """Return the time to refresh at, told by a cached token as such and by a new one from now."""
    if (moment := result.get("refresh_on")) is not None:
        return moment
    seconds = cast("Mapping[str, object]", result).get("refresh_in")
    return int(now) + int(seconds) if isinstance(seconds, int | float) else None


def _failed(error: SansioAuthError) -> ClientAuthenticationError:
    return ClientAuthenticationError(message=f"Authentication failed: {error}", error=error)


class ConfidentialClientCredential:
    """A `TokenCredential` (and `SupportsTokenInfo`) that asks an application of ours.

    Tokens are the application's own, or `on_behalf_of` a user's. Raises `ClientAuthenticationError`
    where no token can be had, `ConfigurationError` for arguments that cannot work. `close` closes
    the application.
    """

    def __init__(self, app: ConfidentialClientApplication) -> None:
        def ask(scopes: list[str], claims: str | None, tenant_id: str | None) -> TokenDict:
            return app.acquire_token_for_client(
                scopes, claims_challenge=claims, tenant_id=tenant_id
            )

        self._app: _Closable = app
        self._ask: _Ask = ask

    @classmethod
    def on_behalf_of(cls, app: ConfidentialClientApplication, user_assertion: str) -> Self:
        """Return a credential for the user who called with this token."""

        def ask(scopes: list[str], claims: str | None, tenant_id: str | None) -> TokenDict:
            return app.acquire_token_on_behalf_of(
                user_assertion, scopes, claims_challenge=claims, tenant_id=tenant_id
            )

        made = cls(app)
        made._ask = ask
        return made

    @discreet
    def get_token(
        self,
        *scopes: str,
        claims: str | None = None,
        tenant_id: str | None = None,
        **_options: object,
    ) -> AccessToken:
        """Return a token, as `azure.core.credentials.TokenCredential` says."""
        info = self._get(scopes, claims, tenant_id)
        return AccessToken(info.token, info.expires_on)

    @discreet
    def get_token_info(
        self, *scopes: str, options: TokenRequestOptions | None = None
    ) -> AccessTokenInfo:
        """Return a token with its type and the time to refresh it at."""
        given = options or {}
        return self._get(scopes, given.get("claims"), given.get("tenant_id"))

    def _get(
        self, scopes: Iterable[str], claims: str | None, tenant_id: str | None
    ) -> AccessTokenInfo:
        try:
            return _info(self._ask(_wanted(scopes), claims, tenant_id))
        except ConfigurationError:
            raise
        except SansioAuthError as error:
            raise _failed(error) from error

    def close(self) -> None:
        """Close the application."""
        self._app.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self.close()


class AsyncConfidentialClientCredential:
    """`ConfidentialClientCredential` for the SDK's async clients (`AsyncTokenCredential`)."""

    def __init__(self, app: AsyncConfidentialClientApplication) -> None:
        async def ask(scopes: list[str], claims: str | None, tenant_id: str | None) -> TokenDict:
            return await app.acquire_token_for_client(
                scopes, claims_challenge=claims, tenant_id=tenant_id
            )

        self._app: _AsyncClosable = app
        self._ask: _AsyncAsk = ask

    @classmethod
    def on_behalf_of(cls, app: AsyncConfidentialClientApplication, user_assertion: str) -> Self:
        """Return a credential for the user who called with this token."""

        async def ask(scopes: list[str], claims: str | None, tenant_id: str | None) -> TokenDict:
            return await app.acquire_token_on_behalf_of(
                user_assertion, scopes, claims_challenge=claims, tenant_id=tenant_id
            )

        made = cls(app)
        made._ask = ask
        return made

    @discreet
    async def get_token(
        self,
        *scopes: str,
        claims: str | None = None,
        tenant_id: str | None = None,
        **_options: object,
    ) -> AccessToken:
        """Return a token, as `azure.core.credentials_async.AsyncTokenCredential` says."""
        info = await self._get(scopes, claims, tenant_id)
        return AccessToken(info.token, info.expires_on)

    @discreet
    async def get_token_info(
        self, *scopes: str, options: TokenRequestOptions | None = None
    ) -> AccessTokenInfo:
        """Return a token with its type and the time to refresh it at."""
        given = options or {}
        return await self._get(scopes, given.get("claims"), given.get("tenant_id"))

    async def _get(
        self, scopes: Iterable[str], claims: str | None, tenant_id: str | None
    ) -> AccessTokenInfo:
        try:
            return _info(await self._ask(_wanted(scopes), claims, tenant_id))
        except ConfigurationError:
            raise
        except SansioAuthError as error:
            raise _failed(error) from error

    async def close(self) -> None:
        """Close the application."""
        await self._app.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.close()
