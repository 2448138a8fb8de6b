"""When what was got with an assertion is over, so that it does not stay for ever.

Every user brings a new assertion every hour or so, and nobody comes back with an old one. Knows
when rows end, and no clock: the store says what time it is.
"""

from __future__ import annotations

import heapq
from itertools import chain
from typing import TYPE_CHECKING, Final

from sansio_auth.partition import EXPIRES_ON, AccessTokenStored, AssertionKey, Tokens

if TYPE_CHECKING:
    from sansio_auth.partition import Fact

__all__ = ["Ends", "end_of", "is_over"]

#: How many partitions one save looks at: more than it adds, so that they cannot pile up, and few
#: enough for nobody to wait.
_AT_ONCE: Final = 8


class Ends:
    """The second at which each token that was got with an assertion ends, the first one first."""

    __slots__ = ("_keys", "_seconds")

    def __init__(self) -> None:
        self._seconds: list[int] = []
        self._keys: dict[int, list[AssertionKey]] = {}

    def __bool__(self) -> bool:
        return bool(self._seconds)

    def note(self, at: int, key: AssertionKey) -> None:
        """Take in when what is saved under an assertion ends."""
        if at in self._keys:
            self._keys[at].append(key)
        else:
            heapq.heappush(self._seconds, at)
            self._keys[at] = [key]

    def before(self, now: float) -> list[AssertionKey]:
        """Return a few keys of tokens that ended before `now`, POSIX seconds, and forget them."""
        over: list[AssertionKey] = []
        while self._seconds and self._seconds[0] < now and len(over) < _AT_ONCE:
            keys = self._keys[self._seconds[0]]
            over.append(keys.pop())
            if not keys:
                del self._keys[heapq.heappop(self._seconds)]
        return over


def end_of(facts: tuple[Fact, ...]) -> int:
    """Return the second at which the last token of these ends, POSIX seconds; 0 for none.

    It loads the facts that not every process meets, so call it before you take a lock.
    """
    from sansio_auth.partition import RefreshTokenStored

    access = (fact.row[EXPIRES_ON] for fact in facts if isinstance(fact, AccessTokenStored))
    refresh = (fact.row[1] for fact in facts if isinstance(fact, RefreshTokenStored))
    return max(chain(access, refresh), default=0)


def is_over(key: AssertionKey, tokens: Tokens, now: float) -> bool:
    """Whether no token of these can be used any more, nor a session's refresh token."""
    if key.is_session and tokens.refresh:
        return False
    return not any(row[EXPIRES_ON] >= now for row in tokens.access.values())
