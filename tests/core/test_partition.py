"""Partitions: looking things up in them, and the facts by which they change."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from sansio_auth._holds import Hold
from sansio_auth.authority import Endpoints
from sansio_auth.identity import token_key
from sansio_auth.partition import (
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
    EndpointsDropped,
    EndpointsFound,
    Found,
    HoldPlaced,
    HomeAccountFound,
    IdTokenStored,
    Knowledge,
    KnowledgeKey,
    RefreshTokenStored,
    RegionFound,
    SignedOut,
    Tokens,
    UserKey,
    access_token_of,
    apply,
    apply_all,
    candidates,
    empty,
    find,
    is_due,
    usable_row,
)
from sansio_auth.results import Metadata

_ENDPOINTS = Endpoints(token="https://h/t", authorization="https://h/a", realm="r")


def _row(secret: str, *, at: int = 1_000, life: int = 3_600, due: int | None = None) -> Any:
    return (secret, "Bearer", "s", at, at + life, at + life, due)


def _tokens(*stored: tuple[str, Any], limit: int = 100) -> Any:
    return apply_all(
        Tokens(),
        tuple(
            AccessTokenStored(token_key(scope.split()), row, limit=limit) for scope, row in stored
        ),
    )


def _find(tokens: Any, scope: str, now: float = 1_100, margin: float = 300) -> str | None:
    row = usable_row(tokens, token_key(scope.split()), now, margin, 300)
    return None if row is None else row[0]


# --- looking up --------------------------------------------------------------------------------


def test_the_exact_scopes_come_first_and_wider_ones_serve() -> None:
    """A token for two scopes serves a request for one; not the other way."""
    tokens = _tokens(("a b", _row("wide")), ("b", _row("exact")))
    assert _find(tokens, "b") == "exact"
    assert _find(tokens, "a") == "wide"
    assert _find(tokens, "b a") == "wide"
    assert _find(tokens, "a c") is None
    assert _find(_tokens(("a", _row("x"))), "b") is None


def test_an_expired_exact_one_gives_way_to_a_wider_one() -> None:
    """Whatever serves."""
    tokens = _tokens(("a b", _row("wide")), ("a", _row("old", at=900, life=300)))
    assert _find(tokens, "a") == "wide"


@pytest.mark.parametrize(
    ("now", "found"),
    [(1_000, True), (4_300, True), (4_301, False), (4_601, False), (700, True), (699, False)],
)
def test_a_token_needs_life_left_and_a_past(now: float, *, found: bool) -> None:
    """The margin counts; a token from the future of a clock that was set back does not serve."""
    assert (_find(_tokens(("s", _row("x"))), "s", now) is not None) is found


def test_another_scheme_key_or_owner_is_another_token() -> None:
    """Also for the wider ones."""
    key = token_key(["a", "b"], "pop")
    tokens = apply(Tokens(), AccessTokenStored(key, _row("pop")))
    assert isinstance(tokens, Tokens)
    assert _find(tokens, "a") is None
    assert [*candidates(tokens, token_key(["a"], "pop"))] == [_row("pop")]
    assert [*candidates(tokens, key)] == [_row("pop")]


@pytest.mark.parametrize(("due", "now", "is_it"), [(None, 9, False), (5, 5, False), (5, 5.1, True)])
def test_a_token_is_due_strictly_after_its_time(
    due: int | None, now: float, *, is_it: bool
) -> None:
    """As MSAL compares."""
    assert is_due(_row("x", due=due), now) is is_it


def test_a_row_has_a_typed_view() -> None:
    """For whoever gets it from the cache."""
    token = access_token_of(_row("x", due=7), Metadata(requests=1))
    assert (token.token.reveal(), token.expires_on, token.refresh_on) == ("x", 4_600, 7)
    assert (token.source, token.scopes, token.metadata.requests) == ("cache", ("s",), 1)


# --- storing tokens ----------------------------------------------------------------------------


def test_storing_a_token_clears_the_expired_ones_away() -> None:
    """By the time at which the new one was stored."""
    tokens = _tokens(("a", _row("old", at=0, life=10)), ("b", _row("new", at=1_000)))
    assert {key[-1] for key in tokens.access} == {"b"}


def test_a_full_partition_lets_the_first_to_expire_go() -> None:
    """Never the one that is stored."""
    tokens = _tokens(
        ("a", _row("x", life=50)), ("b c", _row("x", life=20)), ("d", _row("x", life=5)), limit=2
    )
    assert {key[-1] for key in tokens.access} == {"a", "d"}
    assert not tokens.wide


def test_a_token_may_have_several_keys() -> None:
    """Granted scopes and requested ones."""
    tokens = apply(
        Tokens(), AccessTokenStored(token_key(["granted"]), _row("x"), (token_key(["asked"]),))
    )
    assert _find(tokens, "asked") == _find(tokens, "granted") == "x"


def test_what_was_read_from_a_file_is_kept_until_it_is_replaced() -> None:
    """I-9: the original text of an entry goes with the entry."""
    key = token_key(["a"])
    originals = {
        ("access", *key): ("k1", "{}"),
        ("access", "gone"): ("k2", "{}"),
        ("refresh", "c", "", "s"): ("k3", "{}"),
        ("id_token", "c", "r"): ("k4", "{}"),
        ("account", "r"): ("k5", "{}"),
        ("client", "c"): ("k6", "{}"),
        ("client", "d"): ("k7", "{}"),
    }
    tokens = Tokens(originals=originals)
    facts: list[Any] = [
        AccessTokenStored(key, _row("x")),
        RefreshTokenStored(("c", "", "s"), ("r", 1)),
        IdTokenStored(("c", "r"), "i"),
        AccountSeen("r", ("l", "n", "MSSTS", None)),
        ClientSeen("c"),
    ]
    changed: Any = apply_all(tokens, tuple(facts))
    assert {entry[0] for entry in changed.originals.values()} == {"k2", "k7"}
    assert apply(tokens, ClientSeen("e")).originals is originals  # type: ignore[union-attr]


# --- other facts -------------------------------------------------------------------------------


def test_facts_about_a_user_are_filed() -> None:
    """Refresh tokens, id tokens, accounts, clients, the home account, assertions."""
    key = AssertionKey("h", "t", "c", "d")
    tokens: Any = apply_all(
        Tokens(),
        (
            RefreshTokenStored(("c", "1", "s"), ("r", 1)),
            IdTokenStored(("c", "r"), "i"),
            AccountSeen("r", ("l", "n", "MSSTS", None)),
            ClientSeen("c", "1"),
            HomeAccountFound("u.t"),
            AssertionUsed(key),
        ),
    )
    assert tokens.refresh == {("c", "1", "s"): ("r", 1)}
    assert tokens.id_tokens == {("c", "r"): "i"}
    assert tokens.accounts == {"r": ("l", "n", "MSSTS", None)}
    assert tokens.clients == {"c": "1"}
    assert tokens.home_account_id == "u.t"
    assert tokens.assertions == {key}


def _everything() -> Any:
    return Tokens(
        access={token_key(["a"]): _row("x")},
        refresh={
            ("mine", "1", ""): ("r", 1),
            ("family", "1", ""): ("r", 1),
            ("other", "", ""): ("r", 1),
        },
        id_tokens={("mine", "r"): "i"},
        accounts={"r": ("l", "n", "MSSTS", None)},
        clients={"mine": "1", "other": None},
        originals={
            ("refresh", "other", "", ""): ("k", "{}"),
            ("refresh", "mine", "1", ""): ("k", "{}"),
            ("client", "mine"): ("k", "{}"),
            ("account", "r"): ("k", "{}"),
        },
    )


def test_signing_out_keeps_other_clients_refresh_tokens_and_who_was_here() -> None:
    """A family's go with the client's own."""
    left: Any = apply(_everything(), SignedOut("mine"))
    assert set(left.refresh) == {("other", "", "")}
    assert left.clients == {"mine": "1", "other": None}
    assert set(left.originals) == {("refresh", "other", "", ""), ("client", "mine")}
    assert (left.access, left.id_tokens, left.accounts) == ({}, {}, {})
    lonely: Any = apply(evolve(_everything(), clients={}), SignedOut("mine"))
    assert set(lonely.refresh) == {("family", "1", ""), ("other", "", "")}


def test_an_applications_tokens_can_be_dropped_and_everything_else_too() -> None:
    """Which clients were here stays in the first case."""
    left: Any = apply(_everything(), AppTokensDropped())
    assert left.clients == {"mine": "1", "other": None}
    assert (left.access, left.refresh) == ({}, {})
    assert apply(_everything(), Dropped()) == Tokens()


def test_what_is_known_of_an_authority_changes_by_its_own_facts() -> None:
    """Endpoints, region, holds; facts about tokens leave it as it is."""
    known: Any = apply_all(Knowledge(), (EndpointsFound(_ENDPOINTS, 5.0), RegionFound("westus2")))
    assert (known.endpoints, known.found_at) == (_ENDPOINTS, 5.0)
    assert (known.region, known.region_known) == ("westus2", True)
    assert apply(known, EndpointsDropped()).endpoints is None  # type: ignore[union-attr]
    assert apply(known, ClientSeen("c")) is known
    assert apply(known, Dropped()) is known


@pytest.mark.parametrize(
    "fact",
    [EndpointsFound(_ENDPOINTS, 1.0), EndpointsDropped(), RegionFound(None),
     HoldPlaced("k", Hold(until=2.0, since=1.0, status=429))],
)  # fmt: skip
def test_facts_about_an_authority_say_nothing_about_tokens(fact: Any) -> None:
    """A partition is told what does not concern it without harm."""
    tokens = _everything()
    assert apply(tokens, fact) is tokens


def test_holds_are_bounded_and_the_over_ones_go() -> None:
    """The first to end goes first."""
    known: Any = Knowledge()
    for number, until in enumerate((50.0, 30.0, 40.0)):
        hold = Hold(until=until, since=10.0, status=429)
        known = apply(known, HoldPlaced(f"k{number}", hold, limit=2))
    assert set(known.holds) == {"k0", "k2"}
    late = Hold(until=99.0, since=60.0, status=429)
    known = apply(known, HoldPlaced("k3", late, limit=2))
    assert set(known.holds) == {"k3"}


# --- empties and questions ---------------------------------------------------------------------


def test_an_unknown_key_is_an_empty_partition() -> None:
    """Of its kind."""
    assert empty(KnowledgeKey("https://h/t")) == Knowledge()
    assert empty(AppKey("h", "t", "c")) == empty(UserKey("h", "u")) == Tokens()


def test_an_index_finds_users_by_name_and_applications_by_id() -> None:
    """Case of letters does not count; another cloud does."""
    alice = Tokens(accounts={"r": ("l", "Alice@x", "MSSTS", None)})
    with_token = _tokens(("a", _row("x")))
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
    shown = repr([_everything(), Found(((UserKey("h", "a"), _everything()),))])
    assert "_row" not in shown
    assert "'x'" not in shown
    assert "access=1" in shown
    for fact in (AccessTokenStored(("k",), _row("PLANTED")), IdTokenStored(("c", "r"), "PLANTED"),
                 RefreshTokenStored(("c", "", ""), ("PLANTED", 1))):  # fmt: skip
        assert "PLANTED" not in repr(fact)
