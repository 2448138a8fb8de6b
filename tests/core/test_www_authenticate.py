"""The claims challenge in a `WWW-Authenticate` header, in every shape an API may write it."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sansio_auth import ResponseError, parse_www_authenticate

_CLAIMS = '{"access_token":{"acrs":{"essential":true,"value":"c1~?>"}}}'
_BASE64 = base64.b64encode(_CLAIMS.encode()).decode()
_URLSAFE = base64.urlsafe_b64encode(_CLAIMS.encode()).decode()


@pytest.mark.parametrize(
    "header",
    [
        f'Bearer realm="", authorization_uri="https://x/y", error="e", claims="{_BASE64}"',
        f'Bearer claims="{_BASE64}"',
        f'Bearer claims="{_URLSAFE}"',
        f'Bearer claims="{_BASE64.rstrip("=")}"',
        f"Bearer claims={_URLSAFE.rstrip('=')}",
        f'bearer CLAIMS = "{_BASE64}" , error="insufficient_claims"',
        f'Negotiate YWJj==, Bearer claims="{_BASE64}"',
        f'Basic realm="a \\"quoted\\" word, with, commas", Bearer claims="{_BASE64}"',
        f'PoP nonce="abc", claims="{_BASE64}"',
        f'DPoP algs="ES256", claims="{_BASE64}"',
        f'Bearer error="invalid_token", Bearer claims="{_BASE64}"',
        'Bearer claims="' + _CLAIMS.replace('"', '\\"') + '"',
    ],
)
def test_a_challenge_is_found_however_it_is_written(header: str) -> None:
    """Base64 and base64url, padded or not, quoted or not, alone or among others; plain JSON too."""
    assert parse_www_authenticate(header) == _CLAIMS


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Negotiate",
        "Negotiate YWJj",
        'Bearer error="invalid_token"',
        'Bearer claims=""',
        f'Basic claims="{_BASE64}"',
        f'Basic realm="Bearer claims={_BASE64}"',
        '"',
        ",,,=",
    ],
)
def test_no_challenge_is_none(header: str) -> None:
    """Also where another scheme has a parameter of that name, or a quoted text looks like one."""
    assert parse_www_authenticate(header) is None


@pytest.mark.parametrize(
    "value",
    ["%%%", base64.b64encode(b"[1]").decode(), base64.b64encode(b"{").decode(), "ünï"],
)
def test_a_challenge_that_cannot_be_read_is_an_error(value: str) -> None:
    """What cannot be asked for is not passed on."""
    with pytest.raises(ResponseError) as caught:
        parse_www_authenticate(f'Bearer claims="{value}"')
    assert caught.value.code == "bad_claims_challenge"
    assert value not in str(caught.value)


def test_the_first_of_two_parameters_of_one_name_counts() -> None:
    """RFC 9110 section 11.2 allows each name once; a second one changes nothing."""
    assert parse_www_authenticate(f'Bearer claims="{_BASE64}", claims="e30"') == _CLAIMS


@given(st.text())
def test_any_header_gives_an_answer_or_our_error(header: str) -> None:
    """Totality, on arbitrary texts."""
    try:
        found = parse_www_authenticate(header)
    except ResponseError:
        return
    assert found is None or found.lstrip().startswith("{")


@pytest.mark.parametrize("part", ['Bearer "', 'a="\\', "a=,", "Bearer a=b,", "Negotiate =="])
def test_a_very_long_header_is_read_in_bounded_time(part: str) -> None:
    """Repetitions of awkward pieces, a megabyte of each."""
    assert parse_www_authenticate(part * (1_000_000 // len(part))) is None
