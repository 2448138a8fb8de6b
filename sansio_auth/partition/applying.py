"""How each fact changes a partition: `apply`, the only way to a changed one. Pure.

A partition is copied for every fact, so that whoever holds the old one keeps it. What is copied
are the mappings that change, by the interpreter and not row by row, and a mapping of one entry is
a `Single`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TypeVar, assert_never

from attrs import evolve

from sansio_auth.identity import TokenKey
from sansio_auth.partition.facts import (
    AccessTokenStored,
    AccountSeen,
    AppTokensDropped,
    AssertionsOver,
    AssertionUsed,
    ClientSeen,
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
from sansio_auth.partition.single import Single

__all__ = ["apply", "apply_all"]

K = TypeVar("K")
V = TypeVar("V")


def _with(mapping: Mapping[K, V], key: K, value: V) -> Mapping[K, V]:
    if not mapping or (len(mapping) == 1 and key in mapping):
        return Single(key, value)
    return {**mapping, key: value}


def _without(tokens: Tokens, *kind_and_key: str) -> Mapping[OriginalKey, Original]:
    """The originals less the one that is replaced; the same mapping where there is none."""
    if kind_and_key not in tokens.originals:
        return tokens.originals
    return {k: v for k, v in tokens.originals.items() if k != kind_and_key}


def _changed(  # noqa: PLR0913 - one for each field, as `evolve` has them; it takes twice the time
    tokens: Tokens,
    *,
    access: Mapping[TokenKey, AccessRow] | None = None,
    wide: Mapping[TokenKey, frozenset[str]] | None = None,
    refresh: Mapping[RefreshKey, RefreshRow] | None = None,
    id_tokens: Mapping[IdTokenKey, str] | None = None,
    accounts: Mapping[str, AccountRow] | None = None,
    clients: Mapping[str, str | None] | None = None,
    originals: Mapping[OriginalKey, Original] | None = None,
    assertions: frozenset[AssertionKey] | None = None,
    home_account_id: str | None = None,
    first_end: int | None = None,
) -> Tokens:
    """Return the partition with other contents in some places."""
    return Tokens(
        tokens.access if access is None else access,
        tokens.wide if wide is None else wide,
        tokens.refresh if refresh is None else refresh,
        tokens.id_tokens if id_tokens is None else id_tokens,
        tokens.accounts if accounts is None else accounts,
        tokens.clients if clients is None else clients,
        tokens.originals if originals is None else originals,
        tokens.assertions if assertions is None else assertions,
        tokens.home_account_id if home_account_id is None else home_account_id,
        tokens.first_end if first_end is None else first_end,
    )


def _store_access(tokens: Tokens, fact: AccessTokenStored) -> Tokens:
    """Add a row under its keys; expired rows and, beyond the limit, the first to expire go.

    Rows are gone through only when one of them may be over: a copy of them costs far less.
    """
    row, keys = fact.row, dict.fromkeys((fact.key, *fact.also))
    now, end = row[CACHED_AT], row[EXPIRES_ON]
    access = dict(tokens.access)
    first_end = tokens.first_end if access else end
    if now > first_end:
        access = {key: it for key, it in access.items() if it[EXPIRES_ON] >= now}
        first_end = min((it[EXPIRES_ON] for it in access.values()), default=end)
    for key in keys:
        _ = access.pop(key, None)  # what was stored last is last in order too
        access[key] = row
    if len(access) > fact.limit:
        _make_room(access, keys, fact.limit)
    wide = tokens.wide
    if wide:
        wide = {key: scopes for key, scopes in wide.items() if key in access}
    if " " in fact.key[-1]:
        wide = {**wide, fact.key: frozenset(fact.key[-1].split())}
    originals = tokens.originals
    if originals:
        gone = {("access", *k) for k in tokens.access if k not in access} | {("access", *fact.key)}
        originals = {k: v for k, v in originals.items() if k not in gone}
    return _changed(
        tokens,
        access=access,
        wide=wide,
        originals=originals,
        first_end=min(first_end, end),
    )


def _make_room(
    access: dict[TokenKey, AccessRow], fresh: Mapping[TokenKey, None], limit: int
) -> None:
    """Let the first to expire go until the limit is kept, but none of the fresh ones."""
    others = sorted(
        (key for key in access if key not in fresh), key=lambda key: access[key][EXPIRES_ON]
    )
    for key in others[: len(access) - limit]:
        del access[key]


def _store_refresh(tokens: Tokens, fact: RefreshTokenStored) -> Tokens:
    """Put a refresh token in the place of its client's for that target, of whichever family."""
    client, _, target = fact.key
    others = [key for key in tokens.refresh if (key[0], key[2]) == (client, target)]
    refresh = tokens.refresh
    if others:
        refresh = {key: row for key, row in refresh.items() if key not in others}
    originals = tokens.originals
    if originals:
        gone = {("refresh", *key) for key in (*others, fact.key)}
        originals = {k: v for k, v in originals.items() if k not in gone}
    return _changed(tokens, refresh=_with(refresh, fact.key, fact.row), originals=originals)


@lru_cache(maxsize=64)
def _one_client(client_id: str, family_id: str | None) -> Mapping[str, str | None]:
    """Who has been seen where nobody else was: the same for all users and tenants of a client."""
    return Single(client_id, family_id)


def _see_client(tokens: Tokens, client_id: str, family_id: str | None) -> Tokens:
    known, originals = tokens.clients, _without(tokens, "client", client_id)
    others = len(known)
    if client_id in known:
        if known[client_id] == family_id and originals is tokens.originals:
            return tokens
        others -= 1
    clients = {**known, client_id: family_id} if others else _one_client(client_id, family_id)
    return _changed(tokens, clients=clients, originals=originals)


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
            after = _changed(
                tokens,
                id_tokens=_with(tokens.id_tokens, fact.key, fact.token),
                originals=_without(tokens, "id_token", *fact.key),
            )
        case AccountSeen():
            after = _changed(
                tokens,
                accounts=_with(tokens.accounts, fact.realm, fact.row),
                originals=_without(tokens, "account", fact.realm),
            )
        case ClientSeen():
            return _see_client(tokens, fact.client_id, fact.family_id)
        case HomeAccountFound():
            after = _changed(tokens, home_account_id=fact.home_account_id)
        case AssertionUsed():
            after = _changed(tokens, assertions=tokens.assertions | {fact.key})
        case AssertionsOver():
            after = _changed(tokens, assertions=tokens.assertions - fact.keys)
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
