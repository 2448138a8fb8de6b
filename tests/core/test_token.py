"""The token endpoint's answer, whatever it is."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from attrs import fields
from hypothesis import given
from hypothesis import strategies as st

from sansio_auth._token import SignedIn, TokenResponse, decode_part, read_token_response, refusal_of
from sansio_auth.errors import ResponseError, TransportError
from sansio_auth.policy import Policy
from sansio_auth.results import Refusal
from sansio_auth.secret import Secret
from sansio_auth.wire import HttpResponse

_NOW = 1_000
_PLANTED = "PLANTED-VALUE"


def _read(
    body: Any,
    status: int = 200,
    policy: Policy | None = None,
    scheme: str = "bearer",
    **headers: str,
) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    pairs = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    response = HttpResponse(status, pairs, raw)
    return read_token_response(response, now=_NOW, policy=policy or Policy(), scheme=scheme)


def _good(**changes: Any) -> dict[str, Any]:
    usual = {"access_token": "AT", "token_type": "Bearer", "expires_in": 3599, **changes}
    return {name: value for name, value in usual.items() if value is not ...}


def _part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _jwt(claims: Any, header: Any = None) -> str:
    return f"{_part(header or {'alg': 'RS256'})}.{_part(claims)}.sig"


def test_a_token_is_read_with_its_times() -> None:
    """RFC 6749 section 5.1, and Entra's extended life and refresh time."""
    found = _read(_good(ext_expires_in=7_200, refresh_in=1_800, scope="b a", foci="1"))
    assert isinstance(found, TokenResponse)
    assert found.access_token.reveal() == "AT"
    assert (found.expires_on, found.extended_expires_on, found.refresh_on) == (4_599, 8_200, 2_800)
    assert (found.scopes, found.user.family_id, found.cacheable) == (("a", "b"), "1", True)
    assert found.warnings == ()
    assert found.members["expires_in"] == 3599
    assert (found.user.id_token, found.user.id_token_claims, found.user.client_info) == (
        None,
        None,
        None,
    )


def test_what_is_told_about_the_user_is_read_too() -> None:
    """The id token with its claims, and Entra's `client_info`."""
    token, info = _jwt({"sub": "s", "x": 1}), {"uid": "u", "utid": "t"}
    found = _read(_good(id_token=token, refresh_token="RT", client_info=_part(info)))
    assert (found.user.id_token, found.user.id_token_claims) == (
        Secret(token),
        {"sub": "s", "x": 1},
    )
    assert (found.user.client_info, found.user.home_account_id) == (info, "u.t")
    assert found.user.refresh_token == Secret("RT")
    assert found.warnings == ()


@pytest.mark.parametrize(
    ("members", "life", "warning", "cacheable"),
    [
        ({"expires_in": "3599"}, 3599, None, True),
        ({"expires_in": 3599.9}, 3599, None, True),
        ({"expires_in": " 60.5 "}, 60, None, True),
        ({"expires_in": ..., "expires_on": 2_000}, 1_000, None, True),
        ({"expires_in": ..., "expires_on": "2000"}, 1_000, None, True),
        ({"expires_in": None}, 600, "missing_expires_in", True),
        ({"expires_in": ...}, 600, "missing_expires_in", True),
        ({"expires_in": "soon"}, 0, "bad_expires_in", False),
        ({"expires_in": [1]}, 0, "bad_expires_in", False),
        ({"expires_in": True}, 0, "bad_expires_in", False),
        ({"expires_in": ..., "expires_on": "x"}, 0, "bad_expires_in", False),
        ({"expires_in": 1}, 1, None, True),
        ({"expires_in": "1"}, 1, None, True),
        ({"expires_in": "100800"}, 28 * 3600, None, True),
        ({"expires_in": "100801"}, 28 * 3600, "expires_in_clamped", True),
        ({"expires_in": 28 * 3600}, 28 * 3600, None, True),
        ({"expires_in": 28 * 3600 + 1}, 28 * 3600, "expires_in_clamped", True),
        ({"expires_in": 0}, 0, "expired_on_arrival", False),
        ({"expires_in": -5}, -5, "expired_on_arrival", False),
        ({"expires_in": 10**9}, 28 * 3600, "expires_in_clamped", True),
    ],
)
def test_a_life_is_read_in_every_shape(
    members: dict[str, Any], life: int, warning: str | None, *, cacheable: bool
) -> None:
    """I-2: an unreadable one costs the caching, never the token."""
    found = _read(_good(**members))
    assert found.expires_on == _NOW + life
    assert found.cacheable is cacheable
    assert (warning in found.warnings) if warning else not found.warnings


@pytest.mark.parametrize(
    ("extended", "life"),
    [(7_200, 7_200), (3_600, 3_600), (3_598, 3_599), ("x", 3_599), (10**9, 28 * 3600)],
)
def test_an_extended_life_is_no_shorter_than_the_life(extended: Any, life: int) -> None:
    """And has the same cap."""
    assert _read(_good(ext_expires_in=extended)).extended_expires_on == _NOW + life


@pytest.mark.parametrize("value", ["NaN", "Infinity"])
def test_a_life_that_is_no_number_is_unreadable(value: str) -> None:
    """Python's JSON reader knows these words."""
    body = b'{"access_token":"AT","token_type":"Bearer","expires_in":' + value.encode() + b"}"
    assert "bad_expires_in" in _read(body).warnings


@pytest.mark.parametrize(
    ("refresh_in", "refresh_on", "warned"),
    [(10, 1_010, False), ("10", 1_010, False), (0, 1_000, False), (-5_000, 0, False),
     (3_599, 4_599, False), (3_600, None, True), (None, None, True), ("x", None, True)],
)  # fmt: skip
def test_a_refresh_time_lies_within_the_life(
    refresh_in: Any, refresh_on: int | None, *, warned: bool
) -> None:
    """Or there is none."""
    found = _read(_good(refresh_in=refresh_in))
    assert found.refresh_on == refresh_on
    assert ("bad_refresh_in" in found.warnings) is warned


@pytest.mark.parametrize(
    ("members", "warning"),
    [
        ({"refresh_token": 1}, "bad_refresh_token"),
        ({"refresh_token": "R T"}, "bad_refresh_token"),
        ({"refresh_token": "Ü"}, "bad_refresh_token"),
        ({"id_token": ["x"]}, "bad_id_token"),
        ({"id_token": "x.y"}, "id_token_unreadable"),
        ({"id_token": "x.y.z"}, "id_token_unreadable"),
        ({"id_token": _jwt({"sub": "s"}, {"alg": "none"})}, "id_token_unreadable"),
        ({"id_token": _jwt([1])}, "id_token_unreadable"),
        ({"client_info": "nonsense"}, "client_info_unreadable"),
        ({"client_info": 1}, "client_info_unreadable"),
        ({"scope": ["a"]}, "bad_scope"),
        ({"foci": 1}, "bad_foci"),
        ({"token_type": ...}, "missing_token_type"),
    ],
)
def test_an_unreadable_member_costs_a_warning_and_not_the_token(
    members: dict[str, Any], warning: str
) -> None:
    """I-2."""
    found = _read(_good(**members))
    assert found.access_token.reveal() == "AT"
    assert found.warnings == (warning,)
    assert (found.user.refresh_token, found.user.id_token_claims, found.user.client_info) == (
        None,
        None,
        None,
    )


@pytest.mark.parametrize("value", ["", None])
@pytest.mark.parametrize("name", ["refresh_token", "id_token", "client_info", "foci"])
def test_an_empty_member_says_nothing_of_a_user(name: str, value: Any) -> None:
    """Some servers send them."""
    found = _read(_good(**{name: value}))
    assert found.warnings == ()
    assert not any(getattr(found.user, it.name) for it in fields(SignedIn))


@pytest.mark.parametrize(("scope", "scopes"), [(None, None), ("", ()), (" b  a b ", ("a", "b"))])
def test_the_scopes_are_those_that_were_granted(scope: Any, scopes: Any) -> None:
    """None where the server did not name any; sorted, and each once."""
    found = _read(_good(scope=scope))
    assert (found.scopes, found.warnings) == (scopes, ())


@pytest.mark.parametrize(
    ("members", "account"),
    [
        ({}, None),
        ({"client_info": _part({"uid": "u", "utid": "t"})}, "u.t"),
        ({"client_info": _part({"uid": "u.v", "utid": "t"})}, "u.v.t"),
        ({"client_info": _part({"uid": "u"}), "id_token": _jwt({"sub": "s"})}, None),
        ({"client_info": _part({"uid": "u"})}, None),
        ({"client_info": _part({"utid": "t"})}, None),
        ({"client_info": _part({"uid": "u", "utid": "v.t"})}, None),
        ({"client_info": _part({"uid": "", "utid": "t"})}, None),
        ({"client_info": _part({"uid": "u", "utid": ""})}, None),
        ({"client_info": _part({"uid": 1, "utid": "t"})}, None),
        ({"client_info": _part({"uid": "u", "utid": 1})}, None),
        ({"client_info": "!", "id_token": _jwt({"sub": "s"})}, None),
        ({"id_token": _jwt({"sub": "s"})}, "s"),
        ({"id_token": _jwt({"sub": ""})}, None),
        ({"id_token": _jwt({"sub": 1})}, None),
    ],
)
def test_the_home_account_is_read_as_msal_reads_it(
    members: dict[str, Any], account: str | None
) -> None:
    """`uid.utid`, else `sub`; what is unreadable is nobody."""
    found = _read(_good(**members))
    assert found.user.home_account_id == account
    unread = "client_info" in members and account is None
    assert found.warnings == (("client_info_unreadable",) if unread else ())


_UNREADABLE = "it is no JSON object that can be read"
_NO_TEXT = "its access_token is not a text"
_INVISIBLE = "its access_token is not visible ASCII"


@pytest.mark.parametrize(
    ("body", "code", "why"),
    [
        ({}, "missing_access_token", "a success without an access_token"),
        ([], "not_an_object", _UNREADABLE),
        (b"", "empty_body", _UNREADABLE),
        (b"<html>" + _PLANTED.encode(), "response_not_json", _UNREADABLE),
        (_good(access_token=None), "bad_access_token_type", _NO_TEXT),
        (_good(access_token=""), "bad_access_token_type", _NO_TEXT),
        (_good(access_token=["AT"]), "bad_access_token_type", _NO_TEXT),
        (_good(access_token="A T"), "bad_access_token", _INVISIBLE),
        (_good(access_token="A\nT"), "bad_access_token", _INVISIBLE),
        (_good(access_token="Ä"), "bad_access_token", _INVISIBLE),
        (_good(token_type="mac"), "unexpected_token_type", "its token_type is not bearer"),
        (_good(token_type=1), "unexpected_token_type", "its token_type is not bearer"),
        (b'{"access_token":"a","access_token":"b"}', "duplicate_member", _UNREADABLE),
    ],
)
def test_a_success_that_breaks_the_protocol_is_an_error(body: Any, code: str, why: str) -> None:
    """Whose message repeats nothing of the body."""
    with pytest.raises(ResponseError) as caught:
        _read(body)
    assert (caught.value.code, caught.value.stage) == (code, "token")
    assert str(caught.value) == f"token response: {why}"
    assert caught.value.__cause__ is None


def test_a_strict_policy_wants_a_token_type_and_json() -> None:
    """Otherwise both are noticed and forgiven."""
    with pytest.raises(ResponseError) as caught:
        _read(_good(token_type=...), policy=Policy(strict_token_type=True))
    assert caught.value.code == "missing_token_type"
    assert str(caught.value) == "token response: it has no token_type"
    assert _read(_good(token_type=...)).token_type == "Bearer"
    with pytest.raises(ResponseError) as caught:
        _read(_good(), policy=Policy(strict_content_type=True), content_type="text/html")
    assert caught.value.code == "bad_content_type"
    assert str(caught.value) == "token response: its Content-Type is not JSON"
    assert _read(_good(), policy=Policy(strict_content_type=True)).warnings == ()
    assert _read(_good(), content_type="text/html").warnings == ("bad_content_type",)
    for content_type in ("application/problem+json", "Application/JSON", "text/Json; x"):
        assert _read(_good(), content_type=content_type).warnings == ()


def test_the_token_type_is_the_one_that_was_asked_for() -> None:
    """In any case of letters."""
    assert _read(_good(token_type="PoP"), scheme="pop").token_type == "PoP"
    with pytest.raises(ResponseError):
        _read(_good(token_type="Bearer"), scheme="pop")


@pytest.mark.parametrize("status", [200, 400, 401, 403, 429])
def test_an_oauth_error_is_a_refusal_with_its_members(status: int) -> None:
    """RFC 6749 section 5.2; even with 200. No token of it is kept."""
    body = {
        "error": "invalid_grant", "error_description": "d", "error_codes": [7000215, True, "x"],
        "suberror": "s", "claims": "{}", "extra": 1, "access_token": "AT",
    }  # fmt: skip
    found = _read(body, status)
    assert isinstance(found, Refusal)
    assert (found.error, found.status, found.description) == ("invalid_grant", status, "d")
    assert (found.error_codes, found.suberror, found.claims) == ((7000215,), "s", "{}")
    assert found.hint is not None
    assert found.members == {name: it for name, it in body.items() if name != "access_token"}
    assert found.retryable is (status == 429)


@pytest.mark.parametrize(
    ("status", "error", "retryable"),
    [
        (400, "invalid_request", False),
        (408, "invalid_request", True),
        (425, "invalid_request", True),
        (429, "invalid_request", True),
        (499, "invalid_request", False),
        (500, "invalid_request", True),
        (200, "temporarily_unavailable", True),
        (400, "request_timeout", True),
        (400, "server_error", True),
    ],
)
def test_a_refusal_says_whether_asking_again_may_help(
    status: int, error: str, *, retryable: bool
) -> None:
    """By its status, or by its word."""
    assert refusal_of({"error": error}, status).retryable is retryable


def test_members_that_are_no_texts_are_none() -> None:
    """And an error without a name is unknown; what was said is kept."""
    members: Any = {"error": 1, "error_description": 2, "suberror": [], "claims": {}}
    found = refusal_of(members, 400)
    assert (found.error, found.description) == ("unknown_error", None)
    assert (found.suberror, found.claims, found.error_codes) == (None, None, ())
    assert found.members == members


_ASSERTION_TIME = "the assertion is outside its time range: compare this clock with the server's"
_TOLD_THE_TIME = "Tue, 14 Nov 2023 22:13:20 GMT"


@pytest.mark.parametrize(
    ("codes", "date", "told"),
    [
        ([700024], _TOLD_THE_TIME, f"{_ASSERTION_TIME} ({_TOLD_THE_TIME})"),
        ([700024], None, _ASSERTION_TIME),
        ([700024], "<b>" * 10, _ASSERTION_TIME),
        ([700024], "x" * 19, _ASSERTION_TIME),
        ([700024], "x" * 41, _ASSERTION_TIME),
        ([90002], _TOLD_THE_TIME, "the tenant does not exist on this cloud"),
        ([1], _TOLD_THE_TIME, None),
    ],
)
def test_the_hint_about_an_assertions_time_has_the_servers_own(
    codes: list[int], date: str | None, told: str | None
) -> None:
    """Where it looks like a date; nothing else of an answer's headers is told to anybody."""
    headers: dict[str, Any] = {} if date is None else {"Date": date}
    found = _read({"error": "invalid_client", "error_codes": codes}, 401, **headers)
    assert found.hint == told
    assert (found.error, found.error_codes) == ("invalid_client", tuple(codes))


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, b"<html>", "unknown_error"),
        (408, b"", "unknown_error"),
        (425, b"", "unknown_error"),
        (499, b"", "unknown_error"),
        (400, b"{}", "unknown_error"),
        (401, b'{"error":1}', "unknown_error"),
        (429, b"slow down", "temporarily_unavailable"),
        (500, b"<html>", "server_error"),
        (503, b'{"error":"temporarily_unavailable"}', "server_error"),
        (599, b"", "server_error"),
    ],
)
def test_an_answer_without_an_oauth_error_is_a_refusal_in_our_words(
    status: int, body: bytes, error: str
) -> None:
    """Its body is for nobody's eyes."""
    found = _read(body, status)
    told = f"The token endpoint answered {status} without an OAuth error."
    assert (found.error, found.status, found.description) == (error, status, told)
    assert found.members == {"error": error, "error_description": told}
    assert found.retryable is (status in {408, 425, 429} or status >= 500)


def test_an_error_may_hold_bytes_that_are_no_utf8() -> None:
    """It is for people to read."""
    found = _read(b'{"error":"e","error_description":"\xff"}', 400)
    assert (found.error, found.description) == ("e", "\ufffd")


@pytest.mark.parametrize("status", [407, 511])
def test_a_proxys_answer_is_no_answer(status: int) -> None:
    """The endpoint never saw the request."""
    with pytest.raises(TransportError) as caught:
        _read(b"", status)
    assert (caught.value.kind, caught.value.stage) == ("proxy", "token")
    assert str(caught.value) == f"a proxy answered {status} in place of the token endpoint"


@pytest.mark.parametrize("status", [300, 302, 307, 399])
@pytest.mark.parametrize(
    ("location", "where"),
    [
        ("https://evil.example/x?secret", "evil.example"),
        ("nonsense", "nowhere"),
        ("", "nowhere"),
    ],
)
def test_a_redirect_is_named_by_its_host_and_never_followed(
    status: int, location: str, where: str
) -> None:
    """I-4."""
    with pytest.raises(ResponseError) as caught:
        _read(b"{}", status, location=location)
    assert (caught.value.code, caught.value.stage) == ("redirect_refused", "token")
    told = f"token endpoint redirects to {where}; a credential is never sent on"
    assert str(caught.value) == told


@pytest.mark.parametrize("status", [101, 201, 204, 299, 300, 304, 600])
def test_a_status_that_is_none_of_this_protocol_is_an_error(status: int) -> None:
    """Whatever the body says."""
    with pytest.raises(ResponseError) as caught:
        _read(_good(), status)
    assert (caught.value.code, caught.value.stage) == ("unexpected_status", "token")
    assert str(caught.value) == f"token response: status {status} is none of this protocol"


def test_a_very_long_error_is_cut() -> None:
    """It goes into logs and headers."""
    assert len(refusal_of({"error": "e" * 100_000}, 400).error) == 8_192


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("e30", {}),
        ("e30=", {}),
        ("eyJhIjoiPz8_fn5-In0", {"a": "???~~~"}),
        ("W10", None),
        ("!!", None),
        ("e30!!", None),
        ("e30.", None),
        ("é", None),
        ("", None),
    ],
)
def test_a_part_of_a_jwt_is_an_object_or_nothing(part: str, value: Any) -> None:
    """Base64url, padded or not."""
    assert decode_part(part) == value


@given(
    st.integers(100, 599),
    st.binary(max_size=60)
    | st.dictionaries(st.text(), st.text()).map(lambda it: json.dumps(it).encode()),
)
def test_any_answer_is_a_token_a_refusal_or_our_error(status: int, body: bytes) -> None:
    """I-6."""
    try:
        found = _read(body, status)
    except (ResponseError, TransportError):
        return
    assert isinstance(found, TokenResponse | Refusal)
