"""Calls that were made before: the way from a method's arguments straight to the stored token.

An application asks for the same few tokens again and again. What a call's key and partition are
depends on its arguments alone, so they are kept by them, and a hit is two look-ups and a
dictionary. Knows nothing of what fresh means: `fresh_span` does, and where it finds nothing the
call is made, or taken from where it was kept, and asks `ready`, of which it is a shortcut.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Final, TypeAlias, cast, final

from sansio_auth.identity import TokenKey, assertion_digest
from sansio_auth.partition import EXPIRES_ON, Partition, PartitionKey, Tokens, fresh_span
from sansio_auth.policy import Policy
from sansio_auth_adapters.application.dicts import TokenDict, cached_dict
from sansio_auth_adapters.application.parts import Counters
from sansio_auth_adapters.application.plan import Plan

__all__ = ["Repeats", "whose_calls", "whose_silent_calls"]

#: What can be read twice, and is no `str`, which is no list of scopes.
_READ_AGAIN: Final = frozenset({list, tuple})
#: How many calls one application keeps at hand; beyond that all are forgotten and found again.
_MOST: Final = 4096


@final
class _Place:
    """Where a call's token is, and the call itself where it is kept."""

    __slots__ = ("found", "key", "plan", "where")

    def __init__(self, where: PartitionKey, key: TokenKey, plan: Plan | None) -> None:
        self.where = where
        self.key = key
        self.plan = plan
        self.found = _NOTHING


#: What was found in a partition: the partition, from when to when its token is fresh (POSIX
#: seconds, both inside), when it ends, and the dictionary. One tuple, as others may be reading.
_Finding: TypeAlias = tuple[Partition | None, float, float, int, TokenDict]
_NOTHING: Final[_Finding] = (None, math.inf, -math.inf, 0, {"access_token": ""})


def _look(tokens: Partition, key: TokenKey, margin: float, skew: float) -> _Finding:
    span = fresh_span(cast("Tokens", tokens), key, margin, skew)
    if span is None or span[1] > span[2]:
        return tokens, *_NOTHING[1:]
    row, first, last = span
    return tokens, first, last, row[EXPIRES_ON], cached_dict(row, first)


class Repeats:
    """Where the tokens of earlier calls are, by the arguments that the calls were made with."""

    def __init__(
        self,
        peek: Callable[[PartitionKey], Partition | None],
        policy: Policy,
        counters: Counters,
    ) -> None:
        self._peek: Final = peek
        self._margin: Final = policy.early_expiry
        self._skew: Final = policy.clock_skew
        self._counters: Final = counters
        self._places: dict[tuple[Hashable, ...], _Place] = {}

    def find(self, whose: Hashable, scopes: Iterable[str], now: float) -> TokenDict | None:
        """Return the fresh token of a call like this one, None where there is none in memory.

        `whose` tells apart whatever scopes do not; `now` is POSIX seconds.
        """
        if type(scopes) not in _READ_AGAIN:
            return None  # an iterator can be read only once, and a str is no list of scopes
        try:
            place = self._places.get((whose, *scopes))
        except TypeError:
            return None  # what cannot be hashed is no scope; the call itself says so
        if place is None:
            return None
        tokens = self._peek(place.where)
        found, first, last, expires_on, answer = place.found
        if tokens is not found:
            if tokens is None:
                return None
            place.found = _look(tokens, place.key, self._margin, self._skew)
            _, first, last, expires_on, answer = place.found
        if not first <= now <= last:
            return None
        self._counters.hits += 1
        result = answer.copy()
        result["expires_in"] = int(expires_on - now)
        return result

    def plan(self, whose: Hashable, scopes: Iterable[str]) -> Plan | None:
        """Return the plan that was kept of a call like this one, of which `find` found no token."""
        if not isinstance(scopes, list | tuple):
            return None
        try:
            place = self._places.get((whose, *scopes))
        except TypeError:
            return None
        return None if place is None else place.plan

    def note(self, whose: Hashable, scopes: Iterable[str], plan: Plan) -> None:
        """Remember where a call's token is; one whose partition only discovery can tell is not."""
        self._remember(whose, scopes, plan, None)

    def keep(self, whose: Hashable, scopes: Iterable[str], plan: Plan) -> None:
        """Remember the call too; not for one that holds what its caller brought."""
        self._remember(whose, scopes, plan, plan)

    def _remember(
        self, whose: Hashable, scopes: Iterable[str], plan: Plan, kept: Plan | None
    ) -> None:
        request = plan.call.request
        if request.registration.endpoints is None or not isinstance(scopes, list | tuple):
            return
        where = request.partition_key(None)
        if where is None:
            return
        if len(self._places) >= _MOST:
            self._places = {}
        self._places[whose, *scopes] = _Place(where, request.key, kept)


#: What tells one caller's tokens from another's, beyond scopes: the kind of call, who, and where.
Whose: TypeAlias = tuple[str, str, str | None]


def whose_calls(tenant_id: str | None, user_assertion: object) -> Whose | None:
    """Return what tells a user's calls from others', None where the assertion is no text."""
    if not isinstance(user_assertion, str):
        return None
    return "assertion", assertion_digest(user_assertion), tenant_id


def whose_silent_calls(tenant_id: str | None, account: Mapping[str, object]) -> Whose | None:
    """Return what tells an account's calls from others', None where it is no account."""
    who = account.get("home_account_id") if isinstance(account, dict) else None
    return ("account", who, tenant_id) if isinstance(who, str) else None
