"""Partitions: what they hold, and how it is looked up."""

from __future__ import annotations

from typing import Any

import pytest

from sansio_auth.identity import token_key
from sansio_auth.partition import (
    SESSION,
    AccessTokenStored,
    Accounts,
    AccountSeen,
    AppKey,
    AppTokens,
    AssertionKey,
    AssertionUsed,
    ClientSeen,
    Found,
    HomeAccountFound,
    IdTokenStored,
    Knowledge,
    KnowledgeKey,
    RefreshTokenStored,
    RegionFound,
    Tokens,
    UserKey,
    access_token_of,
    apply,
    apply_all,
    candidates,
    empty,
    find,
    fresh_span,
    is_due,
    is_empty,
    shared,
)
from sansio_auth.results import AccessToken, Metadata
from sansio_auth.secret import Secret
from tests.core.partitions import found_in, holding, row_of

# --- looking up --------------------------------------------------------------------------------


def test_the_exact_scopes_come_first_and_wider_ones_serve() -> None:
    """A token for two scopes serves a request for one; not the other way."""
    tokens = holding(("a b", row_of("wide")), ("b", row_of("exact")))
    assert found_in(tokens, "b") == "exact"
    assert found_in(tokens, "a") == "wide"
    assert found_in(tokens, "b a") == "wide"
    assert found_in(tokens, "a c") is None
    assert found_in(holding(("a", row_of("x"))), "b") is None


def test_an_expired_exact_one_gives_way_to_a_wider_one() -> None:
    """Whatever serves."""
    tokens = holding(("a b", row_of("wide")), ("a", row_of("old", at=900, life=300)))
    assert found_in(tokens, "a") == "wide"


@pytest.mark.parametrize(
    ("now", "found"),
    [(1_000, True), (4_300, True), (4_301, False), (4_601, False), (700, True), (699, False)],
)
def test_a_token_needs_life_left_and_a_past(now: float, *, found: bool) -> None:
    """The margin counts; a token from the future of a clock that was set back does not serve."""
    assert (found_in(holding(("s", row_of("x"))), "s", now) is not None) is found


def test_another_scheme_key_or_owner_is_another_token() -> None:
    """Also for the wider ones."""
    key = token_key(["a", "b"], "pop")
    tokens = apply(Tokens(), AccessTokenStored(key, row_of("pop")))
    assert isinstance(tokens, Tokens)
    assert found_in(tokens, "a") is None
    assert [*candidates(tokens, token_key(["a"], "pop"))] == [row_of("pop")]
    assert [*candidates(tokens, key)] == [row_of("pop")]
    assert [*candidates(holding(("a", row_of("x"))), token_key(["b"]))] == []


def test_without_wide_rows_the_exact_one_is_the_only_candidate() -> None:
    """Or there is none."""
    tokens = holding(("a", row_of("x")))
    assert [*candidates(tokens, token_key(["a"]))] == [row_of("x")]
    assert [*candidates(tokens, token_key(["b"]))] == []


@pytest.mark.parametrize(("due", "now", "is_it"), [(None, 9, False), (5, 5, False), (5, 5.1, True)])
def test_a_token_is_due_strictly_after_its_time(
    due: int | None, now: float, *, is_it: bool
) -> None:
    """As MSAL compares."""
    assert is_due(row_of("x", due=due), now) is is_it


@pytest.mark.parametrize(("due", "last"), [(None, 4_300), (2_000, 2_000), (4_400, 4_300)])
def test_from_when_to_when_a_row_is_fresh(due: int | None, last: int) -> None:
    """Within the skew and the margin, and not due."""
    row = row_of("x", due=due)
    key = token_key(["s"])
    assert fresh_span(holding(("s", row)), key, 300, 60) == (row, 940, last)
    assert fresh_span(holding(("s t", row)), key, 300, 60) is None


def test_a_row_has_a_typed_view() -> None:
    """For whoever gets it from the cache."""
    row = ("x", "PoP", "a b", 1_000, 4_600, 9_000, 7)
    metadata = Metadata(requests=1)
    assert access_token_of(row, metadata).metadata is metadata
    assert access_token_of(row, metadata) == AccessToken(
        token=Secret("x"),
        token_type="PoP",
        expires_on=4_600,
        refresh_on=7,
        scopes=("a", "b"),
        source="cache",
        metadata=metadata,
    )


def test_a_sessions_partition_is_told_from_an_assertions() -> None:
    """By its digest, which is no hexadecimal number."""
    assert AssertionKey("h", "t", "c", f"{SESSION}00").is_session
    assert not AssertionKey("h", "t", "c", "00").is_session


# --- empties and questions ---------------------------------------------------------------------


def test_an_unknown_key_is_an_empty_partition() -> None:
    """Of its kind."""
    assert empty(KnowledgeKey("https://h/t")) == Knowledge()
    assert empty(AppKey("h", "t", "c")) == empty(UserKey("h", "u")) == Tokens()


@pytest.mark.parametrize(
    "fact",
    [
        AccessTokenStored(token_key(["s"]), ("x", "Bearer", "s", 1, 2, 2, None)),
        RefreshTokenStored(("c", "", "s"), ("r", 1)),
        IdTokenStored(("c", "r"), "i"),
        AccountSeen("r", ("l", "n", "MSSTS", None)),
        ClientSeen("c"),
        HomeAccountFound("u.t"),
        AssertionUsed(AssertionKey("h", "t", "c", "d")),
    ],
)
def test_a_partition_that_holds_anything_is_not_empty(fact: Any) -> None:
    """Whatever it is."""
    assert is_empty(Tokens())
    assert is_empty(Knowledge())
    assert not is_empty(apply(Tokens(), fact))
    assert not is_empty(apply(Knowledge(), RegionFound(None)))


def test_a_text_that_many_rows_have_is_kept_once() -> None:
    """A text of another class is left as it is."""

    class Text(str):
        __slots__ = ()

    scope, again = (str(b"api://orders", "ascii") for _ in range(2))
    assert scope is not again
    assert shared(scope) is shared(again)
    other = Text(scope)
    assert shared(other) is other


def test_an_index_finds_users_by_name_and_applications_by_id() -> None:
    """Case of letters does not count; another cloud does."""
    alice = Tokens(accounts={"r": ("l", "Alice@x", "MSSTS", None)})
    with_token = holding(("a", row_of("x")))
    stored: Any = {
        UserKey("h", "a"): alice,
        UserKey("h", "signed out"): Tokens(),
        UserKey("other", "a"): alice,
        AppKey("h", "t", "c"): with_token,
        AppKey("h", "empty", "c"): Tokens(),
        AppKey("h", "t", "d"): with_token,
        KnowledgeKey("k"): Knowledge(),
    }
    assert find(stored, Accounts("h")).partitions == ((UserKey("h", "a"), alice),)
    assert find(stored, Accounts("h", "aLICE@x")) == find(stored, Accounts("h"))
    assert find(stored, Accounts("h", "bob")) == Found()
    assert find(stored, AppTokens("h", "c")).partitions == ((AppKey("h", "t", "c"), with_token),)


def test_partitions_and_facts_show_no_token() -> None:
    """I-7: counts only."""
    tokens = apply_all(
        holding(("a", row_of("PLANTED"))),
        (RefreshTokenStored(("c", "", ""), ("PLANTED", 1)), IdTokenStored(("c", "r"), "PLANTED")),
    )
    shown = repr([tokens, Found(((UserKey("h", "a"), tokens),))])  # type: ignore[arg-type]
    assert "PLANTED" not in shown
    assert "access=1" in shown
    for fact in (AccessTokenStored(("k",), row_of("PLANTED")), IdTokenStored(("c", "r"), "PLANTED"),
                 RefreshTokenStored(("c", "", ""), ("PLANTED", 1))):  # fmt: skip
        assert "PLANTED" not in repr(fact)
