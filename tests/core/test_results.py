"""Outcomes: what they say, and what they keep to themselves."""

from __future__ import annotations

import copy
import pickle

import pytest

from sansio_auth.results import AccessToken, Metadata, NotCached, Refusal
from sansio_auth.secret import Secret


def test_a_token_shows_its_life_and_not_itself() -> None:
    """I-7: nor the members of the answer, nor what an id token says of a person."""
    token = AccessToken(
        token=Secret("PLANTED"),
        token_type="Bearer",
        expires_on=5,
        response={"access_token": "PLANTED"},
        id_token_claims={"name": "PLANTED"},
    )
    assert "PLANTED" not in repr(token)
    assert "expires_on=5" in repr(token)
    assert token.source == "identity_provider"


def test_a_refusal_shows_its_error_and_not_its_description() -> None:
    """A description or a claims challenge may name a person or repeat what was sent."""
    refusal = Refusal(
        error="invalid_grant", status=400, description="PLANTED", claims="PLANTED",
        members={"x": "PLANTED"},
    )  # fmt: skip
    assert "PLANTED" not in repr(refusal)
    assert "invalid_grant" in repr(refusal)


_TOKEN = AccessToken(token=Secret("PLANTED"), token_type="Bearer", expires_on=5)
_REFUSAL = Refusal(error="invalid_grant", status=400, description="PLANTED")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (_TOKEN, "AccessToken holds secrets"),
        (_REFUSAL, "own words.*hand on its `error`, `status` and `error_codes`"),
        (Metadata(refusal=_REFUSAL), "own words"),
    ],
)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_what_holds_a_token_or_their_words_is_not_pickled(
    value: object, said: str, protocol: int
) -> None:
    """I-7: whatever the protocol; a copy in this process is the value itself."""
    with pytest.raises(TypeError, match=said) as caught:
        pickle.dumps(value, protocol)
    assert "PLANTED" not in str(caught.value)
    assert copy.copy(value) == copy.deepcopy(value) == value


def test_nothing_found_is_pickled() -> None:
    """It holds nobody's words."""
    nothing = NotCached(metadata=Metadata(warnings=("store_load_failed",), requests=1))
    assert pickle.loads(pickle.dumps(nothing)).metadata == nothing.metadata


def test_two_tokens_are_equal_whatever_else_is_told() -> None:
    """Metadata is about the way, not the token."""
    one, other = (
        AccessToken(
            token=Secret("t"), token_type="Bearer", expires_on=1, metadata=Metadata(requests=count)
        )
        for count in (1, 2)
    )
    assert one == other


def test_nothing_found_is_nothing_found() -> None:
    """Whatever was noticed on the way."""
    assert NotCached() == NotCached(metadata=Metadata(warnings=("store_load_failed",)))
