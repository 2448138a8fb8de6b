"""What is asked for a user, beyond on-behalf-of: tokens by code, refresh token, password, account.

The same kind of values as in `calls`. All but the silent one are for something that the caller
brings, so nothing of theirs is looked up in the cache; what they get is filed under the user.
"""

from __future__ import annotations

import hashlib
from typing import ClassVar

from attrs import Factory, evolve, field, frozen

from sansio_auth._telemetry import CacheRefresh
from sansio_auth.asserted_calls import AssertedCall, OnBehalfOf, UserCall
from sansio_auth.errors import ConfigurationError
from sansio_auth.identity import Subject, TokenKey
from sansio_auth.partition import SESSION, Knowledge, Partition, UserKey
from sansio_auth.secret import Secret

__all__ = [
    "AuthorizationCode",
    "Redeemed",
    "RefreshToken",
    "SessionBegin",
    "SessionCall",
    "SignIn",
    "Silent",
    "SilentRefresh",
    "UserFederatedCredential",
    "UsernamePassword",
    "session_digest",
]


def _digest(*parts: str) -> str:
    """The hex SHA-256 of parts that cannot be shifted into one another.

    Also of one that cannot be sent, a name perhaps: the error would show the secret beside it.
    """
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _check_refresh_token(_: object, __: object, secret: Secret) -> None:
    if not secret.reveal():
        raise ConfigurationError("refresh_token: is empty", code="refresh_token")


def _check_code(_: object, __: object, secret: Secret) -> None:
    if not secret.reveal():
        raise ConfigurationError("code: is empty", code="code")


@frozen(kw_only=True)
class Redeemed(UserCall):
    """A call for something that is redeemed and not looked up."""

    repeatable: ClassVar[bool] = False

    def partition_key(self, knowledge: Knowledge | None) -> None:
        """Return None: nothing in the cache is an answer to this."""

    def usable(self, partition: Partition | None, now: float) -> None:
        """Return None: the caller wants this very thing redeemed."""


@frozen(kw_only=True)
class RefreshToken(Redeemed):
    """A token for whoever a refresh token is of (RFC 6749 section 6)."""

    api_id: ClassVar[str] = "85"

    refresh_token: Secret = field(validator=_check_refresh_token)

    @property
    def subject(self) -> Subject:
        """Whoever it is; the digest of the token tells one from another."""
        return Subject("code", _digest("refresh_token", self.refresh_token.reveal()))

    def cache_refresh(self, partition: Partition | None, now: float) -> CacheRefresh:
        """Return 1: nothing was looked up."""
        del partition, now
        return 1


@frozen(kw_only=True)
class SilentRefresh(RefreshToken):
    """A refresh token from the cache, redeemed on the way of a silent call."""

    api_id: ClassVar[str] = "84"

    home_account_id: str
    #: Why it is redeemed, as MSAL's telemetry says it.
    reason: CacheRefresh = 2

    @property
    def anchor(self) -> str:
        """The user, by object and tenant id."""
        return _anchor_of(self.home_account_id)

    def cache_refresh(self, partition: Partition | None, now: float) -> CacheRefresh:
        """Return why the silent call asks."""
        del partition, now
        return self.reason


@frozen(kw_only=True)
class AuthorizationCode(Redeemed):
    """A token for the user who has just signed in (RFC 6749 section 4.1.3, with RFC 7636).

    `nonce` is what the id token must carry; `max_age` the seconds that a sign-in may lie back.
    """

    api_id: ClassVar[str] = "832"
    one_time: ClassVar[bool] = True
    account_source: ClassVar[str | None] = "authorization_code"

    code: Secret = field(validator=_check_code)
    redirect_uri: str = ""
    code_verifier: Secret | None = None
    nonce: str = field(default="", repr=False)
    max_age: int | None = None
    home_account_id: str = ""

    @property
    def subject(self) -> Subject:
        """Whoever signed in; the digest of the code tells one from another."""
        return Subject("code", _digest("code", self.code.reveal()))

    @property
    def anchor(self) -> str:
        """The user, where the sign-in response told who."""
        return _anchor_of(self.home_account_id) if self.home_account_id else ""


@frozen(kw_only=True)
class UsernamePassword(Redeemed):
    """A token for a user by password (RFC 6749 section 4.3), of managed users only."""

    api_id: ClassVar[str] = "301"
    account_source: ClassVar[str | None] = "password"

    name: str
    password: Secret

    @property
    def subject(self) -> Subject:
        """The user, as the caller names them, with that password."""
        return Subject("code", _digest("password", self.name.lower(), self.password.reveal()))

    @property
    def username(self) -> str:
        """The name as given."""
        return self.name

    @property
    def anchor(self) -> str:
        """The user, by name."""
        return f"upn:{self.name}"


def _federated_digest(call: UserFederatedCredential) -> str:
    who = (call.user_object_id.lower(), call.name.lower())
    return _digest("user_fic", *who, call.assertion.reveal())


@frozen(kw_only=True)
class UserFederatedCredential(AssertedCall):
    """A token for a user whom a federated credential stands for (Microsoft's `user_fic`).

    Kept under the credential and the user together: a new credential is a new question.
    """

    api_id: ClassVar[str] = "950"
    account_source: ClassVar[str | None] = "user_fic"

    assertion: Secret
    name: str = ""
    user_object_id: str = ""
    digest: str = field(
        init=False, repr=False, eq=False, default=Factory(_federated_digest, takes_self=True)
    )

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if not self.assertion.reveal():
            raise ConfigurationError("assertion: the user's credential is needed", code="assertion")
        if bool(self.name) == bool(self.user_object_id):
            raise ConfigurationError(
                "username, user_object_id: exactly one of them is needed", code="user_identifier"
            )

    @property
    def username(self) -> str:
        """The name as given."""
        return self.name

    @property
    def anchor(self) -> str:
        """The user, by name, or by object id in this tenant."""
        if self.name:
            return f"upn:{self.name}"
        return f"Oid:{self.user_object_id}@{self.registration.authority.tenant}"


def _silent_key(call: Silent) -> TokenKey:
    endpoints = call.registration.endpoints
    computed = "" if endpoints is None else endpoints.realm
    # Without a realm the key fits nothing: no row is filed under an empty one.
    return call.key_for(call.scopes, (call.registration.client_id, call.place or computed))


@frozen(kw_only=True)
class Silent(UserCall):
    """A token for a user who is known here, from the cache or by a refresh token.

    `place` is the realm, once it is known.
    """

    api_id: ClassVar[str] = "84"

    home_account_id: str
    place: str = ""
    key: TokenKey = field(
        init=False, repr=False, eq=False, default=Factory(_silent_key, takes_self=True)
    )

    @property
    def subject(self) -> Subject:
        """The account."""
        return Subject("account", self.home_account_id)

    def partition_key(self, knowledge: Knowledge | None) -> UserKey:
        """Return where everything of the user is kept."""
        del knowledge
        return UserKey(self.registration.authority.host, self.home_account_id)

    def at(self, realm: str) -> Silent:
        """Return the call for the realm that discovery found."""
        return evolve(self, place=realm)

    def cache_refresh(self, partition: Partition | None, now: float) -> CacheRefresh:
        """Return why a request is needed, as MSAL's telemetry says it."""
        return super(UserCall, self).cache_refresh(partition, now)


def _session_digest(call: SessionBegin | SessionCall) -> str:
    return session_digest(call.session_key.reveal())


def session_digest(session_key: str) -> str:
    """Return what stands for a long-running session: the hex SHA-256 of its key, marked as such."""
    return SESSION + _digest("session", session_key)


def _check_session(_: object, __: object, secret: Secret) -> None:
    if not secret.reveal():
        raise ConfigurationError("session_key: is empty", code="session_key")


@frozen(kw_only=True)
class SessionBegin(OnBehalfOf):
    """On behalf of a user for longer than their assertion lives: the first time.

    What is got is kept under the session's key; the assertion is redeemed whatever is there.
    """

    session_key: Secret = field(validator=_check_session)
    digest: str = field(
        init=False, repr=False, eq=False, default=Factory(_session_digest, takes_self=True)
    )

    @property
    def subject(self) -> Subject:
        """The session and who begins it: two users who were given one key stay two."""
        return Subject("session", _digest(self.digest, self.user_assertion.reveal()))

    def usable(self, partition: Partition | None, now: float) -> None:
        """Return None: a session that begins has nothing yet."""


@frozen(kw_only=True)
class SessionCall(AssertedCall):
    """A token of a long-running session, from the cache or by its refresh token."""

    api_id: ClassVar[str] = "523"

    session_key: Secret = field(validator=_check_session)
    digest: str = field(
        init=False, repr=False, eq=False, default=Factory(_session_digest, takes_self=True)
    )

    @property
    def subject(self) -> Subject:
        """The session."""
        return Subject("session", self.digest)


def _anchor_of(home_account_id: str) -> str:
    """Observed: `Oid:<uid>@<utid>`."""
    return f"Oid:{home_account_id.replace('.', '@')}"


@frozen(kw_only=True)
class SignIn(Redeemed):
    """The beginning of a sign-in: scopes, claims and an authority, for a URL; no request."""

    api_id: ClassVar[str] = ""

    @property
    def subject(self) -> Subject:
        """Nobody yet."""
        return Subject("code")
