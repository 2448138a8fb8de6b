"""Calls that were made before: the way from a method's arguments straight to the stored token.

An application asks for the same few tokens again and again. What a call's key and partition are
depends on its arguments alone, so they are kept by them, and a hit is two look-ups and a
dictionary. Knows nothing of what fresh means: `fresh_row` does, and where it finds nothing the
call is made anew and asks `ready`, of which it is a shortcut.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Final, cast

from sansio_auth.identity import TokenKey, assertion_digest
from sansio_auth.partition import Partition, PartitionKey, Tokens, fresh_row
from sansio_auth.policy import Policy
from sansio_auth_adapters.application.dicts import TokenDict, cached_dict
from sansio_auth_adapters.application.plan import Plan

__all__ = ["Repeats", "whose_calls"]

#: How many calls one application keeps at hand; beyond that all are forgotten and found again.
_MOST: Final = 4096


class Repeats:
    """Where the tokens of earlier calls are, by the arguments that the calls were made with."""

    def __init__(self, peek: Callable[[PartitionKey], Partition | None], policy: Policy) -> None:
        self._peek: Final = peek
        self._margin: Final = policy.early_expiry
        self._skew: Final = policy.clock_skew
        self._places: dict[tuple[Hashable, ...], tuple[PartitionKey, TokenKey]] = {}

    def find(self, whose: Hashable, scopes: object, now: float) -> TokenDict | None:
        """Return the fresh token of a call like this one, None where there is none in memory.

        `whose` tells apart whatever scopes do not; `now` is POSIX seconds.
        """
        if type(scopes) is not list and type(scopes) is not tuple:
            return None  # an iterator can be read only once, and a str is no list of scopes
        try:
            place = self._places.get((whose, *cast("list[str]", scopes)))
        except TypeError:
            return None  # what cannot be hashed is no scope; the call itself says so
        if place is None:
            return None
        tokens = cast("Tokens | None", self._peek(place[0]))
        row = None if tokens is None else fresh_row(tokens, place[1], now, self._margin, self._skew)
        return None if row is None else cached_dict(row, now)

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
        self._places[whose, *cast("list[str]", scopes)] = (where, request.key)


def whose_calls(tenant_id: str | None, user_assertion: object) -> tuple[str, str | None] | None:
    """Return what tells a user's calls from others', None where the assertion is no text."""
    if not isinstance(user_assertion, str):
        return None
    return assertion_digest(user_assertion), tenant_id
