"""All scenarios, by what they are about."""

from __future__ import annotations

from typing import Final

from tests.parity.scenario import Scenario
from tests.parity.scenarios import (
    arguments,
    authorities,
    callbacks,
    certificates,
    lifetimes,
    on_behalf_of,
    refusals,
    requests,
    responses,
    telemetry,
    users,
)

__all__ = ["SCENARIOS"]

SCENARIOS: Final[tuple[Scenario, ...]] = (
    *requests.SCENARIOS,
    *arguments.SCENARIOS,
    *certificates.SCENARIOS,
    *callbacks.SCENARIOS,
    *responses.SCENARIOS,
    *lifetimes.SCENARIOS,
    *refusals.SCENARIOS,
    *telemetry.SCENARIOS,
    *on_behalf_of.SCENARIOS,
    *authorities.SCENARIOS,
    *users.SCENARIOS,
)
