"""Long-running sessions: on behalf of a user for longer than their assertion lives."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from sansio_auth import (
    AccessToken,
    ConfigurationError,
    Failure,
    NotCached,
    Refusal,
    Save,
    TransportError,
)
from sansio_auth.partition import AssertionKey, Knowledge, Tokens
from sansio_auth.testing import World, user_token
from tests.core.grants.users import TENANT, WEB_API, client, world

_KEY = "a key that nobody can guess"


def _begun(at: World, by: Any = None, key: str = _KEY) -> World:
    assertion = user_token(at.tenant, "alice@contoso.com", WEB_API, at.clock.now, life=600)
    call = (by or client()).initiate_long_running_on_behalf_of(assertion, key, ["User.Read"])
    assert isinstance(at.play(call).result, AccessToken)
    return at


def _next(at: World, scope: str = "User.Read", by: Any = None, key: str = _KEY, **more: Any) -> Any:
    return at.play((by or client()).acquire_token_in_long_running_session(key, [scope], **more))


@pytest.mark.parametrize("tenant", [TENANT, "contoso.com"])
def test_a_session_outlives_the_users_assertion(tenant: str) -> None:
    """First from the cache, and hours later by the refresh token."""
    by = client(tenant)
    at = _begun(world(), by)
    assert _next(at, by=by).result.source == "cache"
    for _ in range(3):
        at.clock.advance(7_200)
        outcome = _next(at, by=by).result
        assert isinstance(outcome, AccessToken)
        assert outcome.source == "identity_provider"
        assert at.sent[-1]["grant_type"] == "refresh_token"


def test_another_scope_is_got_by_the_refresh_token() -> None:
    """And is in the cache from then on."""
    at = _begun(world())
    assert [_next(at, "Mail.Read").result.source for _ in range(2)] == [
        "identity_provider",
        "cache",
    ]


def test_no_session_is_nothing_found() -> None:
    """No request, and no error."""
    at = world()
    assert isinstance(_next(at).result, NotCached)
    assert at.exchanges == []


def test_two_sessions_know_nothing_of_each_other() -> None:
    """Nor does the assertion that began one find what the session has."""
    at = _begun(world())
    assert isinstance(_next(at, key="another key").result, NotCached)
    digests = {key.digest for key in at.partitions if isinstance(key, AssertionKey)}
    assert len(digests) == 1
    assert _KEY not in repr(at.partitions)


def test_beginning_again_redeems_again() -> None:
    """A new assertion is a new beginning, whatever is there."""
    at = _begun(_begun(world()))
    assert len(at.sent) == 2


def test_a_session_without_a_refresh_token_ends_with_its_token() -> None:
    """While the token can be used it is served, also when it is due."""
    at = _begun(world(refresh_in=1_000))
    (key,) = (key for key in at.partitions if isinstance(key, AssertionKey))
    tokens = at.partitions[key]
    assert isinstance(tokens, Tokens)
    at.partitions[key] = evolve(tokens, refresh={})
    at.clock.advance(1_500)
    assert isinstance(_next(at).result, AccessToken)
    at.clock.advance(3_000)
    assert isinstance(_next(at).result, NotCached)


def test_a_due_token_is_served_where_the_refresh_fails() -> None:
    """I-1: not reached, or refused."""
    at = _begun(world(refresh_in=1_000))
    at.clock.advance(1_500)
    at.faults = [Failure("tls")] * 3
    assert _next(at).result.source == "cache"
    at.faults = []
    (key,) = (key for key in at.partitions if isinstance(key, AssertionKey))
    tokens = at.partitions[key]
    assert isinstance(tokens, Tokens)
    for row in tokens.refresh.values():
        at.tenant = at.tenant.revoke(row[0])
    served = _next(at).result
    assert served.metadata.refusal.error == "invalid_grant"
    at.clock.advance(3_000)
    assert isinstance(_next(at).result, Refusal)


def test_without_a_usable_token_a_failure_is_an_error() -> None:
    """With the flow's correlation id."""
    at = _begun(world())
    at.clock.advance(5_000)
    at.faults = [Failure("tls")] * 3
    flow = _next(at)
    assert isinstance(flow.error, TransportError)
    assert flow.error.correlation_id


@pytest.mark.parametrize("tenant", [TENANT, "contoso.com"])
def test_a_session_is_stopped(tenant: str) -> None:
    """And is nothing found from then on; stopping what is not there is no error."""
    by = client(tenant)
    at = _begun(world(), by)
    for _ in range(2):
        assert at.play(by.stop_long_running_session(_KEY)).result is None
        assert isinstance(_next(at, by=by).result, NotCached)


def test_a_stop_before_anything_is_known_asks_nothing() -> None:
    """The realm was never found out, so nothing can be stored."""
    at = world()
    assert at.play(client("contoso.com").stop_long_running_session(_KEY)).result is None
    assert at.exchanges == []


def test_whoever_stops_a_session_is_told_that_the_store_failed() -> None:
    """It may be there yet, and somebody believes that it is not."""
    cause = OSError("the disk is gone")
    flow = client().stop_long_running_session(_KEY).start(now=0.0, seed=bytes(32))
    while (effect := flow.pending) is not None:
        answer = Failure("store", cause=cause) if isinstance(effect, Save) else Knowledge()
        flow.answer(effect, answer, now=0.0)
    with pytest.raises(TransportError, match="token store failed") as caught:
        _ = flow.result
    assert (caught.value.kind, caught.value.stage) == ("store", "store")
    assert caught.value.__cause__ is cause


@pytest.mark.parametrize("key", ["", None, 1])
def test_a_session_key_is_a_text(key: Any) -> None:
    """An empty one would be everybody's."""
    with pytest.raises(ConfigurationError, match="session_key"):
        client().acquire_token_in_long_running_session(key, ["User.Read"])
    with pytest.raises(ConfigurationError, match="session_key"):
        client().initiate_long_running_on_behalf_of("a.b.c", key, ["User.Read"])
