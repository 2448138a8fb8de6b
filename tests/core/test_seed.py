"""Randomness from a seed: the same for the same, another for another."""

from __future__ import annotations

import uuid

from hypothesis import given
from hypothesis import strategies as st

from sansio_auth._seed import SEED_BYTES, derive, derive_fraction, derive_uuid

_seeds = st.binary(min_size=SEED_BYTES, max_size=SEED_BYTES)


@given(_seeds, st.text(), st.text())
def test_what_is_derived_is_told_apart_by_its_label(seed: bytes, one: str, other: str) -> None:
    """And is the same every time."""
    assert derive(seed, one) == derive(seed, one)
    assert (derive(seed, one) == derive(seed, other)) is (one == other)


@given(_seeds, _seeds)
def test_what_is_derived_is_told_apart_by_its_seed(one: bytes, other: bytes) -> None:
    """So that two calls have nothing in common."""
    assert (derive(one, "x") == derive(other, "x")) is (one == other)


@given(_seeds)
def test_an_id_is_a_random_uuid(seed: bytes) -> None:
    """RFC 9562 section 5.4, as Entra expects a correlation id."""
    parsed = uuid.UUID(text := derive_uuid(seed, "x"))
    assert (parsed.version, parsed.variant) == (4, uuid.RFC_4122)
    assert str(parsed) == text


@given(_seeds)
def test_a_fraction_is_below_one(seed: bytes) -> None:
    """And not negative."""
    assert 0 <= derive_fraction(seed, "x") < 1
