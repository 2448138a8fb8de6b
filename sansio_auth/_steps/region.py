"""Where a token request goes: the region's endpoint first, if there is one, then the central one.

A configured region is used as it is. One that is to be found out is asked for once, with two
seconds of patience and past any proxy, and the answer is remembered, also when there is none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve

from sansio_auth._later import later
from sansio_auth._steps.conversation import Conversation, learn
from sansio_auth.authority import Endpoints
from sansio_auth.calls import TokenCall
from sansio_auth.effects import SendHttp
from sansio_auth.flow import Script, ask
from sansio_auth.partition import Knowledge
from sansio_auth.wire import HttpResponse

if TYPE_CHECKING:
    from sansio_auth import _region
else:
    _region = later("sansio_auth._region")

__all__ = ["is_regional", "locate"]


def is_regional(call: TokenCall) -> bool:
    """Whether a call may go to a region's endpoint, if there is one."""
    registration = call.registration
    if registration.region is None and not registration.find_region:
        return False
    return call.regional and registration.authority.kind == "entra"


def locate(
    talk: Conversation, knowledge: Knowledge, endpoints: Endpoints
) -> Script[tuple[str, ...]]:
    """Return the token endpoints to try, in order; the last one is the authority's own."""
    if not is_regional(talk.call):
        return (endpoints.token,)
    region = talk.call.registration.region
    if region is None:
        region = yield from _find(talk, knowledge)
    if region is None:
        return (endpoints.token,)
    return (_region.regional_endpoint(endpoints.token, region), endpoints.token)


def _find(talk: Conversation, knowledge: Knowledge) -> Script[str | None]:
    if knowledge.region_known:
        return knowledge.region
    patience = talk.call.registration.policy.imds_timeout
    request = evolve(_region.imds_request(), timeout=patience, max_bytes=65_536)
    answer, talk.now = yield from ask(SendHttp(request))
    talk.requests += 1
    region = _region.read_imds(answer) if isinstance(answer, HttpResponse) else None
    if region is None:
        talk.warn("region_unknown")
    from sansio_auth.partition import RegionFound

    yield from learn(talk, RegionFound(region))
    return region
