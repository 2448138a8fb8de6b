"""The facts by which partitions change, one by one."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve, fields

from sansio_auth._holds import Hold
from sansio_auth.authority import Endpoints
from sansio_auth.identity import token_key
from sansio_auth.partition import (
    AccessTokenStored,
    AccountSeen,
    AppTokensDropped,
    AssertionKey,
    AssertionsOver,
    AssertionUsed,
    ClientSeen,
    Dropped,
    EndpointsDropped,
    EndpointsFound,
    HoldPlaced,
    HomeAccountFound,
    IdTokenStored,
    Knowledge,
    RefreshTokenStored,
    RegionFound,
    SignedOut,
    Tokens,
    apply,
    apply_all,
    usable_row,
)
from sansio_auth.partition.single import Single

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


# --- storing tokens ----------------------------------------------------------------------------


def test_a_fresh_token_stays_whatever_the_limit() -> None:
    """Also where it has more keys than there is room for, or is over already."""
    fact = AccessTokenStored(token_key(["a"]), _row("x"), (token_key(["b"]),), limit=1)
    tokens: Any = apply(_tokens(("c", _row("old"))), fact)
    assert {key[-1] for key in tokens.access} == {"a", "b"}
    assert {key[-1] for key in _tokens(("a", _row("x", life=-5))).access} == {"a"}


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


def test_the_original_of_a_token_that_is_over_goes_with_it() -> None:
    """And with one that there is no room for; that of another token stays."""
    over, soon, long, new = (token_key([name]) for name in ("over", "soon", "long", "new"))
    tokens = Tokens(
        access={
            over: _row("o", at=0, life=10),
            soon: _row("s", life=20),
            long: _row("l", life=50),
        },
        originals={("access", *key): (key[-1], "{}") for key in (over, soon, long)},
    )
    changed: Any = apply(tokens, AccessTokenStored(new, _row("n"), limit=2))
    assert {*changed.access} == {long, new}
    assert changed.originals == {("access", *long): ("long", "{}")}


def test_a_token_that_ends_this_very_second_is_not_over() -> None:
    """It goes in the next."""
    tokens = _tokens(("first", _row("x", life=40)), ("second", _row("x", life=50)))
    for at, left in ((1_050, {"second", "new"}), (1_051, {"new"})):
        fact = AccessTokenStored(token_key(["new"]), _row("x", at=at))
        changed: Any = apply(tokens, fact)
        assert {key[-1] for key in changed.access} == left


def test_the_rows_are_looked_through_when_the_first_of_them_may_be_over() -> None:
    """Never while none is: a partition of thousands is copied and not read."""
    tokens: Any = _tokens(("a", _row("x", life=50)), ("b", _row("x", life=90)))
    assert tokens.first_end == 1_050
    tokens = apply(tokens, AccessTokenStored(token_key(["c"]), _row("x", at=1_060)))
    assert tokens.first_end == 1_090
    assert {key[-1] for key in tokens.access} == {"b", "c"}
    unread = Tokens(access=tokens.access)
    assert (unread, unread.first_end) == (tokens, 0)
    read: Any = apply(unread, AccessTokenStored(token_key(["d"]), _row("x", at=1_100)))
    assert {key[-1] for key in read.access} == {"c", "d"}
    assert read.first_end == 4_660


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
    over: Any = apply(tokens, AssertionsOver(frozenset({key})))
    assert over.assertions == frozenset()


_KEY = token_key(["a"])
_ASSERTION = AssertionKey("h", "t", "c", "d")
_FULL: Any = Tokens(
    access={_KEY: _row("x"), token_key(["b", "c"]): _row("y")},
    wide={token_key(["b", "c"]): frozenset("bc")},
    refresh={("c", "", "s"): ("r", 1)},
    id_tokens={("c", "r"): "i"},
    accounts={"r": ("l", "n", "MSSTS", None)},
    clients={"c": None},
    originals={("other",): ("k", "{}")},
    assertions=frozenset({_ASSERTION}),
    home_account_id="u.t",
    first_end=4_600,
)


@pytest.mark.parametrize(
    ("fact", "changes"),
    [
        (
            AccessTokenStored(token_key(["d"]), _row("z", life=10)),
            {"access": {**_FULL.access, token_key(["d"]): _row("z", life=10)}, "first_end": 1_010},
        ),
        (
            RefreshTokenStored(("e", "", "s"), ("q", 2)),
            {"refresh": {("c", "", "s"): ("r", 1), ("e", "", "s"): ("q", 2)}},
        ),
        (IdTokenStored(("e", "r"), "j"), {"id_tokens": {("c", "r"): "i", ("e", "r"): "j"}}),
        (
            AccountSeen("q", ("l", "m", "ADFS", "s")),
            {
                "accounts": {
                    "r": ("l", "n", "MSSTS", None),
                    "q": ("l", "m", "ADFS", "s"),
                }
            },
        ),
        (ClientSeen("e", "1"), {"clients": {"c": None, "e": "1"}}),
        (HomeAccountFound("v.t"), {"home_account_id": "v.t"}),
        (AssertionUsed(evolve(_ASSERTION, digest="e")), {
            "assertions": {_ASSERTION, evolve(_ASSERTION, digest="e")}
        }),
        (AssertionsOver(frozenset({_ASSERTION})), {"assertions": frozenset()}),
        (Dropped(), {
            "access": {}, "wide": {}, "refresh": {}, "id_tokens": {}, "accounts": {},
            "clients": {}, "originals": {}, "assertions": frozenset(), "home_account_id": None,
            "first_end": 0,
        }),
    ],
)  # fmt: skip
def test_a_fact_changes_its_own_place_and_no_other(fact: Any, changes: dict[str, Any]) -> None:
    """Everything else is as it was, and so is the partition before."""
    before = {it.name: getattr(_FULL, it.name) for it in fields(Tokens)}
    changed = apply(_FULL, fact)
    found = {name: getattr(changed, name) for name in before}
    assert found == {**before, **changes}
    assert before == {name: getattr(_FULL, name) for name in before}


def test_a_client_is_seen_once_for_all_partitions() -> None:
    """They share the record; a second client, or another family, is a record of its own."""

    def seen(*facts: ClientSeen) -> Any:
        return apply_all(Tokens(), facts)

    one = seen(ClientSeen("c"))
    assert seen(ClientSeen("c")).clients is one.clients
    assert apply(one, ClientSeen("c")) is one
    joined = seen(ClientSeen("c"), ClientSeen("c", "1"))
    assert joined.clients is seen(ClientSeen("c", "1")).clients
    assert seen(ClientSeen("c"), ClientSeen("c", "1")).clients == {"c": "1"}
    two = seen(ClientSeen("c"), ClientSeen("d"))
    assert two.clients == {"c": None, "d": None}
    assert seen(*map(ClientSeen, "cd"), ClientSeen("d", "1")).clients == {"c": None, "d": "1"}
    assert seen(ClientSeen("c", "c")).clients == {"c": "c"}


def test_a_refresh_token_takes_the_place_of_its_clients_for_that_target() -> None:
    """Also when the client has joined a family meanwhile; another target has its own."""
    facts = [(("c", "", "s"), "one"), (("c", "", "t"), "two"), (("c", "1", "s"), "three")]
    stored = (RefreshTokenStored(key, (secret, 1)) for key, secret in facts)
    tokens: Any = apply_all(Tokens(), tuple(stored))
    assert tokens.refresh == {("c", "", "t"): ("two", 1), ("c", "1", "s"): ("three", 1)}


def test_one_entry_of_a_kind_takes_the_room_of_one() -> None:
    """A second one makes it a dictionary."""
    tokens: Any = apply(Tokens(), AccountSeen("r", ("l", "n", "MSSTS", None)))
    tokens = apply(tokens, AccountSeen("r", ("l", "m", "MSSTS", None)))
    assert isinstance(tokens.accounts, Single)
    tokens = apply(tokens, AccountSeen("q", ("l", "n", "MSSTS", None)))
    assert {realm: row[1] for realm, row in tokens.accounts.items()} == {"r": "m", "q": "n"}


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
    assert left.originals == {("client", "mine"): ("k", "{}")}
    assert apply(_everything(), Dropped()) == Tokens()


def test_what_is_known_of_an_authority_changes_by_its_own_facts() -> None:
    """Endpoints, region, holds; facts about tokens leave it as it is."""
    known: Any = apply_all(Knowledge(), (EndpointsFound(_ENDPOINTS, 5.0), RegionFound("westus2")))
    assert (known.endpoints, known.found_at) == (_ENDPOINTS, 5.0)
    assert (known.region, known.region_known) == ("westus2", True)
    forgotten = evolve(known, endpoints=None, found_at=0.0)
    assert apply(known, EndpointsDropped()) == forgotten
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
