"""The cache as data: partitions, the rows in them, and the one way in which they change.

A partition is an immutable value that holds what one request may see: an application's tokens in
one tenant, the tokens of one user assertion, everything of one user, or what is known about one
authority. `apply(partition, fact)` is the only way to a changed one. Where partitions live is the
shell's choice. No time is read here and nothing is fetched.
"""

from typing import TYPE_CHECKING

from sansio_auth.partition.applying import apply, apply_all
from sansio_auth.partition.facts import AccessTokenStored, ClientSeen
from sansio_auth.partition.keys import (
    SESSION,
    Accounts,
    AppKey,
    AppTokens,
    AssertionKey,
    KnowledgeKey,
    PartitionKey,
    Query,
    UserKey,
)
from sansio_auth.partition.rows import (
    CACHED_AT,
    EXPIRES_ON,
    EXTENDED_EXPIRES_ON,
    REFRESH_ON,
    SECRET,
    TARGET,
    TOKEN_TYPE,
    AccessRow,
    AccountRow,
    Found,
    IdTokenKey,
    Knowledge,
    Original,
    OriginalKey,
    Partition,
    RefreshKey,
    RefreshRow,
    Tokens,
    access_token_of,
    candidates,
    empty,
    find,
    fresh_span,
    has_account,
    is_due,
    is_empty,
    shared,
    usable_row,
)
from sansio_auth.partition.single import compact

if TYPE_CHECKING:
    from sansio_auth.partition.other_facts import (
        AccountSeen,
        AppTokensDropped,
        AssertionsOver,
        AssertionUsed,
        Dropped,
        EndpointsDropped,
        EndpointsFound,
        Fact,
        HoldPlaced,
        HomeAccountFound,
        IdTokenStored,
        RefreshTokenStored,
        RegionFound,
        SignedOut,
    )

__all__ = [
    "CACHED_AT",
    "EXPIRES_ON",
    "EXTENDED_EXPIRES_ON",
    "REFRESH_ON",
    "SECRET",
    "SESSION",
    "TARGET",
    "TOKEN_TYPE",
    "AccessRow",
    "AccessTokenStored",
    "AccountRow",
    "AccountSeen",
    "Accounts",
    "AppKey",
    "AppTokens",
    "AppTokensDropped",
    "AssertionKey",
    "AssertionUsed",
    "AssertionsOver",
    "ClientSeen",
    "Dropped",
    "EndpointsDropped",
    "EndpointsFound",
    "Fact",
    "Found",
    "HoldPlaced",
    "HomeAccountFound",
    "IdTokenKey",
    "IdTokenStored",
    "Knowledge",
    "KnowledgeKey",
    "Original",
    "OriginalKey",
    "Partition",
    "PartitionKey",
    "Query",
    "RefreshKey",
    "RefreshRow",
    "RefreshTokenStored",
    "RegionFound",
    "SignedOut",
    "Tokens",
    "UserKey",
    "access_token_of",
    "apply",
    "apply_all",
    "candidates",
    "compact",
    "empty",
    "find",
    "fresh_span",
    "has_account",
    "is_due",
    "is_empty",
    "shared",
    "usable_row",
]


def __getattr__(name: str) -> object:
    """Load the facts that not every application meets, and how they are applied.

    Both at once: a store applies facts while it holds a lock, and nothing is imported there.
    """
    if name not in __all__:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    from sansio_auth.partition import applying_others, other_facts

    del applying_others
    value: object = getattr(other_facts, name)
    globals()[name] = value
    return value
