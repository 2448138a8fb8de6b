"""A token that has to be asked for: the library's own time, as the transport takes none."""

from __future__ import annotations

import json
from collections.abc import Iterator

from bench.answers import CLIENT, SCOPE, SECRET, app_response, realm_of
from bench.effort import Effort
from bench.libraries import present
from bench.libraries.library import Call
from bench.libraries.msal_shaped import MsalShaped, fill
from bench.lines import FLOOR, MSAL, OURS, Goal, Line, Series, compared
from bench.rows.hits import filled
from bench.tenant import SHORT_LIFE, Tenant
from bench.timing import Batch, interleaved, ratio, repeated
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


def _growing(effort: Effort) -> Iterator[Line | Series]:
    batches: dict[tuple[str, int], Batch] = {}
    for size in effort.sizes:
        for name, library in present().items():
            if isinstance(library, MsalShaped):
                tenant = Tenant(life=SHORT_LIFE)
                call = library.request(tenant, cache=filled(library, size))
                batches[name, size] = always(call, tenant)
    samples = interleaved(batches, effort)
    names = tuple(dict.fromkeys(name for name, _ in batches))
    cached = effort.up_to(10_000)
    yield compared(
        f"the same with {cached:,} tokens cached",
        {name: samples[name, cached] for name in names},
        Goal(1 / 300, MSAL),
    )
    first, last = effort.sizes[0], effort.sizes[-1]
    growth = {name: ratio(samples[name, last], samples[name, first]) for name in names}
    yield Line(f"token request: {last:,} tokens cached against {first}", "x", growth, Goal(1.2))
    yield Series(
        "token request with a secret, by tokens in other partitions", "s", effort.sizes,
        {name: tuple(samples[name, size].median for size in effort.sizes) for name in names},
    )  # fmt: skip


def _inside(effort: Effort) -> Iterator[Series]:
    """Measure how a partition's own size counts: one application with many scopes."""
    ours = present()[OURS]
    assert isinstance(ours, MsalShaped)
    sizes = effort.sizes[:-1]
    batches: dict[int, Batch] = {}
    for size in sizes:
        cache, tenant = ours.cache(), Tenant(life=SHORT_LIFE)
        fill(cache, range(size - 1), 1)
        call = ours.app_token(tenant, realm_of(0), cache)
        batches[size] = always(call, tenant)
    samples = interleaved(batches, effort)
    medians = tuple(samples[size].median for size in sizes)
    title = "token request with a secret, by tokens in the same partition"
    yield Series(title, "s", sizes, {OURS: medians})


def rows(effort: Effort) -> Iterator[Line | Series]:
    """Yield the cost of a token request, and how it grows."""
    yield _one_token(effort)
    yield from _growing(effort)
    yield from _inside(effort)
