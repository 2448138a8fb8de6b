"""What is redeemed: refresh tokens, codes, passwords, federated credentials."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from attrs import evolve

from sansio_auth import (
    AccessToken,
    AuthorityError,
    ConfigurationError,
    Failure,
    HttpResponse,
    Policy,
    Refusal,
    ResponseError,
    TransportError,
)
from sansio_auth.partition import AssertionKey, UserKey
from sansio_auth.testing import sign_in
from tests.core.grants.users import ALICE, HOST, REDIRECT, WEB_API, alices, client, signed_in, world


def _part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _tokens(**members: Any) -> HttpResponse:
    """Return a token response; `claims` become an id token."""
    claims = members.pop("claims", None)
    body = {"access_token": "AT", "token_type": "Bearer", "expires_in": 3600, **members}
    if claims is not None:
        body["id_token"] = f"{_part({'alg': 'RS256'})}.{_part(claims)}.sig"
    return HttpResponse(200, body=json.dumps(body).encode())


# --- refresh tokens ----------------------------------------------------------------------------


def test_a_refresh_token_from_elsewhere_signs_its_user_in_here() -> None:
    """Account, id token and refresh token are filed; nothing is looked up before."""
    at = signed_in(world())
    (row,) = alices(at).refresh.values()
    at.partitions.clear()
    call = client().acquire_token_by_refresh_token(row[0], ["Mail.Read"])
    outcome = at.play(call).result
    assert isinstance(outcome, AccessToken)
    headers = dict(at.exchanges[-1][0].headers)
    assert headers["x-client-current-telemetry"] == "4|85,1|"
    assert "X-AnchorMailbox" not in headers
    tokens = alices(at)
    assert len(tokens.access) == len(tokens.refresh) == len(tokens.accounts) == 1
    assert at.play(call).result is not None
    assert len(at.sent) == 3


def test_capabilities_go_along() -> None:
    """As with every other grant."""
    at = world()
    by = evolve(client(), capabilities=("CP1",))
    assert isinstance(at.play(by.acquire_token_by_refresh_token("x", [])).result, Refusal)
    assert "CP1" in at.sent[-1]["claims"]


def test_a_token_of_nobody_is_returned_and_not_kept() -> None:
    """I-3: without a home account it could be taken for the application's."""
    at = world()
    at.faults = [_tokens()]
    outcome = at.play(client().acquire_token_by_refresh_token("RT", ["User.Read"])).result
    assert isinstance(outcome, AccessToken)
    assert "not_cached" in outcome.metadata.warnings
    assert at.partitions == {}


@pytest.mark.parametrize("answer", [Failure("incomplete"), HttpResponse(503)])
def test_what_may_have_arrived_is_not_sent_twice(answer: Any) -> None:
    """A refresh token may be spent by the first time."""
    at = world()
    at.faults = [answer, _tokens()]
    flow = at.play(client().acquire_token_by_refresh_token("RT", ["User.Read"]))
    assert len(at.exchanges) == 1
    assert isinstance(flow.error, TransportError) or isinstance(flow.result, Refusal)


@pytest.mark.parametrize("value", ["", 1, None])
def test_a_refresh_token_is_a_text(value: Any) -> None:
    """Nothing else is sent."""
    with pytest.raises(ConfigurationError, match="refresh_token"):
        client().acquire_token_by_refresh_token(value, ["User.Read"])


# --- codes -------------------------------------------------------------------------------------


def test_a_sign_in_ends_with_the_users_tokens() -> None:
    """The verifier, the redirect and who signed in go along; MSAL's account source is filed."""
    at = signed_in(world())
    form = at.sent[-1]
    assert form["grant_type"] == "authorization_code"
    assert form["redirect_uri"] == REDIRECT
    assert len(form["code_verifier"]) == 43
    (row,) = alices(at).accounts.values()
    assert row[3] == "authorization_code"


def test_the_response_tells_whom_the_request_is_about() -> None:
    """`client_info` of the sign-in response becomes the routing hint."""
    at = world()
    flow = at.play(
        client().initiate_auth_code_flow(["User.Read"], {"redirect_uri": REDIRECT})
    ).result
    at.tenant, response = sign_in(at.tenant, flow.auth_uri, "alice@contoso.com", at.clock.now)
    response["client_info"] = _part({"uid": "a", "utid": "b"})
    at.play(client().acquire_token_by_auth_code_flow(flow, response))
    assert dict(at.exchanges[-1][0].headers)["X-AnchorMailbox"] == "Oid:a@b"


def test_a_code_that_is_refused_is_not_remembered() -> None:
    """The next code is another question."""
    at = world()
    for _ in range(2):
        outcome = at.play(
            client().acquire_token_by_authorization_code("code", ["User.Read"])
        ).result
        assert isinstance(outcome, Refusal)
    assert len(at.exchanges) == 2


@pytest.mark.parametrize(
    ("claims", "given", "code"),
    [
        ({"sub": "s", "nonce": "other"}, {"nonce": "mine"}, "nonce_differs"),
        ({"sub": "s"}, {"nonce": "mine"}, "nonce_differs"),
        ({"sub": "s", "nonce": 1}, {"nonce": "mine"}, "nonce_differs"),
        ({"sub": "s", "nonce": "\ud800"}, {"nonce": "mine"}, "nonce_differs"),
    ],
)
def test_a_code_of_another_sign_in_is_refused_before_anything_is_kept(
    claims: dict[str, Any], given: dict[str, Any], code: str
) -> None:
    """The nonce in the id token is not the one that was sent."""
    at = world()
    at.faults = [_tokens(claims=claims, client_info=_part({"uid": "u", "utid": "t"}))]
    flow = at.play(client().acquire_token_by_authorization_code("c", ["User.Read"], **given))
    assert isinstance(flow.error, ResponseError)
    assert flow.error.code == code
    assert flow.error.correlation_id
    assert at.partitions == {}


def test_the_right_nonce_is_taken() -> None:
    """And a response without an id token has none to check."""
    for members in ({"claims": {"sub": "s", "nonce": "mine"}}, {}):
        at = world()
        at.faults = [_tokens(**members)]
        call = client().acquire_token_by_authorization_code("c", ["User.Read"], nonce="mine")
        assert isinstance(at.play(call).result, AccessToken)


@pytest.mark.parametrize(
    ("at_time", "code"),
    [(-10, None), (-719, None), (-721, "too_old"), (None, "no_auth_time"), (True, "no_auth_time")],
)
def test_a_sign_in_must_be_recent_where_that_was_asked_for(at_time: Any, code: str | None) -> None:
    """`max_age` of 600 seconds, with two minutes for clocks that differ."""
    at = world()
    flow = at.play(
        client().initiate_auth_code_flow(
            ["User.Read"], {"redirect_uri": REDIRECT, "max_age": "600"}
        )
    ).result
    assert "max_age=600" in flow.auth_uri
    from sansio_auth.authorization import hashed_nonce

    claims: dict[str, Any] = {"sub": "s", "nonce": hashed_nonce(flow.nonce.reveal())}
    if at_time is True:
        claims["auth_time"] = True
    elif at_time is not None:
        claims["auth_time"] = at.clock.now + at.latency + at_time
    at.faults = [_tokens(claims=claims)]
    ended = at.play(
        client().acquire_token_by_auth_code_flow(flow, {"code": "c", "state": flow.state})
    )
    if code is None:
        assert isinstance(ended.result, AccessToken)
    else:
        assert isinstance(ended.error, ResponseError)
        assert ended.error.code == code
        assert at.partitions == {}


def test_an_id_token_that_cannot_be_read_has_no_nonce() -> None:
    """It is refused where one was expected."""
    at = world()
    at.faults = [_tokens(id_token="x.y.z")]
    flow = at.play(client().acquire_token_by_authorization_code("c", [], nonce="mine"))
    assert isinstance(flow.error, ResponseError)


# --- passwords ---------------------------------------------------------------------------------


def test_a_managed_users_password_is_sent_after_their_realm_was_asked_for() -> None:
    """With their name as the routing hint, and no password in the question before."""
    at = world()
    call = client().acquire_token_by_username_password(
        "alice@contoso.com", "alice's-password", ["User.Read"]
    )
    assert isinstance(at.play(call).result, AccessToken)
    (asked, _), (sent, _) = at.exchanges
    assert asked.target == f"https://{HOST}/common/userrealm/alice%40contoso.com?api-version=1.0"
    assert dict(asked.headers)["client-request-id"] == dict(sent.headers)["client-request-id"]
    assert dict(sent.headers)["X-AnchorMailbox"] == "upn:alice@contoso.com"
    assert at.sent[-1]["password"] == "alice's-password"
    (row,) = alices(at).accounts.values()
    assert row[3] == "password"


def test_a_client_that_says_nothing_of_itself_names_no_question_either() -> None:
    """Neither the one about the realm nor the request after it."""
    at = world()
    by = client(policy=Policy(send_telemetry=False))
    call = by.acquire_token_by_username_password(
        "alice@contoso.com", "alice's-password", ["User.Read"]
    )
    assert isinstance(at.play(call).result, AccessToken)
    told = {name for request, _ in at.exchanges for name, _ in request.headers}
    assert told == {"Accept", "x-ms-lib-capability", "X-AnchorMailbox"}


def test_a_federated_users_password_is_never_sent() -> None:
    """A clear error instead."""
    at = world()
    at.faults = [HttpResponse(200, body=b'{"account_type":"Federated"}')]
    flow = at.play(client().acquire_token_by_username_password("u@x", "pw", ["User.Read"]))
    assert isinstance(flow.error, AuthorityError)
    assert flow.error.code == "federated_user"
    assert len(at.exchanges) == 1


@pytest.mark.parametrize("answer", [HttpResponse(404), HttpResponse(200, body=b"<html>")])
def test_a_realm_that_cannot_be_read_is_left_to_the_token_endpoint(answer: HttpResponse) -> None:
    """It knows its users."""
    at = world()
    at.faults = [answer]
    call = client().acquire_token_by_username_password(
        "alice@contoso.com", "alice's-password", ["User.Read"]
    )
    assert isinstance(at.play(call).result, AccessToken)


def test_a_realm_that_cannot_be_asked_for_is_an_error() -> None:
    """The password has not been sent."""
    at = world()
    at.faults = [Failure("connect", sent=False)]
    flow = at.play(client().acquire_token_by_username_password("u@x", "pw", ["User.Read"]))
    assert isinstance(flow.error, TransportError)


def test_adfs_is_not_asked_for_a_realm() -> None:
    """It is the user's realm."""
    at = world()
    by = client("adfs", host="adfs.contoso.com", validate_authority=False)
    flow = at.play(by.acquire_token_by_username_password("u@x", "pw", ["User.Read"]))
    assert flow.error is not None  # there is no such server in this world
    assert not any("userrealm" in request.url for request, _ in at.exchanges)


# --- federated credentials ---------------------------------------------------------------------


def _app_token(at: Any) -> str:
    outcome = at.play(client().acquire_token_for_client(["https://graph.microsoft.com/.default"]))
    token: str = outcome.result.token.reveal()
    return token


@pytest.mark.parametrize(
    ("who", "anchor"),
    [
        ({"username": "alice@contoso.com"}, "upn:alice@contoso.com"),
        ({"user_object_id": ALICE.split(".")[0]}, f"Oid:{ALICE.replace('.', '@')}"),
    ],
)
def test_a_credential_stands_for_a_user_and_is_looked_up_again(
    who: dict[str, Any], anchor: str
) -> None:
    """The same credential and user: from the cache; filed under both of them."""
    at = world()
    credential = _app_token(at)
    call = client().acquire_token_by_user_federated_identity_credential(
        ["User.Read"], credential, **who
    )
    sources = [at.play(call).result for _ in range(2)]
    assert [getattr(it, "source", None) for it in sources] == ["identity_provider", "cache"]
    assert dict(at.exchanges[-1][0].headers)["X-AnchorMailbox"] == anchor
    kinds = [type(key) for key in at.partitions]
    assert AssertionKey in kinds
    assert UserKey in kinds
    (row,) = alices(at).accounts.values()
    assert row[3] == "user_fic"


@pytest.mark.parametrize(
    ("assertion", "who"),
    [("", {"username": "u"}), ("a", {}), ("a", {"username": "u", "user_object_id": "o"})],
)
def test_one_credential_and_one_user_are_needed(assertion: str, who: dict[str, Any]) -> None:
    """Neither none nor two."""
    with pytest.raises(ConfigurationError):
        client().acquire_token_by_user_federated_identity_credential(["s"], assertion, **who)


def test_the_client_of_a_redeemed_call_is_the_clients_own() -> None:
    """And extra fields cannot replace a grant's."""
    at = world()
    call = client().acquire_token_by_refresh_token(
        "mine", ["User.Read"], data={"refresh_token": "other", "extra": "1"}
    )
    _ = at.play(call)
    assert (at.sent[-1]["refresh_token"], at.sent[-1]["extra"]) == ("mine", "1")
    assert at.sent[-1]["client_id"] == WEB_API
