"""What the tenant grants, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from sansio_auth._assertion import base64url
from sansio_auth.testing import Application, Tenant, explain, sign_in, user_token
from tests.core.testing.asking import (
    DAEMON,
    GRAPH,
    JWT_BEARER,
    NOW,
    SECRET,
    WEB_API,
    app_token,
    ask,
    codes,
    tenant,
)

_REDIRECT = "http://localhost:5000/getAToken"


def _obo(at: Tenant, assertion: str, now: float = NOW, **form: str) -> Any:
    fields: dict[str, Any] = {
        "grant_type": JWT_BEARER,
        "requested_token_use": "on_behalf_of",
        "assertion": assertion,
        "scope": "User.Read openid profile offline_access",
        **form,
    }
    return ask(at, now, **fields)


def _alice(
    at: Tenant, name: str = "alice@contoso.com", client: str = WEB_API, life: int = 600
) -> str:
    return user_token(at, name, client, NOW, life=life)


def _signed_in(at: Tenant, **query: str) -> tuple[Tenant, str]:
    from urllib.parse import urlencode

    asked = {"client_id": WEB_API, "redirect_uri": _REDIRECT, "state": "s", **query}
    after, response = sign_in(at, f"{at.authority}/x?{urlencode(asked)}", "alice@contoso.com", NOW)
    return after, response["code"]


# --- client credentials ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ("-", (400, "invalid_request", 900144)),
        ("User.Read", (400, "invalid_scope", 1002012)),
        (f"{GRAPH}/.default api://orders/.default", (400, "invalid_scope", 700022)),
        ("api://nobody/.default", (400, "invalid_resource", 500011)),
    ],
)
def test_an_application_asks_for_one_default_scope(
    scope: str, expected: tuple[int, str, int]
) -> None:
    """Of one resource that exists."""
    assert codes(app_token(tenant(), scope=scope)) == expected


def test_a_tenant_may_say_when_to_refresh() -> None:
    """And then every token says it."""
    _, _, members = app_token(evolve(tenant(), refresh_in=1_800))
    assert members["refresh_in"] == 1_800


# --- on behalf of ------------------------------------------------------------------------------


def test_a_user_is_acted_for() -> None:
    """Token, refresh token, id token and client info, each where it was asked for."""
    at = tenant()
    after, status, members = _obo(at, _alice(at), client_info="1")
    assert status == 200
    facts = explain(after, members["access_token"])
    assert facts is not None
    assert (facts.username, facts.scopes) == ("alice@contoso.com", ("User.Read",))
    assert members["scope"] == "User.Read openid profile"
    assert {"refresh_token", "id_token", "client_info"} <= members.keys()
    _, _, less = _obo(at, _alice(at), scope=f"{GRAPH}/.default")
    assert not {"refresh_token", "id_token", "client_info"} & less.keys()
    assert less["scope"].count(GRAPH) == 3  # everything consented to


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda at: "nonsense", (400, "invalid_grant", 50013)),
        (lambda at: _alice(at, client="another"), (400, "invalid_grant", 50013)),
        (lambda at: _alice(at, life=-1), (400, "invalid_grant", 500133)),
        (lambda at: _alice(at, "bob@contoso.com"), (400, "interaction_required", 50076)),
        (lambda at: _obo(at, _alice(at))[2]["id_token"], (400, "invalid_grant", 240002)),
        (lambda at: _obo(at, _alice(at))[2]["refresh_token"], (400, "invalid_grant", 50013)),
    ],
)
def test_an_assertion_must_be_the_users_token_for_this_application(
    make: Any, expected: tuple[int, str, int]
) -> None:
    """Not nonsense, not another's, not expired, not an id token; and bob needs a second factor."""
    at = tenant()
    assert codes(_obo(at, make(at))) == expected


def test_an_applications_own_token_is_no_users() -> None:
    """Even one that is for the application itself."""
    at = tenant()
    api = f"api://{WEB_API}"
    at = evolve(at, resources={**at.resources, api: at.resources[GRAPH]})
    at = evolve(at, resources={**at.resources, api: evolve(at.resources[GRAPH], uri=api)})
    _, _, members = app_token(at, scope=f"{api}/.default")
    assert codes(_obo(at, members["access_token"])) == (400, "invalid_grant", 50013)


def test_what_bob_must_do_is_said_in_claims_that_serve_once_met() -> None:
    """The refusal carries a claims request; a request that has one passes."""
    at = tenant()
    _, _, refused = _obo(at, _alice(at, "bob@contoso.com"))
    assert refused["suberror"] == "basic_action"
    assert _obo(at, _alice(at, "bob@contoso.com"), claims=refused["claims"])[1] == 200


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({"requested_token_use": "-"}, (400, "invalid_request", 900144)),
        ({"requested_token_use": "other"}, (400, "invalid_request", 900144)),
        ({"assertion": "-"}, (400, "invalid_request", 900144)),
        ({"scope": "User.Read api://orders/Orders.Read"}, (400, "invalid_scope", 700022)),
        ({"scope": "Nobody.Consented"}, (400, "invalid_grant", 65001)),
    ],
)
def test_the_request_must_be_whole(form: dict[str, Any], expected: tuple[int, str, int]) -> None:
    """Every field that the grant needs, scopes of one resource that somebody consented to."""
    at = tenant()
    assert codes(_obo(at, **{"assertion": _alice(at), **form})) == expected


# --- refresh tokens ----------------------------------------------------------------------------


def test_a_refresh_token_gives_the_next_tokens() -> None:
    """For the same user, with a refresh token of their own."""
    at = tenant()
    at, _, members = _obo(at, _alice(at))
    again, status, more = ask(
        at, grant_type="refresh_token", refresh_token=members["refresh_token"],
        scope="Mail.Read offline_access",
    )  # fmt: skip
    assert status == 200
    assert more["refresh_token"] != members["refresh_token"]
    facts = explain(again, more["access_token"])
    assert facts is not None
    assert (facts.username, facts.scopes) == ("alice@contoso.com", ("Mail.Read",))


def test_a_refresh_token_is_refused_for_each_reason_with_its_suberror() -> None:
    """Malformed, another client's, revoked, expired."""
    at = tenant()
    at, _, members = _obo(at, _alice(at))
    token = members["refresh_token"]
    form: dict[str, Any] = {
        "grant_type": "refresh_token",
        "refresh_token": token,
        "scope": "Mail.Read",
    }
    other = Application("other", secrets=at.applications[WEB_API].secrets)
    crowded = evolve(at, applications={**at.applications, "other": other})
    answers = [
        ask(at, **{**form, "refresh_token": members["access_token"]}),
        ask(crowded, **form, client_id="other"),
        ask(at.revoke(token), **form),
        ask(at, NOW + 91 * 86_400, **form),
    ]
    assert [codes(answer)[2] for answer in answers] == [9002313, 70000, 50173, 700082]
    assert [answer[2]["suberror"] for answer in answers] == [
        "bad_token", "client_mismatch", "bad_token", "token_expired",
    ]  # fmt: skip


def test_a_familys_refresh_token_serves_its_members() -> None:
    """As Entra's families of clients do; the response says the family."""
    at = tenant()
    secrets = at.applications[WEB_API].secrets
    family = {name: Application(name, secrets=secrets, family="1") for name in (WEB_API, "other")}
    at = evolve(at, applications=family)
    at, _, members = _obo(at, _alice(at))
    assert members["foci"] == "1"
    _, status, _ = ask(
        at, client_id="other", grant_type="refresh_token", scope="Mail.Read",
        refresh_token=members["refresh_token"],
    )  # fmt: skip
    assert status == 200


# --- codes, passwords, federated users ---------------------------------------------------------


def test_a_code_is_redeemed_once_with_its_verifier() -> None:
    """RFC 7636: the verifier's digest is the challenge; the nonce comes back in the id token."""
    import hashlib
    import json
    from base64 import urlsafe_b64decode

    challenge = base64url(hashlib.sha256(b"verifier").digest())
    at, code = _signed_in(tenant(), code_challenge=challenge, nonce="n")
    form: dict[str, Any] = {
        "grant_type": "authorization_code", "code": code, "redirect_uri": _REDIRECT,
        "code_verifier": "verifier", "scope": "User.Read openid",
    }  # fmt: skip
    after, status, members = ask(at, **form)
    assert status == 200
    payload = members["id_token"].split(".")[1]
    claims = json.loads(urlsafe_b64decode(payload + "=="))
    assert (claims["nonce"], claims["auth_time"]) == ("n", int(NOW))
    wrong = [
        ask(after, **form),
        ask(at, **{**form, "code_verifier": "another"}),
        ask(at, **{**form, "redirect_uri": "-"}),
        ask(at, NOW + 601, **form),
        ask(at, **{**form, "code": "nonsense"}),
    ]
    assert [codes(answer)[2] for answer in wrong] == [54005, 501481, 50011, 70008, 9002313]


def test_a_password_is_checked() -> None:
    """For a user who has one."""
    at = tenant()
    form: dict[str, Any] = {
        "grant_type": "password",
        "scope": "User.Read",
        "password": "alice's-password",
    }
    assert ask(at, **form, username="Alice@contoso.com")[1] == 200
    wrong = [
        ask(at, **form, username="nobody@contoso.com"),
        ask(at, **form, username="bob@contoso.com"),
        ask(at, **{**form, "password": "no"}, username="alice@contoso.com"),
    ]
    assert [codes(answer)[2] for answer in wrong] == [50034, 50126, 50126]


def test_a_federated_credential_acts_for_a_user() -> None:
    """An application's token stands for the user named by object id or user name."""
    at = tenant()
    at, _, members = app_token(at)
    form: dict[str, Any] = {
        "grant_type": "user_fic", "scope": "User.Read",
        "user_federated_identity_credential": members["access_token"],
    }  # fmt: skip
    assert ask(at, **form, username="alice@contoso.com")[1] == 200
    assert ask(at, **form, user_id="a11ce000-0000-4000-8000-000000000001")[1] == 200
    wrong = [
        ask(at, **form, user_id="nobody"),
        ask(at, NOW + 4_000, **form, username="alice@contoso.com"),
        ask(
            at,
            **{**form, "user_federated_identity_credential": _alice(at)},
            username="alice@contoso.com",
        ),
    ]
    assert [codes(answer)[2] for answer in wrong] == [50034, 500133, 50013]
    assert SECRET not in repr(at)
    assert DAEMON in at.applications
