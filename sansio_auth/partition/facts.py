"""How a partition changes: facts, and `apply`, the only way to a changed one. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias, TypeVar, assert_never

from attrs import evolve, field, frozen

from sansio_auth._holds import Hold
from sansio_auth.authority import Endpoints
from sansio_auth.identity import TokenKey
from sansio_auth.partition.keys import AssertionKey
from sansio_auth.partition.rows import (
    CACHED_AT,
    EXPIRES_ON,
    AccessRow,
    AccountRow,
    IdTokenKey,
    Knowledge,
    Original,
    OriginalKey,
    Partition,
    RefreshKey,
    RefreshRow,
    Tokens,
)
from sansio_auth.secret import Confidential

__all__ = [
    "AccessTokenStored",
    "AccountSeen",
    "AppTokensDropped",
    "AssertionUsed",
    "ClientSeen",
    "Dropped",
    "EndpointsDropped",
    "EndpointsFound",
    "Fact",
    "HoldPlaced",
    "HomeAccountFound",
    "IdTokenStored",
    "RefreshTokenStored",
    "RegionFound",
    "SignedOut",
    "apply",
    "apply_all",
]


@frozen
class AccessTokenStored(Confidential):
    """A token was issued; `also` are further keys to find it by, `limit` bounds the partition."""

    key: TokenKey
    row: AccessRow = field(repr=False)
    also: tuple[TokenKey, ...] = ()
    limit: int = 10_000


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
    | SignedOut
    | Dropped
    | AppTokensDropped
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


def _store_refresh(tokens: Tokens, fact: RefreshTokenStored) -> Tokens:
    """Put a refresh token in the place of its client's for that target, of whichever family."""
    client, _, target = fact.key
    others = [key for key in tokens.refresh if (key[0], key[2]) == (client, target)]
    refresh = {key: row for key, row in tokens.refresh.items() if key not in others}
    gone = {("refresh", *key) for key in (*others, fact.key)}
    originals = tokens.originals
    if not gone.isdisjoint(originals):
        originals = {k: v for k, v in originals.items() if k not in gone}
    return evolve(tokens, refresh={**refresh, fact.key: fact.row}, originals=originals)


def _of_kind(tokens: Tokens, *kinds: str) -> Mapping[OriginalKey, Original]:
    return {k: v for k, v in tokens.originals.items() if k[0] in kinds}


def _sign_out(tokens: Tokens, client_id: str) -> Tokens:
    """Keep the refresh tokens of other clients, unless they are of this one's family."""
    family = tokens.clients.get(client_id)
    kept = {
        key: row
        for key, row in tokens.refresh.items()
        if key[0] != client_id and not (family and key[1] == family)
    }
    gone = {("refresh", *key) for key in tokens.refresh if key not in kept}
    originals = _of_kind(tokens, "client", "refresh")
    return Tokens(
        refresh=kept,
        clients=tokens.clients,
        originals={k: v for k, v in originals.items() if k not in gone},
    )


def _remove(tokens: Tokens, fact: SignedOut | Dropped | AppTokensDropped) -> Tokens:
    match fact:
        case SignedOut():
            return _sign_out(tokens, fact.client_id)
        case Dropped():
            return Tokens()
        case AppTokensDropped():
            return Tokens(clients=tokens.clients, originals=_of_kind(tokens, "client"))
        case _:
            assert_never(fact)


def _apply_tokens(tokens: Tokens, fact: Fact) -> Tokens:
    match fact:
        case AccessTokenStored():
            return _store_access(tokens, fact)
        case RefreshTokenStored():
            return _store_refresh(tokens, fact)
        case IdTokenStored():
            after = evolve(
                tokens,
                id_tokens=_with(tokens.id_tokens, fact.key, fact.token),
                originals=_without(tokens, "id_token", *fact.key),
            )
        case AccountSeen():
            after = evolve(
                tokens,
                accounts=_with(tokens.accounts, fact.realm, fact.row),
                originals=_without(tokens, "account", fact.realm),
            )
        case ClientSeen():
            after = evolve(
                tokens,
                clients=_with(tokens.clients, fact.client_id, fact.family_id),
                originals=_without(tokens, "client", fact.client_id),
            )
        case HomeAccountFound():
            after = evolve(tokens, home_account_id=fact.home_account_id)
        case AssertionUsed():
            after = evolve(tokens, assertions=tokens.assertions | {fact.key})
        case SignedOut() | Dropped() | AppTokensDropped():
            return _remove(tokens, fact)
        case EndpointsFound() | EndpointsDropped() | RegionFound() | HoldPlaced():
            return tokens  # says nothing about tokens
        case _:
            assert_never(fact)
    return after


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
