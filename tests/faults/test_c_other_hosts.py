"""Section C: other hosts: who vouches for one, and the aliases of a cloud."""

from __future__ import annotations

import time

import pytest
from attrs import evolve

from sansio_auth import AuthorityError
from sansio_auth.testing import example_tenant, user_token
from sansio_auth_adapters import TokenCache
from tests.faults.aids import GRAPH, WEB_API, Answer, Line, app_of
from tests.faults.rows import row

_GUID = "11111111-2222-3333-4444-555555555555"
_PRIVATE = "https://login.contoso.example"


@pytest.mark.parametrize(
    "status", [row(106, "400", 400), row(106, "200", 200), row(106, "404", 404)]
)
def test_a_host_that_microsoft_does_not_know_has_a_remedy(status: int) -> None:
    """Which the error names; no credential was sent."""
    line = Line(Answer(status, '{"error":"invalid_instance"}'))
    with pytest.raises(AuthorityError, match="instance_discovery=False") as caught:
        app_of(line, authority=f"{_PRIVATE}/contoso.com").acquire_token_for_client([GRAPH])
    assert caught.value.code == "invalid_instance"
    assert [method for method, _, _ in line.asked] == ["GET"]


def _assertion(line: Line) -> str:
    return user_token(line.tenant, "alice@contoso.com", WEB_API, time.time())


@pytest.mark.parametrize(
    "alias", [row(109, "windows", "login.windows.net"), row(109, "sts", "sts.windows.net")]
)
def test_an_alias_finds_users_tokens_and_no_applications(alias: str) -> None:
    """The table is static: nobody is asked what belongs together."""
    line = Line(tenant=evolve(example_tenant(), hosts=frozenset({alias})))
    cache = TokenCache()
    first = app_of(line, token_cache=cache)
    other = app_of(line, authority=f"https://{alias}/{_GUID}", token_cache=cache)
    user = first.acquire_token_on_behalf_of(_assertion(line), ["User.Read"])
    mine = first.acquire_token_for_client([GRAPH])
    (account,) = other.get_accounts()
    found = other.acquire_token_silent(["User.Read"], account)
    assert found is not None
    assert found["access_token"] == user["access_token"]
    assert len(line.asked) == 2
    assert other.acquire_token_for_client([GRAPH])["access_token"] != mine["access_token"]
    assert len(line.asked) == 3
