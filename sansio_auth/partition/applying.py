"""How facts change a partition: `apply`, the only way to a changed one. Pure.

A partition is copied for every fact, so that whoever holds the old one keeps it. What is copied
are the mappings that change, by the interpreter and not row by row, and a mapping of one entry is
a `Single`. Facts that not every application meets are applied in `applying_others`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from sansio_auth.identity import TokenKey
from sansio_auth.partition.facts import AccessTokenStored, ClientSeen
from sansio_auth.partition.keys import AssertionKey
from sansio_auth.partition.rows import (
    CACHED_AT,
    EXPIRES_ON,
    AccessRow,
    AccountRow,
    IdTokenKey,
    Original,
    OriginalKey,
    Partition,
    RefreshKey,
    RefreshRow,
    Tokens,
)
from sansio_auth.partition.single import Single

if TYPE_CHECKING:
    from sansio_auth.partition.other_facts import Fact

__all__ = ["apply", "apply_all", "changed", "without"]


def without(tokens: Tokens, *kind_and_key: str) -> Mapping[OriginalKey, Original]:
    """The originals less the one that is replaced; the same mapping where there is none."""
    if kind_and_key not in tokens.originals:
        return tokens.originals
    return {k: v for k, v in tokens.originals.items() if k != kind_and_key}


def changed(  # noqa: PLR0913 - one for each field, as `evolve` has them; it takes twice the time
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
    return changed(
        tokens, access=access, wide=wide, originals=originals, first_end=min(first_end, end)
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


@lru_cache(maxsize=64)
def _one_client(client_id: str, family_id: str | None) -> Mapping[str, str | None]:
    """Who has been seen where nobody else was: the same for all users and tenants of a client."""
    return Single(client_id, family_id)


def _see_client(tokens: Tokens, client_id: str, family_id: str | None) -> Tokens:
    known, originals = tokens.clients, without(tokens, "client", client_id)
    alone = _one_client(client_id, family_id)
    if known is alone and originals is tokens.originals:
        return tokens  # as nearly always
    others = len(known)
    if client_id in known:
        if known[client_id] == family_id and originals is tokens.originals:
            return tokens
        others -= 1
    clients = {**known, client_id: family_id} if others else alone
    return changed(tokens, clients=clients, originals=originals)


def apply(partition: Partition, fact: Fact) -> Partition:
    """Return the partition after a fact; a fact that does not concern it changes nothing."""
    if isinstance(fact, AccessTokenStored):
        return _store_access(partition, fact) if isinstance(partition, Tokens) else partition
    if isinstance(fact, ClientSeen):
        if not isinstance(partition, Tokens):
            return partition
        return _see_client(partition, fact.client_id, fact.family_id)
    from sansio_auth.partition import applying_others

    if isinstance(partition, Tokens):
        return applying_others.apply_to_tokens(partition, fact)
    return applying_others.apply_to_knowledge(partition, fact)


def apply_all(partition: Partition, facts: tuple[Fact, ...]) -> Partition:
    """Return the partition after each fact in turn."""
    for fact in facts:
        partition = apply(partition, fact)
    return partition
