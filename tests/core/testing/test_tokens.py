"""The simulated tenant's tokens: read again by whoever made them, altered by nobody."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from attrs import evolve

from sansio_auth.testing._tokens import TokenFacts, id_token, mint, read

_SEED = b"s" * 32
_FACTS = TokenFacts(
    kind="access",
    issuer="https://login.example/t/v2.0",
    audience="api://orders",
    client_id="client",
    tenant_id="t",
    issued_at=1_000,
    expires_at=4_600,
    username="alice@contoso.com",
    object_id="a11ce",
    scopes=("Orders.Read", "Orders.Write"),
    claims='{"access_token":{}}',
    number=7,
    redirect_uri="https://app.example/back",
    code_challenge="challenge",
    nonce="nonce",
)


def _payload(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    payload: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=="))
    return payload


def test_a_token_is_read_as_it_was_minted() -> None:
    """Every fact of it; what there is none of is left out of the payload."""
    assert read(_SEED, mint(_SEED, _FACTS)) == _FACTS
    bare = TokenFacts(
        kind="refresh", issuer="i", audience="a", client_id="c", tenant_id="t", issued_at=1,
        expires_at=2,
    )  # fmt: skip
    assert read(_SEED, mint(_SEED, bare)) == bare
    assert "scp" not in _payload(mint(_SEED, bare))
    assert (_FACTS.id, bare.id) == ("access client 7", "refresh c 0")


@pytest.mark.parametrize("text", ["", "a.b.c", "x", "ü.ü.ü", "..", "e30.e30.e30"])
def test_what_was_not_minted_says_nothing(text: str) -> None:
    """Whatever it looks like."""
    assert read(_SEED, text) is None


def test_a_token_of_another_seed_or_with_another_end_says_nothing() -> None:
    """Only who has the seed can make one or alter it."""
    token = mint(_SEED, _FACTS)
    assert read(b"t" * 32, token) is None
    assert read(_SEED, token[:-1]) is None
    assert read(_SEED, f"{token}x") is None


def test_an_id_token_is_about_the_user_and_for_the_client() -> None:
    """OpenID Connect Core section 2; the subject is another at every client."""
    payload = _payload(id_token(_SEED, _FACTS, auth_time=900))
    assert payload == {
        "typ": "id", "ver": "2.0", "iss": _FACTS.issuer, "aud": "client", "sub": payload["sub"],
        "oid": "a11ce", "tid": "t", "preferred_username": "alice@contoso.com", "iat": 1_000,
        "nbf": 1_000, "exp": 4_600, "auth_time": 900, "nonce": "nonce",
    }  # fmt: skip
    elsewhere = _payload(id_token(_SEED, evolve(_FACTS, client_id="x", nonce=""), auth_time=900))
    assert elsewhere["sub"] != payload["sub"]
    assert "nonce" not in elsewhere
