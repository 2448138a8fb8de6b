"""What a partition holds, and how it is looked up.

Rows are exact tuples of strings and numbers, because the garbage collector stops following those
once it has seen them: a hundred thousand tokens then cost it next to nothing. The constants below
name their places; `access_token_of` makes a typed value of one at the edge.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from sys import intern
from typing import TYPE_CHECKING, Final, TypeAlias

from attrs import field, frozen

from sansio_auth.authority import Endpoints
from sansio_auth.identity import TokenKey
from sansio_auth.partition.keys import (
    Accounts,
    AppKey,
    AssertionKey,
    KnowledgeKey,
    PartitionKey,
    Query,
    UserKey,
)
from sansio_auth.partition.single import EMPTY
from sansio_auth.results import AccessToken, Metadata
from sansio_auth.secret import Confidential, Secret

if TYPE_CHECKING:
    from sansio_auth._holds import Hold

__all__ = [
    "CACHED_AT",
    "EXPIRES_ON",
    "EXTENDED_EXPIRES_ON",
    "REFRESH_ON",
    "SECRET",
    "TARGET",
    "TOKEN_TYPE",
    "AccessRow",
    "AccountRow",
    "Found",
    "IdTokenKey",
    "Knowledge",
    "Original",
    "OriginalKey",
    "Partition",
    "RefreshKey",
    "RefreshRow",
    "Tokens",
    "access_token_of",
    "candidates",
    "empty",
    "find",
    "fresh_span",
    "has_account",
    "is_due",
    "is_empty",
    "shared",
    "usable_row",
]

#: (secret, token type, target, cached at, expires on, extended expires on, refresh on or None)
AccessRow: TypeAlias = tuple[str, str, str, int, int, int, int | None]
SECRET: Final = 0
TOKEN_TYPE: Final = 1
TARGET: Final = 2
CACHED_AT: Final = 3
EXPIRES_ON: Final = 4
EXTENDED_EXPIRES_ON: Final = 5
REFRESH_ON: Final = 6

#: (client, family id or "", target) and (secret, last modification time)
RefreshKey: TypeAlias = tuple[str, str, str]
RefreshRow: TypeAlias = tuple[str, int]
#: (client, realm), and the token itself
IdTokenKey: TypeAlias = tuple[str, str]
#: (local account id, username, authority type, account source or None), by realm
AccountRow: TypeAlias = tuple[str, str, str, str | None]

#: The kind of a row and its key, and the cache file's key and JSON text it was read from.
OriginalKey: TypeAlias = tuple[str, ...]
Original: TypeAlias = tuple[str, str]


@frozen(repr=False, weakref_slot=False)
class Tokens(Confidential):
    """What one application, assertion or user has. Its `repr` shows counts only.

    `wide` holds the keys of `access` that name several scopes, with those scopes: only they can
    serve a request for fewer. `clients` maps a client to its family id, as MSAL's app metadata
    does. `originals` are foreign entries word for word, as long as they are not replaced.
    `assertions` are the partitions to drop when this user signs out. No row of `access` ends
    before `first_end`, POSIX seconds; 0 where nobody has looked.
    """

    access: Mapping[TokenKey, AccessRow] = EMPTY
    wide: Mapping[TokenKey, frozenset[str]] = EMPTY
    refresh: Mapping[RefreshKey, RefreshRow] = EMPTY
    id_tokens: Mapping[IdTokenKey, str] = EMPTY
    accounts: Mapping[str, AccountRow] = EMPTY
    clients: Mapping[str, str | None] = EMPTY
    originals: Mapping[OriginalKey, Original] = EMPTY
    assertions: frozenset[AssertionKey] = frozenset()
    home_account_id: str | None = None
    first_end: int = field(default=0, eq=False)

    def __repr__(self) -> str:
        return f"Tokens(access={len(self.access)} refresh={len(self.refresh)})"


@frozen
class Knowledge:
    """What is known about one authority; `found_at` is POSIX seconds.

    `region` is None where there is none or nobody asked; `region_known` tells which.
    """

    endpoints: Endpoints | None = None
    found_at: float = 0.0
    region: str | None = None
    region_known: bool = False
    holds: Mapping[str, Hold] = field(factory=dict[str, "Hold"])


@frozen(repr=False)
class Found:
    """What an index has to say: partitions of tokens with their keys. Its `repr` counts them."""

    partitions: tuple[tuple[PartitionKey, Tokens], ...] = ()

    def __repr__(self) -> str:
        return f"Found({len(self.partitions)} partitions)"


Partition: TypeAlias = Tokens | Knowledge

_NO_TOKENS: Final = Tokens()
_NO_KNOWLEDGE: Final = Knowledge()


def empty(key: PartitionKey) -> Partition:
    """Return the partition of a key about which nothing is stored."""
    return _NO_KNOWLEDGE if isinstance(key, KnowledgeKey) else _NO_TOKENS


def is_empty(partition: Partition) -> bool:
    """Whether a partition holds nothing."""
    if isinstance(partition, Tokens) and (partition.access or partition.refresh):
        return False  # nearly always, and known without a comparison
    return partition in (_NO_TOKENS, _NO_KNOWLEDGE)


def _alive(row: AccessRow, now: float, margin: float, skew: float) -> bool:
    """Enough life left, and not from a future that this clock has since left (I-12)."""
    return row[EXPIRES_ON] - now >= margin and row[CACHED_AT] - now <= skew


def candidates(tokens: Tokens, key: TokenKey) -> Iterator[AccessRow]:
    """Yield the rows that are for this key, whatever their age: the exact one, then wider ones."""
    exact = tokens.access.get(key)
    if exact is not None:
        yield exact
    if not tokens.wide:
        return
    owner, wanted = key[:-1], frozenset(key[-1].split())
    for other, scopes in tokens.wide.items():
        if wanted <= scopes and other[:-1] == owner and other != key:
            yield tokens.access[other]


def usable_row(
    tokens: Tokens, key: TokenKey, now: float, margin: float, skew: float
) -> AccessRow | None:
    """Return a row that serves this key: the exact one, else one with more scopes, else None.

    `margin` is the least life left and `skew` how far `cached_at` may lie ahead, in seconds.
    """
    row = tokens.access.get(key)
    if row is not None and _alive(row, now, margin, skew):
        return row
    if not tokens.wide:
        return None
    return next(
        (other for other in candidates(tokens, key) if _alive(other, now, margin, skew)), None
    )


def is_due(row: AccessRow, now: float) -> bool:
    """Whether the token should be refreshed although it still works (strictly past its time)."""
    due = row[REFRESH_ON]
    return due is not None and due < now


def fresh_span(
    tokens: Tokens, key: TokenKey, margin: float, skew: float
) -> tuple[AccessRow, float, float] | None:
    """Return the exact row for this key, and from when to when it is usable and not due.

    Both ends, POSIX seconds, are inside. `usable_row` and `is_due` say the same of any moment; this
    says it of all of them at once. None says nothing about rows with more scopes.
    """
    row = tokens.access.get(key)
    if row is None:
        return None
    due, last = row[REFRESH_ON], row[EXPIRES_ON] - margin
    return row, row[CACHED_AT] - skew, last if due is None or due > last else due


def shared(text: str) -> str:
    """Return the one copy of a text that thousands of rows have in common, such as a scope."""
    return intern(text) if type(text) is str else text


def access_token_of(row: AccessRow, metadata: Metadata) -> AccessToken:
    """Return the typed view of a row."""
    return AccessToken(
        token=Secret(row[SECRET]),
        token_type=row[TOKEN_TYPE],
        expires_on=row[EXPIRES_ON],
        refresh_on=row[REFRESH_ON],
        scopes=tuple(row[TARGET].split()),
        source="cache",
        metadata=metadata,
    )


def has_account(tokens: Tokens, username: str | None) -> bool:
    """Whether somebody of that name signed in here; any name will do for None."""
    if username is None:
        return bool(tokens.accounts)
    wanted = username.lower()
    return wanted in [account[1].lower() for account in tokens.accounts.values()]


def find(partitions: Mapping[PartitionKey, Partition], query: Query) -> Found:
    """Return what an index would say, by looking at every partition; the specification of one."""
    return Found(
        tuple(
            (key, tokens)
            for key, tokens in partitions.items()
            if isinstance(tokens, Tokens) and _meant(key, tokens, query)
        )
    )


def _meant(key: PartitionKey, tokens: Tokens, query: Query) -> bool:
    if isinstance(query, Accounts):
        return (
            isinstance(key, UserKey)
            and key.environment == query.environment
            and has_account(tokens, query.username)
        )
    return (
        isinstance(key, AppKey)
        and (key.environment, key.client_id) == (query.environment, query.client_id)
        and bool(tokens.access)
    )
