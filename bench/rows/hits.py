"""A token that is in memory: what it costs to get it, whatever else is in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from bench.effort import Effort
from bench.growth import Growth
from bench.libraries import present, shaped_like_msal
from bench.libraries.msal_shaped import Cache, MsalShaped, fill
from bench.libraries.ours import Ours
from bench.libraries.protocol import AsyncCall, Call
from bench.lines import MSAL, OURS, Goal, Line, Told, compared
from bench.tenant import Tenant
from bench.timing import Batch, awaited, interleaved, repeated

__all__ = ["filled", "rows"]

_FLAT = Goal(1.2)
_AWAITED = "ours, awaited"


def filled(library: MsalShaped, tokens: int, each: int = 1) -> Cache:
    """Return a cache with one token less than that, `each` per tenant, of other tenants."""
    cache = library.cache()
    fill(cache, range(tokens - 1), max(1, tokens // each))
    return cache


def _prove(tenant: Tenant, requests: int) -> None:
    if tenant.requests != requests:
        raise RuntimeError(f"{tenant.requests} requests where {requests} were expected")


def _warm(call: Call, tenant: Tenant) -> Batch:
    """Return the batch of a call that is proved to be answered from memory."""
    call()
    call()
    _prove(tenant, 1)
    return repeated(call)


def _warm_async(
    loop: asyncio.AbstractEventLoop, call: AsyncCall, tenant: Tenant, requests: int = 1
) -> Batch:
    """`_warm`, awaited; no request at all is needed where the cache is warm already."""

    async def twice() -> None:
        await call()
        await call()

    loop.run_until_complete(twice())
    _prove(tenant, requests)
    return awaited(loop, call)


def _one_token(effort: Effort) -> Line:
    batches = {}
    for name, library in present().items():
        tenant = Tenant()
        batches[name] = _warm(library.app_token(tenant), tenant)
    return compared(
        "token from memory, application", interleaved(batches, effort), Goal(1 / 15, MSAL)
    )


def _awaited(effort: Effort, loop: asyncio.AbstractEventLoop) -> Line:
    batches = {}
    for library in present().values():
        tenant = Tenant()
        call = library.async_app_token(tenant)
        if call is not None:
            batches[library.async_name] = _warm_async(loop, call, tenant)
    samples = interleaved(batches, effort)
    return compared("the same, awaited", samples, Goal(1 / 8, "azure-identity.aio"))


def _growing(effort: Effort, loop: asyncio.AbstractEventLoop) -> Iterator[Told]:
    """Measure all sizes in the same rounds, so that their ratios hold."""
    batches: dict[tuple[str, int], Batch] = {}
    for size in effort.sizes:
        for name, library in shaped_like_msal().items():
            tenant, cache = Tenant(), filled(library, size)
            batches[name, size] = _warm(library.app_token(tenant, cache=cache), tenant)
            if isinstance(library, Ours):
                tenant = Tenant()
                call = library.async_app_token(tenant, cache)
                batches[_AWAITED, size] = _warm_async(loop, call, tenant, requests=0)
    growth = Growth.of(batches, effort)
    factors = growth.last_to_first()
    awaited_one = factors.pop(_AWAITED)
    against = f"{effort.sizes[-1]:,} tokens in memory against {effort.sizes[0]}"
    yield Line(f"token from memory: {against}", "x", factors, _FLAT)
    yield Line(f"the same, awaited: {against}", "x", {OURS: awaited_one}, _FLAT)
    yield growth.series("token from memory, by other tenants with a token each")


def rows(effort: Effort) -> Iterator[Told]:
    """Yield the cost of a token from memory, awaited or not, and how it grows."""
    with asyncio.Runner() as runner:
        yield _one_token(effort)
        yield _awaited(effort, runner.get_loop())
        yield from _growing(effort, runner.get_loop())
