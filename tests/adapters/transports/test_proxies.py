"""Which proxy is chosen for which address, and that its password stays where it belongs."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Final
from unittest import mock

import pytest

from sansio_auth.errors import ConfigurationError
from sansio_auth_adapters.transports._proxies import (
    Proxy,
    environment_proxy,
    parse_proxies,
    select_proxy,
)

LOGIN: Final = "https://login.example/t/oauth2/v2.0/token"
CANARY: Final = "canary-91bd"
EVERY: Final = {
    "all": "http://all:1",
    "all://login.example": "http://all-host:1",
    "https": "http://scheme:1",
    "https://login.example": "http://scheme-host:1",
}


def _chosen(url: str, proxies: Mapping[str, str | None]) -> str | None:
    proxy = select_proxy(url, parse_proxies(proxies))
    return proxy.url if proxy else None


def test_the_closest_name_wins() -> None:
    """In requests' order: scheme and host, scheme, any scheme and host, all."""
    left = dict(EVERY)
    for name in ("https://login.example", "https", "all://login.example", "all"):
        assert _chosen(LOGIN, left) == EVERY[name]
        del left[name]
    assert _chosen(LOGIN, left) is None


def test_names_are_compared_without_case_and_port() -> None:
    """Of the address as of the dictionary."""
    assert _chosen("https://LOGIN.example:8443/x", {"HTTPS://Login.Example": "http://p:1"})
    assert _chosen("http://login.example/x", {"https": "http://p:1"}) is None


@pytest.mark.parametrize("none", [None, ""])
def test_an_empty_proxy_is_none(none: str | None) -> None:
    """As in requests, where it takes one away."""
    assert parse_proxies({"https": none}) == {}


def test_no_proxy_is_no_name_of_a_proxy() -> None:
    """Some pass the environment's variable along with the others."""
    assert parse_proxies({"no_proxy": "localhost,::1"}) == {}


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("proxy:8080", "http://proxy:8080"),
        ("http://proxy", "http://proxy"),
        ("https://proxy:8443/path?query#f", "https://proxy:8443"),
        ("http://[::1]:3128", "http://[::1]:3128"),
        ("http://user:secret@[::1]:3128", "http://[::1]:3128"),
        ("HTTP://Proxy:1", "http://proxy:1"),
    ],
)
def test_a_proxy_is_a_scheme_a_host_and_a_port(given: str, url: str) -> None:
    """Whatever else its URL holds is dropped; a scheme is http where it is missing."""
    assert parse_proxies({"https": given})["https"].url == url


@pytest.mark.parametrize(
    ("information", "pair"),
    [
        ("user:pass", "user:pass"),
        ("user", "user:"),
        ("us%40er:p%3Aa%2Fs%25s", "us@er:p:a/s%s"),
        ("%C3%BC:%E2%82%AC", "ü:€"),
        ("user:with:colons", "user:with:colons"),
    ],
)
def test_user_information_becomes_a_header(information: str, pair: str) -> None:
    """Basic (RFC 7617), with the quoting of URLs undone."""
    headers = parse_proxies({"https": f"http://{information}@proxy:1"})["https"].headers
    expected = base64.b64encode(pair.encode()).decode()
    assert headers == {"Proxy-Authorization": f"Basic {expected}"}
    assert parse_proxies({"https": "http://proxy:1"})["https"].headers == {}


@pytest.mark.parametrize(
    "given",
    [
        f"socks5://user:{CANARY}@proxy:1",
        f"http://user:{CANARY}@proxy:port",
        f"http://user:{CANARY}@proxy:99999",
        f"http://user:{CANARY}@",
        f"http://user:{CANARY}@[proxy",
        f"ftp://{CANARY}",
        CANARY.encode(),
        5,
    ],
)
def test_what_is_no_proxy_is_refused_without_being_shown(given: object) -> None:
    """The URL may hold a password, and so may a URL that is wrong."""
    proxies: dict[str, str | None] = {"https": given}  # type: ignore[dict-item] # wrong on purpose
    with pytest.raises(ConfigurationError) as caught:
        _ = parse_proxies(proxies)
    assert caught.value.code == "proxies"
    error = caught.value
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None
    assert CANARY not in f"{error!r} {error}"


def test_a_proxys_repr_shows_no_password() -> None:
    """Neither as it was written nor as it is sent."""
    proxy = parse_proxies({"all": f"http://user:{CANARY}@proxy:1"})["all"]
    assert CANARY not in repr(proxy)
    assert proxy.headers["Proxy-Authorization"].split()[1] not in repr(proxy)


@pytest.mark.parametrize(
    ("variables", "url"),
    [
        ({}, None),
        ({"HTTPS_PROXY": "http://a:1"}, "http://a:1"),
        ({"https_proxy": "a:1"}, "http://a:1"),
        ({"HTTP_PROXY": "http://a:1"}, None),
        ({"ALL_PROXY": "http://a:1"}, "http://a:1"),
        ({"ALL_PROXY": "http://a:1", "HTTPS_PROXY": "http://b:1"}, "http://b:1"),
        ({"HTTPS_PROXY": "http://a:1", "NO_PROXY": "login.example"}, None),
        ({"HTTPS_PROXY": "http://a:1", "NO_PROXY": ".example"}, None),
        ({"HTTPS_PROXY": "http://a:1", "NO_PROXY": "*"}, None),
        ({"HTTPS_PROXY": "http://a:1", "NO_PROXY": "ogin.example, other"}, "http://a:1"),
        ({"HTTPS_PROXY": "http://a:1", "HTTP_PROXY": "socks5://b:1"}, "http://a:1"),
    ],
)
def test_the_environment_is_read_as_the_standard_library_reads_it(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], url: str | None
) -> None:
    """Scheme before `ALL_PROXY`, nothing where `NO_PROXY` holds, and what is unused unread."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert environment_proxy(LOGIN) == (Proxy(url) if url else None)


def test_a_proxy_of_the_environment_that_cannot_be_used_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is not left out: the request would go past it."""
    monkeypatch.setenv("HTTPS_PROXY", "socks5://proxy:1080")
    with pytest.raises(ConfigurationError):
        _ = environment_proxy(LOGIN)


def test_a_change_of_the_environment_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the next request, in every variable that decides."""
    http = "http://login.example/token"
    assert environment_proxy(LOGIN) is None
    monkeypatch.setenv("ALL_PROXY", "http://a:1")
    assert environment_proxy(LOGIN) == Proxy("http://a:1")
    for number, name in enumerate(("HTTPS_PROXY", "https_proxy")):
        monkeypatch.setenv(name, f"http://s{number}:1")
        assert environment_proxy(LOGIN) == Proxy(f"http://s{number}:1")
    for number, name in enumerate(("HTTP_PROXY", "http_proxy")):
        monkeypatch.setenv(name, f"http://p{number}:1")
        assert environment_proxy(http) == Proxy(f"http://p{number}:1")
    monkeypatch.setenv("NO_PROXY", "login.example")
    assert environment_proxy(LOGIN) is None
    monkeypatch.setenv("no_proxy", "other.example")
    assert environment_proxy(LOGIN) == Proxy("http://s1:1")


def test_while_nothing_changes_the_environment_is_read_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Looking through all of it takes longer than anything else that a request needs."""
    read = mock.Mock(return_value={"https": "http://a:1"})
    monkeypatch.setattr("urllib.request.getproxies", read)
    monkeypatch.setenv("HTTPS_PROXY", "http://once:1")
    for _ in range(3):
        assert environment_proxy(LOGIN) == Proxy("http://a:1")
    assert read.call_count == 1


def test_where_the_system_names_proxies_it_is_asked_every_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No variable tells that somebody changed its settings."""
    monkeypatch.setattr("sansio_auth_adapters.transports._proxies._SYSTEM_SETTINGS", True)
    read = mock.Mock(side_effect=[{}, {"https": "http://a:1"}])
    monkeypatch.setattr("urllib.request.getproxies", read)
    assert environment_proxy(LOGIN) is None
    assert environment_proxy(LOGIN) == Proxy("http://a:1")
