"""What is asked for a user with their assertion."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from sansio_auth import (
    ConfigurationError,
    Secret,
)
from sansio_auth.authority import Endpoints
from sansio_auth.identity import Subject
from sansio_auth.partition import AssertionKey, Knowledge
from tests.core.registered import GUID, HOST, SCOPE, client_of


@pytest.mark.parametrize("tenant", [GUID, "contoso.com"])
def test_where_a_token_is_kept_depends_on_the_realm(tenant: str) -> None:
    """Computed, or learnt by discovery; before that, nowhere."""
    known = Knowledge(endpoints=Endpoints(token="t", authorization="a", realm=GUID))
    call = client_of(tenant).acquire_token_on_behalf_of("a.b.c", SCOPE)
    expected = AssertionKey(HOST, GUID, "c", hashlib.sha256(b"a.b.c").hexdigest())
    assert call.partition_key(known) == expected
    assert call.partition_key() == (expected if tenant == GUID else None)


def test_no_reason_is_given_for_a_users_request() -> None:
    """As with MSAL."""
    assert client_of().acquire_token_on_behalf_of("a.b.c", []).request.cache_refresh(None, 0) == 0


@pytest.mark.parametrize("scope", ["openid", "profile", "offline_access"])
def test_openid_connects_own_scopes_are_the_librarys(scope: str) -> None:
    """It adds them to every user request."""
    with pytest.raises(ConfigurationError) as caught:
        client_of().acquire_token_on_behalf_of("a.b.c", [scope, "x"])
    assert caught.value.code == "scopes_reserved"


def test_what_is_sent_is_decorated_without_what_was_excluded() -> None:
    """What is looked up is not."""
    client = client_of(exclude_scopes=frozenset({"offline_access"}))
    request: Any = client.acquire_token_on_behalf_of("a.b.c", ["x"]).request
    assert request.requested == ("openid", "profile", "x")
    assert request.scopes == ("x",)


@pytest.mark.parametrize("assertion", ["", "Bearer a.b.c", "bearer a.b.c", "a b\n", "ü", b"\xff"])
def test_an_assertion_that_cannot_be_one_is_refused(assertion: Any) -> None:
    """And not repeated."""
    with pytest.raises(ConfigurationError, match="user_assertion") as caught:
        client_of().acquire_token_on_behalf_of(assertion, ["x"])
    assert caught.value.code == "assertion"
    assert "a.b.c" not in str(caught.value)


@pytest.mark.parametrize("assertion", ["a.b.c", b"a.b.c", Secret("a.b.c")])
def test_an_assertion_comes_as_text_bytes_or_secret(assertion: Any) -> None:
    """And is the same one."""
    request: Any = client_of().acquire_token_on_behalf_of(assertion, ["x"]).request
    assert request.digest == hashlib.sha256(b"a.b.c").hexdigest()
    assert "a.b.c" not in repr(request)


def test_a_user_who_is_acted_for_is_known_by_the_assertion_alone() -> None:
    """By its digest; nobody has said a name."""
    request: Any = client_of().acquire_token_on_behalf_of("a.b.c", ["x"]).request
    digest = hashlib.sha256(b"a.b.c").hexdigest()
    assert request.subject == Subject("assertion", digest)
    assert request.identity(None).subject == request.subject
    assert request.username == ""
