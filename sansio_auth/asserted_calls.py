"""What is asked for a user with their assertion: on-behalf-of, and what all calls for users share.

The same kind of values as in `calls`, loaded when there is a user.
"""

from __future__ import annotations

from typing import ClassVar

from attrs import Factory, field, frozen

from sansio_auth._telemetry import CacheRefresh
from sansio_auth.calls import RESERVED_SCOPES, TokenCall
from sansio_auth.errors import ConfigurationError
from sansio_auth.identity import Subject, assertion_digest
from sansio_auth.partition import AssertionKey, Knowledge, Partition
from sansio_auth.secret import Secret

__all__ = ["AssertedCall", "OnBehalfOf", "UserCall"]


def _no_reserved(scopes: tuple[str, ...]) -> None:
    if found := sorted(RESERVED_SCOPES.intersection(scopes)):
        raise ConfigurationError(
            f"scopes: leave out {', '.join(found)}; the library adds what a user request needs",
            code="scopes_reserved",
        )


@frozen(kw_only=True, eq=False, repr=False)
class UserCall(TokenCall):
    """What all calls for a user's token have in common."""

    #: Observed: the grants whose name MSAL files with the account.
    account_source: ClassVar[str | None] = None

    def __attrs_post_init__(self) -> None:
        _no_reserved(self.scopes)

    @property
    def requested(self) -> tuple[str, ...]:
        """The scopes as sent: with OpenID Connect's own, without the excluded ones."""
        return tuple(
            sorted((RESERVED_SCOPES | set(self.scopes)) - self.registration.exclude_scopes)
        )

    @property
    def username(self) -> str:
        """The user's name as far as the caller gave it."""
        return ""

    def cache_refresh(self, partition: Partition | None, now: float) -> CacheRefresh:
        """Return 0: MSAL does not say why such a request is made."""
        del partition, now
        return 0


def _check_assertion(_: object, __: object, assertion: Secret) -> None:
    text = assertion.reveal()
    if not text:
        raise ConfigurationError("user_assertion: the user's token is needed", code="assertion")
    if text[:7].lower() == "bearer ":
        raise ConfigurationError(
            "user_assertion: begins with 'Bearer '; pass the token alone", code="assertion"
        )
    if not text.isascii() or not text.isprintable():
        raise ConfigurationError("user_assertion: is not printable ASCII", code="assertion")


@frozen(kw_only=True, eq=False, repr=False)
class AssertedCall(UserCall):
    """A call whose token is kept under the assertion that it was got with."""

    #: The hex SHA-256 that stands for the assertion; each call computes its own.
    digest: str = field(init=False, repr=False, eq=False)

    @property
    def subject(self) -> Subject:
        """The user, known by the assertion alone."""
        return Subject("assertion", self.digest)

    def partition_key(self, knowledge: Knowledge | None) -> AssertionKey | None:
        """Return where the token is kept, None until the realm is known."""
        realm = self.realm(knowledge)
        if realm is None:
            return None
        registration = self.registration
        host = registration.authority.host
        return AssertionKey(host, realm, registration.client_id, self.digest)


def _assertion_digest(call: OnBehalfOf) -> str:
    return assertion_digest(call.user_assertion.reveal())


@frozen(kw_only=True)
class OnBehalfOf(AssertedCall):
    """A token for the user who called us (Microsoft's on-behalf-of, on RFC 7523 section 2.1)."""

    api_id: ClassVar[str] = "523"

    user_assertion: Secret = field(validator=_check_assertion)
    digest: str = field(
        init=False, repr=False, eq=False, default=Factory(_assertion_digest, takes_self=True)
    )
