"""Section A, rows 43-47: what an answer says about a user, readable or not."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from sansio_auth import AccessToken, Call, NotCached, Outcome, Refusal
from sansio_auth.partition import Tokens, UserKey
from sansio_auth.testing import World
from tests.faults.test_a_token_endpoint import HOST, client, ok, world

_SCOPES = ["User.Read"]


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _jwt(claims: object, header: object = None) -> str:
    return f"{_part(header or {'alg': 'RS256'})}.{_part(claims)}.c2ln"


_CLAIMS = {"sub": "s", "oid": "o", "preferred_username": "alice@contoso.com"}
_INFO = _part({"uid": "alice", "utid": "home"})
_CALLS = {
    "behalf": lambda: client().acquire_token_on_behalf_of("a.b.c", _SCOPES),
    "refresh token": lambda: client().acquire_token_by_refresh_token("RT", _SCOPES),
    "code": lambda: client().acquire_token_by_authorization_code("code", _SCOPES),
}


def _call(kind: str) -> Call[Outcome]:
    return _CALLS[kind]()


def _user(at: World, home: str) -> Tokens:
    stored = at.partitions.get(UserKey(HOST, home), Tokens())
    assert isinstance(stored, Tokens)
    return stored


def _homes(at: World) -> set[str]:
    return {key.home_account_id for key in at.partitions if isinstance(key, UserKey)}


@pytest.mark.parametrize("kind", ["behalf", "refresh token", "code"])
@pytest.mark.parametrize(
    "id_token",
    [
        pytest.param("garbage", id="row43-one-part"),
        pytest.param(f"{_part({'alg': 'RS256'})}.{_part(_CLAIMS)}", id="row43-two-parts"),
        pytest.param(f"{_jwt(_CLAIMS)}.more", id="row43-four-parts"),
        pytest.param(f"{_part({'alg': 'RS256'})}.!!!!.c2ln", id="row43-bad-base64"),
        pytest.param(f"{_part({'alg': 'RS256'})}.a.c2ln", id="row43-impossible-base64"),
        pytest.param(f"{_part({'alg': 'RS256'})}.bm8ganNvbg.c2ln", id="row43-not-json"),
        pytest.param(_jwt([1]), id="row43-no-object"),
        pytest.param(f"{_part({'alg': 'RS256'})}./v8.c2ln", id="row43-not-utf-8"),
        pytest.param(_jwt(_CLAIMS, {"alg": "none"}), id="row43-alg-none"),
        pytest.param(f"{_part([1])}.{_part(_CLAIMS)}.c2ln", id="row43-header-no-object"),
        pytest.param(f"..{_part(_CLAIMS)}", id="row43-empty-parts"),
        pytest.param("\ud800.\u0000.é", id="row43-strange-characters"),
    ],
)
def test_an_id_token_that_cannot_be_read_costs_nothing_but_its_claims(
    id_token: str, kind: str
) -> None:
    """I-2: it is told."""
    at = world(ok(id_token=id_token, client_info=_INFO))
    outcome = at.play(_call(kind)).result
    assert isinstance(outcome, AccessToken)
    assert outcome.token.reveal() == "AT"
    assert outcome.id_token_claims is None
    assert outcome.metadata.warnings == ("id_token_unreadable",)
    assert outcome.home_account_id == "alice.home"
    assert len(_user(at, "alice.home").access) == 1


@pytest.mark.parametrize("kind", ["behalf", "refresh token", "code"])
@pytest.mark.parametrize(
    "value",
    [
        pytest.param(5, id="row43-number"),
        pytest.param(["x"], id="row43-list"),
        pytest.param({}, id="row43-object"),
    ],
)
def test_an_id_token_that_is_no_text_is_none(value: Any, kind: str) -> None:
    """The same."""
    at = world(ok(id_token=value, client_info=_INFO))
    outcome = at.play(_call(kind)).result
    assert isinstance(outcome, AccessToken)
    assert outcome.id_token_claims is None
    assert outcome.metadata.warnings == ("bad_id_token",)


@pytest.mark.parametrize("kind", ["behalf", "refresh token", "code"])
@pytest.mark.parametrize(
    "info",
    [
        pytest.param("!!!", id="row44-garbage"),
        pytest.param("a", id="row44-impossible-base64"),
        pytest.param("bm8ganNvbg", id="row44-not-json"),
        pytest.param(_part([]), id="row44-no-object"),
        pytest.param(7, id="row44-number"),
        pytest.param({"uid": "u", "utid": "t"}, id="row44-object"),
        pytest.param(_part({}), id="row44-empty"),
        pytest.param(_part({"utid": "home"}), id="row44-missing-uid"),
        pytest.param(_part({"uid": "alice"}), id="row44-missing-utid"),
        pytest.param(_part({"uid": "", "utid": "home"}), id="row44-empty-uid"),
        pytest.param(_part({"uid": 5, "utid": "home"}), id="row44-uid-a-number"),
        pytest.param(_part({"uid": None, "utid": "home"}), id="row44-uid-null"),
    ],
)
def test_client_info_that_cannot_be_read_makes_no_account(info: Any, kind: str) -> None:
    """Neither does the id token beside it; the token is returned, and the trouble told."""
    at = world(ok(id_token=_jwt(_CLAIMS), client_info=info, refresh_token="RT"))
    outcome = at.play(_call(kind)).result
    assert isinstance(outcome, AccessToken)
    assert outcome.token.reveal() == "AT"
    assert outcome.home_account_id is None
    assert "client_info_unreadable" in outcome.metadata.warnings
    assert _homes(at) == set()
    assert at.play(client().get_accounts()).result == ()


# --- users who cannot be taken for one another -------------------------------------------------


def _signed_in(at: World, uid: str, utid: str, token: str) -> AccessToken:
    info = _part({"uid": uid, "utid": utid})
    at.faults = [ok(access_token=token, client_info=info, id_token=_jwt({"sub": uid}))]
    outcome = at.play(_call("refresh token")).result
    assert isinstance(outcome, AccessToken)
    assert outcome.token.reveal() == token
    return outcome


@pytest.mark.parametrize(
    ("uid", "utid"),
    [
        pytest.param("../x", "home", id="row45-path"),
        pytest.param("..\\x", "home", id="row45-other-path"),
        pytest.param("/etc/passwd", "home", id="row45-absolute-path"),
        pytest.param("a-b", "c-d", id="row45-hyphens"),
        pytest.param("a.b", "home", id="row45-dot"),
        pytest.param("ünï", "hóme", id="row45-not-ascii"),
        pytest.param("a b\n", "home", id="row45-white-space"),
        pytest.param("a\x00b", "home", id="row45-nul"),
    ],
)
def test_a_users_id_is_an_opaque_text(uid: str, utid: str) -> None:
    """Nothing is made of it but a key, and by that it is found again."""
    at = world()
    outcome = _signed_in(at, uid, utid, "AT-1")
    assert outcome.home_account_id == f"{uid}.{utid}"
    assert _homes(at) == {f"{uid}.{utid}"}
    again = at.play(client().acquire_token_silent(_SCOPES, f"{uid}.{utid}")).result
    assert isinstance(again, AccessToken)
    assert (again.token.reveal(), again.source) == ("AT-1", "cache")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(("a-b", "c"), ("a", "b-c"), id="row45-hyphen"),
        pytest.param(("../x", "c"), ("x", "c"), id="row45-path"),
        pytest.param(("a", "c"), ("A", "c"), id="row45-case"),
        pytest.param(("\u0131", "c"), ("i", "c"), id="row45-dotless-i"),
        pytest.param(("\u00e9", "c"), ("e\u0301", "c"), id="row45-normal-forms"),
        pytest.param(
            ("a.b", "c"),
            ("a", "b.c"),
            id="row45-dot",
        ),
    ],
)
def test_two_users_are_never_one(one: tuple[str, str], other: tuple[str, str]) -> None:
    """Whatever separators their ids have inside: neither finds the other's token."""
    at = world()
    first, second = _signed_in(at, *one, "AT-1"), _signed_in(at, *other, "AT-2")
    if first.home_account_id is not None:
        silent = at.play(client().acquire_token_silent(_SCOPES, first.home_account_id)).result
        assert isinstance(silent, AccessToken)
        assert silent.token.reveal() == "AT-1"
    assert first.home_account_id != second.home_account_id


@pytest.mark.parametrize(
    ("given", "warnings"),
    [
        pytest.param(1, ("bad_foci",), id="row47-number"),
        pytest.param(True, ("bad_foci",), id="row47-true"),
        pytest.param(["1"], ("bad_foci",), id="row47-list"),
        pytest.param({"1": 1}, ("bad_foci",), id="row47-object"),
        pytest.param(None, (), id="row47-null"),
        pytest.param("", (), id="row47-empty"),
    ],
)
def test_a_family_of_another_type_is_none(given: Any, warnings: tuple[str, ...]) -> None:
    """The client belongs to no family then, and its refresh token to it alone."""
    at = world(ok(foci=given, client_info=_INFO, refresh_token="RT"))
    outcome = at.play(_call("refresh token")).result
    assert isinstance(outcome, AccessToken)
    assert outcome.metadata.warnings == warnings
    assert {key[1] for key in _user(at, "alice.home").refresh} == {""}
    assert set(_user(at, "alice.home").clients.values()) == {None}


# --- what is sent back with the next request ------------------------------------------------------


def _next_request(uid: str, refresh_token: str) -> World:
    """Let a user sign in with a token that is soon over, and ask for the next one in silence."""
    at = world()
    info = _part({"uid": uid, "utid": "home"})
    at.faults = [ok(client_info=info, refresh_token=refresh_token, expires_in=60), ok()]
    assert isinstance(at.play(_call("refresh token")).result, AccessToken)
    flow = at.play(client().acquire_token_silent(_SCOPES, f"{uid}.home"))
    if flow.error is None:
        assert isinstance(flow.result, AccessToken | Refusal | NotCached)
    return at


@pytest.mark.parametrize(
    "refresh_token",
    [
        pytest.param("RT-2", id="row11-refresh-token"),
        pytest.param("R T\r\nX: y", id="row21-refresh-token-with-cr-lf"),
        pytest.param("R\x00T", id="row11-refresh-token-with-nul"),
        pytest.param("t\u00f6ken", id="row11-refresh-token-not-ascii"),
        pytest.param(
            "R\ud800T",
            id="row11-refresh-token-with-a-surrogate",
        ),
    ],
)
def test_a_strange_refresh_token_breaks_nothing(refresh_token: str) -> None:
    """I-6: the next silent call ends in an outcome, and what it sends can be encoded."""
    at = _next_request("alice", refresh_token)
    for request, _ in at.exchanges:
        assert request.body


@pytest.mark.parametrize(
    "uid",
    [
        pytest.param("alice", id="row45-plain"),
        pytest.param("../x", id="row45-path-in-a-header"),
        pytest.param("a\r\nX-Other: y", id="row45-cr-lf-in-a-header"),
        pytest.param("a\nb", id="row45-lf-in-a-header"),
        pytest.param("a\x00b", id="row45-nul-in-a-header"),
        pytest.param("a\ud800b", id="row45-surrogate-in-a-header"),
        pytest.param("\u00fcn\u00ef", id="row45-not-ascii-in-a-header"),
    ],
)
def test_no_header_is_made_of_what_cannot_be_one(uid: str) -> None:
    """RFC 9110 section 5.5: visible ASCII and blanks, whatever the answer said of the user."""
    at = _next_request(uid, "RT-2")
    assert len(at.exchanges) == 2
    for request, _ in at.exchanges:
        for name, value in request.headers:
            assert value.isascii(), name
            assert value.isprintable(), name
