"""Refusals, as the simulated tenant words them."""

from __future__ import annotations

import json

from sansio_auth.testing._denied import Denied, denial
from tests.core.testing.asking import NOW

_SEED = bytes(32)


def test_a_refusal_says_everything_that_entra_says() -> None:
    """Code, ids and time, in members of their own and in the description."""
    denied = Denied(70011, "invalid_scope", "No such scope.", 400)
    response = denial(denied, seed=_SEED, number=1, correlation_id="mine", now=NOW)
    members = json.loads(response.body)
    assert response.status == 400
    assert response.header("content-type") == "application/json; charset=utf-8"
    assert members == {
        "error": "invalid_scope",
        "error_description": (
            f"AADSTS70011: No such scope. Trace ID: {members['trace_id']}"
            " Correlation ID: mine Timestamp: 2023-11-14 22:13:20Z"
        ),
        "error_codes": [70011],
        "timestamp": "2023-11-14 22:13:20Z",
        "trace_id": members["trace_id"],
        "correlation_id": "mine",
        "error_uri": "https://login.microsoftonline.com/error?code=70011",
    }


def test_suberror_and_claims_are_there_where_they_say_something() -> None:
    """And each refusal has a trace of its own, the same every time."""
    denied = Denied(50076, "interaction_required", "x", 401, suberror="basic_action", claims="{}")
    first, again, next_one = (
        json.loads(denial(denied, seed=_SEED, number=n, correlation_id="", now=NOW).body)
        for n in (1, 1, 2)
    )
    assert (first["suberror"], first["claims"]) == ("basic_action", "{}")
    assert first == again
    assert first["trace_id"] != next_one["trace_id"]
