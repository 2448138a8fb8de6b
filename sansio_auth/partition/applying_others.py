"""How the facts that not every application meets change a partition. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar, assert_never

from attrs import evolve

from sansio_auth.partition.applying import changed, without
from sansio_auth.partition.other_facts import (
    AccountSeen,
    AppTokensDropped,
    AssertionsOver,
    AssertionUsed,
    Dropped,
    EndpointsDropped,
    EndpointsFound,
    HoldPlaced,
    HomeAccountFound,
    IdTokenStored,
    OtherFact,
    RefreshTokenStored,
    RegionFound,
    SignedOut,
)
from sansio_auth.partition.rows import Knowledge, Original, OriginalKey, Tokens
from sansio_auth.partition.single import Single, compact

__all__ = ["apply_to_knowledge", "apply_to_tokens"]

K = TypeVar("K")
V = TypeVar("V")


def _with(mapping: Mapping[K, V], key: K, value: V) -> Mapping[K, V]:
    if not mapping or (len(mapping) == 1 and key in mapping):
        return Single(key, value)
    return {**mapping, key: value}


def _store_refresh(tokens: Tokens, fact: RefreshTokenStored) -> Tokens:
    """Put a refresh token in the place of its client's for that target, of whichever family.

    It keeps its place in the order, as in MSAL's cache: of several that were stored in the same
    second that one is tried first which has been there longest.
    """
    client, _, target = fact.key
    others = [key for key in tokens.refresh if (key[0], key[2]) == (client, target)]
    refresh = {fact.key if key in others else key: row for key, row in tokens.refresh.items()}
    refresh[fact.key] = fact.row
    originals = tokens.originals
    if originals:
        gone = {("refresh", *key) for key in (*others, fact.key)}
        originals = {k: v for k, v in originals.items() if k not in gone}
    return changed(tokens, refresh=compact(refresh), originals=originals)


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


def apply_to_tokens(tokens: Tokens, fact: OtherFact) -> Tokens:
    """Return the tokens after a fact."""
    match fact:
        case RefreshTokenStored():
            return _store_refresh(tokens, fact)
        case IdTokenStored():
            after = changed(
                tokens,
                id_tokens=_with(tokens.id_tokens, fact.key, fact.token),
                originals=without(tokens, "id_token", *fact.key),
            )
        case AccountSeen():
            after = changed(
                tokens,
                accounts=_with(tokens.accounts, fact.realm, fact.row),
                originals=without(tokens, "account", fact.realm),
            )
        case HomeAccountFound():
            after = changed(tokens, home_account_id=fact.home_account_id)
        case AssertionUsed():
            after = changed(tokens, assertions=tokens.assertions | {fact.key})
        case AssertionsOver():
            after = changed(tokens, assertions=tokens.assertions - fact.keys)
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


def apply_to_knowledge(knowledge: Knowledge, fact: OtherFact) -> Knowledge:
    """Return what is known after a fact."""
    match fact:
        case EndpointsFound():
            return evolve(knowledge, endpoints=fact.endpoints, found_at=fact.at)
        case EndpointsDropped():
            return evolve(knowledge, endpoints=None, found_at=0.0)
        case RegionFound():
            return evolve(knowledge, region=fact.region, region_known=True)
        case HoldPlaced():
            return _hold(knowledge, fact)
        case _:
            return knowledge
