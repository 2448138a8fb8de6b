"""What is asked for a signed-in user, and for whom such an answer is."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, Final

import pytest
from attrs import evolve

from sansio_auth import (
    ClientSecret,
    ConfidentialClient,
    ConfigurationError,
    Secret,
    Tokens,
    apply,
    parse_authority,
)
from sansio_auth.client import Call
from sansio_auth.identity import token_key
from sansio_auth.partition import AccessTokenStored, UserKey
from sansio_auth.user_calls import SignIn, SilentRefresh, session_digest

_TENANT: Final = "11111111-2222-3333-4444-555555555555"
_HOME: Final = f"uid.{_TENANT}"
_SCOPES: Final = ("User.Read",)
_CLIENT: Final = ConfidentialClient(
    client_id="c",
    authority=parse_authority(f"https://login.microsoftonline.com/{_TENANT}"),
    credential=ClientSecret(Secret("s")),
)
_CALLS: Final[dict[str, Callable[..., Call[Any]]]] = {
    "refresh_token": lambda it="rt": _CLIENT.acquire_token_by_refresh_token(it, _SCOPES),
    "code": lambda it="code": _CLIENT.acquire_token_by_authorization_code(
        it, _SCOPES, redirect_uri="https://app.example/back"
    ),
    "password": lambda it="password": _CLIENT.acquire_token_by_username_password(
        "alice@contoso.com", it, _SCOPES
    ),
    "assertion": lambda it="a.b.c": _CLIENT.acquire_token_by_user_federated_identity_credential(
        _SCOPES, it, username="alice@contoso.com"
    ),
    "session_key": lambda it="key": _CLIENT.acquire_token_in_long_running_session(it, _SCOPES),
}


@pytest.mark.parametrize("which", sorted({*_CALLS} - {"password"}))
def test_what_is_redeemed_must_be_there(which: str) -> None:
    """An empty text is named before any request."""
    with pytest.raises(ConfigurationError, match=which):
        _CALLS[which]("")


@pytest.mark.parametrize("which", sorted(_CALLS))
def test_what_is_redeemed_is_not_shown(which: str) -> None:
    """Neither by the call nor by what it asks (I-7)."""
    call = _CALLS[which]("canary-in-a-call")
    assert "canary" not in repr(call)
    assert "canary" not in repr(call.request)
    assert "canary" not in repr(call.identity(None))


@pytest.mark.parametrize("which", sorted(_CALLS))
def test_two_things_redeemed_are_two_identities(which: str) -> None:
    """And the same thing twice is one."""
    assert _CALLS[which]().identity(None) == _CALLS[which]().identity(None)
    assert (_CALLS[which]().identity(None), _CALLS[which]().demand) != (
        _CALLS[which]("else").identity(None),
        _CALLS[which]("else").demand,
    )


def test_a_code_is_redeemed_once_and_a_refresh_token_may_be_tried_again() -> None:
    """What a server takes once must not be sent twice."""
    assert not _CALLS["code"]().request.repeatable
    assert _CALLS["code"]().request.one_time


def test_the_user_of_a_federated_credential_is_named_once() -> None:
    """By name or by object id, not by both or neither."""
    whos: tuple[Any, ...] = ({}, {"username": "a@b.c", "user_object_id": "oid"})
    for who in whos:
        with pytest.raises(ConfigurationError, match="exactly one"):
            _CLIENT.acquire_token_by_user_federated_identity_credential(_SCOPES, "a.b.c", **who)


def test_requests_are_anchored_to_their_user() -> None:
    """By name, or by object and tenant id; nobody where nobody is known."""
    assert _CALLS["password"]().request.anchor == "upn:alice@contoso.com"
    assert not _CALLS["refresh_token"]().request.anchor
    federated: Any = _CALLS["assertion"]().request
    assert federated.username == "alice@contoso.com"
    assert federated.anchor == "upn:alice@contoso.com"
    by_id = _CLIENT.acquire_token_by_user_federated_identity_credential(
        _SCOPES, "a.b.c", user_object_id="oid"
    )
    assert by_id.request.anchor == f"Oid:oid@{_TENANT}"


def test_a_silent_refresh_is_a_refresh_with_an_anchor() -> None:
    """And tells why it is made."""
    given: Any = {"registration": _CLIENT, "scopes": _SCOPES, "requested": _SCOPES}
    call = SilentRefresh(
        refresh_token=Secret("rt"), home_account_id=_HOME, reason=3, **_known(given)
    )
    assert call.cache_refresh(None, 0.0) == 3
    assert call.anchor == f"Oid:uid@{_TENANT}"


def test_every_kind_of_call_has_its_subject_and_its_number() -> None:
    """By a digest of what was given, with the numbers that MSAL's telemetry has."""
    begin = _CLIENT.initiate_long_running_on_behalf_of("a.b.c", "key", _SCOPES)
    session = session_digest("key")
    for call, kind, api_id in (
        (_CALLS["refresh_token"](), "code", "85"),
        (_CALLS["code"](), "code", "832"),
        (_CALLS["password"](), "code", "301"),
        (_CALLS["assertion"](), "assertion", "950"),
        (_CALLS["session_key"](), "session", "523"),
        (begin, "session", "523"),
        (_CLIENT.acquire_token_silent(_SCOPES, _HOME), "account", "84"),
    ):
        assert (call.request.subject.kind, call.request.api_id) == (kind, api_id)
    assert _CALLS["session_key"]().request.subject.value == session
    assert begin.request.subject.value not in {session, ""}
    assert session == "session-" + hashlib.sha256(b"7:session3:key").hexdigest()


def test_nothing_is_looked_up_for_what_is_redeemed() -> None:
    """Nor for a session that begins."""
    for which in ("refresh_token", "code", "password"):
        call = _CALLS[which]()
        assert call.partition_key() is None
        assert call.usable(Tokens(), 0.0) is None
    begin = _CLIENT.initiate_long_running_on_behalf_of("a.b.c", "key", _SCOPES)
    key = token_key(_SCOPES)
    row = ("T", "Bearer", "User.Read", 0, 9_999, 9_999, None)
    tokens = apply(Tokens(), AccessTokenStored(key, row))
    assert begin.usable(tokens, 1.0) is None
    assert _CALLS["session_key"]().usable(tokens, 1.0) == row


def test_why_a_request_is_made_is_told_as_msal_tells_it() -> None:
    """A refresh token that somebody brings: nothing was looked up. A silent call: it depends."""
    silent = _CLIENT.acquire_token_silent(_SCOPES, _HOME).request
    key = token_key(_SCOPES, owner=("c", _TENANT))
    due = ("T", "Bearer", "User.Read", 0, 9_999, 9_999, 5)
    over = ("T", "Bearer", "User.Read", 0, 5, 5, None)
    reasons = [
        silent.cache_refresh(apply(Tokens(), AccessTokenStored(key, row)), 10.0)
        for row in (due, over)
    ]
    assert [silent.cache_refresh(Tokens(), 10.0), *reasons] == [2, 4, 3]
    assert _CALLS["refresh_token"]().request.cache_refresh(None, 0.0) == 1
    assert _CALLS["code"]().request.cache_refresh(None, 0.0) == 0


def test_a_known_users_tokens_are_kept_in_their_partition_by_realm() -> None:
    """The realm is computed, or what discovery finds."""
    by_name = evolve(
        _CLIENT, authority=parse_authority("https://login.microsoftonline.com/contoso.com")
    )
    silent: Any = by_name.acquire_token_silent(_SCOPES, _HOME).request
    assert silent.partition_key(None) == UserKey("login.microsoftonline.com", _HOME)
    assert silent.key == token_key(_SCOPES, owner=("c", ""))
    assert silent.at(_TENANT).key == token_key(_SCOPES, owner=("c", _TENANT))


def test_who_signed_in_is_anchored_where_the_response_told_who() -> None:
    """By object and tenant id; else by nothing."""
    code: Any = _CALLS["code"]().request
    assert code.anchor == ""
    assert evolve(code, home_account_id=_HOME).anchor == f"Oid:uid@{_TENANT}"
    by_password: Any = _CALLS["password"]().request
    by_token: Any = _CALLS["refresh_token"]().request
    assert (by_password.username, by_token.username) == ("alice@contoso.com", "")


def test_a_sign_in_is_for_nobody_yet() -> None:
    """No request is made, and nothing is kept."""
    given: Any = {"registration": _CLIENT, "scopes": _SCOPES, "requested": _SCOPES}
    call: Any = SignIn(**_known(given))
    assert call.subject.kind == "code"
    assert call.partition_key(None) is None
    assert call.usable(None, 0.0) is None


def _known(given: dict[str, Any]) -> dict[str, Any]:
    """Return those of the members that a call has."""
    from attrs import fields

    return {
        name: value for name, value in given.items() if name in {f.name for f in fields(SignIn)}
    }
