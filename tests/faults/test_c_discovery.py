"""Section C: what an authority's metadata may say, and what becomes of anything else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from attrs import evolve

from sansio_auth import (
    AccessToken,
    AuthorityError,
    Failure,
    HttpResponse,
    ResponseError,
    SendHttp,
    TransportError,
)
from sansio_auth.testing import World, example_tenant
from tests.faults.aids import (
    DOMAIN,
    GRAPH,
    TENANT,
    Answer,
    Line,
    app_of,
    client_of,
    gets,
    metadata,
    posts,
)
from tests.faults.rows import row

_PRIVATE = "https://login.contoso.example/contoso.com"
_HOST = "https://login.microsoftonline.com"
_TOKEN = "/11111111-2222-3333-4444-555555555555/oauth2/v2.0/token"


def _played(world: World, authority: str = DOMAIN, **more: Any) -> Any:
    return world.play(client_of(authority, **more).acquire_token_for_client([GRAPH]))


def _found(body: bytes, authority: str = DOMAIN, **more: Any) -> tuple[World, Any]:
    """Play a call to which the authority describes itself like that."""
    hosts = frozenset({"login.windows.net", "login.microsoft.com", "sts.windows.net", "sts.mine"})
    world = World(evolve(example_tenant(), hosts=hosts))
    world.faults = [HttpResponse(200, body=body)]
    return world, _played(world, authority, **more)


def _refused(body: bytes, authority: str = DOMAIN, **more: Any) -> AuthorityError:
    world, flow = _found(body, authority, **more)
    assert isinstance(flow.error, AuthorityError)
    assert len(world.exchanges) == 1
    assert posts(world) == []
    error: AuthorityError = flow.error
    return error


@pytest.mark.parametrize(
    ("later", "asked"),
    [row(89, "within-a-day", 86_300, 1), row(89, "after-a-day", 86_500, 2)],
)
def test_valid_metadata_is_kept_for_a_day(later: float, asked: int) -> None:
    """And for no longer while the authority answers."""
    world = World(example_tenant())
    assert isinstance(_played(world).result, AccessToken)
    world.clock.advance(later)
    assert isinstance(_played(world).result, AccessToken)
    assert len(gets(world)) == asked


@pytest.mark.parametrize(
    "fault",
    [
        row(89, "stale-if-unreachable", Failure("connect", sent=False)),
        row(89, "stale-if-500", HttpResponse(500)),
        row(89, "stale-if-html", HttpResponse(200, body=b"<html>")),
        row(89, "stale-if-elsewhere", HttpResponse(200, body=metadata("https://evil.example/x"))),
    ],
)
def test_stale_metadata_serves_where_discovery_fails(fault: Any) -> None:
    """The token is got, with a warning, from where it was got before."""
    world = World(example_tenant())
    _ = _played(world)
    world.clock.advance(90_000)
    world.faults = [fault]
    outcome = _played(world).result
    assert isinstance(outcome, AccessToken)
    assert "discovery_failed" in outcome.metadata.warnings
    assert len(set(posts(world))) == 1


@pytest.mark.parametrize(
    "body",
    [
        row(90, "html", b"<html>captive portal</html>"),
        row(90, "empty", b""),
        row(90, "list", b"[]"),
        row(90, "truncated", metadata()[:-3]),
        row(90, "no-token-endpoint", metadata(token_endpoint=...)),
        row(90, "null-token-endpoint", metadata(token_endpoint=None)),
        row(90, "empty-token-endpoint", metadata(token_endpoint="")),
        row(90, "token-endpoint-list", metadata(token_endpoint=["https://x"])),
    ],
)
def test_unusable_metadata_is_not_kept(body: bytes) -> None:
    """The next call asks again, and gets its token."""
    world, flow = _found(body)
    assert isinstance(flow.error, AuthorityError)
    assert posts(world) == []
    assert isinstance(_played(world).result, AccessToken)
    assert len(gets(world)) == 2


@pytest.mark.parametrize(
    "issuer",
    [
        row(91, "trailing-slash", f"{TENANT}/v2.0/"),
        row(91, "case-of-host", f"{TENANT}/v2.0".replace("login.m", "LOGIN.M")),
        row(91, "path", f"{_HOST}/other/path"),
        row(91, "template", f"{_HOST}/{{tenantid}}/v2.0"),
        row(91, "alias", "https://sts.windows.net/11111111-2222-3333-4444-555555555555/"),
    ],
)
def test_entras_issuer_is_on_its_host_or_an_alias(issuer: str) -> None:
    """Whatever its path, templates of tenants included."""
    _, flow = _found(metadata(issuer=issuer))
    assert isinstance(flow.result, AccessToken)


@pytest.mark.parametrize(
    ("issuer", "code"),
    [
        row(91, "missing", ..., "missing_issuer"),
        row(91, "null", None, "missing_issuer"),
        row(91, "empty", "", "missing_issuer"),
        row(91, "number", 5, "missing_issuer"),
        row(91, "http", f"{TENANT}/v2.0".replace("https", "http"), "insecure_endpoint"),
        row(91, "host", "https://evil.example/v2.0", "foreign_endpoint"),
        row(91, "suffix", f"{_HOST}.evil.example/v2.0", "foreign_endpoint"),
        row(91, "no-url", "login.microsoftonline.com", "bad_endpoint"),
    ],
)
def test_an_issuer_elsewhere_is_none(issuer: object, code: str) -> None:
    """Both hosts are named where they differ, and no credential is sent."""
    error = _refused(metadata(issuer=issuer))
    assert error.code == code
    if code == "foreign_endpoint":
        assert "login.microsoftonline.com" in str(error)
        assert str(issuer).split("/")[2] in str(error)


@pytest.mark.parametrize("slash", ["no-slash", "/"])
@pytest.mark.parametrize(
    "authority",
    [row(91, "oidc-exact", _PRIVATE), row(91, "oidc-authority-with-slash", f"{_PRIVATE}/")],
)
def test_an_openid_issuer_may_differ_by_one_slash(authority: str, slash: str) -> None:
    """Nothing else may."""
    world = World(evolve(example_tenant(), origin="https://login.contoso.example"))
    body = metadata(world.tenant.authority, issuer=_PRIVATE + slash.removeprefix("no-slash"))
    world.faults = [HttpResponse(200, body=body)]
    assert isinstance(_played(world, authority, oidc=True).result, AccessToken)


@pytest.mark.parametrize(
    "issuer",
    [
        row(91, "oidc-two-slashes", f"{_PRIVATE}//"),
        row(91, "oidc-case-of-path", f"{_PRIVATE}".replace("contoso.com", "Contoso.com")),
        row(91, "oidc-path", f"{_PRIVATE}/v2.0"),
        row(91, "oidc-template", f"{_PRIVATE}".replace("contoso.com", "{tenantid}")),
        row(91, "oidc-host", "https://evil.example/contoso.com"),
        row(91, "oidc-port", _PRIVATE.replace(".example", ".example:8443")),
        row(91, "oidc-http", _PRIVATE.replace("https", "http")),
    ],
)
def test_an_openid_issuer_is_exact(issuer: str) -> None:
    """And the error names both, the one that came and the one that was expected."""
    error = _refused(metadata(_PRIVATE, issuer=issuer), _PRIVATE, oidc=True)
    assert error.code == "issuer_mismatch"
    assert repr(issuer) in str(error)
    assert repr(_PRIVATE) in str(error)


@pytest.mark.parametrize("issuer", [row(91, "oidc-missing", ...), row(91, "oidc-null", None)])
def test_an_openid_issuer_is_needed(issuer: object) -> None:
    """OpenID Connect Discovery section 3."""
    error = _refused(metadata(_PRIVATE, issuer=issuer), _PRIVATE, oidc=True)
    assert error.code == "missing_issuer"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        row(92, "http", f"http://login.microsoftonline.com{_TOKEN}", "insecure_endpoint"),
        row(92, "http-capitals", f"HTTP://login.microsoftonline.com{_TOKEN}", "insecure_endpoint"),
        row(92, "http-443", f"http://login.microsoftonline.com:443{_TOKEN}", "insecure_endpoint"),
        row(92, "ftp", f"ftp://login.microsoftonline.com{_TOKEN}", "insecure_endpoint"),
        row(93, "foreign", f"https://evil.example{_TOKEN}", "foreign_endpoint"),
        row(93, "another-cloud", f"https://login.microsoftonline.us{_TOKEN}", "foreign_endpoint"),
        row(93, "a-subdomain", f"https://a.login.microsoftonline.com{_TOKEN}", "foreign_endpoint"),
        row(93, "a-parent", f"https://microsoftonline.com{_TOKEN}", "foreign_endpoint"),
        row(94, "userinfo", f"{_HOST}@evil.example{_TOKEN}", "bad_endpoint"),
        row(94, "userinfo-of-ours", f"https://evil.example@{_HOST[8:]}{_TOKEN}", "bad_endpoint"),
        row(94, "password", f"https://a:b@{_HOST[8:]}{_TOKEN}", "bad_endpoint"),
        row(94, "backslash", f"{_HOST}\\@evil.example{_TOKEN}", "bad_endpoint"),
        row(95, "8443", f"{_HOST}:8443{_TOKEN}", "foreign_endpoint"),
        row(95, "0", f"{_HOST}:0{_TOKEN}", "bad_endpoint"),
        row(95, "99999", f"{_HOST}:99999{_TOKEN}", "bad_endpoint"),
        row(95, "443x", f"{_HOST}:443x{_TOKEN}", "bad_endpoint"),
        row(95, "no-number", f"{_HOST}:{_TOKEN}", "bad_endpoint"),
        row(99, "fragment", f"{_HOST}{_TOKEN}#x", "bad_endpoint"),
    ],
)
def test_a_token_endpoint_elsewhere_gets_no_credential(url: str, code: str) -> None:
    """I-4: the answer is refused before anything is sent there."""
    assert _refused(metadata(token_endpoint=url)).code == code


@pytest.mark.parametrize(
    ("url", "trusted"),
    [
        row(93, "alias-windows", f"https://login.windows.net{_TOKEN}", ()),
        row(93, "alias-microsoft", f"https://login.microsoft.com{_TOKEN}", ()),
        row(93, "alias-sts", f"https://sts.windows.net{_TOKEN}", ()),
        row(93, "listed", f"https://sts.mine{_TOKEN}", ("sts.mine",)),
    ],
)
def test_an_alias_and_a_listed_host_are_good(url: str, trusted: tuple[str, ...]) -> None:
    """A credential goes there, and to no other."""
    world, flow = _found(metadata(token_endpoint=url), trusted_hosts=frozenset(trusted))
    assert isinstance(flow.result, AccessToken)
    assert posts(world) == [url]


_AS_GIVEN = "_discovery.read_openid_configuration keeps the URL as it was written"


@pytest.mark.parametrize(
    "host",
    [
        row(95, "443", "login.microsoftonline.com:443"),
        row(96, "endpoint-with-dot", "login.microsoftonline.com."),
        row(96, "endpoint-in-capitals", "LOGIN.MICROSOFTONLINE.COM"),
    ],
)
def test_a_token_endpoint_is_asked_in_its_normal_form(host: str) -> None:
    """Which is the assertion's audience too: no port that https has anyway, no dot at the end."""
    world, flow = _found(metadata(token_endpoint=f"https://{host}{_TOKEN}"))
    assert posts(world) == [f"{_HOST}{_TOKEN}"]
    assert isinstance(flow.result, AccessToken)


@pytest.mark.parametrize(
    ("port", "good"),
    [
        row(95, "the-authoritys-own", ":8443", True),
        row(95, "another-than-the-authoritys", ":9443", False),
        row(95, "none-where-the-authority-has-one", "", False),
    ],
)
def test_a_port_is_the_authoritys(port: str, good: bool) -> None:
    """Another port is another server."""
    world = World(evolve(example_tenant(), origin="https://login.contoso.example:8443"))
    base = world.tenant.authority
    url = f"https://login.contoso.example{port}{_TOKEN}"
    world.faults = [HttpResponse(200, body=metadata(base, token_endpoint=url))]
    flow = _played(world, f"{world.tenant.origin}/contoso.com", validate_authority=False)
    assert posts(world) == ([url] if good else [])
    assert isinstance(flow.error, AuthorityError) is not good


@pytest.mark.parametrize(
    "query",
    [
        row(99, "query-slice", "?dc=ESTS-PUB-WUS2-AZ1"),
        row(
            99, "query-other", "?redirect=https://evil.example"),
    ],
)  # fmt: skip
def test_a_query_of_the_token_endpoint_is_kept_where_it_is_documented(query: str) -> None:
    """That is the test slice `dc=`; any other reaches nobody."""
    url = f"{_HOST}{_TOKEN}{query}"
    world, _ = _found(metadata(token_endpoint=url))
    assert any(query in request.target for request, _ in world.exchanges) is ("dc=" in query)


@pytest.mark.parametrize(
    ("status", "location", "named"),
    [
        row(100, "302", 302, "https://evil.example/secret?path=1", "evil.example"),
        row(100, "301", 301, "https://evil.example/secret", "evil.example"),
        row(100, "303", 303, "https://evil.example/secret", "evil.example"),
        row(100, "307", 307, "https://evil.example/secret", "evil.example"),
        row(100, "308", 308, "https://u:secret@evil.example/", "evil.example"),
        row(100, "relative", 302, "/secret", "login.microsoftonline.com"),
        row(100, "nowhere", 302, "", "login.microsoftonline.com"),
    ],
)
def test_a_redirect_is_not_followed(status: int, location: str, named: str) -> None:
    """And no more than the new host is told."""
    world = World(example_tenant())
    world.faults = [HttpResponse(status, (("Location", location),))]
    flow = _played(world)
    assert isinstance(flow.error, AuthorityError)
    assert flow.error.code == "redirect_refused"
    assert f"redirects to {named};" in str(flow.error)
    assert "secret" not in str(flow.error)
    assert len(world.exchanges) == 1


def test_row101_discovery_has_the_limits_of_a_token_request() -> None:
    """In bytes, which a transport counts after decompression, and in seconds."""
    world = World(example_tenant())
    flow = _played(world)
    first, last = (
        step.effect.request for step in flow.transcript.steps if isinstance(step.effect, SendHttp)
    )
    assert (first.method, last.method) == ("GET", "POST")
    assert first.max_bytes == last.max_bytes == client_of().policy.max_token_bytes
    assert 0 < first.timeout <= client_of().policy.call_deadline


@pytest.mark.parametrize(
    "kind",
    [row(101, "huge", "body_too_large"), row(101, "slow", "timeout"), row(101, "late", "deadline")],
)
def test_metadata_beyond_the_limits_is_the_worlds_failure(kind: Any) -> None:
    """It is not kept either."""
    world = World(example_tenant())
    world.faults = [Failure(kind)]
    assert isinstance(_played(world).error, TransportError | ResponseError)
    assert isinstance(_played(world).result, AccessToken)


def test_row101_five_megabytes_of_metadata_are_refused() -> None:
    """Also where an injected client has read them already."""
    line = Line(Answer(200, json.dumps({"issuer": "x" * 5_000_000})))
    with pytest.raises((ResponseError, TransportError)) as caught:
        app_of(line, authority=DOMAIN).acquire_token_for_client([GRAPH])
    assert caught.value.code == "body_too_large"
    assert len(line.asked) == 1
