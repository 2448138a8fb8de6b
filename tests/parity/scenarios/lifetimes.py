"""A token's life: the margin before its end, proactive refresh, and what covers a failure."""

from __future__ import annotations

from typing import Final

import requests

from tests.parity.scenario import (
    USUAL,
    Answer,
    Breakdown,
    Reply,
    Scenario,
    for_client,
    refused,
    token,
)

__all__ = ["SCENARIOS"]

_LIFE: Final = 3600
_REFRESH: Final = 1800
_MARGIN: Final = 300
_AGING: Final = token("AT-1", expires_in=_LIFE, refresh_in=_REFRESH)


def _with_left(name: str, left: int) -> Scenario:
    """Return two calls, the second when the token has so many whole seconds left."""
    return Scenario(
        name=name,
        steps=(
            for_client(token("AT-1", expires_in=_LIFE)),
            for_client(token("AT-2"), after=_LIFE - left),
        ),
    )


def _aging(name: str, reply: Reply, differences: frozenset[str] = USUAL) -> Scenario:
    """Return two calls, the second past refresh_on, with half an hour left."""
    return Scenario(
        name=name,
        steps=(for_client(_AGING), for_client(reply, after=_REFRESH + 1)),
        differences=differences,
    )


SCENARIOS: Final = (
    Scenario(
        name="a second call is answered from the cache",
        steps=(for_client(token()), for_client(), for_client(after=60)),
    ),
    _with_left("a token with a second more than the margin is served", _MARGIN + 2),
    _with_left("a token with a fraction less than the margin is not served", _MARGIN),
    _with_left("a token with a fraction more than the margin is served", _MARGIN + 1),
    _with_left("a token inside the margin is replaced", _MARGIN - 1),
    _with_left("a token that is over is replaced", -10),
    Scenario(
        name="a refused request for a token inside the margin is refused",
        steps=(
            for_client(token("AT-1", expires_in=_LIFE)),
            for_client(refused("invalid_client", 401), after=_LIFE - 200),
        ),
        differences=USUAL | {"no-alias-request"},
    ),
    Scenario(
        name="a token at its refresh time is still served",
        steps=(for_client(_AGING), for_client(after=_REFRESH - 1)),
    ),
    _aging("a token past its refresh time is renewed", token("AT-2", refresh_in=_REFRESH)),
    _aging("a refused renewal is covered by the token", refused("invalid_client", 401)),
    _aging("a renewal refused with 400 is covered by the token", refused("invalid_scope")),
    _aging("a throttled renewal is covered by the token", refused("slow_down", 429)),
    _aging(
        "a renewal throttled in plain text is covered by the token",
        Answer("slow down", 429, {"Retry-After": "30"}),
        USUAL | {"failure-covered"},
    ),
    _aging(
        "a renewal that meets an outage is covered by the token",
        Answer("<html>outage</html>", 503),
        USUAL | {"failure-covered"},
    ),
    _aging(
        "a renewal without connection is covered by the token",
        Breakdown(requests.exceptions.ConnectionError),
    ),
    _aging(
        "a renewal that any transport fails is covered by the token",
        Breakdown(ConnectionResetError),
        USUAL | {"failure-covered"},
    ),
    _aging(
        "a renewal that answers nonsense is covered by the token",
        Answer("nonsense"),
        USUAL | {"failure-covered"},
    ),
    Scenario(
        name="a renewal held back by the service is not asked for again",
        steps=(
            for_client(_AGING),
            for_client(refused("slow_down", 429), after=_REFRESH + 1),
            for_client(token("AT-2"), after=1),
            for_client(token("AT-3"), after=10),
        ),
    ),
    Scenario(
        name="a token is dropped where the clock passes its end",
        steps=(
            for_client(token("AT-1", expires_in=_LIFE)),
            for_client(token("AT-2"), scopes=("api://other/.default",), after=_LIFE + 100),
        ),
    ),
    Scenario(
        name="a clock that goes back gives a token no longer a life than it had",
        steps=(
            for_client(token("AT-1", expires_in=_LIFE)),
            for_client(token("AT-2"), after=-7200),
        ),
        differences=USUAL | {"clock-back"},
    ),
)
