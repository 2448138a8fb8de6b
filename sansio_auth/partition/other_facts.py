"""What may happen to a partition besides: to users, to what is known, and what goes away again."""

from __future__ import annotations

from typing import TypeAlias

from attrs import field, frozen

from sansio_auth._holds import Hold
from sansio_auth.authority import Endpoints
from sansio_auth.partition.facts import AccessTokenStored, ClientSeen
from sansio_auth.partition.keys import AssertionKey
from sansio_auth.partition.rows import AccountRow, IdTokenKey, RefreshKey, RefreshRow
from sansio_auth.secret import Confidential

__all__ = [
    "AccountSeen",
    "AppTokensDropped",
    "AssertionUsed",
    "AssertionsOver",
    "Dropped",
    "EndpointsDropped",
    "EndpointsFound",
    "Fact",
    "HoldPlaced",
    "HomeAccountFound",
    "IdTokenStored",
    "OtherFact",
    "RefreshTokenStored",
    "RegionFound",
    "SignedOut",
]


@frozen
class RefreshTokenStored(Confidential):
    """A refresh token was issued."""

    key: RefreshKey
    row: RefreshRow = field(repr=False)


@frozen
class IdTokenStored(Confidential):
    """An id token was issued."""

    key: IdTokenKey
    token: str = field(repr=False)


@frozen
class AccountSeen:
    """A user signed in, or somebody acted for them."""

    realm: str
    row: AccountRow = field(repr=False)


@frozen
class HomeAccountFound:
    """The user behind an assertion is known."""

    home_account_id: str


@frozen
class AssertionUsed:
    """Somebody acted for this user with that assertion."""

    key: AssertionKey


@frozen
class AssertionsOver:
    """Nothing is left of what was got with these."""

    keys: frozenset[AssertionKey]


@frozen
class EndpointsFound:
    """Discovery succeeded at `at`, POSIX seconds."""

    endpoints: Endpoints
    at: float


@frozen
class EndpointsDropped:
    """The tenant turned out not to exist: do not rely on its endpoints."""


@frozen
class RegionFound:
    """It was found out in which region this machine is, or that nobody can tell."""

    region: str | None


@frozen
class HoldPlaced:
    """A refusal asks for patience; `limit` bounds how many holds are remembered."""

    key: str
    hold: Hold
    limit: int = 1024


@frozen
class SignedOut:
    """A user is done with a client: its refresh tokens go, and everything but refresh tokens."""

    client_id: str


@frozen
class Dropped:
    """The partition is to be empty."""


@frozen
class AppTokensDropped:
    """An application's own tokens go; which clients were seen here stays."""


OtherFact: TypeAlias = (
    RefreshTokenStored
    | IdTokenStored
    | AccountSeen
    | HomeAccountFound
    | AssertionUsed
    | AssertionsOver
    | EndpointsFound
    | EndpointsDropped
    | RegionFound
    | HoldPlaced
    | SignedOut
    | Dropped
    | AppTokensDropped
)
Fact: TypeAlias = AccessTokenStored | ClientSeen | OtherFact
