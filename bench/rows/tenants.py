"""A service of many tenants starts cold: one application for each, one cache for all."""

from __future__ import annotations

import time
from collections.abc import Iterator

from bench.answers import realm_of
from bench.effort import Effort
from bench.libraries import shaped_like_msal
from bench.lines import MSAL, Goal, Line
from bench.tenant import Tenant

__all__ = ["rows"]


def rows(effort: Effort) -> Iterator[Line]:
    """Yield processor time and discovery requests until every tenant has a token."""
    tenants = effort.up_to(5_000)
    took, discoveries = {}, {}
    for name, library in shaped_like_msal().items():
        tenant, cache = Tenant(), library.cache()
        begun = time.process_time()
        for number in range(tenants):
            library.app_token(tenant, realm_of(number), cache)()
        took[name] = time.process_time() - begun
        discoveries[name] = float(tenant.discoveries)
        if tenant.requests != tenants:
            raise RuntimeError(f"{tenant.requests} requests for {tenants} tenants")
    title = f"cold start of {tenants:,} tenants on one cache"
    yield Line(f"{title}, processor time", "s", took, Goal(1 / 50, MSAL))
    yield Line(f"{title}, discovery requests", "requests", discoveries, Goal(0))
