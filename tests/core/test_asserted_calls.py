"""What is asked for a user with their assertion."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from sansio_auth import (
    ClientSecret,
    ConfidentialClient,
    ConfigurationError,
    Secret,
    parse_authority,
)
from sansio_auth.authority import Endpoints
from sansio_auth.identity import Subject
from sansio_auth.partition import AssertionKey, Knowledge

_HOST = "login.microsoftonline.com"
_GUID = "11111111-2222-3333-4444-555555555555"
_SCOPE = ["https://graph.microsoft.com/.default"]


def _client(tenant: str = _GUID, **more: Any) -> ConfidentialClient:
    return ConfidentialClient(
        client_id="c",
        authority=parse_authority(f"https://{_HOST}/{tenant}"),
        credential=ClientSecret(Secret("s")),
        **more,
    )


@pytest.mark.parametrize("tenant", [_GUID, "contoso.com"])
def test_where_a_token_is_kept_depends_on_the_realm(tenant: str) -> None:
    """Computed, or learnt by discovery; before that, nowhere."""
    known = Knowledge(endpoints=Endpoints(token="t", authorization="a", realm=_GUID))
    call = _client(tenant).acquire_token_on_behalf_of("a.b.c", _SCOPE)
    expected = AssertionKey(_HOST, _GUID, "c", hashlib.sha256(b"a.b.c").hexdigest())
    assert call.partition_key(known) == expected
    assert call.partition_key() == (expected if tenant == _GUID else None)


def test_no_reason_is_given_for_a_users_request() -> None:
    """As with MSAL."""
    assert _client().acquire_token_on_behalf_of("a.b.c", []).request.cache_refresh(None, 0) == 0


@pytest.mark.parametrize("scope", ["openid", "profile", "offline_access"])
def test_openid_connects_own_scopes_are_the_librarys(scope: str) -> None:
    """It adds them to every user request."""
    with pytest.raises(ConfigurationError) as caught:
        _client().acquire_token_on_behalf_of("a.b.c", [scope, "x"])
    assert caught.value.code == "scopes_reserved"


def test_what_is_sent_is_decorated_without_what_was_excluded() -> None:
    """What is looked up is not."""
    client = _client(exclude_scopes=frozenset({"offline_access"}))
    request: Any = client.acquire_token_on_behalf_of("a.b.c", ["x"]).request
    assert request.requested == ("openid", "profile", "x")
    assert request.scopes == ("x",)


@pytest.mark.parametrize("assertion", ["", "Bearer a.b.c", "bearer a.b.c", "a b\n", "ü", b"\xff"])
def test_an_assertion_that_cannot_be_one_is_refused(assertion: Any) -> None:
    """And not repeated."""
    with pytest.raises(ConfigurationError, match="user_assertion") as caught:
        _client().acquire_token_on_behalf_of(assertion, ["x"])
    assert caught.value.code == "assertion"
    assert "a.b.c" not in str(caught.value)


@pytest.mark.parametrize("assertion", ["a.b.c", b"a.b.c", Secret("a.b.c")])
def test_an_assertion_comes_as_text_bytes_or_secret(assertion: Any) -> None:
    """And is the same one."""
    request: Any = _client().acquire_token_on_behalf_of(assertion, ["x"]).request
    assert request.digest == hashlib.sha256(b"a.b.c").hexdigest()
    assert "a.b.c" not in repr(request)


def test_a_user_who_is_acted_for_is_known_by_the_assertion_alone() -> None:
    """By its digest; nobody has said a name."""
    request: Any = _client().acquire_token_on_behalf_of("a.b.c", ["x"]).request
    digest = hashlib.sha256(b"a.b.c").hexdigest()
    assert request.subject == Subject("assertion", digest)
    assert request.identity(None).subject == request.subject
    assert request.username == ""
