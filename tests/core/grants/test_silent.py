"""Tokens for users who are known here: from the cache, and by refresh token."""

from __future__ import annotations

import json
from typing import Any

import pytest
from attrs import evolve

from sansio_auth import (
    AccessToken,
    Failure,
    HttpResponse,
    NotCached,
    Policy,
    Refusal,
    ResponseError,
    TransportError,
)
from sansio_auth.partition import AccountSeen, RefreshTokenStored, UserKey
from sansio_auth.testing import World, explain
from tests.core.grants.users import (
    ALICE,
    HOST,
    TENANT,
    WEB_API,
    alices,
    client,
    family,
    signed_in,
    with_refresh_token,
    world,
)


def _silent(at: World, scope: str = "User.Read", **options: Any) -> Any:
    by = options.pop("by", None) or client()
    return at.play(by.acquire_token_silent([scope], ALICE, **options))


def test_nobody_known_is_nothing_found() -> None:
    """Neither a token nor a refresh token: no request, and no error."""
    at = world()
    assert isinstance(_silent(at).result, NotCached)
    assert at.exchanges == []


@pytest.mark.parametrize("tenant", [TENANT, "contoso.com"])
def test_a_fresh_token_is_served_from_the_cache(tenant: str) -> None:
    """Also where the realm is known by discovery only."""
    by = client(tenant)
    at = signed_in(world(), by)
    before = len(at.exchanges)
    outcome = _silent(at, by=by).result
    assert isinstance(outcome, AccessToken)
    assert outcome.source == "cache"
    assert len(at.exchanges) == before


def test_another_scope_is_got_by_refresh_token() -> None:
    """With who the user is in a header; the new refresh token takes the place of the old one."""
    at = signed_in(world())
    before = alices(at)
    outcome = _silent(at, "Mail.Read").result
    assert isinstance(outcome, AccessToken)
    assert outcome.home_account_id == ALICE
    request, _ = at.exchanges[-1]
    assert dict(request.headers)["X-AnchorMailbox"] == f"Oid:{ALICE.replace('.', '@')}"
    assert dict(request.headers)["x-client-current-telemetry"] == "4|84,2|"
    after = alices(at)
    assert after.refresh.keys() == before.refresh.keys()
    assert after.refresh != before.refresh
    assert len(after.access) == len(before.access) + 1
    facts = explain(at.tenant, outcome.token.reveal())
    assert facts is not None
    assert facts.username == "alice@contoso.com"


@pytest.mark.parametrize("options", [{}, {"correlation_id": "mine"}])
def test_a_client_that_says_nothing_of_itself_names_no_request(options: dict[str, str]) -> None:
    """Unless its caller does."""
    by = client(policy=Policy(send_telemetry=False))
    at = signed_in(world())
    assert isinstance(_silent(at, "Mail.Read", by=by, **options).result, AccessToken)
    told = {name for name, _ in at.exchanges[-1][0].headers}
    assert ("client-request-id" in told) is bool(options)


def test_a_sign_out_meanwhile_is_not_undone() -> None:
    """A silent call adds no account (observed)."""
    at = signed_in(world())
    key = UserKey(HOST, ALICE)
    at.partitions[key] = evolve(alices(at), accounts={})
    assert isinstance(_silent(at, "Mail.Read").result, AccessToken)
    assert alices(at).accounts == {}


@pytest.mark.parametrize("options", [{"force_refresh": True}, {"claims_challenge": "{}"}])
def test_the_cache_can_be_passed_over(options: dict[str, Any]) -> None:
    """By force, or because an API wants more."""
    at = signed_in(world())
    outcome = _silent(at, **options).result
    assert isinstance(outcome, AccessToken)
    assert outcome.source == "identity_provider"
    assert dict(at.exchanges[-1][0].headers)["x-client-current-telemetry"] == "4|84,1|"


def test_a_token_due_for_refresh_is_refreshed_and_served_where_that_fails() -> None:
    """I-1: refused, unreachable, or by a server that breaks the protocol."""
    at = signed_in(world(refresh_in=1_000))
    at.clock.advance(1_100)
    assert isinstance(fresh := _silent(at).result, AccessToken)
    assert fresh.source == "identity_provider"
    at.clock.advance(1_100)
    for fault in (Failure("tls"), HttpResponse(200, body=b"[]")):
        at.faults = [fault] * 4
        outcome = _silent(at).result
        assert isinstance(outcome, AccessToken)
        assert "refresh_failed" in outcome.metadata.warnings
    at.faults = []
    for token in alices(at).refresh.values():
        at.tenant = at.tenant.revoke(token[0])
    outcome = _silent(at).result
    assert isinstance(outcome, AccessToken)
    assert outcome.metadata.refusal is not None
    assert outcome.metadata.refusal.error == "invalid_grant"


def test_a_due_token_without_any_refresh_token_is_served() -> None:
    """There is nothing to ask with."""
    at = signed_in(world(refresh_in=1_000))
    at.partitions[UserKey(HOST, ALICE)] = evolve(alices(at), refresh={})
    at.clock.advance(1_100)
    outcome = _silent(at).result
    assert isinstance(outcome, AccessToken)
    assert outcome.source == "cache"


def test_a_refusal_is_what_is_left_when_no_refresh_token_is_taken() -> None:
    """And the same refusal for a minute, without a request."""
    at = signed_in(world())
    (token,) = alices(at).refresh.values()
    at.tenant = at.tenant.revoke(token[0])
    outcome = _silent(at, "Mail.Read").result
    assert isinstance(outcome, Refusal)
    assert (outcome.error, outcome.suberror) == ("invalid_grant", "bad_token")
    before = len(at.exchanges)
    assert isinstance(_silent(at, "Mail.Read").result, Refusal)
    assert len(at.exchanges) == before


def test_no_connection_is_an_error_where_nothing_is_cached() -> None:
    """With the flow's correlation id."""
    at = signed_in(world())
    at.faults = [Failure("connect", sent=False)] * 4
    flow = _silent(at, "Mail.Read")
    with pytest.raises(TransportError) as caught:
        _ = flow.result
    assert caught.value.correlation_id


def test_a_refresh_token_that_may_have_arrived_is_not_sent_again() -> None:
    """It could be spent; a connection that was never made is tried once more."""
    at = signed_in(world())
    before = len(at.exchanges)
    at.faults = [Failure("incomplete")]
    assert isinstance(_silent(at, "Mail.Read").error, TransportError)
    assert len(at.exchanges) == before + 1
    at.faults = [Failure("connect", sent=False)]
    assert isinstance(_silent(at, "Files.Read").result, AccessToken)


def test_the_newest_refresh_token_is_tried_first() -> None:
    """And the next one where it is refused."""
    at = signed_in(world())
    at.clock.advance(10)
    stale = RefreshTokenStored((WEB_API, "", "other"), ("nonsense", int(at.clock.now)))
    with_refresh_token(at, stale)
    assert isinstance(_silent(at, "Mail.Read").result, AccessToken)
    assert [form["refresh_token"] == "nonsense" for form in at.sent[-2:]] == [True, False]


# --- families ----------------------------------------------------------------------------------


def test_a_familys_refresh_token_serves_a_client_that_nobody_knows_yet() -> None:
    """Another client of the family signed alice in; this one has nothing of its own."""
    at = signed_in(family(world(), WEB_API, "other"), client(client_id="other"))
    outcome = _silent(at, "Mail.Read").result
    assert isinstance(outcome, AccessToken)
    assert alices(at).clients[WEB_API] == "1"


def test_a_client_that_is_not_of_the_family_tries_once_and_then_its_own() -> None:
    """`client_mismatch` ends the tries with the family's tokens, not the search."""
    at = signed_in(family(world(), "other", "third"), client(client_id="other"))
    at = signed_in(at, client(client_id="third"))
    signed_in(at)
    tokens = alices(at)
    clients = {name: it for name, it in tokens.clients.items() if name != WEB_API}
    at.partitions[UserKey(HOST, ALICE)] = evolve(tokens, clients=clients)
    before = len(at.exchanges)
    assert isinstance(_silent(at, "Mail.Read").result, AccessToken)
    statuses = [
        answer.status for _, answer in at.exchanges[before:] if isinstance(answer, HttpResponse)
    ]
    assert statuses == [400, 200]


def test_the_mismatch_is_read_from_either_member() -> None:
    """Entra words it as `suberror` or in `error_additional_info`."""
    at = signed_in(family(world(), "other", "third"), client(client_id="other"))
    at = signed_in(at, client(client_id="third"))
    body = {"error": "invalid_grant", "error_additional_info": ["client_mismatch"]}
    at.faults = [HttpResponse(400, body=json.dumps(body).encode())]
    before = len(at.exchanges)
    assert isinstance(_silent(at, "Mail.Read").result, Refusal)
    assert len(at.exchanges) == before + 1


# --- aliases -----------------------------------------------------------------------------------


def test_a_user_of_another_host_of_the_same_cloud_is_found_there() -> None:
    """First a token that is stored there, then a refresh token; nobody is asked about aliases."""
    at = signed_in(world(), client(host="login.windows.net"))
    before = len(at.exchanges)
    outcome = _silent(at).result
    assert isinstance(outcome, AccessToken)
    assert outcome.source == "cache"
    assert len(at.exchanges) == before
    assert isinstance(_silent(at, "Mail.Read").result, AccessToken)
    assert at.exchanges[-1][0].url.startswith("https://login.windows.net/")
    assert len(at.exchanges) == before + 1


def test_a_refusal_at_another_host_is_not_the_outcome() -> None:
    """Nothing was found here, and nothing came of the other host."""
    at = signed_in(world(), client(host="login.windows.net"))
    (token,) = alices(at, "login.windows.net").refresh.values()
    at.tenant = at.tenant.revoke(token[0])
    assert isinstance(_silent(at, "Mail.Read").result, NotCached)


def test_a_user_without_tokens_at_another_host_is_passed_over() -> None:
    """An account alone is nothing to ask with."""
    at = world()
    key = UserKey("login.windows.net", ALICE)
    from sansio_auth import Tokens, apply

    at.partitions[key] = apply(
        Tokens(), AccountSeen(TENANT, ("a", "alice@contoso.com", "MSSTS", None))
    )
    assert isinstance(_silent(at).result, NotCached)


# --- whose token ------------------------------------------------------------------------------


def test_a_token_of_another_account_is_refused() -> None:
    """I-3: the refresh token of one account must not bring the token of another."""
    at = signed_in(world())
    outcome = at.play(
        client().acquire_token_by_username_password(
            "alice@contoso.com", "alice's-password", ["User.Read"]
        )
    )
    assert isinstance(outcome.result, AccessToken)
    answer = dict(outcome.result.response)
    answer["client_info"] = "eyJ1aWQiOiJzb21lYm9keSIsInV0aWQiOiJlbHNlIn0"
    at.faults = [HttpResponse(200, body=json.dumps(answer).encode())]
    flow = _silent(at, "Mail.Read")
    assert isinstance(flow.error, ResponseError)
    assert flow.error.code == "another_account"
