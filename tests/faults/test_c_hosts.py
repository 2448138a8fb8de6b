"""Section C: which host is meant, which tenant, and whom a token of another host serves."""

from __future__ import annotations

import pytest
from attrs import evolve

from sansio_auth import (
    AccessToken,
    AuthorityError,
    ConfigurationError,
    HttpResponse,
    parse_authority,
)
from sansio_auth.testing import World, example_tenant, user_token
from tests.faults.aids import (
    DOMAIN,
    GRAPH,
    TENANT,
    WEB_API,
    Answer,
    Line,
    app_of,
    client_of,
    gets,
    metadata,
    posts,
)
from tests.faults.rows import row

_GUID = "11111111-2222-3333-4444-555555555555"
_HOST = "login.microsoftonline.com"
_PRIVATE = "https://login.contoso.example"

_CONFUSING = [
    row(96, "cyrillic", "login.m\u0456crosoftonline.com"),
    row(96, "punycode-twin", "login.xn--mcrosoftonline-9vi.com"),
    row(96, "full-width-dots", "login\uff0emicrosoftonline\uff0ecom"),
    row(96, "ideographic-dots", "login\u3002microsoftonline\u3002com"),
    row(96, "full-width-letters", "\uff4cogin.microsoftonline.com"),
    row(96, "suffix", "login.microsoftonline.com.evil.example"),
    row(96, "missing-dot", "loginmicrosoftonline.com"),
    row(96, "prefix", "evil-login.microsoftonline.com"),
    row(96, "soft-hyphen", "login.micro\u00adsoftonline.com"),
]
_NUMBERS = [
    row(97, "ipv4", "192.0.2.1"),
    row(97, "loopback", "127.0.0.1"),
    row(97, "short-ipv4", "127.1"),
    row(97, "decimal", "2130706433"),
    row(97, "octal", "0177.0.0.1"),
    row(97, "octal-whole", "017700000001"),
    row(97, "hexadecimal", "0x7f.0.0.1"),
    row(97, "hexadecimal-whole", "0x7f000001"),
    row(97, "ipv6", "[2001:db8::1]"),
    row(97, "ipv6-loopback", "[::1]"),
    row(97, "mapped", "[::ffff:127.0.0.1]"),
    row(97, "zone", "[fe80::1%25eth0]"),
]


@pytest.mark.parametrize("host", [*_CONFUSING, *_NUMBERS])
def test_a_confusing_host_of_the_token_endpoint_is_foreign(host: str) -> None:
    """No credential goes there."""
    world = World(example_tenant())
    body = metadata(token_endpoint=f"https://{host}/{_GUID}/oauth2/v2.0/token")
    world.faults = [HttpResponse(200, body=body)]
    flow = world.play(client_of(DOMAIN).acquire_token_for_client([GRAPH]))
    assert isinstance(flow.error, AuthorityError)
    assert len(world.exchanges) == 1


@pytest.mark.parametrize(
    "host", [row(96, "mixed-case", "Login.MicrosoftOnline.COM"), row(96, "dot", f"{_HOST}.")]
)
def test_one_host_has_several_spellings(host: str) -> None:
    """A credential goes to it, and what it gave is found under any of them."""
    authority = parse_authority(f"https://{host}/{_GUID}")
    assert authority == parse_authority(TENANT)
    world = World(evolve(example_tenant(), hosts=frozenset({host.lower()})))
    body = metadata(token_endpoint=f"https://{host}/{_GUID}/oauth2/v2.0/token")
    world.faults = [HttpResponse(200, body=body)]
    assert isinstance(
        world.play(client_of(DOMAIN).acquire_token_for_client([GRAPH])).result, AccessToken
    )


@pytest.mark.parametrize(
    "host",
    [
        *_NUMBERS,
        row(96, "authority-cyrillic", "login.m\u0456crosoftonline.com"),
        row(96, "authority-full-width-dots", "login\uff0emicrosoftonline\uff0ecom"),
        row(96, "authority-full-width-letters", "\uff4cogin.microsoftonline.com"),
        row(103, "international-name", "login.b\u00fccher.example"),
        row(103, "two-dots", "login..example"),
        row(103, "user", "user@login.contoso.example"),
        row(103, "password", "user:pass@login.contoso.example"),
        row(103, "no-host", ""),
        row(103, "port-0", "login.contoso.example:0"),
        row(103, "port-99999", "login.contoso.example:99999"),
        row(103, "port-no-number", "login.contoso.example:https"),
        row(103, "known-host-with-port", f"{_HOST}:8443"),
    ],
)
def test_an_authoritys_host_is_a_name_in_ascii(host: str) -> None:
    """Anything else is refused when the application is made, without a request."""
    line = Line()
    with pytest.raises(ConfigurationError, match=r"^authority: "):
        app_of(line, authority=f"https://{host}/{_GUID}")
    assert line.asked == []


@pytest.mark.parametrize(
    ("host", "good"),
    [
        row(97, "test-mode", "127.0.0.1", True),
        row(97, "test-mode-ipv6", "[::1]", True),
        row(97, "test-mode-mapped", "[::ffff:127.0.0.1]", False),
        row(97, "test-mode-another", "127.0.0.2", False),
        row(97, "test-mode-decimal", "2130706433", False),
    ],
)
def test_the_mode_for_tests_admits_two_addresses(host: str, good: bool) -> None:
    """Only where it is asked for."""
    url = f"https://{host}:8443/{_GUID}"
    if good:
        assert parse_authority(url, loopback=True).url == url
    else:
        with pytest.raises(ConfigurationError):
            parse_authority(url, loopback=True)


_TENANTS = [
    row(102, "dots", ".."),
    row(102, "climbing", "../evil"),
    row(102, "two-parts", "a/b"),
    row(102, "escaped-slash", "a%2Fb"),
    row(102, "empty", ""),
    row(102, "spaces", "   "),
    row(102, "inner-space", "a b"),
    row(102, "long", "a" * 10_240),
    row(102, "line-break", "contoso.com\r\nHost: evil.example"),
    row(102, "emoji", "\U0001f600"),
    row(102, "fragment", "contoso.com#x"),
    row(102, "user", "@evil.example"),
]


@pytest.mark.parametrize(
    "tenant", [*_TENANTS, row(102, "query", "contoso.com?x"), row(102, "label", "contoso")]
)
def test_a_known_clouds_tenant_is_a_guid_a_domain_or_a_word(tenant: str) -> None:
    """In the authority and for one call, and no request is made for another."""
    line = Line()
    if tenant != "contoso.com?x":  # as part of the URL it is a query
        with pytest.raises(ConfigurationError):
            app_of(line, authority=f"https://{_HOST}/{tenant}")
    with pytest.raises(ConfigurationError):
        app_of(line).acquire_token_for_client([GRAPH], tenant_id=tenant)
    assert line.asked == []


@pytest.mark.parametrize(
    "tenant",
    [*_TENANTS, row(102, "query", "contoso.com?x")],
)
def test_another_hosts_tenant_is_one_segment(tenant: str) -> None:
    """A word of letters, digits and a few marks."""
    line = Line()
    app = app_of(line, authority=f"{_PRIVATE}/contoso", instance_discovery=False)
    with pytest.raises(ConfigurationError):
        app.acquire_token_for_client([GRAPH], tenant_id=tenant)
    assert line.asked == []


@pytest.mark.parametrize(
    "url",
    [
        row(102, "guid", TENANT),
        row(102, "guid-capitals", TENANT.upper().replace("HTTPS", "https")),
        row(102, "domain", DOMAIN),
        row(102, "common", f"https://{_HOST}/common"),
        row(102, "organizations", f"https://{_HOST}/organizations"),
        row(102, "consumers", f"https://{_HOST}/consumers"),
        row(102, "adfs", f"{_PRIVATE}/adfs"),
        row(102, "single-label-elsewhere", f"{_PRIVATE}/contoso"),
    ],
)
def test_tenants_that_are_good(url: str) -> None:
    """Nothing is asked to find that out."""
    line = Line()
    _ = app_of(line, authority=url)
    assert line.asked == []


@pytest.mark.parametrize(
    ("url", "told"),
    [
        row(103, "http", TENANT.replace("https", "http"), "https://login.microsoftonline.com/"),
        row(103, "fragment", f"{TENANT}#x", "fragment"),
        row(103, "empty-fragment", f"{TENANT}#", "fragment"),
        row(103, "no-path", f"https://{_HOST}", r"/\{tenant\}"),
        row(103, "slash-alone", f"https://{_HOST}/", r"/\{tenant\}"),
        row(103, "known-host-with-query", f"{TENANT}?x=1", "query"),
        row(103, "no-scheme", TENANT.removeprefix("https://"), "https URL"),
        row(103, "malformed-tenant", f"https://{_HOST}/contoso", "GUID, a domain name"),
    ],
)
def test_an_authority_that_is_none_says_how_one_is_written(url: str, told: str) -> None:
    """When the application is made."""
    with pytest.raises(ConfigurationError, match=told):
        app_of(Line(), authority=url)


@pytest.mark.parametrize(
    ("url", "meant"),
    [
        row(103, "private-port", f"{_PRIVATE}:8443/t", f"{_PRIVATE}:8443/t"),
        row(103, "port-443", f"{_PRIVATE}:443/t", f"{_PRIVATE}/t"),
        row(103, "upper-case", f"{_PRIVATE.upper()}/t", f"{_PRIVATE}/t"),
        row(103, "trailing-slash", f"{TENANT}/", TENANT),
        row(103, "a-label", "https://xn--bcher-kva.example/t", "https://xn--bcher-kva.example/t"),
    ],
)
def test_an_authority_has_one_normal_form(url: str, meant: str) -> None:
    """Host in lower case, no port that https has anyway, no slash at the end."""
    assert parse_authority(url).url == meant


@pytest.mark.parametrize(
    "url", [row(103, "private-query", f"{_PRIVATE}/t?p=x"), row(103, "slice", f"{TENANT}?dc=ESTS")]
)
def test_a_query_is_for_discovery_alone(url: str) -> None:
    """It is sent there, and to no token endpoint."""
    tenant = example_tenant(origin=url.rpartition("/")[0])
    world = World(evolve(tenant, domains=tenant.domains | {"t"}))
    query = url.partition("?")[2]
    client = client_of(url, validate_authority=False)
    assert isinstance(world.play(client.acquire_token_for_client([GRAPH])).result, AccessToken)
    assert [url.partition("?")[2] for url in gets(world)] == [query]
    assert query not in posts(world)[0]


@pytest.mark.parametrize("member", ["issuer", "token_endpoint"])
@pytest.mark.parametrize(
    "url",
    [row(104, "adfs", "https://evil.com/adfs"), row(104, "b2c", "https://evil.com/t/b2c_1_x")],
)
def test_the_shape_of_a_path_never_frees_from_pinning(url: str, member: str) -> None:
    """It spares the question to Microsoft, as MSAL does, and nothing else."""
    world = World(example_tenant())
    body = metadata(url, **{member: "https://other.example/adfs/x"})
    world.faults = [HttpResponse(200, body=body)]
    flow = world.play(client_of(url).acquire_token_for_client([GRAPH]))
    assert isinstance(flow.error, AuthorityError)
    assert flow.error.code == "foreign_endpoint"
    assert [url.split("/")[2] for url in gets(world)] == ["evil.com"]
    assert posts(world) == []


@pytest.mark.parametrize(
    "word",
    [row(105, "common", "common"), row(105, "organizations", "organizations"),
     row(105, "consumers", "consumers")],
)  # fmt: skip
def test_an_application_has_no_token_in_everybodys_tenant(word: str) -> None:
    """The core refuses; the application warns, as MSAL's does (architecture, section 8)."""
    url = f"https://{_HOST}/{word}"
    with pytest.raises(ConfigurationError) as caught:
        client_of(url).acquire_token_for_client([GRAPH])
    assert caught.value.code == "shared_tenant"
    line = Line(Answer(200, metadata().decode()))
    with pytest.warns(DeprecationWarning, match="tenant"):
        app_of(line, authority=url).acquire_token_for_client([GRAPH])


@pytest.mark.parametrize(
    "word",
    [row(105, "obo-common", "common"),
     row(105, "obo-organizations", "organizations"),
     row(105, "obo-consumers", "consumers")],
)  # fmt: skip
def test_on_behalf_of_in_everybodys_tenant_is_warned_of(word: str) -> None:
    """The tokens of users whose home is elsewhere may not be what is wanted."""
    world = World(example_tenant())
    assertion = user_token(world.tenant, "alice@contoso.com", WEB_API, world.clock.now)
    world.faults = [HttpResponse(200, body=metadata())]
    client = client_of(f"https://{_HOST}/{word}")
    outcome = world.play(client.acquire_token_on_behalf_of(assertion, ["User.Read"])).result
    assert isinstance(outcome, AccessToken)
    assert any("tenant" in word for word in outcome.metadata.warnings)
