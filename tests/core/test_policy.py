"""The numbers."""

from __future__ import annotations

import pytest
from attrs import asdict, evolve
from attrs.exceptions import FrozenInstanceError

from sansio_auth.policy import Policy


def test_the_numbers_are_msals_where_it_has_one() -> None:
    """Seconds, counts and bytes; every strict switch is off."""
    assert asdict(Policy()) == {
        "early_expiry": 300,
        "default_token_life": 600,
        "max_token_life": 100_800,
        "assertion_life": 600,
        "clock_skew": 300,
        "discovery_life": 86_400,
        "default_hold": 5,
        "identical_refusal_hold": 60,
        "retry_after_cap": 3_600,
        "max_holds": 1_024,
        "imds_timeout": 2.0,
        "call_deadline": 30.0,
        "retries": 1,
        "max_token_bytes": 1_048_576,
        "max_entries": 10_000,
        "refresh_spread": 300,
        "send_telemetry": True,
        "strict_content_type": False,
        "strict_token_type": False,
        "strict_certificate": False,
        "strict_store": False,
        "shared_tenants": False,
        "allow_loopback": False,
    }


def test_a_number_is_replaced_in_a_copy() -> None:
    """One by one, by name."""
    policy = Policy(retries=0)
    assert (policy.retries, evolve(policy, retries=2).retries) == (0, 2)
    with pytest.raises(FrozenInstanceError):
        policy.retries = 3  # type: ignore[misc]
