"""Tokens of an application itself: what is asked, and where the answer is filed."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from sansio_auth import AccessToken, HttpResponse, Policy, Tokens
from sansio_auth.partition import SECRET, AppKey, KnowledgeKey
from sansio_auth.testing import World, explain
from tests.core.grants.users import HOST, TENANT, WEB_API, client, world

_GRAPH = ["https://graph.microsoft.com/.default"]
_MINE = AppKey(HOST, TENANT, WEB_API)


def _token(secret: str = "AT", **members: Any) -> HttpResponse:
    body = {"access_token": secret, "token_type": "Bearer", "expires_in": 3_600, **members}
    return HttpResponse(200, body=json.dumps(body).encode())


def _mine(at: World) -> Tokens:
    found = at.partitions[_MINE]
    assert isinstance(found, Tokens)
    return found


def test_an_application_asks_for_a_token_of_its_own() -> None:
    """RFC 6749 section 4.4.2, at the tenant's own endpoint, with MSAL's telemetry."""
    at = world()
    outcome = at.play(client().acquire_token_for_client(_GRAPH)).result
    assert isinstance(outcome, AccessToken)
    ((request, _),) = at.exchanges
    assert (request.method, request.url) == ("POST", at.tenant.token_endpoint)
    assert dict(request.form or ()) == {
        "client_id": WEB_API,
        "grant_type": "client_credentials",
        "scope": _GRAPH[0],
        "client_info": "1",
        "client_secret": "the-application's-secret",
    }
    assert dict(request.headers)["x-client-current-telemetry"] == "4|730,2|"
    facts = explain(at.tenant, outcome.token.reveal())
    assert facts is not None
    assert (facts.client_id, facts.username) == (WEB_API, None)


def test_the_token_is_filed_under_the_application() -> None:
    """With the times of the answer, and that this client has been seen."""
    at = world()
    outcome = at.play(client().acquire_token_for_client(_GRAPH)).result
    assert isinstance(outcome, AccessToken)
    now, life = int(at.clock.now), at.tenant.token_life
    assert set(at.partitions) == {_MINE}
    assert list(_mine(at).access.values()) == [
        (outcome.token.reveal(), "Bearer", _GRAPH[0], now, now + life, now + life, None)
    ]
    assert outcome.expires_on == now + life
    assert dict(_mine(at).clients) == {WEB_API: None}


def test_an_answer_that_names_a_user_is_the_applications_all_the_same() -> None:
    """I-3: this grant has no user, whoever the answer says it is for."""
    info = base64.urlsafe_b64encode(b'{"uid":"somebody","utid":"else"}').decode()
    at = world()
    at.faults = [_token(client_info=info, refresh_token="RT", foci="1")]
    assert isinstance(at.play(client().acquire_token_for_client(_GRAPH)).result, AccessToken)
    assert set(at.partitions) == {_MINE}
    assert (dict(_mine(at).refresh), dict(_mine(at).accounts)) == ({}, {})
    assert dict(_mine(at).clients) == {WEB_API: "1"}


@pytest.mark.parametrize("granted", ["api://b/.default", "", "api://b/.default api://c/.default"])
def test_a_token_is_kept_for_the_scopes_that_were_granted(granted: str) -> None:
    """Where the server names others than were asked for, theirs are the token's."""
    at = world()
    at.faults = [_token(scope=granted)]
    assert isinstance(at.play(client().acquire_token_for_client(["api://a/.default"])).result,
                      AccessToken)  # fmt: skip
    assert [key[-1] for key in _mine(at).access] == [granted]
    for scope in granted.split():
        found = at.play(client().acquire_token_for_client([scope])).result
        assert isinstance(found, AccessToken)
        assert found.source == "cache"


def test_a_token_with_more_scopes_serves_a_call_for_fewer() -> None:
    """And not the other way round."""
    at = world()
    at.faults = [_token("wide"), _token("narrow")]
    for scopes, wanted in ((["a", "b"], "wide"), (["b"], "wide"), (["a", "b", "c"], "narrow")):
        outcome = at.play(client().acquire_token_for_client(scopes)).result
        assert isinstance(outcome, AccessToken)
        assert outcome.token.reveal() == wanted


def test_a_token_that_is_over_on_arrival_leaves_only_that_the_client_was_seen() -> None:
    """There is nothing to keep of it."""
    at = world()
    at.faults = [_token(expires_in=0)]
    assert isinstance(at.play(client().acquire_token_for_client(_GRAPH)).result, AccessToken)
    assert (len(_mine(at).access), list(_mine(at).clients)) == (0, [WEB_API])


def test_what_sets_a_token_apart_is_kept_apart() -> None:
    """Another path, other claims of a client, another scheme: four tokens in one partition."""
    at = world()
    options: list[dict[str, Any]] = [
        {},
        {"data": {"fmi_path": "a/b"}},
        {"forwarded_client_claims": '{"a":1}'},
        {"data": {"token_type": "pop", "req_cnf": "x", "key_id": "k"}},
    ]
    at.faults = [_token("0"), _token("1"), _token("2"), _token("3", token_type="pop")]
    for _ in range(2):
        found = [at.play(client().acquire_token_for_client(_GRAPH, **it)).result for it in options]
        assert [it.token.reveal() for it in found if isinstance(it, AccessToken)] == list("0123")
    assert len(at.exchanges) == 4
    assert len(_mine(at).access) == 4


def test_no_more_tokens_are_kept_than_the_policy_says() -> None:
    """The first to expire goes."""
    at = world()
    by = client(policy=Policy(max_entries=2))
    for number in range(3):
        at.faults = [_token(str(number), expires_in=1_000 + number)]
        _ = at.play(by.acquire_token_for_client([f"api://{number}/.default"]))
    assert [row[SECRET] for row in _mine(at).access.values()] == ["1", "2"]


def test_a_tenants_own_name_and_its_id_are_one_partition() -> None:
    """The realm is the id that discovery found, beside what is known of the authority."""
    at = world()
    by = client("contoso.com")
    assert isinstance(at.play(by.acquire_token_for_client(_GRAPH)).result, AccessToken)
    assert set(at.partitions) == {_MINE, KnowledgeKey(by.authority.url)}
