"""The facts by which every application's partitions change; the others are in a file of theirs."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from sansio_auth.identity import token_key
from sansio_auth.partition import (
    AccessTokenStored,
    AccountSeen,
    ClientSeen,
    IdTokenStored,
    Knowledge,
    RefreshTokenStored,
    Tokens,
    apply,
    apply_all,
)
from tests.core.partitions import found_in, holding, row_of

# --- storing tokens ----------------------------------------------------------------------------


def test_a_fresh_token_stays_whatever_the_limit() -> None:
    """Also where it has more keys than there is room for, or is over already."""
    fact = AccessTokenStored(token_key(["a"]), row_of("x"), (token_key(["b"]),), limit=1)
    tokens: Any = apply(holding(("c", row_of("old"))), fact)
    assert {key[-1] for key in tokens.access} == {"a", "b"}
    assert {key[-1] for key in holding(("a", row_of("x", life=-5))).access} == {"a"}


def test_storing_a_token_clears_the_expired_ones_away() -> None:
    """By the time at which the new one was stored."""
    tokens = holding(("a", row_of("old", at=0, life=10)), ("b", row_of("new", at=1_000)))
    assert {key[-1] for key in tokens.access} == {"b"}


def test_a_full_partition_lets_the_first_to_expire_go() -> None:
    """Never the one that is stored."""
    tokens = holding(
        ("a", row_of("x", life=50)),
        ("b c", row_of("x", life=20)),
        ("d", row_of("x", life=5)),
        limit=2,
    )
    assert {key[-1] for key in tokens.access} == {"a", "d"}
    assert not tokens.wide


def test_a_token_may_have_several_keys() -> None:
    """Granted scopes and requested ones."""
    tokens = apply(
        Tokens(), AccessTokenStored(token_key(["granted"]), row_of("x"), (token_key(["asked"]),))
    )
    assert found_in(tokens, "asked") == found_in(tokens, "granted") == "x"


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
        AccessTokenStored(key, row_of("x")),
        RefreshTokenStored(("c", "", "s"), ("r", 1)),
        IdTokenStored(("c", "r"), "i"),
        AccountSeen("r", ("l", "n", "MSSTS", None)),
        ClientSeen("c"),
    ]
    changed: Any = apply_all(tokens, tuple(facts))
    assert {entry[0] for entry in changed.originals.values()} == {"k2", "k7"}
    assert apply(tokens, ClientSeen("e")).originals is originals  # type: ignore[union-attr]


def test_what_was_stored_last_is_last() -> None:
    """Also where it takes the place of an earlier one: MSAL's file has them in that order."""
    tokens = holding(("a", row_of("old")), ("b", row_of("x")), ("a", row_of("new")))
    assert [(key[-1], row[0]) for key, row in tokens.access.items()] == [("b", "x"), ("a", "new")]


def test_the_original_of_a_token_that_is_over_goes_with_it() -> None:
    """And with one that there is no room for; that of another token stays."""
    over, soon, long, new = (token_key([name]) for name in ("over", "soon", "long", "new"))
    tokens = Tokens(
        access={
            over: row_of("o", at=0, life=10),
            soon: row_of("s", life=20),
            long: row_of("l", life=50),
        },
        originals={("access", *key): (key[-1], "{}") for key in (over, soon, long)},
    )
    changed: Any = apply(tokens, AccessTokenStored(new, row_of("n"), limit=2))
    assert {*changed.access} == {long, new}
    assert changed.originals == {("access", *long): ("long", "{}")}


def test_a_token_that_ends_this_very_second_is_not_over() -> None:
    """It goes in the next."""
    tokens = holding(("first", row_of("x", life=40)), ("second", row_of("x", life=50)))
    for at, left in ((1_050, {"second", "new"}), (1_051, {"new"})):
        fact = AccessTokenStored(token_key(["new"]), row_of("x", at=at))
        changed: Any = apply(tokens, fact)
        assert {key[-1] for key in changed.access} == left


def test_the_rows_are_looked_through_when_the_first_of_them_may_be_over() -> None:
    """Never while none is: a partition of thousands is copied and not read."""
    tokens: Any = holding(("a", row_of("x", life=50)), ("b", row_of("x", life=90)))
    assert tokens.first_end == 1_050
    tokens = apply(tokens, AccessTokenStored(token_key(["c"]), row_of("x", at=1_060)))
    assert tokens.first_end == 1_090
    assert {key[-1] for key in tokens.access} == {"b", "c"}
    unread = Tokens(access=tokens.access)
    assert (unread, unread.first_end) == (tokens, 0)
    read: Any = apply(unread, AccessTokenStored(token_key(["d"]), row_of("x", at=1_100)))
    assert {key[-1] for key in read.access} == {"c", "d"}
    assert read.first_end == 4_660


# --- clients and what is known -----------------------------------------------------------------


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


@pytest.mark.parametrize(
    "fact", [AccessTokenStored(token_key(["a"]), row_of("x")), ClientSeen("c")]
)
def test_what_is_known_of_an_authority_is_not_changed_by_tokens(fact: Any) -> None:
    """A partition is told what does not concern it without harm."""
    known = Knowledge(found_at=1.0)
    assert apply(known, fact) is known


def test_a_client_that_was_seen_as_it_is_changes_nothing() -> None:
    """Whether it is the only one in a partition or one of several."""
    alone: Any = apply(Tokens(), ClientSeen("c", "1"))
    several = apply(alone, ClientSeen("d", None))
    for partition in (alone, several):
        assert apply(partition, ClientSeen("c", "1")) is partition
    read = evolve(alone, originals={("client", "c"): ("k", "{}")})
    assert apply(read, ClientSeen("c", "1")) == alone  # a file's own words for it are replaced
    changed = apply(several, ClientSeen("c", None))
    assert isinstance(changed, Tokens)
    assert changed.clients == {"c": None, "d": None}
