"""The token endpoint's answer, whatever it is."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sansio_auth._token import TokenResponse, decode_part, read_token_response, refusal_of
from sansio_auth.errors import ResponseError, TransportError
from sansio_auth.policy import Policy
from sansio_auth.results import Refusal
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


def _jwt(claims: Any, header: Any = None) -> str:
    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part(header or {'alg': 'RS256'})}.{part(claims)}.sig"


def test_a_token_is_read_with_its_times() -> None:
    """RFC 6749 section 5.1, and Entra's extended life and refresh time."""
    found = _read(_good(ext_expires_in=7_200, refresh_in=1_800, scope="b a", foci="1"))
    assert isinstance(found, TokenResponse)
    assert found.access_token.reveal() == "AT"
    assert (found.expires_on, found.extended_expires_on, found.refresh_on) == (4_599, 8_200, 2_800)
    assert (found.scopes, found.family_id, found.cacheable) == (("a", "b"), "1", True)
    assert found.warnings == ()
    assert found.members["expires_in"] == 3599


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
        ({"id_token": ["x"]}, "bad_id_token"),
        ({"id_token": "x.y"}, "id_token_unreadable"),
        ({"id_token": "x.y.z"}, "id_token_unreadable"),
        ({"id_token": _jwt({"sub": "s"}, {"alg": "none"})}, "id_token_unreadable"),
        ({"id_token": _jwt([1])}, "id_token_unreadable"),
        ({"client_info": "nonsense"}, "client_info_unreadable"),
        ({"client_info": 1}, "client_info_unreadable"),
        ({"client_info": _jwt({"uid": "u"}).split(".")[1]}, "client_info_unreadable"),
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


@pytest.mark.parametrize("name", ["refresh_token", "id_token", "client_info", "foci", "scope"])
def test_an_empty_member_is_none(name: str) -> None:
    """Some servers send them."""
    found = _read(_good(**{name: ""}))
    assert found.warnings == ()
    assert getattr(found, name if name != "foci" else "family_id", None) is None or name == "scope"


@pytest.mark.parametrize(
    ("members", "account"),
    [
        ({}, None),
        ({"client_info": _jwt({"uid": "u", "utid": "t"}).split(".")[1]}, "u.t"),
        ({"client_info": _jwt({"uid": "u"}).split(".")[1], "id_token": _jwt({"sub": "s"})}, None),
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
    assert _read(_good(**members)).home_account_id == account


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "missing_access_token"),
        ([], "not_an_object"),
        (b"", "empty_body"),
        (b"<html>" + _PLANTED.encode(), "response_not_json"),
        (_good(access_token=None), "bad_access_token_type"),
        (_good(access_token=""), "bad_access_token_type"),
        (_good(access_token=["AT"]), "bad_access_token_type"),
        (_good(access_token="A T"), "bad_access_token"),
        (_good(access_token="A\nT"), "bad_access_token"),
        (_good(access_token="Ä"), "bad_access_token"),
        (_good(token_type="mac"), "unexpected_token_type"),
        (_good(token_type=1), "unexpected_token_type"),
        (b'{"access_token":"a","access_token":"b"}', "duplicate_member"),
    ],
)
def test_a_success_that_breaks_the_protocol_is_an_error(body: Any, code: str) -> None:
    """Whose message repeats nothing of the body."""
    with pytest.raises(ResponseError) as caught:
        _read(body)
    assert (caught.value.code, caught.value.stage) == (code, "token")
    assert _PLANTED not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_strict_policy_wants_a_token_type_and_json() -> None:
    """Otherwise both are noticed and forgiven."""
    with pytest.raises(ResponseError) as caught:
        _read(_good(token_type=...), policy=Policy(strict_token_type=True))
    assert caught.value.code == "missing_token_type"
    with pytest.raises(ResponseError) as caught:
        _read(_good(), policy=Policy(strict_content_type=True), content_type="text/html")
    assert caught.value.code == "bad_content_type"
    assert _read(_good(), content_type="text/html").warnings == ("bad_content_type",)
    assert _read(_good(), content_type="application/problem+json").warnings == ()


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
    assert "access_token" not in found.members
    assert found.retryable is (status == 429)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, b"<html>", "unknown_error"),
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
    assert (found.error, found.status) == (error, status)
    assert str(status) in (found.description or "")


@pytest.mark.parametrize("status", [407, 511])
def test_a_proxys_answer_is_no_answer(status: int) -> None:
    """The endpoint never saw the request."""
    with pytest.raises(TransportError) as caught:
        _read(b"", status)
    assert caught.value.kind == "proxy"


@pytest.mark.parametrize(
    ("status", "headers", "code"),
    [
        (302, {"location": "https://evil.example/x?secret"}, "redirect_refused"),
        (307, {"location": "nonsense"}, "redirect_refused"),
        (304, {}, "unexpected_status"),
        (204, {}, "unexpected_status"),
        (101, {}, "unexpected_status"),
    ],
)
def test_a_status_that_is_none_of_this_protocol_is_an_error(
    status: int, headers: dict[str, Any], code: str
) -> None:
    """A redirect is named by its host and never followed."""
    with pytest.raises(ResponseError) as caught:
        _read(b"{}", status, **headers)
    assert caught.value.code == code
    assert "secret" not in str(caught.value)


def test_a_very_long_error_is_cut() -> None:
    """It goes into logs and headers."""
    assert len(refusal_of({"error": "e" * 100_000}, 400).error) == 8_192


@pytest.mark.parametrize(
    ("part", "value"),
    [("e30", {}), ("e30=", {}), ("W10", None), ("!!", None), ("é", None), ("", None)],
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
