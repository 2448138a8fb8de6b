"""The two telemetry headers over sequences of calls."""

from __future__ import annotations

from typing import Final

from tests.parity.scenario import (
    USUAL,
    Answer,
    Scenario,
    for_client,
    on_behalf_of,
    refused,
    token,
    user_token,
)

__all__ = ["SCENARIOS"]

_OTHER: Final = ("https://vault.azure.net/.default",)

SCENARIOS: Final = (
    Scenario(
        name="errors are reported until a success, hits until a request",
        steps=(
            for_client(refused("invalid_scope", 401)),
            for_client(refused("invalid_client", 401)),
            for_client(token()),
            for_client(),
            for_client(),
            for_client(token("AT-2"), scopes=_OTHER),
            for_client(token("AT-3"), scopes=("api://third/.default",)),
        ),
        differences=USUAL | {"no-alias-request"},
    ),
    Scenario(
        name="the report of errors is kept short",
        steps=tuple(for_client(refused(f"error_number_{n}", 401)) for n in range(12)),
        differences=USUAL | {"no-alias-request"},
    ),
    Scenario(
        name="an exception is not reported",
        steps=(
            for_client(Answer("", 503)),
            for_client(token(), scopes=_OTHER),
        ),
    ),
    Scenario(
        name="a claims challenge, an expired and an aging token are told apart",
        steps=(
            for_client(token(expires_in=3600, refresh_in=1800), claims_challenge="{}"),
            for_client(token(expires_in=3600), after=1801),
            for_client(token(expires_in=3600), after=3400),
        ),
    ),
    Scenario(
        name="on behalf of users the refresh is never a silent one",
        steps=(
            on_behalf_of(refused("invalid_grant", 401)),
            on_behalf_of(user_token()),
            for_client(token()),
        ),
    ),
    Scenario(
        name="an error that would break the header is reported in safe characters",
        steps=(for_client(refused("bad|er,ror", 401)), for_client(token())),
        differences=USUAL | {"no-alias-request", "telemetry-safe"},
    ),
)
