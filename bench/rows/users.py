"""On behalf of the same user again: what it costs, and whether anybody is asked."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from bench.answers import ASSERTION
from bench.effort import Effort
from bench.libraries import present
from bench.lines import FLOOR, MSAL, Goal, Line, compared
from bench.tenant import Tenant
from bench.timing import interleaved, repeated

__all__ = ["rows"]

_AGAIN = 10


def rows(effort: Effort) -> Iterator[Line]:
    """Yield the time and the requests of a repeated on-behalf-of call."""
    batches, requests = {}, {}
    for name, library in present().items():
        tenant = Tenant(user=True)
        call = library.on_behalf_of(tenant)
        if call is None:
            continue
        call()
        before = tenant.requests
        for _ in range(_AGAIN):
            call()
        requests[name] = (tenant.requests - before) / _AGAIN
        batches[name] = repeated(call)
    batches[FLOOR] = repeated(lambda: hashlib.sha256(ASSERTION.encode()).digest())
    title = "on behalf of the same assertion again"
    yield compared(title, interleaved(batches, effort), Goal(1 / 40, MSAL))
    yield Line(f"{title}: requests per call", "requests", requests, Goal(0))
