"""What is the same for msal and for ours: the code is, because the interface is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, Protocol

from bench.answers import (
    ASSERTION,
    CLIENT,
    HOST,
    REALM,
    SCOPE,
    SECRET,
    USER_SCOPE,
    app_response,
    realm_of,
    scope_of,
    user_response,
)
from bench.keys import Certificate
from bench.libraries.protocol import Call, Library
from bench.loopback import Served
from bench.tenant import Tenant

__all__ = ["Application", "Cache", "MsalShaped", "SerializableCache", "event", "fill", "fill_users"]

_AUTHORITY = f"https://{HOST}"


class Application(Protocol):
    """As much of `ConfidentialClientApplication` as is measured."""

    def acquire_token_for_client(self, scopes: list[str]) -> object: ...
    def acquire_token_on_behalf_of(self, user_assertion: str, scopes: list[str]) -> object: ...
    def get_accounts(self, username: str | None = None) -> Sequence[Any]: ...
    def acquire_token_silent(self, scopes: list[str], account: Any) -> object: ...


class Cache(Protocol):
    """As much of `TokenCache` as is measured."""

    def add(self, event: Mapping[str, object]) -> None: ...


class SerializableCache(Cache, Protocol):
    """As much of `SerializableTokenCache` as is measured."""

    def serialize(self) -> str: ...
    def deserialize(self, state: str) -> None: ...


class MsalShaped(Library):
    """A library with MSAL's classes."""

    name: ClassVar[str]

    # --- what differs --------------------------------------------------------------------------

    def application(self, authority: str, credential: Any, **options: Any) -> Application:
        """Return a `ConfidentialClientApplication`."""
        raise NotImplementedError

    def transport(self, tenant: Tenant) -> object:
        """Return what is given as `http_client` to be answered from memory."""
        raise NotImplementedError

    def cache(self) -> Cache:
        """Return an empty `TokenCache`."""
        raise NotImplementedError

    def serializable_cache(self) -> SerializableCache:
        """Return an empty `SerializableTokenCache`."""
        raise NotImplementedError

    # --- what is the same ----------------------------------------------------------------------

    def in_memory(
        self,
        tenant: Tenant,
        realm: str = REALM,
        cache: Cache | None = None,
        credential: object = SECRET,
    ) -> Application:
        """Return an application that is answered from memory."""
        return self.application(
            f"{_AUTHORITY}/{realm}", credential, http_client=self.transport(tenant),
            token_cache=cache,
        )  # fmt: skip

    def app_token(
        self,
        tenant: Tenant,
        realm: str = REALM,
        cache: Cache | None = None,
        scope: str = SCOPE,
    ) -> Call:
        """Return the call, against a cache that others may fill."""
        application = self.in_memory(tenant, realm, cache)
        return partial(application.acquire_token_for_client, [scope])

    def request(
        self,
        tenant: Tenant,
        certificate: Certificate | None = None,
        cache: Cache | None = None,
    ) -> Call:
        """Return the call; a token that is too old is asked for again."""
        credential = SECRET if certificate is None else certificate.as_msal_takes_it
        application = self.in_memory(tenant, cache=cache, credential=credential)
        return partial(application.acquire_token_for_client, [SCOPE])

    def on_behalf_of(self, tenant: Tenant) -> Call | None:
        """Return the call, with the same assertion every time."""
        application = self.in_memory(tenant)
        return partial(application.acquire_token_on_behalf_of, ASSERTION, [USER_SCOPE])

    def silent(self, cache: Cache, username: str) -> Call:
        """Return a call that finds the user by name, and then their token, in that cache."""
        application = self.in_memory(Tenant(), cache=cache)

        def call() -> object:
            account = application.get_accounts(username)[0]
            return application.acquire_token_silent([USER_SCOPE], account)

        return call

    def over_tls(self, served: Served) -> Call:
        """Return the call over the transport that the library brings."""
        application = self.application(
            f"{served.base}/{REALM}", SECRET, instance_discovery=False,
            verify=served.authority_file,
        )  # fmt: skip
        return partial(application.acquire_token_for_client, [SCOPE])


def _event(realm: str, scope: str, response: dict[str, object], grant: str) -> dict[str, object]:
    return {
        "client_id": CLIENT, "scope": [scope], "environment": HOST, "grant_type": grant,
        "token_endpoint": f"{_AUTHORITY}/{realm}/oauth2/v2.0/token", "params": None, "data": {},
        "response": response,
    }  # fmt: skip


def event(number: int, realms: int) -> dict[str, object]:
    """Return what MSAL's caches are told of one of many applications' tokens."""
    realm, scope = realm_of(number % realms), scope_of(number // realms)
    return _event(realm, scope, app_response(number), "client_credentials")


def fill(cache: Cache, tokens: Iterable[int], realms: int) -> None:
    """Store applications' tokens, spread over so many tenants."""
    for number in tokens:
        cache.add(event(number, realms))


def fill_users(cache: Cache, users: int, length: int = 40) -> None:
    """Store the tokens of so many users, each with an account; `length` is that of a token."""
    grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    for number in range(users):
        cache.add(_event(REALM, USER_SCOPE, user_response(number, length=length), grant))
