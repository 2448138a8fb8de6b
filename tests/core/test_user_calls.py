"""What is asked for a signed-in user, and for whom such an answer is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest

from sansio_auth import (
    ClientSecret,
    ConfidentialClient,
    ConfigurationError,
    Secret,
    parse_authority,
)
from sansio_auth.client import Call
from sansio_auth.user_calls import SignIn, SilentRefresh

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
