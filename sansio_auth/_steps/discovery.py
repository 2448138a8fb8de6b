"""Finding the authority's endpoints: computed, remembered, or asked for.

Knows when to ask and what to do when nobody answers; what an answer may say is read in
`sansio_auth._discovery`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sansio_auth._later import later
from sansio_auth._steps.conversation import (
    Conversation,
    bounded,
    failed,
    learn,
    may_retry,
    pause,
    send,
)
from sansio_auth.authority import Endpoints, pinned
from sansio_auth.effects import Failure
from sansio_auth.errors import SansioAuthError
from sansio_auth.flow import Script
from sansio_auth.partition import Knowledge
from sansio_auth.wire import HttpRequest, HttpResponse

if TYPE_CHECKING:
    from sansio_auth import _discovery
else:
    _discovery = later("sansio_auth._discovery")

__all__ = ["discover"]

#: Who may vouch for an unknown host: the public cloud, which instance discovery asks.
_MICROSOFT: Final = frozenset({"login.microsoftonline.com"})


def discover(talk: Conversation, knowledge: Knowledge) -> Script[Endpoints]:
    """Return the authority's endpoints: computed, remembered for a day, or asked for.

    When asking fails, endpoints that are known but stale are used, with a warning.
    """
    registration = talk.call.registration
    if registration.endpoints is not None:
        return registration.endpoints
    age = talk.now - knowledge.found_at
    if knowledge.endpoints is not None and 0 <= age < registration.policy.discovery_life:
        return knowledge.endpoints
    try:
        endpoints = yield from _ask_authority(talk)
    except SansioAuthError as error:
        if knowledge.endpoints is None:
            error.correlation_id = talk.correlation_id
            raise
        talk.warn("discovery_failed")
        return knowledge.endpoints
    from sansio_auth.partition import EndpointsFound

    yield from learn(talk, EndpointsFound(endpoints, talk.now))
    return endpoints


def _ask_authority(talk: Conversation) -> Script[Endpoints]:
    registration = talk.call.registration
    authority, trusted = registration.authority, registration.trusted_hosts
    url: str | None = None
    if _discovery.needs_instance_discovery(authority, validate=registration.validate_authority):
        instance = _discovery.instance_discovery_request(authority, registration.instance_discovery)
        response = yield from _fetch(talk, instance)
        url = _discovery.read_instance_discovery(authority, response)
        _ = pinned(authority, url, "tenant_discovery_endpoint", trusted_hosts=trusted | _MICROSOFT)
    response = yield from _fetch(talk, _discovery.openid_configuration_request(authority, url))
    return _discovery.read_openid_configuration(authority, response, trusted_hosts=trusted)


def _fetch(talk: Conversation, request: HttpRequest) -> Script[HttpResponse]:
    """Send a discovery request, again where that may help; raise where nothing came back."""
    attempt = 0
    while True:
        answer = yield from send(talk, bounded(talk, request))
        if not may_retry(talk, answer, attempt):
            break
        yield from pause(talk, attempt)
        attempt += 1
    if isinstance(answer, Failure):
        raise failed(talk, answer, "discovery")
    return answer
