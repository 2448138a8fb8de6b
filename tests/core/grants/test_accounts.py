"""Who is signed in, signing out, and forgetting the application's own tokens."""

from __future__ import annotations

import pytest

from sansio_auth import AccessToken, Failure, Load, Save, SendHttp, TransportError
from sansio_auth.client import Procedure
from sansio_auth.effects import AnyEffect
from sansio_auth.partition import (
    Accounts,
    AppKey,
    AppTokens,
    AssertionKey,
    Found,
    Knowledge,
    Tokens,
    UserKey,
)
from sansio_auth.testing import user_token
from tests.core.grants.users import (
    ALICE,
    HOST,
    TENANT,
    WEB_API,
    alices,
    client,
    family,
    signed_in,
    world,
)


def test_nobody_has_signed_in_at_first() -> None:
    """An empty tuple, and no request."""
    at = world()
    flow = at.play(client().get_accounts())
    assert flow.result == ()
    assert not any(isinstance(step.effect, SendHttp) for step in flow.transcript.steps)


def test_an_account_tells_who_it_is() -> None:
    """With the members that MSAL files."""
    at = signed_in(world())
    (account,) = at.play(client().get_accounts()).result
    assert (account.home_account_id, account.environment, account.realm) == (ALICE, HOST, TENANT)
    assert account.username == "alice@contoso.com"
    assert account.local_account_id == ALICE.split(".")[0]
    assert (account.authority_type, account.account_source) == ("MSSTS", "authorization_code")


@pytest.mark.parametrize(
    ("name", "count"), [("ALICE@Contoso.com", 1), ("bob@contoso.com", 0), ("", 1)]
)
def test_an_account_is_found_by_name(name: str, count: int) -> None:
    """In any case of letters; an empty name is none, as in MSAL."""
    at = signed_in(world())
    assert len(at.play(client().get_accounts(name)).result) == count


def test_accounts_of_another_host_of_the_cloud_are_found() -> None:
    """Where nobody signed in at this one; the table is static."""
    at = signed_in(world(), client(host="login.windows.net"))
    (account,) = at.play(client().get_accounts()).result
    assert account.environment == "login.windows.net"


def test_a_user_seen_in_two_tenants_is_one_account() -> None:
    """The last one stored, as MSAL has it."""
    at = signed_in(world())
    key = UserKey(HOST, ALICE)
    from attrs import evolve

    tokens = alices(at)
    rows = {**tokens.accounts, "another-realm": ("x", "alice@contoso.com", "MSSTS", None)}
    at.partitions[key] = evolve(tokens, accounts=rows)
    (account,) = at.play(client().get_accounts()).result
    assert account.realm == "another-realm"


def test_signing_out_leaves_other_clients_their_refresh_tokens() -> None:
    """Everything else of the user goes, and what was got on their behalf."""
    at = signed_in(family(world(), "other"), client(client_id="other"))
    at = signed_in(at)
    assertion = user_token(at.tenant, "alice@contoso.com", WEB_API, at.clock.now)
    obo = client().acquire_token_on_behalf_of(assertion, ["Mail.Read"])
    assert isinstance(at.play(obo).result, AccessToken)
    assert any(isinstance(key, AssertionKey) for key in at.partitions)
    flow = at.play(client().remove_account(ALICE))
    assert flow.result is None
    kept = alices(at)
    assert {key[0] for key in kept.refresh} == {"other"}
    assert not kept.access
    assert not kept.accounts
    assert not kept.id_tokens
    assert kept.clients.keys() == {"other", WEB_API}
    again = at.play(obo).result
    assert isinstance(again, AccessToken)
    assert again.source == "identity_provider"


def test_signing_out_of_a_family_takes_its_tokens_along() -> None:
    """They would let this client back in."""
    at = signed_in(family(world(), WEB_API, "other"), client(client_id="other"))
    at = signed_in(at)
    at.play(client().remove_account(ALICE))
    assert not alices(at).refresh


def test_signing_out_at_another_host_is_asked_for_by_name() -> None:
    """An account brings its environment along."""
    at = signed_in(world(), client(host="login.windows.net"))
    at.play(client().remove_account(ALICE, "login.windows.net"))
    assert at.play(client().get_accounts()).result == ()


def test_a_store_that_fails_is_nobody_signed_in() -> None:
    """In each cloud that shares the users nobody is found, and nothing is raised."""
    flow = client().get_accounts().start(now=0.0, seed=bytes(32))
    while (effect := flow.pending) is not None:
        assert isinstance(effect, Load)
        flow.answer(effect, Failure("store"), now=0.0)
    assert flow.result == ()


@pytest.mark.parametrize("failing", [Load, Save])
@pytest.mark.parametrize(
    "procedure", [client().remove_account(ALICE), client().remove_tokens_for_client()]
)
def test_whoever_forgets_is_told_that_the_store_failed(
    procedure: Procedure[None], failing: type
) -> None:
    """Of the first failure, once the rest was tried: nobody takes a user for signed out."""
    cause = OSError("the disk is gone")
    found = Found(((AppKey("login.microsoftonline.com", "t", "c"), Tokens()),))
    flow, asked = procedure.start(now=0.0, seed=bytes(32)), list[AnyEffect]()
    while (effect := flow.pending) is not None:
        asked.append(effect)
        answer: object = Failure("store", sent=False, cause=cause)
        if not isinstance(effect, failing):
            by_name = isinstance(effect, Load) and isinstance(effect.key, AppTokens)
            answer = found if by_name else Tokens()
        flow.answer(effect, answer, now=0.0)
    with pytest.raises(TransportError, match="try again") as caught:
        _ = flow.result
    assert (caught.value.kind, caught.value.sent, caught.value.stage) == ("store", False, "store")
    assert caught.value.__cause__ is cause
    assert len(asked) > 1


def test_an_applications_tokens_are_forgotten_in_all_tenants_and_aliases() -> None:
    """And nothing of the users'."""
    at = signed_in(world())
    scopes = ["https://graph.microsoft.com/.default"]
    for by in (client(), client(host="login.windows.net")):
        assert isinstance(at.play(by.acquire_token_for_client(scopes)).result, AccessToken)
    flow = at.play(client().remove_tokens_for_client())
    assert flow.result is None
    assert sum(isinstance(step.effect, Save) for step in flow.transcript.steps) == 2
    apps = [it for key, it in at.partitions.items() if isinstance(key, AppKey)]
    assert [len(getattr(it, "access", {})) for it in apps] == [0, 0]
    assert alices(at).access
    again = at.play(client().acquire_token_for_client(scopes)).result
    assert isinstance(again, AccessToken)
    assert again.source == "identity_provider"


def test_what_a_store_gives_beyond_the_question_is_nobodys_account() -> None:
    """Partitions of applications, and of users who are not on record."""
    flow = client().get_accounts().start(now=1.0, seed=bytes(32))
    found = Found(((AppKey(HOST, TENANT, WEB_API), Tokens()), (UserKey(HOST, ALICE), Tokens())))
    while (effect := flow.pending) is not None:
        value = found if isinstance(effect, Load) and isinstance(effect.key, Accounts) else None
        flow.answer(effect, Knowledge() if value is None else value, now=1.0)
    assert flow.result == ()
