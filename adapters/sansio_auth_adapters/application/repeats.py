"""Calls that were made before: the way from a method's arguments straight to the stored token.

An application asks for the same few tokens again and again. What a call's key and partition are
depends on its arguments alone, so they are kept by them, and a hit is two look-ups and a
dictionary. Knows nothing of what fresh means: `fresh_span` does, and where it finds nothing the
call is made anew and asks `ready`, of which it is a shortcut.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Final, cast

from sansio_auth.identity import TokenKey, assertion_digest
from sansio_auth.partition import EXPIRES_ON, Partition, PartitionKey, Tokens, fresh_span
from sansio_auth.policy import Policy
from sansio_auth_adapters.application.dicts import TokenDict, cached_dict
from sansio_auth_adapters.application.parts import Counters
from sansio_auth_adapters.application.plan import Plan

__all__ = ["Repeats", "whose_calls"]

#: How many calls one application keeps at hand; beyond that all are forgotten and found again.
_MOST: Final = 4096


class _Place:
    """Where a call's token is, and what was found there the last time."""

    __slots__ = ("expires_on", "first", "key", "last", "result", "tokens", "where")

    def __init__(self, where: PartitionKey, key: TokenKey) -> None:
        self.where = where
        self.key = key
        self.tokens: Partition | None = None
        self.result: TokenDict | None = None
        self.first = self.last = self.expires_on = 0.0

    def look(self, tokens: Partition, margin: float, skew: float) -> None:
        """Take in a partition: which row is for this call, and how long it stays fresh."""
        span = fresh_span(cast("Tokens", tokens), self.key, margin, skew)
        self.tokens, self.result = tokens, None
        if span is not None:
            row, self.first, self.last = span
            self.expires_on = row[EXPIRES_ON]
            self.result = cached_dict(row, self.first)


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

    def find(self, whose: Hashable, scopes: object, now: float) -> TokenDict | None:
        """Return the fresh token of a call like this one, None where there is none in memory.

        `whose` tells apart whatever scopes do not; `now` is POSIX seconds. A partition is a value:
        as long as it is the same one, what was found in it is still there.
        """
        if type(scopes) is not list and type(scopes) is not tuple:
            return None  # an iterator can be read only once, and a str is no list of scopes
        arguments = (whose, *cast("list[str]", scopes))
        try:
            place = self._places.get(arguments)
        except TypeError:
            return None  # what cannot be hashed is no scope; the call itself says so
        if place is None or (tokens := self._peek(place.where)) is None:
            return None
        if tokens is not place.tokens:
            self._places[arguments] = place = self._renewed(place, tokens)
        if place.result is None or not place.first <= now <= place.last:
            return None
        self._counters.hit()
        result = place.result.copy()
        result["expires_in"] = int(place.expires_on - now)
        return result

    def _renewed(self, place: _Place, tokens: Partition) -> _Place:
        """Return a place with another partition; a new one, as others may be reading the old."""
        new = _Place(place.where, place.key)
        new.look(tokens, self._margin, self._skew)
        return new

    def note(self, whose: Hashable, scopes: object, plan: Plan) -> None:
        """Remember a call; one whose partition only discovery can tell is not."""
        request = plan.call.request
        if request.registration.endpoints is None or not isinstance(scopes, list | tuple):
            return
        where = request.partition_key(None)
        if where is None:
            return
        if len(self._places) >= _MOST:
            self._places = {}
        self._places[whose, *cast("list[str]", scopes)] = _Place(where, request.key)


def whose_calls(tenant_id: str | None, user_assertion: object) -> tuple[str, str | None] | None:
    """Return what tells a user's calls from others', None where the assertion is no text."""
    if not isinstance(user_assertion, str):
        return None
    return assertion_digest(user_assertion), tenant_id
