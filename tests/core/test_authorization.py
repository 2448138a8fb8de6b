"""A sign-in under way: what is random in it, its URL, and the dictionary in between."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from sansio_auth import ConfigurationError
from sansio_auth._assertion import base64url
from sansio_auth._seed import derive
from sansio_auth.authority import Endpoints
from sansio_auth.authorization import (
    AuthCodeFlow,
    authorization_url,
    begin_flow,
    hashed_nonce,
    home_account_of,
)

_SEED = bytes(range(32))
_ENDPOINTS = Endpoints(token="https://h/t", authorization="https://h/a", realm="r")


def _begun(**parameters: str) -> AuthCodeFlow:
    return begin_flow(_ENDPOINTS, _SEED, ("openid", "s"), {"client_id": "c", **parameters})


def test_everything_random_comes_from_the_seed() -> None:
    """State, verifier and nonce, each by a name of its own; their digests go into the URL."""
    flow = _begun(redirect_uri="https://app.example/back", login_hint="alice@contoso.com")
    verifier = base64url(derive(_SEED, "code verifier"))
    nonce = base64url(derive(_SEED, "nonce")[:16])
    assert flow.state == base64url(derive(_SEED, "state")[:16])
    assert (flow.code_verifier.reveal(), flow.nonce.reveal()) == (verifier, nonce)
    assert dict(parse_qsl(urlsplit(flow.auth_uri).query)) == {
        "client_id": "c",
        "response_type": "code",
        "redirect_uri": "https://app.example/back",
        "scope": "openid s",
        "login_hint": "alice@contoso.com",
        "state": flow.state,
        "code_challenge": base64url(hashlib.sha256(verifier.encode()).digest()),
        "code_challenge_method": "S256",
        "nonce": hashed_nonce(nonce),
        "client_info": "1",
        "X-AnchorMailbox": "UPN:alice@contoso.com",
    }
    assert flow.redirect_uri == "https://app.example/back"
    assert flow.max_age is None


def test_what_the_caller_chose_stays_and_the_rest_is_left_out() -> None:
    """A state of one's own, an age; no empty parameters."""
    flow = _begun(state="mine", max_age="60")
    query = dict(parse_qsl(urlsplit(flow.auth_uri).query, keep_blank_values=True))
    assert (query["state"], query["max_age"], flow.max_age) == ("mine", "60", 60)
    assert not {"redirect_uri", "X-AnchorMailbox", "login_hint"} & query.keys()


def test_an_endpoint_with_a_query_is_added_to() -> None:
    """B2C names its policy there."""
    endpoints = Endpoints(token="t", authorization="https://x/a?p=1", realm="r")
    assert authorization_url(endpoints, (("q", "2"), ("empty", ""))) == "https://x/a?p=1&q=2"


def test_a_flow_goes_through_json_and_comes_back() -> None:
    """It is kept in a session between two requests."""
    flow = _begun(redirect_uri="https://app.example/back", max_age="60")
    again = AuthCodeFlow.from_dict(json.loads(json.dumps(flow.as_dict())))
    assert again == flow
    ageless = _begun()
    assert "max_age" not in ageless.as_dict()
    assert AuthCodeFlow.from_dict(ageless.as_dict()) == ageless


def test_a_flow_shows_no_secret() -> None:
    """I-7: neither verifier, nonce nor state."""
    flow = _begun()
    shown = repr(flow)
    for secret in (flow.state, flow.code_verifier.reveal(), flow.nonce.reveal()):
        assert secret not in shown


@pytest.mark.parametrize(
    "given",
    [None, "text", {}, {"state": ""}, {"state": 1, "scope": []}, {"state": "s"},
     {"state": "s", "scope": "User.Read"}, {"state": "s", "scope": ["User.Read", ["a"]]},
     {"state": "\ud800", "scope": []}, {"state": "s", "scope": [], "code_verifier": "\udfff"},
     {"state": "s", "scope": [], "redirect_uri": "https://app.example/\ud800"}],
)  # fmt: skip
def test_what_is_no_flow_is_refused(given: Any) -> None:
    """With a message that says where one comes from."""
    with pytest.raises(ConfigurationError, match="initiate_auth_code_flow"):
        AuthCodeFlow.from_dict(given)


def test_a_response_to_another_sign_in_is_refused_without_repeating_its_state() -> None:
    """RFC 6749 section 10.12; compared in constant time."""
    flow = _begun(state="the-state-of-mine")
    for response in (
        {},
        {"state": "the-state-of-another"},
        {"state": 1},
        {"state": "ünï"},
        {"state": "\ud800"},
    ):
        with pytest.raises(ConfigurationError) as caught:
            flow.check_state(response)
        assert caught.value.code == "state_differs"
        assert "the-state" not in str(caught.value)
    flow.check_state({"state": "the-state-of-mine"})


@pytest.mark.parametrize(
    ("info", "who"),
    [
        ("eyJ1aWQiOiJhIiwidXRpZCI6ImIifQ", "a.b"),
        ("eyJ1aWQiOiJhIn0", ""),
        ("nonsense", ""),
        (None, ""),
    ],
)
def test_who_signed_in_is_read_from_the_response(info: Any, who: str) -> None:
    """`client_info`, where it can be read."""
    assert home_account_of({"client_info": info}) == who


def test_no_nonce_has_no_digest() -> None:
    """So that nothing is compared with the digest of an empty text."""
    assert hashed_nonce("") == ""
    assert hashed_nonce("n") == hashlib.sha256(b"n").hexdigest()
