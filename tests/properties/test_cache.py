"""Laws of the cache: I-2, I-3 and I-12, and what `apply` may and may not do."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from sansio_auth import (
    AccessToken,
    HttpResponse,
    Load,
    Refusal,
    Save,
    SendHttp,
    Tokens,
    apply,
    apply_all,
)
from sansio_auth.effects import AnyEffect
from sansio_auth.partition import (
    CACHED_AT,
    EXPIRES_ON,
    SECRET,
    AccessTokenStored,
    AccountSeen,
    AppKey,
    AssertionKey,
    AssertionUsed,
    ClientSeen,
    HomeAccountFound,
    IdTokenStored,
    RefreshTokenStored,
    usable_row,
)
from tests.properties.worlds import GUID, HOST, START, AnyWorld, client

_QUICK = settings(max_examples=150, deadline=None)
_GRAPH = ["https://graph.microsoft.com/.default"]


def _good(secret: str = "AT", **members: Any) -> HttpResponse:
    import json

    body = {"access_token": secret, "token_type": "Bearer", "expires_in": 3600, **members}
    return HttpResponse(200, (), json.dumps(body).encode())


# --- I-2: what was issued is not lost -----------------------------------------------------------


def test_a_store_that_fails_does_not_cost_the_token() -> None:
    """I-2: neither when loading nor when saving; the outcome says so."""
    world = AnyWorld([_good()], store_fails=True)
    outcome = world.play(client().acquire_token_for_client(_GRAPH)).result
    assert isinstance(outcome, AccessToken)
    assert {"store_load_failed", "store_save_failed"} <= set(outcome.metadata.warnings)


# --- I-3: for whom it was issued ----------------------------------------------------------------

_variants: dict[str, Any] = {
    "another client": lambda c: evolve(c, client_id="client-2").acquire_token_for_client(_GRAPH),
    "another tenant": lambda c: c.for_tenant(
        "99999999-2222-3333-4444-555555555555"
    ).acquire_token_for_client(_GRAPH),
    "another scope": lambda c: c.acquire_token_for_client(["api://other/.default"]),
    "another path": lambda c: c.acquire_token_for_client(_GRAPH, data={"fmi_path": "a/b"}),
    "other claims of a client": lambda c: c.acquire_token_for_client(
        _GRAPH, forwarded_client_claims='{"a":1}'
    ),
    "another scheme": lambda c: c.acquire_token_for_client(_GRAPH, data={"token_type": "pop"}),
    "another key": lambda c: c.acquire_token_for_client(_GRAPH, data={"key_id": "k"}),
    "a user": lambda c: c.acquire_token_on_behalf_of("a.b.c", _GRAPH),
    "another user": lambda c: c.acquire_token_on_behalf_of("a.b.d", _GRAPH),
    "an account": lambda c: c.acquire_token_silent(_GRAPH, "u.t"),
    "a session": lambda c: c.acquire_token_in_long_running_session("k", _GRAPH),
    "a federated user": lambda c: c.acquire_token_by_user_federated_identity_credential(
        _GRAPH, "a.b.c", username="u"
    ),
    "another federated user": lambda c: c.acquire_token_by_user_federated_identity_credential(
        _GRAPH, "a.b.c", username="v"
    ),
    "the same": lambda c: c.acquire_token_for_client(_GRAPH),
}


@pytest.mark.parametrize("stored", sorted(_variants))
@pytest.mark.parametrize("asked", sorted(_variants))
def test_a_token_is_found_by_the_one_it_was_issued_for(stored: str, asked: str) -> None:
    """I-3: of all these calls none finds what another one got."""
    scheme = "pop" if stored == "another scheme" else "Bearer"
    world = AnyWorld([_good("mine", token_type=scheme)])
    first = _variants[stored](client())
    second = _variants[asked](client())
    _ = world.play(first)
    row = second.ready(world.partitions.get(second.partition_key(), Tokens()), world.now)
    looked_up = stored not in {"an account", "a session"}  # these two only look
    assert (row is not None) is (stored == asked and looked_up)


@pytest.mark.parametrize("named", [True, False])
def test_a_users_token_without_a_home_account_is_no_applications_token(*, named: bool) -> None:
    """I-3: it is filed under its assertion and nowhere else."""
    members = {"client_info": "e30", "scope": _GRAPH[0]} if named else {"scope": _GRAPH[0]}
    world = AnyWorld([_good("AT-user", **members), _good("AT-app")])
    _ = world.play(client().acquire_token_on_behalf_of("a.b.c", _GRAPH))
    assert {type(key) for key in world.partitions} == {AssertionKey}
    outcome = world.play(client().acquire_token_for_client(_GRAPH)).result
    assert isinstance(outcome, AccessToken)
    assert outcome.token.reveal() == "AT-app"


# --- I-12: time going backwards -----------------------------------------------------------------


@_QUICK
@given(
    st.integers(1, 200_000),
    st.lists(st.integers(-300_000, 300_000), max_size=12),
)
def test_a_clock_that_jumps_never_lengthens_a_life(life: int, jumps: list[int]) -> None:
    """I-12: whenever it is served, it has its margin left, and was not stored in the far future."""
    world = AnyWorld([_good(expires_in=life)])
    call = client().acquire_token_for_client(_GRAPH)
    outcome = world.play(call).result
    assert isinstance(outcome, AccessToken)
    key = AppKey(HOST, GUID, "client-1")
    for jump in jumps:
        now = START + jump
        row = call.usable(world.partitions.get(key), now)
        if row is not None:
            assert now + 300 <= row[EXPIRES_ON] <= START + min(life, 100_800)
            assert now >= row[CACHED_AT] - 300


@_QUICK
@given(st.integers(-10_000, 10_000))
def test_a_hold_ends_when_the_clock_is_set_back(jump: int) -> None:
    """I-12 for holds: one from the future holds nobody."""
    world = AnyWorld([HttpResponse(429, (("Retry-After", "60"),))])
    call = client().acquire_token_for_client(_GRAPH)
    assert isinstance(world.play(call).result, Refusal)
    world.now += jump
    world.responses = [_good()]
    outcome = world.play(call).result
    assert isinstance(outcome, Refusal) is (0 <= jump < 60)


# --- apply --------------------------------------------------------------------------------------

_names = st.sampled_from(["a", "b", "c"])
_scopes = st.sampled_from(["s", "s t", "s t u", "v"])
_rows = st.builds(
    lambda secret, at, life: (secret, "Bearer", "s", at, at + life, at + life, None),
    _names,
    st.integers(1_000, 1_010),
    st.integers(0, 20),
)
_FACTS = st.one_of(
    st.builds(
        lambda scope, row, limit: AccessTokenStored(("bearer", "", "", scope), row, limit=limit),
        _scopes,
        _rows,
        st.integers(1, 3),
    ),
    st.builds(lambda n, s: RefreshTokenStored((n, "", "s"), (s, 1)), _names, _names),
    st.builds(lambda n, t: IdTokenStored((n, "r"), t), _names, _names),
    st.builds(lambda r, n: AccountSeen(r, (n, n, "MSSTS", None)), _names, _names),
    st.builds(ClientSeen, _names, st.none() | st.just("1")),
    st.builds(HomeAccountFound, _names),
    st.builds(lambda n: AssertionUsed(AssertionKey("h", "t", "c", n)), _names),
)


@_QUICK
@given(st.lists(_FACTS, max_size=12))
def test_applying_facts_changes_no_partition_that_somebody_holds(facts: list[Any]) -> None:
    """A partition is a value: what was looked at before a change is as it was."""
    partition: Any = Tokens()
    for fact in facts:
        before = (partition, dict(partition.access), dict(partition.refresh))
        after = apply(partition, fact)
        assert (partition, dict(partition.access), dict(partition.refresh)) == before
        partition = after


@_QUICK
@given(st.lists(_FACTS, max_size=12), _FACTS)
def test_a_fact_told_twice_is_told_once(facts: list[Any], fact: Any) -> None:
    """Two writers that store the same thing leave one thing."""
    partition = apply_all(Tokens(), tuple(facts))
    once = apply(partition, fact)
    assert apply(once, fact) == once


@_QUICK
@given(st.lists(_FACTS, max_size=12))
def test_no_more_tokens_are_kept_than_the_limit_says(facts: list[Any]) -> None:
    """And every wide key has its row."""
    partition: Any = Tokens()
    for fact in facts:
        partition = apply(partition, fact)
        if isinstance(fact, AccessTokenStored):
            assert len(partition.access) <= max(fact.limit, 1)
            assert fact.key in partition.access
        assert partition.wide.keys() <= partition.access.keys()


@_QUICK
@given(st.lists(_FACTS, max_size=10), _scopes, st.integers(900, 1_100))
def test_what_is_found_has_the_scopes_and_the_life(facts: list[Any], scope: str, now: int) -> None:
    """Whatever was stored before."""
    partition: Any = apply_all(Tokens(), tuple(facts))
    row = usable_row(partition, ("bearer", "", "", scope), now, 5, 3)
    if row is not None:
        assert row[EXPIRES_ON] - now >= 5
        assert row[CACHED_AT] - now <= 3
        keys = [key for key, it in partition.access.items() if it == row]
        assert any(set(scope.split()) <= set(key[-1].split()) for key in keys)


def _is_io(effect: AnyEffect) -> bool:
    return isinstance(effect, Load | Save | SendHttp)


@_QUICK
@given(st.integers(1, 5))
def test_a_fresh_token_costs_two_look_ups_and_nothing_else(times: int) -> None:
    """What is known of the authority, and the partition."""
    world = AnyWorld([_good("x")])
    call = client().acquire_token_for_client(_GRAPH)
    _ = world.play(call)
    for _ in range(times):
        steps = world.play(call).transcript.steps
        assert [type(step.effect) for step in steps if _is_io(step.effect)] == [Load, Load]
    key = call.partition_key()
    assert key is not None
    stored: Any = world.partitions[key]
    assert [row[SECRET] for row in stored.access.values()] == ["x"]
