"""Requests that are refused, throttled or fail; and when the same question is asked again."""

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

_ERROR: Final = USUAL | {"no-alias-request"}
_CHALLENGED: Final = refused(
    "interaction_required",
    400,
    suberror="basic_action",
    claims='{"access_token":{"polids":{"essential":true,"values":["p"]}}}',
)


def _sequence(
    name: str, *steps: tuple[float, Reply], differences: frozenset[str] = _ERROR
) -> Scenario:
    """Return the usual call several times, each (seconds later, reply)."""
    return Scenario(
        name=name,
        steps=tuple(for_client(reply, after=after) for after, reply in steps),
        differences=differences,
    )


SCENARIOS: Final = (
    _sequence("a wrong secret is an error dict", (0, refused("invalid_client", 401))),
    _sequence("an error with a suberror is classified", (0, _CHALLENGED)),
    _sequence(
        "a suberror that is nobody's business has an empty classification",
        (0, refused("invalid_grant", 400, suberror="bad_token")),
    ),
    _sequence("members of an error are returned as received", (0, refused("odd", 400, more=[{}]))),
    _sequence("a 403 is an error dict", (0, refused("access_denied", 403))),
    _sequence(
        "a 404 in JSON without an error",
        (0, Answer({"message": "not found"}, 404)),
        differences=USUAL | {"error-made-up"},
    ),
    _sequence(
        "a 400 that is no JSON",
        (0, Answer("<html>bad</html>", 400)),
        differences=USUAL | {"error-made-up"},
    ),
    _sequence(
        "the same question after 401 is asked again",
        (0, refused("invalid_client", 401)),
        (1, token()),
    ),
    _sequence(
        "the same question after 400 is answered without a request for a minute",
        (0, refused("invalid_scope")),
        (30, token()),
        (29, token()),
        (2, token()),
    ),
    Scenario(
        name="another question after 400 is asked",
        steps=(
            for_client(refused("invalid_scope")),
            for_client(token(), params={"dc": "ESTS-PUB-1"}),
        ),
        differences=_ERROR,
    ),
    Scenario(
        name="another claims challenge after 400 is asked",
        steps=(
            for_client(refused("invalid_scope")),
            for_client(token(), claims_challenge='{"access_token":{}}'),
        ),
        differences=_ERROR,
    ),
    _sequence(
        "a 429 in JSON is held as long as it says",
        (0, Answer(refused("slow_down", 429).body, 429, {"Retry-After": "30"})),
        (29, token()),
        (2, token()),
    ),
    _sequence(
        "a 429 without Retry-After is held for five seconds",
        (0, refused("slow_down", 429)),
        (4, token()),
        (2, token()),
    ),
    _sequence(
        "a 429 is held for an hour at most",
        (0, Answer(refused("slow_down", 429).body, 429, {"Retry-After": "86400"})),
        (3599, token()),
        (2, token()),
    ),
    _sequence(
        "a 429 whose Retry-After is a date",
        (
            0,
            Answer(
                refused("slow_down", 429).body,
                429,
                {"Retry-After": "Tue, 14 Nov 2023 22:13:50 GMT"},
            ),
        ),
        (4, token()),
        (2, token()),
        differences=_ERROR | {"retry-after-date"},
    ),
    _sequence(
        "a 400 with Retry-After is held as long as it says",
        (0, Answer(refused("odd").body, 400, {"retry-after": "10"})),
        (9, token()),
        (2, token()),
    ),
    _sequence(
        "a 429 in plain text",
        (0, Answer("slow down", 429, {"Retry-After": "30"})),
        (31, token()),
        differences=USUAL | {"error-made-up"},
    ),
    Scenario(
        name="a 429 for one resource does not hold another",
        steps=(
            for_client(Answer(refused("slow_down", 429).body, 429, {"Retry-After": "30"})),
            for_client(token(), scopes=("https://vault.azure.net/.default",)),
        ),
        differences=_ERROR,
    ),
    _sequence(
        "an outage is an exception, and is held for five seconds",
        (0, Answer("<html>outage</html>", 503)),
        (4, token()),
        (2, token()),
        differences=USUAL,
    ),
    _sequence(
        "an outage in JSON is an exception",
        (0, refused("temporarily_unavailable", 503)),
        differences=USUAL,
    ),
    _sequence(
        "an outage is held as long as it says",
        (0, Answer("", 500, {"Retry-After": "20"})),
        (19, token()),
        (2, token()),
        differences=USUAL,
    ),
    _sequence(
        "a 200 with Retry-After holds nobody",
        (0, Answer(token().body, 200, {"Retry-After": "20"})),
        (1, token()),
        differences=USUAL,
    ),
    _sequence(
        "a transport without connection is an OSError",
        (0, Breakdown(requests.exceptions.ConnectionError)),
        (1, token()),
        differences=USUAL,
    ),
    _sequence(
        "a transport's time-out is an OSError",
        (0, Breakdown(TimeoutError)),
        differences=USUAL,
    ),
    _sequence(
        "a transport's own exception",
        (0, Breakdown(LookupError)),
        differences=USUAL | {"transport-failure"},
    ),
    _sequence(
        "a proxy that wants to be asked",
        (0, Answer("", 407)),
        differences=USUAL | {"proxy-answer"},
    ),
)
