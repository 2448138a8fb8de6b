"""The facts by which some partitions change, one by one: users, what is known, what goes."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve, fields

from sansio_auth._holds import Hold
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
)
from sansio_auth.partition.single import Single
from tests.core.partitions import ENDPOINTS, row_of


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
    access={_KEY: row_of("x"), token_key(["b", "c"]): row_of("y")},
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
            AccessTokenStored(token_key(["d"]), row_of("z", life=10)),
            {
                "access": {**_FULL.access, token_key(["d"]): row_of("z", life=10)},
                "first_end": 1_010,
            },
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
        access={token_key(["a"]): row_of("x")},
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
    known: Any = apply_all(Knowledge(), (EndpointsFound(ENDPOINTS, 5.0), RegionFound("westus2")))
    assert (known.endpoints, known.found_at) == (ENDPOINTS, 5.0)
    assert (known.region, known.region_known) == ("westus2", True)
    forgotten = evolve(known, endpoints=None, found_at=0.0)
    assert apply(known, EndpointsDropped()) == forgotten
    assert apply(known, ClientSeen("c")) is known
    assert apply(known, Dropped()) is known


@pytest.mark.parametrize(
    "fact",
    [EndpointsFound(ENDPOINTS, 1.0), EndpointsDropped(), RegionFound(None),
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
