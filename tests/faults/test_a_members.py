"""Section A, rows 26-42 and 48: the life, the scopes and the headers of a token that was issued."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sansio_auth import AccessToken, Policy
from sansio_auth.testing import VirtualClock
from tests.faults.test_a_token_endpoint import (
    GRAPH,
    access_rows,
    body,
    client,
    ok,
    play,
    token_of,
    world,
)

_NOW = int(VirtualClock().now)
_DAY_AND_FOUR_HOURS = 28 * 3_600


# --- its life ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "life", "warnings"),
    [
        pytest.param({"expires_in": ...}, 600, ("missing_expires_in",), id="row26-missing"),
        pytest.param({"expires_in": "3600"}, 3_600, (), id="row27-text"),
        pytest.param({"expires_in": "3599.5"}, 3_599, (), id="row28-text-with-a-fraction"),
        pytest.param({"expires_in": 3599.5}, 3_599, (), id="row28-fraction"),
        pytest.param({"expires_in": None}, 600, ("missing_expires_in",), id="row29-null"),
        pytest.param(
            {"expires_in": 10**30}, _DAY_AND_FOUR_HOURS, ("expires_in_clamped",), id="row33-10**30"
        ),
        pytest.param(
            {"expires_in": str(10**30)}, _DAY_AND_FOUR_HOURS, ("expires_in_clamped",),
            id="row33-10**30-as-text",
        ),
        pytest.param(
            {"expires_in": "#"}, _DAY_AND_FOUR_HOURS, ("expires_in_clamped",),
            id="row33-five-thousand-digits",
        ),
        pytest.param(
            {"expires_in": _DAY_AND_FOUR_HOURS + 1}, _DAY_AND_FOUR_HOURS, ("expires_in_clamped",),
            id="row33-a-second-too-much",
        ),
        pytest.param({"expires_in": _DAY_AND_FOUR_HOURS}, _DAY_AND_FOUR_HOURS, (), id="row33-just"),
        pytest.param(
            {"expires_in": ..., "expires_on": _NOW + 3_000}, 3_000, (), id="row34-absolute"
        ),
        pytest.param(
            {"expires_in": ..., "expires_on": str(_NOW + 3_000)}, 3_000, (),
            id="row34-absolute-as-text",
        ),
        pytest.param(
            {"expires_in": ..., "expires_on": _NOW + 10**9}, _DAY_AND_FOUR_HOURS,
            ("expires_in_clamped",), id="row34-absolute-and-far",
        ),
    ],
)  # fmt: skip
def test_a_life_is_read_and_the_token_kept_for_it(
    changes: dict[str, Any], life: int, warnings: tuple[str, ...]
) -> None:
    """And what was made of it is told."""
    at = world(ok(body(**changes).replace(b'"#"', b"9" * 5_000)))
    at.latency = 0.0
    token = token_of(play(at))
    assert token.expires_on == _NOW + life
    assert token.metadata.warnings == warnings
    assert [row[4] for row in access_rows(at)] == [_NOW + life]
    assert token_of(play(at), "cache").expires_on == _NOW + life


def _raw(word: str) -> bytes:
    return body(expires_in="@").replace(b'"@"', word.encode())


@pytest.mark.parametrize(
    ("raw", "warning"),
    [
        pytest.param(body(expires_in="abc"), "bad_expires_in", id="row30-text"),
        pytest.param(body(expires_in={}), "bad_expires_in", id="row30-object"),
        pytest.param(body(expires_in=[]), "bad_expires_in", id="row30-list"),
        pytest.param(body(expires_in=True), "bad_expires_in", id="row30-true"),
        pytest.param(body(expires_in=False), "bad_expires_in", id="row30-false"),
        pytest.param(body(expires_in=""), "bad_expires_in", id="row30-empty"),
        pytest.param(body(expires_in=0), "expired_on_arrival", id="row31-zero"),
        pytest.param(body(expires_in="0"), "expired_on_arrival", id="row31-zero-as-text"),
        pytest.param(body(expires_in=-1), "expired_on_arrival", id="row31-negative"),
        pytest.param(body(expires_in=-(10**30)), "expired_on_arrival", id="row31-very-negative"),
        pytest.param(body(expires_in=0.9), "expired_on_arrival", id="row31-less-than-a-second"),
        pytest.param(_raw("NaN"), "bad_expires_in", id="row32-nan"),
        pytest.param(_raw("Infinity"), "bad_expires_in", id="row32-infinity"),
        pytest.param(_raw("-Infinity"), "bad_expires_in", id="row32-minus-infinity"),
        pytest.param(_raw("1e400"), "bad_expires_in", id="row32-1e400"),
        pytest.param(
            body(expires_in=..., expires_on=_NOW - 1), "expired_on_arrival", id="row34-past"
        ),
        pytest.param(
            body(expires_in=..., expires_on="soon"), "bad_expires_in", id="row34-unreadable"
        ),
    ],
)
def test_a_token_whose_life_is_over_or_unreadable_is_returned_once(
    raw: bytes, warning: str
) -> None:
    """I-2: it was issued, so the caller gets it; nobody else does."""
    at = world(ok(raw), ok(access_token="SECOND"))
    token = token_of(play(at))
    assert token.token.reveal() == "AT"
    assert warning in token.metadata.warnings
    assert access_rows(at) == []
    assert token_of(play(at)).token.reveal() == "SECOND"
    kept = world(ok(raw), due=True)
    assert token_of(play(kept)).token.reveal() == "AT"
    assert [row[0] for row in access_rows(kept)] == ["CACHED"]


@pytest.mark.parametrize(
    ("given", "refresh_on", "warnings"),
    [
        pytest.param("1800", 1_800, (), id="row36-text"),
        pytest.param(1_800, 1_800, (), id="row36-number"),
        pytest.param(3_600, 3_600, (), id="row37-as-long-as-the-token"),
        pytest.param(-1, -1, (), id="row37-negative"),
        pytest.param("-30", -30, (), id="row37-negative-text"),
        pytest.param(3_601, None, ("bad_refresh_in",), id="row37-beyond-expires-in"),
        pytest.param(10**30, None, ("bad_refresh_in",), id="row37-far-beyond"),
        pytest.param(None, None, ("bad_refresh_in",), id="row37-null"),
        pytest.param("soon", None, ("bad_refresh_in",), id="row37-text"),
        pytest.param([], None, ("bad_refresh_in",), id="row37-list"),
        pytest.param(True, None, ("bad_refresh_in",), id="row37-true"),
    ],
)
def test_a_refresh_time_is_read_or_there_is_none(
    given: Any, refresh_on: int | None, warnings: tuple[str, ...]
) -> None:
    """A negative one means at once, as MSAL takes it."""
    at = world(ok(refresh_in=given), ok(access_token="SECOND"))
    at.latency = 0.0
    token = token_of(play(at, client(policy=Policy(refresh_spread=0))))
    assert token.refresh_on == (None if refresh_on is None else _NOW + refresh_on)
    assert token.metadata.warnings == warnings
    at_once = refresh_on is not None and refresh_on < 0
    again = play(at).result
    assert isinstance(again, AccessToken)
    assert again.token.reveal() == ("SECOND" if at_once else "AT")


@pytest.mark.parametrize(
    ("given", "extended"),
    [
        pytest.param(None, 3_600, id="row38-null"),
        pytest.param(-1, 3_600, id="row38-negative"),
        pytest.param(3_599, 3_600, id="row38-less-than-expires-in"),
        pytest.param("soon", 3_600, id="row38-text"),
        pytest.param({}, 3_600, id="row38-object"),
        pytest.param(7_200, 7_200, id="row38-a-good-one"),
        pytest.param("7200", 7_200, id="row38-a-good-text"),
    ],
)
def test_an_extended_life_that_makes_no_sense_is_ignored(given: Any, extended: int) -> None:
    """In silence: nothing depends on it."""
    at = world(ok(ext_expires_in=given))
    at.latency = 0.0
    assert token_of(play(at)).metadata.warnings == ()
    assert [row[5] for row in access_rows(at)] == [_NOW + extended]


# --- its scopes --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "warnings"),
    [
        pytest.param(..., (), id="row39-missing"),
        pytest.param(None, (), id="row39-null"),
        pytest.param(["a", "b"], ("bad_scope",), id="row40-list"),
        pytest.param(7, ("bad_scope",), id="row40-number"),
        pytest.param({"a": 1}, ("bad_scope",), id="row40-object"),
    ],
)
def test_without_readable_scopes_the_requested_ones_count(
    given: Any, warnings: tuple[str, ...]
) -> None:
    """The token is kept under them."""
    at = world(ok(scope=given))
    token = token_of(play(at))
    assert token.scopes == (GRAPH,)
    assert token.metadata.warnings == warnings
    assert [row[2] for row in access_rows(at)] == [GRAPH]
    assert token_of(play(at), "cache").scopes == (GRAPH,)


@pytest.mark.parametrize(
    ("granted", "asked", "source"),
    [
        pytest.param(f"{GRAPH} b", [GRAPH], "cache", id="row42-one-of-two"),
        pytest.param(f"b {GRAPH} a", [GRAPH, "a"], "cache", id="row42-two-of-three"),
        pytest.param(f"b {GRAPH}", [GRAPH, "b"], "cache", id="row42-all"),
        pytest.param(f"b {GRAPH}", [GRAPH, "c"], "identity_provider", id="row42-another"),
    ],
)
def test_a_token_for_more_than_was_asked_for_serves_less(
    granted: str, asked: list[str], source: str
) -> None:
    """It is kept under what was granted, and found by any part of that."""
    at = world(ok(scope=granted), ok(access_token="SECOND"))
    first = token_of(play(at))
    assert first.scopes == tuple(sorted(granted.split()))
    assert [row[2] for row in access_rows(at)] == [" ".join(first.scopes)]
    second = at.play(client().acquire_token_for_client(asked)).result
    assert isinstance(second, AccessToken)
    assert second.source == source


# --- its headers -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("60", id="row48-seconds"),
        pytest.param("Fri, 31 Dec 2099 23:59:59 GMT", id="row48-date"),
        pytest.param("soon", id="row48-unreadable"),
    ],
)
def test_a_success_that_asks_for_patience_is_a_success(value: str) -> None:
    """Nothing is held, and nothing but the token cache answers the next call."""
    at = world(ok(None, ("Retry-After", value)), ok(access_token="SECOND"))
    assert token_of(play(at)).metadata.warnings == ()
    assert token_of(play(at), "cache").token.reveal() == "AT"
    challenged = json.dumps({"access_token": {}})
    assert token_of(play(at, claims_challenge=challenged)).token.reveal() == "SECOND"
