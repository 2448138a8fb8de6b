"""Requests and responses as values."""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sansio_auth.wire import HttpRequest, HttpResponse, form_encode, host_of


def test_a_request_shows_names_and_no_values() -> None:
    """I-7: fields, headers and query by name only."""
    request = HttpRequest(
        "POST", "https://h/t", (("q", "VALUE"),), (("h", "VALUE"),), (("secret", "VALUE"),)
    )
    assert "VALUE" not in repr(request)
    assert "secret" in repr(request)


def test_a_response_shows_its_size_and_no_body() -> None:
    """I-7: a body may be a token."""
    shown = repr(HttpResponse(200, (("Set-Cookie", "VALUE"),), b"VALUE"))
    assert "VALUE" not in shown
    assert "bytes=5" in shown


@pytest.mark.parametrize(
    ("url", "target"),
    [("https://h/t", "https://h/t?a=1&b=2+3"), ("https://h/t?p=x", "https://h/t?p=x&a=1&b=2+3")],
)
def test_a_query_is_added_to_the_url(url: str, target: str) -> None:
    """Behind one that is there already."""
    assert HttpRequest("GET", url, (("a", "1"), ("b", "2 3"))).target == target
    assert HttpRequest("GET", url).target == url


def test_a_request_without_a_form_has_no_body() -> None:
    """An empty form is an empty body."""
    assert HttpRequest("GET", "https://h").body is None
    assert HttpRequest("POST", "https://h", form=()).body == b""
    assert HttpRequest("POST", "https://h", form=(("a", "ü~ /"),)).body == b"a=%C3%BC~+%2F"


@given(st.lists(st.tuples(st.text(min_size=1), st.text())))
def test_a_form_is_read_back_as_it_was(pairs: list[tuple[str, str]]) -> None:
    """application/x-www-form-urlencoded loses nothing that UTF-8 can write."""
    clean = [
        (name, value)
        for name, value in pairs
        if not any("\ud800" <= c <= "\udfff" for c in name + value)
    ]
    assert parse_qsl(form_encode(tuple(clean)), keep_blank_values=True) == clean


def test_a_header_is_found_in_lower_case() -> None:
    """The first one of several; None where there is none."""
    response = HttpResponse(200, (("Retry-After", "1"), ("RETRY-AFTER", "2")))
    assert response.header("retry-after") == "1"
    assert response.header("location") is None


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://Host.Example:8443/p", "host.example"),
        ("https://user@h/p", "h"),
        (f"https://{'h' * 253}/p", "h" * 253),
        (f"https://{'h' * 254}/p", ""),
        ("nonsense", ""),
        ("", ""),
    ],
)
def test_a_host_is_named_for_messages(url: str, host: str) -> None:
    """Without port and user information."""
    assert host_of(url) == host
