"""The cache as data: partitions, the rows in them, and the one way in which they change.

A partition is an immutable value that holds what one request may see: an application's tokens in
one tenant, the tokens of one user assertion, everything of one user, or what is known about one
authority. `apply(partition, fact)` is the only way to a changed one. Where partitions live is the
shell's choice. No time is read here and nothing is fetched.

Rows are exact tuples of strings and numbers, because the garbage collector stops following those
once it has seen them: a hundred thousand tokens then cost it next to nothing. The constants below
name their places; `access_token_of` and its like make typed values of them at the edge.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias, TypeVar, assert_never

from attrs import evolve, field, frozen

from sansio_auth._holds import Hold
from sansio_auth.authority import Endpoints
from sansio_auth.identity import TokenKey
from sansio_auth.results import AccessToken, Metadata
from sansio_auth.secret import Secret

__all__ = [
    "AccessRow",
    "AppKey",
    "AssertionKey",
    "Fact",
    "Knowledge",
    "KnowledgeKey",
    "Partition",
    "PartitionKey",
    "Tokens",
    "UserKey",
    "access_token_of",
    "apply",
    "apply_all",
    "candidates",
    "empty",
    "is_due",
    "usable_row",
]

# --- keys ------------------------------------------------------------------------------------


@frozen(cache_hash=True)
class AppKey:
    """Tokens of an application itself, in one tenant."""

    environment: str
    tenant: str
    client_id: str


@frozen(cache_hash=True)
class AssertionKey:
    """Tokens got with one user assertion; `digest` is its hex SHA-256."""

    environment: str
    tenant: str
    client_id: str
    digest: str


@frozen(cache_hash=True)
class UserKey:
    """Everything of one user in one cloud, of all clients and realms."""

    environment: str
    home_account_id: str


@frozen(cache_hash=True)
class KnowledgeKey:
    """What is known about one authority, by its URL. Never written to a token store."""

    authority: str


PartitionKey: TypeAlias = AppKey | AssertionKey | UserKey | KnowledgeKey

# --- rows ------------------------------------------------------------------------------------

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


@frozen(repr=False)
class Tokens:
    """What one application, assertion or user has. Its `repr` shows counts only.

    `wide` holds the keys of `access` that name several scopes, with those scopes: only they can
    serve a request for fewer. `clients` maps a client to its family id, as MSAL's app metadata
    does. `originals` are foreign entries word for word, as long as they are not replaced.
    `assertions` are the partitions to drop when this user signs out.
    """

    access: Mapping[TokenKey, AccessRow] = field(factory=dict[TokenKey, AccessRow])
    wide: Mapping[TokenKey, frozenset[str]] = field(factory=dict[TokenKey, frozenset[str]])
    refresh: Mapping[RefreshKey, RefreshRow] = field(factory=dict[RefreshKey, RefreshRow])
    id_tokens: Mapping[IdTokenKey, str] = field(factory=dict[IdTokenKey, str])
    accounts: Mapping[str, AccountRow] = field(factory=dict[str, AccountRow])
    clients: Mapping[str, str | None] = field(factory=dict[str, str | None])
    originals: Mapping[OriginalKey, Original] = field(factory=dict[OriginalKey, Original])
    assertions: frozenset[AssertionKey] = frozenset()
    home_account_id: str | None = None

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
    holds: Mapping[str, Hold] = field(factory=dict[str, Hold])


Partition: TypeAlias = Tokens | Knowledge

_NO_TOKENS: Final = Tokens()
_NO_KNOWLEDGE: Final = Knowledge()


def empty(key: PartitionKey) -> Partition:
    """Return the partition of a key about which nothing is stored."""
    return _NO_KNOWLEDGE if isinstance(key, KnowledgeKey) else _NO_TOKENS


# --- queries ---------------------------------------------------------------------------------


def _alive(row: AccessRow, now: float, margin: float, skew: float) -> bool:
    """Enough life left, and not from a future that this clock has since left (I-12)."""
    return row[EXPIRES_ON] - now >= margin and row[CACHED_AT] - now <= skew


def candidates(tokens: Tokens, key: TokenKey) -> Iterator[AccessRow]:
    """Yield the rows that are for this key, whatever their age: the exact one, then wider ones."""
    exact = tokens.access.get(key)
    if exact is not None:
        yield exact
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


# --- facts -----------------------------------------------------------------------------------


@frozen
class AccessTokenStored:
    """A token was issued; `also` are further keys to find it by, `limit` bounds the partition."""

    key: TokenKey
    row: AccessRow = field(repr=False)
    also: tuple[TokenKey, ...] = ()
    limit: int = 10_000


@frozen
class RefreshTokenStored:
    """A refresh token was issued."""

    key: RefreshKey
    row: RefreshRow = field(repr=False)


@frozen
class IdTokenStored:
    """An id token was issued."""

    key: IdTokenKey
    token: str = field(repr=False)


@frozen
class AccountSeen:
    """A user signed in, or somebody acted for them."""

    realm: str
    row: AccountRow = field(repr=False)


@frozen
class ClientSeen:
    """A client got tokens here; `family_id` as the server said."""

    client_id: str
    family_id: str | None = None


@frozen
class HomeAccountFound:
    """The user behind an assertion is known."""

    home_account_id: str


@frozen
class AssertionUsed:
    """Somebody acted for this user with that assertion."""

    key: AssertionKey


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


Fact: TypeAlias = (
    AccessTokenStored
    | RefreshTokenStored
    | IdTokenStored
    | AccountSeen
    | ClientSeen
    | HomeAccountFound
    | AssertionUsed
    | EndpointsFound
    | EndpointsDropped
    | RegionFound
    | HoldPlaced
)

K = TypeVar("K")
V = TypeVar("V")


def _with(mapping: Mapping[K, V], key: K, value: V) -> dict[K, V]:
    return {**mapping, key: value}


def _without(tokens: Tokens, *kind_and_key: str) -> Mapping[OriginalKey, Original]:
    """The originals less the one that is replaced; the same mapping where there is none."""
    if kind_and_key not in tokens.originals:
        return tokens.originals
    return {k: v for k, v in tokens.originals.items() if k != kind_and_key}


def _store_access(tokens: Tokens, fact: AccessTokenStored) -> Tokens:
    """Add a row under its keys; expired rows and, beyond the limit, the first to expire go."""
    now = fact.row[CACHED_AT]
    access = {k: row for k, row in tokens.access.items() if row[EXPIRES_ON] >= now}
    keys = (fact.key, *(key for key in fact.also if key != fact.key))
    for key in keys:
        _ = access.pop(key, None)
    while access and len(access) + len(keys) > fact.limit:
        del access[min(access, key=lambda k: access[k][EXPIRES_ON])]
    for key in keys:
        access[key] = fact.row
    wide = {k: scopes for k, scopes in tokens.wide.items() if k in access}
    if " " in fact.key[-1]:
        wide[fact.key] = frozenset(fact.key[-1].split())
    originals = tokens.originals
    if originals:
        gone = {("access", *k) for k in tokens.access if k not in access} | {("access", *fact.key)}
        originals = {k: v for k, v in originals.items() if k not in gone}
    return evolve(tokens, access=access, wide=wide, originals=originals)


def _apply_tokens(tokens: Tokens, fact: Fact) -> Tokens:
    match fact:
        case AccessTokenStored():
            return _store_access(tokens, fact)
        case RefreshTokenStored():
            return evolve(
                tokens,
                refresh=_with(tokens.refresh, fact.key, fact.row),
                originals=_without(tokens, "refresh", *fact.key),
            )
        case IdTokenStored():
            return evolve(
                tokens,
                id_tokens=_with(tokens.id_tokens, fact.key, fact.token),
                originals=_without(tokens, "id_token", *fact.key),
            )
        case AccountSeen():
            return evolve(
                tokens,
                accounts=_with(tokens.accounts, fact.realm, fact.row),
                originals=_without(tokens, "account", fact.realm),
            )
        case ClientSeen():
            return evolve(
                tokens,
                clients=_with(tokens.clients, fact.client_id, fact.family_id),
                originals=_without(tokens, "client", fact.client_id),
            )
        case HomeAccountFound():
            return evolve(tokens, home_account_id=fact.home_account_id)
        case AssertionUsed():
            return evolve(tokens, assertions=tokens.assertions | {fact.key})
        case EndpointsFound() | EndpointsDropped() | RegionFound() | HoldPlaced():
            return tokens  # says nothing about tokens
        case _:
            assert_never(fact)


def _hold(knowledge: Knowledge, fact: HoldPlaced) -> Knowledge:
    now = fact.hold.since
    holds = {k: hold for k, hold in knowledge.holds.items() if hold.active(now) and k != fact.key}
    while holds and len(holds) >= fact.limit:
        del holds[min(holds, key=lambda k: holds[k].until)]
    return evolve(knowledge, holds={**holds, fact.key: fact.hold})


def apply(partition: Partition, fact: Fact) -> Partition:
    """Return the partition after a fact; a fact that does not concern it changes nothing."""
    if isinstance(partition, Tokens):
        return _apply_tokens(partition, fact)
    match fact:
        case EndpointsFound():
            return evolve(partition, endpoints=fact.endpoints, found_at=fact.at)
        case EndpointsDropped():
            return evolve(partition, endpoints=None, found_at=0.0)
        case RegionFound():
            return evolve(partition, region=fact.region, region_known=True)
        case HoldPlaced():
            return _hold(partition, fact)
        case _:
            return partition


def apply_all(partition: Partition, facts: tuple[Fact, ...]) -> Partition:
    """Return the partition after each fact in turn."""
    for fact in facts:
        partition = apply(partition, fact)
    return partition
