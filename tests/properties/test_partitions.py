"""What is done quickly is what is done simply: `apply` and a store's index against plain ones."""

from __future__ import annotations

from typing import Any

from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from sansio_auth import Tokens, apply, apply_all
from sansio_auth.partition import (
    CACHED_AT,
    EXPIRES_ON,
    AccessTokenStored,
    Accounts,
    AccountSeen,
    AppKey,
    AppTokens,
    AppTokensDropped,
    AssertionKey,
    AssertionUsed,
    ClientSeen,
    Dropped,
    HomeAccountFound,
    IdTokenStored,
    Query,
    RefreshTokenStored,
    SignedOut,
    UserKey,
    empty,
    find,
)
from sansio_auth_adapters import MemoryStore, SerializableTokenCache, TokenCache
from sansio_auth_adapters.stores._over import is_over

_QUICK = settings(max_examples=150, deadline=None)
_names = st.sampled_from(["a", "b", "c", "A", "B"])
_scopes = st.sampled_from(["s", "s t", "s t u", "v", "w"])
_keys = _scopes.map(lambda scope: ("bearer", "", "", scope))
_rows = st.builds(
    lambda secret, at, life: (secret, "Bearer", "s", at, at + life, at + life, None),
    _names,
    st.integers(1_000, 1_020),
    st.integers(-2, 20),
)
_stored = st.builds(
    AccessTokenStored, _keys, _rows, st.lists(_keys, max_size=2).map(tuple), st.integers(1, 4)
)


def _plainly(access: dict[Any, Any], fact: AccessTokenStored) -> dict[Any, Any]:
    """Look at every row, every time."""
    now = fact.row[CACHED_AT]
    rows = {key: row for key, row in access.items() if row[EXPIRES_ON] >= now}
    fresh = {fact.key, *fact.also}
    rows = {key: row for key, row in rows.items() if key not in fresh}
    rows |= dict.fromkeys((fact.key, *fact.also), fact.row)
    while len(rows) > fact.limit and rows.keys() - fresh:
        del rows[min((it for it in rows if it not in fresh), key=lambda it: rows[it][EXPIRES_ON])]
    return rows


@_QUICK
@given(st.lists(_stored, max_size=12))
def test_rows_are_stored_as_if_every_one_were_looked_at(facts: list[AccessTokenStored]) -> None:
    """Expired ones go at once, those beyond the limit too, the newest is last in order.

    And no row ends before `first_end`.
    """
    tokens, plain, wide = Tokens(), dict[Any, Any](), set[Any]()
    for fact in facts:
        tokens, plain = apply(tokens, fact), _plainly(plain, fact)  # type: ignore[assignment]
        assert [*tokens.access.items()] == [*plain.items()]
        assert all(row[EXPIRES_ON] >= tokens.first_end for row in tokens.access.values())
        wide = {key for key in (*wide, fact.key) if key in plain and " " in key[-1]}
        assert tokens.wide == {key: frozenset(key[-1].split()) for key in wide}


_seen = st.builds(
    lambda realm, name: AccountSeen(realm, (name, name, "MSSTS", None)), _names, _names
)
_facts = st.one_of(
    _stored,
    st.builds(lambda n, f, at: RefreshTokenStored((n, f, "s"), (n, at)), _names, _names,
              st.integers(1_000, 1_020)),
    st.builds(lambda n, t: IdTokenStored((n, "r"), t), _names, _names),
    _seen,
    st.builds(ClientSeen, _names, st.none() | _names),
    st.builds(SignedOut, _names),
    st.just(Dropped()),
    st.just(AppTokensDropped()),
)  # fmt: skip


def _plain_dictionaries(tokens: Any) -> dict[str, Any]:
    names = ("access", "wide", "refresh", "id_tokens", "accounts", "clients", "originals")
    return {name: dict(getattr(tokens, name)) for name in names}


@_QUICK
@given(st.lists(_facts, max_size=10))
def test_a_mapping_of_one_entry_is_treated_as_a_dictionary(facts: list[Any]) -> None:
    """Step by step, a partition of dictionaries becomes what the saving one becomes."""
    saving: Any = Tokens()
    for fact in facts:
        plain = Tokens(**_plain_dictionaries(saving))
        saving = apply(saving, fact)
        assert apply(plain, fact) == saving
    assert saving == apply_all(Tokens(), tuple(facts))


_users = [UserKey("h", f"{name}.t") for name in "abc"] + [UserKey("i", "a.t")]
_apps = [AppKey("h", tenant, client) for tenant in "tu" for client in "cd"]
_assertions = [AssertionKey("h", "t", "c", digest) for digest in ("d", "e", "session-d")]
_queries: list[Query] = [
    *(Accounts(host, name) for host in "hij" for name in (None, "a", "B", "C", "nobody")),
    *(AppTokens(host, client) for host in "hi" for client in "cd"),
]


def _behalf(key: AssertionKey, user: UserKey, row: Any, *, refresh: bool) -> Any:
    facts: list[Any] = [HomeAccountFound(user.home_account_id), AccessTokenStored(("s",), row)]
    if refresh:
        facts.append(RefreshTokenStored(("c", "", "s"), ("r", row[CACHED_AT])))
    return ((key, tuple(facts)), (user, (AssertionUsed(key),)))


_changes = st.one_of(
    st.builds(
        lambda key, facts: ((key, tuple(facts)),),
        st.sampled_from([*_users, *_apps]),
        st.lists(_facts, max_size=3),
    ),
    st.builds(
        _behalf, st.sampled_from(_assertions), st.sampled_from(_users[:3]), _rows,
        refresh=st.booleans(),
    ),
    st.builds(lambda key: ((key, (Dropped(),)),), st.sampled_from(_assertions)),
)  # fmt: skip


@_QUICK
@given(
    st.lists(_changes, max_size=12),
    st.sampled_from([MemoryStore, TokenCache, SerializableTokenCache]),
)
def test_a_store_says_what_a_dictionary_of_partitions_says(changes: list[Any], kind: Any) -> None:
    """To every key and query; only what was got with an assertion and is over may be gone."""
    store, plain, now = kind(), dict[Any, Any](), 0
    for change in changes:
        answer = store.save(change)
        for key, facts in change:
            plain[key] = apply_all(plain.get(key, empty(key)), facts)
            rows = (fact.row for fact in facts if isinstance(fact, AccessTokenStored))
            now = max(now, *(row[CACHED_AT] for row in rows), 0)
        assert answer == plain[change[0][0]]
        for key in _assertions:
            if store.load(key) != plain.get(key, Tokens()):
                assert store.load(key) == Tokens()
                assert is_over(key, plain.pop(key), now)
        for key in (*_users, *_apps):
            mine, theirs = store.load(key), plain.get(key, Tokens())
            gone = theirs.assertions - mine.assertions
            assert gone <= frozenset(_assertions) - plain.keys()
            plain[key] = evolve(theirs, assertions=theirs.assertions - gone)
            assert mine == plain[key]
        for query in _queries:
            found, wanted = store.look_up(query).partitions, find(plain, query).partitions
            assert dict(found) == dict(wanted)
            assert len(found) == len(wanted)
