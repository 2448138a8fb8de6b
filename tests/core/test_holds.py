"""Holds: what asks for patience, of whom, and for how long."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from sansio_auth._holds import Hold, held_refusal, hold_after, hold_key, read_retry_after
from sansio_auth._token import refusal_of
from sansio_auth.identity import Demand, Identity, Subject
from sansio_auth.policy import Policy
from sansio_auth.results import Refusal
from sansio_auth.wire import HttpResponse

_NOW = datetime(2026, 11, 24, 1, 2, 3, tzinfo=UTC).timestamp()
_POLICY = Policy()


def _seconds(value: str | None) -> tuple[float | None, bool]:
    return read_retry_after(value, now=_NOW, policy=_POLICY)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, (None, True)),
        ("60", (60.0, True)),
        (" 7\t", (7.0, True)),
        ("7\n", (5.0, False)),
        ("X7", (5.0, False)),
        ("0", (0.0, True)),
        ("-5", (0.0, False)),
        ("4000", (3600.0, True)),
        ("9" * 20, (3600.0, True)),
        ("9" * 21, (5.0, False)),
        ("soon", (5.0, False)),
        ("1.5", (5.0, False)),
        ("", (5.0, False)),
        ("٣", (5.0, False)),
        ("Tue, 24 Nov 2026 01:02:33 GMT", (30.0, True)),
        ("Tuesday, 24-Nov-26 01:02:33 GMT", (30.0, True)),
        ("Tue Nov 24 01:02:33 2026", (30.0, True)),
        ("Tue, 24 Nov 2026 01:02:00 GMT", (0.0, True)),
        ("Tue, 24 Nov 2026 01:02:60 GMT", (56.0, True)),
        ("Sunday, 06-Nov-94 08:49:37 GMT", (0.0, True)),
        ("Tuesday, 24-Nov-76 01:02:33 GMT", (3600.0, True)),
        ("Wednesday, 24-Nov-77 01:02:33 GMT", (0.0, True)),
        ("Thursday, 29-Feb-96 01:02:33 GMT", (0.0, True)),
        ("Thursday, 29-Feb-97 01:02:33 GMT", (5.0, False)),
        ("Tue, 32 Nov 2026 01:02:33 GMT", (5.0, False)),
        ("Tue, 24 Nix 2026 01:02:33 GMT", (5.0, False)),
        ("Tue, 24 Nov 2026 25:02:33 GMT", (5.0, False)),
    ],
)
def test_retry_after_is_read_in_every_form(
    value: str | None, expected: tuple[float | None, bool]
) -> None:
    """RFC 9110 section 10.2.3: seconds, and the three dates of section 5.6.7; capped at an hour."""
    assert _seconds(value) == expected


@given(st.text())
def test_any_retry_after_gives_seconds_within_bounds(value: str) -> None:
    """I-6."""
    seconds, _ = _seconds(value)
    assert seconds is not None
    assert 0 <= seconds <= 3600


@given(st.integers(0, 10_000))
def test_a_date_of_the_standard_library_is_understood(ahead: int) -> None:
    """What a server's own formatter writes."""
    moment = datetime.fromtimestamp(_NOW, UTC) + timedelta(seconds=ahead)
    assert _seconds(format_datetime(moment, usegmt=True)) == (float(min(ahead, 3600)), True)


def _after(status: int, retry_after: str | None = None, **members: Any) -> Any:
    headers = () if retry_after is None else (("Retry-After", retry_after),)
    refusal = refusal_of({"error": "e", **members}, status)
    return hold_after(refusal, HttpResponse(status, headers), now=_NOW, policy=_POLICY)


@pytest.mark.parametrize(
    ("status", "retry_after", "seconds", "identical"),
    [
        (429, None, 5, False),
        (429, "60", 60, False),
        (429, "0", None, False),
        (500, None, 5, False),
        (503, "120", 120, False),
        (400, None, 60, True),
        (400, "10", 10, False),
        (401, None, None, False),
        (403, None, None, False),
        (401, "10", 10, False),
        (404, None, None, False),
    ],
)
def test_an_answer_holds_whom_it_concerns(
    status: int, retry_after: str | None, seconds: int | None, *, identical: bool
) -> None:
    """429, 5xx and Retry-After hold the identity; a plain 400 only its like; 401 and 403 nobody."""
    hold, is_identical, readable = _after(status, retry_after)
    assert readable
    assert is_identical is identical
    if seconds is None:
        assert hold is None
    else:
        assert (hold.since, hold.until, hold.status) == (_NOW, _NOW + seconds, status)


def test_a_date_counts_from_the_time_of_the_answer() -> None:
    """Which the caller says."""
    hold, identical, readable = _after(429, "Tue, 24 Nov 2026 01:02:33 GMT")
    assert (hold.since, hold.until, identical, readable) == (_NOW, _NOW + 30, False, True)
    hold, _, readable = _after(429, "Tue, 24 Nov")
    assert (hold.until, readable) == (_NOW + 5, False)


def test_a_hold_keeps_the_refusals_words_and_no_token() -> None:
    """I-3: only members of an error, and not many of them."""
    hold, _, _ = _after(400, None, suberror="s", access_token="T", other="x")
    assert hold.members == {"error": "e", "suberror": "s"}
    assert "suberror" not in repr(hold)
    frame = len(json.dumps({"error": "e", "error_description": ""}))
    for length, kept in ((16_384 - frame, True), (16_385 - frame, False)):
        hold, _, _ = _after(400, None, error_description="x" * length)
        assert hold.members["error"] == "e"
        assert ("error_description" in hold.members) is kept


def test_every_member_that_explains_a_refusal_is_kept() -> None:
    """A claims challenge is part of the same outcome."""
    members = {
        "error": "e", "error_description": "d", "error_codes": [1], "suberror": "s",
        "claims": "{}", "error_uri": "u", "timestamp": "t", "trace_id": "i", "correlation_id": "c",
    }  # fmt: skip
    hold, _, _ = _after(400, None, **members)
    assert hold.members == members


def test_a_hold_is_over_at_its_time_and_when_the_clock_is_set_back() -> None:
    """I-12."""
    hold = Hold(until=20.0, since=10.0, status=429)
    assert [hold.active(now) for now in (9.9, 10.0, 19.9, 20.0)] == [False, True, True, False]


def test_a_held_call_ends_in_the_same_refusal() -> None:
    """Marked, with the time when asking makes sense again."""
    refusal = Refusal(error="e", status=400)
    held = held_refusal(Hold(until=20.0, since=10.0, status=400), refusal)
    assert held == evolve(refusal, held=True, retry_at=20.0)


def test_every_member_of_identity_and_demand_tells_holds_apart() -> None:
    """I-5: nobody waits for somebody else."""
    identity = Identity("h", "t", "c", Subject("app"), ("s",))
    others = [
        identity._replace(environment="x"),
        identity._replace(tenant="x"),
        identity._replace(client_id="x"),
        identity._replace(subject=Subject("assertion", "x")),
        identity._replace(subject=Subject("session", "x")),
        identity._replace(scopes=("x",)),
        identity._replace(scheme="x"),
        identity._replace(key_id="x"),
        identity._replace(extended_key="x"),
    ]
    demands = [
        Demand(),
        Demand(claims="x"),
        Demand(force=True),
        Demand(token_to_refresh="x"),
        Demand(min_remaining=1),
        Demand(params="x"),
        Demand(credential="x"),
    ]
    keys = [hold_key(it) for it in (identity, *others)]
    keys += [hold_key(identity, demand) for demand in demands]
    keys += [hold_key(other, Demand()) for other in others]
    assert len(set(keys)) == len(keys)
    assert hold_key(identity._replace()) == keys[0]


def test_a_hold_is_found_again_by_another_version() -> None:
    """Its key is a digest of nothing but texts, in this order: an `http_cache` may outlive us."""
    identity = Identity("h", "t", "c", Subject("account", "u"), ("a", "b"), "pop", "k", "x")
    texts = ["h", "t", "c", "account", "u", "a b", "pop", "k", "x"]
    demand = Demand("q", True, "w", 7, "p", "s")
    for key, parts in (
        (hold_key(identity), texts),
        (hold_key(identity, demand), [*texts, "q", "True", "w", "7", "p", "s"]),
    ):
        assert key == hashlib.sha256(json.dumps(parts).encode()).hexdigest()
