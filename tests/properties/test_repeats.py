"""The shortcut to a token that was found before says what the long way says, at any moment."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sansio_auth import ClientSecret, ConfidentialClient, Secret, parse_authority
from sansio_auth.partition import (
    AccessTokenStored,
    AppKey,
    Dropped,
    Tokens,
    apply,
    fresh_span,
    is_due,
)
from sansio_auth.partition import usable_row as usable
from sansio_auth_adapters import MemoryStore
from sansio_auth_adapters.application.dicts import cached_dict
from sansio_auth_adapters.application.parts import Counters
from sansio_auth_adapters.application.plan import Plan, client_credentials_plan
from sansio_auth_adapters.application.repeats import _MOST, Repeats

_TENANT = "11111111-2222-3333-4444-555555555555"
_CLIENT = ConfidentialClient(
    client_id="client",
    authority=parse_authority(f"https://login.microsoftonline.com/{_TENANT}"),
    credential=ClientSecret(Secret("s")),
)
_KEY = AppKey("login.microsoftonline.com", _TENANT, "client")
_SCOPES = ["a/.default"]
_MOMENTS = st.floats(1.0e9, 2.0e9, allow_nan=False)
_SECONDS = st.integers(1_000_000_000, 2_000_000_000)


def _tokens(
    cached_at: int, expires_on: int, refresh_on: int | None
) -> tuple[Tokens, AccessTokenStored]:
    plan = client_credentials_plan(_CLIENT, _SCOPES, None, {})
    row = ("AT", "Bearer", "a/.default", cached_at, expires_on, expires_on, refresh_on)
    fact = AccessTokenStored(plan.call.request.key, row)
    tokens = apply(Tokens(), fact)
    assert isinstance(tokens, Tokens)
    return tokens, fact


@given(
    _SECONDS, _SECONDS, st.none() | _SECONDS, _MOMENTS, st.integers(0, 9_999), st.integers(0, 999)
)
def test_a_span_is_when_a_row_is_usable_and_not_due(
    cached_at: int, expires_on: int, refresh_on: int | None, now: float, margin: int, skew: int
) -> None:
    """`fresh_span` of all moments, `usable_row` and `is_due` of each."""
    tokens, fact = _tokens(cached_at, expires_on, refresh_on)
    span = fresh_span(tokens, fact.key, margin, skew)
    assert span is not None
    row = usable(tokens, fact.key, now, margin, skew)
    fresh = row is not None and not is_due(row, now)
    assert fresh == (span[1] <= now <= span[2])
    assert span[0] == tokens.access[fact.key]


@given(st.lists(st.tuples(_SECONDS, _SECONDS, st.none() | _SECONDS, _MOMENTS), max_size=5))
def test_a_repeated_call_gets_what_the_call_itself_would(
    stored: list[tuple[int, int, int | None, float]],
) -> None:
    """Whatever is stored meanwhile, and whenever it is asked."""
    store, counters = MemoryStore(), Counters()
    repeats = Repeats(store, _CLIENT.policy, counters)
    plan = client_credentials_plan(_CLIENT, _SCOPES, None, {})
    assert repeats.find(None, _SCOPES, 1.5e9) is None
    repeats.note(None, _SCOPES, plan)
    for cached_at, expires_on, refresh_on, now in stored:
        _, fact = _tokens(cached_at, expires_on, refresh_on)
        _ = store.save(((_KEY, (fact,)),))
        for moment in (now, now, float(expires_on - 300), float(cached_at), refresh_on or now):
            row = plan.call.ready(store.peek(_KEY), moment)
            wanted = None if row is None else cached_dict(row, moment)
            found = repeats.find(None, (*_SCOPES,), moment)
            assert found == wanted
            if found is not None:
                found["access_token"] = "changed by the caller"


def test_other_arguments_are_other_calls() -> None:
    """Nor is a call found whose scopes are no list, or hold what cannot be hashed."""
    store = MemoryStore()
    repeats = Repeats(store, _CLIENT.policy, Counters())
    repeats.note(None, _SCOPES, client_credentials_plan(_CLIENT, _SCOPES, None, {}))
    _, fact = _tokens(1_500_000_000, 1_600_000_000, None)
    _ = store.save(((_KEY, (fact,)),))
    now = 1_500_000_100.0
    assert repeats.find(None, _SCOPES, now) is not None
    others: list[tuple[str | None, Any]] = [
        ("tenant", _SCOPES), (None, []), (None, ["b"]), (None, "a/.default"), (None, iter(_SCOPES)),
        (None, [["a/.default"]]), (None, {"a/.default"}), (None, None),
    ]  # fmt: skip
    for whose, scopes in others:
        assert repeats.find(whose, scopes, now) is None


def test_no_more_calls_are_kept_than_a_few_thousand() -> None:
    """A caller that never repeats itself fills no memory."""
    repeats = Repeats(MemoryStore(), _CLIENT.policy, Counters())
    plan = client_credentials_plan(_CLIENT, _SCOPES, None, {})
    for number in range(20_000):
        repeats.note(f"{number}", _SCOPES, plan)
    assert 0 < len(repeats._places) + len(repeats._older) <= 2 * _MOST


class _Contested:
    """A place that another thread writes to at the same moment: what it saw before is there."""

    def __init__(self, plan: Plan, stale: Any) -> None:
        self.where, self.key, self.plan = _KEY, plan.call.request.key, plan
        self._stale = stale

    @property
    def found(self) -> Any:
        return self._stale

    @found.setter
    def found(self, mine: Any) -> None:
        """The other thread comes right after."""


def test_nobody_is_given_what_another_thread_found_before_it_was_removed() -> None:
    """That thread looks, the token goes, this one looks, and that one writes down what it saw."""
    store = MemoryStore()
    repeats = Repeats(store, _CLIENT.policy, Counters())
    plan = client_credentials_plan(_CLIENT, _SCOPES, None, {})
    repeats.note(None, _SCOPES, plan)
    _, fact = _tokens(1_500_000_000, 1_600_000_000, None)
    _ = store.save(((_KEY, (fact,)),))
    now = 1_500_000_100.0
    assert repeats.find(None, _SCOPES, now) is not None
    ((arguments, place),) = repeats._places.items()
    contested: Any = _Contested(plan, place.found)
    repeats._places[arguments] = contested
    _ = store.save(((_KEY, (Dropped(),)),))
    assert repeats.find(None, _SCOPES, now) is None


@pytest.mark.parametrize(
    "later", [["b/.default"], [], ["a/.default", "b/.default"]], ids=["another", "none", "more"]
)
def test_a_list_that_is_changed_meanwhile_is_no_other_call(later: list[str]) -> None:
    """The call was made of what was in it then; what is in it now has never been asked for."""
    store = MemoryStore()
    repeats = Repeats(store, _CLIENT.policy, Counters())
    scopes = [*_SCOPES]
    plan = client_credentials_plan(_CLIENT, scopes, None, {})
    scopes[:] = later
    repeats.keep(None, scopes, plan)
    _, fact = _tokens(1_500_000_000, 1_600_000_000, None)
    _ = store.save(((_KEY, (fact,)),))
    assert repeats.find(None, later, 1_500_000_100.0) is None
    assert repeats.plan(None, later) is None
