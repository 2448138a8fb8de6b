"""A token that has to be asked for: the library's own time, as the transport takes none."""

from __future__ import annotations

import json
from collections.abc import Iterator

from bench.answers import CLIENT, SCOPE, SECRET, app_response, realm_of
from bench.effort import Effort
from bench.growth import Growth
from bench.libraries import present, shaped_like_msal
from bench.libraries.msal_shaped import fill
from bench.libraries.protocol import Call
from bench.lines import FLOOR, MSAL, OURS, Goal, Line, Told, compared
from bench.rows.hits import filled
from bench.tenant import SHORT_LIFE, Tenant
from bench.timing import Batch, interleaved, repeated
from sansio_auth.wire import form_encode

__all__ = ["always", "rows"]


def always(call: Call, tenant: Tenant) -> Batch:
    """Return the batch of a call that is proved to send a request every time."""
    call()
    before = tenant.requests
    call()
    call()
    if tenant.requests != before + 2:
        raise RuntimeError(f"{tenant.requests - before} requests where two were expected")
    return repeated(call)


def _floor() -> Batch:
    """Return what nobody can do without: encode the form, read the answer."""
    form = (
        ("client_id", CLIENT), ("grant_type", "client_credentials"), ("client_info", "1"),
        ("client_secret", SECRET), ("scope", SCOPE),
    )  # fmt: skip
    text = json.dumps(app_response())
    return repeated(lambda: (form_encode(form), json.loads(text)))


def _one_token(effort: Effort) -> Line:
    batches = {}
    for name, library in present().items():
        tenant = Tenant(life=SHORT_LIFE)
        batches[name] = always(library.request(tenant), tenant)
    batches[FLOOR] = _floor()
    return compared(
        "token request with a secret, without transport", interleaved(batches, effort),
        Goal(1 / 3, MSAL),
    )  # fmt: skip


def _growing(effort: Effort) -> Iterator[Told]:
    batches: dict[tuple[str, int], Batch] = {}
    for size in effort.sizes:
        for name, library in shaped_like_msal().items():
            tenant = Tenant(life=SHORT_LIFE)
            call = library.request(tenant, cache=filled(library, size))
            batches[name, size] = always(call, tenant)
    growth = Growth.of(batches, effort)
    cached = effort.up_to(10_000)
    yield compared(
        f"the same with {cached:,} tokens cached", growth.at(cached), Goal(1 / 300, MSAL)
    )
    against = f"{effort.sizes[-1]:,} tokens cached against {effort.sizes[0]}"
    yield Line(f"token request: {against}", "x", growth.last_to_first(), Goal(1.2))
    yield growth.series("token request with a secret, by other tenants with a token each")


def _inside(effort: Effort) -> Iterator[Told]:
    """Measure how a partition's own size counts: one application with many scopes."""
    [ours] = shaped_like_msal(OURS).values()
    batches: dict[tuple[str, int], Batch] = {}
    for size in effort.partition_sizes:
        cache, tenant = ours.cache(), Tenant(life=SHORT_LIFE)
        fill(cache, range(size - 1), 1)
        call = ours.app_token(tenant, realm_of(0), cache)
        batches[OURS, size] = always(call, tenant)
    growth = Growth.of(batches, effort)
    title = "token request with a secret, by tokens in the same partition"
    yield growth.series(title)
    first, last = growth.sizes[0], growth.sizes[-1]
    added = growth.at(last)[OURS].median - growth.at(first)[OURS].median
    per_thousand = max(0.0, added) / (last - first) * 1_000
    title = "token request: what every 1,000 tokens in the same partition add"
    yield Line(title, "s", {OURS: per_thousand})


def rows(effort: Effort) -> Iterator[Told]:
    """Yield the cost of a token request, and how it grows."""
    yield _one_token(effort)
    yield from _growing(effort)
    yield from _inside(effort)
