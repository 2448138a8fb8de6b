"""Section I, rows 218 and 219: how secrets are compared, and how many copies there are."""

from __future__ import annotations

import gc
import hashlib
import hmac
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from sansio_auth import AccessToken, ConfigurationError, Secret, secret
from sansio_auth.partition import AssertionKey
from sansio_auth.testing import World, example_tenant, user_token
from tests.faults.aids import GRAPH, WEB_API, Line, app_of, client_of
from tests.faults.rows import row
from tests.faults.test_a_token_endpoint import ok, play, token_of, world

_ROOT: Final = Path(__file__).parents[2]


def _spied(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, Any]]:
    """Return what is compared in constant time from now on."""
    compared: list[tuple[Any, Any]] = []
    whole = hmac.compare_digest

    def spy(one: Any, other: Any) -> bool:
        compared.append((one, other))
        return whole(one, other)

    monkeypatch.setattr(hmac, "compare_digest", spy)
    monkeypatch.setattr(secret, "compare_digest", spy)
    return compared


def _secrets(given: str) -> object:
    return Secret("canary-one") == Secret(given)


def _state(given: str) -> object:
    client = client_of()
    at = World(example_tenant())
    begun = at.play(client.initiate_auth_code_flow(["s"], {"redirect_uri": "https://x"})).result
    state = begun.state if given == "canary-one" else given
    return client.acquire_token_by_auth_code_flow(begun, {"state": state, "code": "c"})


def _rejected(given: str) -> object:
    at = world(ok(access_token="canary-one"), ok(access_token="second"))
    _ = token_of(play(at))
    digest = hashlib.sha256(given.encode()).hexdigest()
    outcome = play(at, token_to_refresh_hash=digest).result
    assert isinstance(outcome, AccessToken)
    return outcome.source == "identity_provider"


@pytest.mark.parametrize(
    "compare",
    [row(218, "secrets", _secrets), row(218, "state", _state), row(218, "token", _rejected)],
)
@pytest.mark.parametrize("given", ["canary-one", "canary-two", "", "canary-one and more"])
def test_what_somebody_else_may_guess_is_compared_in_constant_time(
    compare: Callable[[str], object], given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whole, whether it is right or wrong from its first letter on."""
    compared = _spied(monkeypatch)
    try:
        same = bool(compare(given))
    except ConfigurationError:
        same = False
    assert same is (given == "canary-one")
    assert compared


@pytest.mark.parametrize(
    "assertion", [row(218, "short", "a.b.c"), row(218, "long", "a." + "b" * 9_000 + ".c")]
)
def test_an_assertion_is_looked_up_by_its_digest(assertion: str) -> None:
    """Of one length for all; no letter of the assertion is in the key or compared with one."""
    key = client_of().acquire_token_on_behalf_of(assertion, ["User.Read"]).partition_key()
    assert isinstance(key, AssertionKey)
    digest = hashlib.sha256(assertion.encode()).hexdigest()
    assert key.digest == digest
    assert assertion not in repr(key)


# --- copies ---------------------------------------------------------------------------------------


def _copies(text: str) -> set[int]:
    """Return the strings and bytes in this process, by identity, that hold a text."""
    _ = gc.collect()
    raw = text.encode()
    held = {
        id(it)
        for thing in gc.get_objects()
        for it in gc.get_referents(thing)
        if (type(it) is str and text in it) or (type(it) is bytes and raw in it)
    }
    return held - {id(raw)}


@pytest.mark.parametrize("used", [row(219, "made", False), row(219, "used", True)])
def test_a_secret_is_held_once(used: bool) -> None:
    """The caller's own text is all there is, also after requests that carried it."""
    given = "-".join(reversed(["8d21", "once", "held", "canary"]))  # no constant of this module
    line = Line()
    app = app_of(line, given)
    before = {id(given)}
    if used:
        for _ in range(3):
            assert "error" in app.acquire_token_for_client([GRAPH])
        line.asked.clear()
    assert _copies(given) == before


def test_row219_a_users_assertion_is_not_kept() -> None:
    """Its digest is."""
    line = Line()
    app = app_of(line, {"client_assertion": lambda: "a.b.c"})
    assertion = user_token(line.tenant, "alice@contoso.com", WEB_API, 1_700_000_000.0)
    _ = app.acquire_token_on_behalf_of(assertion, ["User.Read"])
    line.asked.clear()
    assert _copies(assertion) <= {id(assertion)}


@pytest.mark.parametrize("word", [row(219, "core-dump", "core dump"), row(219, "store", "store")])
def test_what_is_not_promised_is_said(word: str) -> None:
    """Where somebody who thinks about security looks."""
    page = (_ROOT / "SECURITY.md").read_text(encoding="utf-8")
    section = page.partition("## What it does not promise")[2]
    assert word in section
