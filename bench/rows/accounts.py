"""Find a user by name and then their token, among many users."""

from __future__ import annotations

from collections.abc import Iterator

from bench.answers import username_of
from bench.effort import Effort
from bench.growth import Growth
from bench.libraries import shaped_like_msal
from bench.libraries.msal_shaped import fill_users
from bench.lines import Goal, Line, Told, compared
from bench.timing import Batch, repeated

__all__ = ["rows"]


def rows(effort: Effort) -> Iterator[Told]:
    """Yield the cost among 100,000 users, and how it grows."""
    batches: dict[tuple[str, int], Batch] = {}
    for size in effort.sizes:
        for name, library in shaped_like_msal().items():
            cache = library.cache()
            fill_users(cache, size)
            call = library.silent(cache, username_of(size // 2))
            if not call():
                raise RuntimeError("the user's token was not found")
            batches[name, size] = repeated(call)
    growth = Growth.of(batches, effort)
    first, last = effort.sizes[0], effort.sizes[-1]
    title = "get_accounts(username), then the token from memory"
    yield compared(f"{title}, {last:,} users", growth.at(last), Goal(10e-6))
    against = f"{last:,} users against {first}"
    yield Line(f"{title}: {against}", "x", growth.last_to_first(), Goal(1.2))
    yield growth.series(f"{title}, by users")
