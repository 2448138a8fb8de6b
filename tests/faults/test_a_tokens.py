"""Section A, rows 11-25: what is called a token."""

from __future__ import annotations

from typing import Any

import pytest

from sansio_auth import Policy, Refusal
from tests.faults.test_a_token_endpoint import (
    PLANTED,
    access_rows,
    assert_broken,
    client,
    ok,
    play,
    token_of,
    world,
)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        pytest.param({"access_token": "A\ud800T"}, "bad_access_token", id="row11-surrogate"),
        pytest.param({"access_token": "A\x00T"}, "bad_access_token", id="row11-escaped-nul"),
        pytest.param({"access_token": "tökén"}, "bad_access_token", id="row11-not-ascii"),
        pytest.param(
            {"access_token": ..., "Access_Token": "AT"}, "missing_access_token",
            id="row15-other-case",
        ),
        pytest.param(
            {"access_token": ..., "ACCESS_TOKEN": "AT"}, "missing_access_token",
            id="row15-upper-case",
        ),
        pytest.param({"access_token": ...}, "missing_access_token", id="row18-none"),
        pytest.param({"access_token": None}, "bad_access_token_type", id="row19-null"),
        pytest.param({"access_token": ""}, "bad_access_token_type", id="row19-empty"),
        pytest.param({"access_token": 5}, "bad_access_token_type", id="row19-number"),
        pytest.param({"access_token": True}, "bad_access_token_type", id="row19-true"),
        pytest.param({"access_token": ["AT"]}, "bad_access_token_type", id="row19-list"),
        pytest.param({"access_token": {"a": "AT"}}, "bad_access_token_type", id="row19-object"),
        pytest.param({"access_token": "A\r\nX: y"}, "bad_access_token", id="row21-cr-lf"),
        pytest.param({"access_token": "AT\n"}, "bad_access_token", id="row21-lf-at-the-end"),
        pytest.param({"access_token": "A\rT"}, "bad_access_token", id="row21-cr"),
        pytest.param({"access_token": "A T"}, "bad_access_token", id="row21-space"),
        pytest.param({"access_token": " AT"}, "bad_access_token", id="row21-space-before"),
        pytest.param({"access_token": "A\tT"}, "bad_access_token", id="row21-tab"),
        pytest.param({"access_token": "A\x7fT"}, "bad_access_token", id="row21-delete"),
        pytest.param({"token_type": "pop"}, "unexpected_token_type", id="row24-pop"),
        pytest.param({"token_type": "mac"}, "unexpected_token_type", id="row24-mac"),
        pytest.param({"token_type": "DPoP"}, "unexpected_token_type", id="row24-dpop"),
        pytest.param({"token_type": ["Bearer"]}, "unexpected_token_type", id="row24-list"),
        pytest.param({"token_type": 1}, "unexpected_token_type", id="row24-number"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_bearer_token_is_their_mistake(changes: dict[str, Any], code: str) -> None:
    """It would be put into a header; it must be one visible word, of the scheme asked for."""
    assert_broken(ok(**changes), code)


@pytest.mark.parametrize(
    "error",
    [
        pytest.param("invalid_grant", id="row16-an-error-of-oauth"),
        pytest.param("anything", id="row16-another-error"),
        pytest.param(["no", "text"], id="row16-an-error-that-is-no-text"),
    ],
)
def test_an_error_beside_a_token_wins(error: Any) -> None:
    """And the token is nowhere: not stored, not told."""
    at = world(ok(error=error, access_token=PLANTED))
    refusal = play(at).result
    assert isinstance(refusal, Refusal)
    assert refusal.error == (error if isinstance(error, str) else "unknown_error")
    assert "access_token" not in refusal.members
    assert access_rows(at) == []
    served = token_of(play(world(ok(error=error), due=True)), "cache")
    assert served.metadata.warnings == ("refresh_refused",)


@pytest.mark.parametrize(
    "given", [pytest.param(..., id="row22-missing"), pytest.param(None, id="row22-null")]
)
def test_a_token_without_a_type_is_a_bearer_token(given: Any) -> None:
    """With a word about it; a strict client refuses it."""
    token = token_of(play(world(ok(token_type=given))))
    assert token.token_type == "Bearer"
    assert token.metadata.warnings == ("missing_token_type",)
    strict = client(policy=Policy(strict_token_type=True))
    assert_broken(ok(token_type=given), "missing_token_type", strict)


@pytest.mark.parametrize(
    "kind",
    [pytest.param("bearer", id="row23-lower"), pytest.param("BEARER", id="row23-upper")],
)
def test_the_token_type_has_no_case(kind: str) -> None:
    """RFC 6749 section 5.1; also for a strict client, and for the cache."""
    at = world(ok(token_type=kind))
    strict = client(policy=Policy(strict_token_type=True))
    assert token_of(play(at, strict)).metadata.warnings == ()
    assert token_of(play(at), "cache").token.reveal() == "AT"


@pytest.mark.parametrize(
    ("stored", "asked"),
    [
        pytest.param({"token_type": "pop", "key_id": "k"}, {}, id="row25-pop-for-bearer"),
        pytest.param({}, {"token_type": "pop", "key_id": "k"}, id="row25-bearer-for-pop"),
    ],
)
def test_a_token_of_another_scheme_is_no_hit_and_stays(stored: Any, asked: Any) -> None:
    """Each scheme has its own entry."""
    at = world(*(ok(token_type=it.get("token_type", "Bearer")) for it in (stored, asked)))
    _ = token_of(play(at, data=stored))
    _ = token_of(play(at, data=asked))
    assert len(access_rows(at)) == 2
    _ = token_of(play(at, data=stored), "cache")
    _ = token_of(play(at, data=asked), "cache")
