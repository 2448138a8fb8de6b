"""Reading authority URLs, and where they may send us."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sansio_auth import authority
from sansio_auth.authority import (
    aliases_of,
    computed_endpoints,
    is_well_known,
    parse_authority,
    pinned,
)
from sansio_auth.errors import AuthorityError, ConfigurationError

_GUID = "11111111-2222-3333-4444-555555555555"
_HOST = "login.microsoftonline.com"


@pytest.mark.parametrize(
    ("url", "kind", "host", "tenant"),
    [
        (f"https://{_HOST}/{_GUID}", "entra", _HOST, _GUID),
        (f"HTTPS://{_HOST.upper()}/Contoso.com/", "entra", _HOST, "Contoso.com"),
        (f"https://{_HOST}:443/common", "entra", _HOST, "common"),
        (f"https://{_HOST}./common", "entra", _HOST, "common"),
        (f"https://{_HOST}//common", "entra", _HOST, "common"),
        ("https://login.microsoftonline.us/organizations", "entra", "login.microsoftonline.us",
         "organizations"),
        ("https://sts.contoso.com/adfs", "adfs", "sts.contoso.com", "adfs"),
        ("https://sts.contoso.com/ADFS/", "adfs", "sts.contoso.com", "ADFS"),
        ("https://contoso.b2clogin.com/contoso.onmicrosoft.com/b2c_1_x", "b2c",
         "contoso.b2clogin.com", "contoso.onmicrosoft.com"),
        (f"https://{_HOST}/contoso.com/B2C_1_signin", "b2c", _HOST, "contoso.com"),
        ("https://contoso.ciamlogin.com", "ciam", "contoso.ciamlogin.com",
         "contoso.onmicrosoft.com"),
        ("https://contoso.ciamlogin.com/contoso.com", "ciam", "contoso.ciamlogin.com",
         "contoso.com"),
        ("https://some.dsts.example/dstsv2/tenant", "dsts", "some.dsts.example", "dstsv2"),
        ("https://xn--bcher-kva.example/tenant", "entra", "xn--bcher-kva.example", "tenant"),
    ],
)  # fmt: skip
def test_an_authority_is_of_a_kind(url: str, kind: str, host: str, tenant: str) -> None:
    """Host in lower case; tenant as given."""
    authority = parse_authority(url)
    assert (authority.kind, authority.host, authority.tenant) == (kind, host, tenant)
    assert not authority.url.endswith("/")


@pytest.mark.parametrize("url", ["https://issuer.example", "https://issuer.example:8443/a/b"])
def test_an_issuer_of_any_kind_is_taken_as_such(url: str) -> None:
    """With `oidc`, a path of any length, and a port."""
    authority = parse_authority(url, oidc=True)
    assert authority.kind == "oidc"
    assert authority.url == url


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("", "authority_scheme"),
        ("login.microsoftonline.com/x", "authority_scheme"),
        (f"http://{_HOST}/x", "authority_scheme"),
        ("ftp://h/x", "authority_scheme"),
        ("https:///x", "authority_scheme"),
        (f"https://{_HOST}", "authority_tenant"),
        (f"https://{_HOST}/", "authority_tenant"),
        (f"https://{_HOST}/single", "authority_tenant"),
        (f"https://{_HOST}/con to so", "authority_characters"),
        (f"https://{_HOST}/x\n", "authority_characters"),
        ("https://bücher.example/x", "authority_characters"),
        ("https://h.example/" + "x" * 3_000, "authority_characters"),
        (f"https://{_HOST}/x#frag", "authority_url"),
        (f"https://{_HOST}/contoso.com?p=x", "authority_url"),
        (f"https://{_HOST}:8443/contoso.com", "authority_url"),
        ("https://user:pw@h.example/x", "authority_host"),
        ("https://h.example:/x", "authority_host"),
        ("https://h.example:0/x", "authority_host"),
        ("https://h.example:99999/x", "authority_host"),
        ("https://h.example:port/x", "authority_host"),
        ("https://127.0.0.1/x", "authority_host"),
        ("https://2130706433/x", "authority_host"),
        ("https://0x7f.1/x", "authority_host"),
        ("https://[::1]/x", "authority_host"),
        ("https://[::1/x", "authority_url"),
        ("https://-h.example/x", "authority_host"),
        ("https://h.example/../x", "authority_tenant"),
        ("https://h.example/x/./y", "authority_tenant"),
        ("https://h.example/x%2fy", "authority_tenant"),
        ("https://h.example/x;y", "authority_tenant"),
        ("https://h.example/-x", "authority_tenant"),
        ("https://h\\evil.example/x", "authority_host"),
    ],
)
def test_what_is_no_authority_is_refused(url: str, code: str) -> None:
    """Each with its code; a credential would go there."""
    with pytest.raises(ConfigurationError, match="authority") as caught:
        parse_authority(url)
    assert caught.value.code == code


@given(
    st.sampled_from(["https://", "HTTPS://", "http://"]),
    st.sampled_from([
        _HOST, _HOST.upper(), "login.windows.net", "login.unknown.example", "c.ciamlogin.com",
        "c.b2clogin.com", f"{_HOST}:443", f"{_HOST}.",
    ]),
    st.sampled_from([_GUID, _GUID.replace("5", "F"), "contoso.com", "common", f"{_GUID}/adfs"]),
    st.sampled_from(["", "/", "//", "?dc=x", "\n", "#"]),
)  # fmt: skip
def test_the_plainest_authority_is_read_like_any_other(
    scheme: str, host: str, tenant: str, end: str
) -> None:
    """What is known by sight is what a look at its parts would give."""
    url = f"{scheme}{host}/{tenant}{end}"

    def what(read: Callable[[], authority.Authority]) -> object:
        try:
            return read()
        except ConfigurationError as error:
            return error.code

    looked_at = what(lambda: authority._read(url, oidc=False, loopback=False))
    assert what(lambda: parse_authority(url)) == looked_at


@given(st.text())
def test_any_text_is_an_authority_or_is_refused(url: str) -> None:
    """I-6."""
    for text in (url, f"https://{url}", f"https://h.example/{url}"):
        try:
            authority = parse_authority(text)
        except ConfigurationError:
            continue
        assert authority.url.startswith("https://")
        assert authority.host == authority.host.lower()


@pytest.mark.parametrize("url", ["https://127.0.0.1:8443/x", "https://[::1]/x"])
def test_loopback_addresses_are_for_tests(url: str) -> None:
    """And must be asked for."""
    authority = parse_authority(url, loopback=True)
    assert authority.url == url


def test_a_test_slice_may_be_named() -> None:
    """`dc=`, and it goes to discovery only."""
    authority = parse_authority(f"https://{_HOST}/{_GUID}?dc=ESTS-PUB-1")
    assert authority.query == "dc=ESTS-PUB-1"
    assert "?" not in authority.url
    assert computed_endpoints(authority) is None


@pytest.mark.parametrize(
    ("tenant", "shared"),
    [("common", True), ("Organizations", True), ("consumers", True), (_GUID, False)],
)
def test_some_tenants_are_everybodys(tenant: str, *, shared: bool) -> None:
    """In which an application can have no token of its own."""
    assert parse_authority(f"https://{_HOST}/{tenant}").shared is shared


@pytest.mark.parametrize(
    ("url", "vouched"),
    [
        (f"https://{_HOST}/{_GUID}", False),
        ("https://h.example/x", False),
        ("https://sts.contoso.com/adfs", True),
        ("https://contoso.b2clogin.com/contoso.com/b2c_1_x", True),
        ("https://contoso.ciamlogin.com/", True),
    ],
)
def test_some_kinds_of_authority_are_no_tenant_of_a_cloud(url: str, *, vouched: bool) -> None:
    """So that there is no cloud to ask about them."""
    assert parse_authority(url).self_vouched is vouched


def test_hosts_of_one_cloud_are_aliases() -> None:
    """A static table; an unknown host is alone."""
    aliases = aliases_of("login.windows.net")
    assert aliases[0] == "login.windows.net"
    assert set(aliases) >= {_HOST, "sts.windows.net"}
    assert aliases_of("login.microsoftonline.us")[1:] == ("login.usgovcloudapi.net",)
    assert aliases_of("h.example") == ("h.example",)
    assert is_well_known(_HOST)
    assert not is_well_known("h.example")


def test_endpoints_are_computed_for_a_known_cloud_and_a_guid() -> None:
    """Exactly Entra's paths; the realm is the tenant."""
    endpoints = computed_endpoints(parse_authority(f"https://{_HOST}/{_GUID}"))
    assert endpoints is not None
    assert endpoints.token == f"https://{_HOST}/{_GUID}/oauth2/v2.0/token"
    assert endpoints.authorization == f"https://{_HOST}/{_GUID}/oauth2/v2.0/authorize"
    assert endpoints.realm == _GUID


@pytest.mark.parametrize(
    "url",
    [
        f"https://{_HOST}/contoso.com",
        f"https://{_HOST}/common",
        f"https://h.example/{_GUID}",
        f"https://{_HOST}/{_GUID}/b2c_1_x",
        "https://sts.contoso.com/adfs",
    ],
)
def test_all_others_are_discovered(url: str) -> None:
    """Nothing is guessed."""
    assert computed_endpoints(parse_authority(url)) is None


@pytest.mark.parametrize(
    ("url", "trusted"),
    [
        ("https://h.example:8443/token", ()),
        ("https://H.Example:8443/token?p=1", ()),
        ("https://other.example/token", ("other.example",)),
        ("https://other.example:99/token", ("other.example:99",)),
    ],
)
def test_an_endpoint_may_be_on_the_authoritys_host_or_one_that_was_listed(
    url: str, trusted: tuple[str, ...]
) -> None:
    """I-4: same host and port."""
    authority = parse_authority("https://h.example:8443/t")
    parts = pinned(authority, url, "token_endpoint", trusted_hosts=frozenset(trusted))
    assert parts.scheme == "https"


@pytest.mark.parametrize("query", ["", "?dc=ESTS-PUB-1"])
def test_an_endpoint_of_a_cloud_has_no_query_but_a_test_slices(query: str) -> None:
    """Whatever else it said would go along with the credential."""
    authority = parse_authority(f"https://{_HOST}/x.com")
    assert pinned(authority, f"https://{_HOST}/x/token{query}", "t").query == query[1:]
    for other in ("?p=x", "?dc=a&p=x", "?p"):
        with pytest.raises(AuthorityError, match="query") as caught:
            pinned(authority, f"https://{_HOST}/x/token{other}", "t")
        assert caught.value.code == "bad_endpoint"


def test_an_endpoint_may_be_on_an_alias() -> None:
    """Of the same cloud, on the default port."""
    authority = parse_authority(f"https://{_HOST}/x.com")
    assert pinned(authority, "https://login.windows.net/x/token", "t")
    with pytest.raises(AuthorityError):
        pinned(authority, "https://login.windows.net:8443/x/token", "t")


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://evil.example/token", "foreign_endpoint"),
        ("https://h.example/token", "foreign_endpoint"),
        ("https://h.example.evil.example:8443/token", "foreign_endpoint"),
        ("http://h.example:8443/token", "insecure_endpoint"),
        ("https://h.example:8443/token#x", "bad_endpoint"),
        ("https://h.example:8443/to ken", "bad_endpoint"),
        ("https://h.example:8443@evil.example/token", "bad_endpoint"),
        ("https://[::1", "bad_endpoint"),
        ("https://127.0.0.1:8443/token", "bad_endpoint"),
        ("", "bad_endpoint"),
        ("https://h.example:84430/token", "bad_endpoint"),
        ("https://h.example:canary/token", "bad_endpoint"),
        ("https://h.example:" + "9" * 5_000, "bad_endpoint"),
        ("//" + "[" * 1_000, "bad_endpoint"),
        ("https://" + "h." * 1_000 + "example/token", "bad_endpoint"),
        ("https://" + "h." * 127 + "example/token", "bad_endpoint"),
        ("https://h.example:8443/" + "x" * 2_048, "bad_endpoint"),
    ],
)
def test_no_other_endpoint_gets_a_credential(url: str, code: str) -> None:
    """I-4: both hosts are in the message, and what to do."""
    authority = parse_authority("https://h.example:8443/t")
    with pytest.raises(AuthorityError) as caught:
        pinned(authority, url, "token_endpoint")
    assert caught.value.code == code
    assert "token_endpoint" in str(caught.value)
    assert "canary" not in str(caught.value)
    assert len(str(caught.value)) < 600


@given(st.text(), st.sampled_from(["", "https://", "https://h.example"]))
def test_any_endpoint_is_pinned_or_refused(url: str, beginning: str) -> None:
    """I-6 and I-4."""
    authority = parse_authority("https://h.example/t")
    text = beginning + url
    try:
        parts: Any = pinned(authority, text, "x")
    except AuthorityError:
        return
    assert parts.hostname.rstrip(".") == "h.example"  # the root's dot names the same host
