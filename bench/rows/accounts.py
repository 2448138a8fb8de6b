"""Find a user by name and then their token, among many users."""

from __future__ import annotations

from collections.abc import Iterator

from bench.answers import username_of
from bench.effort import Effort
from bench.libraries import present
from bench.libraries.msal_shaped import MsalShaped, fill_users
from bench.lines import OURS, Goal, Line, Series, compared
from bench.timing import Batch, interleaved, ratio, repeated

__all__ = ["rows"]


def rows(effort: Effort) -> Iterator[Line | Series]:
    """Yield the cost among 100,000 users, and how it grows."""
    batches: dict[tuple[str, int], Batch] = {}
    for size in effort.sizes:
        for name, library in present().items():
            if isinstance(library, MsalShaped):
                cache = library.cache()
                fill_users(cache, size)
                call = library.silent(cache, username_of(size // 2))
                if not call():
                    raise RuntimeError("the user's token was not found")
                batches[name, size] = repeated(call)
    samples = interleaved(batches, effort)
    names = tuple(dict.fromkeys(name for name, _ in batches))
    first, last = effort.sizes[0], effort.sizes[-1]
    title = "get_accounts(username), then the token from memory"
    yield compared(
        f"{title}, {last:,} users", {name: samples[name, last] for name in names}, Goal(10e-6)
    )
    growth = {name: ratio(samples[name, last], samples[name, first]) for name in names}
    yield Line(f"{title}: {last:,} users against {first}", "x", growth, Goal(1.2))
    medians = {name: tuple(samples[name, size].median for size in effort.sizes) for name in names}
    yield Series(f"{title}, by users", "s", effort.sizes, medians)
    assert OURS in names
