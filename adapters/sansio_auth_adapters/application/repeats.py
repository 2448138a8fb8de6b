"""Calls that were made before: the way from a method's arguments straight to the stored token.

An application asks for the same few tokens again and again. What a call's key and partition are
depends on its arguments alone, so they are kept by them, and a hit is two look-ups and a
dictionary. Knows nothing of what fresh means: `fresh_span` does, and where it finds nothing the
call is made, or taken from where it was kept, and asks `ready`, of which it is a shortcut.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping
from typing import Final, TypeAlias, cast, final

from sansio_auth.identity import TokenKey, assertion_digest
from sansio_auth.partition import EXPIRES_ON, PartitionKey, Tokens, fresh_span
from sansio_auth.policy import Policy
from sansio_auth_adapters.application.dicts import TokenDict, cached_dict
from sansio_auth_adapters.application.parts import Counters, is_our_memory, looking_into
from sansio_auth_adapters.application.plan import Plan
from sansio_auth_adapters.ports import AsyncStore, Store

__all__ = ["Repeats", "whose_calls", "whose_silent_calls"]

#: What can be read twice, and is no `str`, which is no list of scopes.
_READ_AGAIN: Final = frozenset({list, tuple})
#: How many calls one application keeps at hand: as many again that were not made lately.
_MOST: Final = 8192


@final
class _Place:
    """Where a call's token is, what was found there, and the call itself where it is kept.

    `where` is None while only discovery can tell: then nothing is ever found, and the call is kept.
    """

    __slots__ = ("found", "key", "plan", "where")

    def __init__(self, where: PartitionKey | None, key: TokenKey, plan: Plan | None) -> None:
        self.where = where
        self.key = key
        self.plan = plan
        self.found = _NOTHING


#: What was found: the store's version then, from when to when the token is fresh (POSIX seconds,
#: both inside), when it ends, and the dictionary. One tuple, as others may be reading it.
_Finding: TypeAlias = tuple[object, float, float, int, TokenDict]
_NOTHING: Final[_Finding] = (None, math.inf, -math.inf, 0, {"access_token": ""})


class _Unversioned:
    """A store that does not tell whether anything in it changed: it may have, every time."""

    def __init__(self, store: Store | AsyncStore) -> None:
        self.peek: Final = looking_into(store)

    @property
    def version(self) -> object:
        """A version like no other."""
        return object()


class Repeats:
    """Where the tokens of earlier calls are, by the arguments that the calls were made with."""

    def __init__(self, store: Store | AsyncStore, policy: Policy, counters: Counters) -> None:
        self._store: Final = store if is_our_memory(store) else _Unversioned(store)
        self._margin: Final = policy.early_expiry
        self._skew: Final = policy.clock_skew
        self._counters: Final = counters
        self._places: dict[tuple[Hashable, ...], _Place] = {}
        self._older: dict[tuple[Hashable, ...], _Place] = {}

    def find(self, whose: Hashable, scopes: Iterable[str], now: float) -> TokenDict | None:
        """Return the fresh token of a call like this one, None where there is none in memory.

        `whose` tells apart whatever scopes do not; `now` is POSIX seconds. While the store's
        version is the same, what was found in it is still there.
        """
        if type(scopes) not in _READ_AGAIN:
            return None  # an iterator can be read only once, and a str is no list of scopes
        try:
            place = self._places.get((whose, *scopes)) or self._recall((whose, *scopes))
        except TypeError:
            return None  # what cannot be hashed is no scope; the call itself says so
        if place is None:
            return None
        version, first, last, expires_on, answer = place.found
        if version != self._store.version:
            _, first, last, expires_on, answer = self._look(place)
        if not first <= now <= last:
            return None
        self._counters.hits += 1
        result = answer.copy()
        result["expires_in"] = int(expires_on - now)
        return result

    def _look(self, place: _Place) -> _Finding:
        """Look into the store again. The version is read first: what is newer is seen later."""
        version = self._store.version
        tokens = None if place.where is None else self._store.peek(place.where)
        span = None
        if tokens is not None:
            span = fresh_span(cast("Tokens", tokens), place.key, self._margin, self._skew)
        found: _Finding = version, *_NOTHING[1:]
        if span is not None and span[1] <= span[2]:
            row, first, last = span
            found = version, first, last, row[EXPIRES_ON], cached_dict(row, first)
        place.found = found
        return found  # and not the place's, which may be of another thread that looked before

    def _recall(self, arguments: tuple[Hashable, ...]) -> _Place | None:
        """Return the place of a call that was not made lately, which it has been now."""
        place = self._older.get(arguments)
        if place is not None:
            self._put(arguments, place)
        return place

    def _put(self, arguments: tuple[Hashable, ...], place: _Place) -> None:
        if len(self._places) >= _MOST:
            self._older, self._places = self._places, {}
        self._places[arguments] = place

    def plan(self, whose: Hashable, scopes: Iterable[str]) -> Plan | None:
        """Return the plan that was kept of a call like this one, of which `find` found no token."""
        if type(scopes) not in _READ_AGAIN:
            return None
        try:
            place = self._places.get((whose, *scopes))
        except TypeError:
            return None
        return None if place is None else place.plan

    def note(self, whose: Hashable, scopes: Iterable[str], plan: Plan) -> None:
        """Remember where a call's token is, as far as that can be told without discovery."""
        self._remember(whose, scopes, plan, None)

    def keep(self, whose: Hashable, scopes: Iterable[str], plan: Plan) -> None:
        """Remember the call too; not for one that holds what its caller brought."""
        self._remember(whose, scopes, plan, plan)

    def _remember(
        self, whose: Hashable, scopes: Iterable[str], plan: Plan, kept: Plan | None
    ) -> None:
        request = plan.call.request
        if type(scopes) not in _READ_AGAIN:
            return
        where, arguments = request.partition_key(None), (whose, *scopes)
        if (where is None and kept is None) or {*arguments[1:]} != {*request.scopes}:
            return  # or another thread has changed the list since the call was made of it
        self._put(arguments, _Place(where, request.key, kept))


#: What tells one caller's tokens from another's, beyond scopes: the kind of call, who, and where.
Whose: TypeAlias = tuple[str, str, str | None]


def whose_calls(tenant_id: str | None, user_assertion: object) -> Whose | None:
    """Return what tells a user's calls from others', None where the assertion is none.

    What cannot be one is left to the call, which says so without showing it.
    """
    if not isinstance(user_assertion, str) or not user_assertion.isascii():
        return None
    return "assertion", assertion_digest(user_assertion), tenant_id


def whose_silent_calls(tenant_id: str | None, account: Mapping[str, object]) -> Whose | None:
    """Return what tells an account's calls from others', None where it is no account."""
    who = account.get("home_account_id") if isinstance(account, dict) else None
    return ("account", who, tenant_id) if isinstance(who, str) else None
