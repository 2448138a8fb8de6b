"""Whose the entries of a cache file are."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sansio_auth.msal_format import load, owner_of, sort
from sansio_auth.partition import AppKey, UserKey

_APP = {"environment": "h", "client_id": "c", "realm": "t", "home_account_id": None}
_USER = {"environment": "h", "home_account_id": "u.t", "client_id": "c"}


def test_entries_are_sorted_by_what_says_whose_they_are() -> None:
    """In the order of the file; an account also by its user's name, in any case of letters."""
    cache: Any = {
        "Account": {"a": {**_USER, "username": "Alice@x"}, "b": {**_USER, "realm": "s"}},
        "AccessToken": {"c": _APP, "d": _USER, "e": {**_APP, "realm": "other"}, "f": _APP},
        "AppMetadata": {"g": {"environment": "h", "client_id": "c"}},
        "Other": {"h": _APP},
    }
    told = sort(cache)
    user = UserKey("h", "u.t")
    assert told.places == {
        AppKey("h", "t", "c"): [("AccessToken", "c"), ("AccessToken", "f")],
        user: [("AccessToken", "d"), ("Account", "a"), ("Account", "b")],
        AppKey("h", "other", "c"): [("AccessToken", "e")],
    }
    assert told.named == {("h", "alice@x"): [user], ("h", ""): [user]}


@pytest.mark.parametrize(
    "entry",
    [
        1,
        None,
        {},
        {**_APP, "realm": ["t"]},
        {**_APP, "realm": ""},
        {**_APP, "environment": {}},
        {**_APP, "home_account_id": 1},
        {**_USER, "environment": None},
        {**_APP, "user_assertion_hash": "x"},
        {**_APP, "userAssertionHash": "x"},
        {**_USER, "user_assertion_hash": ""},
    ],
)
def test_what_is_nobodys_is_left_out(entry: Any) -> None:
    """Also beside entries that have an owner, which it does not get in the way of."""
    cache: Any = {"AccessToken": {"odd": entry, "good": _APP}, "Account": {"odd": entry}}
    assert sort(cache).places == {AppKey("h", "t", "c"): [("AccessToken", "good")]}
    assert sort(cache).named == {}


@pytest.mark.parametrize("cache", [{}, {"AccessToken": [], "Account": "text", "Other": None}])
def test_nothing_is_sorted_into_nothing(cache: Any) -> None:
    """Sections that are none have no entries."""
    assert (sort(cache).places, sort(cache).named) == ({}, {})


_values = st.sampled_from([None, "", "x", "y", 1, True, ["x"]])
_entries = st.dictionaries(
    st.sampled_from([*_APP, "user_assertion_hash", "secret", "target", "cached_at", "expires_on"]),
    _values,
)


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["AccessToken", "RefreshToken", "IdToken", "Account"]),
        st.dictionaries(st.sampled_from("abcd"), _entries | _values, max_size=4),
    )
)
def test_everything_is_sorted_to_whom_it_belongs(cache: Any) -> None:
    """As `owner_of` says of each; and nobody else has a partition."""
    told = sort(cache)
    placed = {place: owner for owner, places in told.places.items() for place in places}
    for name, section in cache.items():
        for key, entry in section.items():
            owner = owner_of(entry) if isinstance(entry, dict) else None
            assert placed.get((name, key)) == owner
    assert load(cache).partitions.keys() <= told.places.keys()
