"""Tokens for the user who called us: what is asked, whose it is, how it is found again."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from sansio_auth import AccessToken, Failure, HttpResponse, Refusal, Tokens, TransportError
from sansio_auth.partition import AppKey, AssertionKey, UserKey
from sansio_auth.testing import World, explain, user_token
from tests.core.grants.users import ALICE, HOST, TENANT, WEB_API, alices, client, world

_SCOPES = ["User.Read"]


def _assertion(at: World, username: str = "alice@contoso.com") -> str:
    return user_token(at.tenant, username, WEB_API, at.clock.now)


def _key(assertion: str) -> AssertionKey:
    return AssertionKey(HOST, TENANT, WEB_API, hashlib.sha256(assertion.encode()).hexdigest())


def _ask(at: World, assertion: str, scopes: list[str] | None = None, **options: Any) -> Any:
    by = options.pop("by", None) or client()
    return at.play(by.acquire_token_on_behalf_of(assertion, scopes or _SCOPES, **options))


def _filed(at: World, assertion: str) -> Tokens:
    found = at.partitions[_key(assertion)]
    assert isinstance(found, Tokens)
    return found


# --- what is asked -----------------------------------------------------------------------------


def test_the_users_token_is_exchanged_for_one_for_the_next_service() -> None:
    """Microsoft's form of RFC 7523 section 2.1, with OpenID Connect's own scopes too."""
    at = world()
    assertion = _assertion(at)
    outcome = _ask(at, assertion).result
    assert isinstance(outcome, AccessToken)
    ((request, _),) = at.exchanges
    assert dict(request.form or ()) == {
        "client_id": WEB_API,
        "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "assertion": assertion,
        "requested_token_use": "on_behalf_of",
        "scope": "User.Read offline_access openid profile",
        "client_info": "1",
        "client_secret": "the-application's-secret",
    }
    headers = dict(request.headers)
    assert headers["x-client-current-telemetry"] == "4|523,0|"
    assert "X-AnchorMailbox" not in headers
    facts = explain(at.tenant, outcome.token.reveal())
    assert facts is not None
    assert facts.username == "alice@contoso.com"
    assert outcome.home_account_id == ALICE


def test_scopes_that_are_excluded_are_not_sent() -> None:
    """And without `offline_access` there is no refresh token to keep."""
    at = world()
    assertion = _assertion(at)
    by = client(exclude_scopes=frozenset({"offline_access", "profile"}))
    assert isinstance(_ask(at, assertion, by=by).result, AccessToken)
    assert at.sent[0]["scope"] == "User.Read openid"
    assert dict(_filed(at, assertion).refresh) == {}
    assert dict(alices(at).refresh) == {}


def test_it_never_goes_to_a_region() -> None:
    """Observed: client credentials alone do."""
    at = world()
    assert isinstance(_ask(at, _assertion(at), by=client(region="westus2")).result, AccessToken)
    assert [request.url for request, _ in at.exchanges] == [at.tenant.token_endpoint]


# --- where it is filed -------------------------------------------------------------------------


def test_what_is_got_is_filed_twice() -> None:
    """Under the assertion, for the next call, and under the user, for accounts and sign-out."""
    at = world()
    assertion = _assertion(at)
    outcome = _ask(at, assertion).result
    assert isinstance(outcome, AccessToken)
    assert set(at.partitions) == {_key(assertion), UserKey(HOST, ALICE)}
    filed, theirs = _filed(at, assertion), alices(at)
    for tokens in (filed, theirs):
        assert {row[0] for row in tokens.access.values()} == {outcome.token.reveal()}
        assert [key[0] for key in tokens.refresh] == [WEB_API]
    assert filed.home_account_id == ALICE
    assert theirs.assertions == {_key(assertion)}
    assert list(theirs.id_tokens) == [(WEB_API, TENANT)]
    alice = ("a11ce000-0000-4000-8000-000000000001", "alice@contoso.com", "MSSTS", None)
    assert dict(theirs.accounts) == {TENANT: alice}


def test_the_user_is_found_silently_afterwards() -> None:
    """As MSAL would find her by `get_accounts` and `acquire_token_silent`."""
    at = world()
    outcome = _ask(at, _assertion(at)).result
    silent = at.play(client().acquire_token_silent(_SCOPES, ALICE)).result
    assert isinstance(outcome, AccessToken)
    assert isinstance(silent, AccessToken)
    assert (silent.token, silent.source) == (outcome.token, "cache")


@pytest.mark.parametrize("info", [None, "", "e30", "x"])
def test_without_a_home_account_it_is_filed_under_the_assertion_alone(info: str | None) -> None:
    """I-3: under nobody's name it could be taken for the application's own."""
    body = {"access_token": "AT", "refresh_token": "RT", "expires_in": 3_600}
    at = world()
    body |= {} if info is None else {"client_info": info}
    at.faults = [HttpResponse(200, body=json.dumps(body).encode())]
    assertion = _assertion(at)
    assert isinstance(_ask(at, assertion).result, AccessToken)
    assert set(at.partitions) == {_key(assertion)}
    again = _ask(at, assertion).result
    assert isinstance(again, AccessToken)
    assert again.source == "cache"
    application = at.play(
        client().acquire_token_for_client(["https://graph.microsoft.com/.default"])
    )
    assert isinstance(application.result, AccessToken)
    assert application.result.source == "identity_provider"
    assert AppKey(HOST, TENANT, WEB_API) in at.partitions


# --- how it is found again ---------------------------------------------------------------------


def test_the_same_assertion_finds_it_without_a_request() -> None:
    """Although the server named the scopes otherwise than they were asked for."""
    at = world()
    assertion = _assertion(at)
    scopes = ["https://graph.microsoft.com/.default"]
    first = _ask(at, assertion, scopes).result
    second = _ask(at, assertion, scopes).result
    assert isinstance(first, AccessToken)
    assert isinstance(second, AccessToken)
    assert "https://graph.microsoft.com/.default" not in first.scopes
    assert (second.token, second.source) == (first.token, "cache")
    assert len(at.exchanges) == 1


def test_a_token_for_more_scopes_serves_fewer() -> None:
    """Each of those that were granted, for the same assertion."""
    at = world()
    assertion = _assertion(at)
    wide = _ask(at, assertion, ["User.Read", "Mail.Read"]).result
    narrow = _ask(at, assertion, ["Mail.Read"]).result
    other = _ask(at, assertion, ["Files.Read"]).result
    assert isinstance(wide, AccessToken)
    assert isinstance(narrow, AccessToken)
    assert isinstance(other, AccessToken)
    assert narrow.token == wide.token
    assert other.source == "identity_provider"


def test_another_assertion_of_the_same_user_finds_nothing() -> None:
    """It may say more, or less, of how the user signed in."""
    at = world()
    first = _assertion(at)
    assert isinstance(_ask(at, first).result, AccessToken)
    at.clock.now += 1
    second = _assertion(at)
    outcome = _ask(at, second).result
    assert isinstance(outcome, AccessToken)
    assert outcome.source == "identity_provider"
    assert alices(at).assertions == {_key(first), _key(second)}


@pytest.mark.parametrize("options", [{"force_refresh": True}, {"claims_challenge": "{}"}])
def test_the_cache_can_be_passed_over(options: dict[str, Any]) -> None:
    """By force, or because an API wants more; what comes of it is kept."""
    at = world()
    assertion = _assertion(at)
    assert isinstance(_ask(at, assertion).result, AccessToken)
    forced = _ask(at, assertion, **options).result
    assert isinstance(forced, AccessToken)
    assert forced.source == "identity_provider"
    assert _ask(at, assertion).result.token == forced.token


# --- what goes wrong ---------------------------------------------------------------------------


def test_a_second_factor_that_is_wanted_is_a_refusal_with_claims() -> None:
    """They go to the front end; the assertion that comes back is another one."""
    at = world()
    outcome = _ask(at, _assertion(at, "bob@contoso.com")).result
    assert isinstance(outcome, Refusal)
    assert (outcome.error, outcome.suberror) == ("interaction_required", "basic_action")
    assert outcome.claims is not None
    assert "polids" in outcome.claims
    assert not any(isinstance(tokens, Tokens) for tokens in at.partitions.values())


def test_one_users_hold_is_not_anothers() -> None:
    """I-5: a 429 for one assertion stops nobody else."""
    at = world()
    at.faults = [HttpResponse(429, (("Retry-After", "60"),))]
    first = _assertion(at)
    assert isinstance(_ask(at, first).result, Refusal)
    at.clock.now += 1
    assert isinstance(_ask(at, _assertion(at)).result, AccessToken)
    held = _ask(at, first).result
    assert isinstance(held, Refusal)
    assert held.held


def test_a_token_that_works_beats_a_failure() -> None:
    """I-1: due for refresh, and the service is away; a day later there is nothing to serve."""
    at = world(refresh_in=1_800)
    assertion = _assertion(at)
    first = _ask(at, assertion).result
    at.clock.now += 1_900
    at.faults = [Failure("connect", sent=False)] * 2
    second = _ask(at, assertion).result
    assert isinstance(first, AccessToken)
    assert isinstance(second, AccessToken)
    assert second.token == first.token
    at.clock.now += 86_400
    at.faults = [Failure("connect", sent=False)] * 2
    assert isinstance(_ask(at, assertion).error, TransportError)


def test_an_assertion_that_is_over_does_not_cost_the_token_it_brought() -> None:
    """The token lives longer than the assertion; only its refresh is refused."""
    at = world(token_life=7_200, refresh_in=3_700)
    assertion = _assertion(at)
    assert isinstance(_ask(at, assertion).result, AccessToken)
    at.clock.now += 3_900  # a refresh may be put off by a twentieth
    outcome = _ask(at, assertion).result
    assert isinstance(outcome, AccessToken)
    assert outcome.metadata.refusal is not None
    assert outcome.metadata.refusal.error_codes == (500133,)


def test_an_application_cannot_be_acted_for_as_if_it_were_a_user() -> None:
    """An application's own token is no assertion of a user's."""
    at = world()
    own = at.play(
        client().acquire_token_for_client(["https://graph.microsoft.com/.default"])
    ).result
    assert isinstance(own, AccessToken)
    outcome = _ask(at, own.token.reveal()).result
    assert isinstance(outcome, Refusal)
    assert outcome.error == "invalid_grant"
