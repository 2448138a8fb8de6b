"""A tenant as a value, and the tokens it makes."""

from __future__ import annotations

import pytest

from sansio_auth.testing import Resource, Tenant, example_tenant, explain, user_token
from tests.core.testing.asking import NOW, WEB_API, app_token, ask, tenant


def test_a_tenant_knows_where_it_lives() -> None:
    """Authority, token endpoint and issuer follow from the origin and the id."""
    at = Tenant("t", origin="https://login.example")
    assert at.authority == "https://login.example/t"
    assert at.token_endpoint == "https://login.example/t/oauth2/v2.0/token"
    assert at.issuer == "https://login.example/t/v2.0"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("11111111-2222-3333-4444-555555555555", True),
        ("Contoso.COM", True),
        ("fabrikam.com", False),
    ],
)
def test_a_tenant_is_named_by_its_id_or_a_domain(name: str, *, meant: bool) -> None:
    """In any case of letters."""
    assert example_tenant().named(name) is meant


def test_a_token_says_what_it_was_issued_for() -> None:
    """Who, what, until when, and the number of the token."""
    after, _, members = app_token(tenant())
    facts = explain(after, members["access_token"])
    assert facts is not None
    assert (facts.client_id, facts.audience) == (WEB_API, "https://graph.microsoft.com")
    assert (facts.issued_at, facts.expires_at) == (int(NOW), int(NOW) + 3599)
    assert (facts.username, facts.number, facts.kind) == (None, 1, "access")


@pytest.mark.parametrize("spoil", [lambda t: t[:-2] + "xx", lambda t: "", lambda t: "a.b.c"])
def test_a_token_that_was_altered_says_nothing(spoil: object) -> None:
    """It is authenticated with the tenant's own key."""
    after, _, members = app_token(tenant())
    assert callable(spoil)
    assert explain(after, spoil(members["access_token"])) is None


def test_a_users_token_is_for_one_application_and_one_time() -> None:
    """Another user, application or second makes another token; the same makes the same."""
    at = tenant()
    made = {
        user_token(at, user, client, now)
        for user in ("alice@contoso.com", "bob@contoso.com")
        for client in (WEB_API, "another")
        for now in (NOW, NOW + 1)
    }
    assert len(made) == 8
    assert user_token(at, "alice@contoso.com", WEB_API, NOW) in made


def test_a_revoked_token_is_remembered_by_what_it_says() -> None:
    """And revoking what is no token changes nothing."""
    after, _, members = ask(
        tenant(),
        grant_type="password",
        username="alice@contoso.com",
        password="alice's-password",
        scope="User.Read offline_access",
    )
    assert after.revoke("nonsense") is after
    revoked = after.revoke(members["refresh_token"])
    assert len(revoked.revoked) == 1


def test_what_a_tenant_shows_of_itself_holds_no_secret() -> None:
    """Secrets, certificates and the seed are not in its repr."""
    at = tenant()
    assert "the-application's-secret" not in repr(at)
    assert "seed" not in repr(at)
    assert Resource("api://x").challenge is None
