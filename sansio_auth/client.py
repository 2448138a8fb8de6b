"""The front door of the core: a confidential client, and the calls it makes.

A client is frozen configuration and performs nothing; each method pairs what is asked with the
script that carries it out, which is loaded on first use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Final, Self, Unpack

from sansio_auth._call import Call, Procedure
from sansio_auth._options import RequestOptions, asked, read_secret
from sansio_auth._user_methods import UserMethods
from sansio_auth.authority import parse_authority
from sansio_auth.calls import ClientCredentials
from sansio_auth.errors import ConfigurationError
from sansio_auth.flow import Ended, Script, Start
from sansio_auth.results import Outcome
from sansio_auth.secret import Secret, discreet

__all__ = ["Call", "ConfidentialClient", "Procedure"]


#: What would begin another part of the URL.
_SEPARATORS: Final = frozenset("/?#\\")


@cache
def _client_credentials() -> Callable[[ClientCredentials, Start], Script[Ended[Outcome]]]:
    """Load the grant; kept, as looking an import up again costs more than a step of it."""
    from sansio_auth._grants.client_credentials import client_credentials

    return client_credentials


class ConfidentialClient(UserMethods):
    """An application that can keep a secret (RFC 6749 section 2.1), as frozen configuration.

    See `Registration` for what it is made of. Every method makes a `Call` (or a `Procedure`) and
    performs nothing; each takes the `RequestOptions` and raises `ConfigurationError`.
    """

    __slots__ = ()

    def acquire_token_for_client(
        self, scopes: Iterable[str], **options: Unpack[RequestOptions]
    ) -> Call[Outcome]:
        """Return the call for a token of the application itself (RFC 6749 section 4.4)."""
        call = ClientCredentials(**asked(self, scopes, options))
        return Call(call, lambda start: _client_credentials()(call, start))

    @discreet
    def acquire_token_on_behalf_of(
        self,
        user_assertion: Secret | str | bytes,
        scopes: Iterable[str],
        **options: Unpack[RequestOptions],
    ) -> Call[Outcome]:
        """Return the call for a token for the user whose token is given.

        The assertion's content is not looked into.
        """
        from sansio_auth.asserted_calls import OnBehalfOf

        call = OnBehalfOf(
            user_assertion=read_secret(user_assertion, "user_assertion", "assertion"),
            **asked(self, scopes, options, allow_empty=True),
        )

        def script(start: Start) -> Script[Ended[Outcome]]:
            from sansio_auth._grants.on_behalf_of import on_behalf_of

            return on_behalf_of(call, start)

        return Call(call, script)

    def remove_tokens_for_client(self) -> Procedure[None]:
        """Return the procedure that forgets the application's own tokens, in all tenants."""

        def script(start: Start) -> Script[Ended[None]]:
            from sansio_auth._grants.accounts import remove_tokens_for_client

            del start
            return (yield from remove_tokens_for_client(self))

        return Procedure("remove_tokens_for_client", script)

    def for_tenant(self, tenant_id: str) -> Self:
        """Return the same client in another tenant of the same cloud.

        Raises `ConfigurationError` for an authority whose tenants cannot be told from its URL.
        """
        authority = self.authority
        if authority.kind != "entra":
            raise ConfigurationError(
                f"tenant_id: an authority of kind {authority.kind} has no other tenants",
                code="tenant_id",
            )
        given: object = tenant_id
        if not isinstance(given, str) or not given or not _SEPARATORS.isdisjoint(given):
            raise ConfigurationError("tenant_id: a GUID or domain is needed", code="tenant_id")
        return self.at(parse_authority(f"{authority.origin}/{tenant_id}"))
