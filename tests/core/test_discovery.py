"""The two discovery requests, and what their answers may say."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sansio_auth._discovery import (
    instance_discovery_request,
    needs_instance_discovery,
    openid_configuration_request,
    read_instance_discovery,
    read_openid_configuration,
)
from sansio_auth.authority import parse_authority
from sansio_auth.errors import AuthorityError
from sansio_auth.wire import HttpResponse

_AUTHORITY = parse_authority("https://login.contoso.example/contoso.com")
_BASE = "https://login.contoso.example/realm"


def _document(**changes: Any) -> HttpResponse:
    document = {
        "issuer": f"{_BASE}/v2.0",
        "token_endpoint": f"{_BASE}/oauth2/v2.0/token",
        "authorization_endpoint": f"{_BASE}/oauth2/v2.0/authorize",
        "device_authorization_endpoint": f"{_BASE}/oauth2/v2.0/devicecode",
        **changes,
    }
    kept = {name: value for name, value in document.items() if value is not ...}
    return HttpResponse(200, body=json.dumps(kept).encode())


@pytest.mark.parametrize(
    ("url", "needed"),
    [
        ("https://login.contoso.example/x", True),
        ("https://login.microsoftonline.com/contoso.com", False),
        ("https://sts.contoso.example/adfs", False),
        ("https://x.b2clogin.com/t/b2c_1_p", False),
        ("https://x.ciamlogin.com", False),
        ("https://d.example/dstsv2/t", False),
    ],
)
def test_microsoft_is_asked_about_unknown_hosts_only(url: str, *, needed: bool) -> None:
    """Not where the kind rules it out, nor when it was switched off."""
    authority = parse_authority(url)
    assert needs_instance_discovery(authority, validate=True) is needed
    assert not needs_instance_discovery(authority, validate=False)


def test_the_question_names_the_authorization_endpoint() -> None:
    """At the public cloud, or wherever the caller says."""
    request = instance_discovery_request(_AUTHORITY, None)
    assert request.url == "https://login.microsoftonline.com/common/discovery/instance"
    assert dict(request.query) == {
        "authorization_endpoint": f"{_AUTHORITY.url}/oauth2/v2.0/authorize",
        "api-version": "1.0",
    }
    assert instance_discovery_request(_AUTHORITY, "https://x/y").url == "https://x/y"


@pytest.mark.parametrize(
    ("url", "oidc", "asked"),
    [
        ("https://h.example/t", False, "https://h.example/t/v2.0"),
        ("https://h.example/adfs", False, "https://h.example/adfs"),
        ("https://d.example/dstsv2/t", False, "https://d.example/dstsv2/t"),
        ("https://i.example/a/b", True, "https://i.example/a/b"),
        ("https://x.b2clogin.com/t/b2c_1_p", False, "https://x.b2clogin.com/t/b2c_1_p/v2.0"),
    ],
)
def test_metadata_is_where_its_kind_has_it(url: str, asked: str, *, oidc: bool) -> None:
    """OpenID Connect Discovery section 4, with Microsoft's version segment where it belongs."""
    request = openid_configuration_request(parse_authority(url, oidc=oidc))
    assert request.url == f"{asked}/.well-known/openid-configuration"


def test_a_test_slice_goes_along_and_a_named_url_is_used_as_it_is() -> None:
    """The query is for discovery only."""
    authority = parse_authority("https://login.microsoftonline.com/contoso.com?dc=x")
    assert openid_configuration_request(authority).url.endswith("openid-configuration?dc=x")
    assert openid_configuration_request(authority, "https://x/y").url == "https://x/y"


def test_the_endpoints_are_read_with_their_realm() -> None:
    """The first path segment of the token endpoint: what MSAL's cache calls the realm."""
    endpoints = read_openid_configuration(_AUTHORITY, _document())
    assert endpoints.realm == "realm"
    assert endpoints.token == f"{_BASE}/oauth2/v2.0/token"
    assert endpoints.device_authorization == f"{_BASE}/oauth2/v2.0/devicecode"
    without = read_openid_configuration(_AUTHORITY, _document(device_authorization_endpoint=1))
    assert without.device_authorization is None


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"issuer": ...}, "missing_issuer"),
        ({"issuer": ""}, "missing_issuer"),
        ({"token_endpoint": None}, "missing_token_endpoint"),
        ({"authorization_endpoint": 1}, "missing_authorization_endpoint"),
        ({"token_endpoint": "https://evil.example/token"}, "foreign_endpoint"),
        ({"token_endpoint": "http://login.contoso.example/t"}, "insecure_endpoint"),
        ({"authorization_endpoint": "https://evil.example/a"}, "foreign_endpoint"),
        ({"issuer": "https://evil.example/"}, "foreign_endpoint"),
    ],
)
def test_metadata_that_cannot_be_trusted_is_refused(changes: dict[str, Any], code: str) -> None:
    """I-4: every endpoint is pinned, and none may be missing."""
    with pytest.raises(AuthorityError) as caught:
        read_openid_configuration(_AUTHORITY, _document(**changes))
    assert caught.value.code == code
    assert caught.value.stage == "discovery"


@pytest.mark.parametrize(
    ("response", "code", "retryable"),
    [
        (HttpResponse(200, body=b"<html>"), "response_not_json", False),
        (HttpResponse(200, body=b"[]"), "not_an_object", False),
        (HttpResponse(400, body=b"{}"), "discovery_refused", False),
        (HttpResponse(404), "discovery_refused", False),
        (HttpResponse(429), "discovery_refused", True),
        (HttpResponse(503), "discovery_refused", True),
        (HttpResponse(302, (("Location", "https://evil.example/x"),)), "redirect_refused", False),
        (HttpResponse(304), "redirect_refused", False),
    ],
)
def test_an_answer_that_is_no_metadata_is_refused(
    response: HttpResponse, code: str, *, retryable: bool
) -> None:
    """With the status, and whether it may pass by itself."""
    with pytest.raises(AuthorityError) as caught:
        read_openid_configuration(_AUTHORITY, response)
    assert caught.value.code == code
    assert caught.value.retryable is retryable
    if code == "discovery_refused":
        assert caught.value.status == response.status


@pytest.mark.parametrize(
    ("issuer", "fits"),
    [
        ("https://i.example/a", True),
        ("https://i.example/a/", True),
        ("https://i.example/a//", False),
        ("https://i.example/b", False),
        ("https://evil.example/a", False),
        ("https://listed.example/x", True),
    ],
)
def test_a_generic_issuer_must_be_the_authority_itself(issuer: str, *, fits: bool) -> None:
    """RFC 8414 section 3.3, but for one trailing slash, or a host that the caller listed."""
    authority = parse_authority("https://i.example/a", oidc=True)
    document = HttpResponse(
        200,
        body=json.dumps(
            {
                "issuer": issuer,
                "token_endpoint": "https://i.example/token",
                "authorization_endpoint": "https://i.example/authorize",
            }
        ).encode(),
    )
    trusted = frozenset({"listed.example"})
    if fits:
        endpoints = read_openid_configuration(authority, document, trusted_hosts=trusted)
        assert endpoints.issuer == issuer
    else:
        with pytest.raises(AuthorityError) as caught:
            read_openid_configuration(authority, document, trusted_hosts=trusted)
        assert caught.value.code == "issuer_mismatch"


@pytest.mark.parametrize(
    ("issuer", "fits"),
    [
        ("https://tenant-id.ciamlogin.com/tenant-id/v2.0", True),
        ("https://contoso.ciamlogin.com/tenant-id/v2.0", True),
        ("https://other.ciamlogin.com/tenant-id/v2.0", False),
        ("https://tenant-id.evil.example/tenant-id/v2.0", False),
    ],
)
def test_an_external_tenant_signs_under_its_id(issuer: str, *, fits: bool) -> None:
    """Observed: host and path both name the tenant."""
    authority = parse_authority("https://contoso.ciamlogin.com")
    base = "https://contoso.ciamlogin.com/tenant-id/oauth2/v2.0"
    body = {
        "issuer": issuer,
        "token_endpoint": f"{base}/token",
        "authorization_endpoint": f"{base}/authorize",
    }
    document = HttpResponse(200, body=json.dumps(body).encode())
    if fits:
        assert read_openid_configuration(authority, document).realm == "tenant-id"
    else:
        with pytest.raises(AuthorityError):
            read_openid_configuration(authority, document)


@pytest.mark.parametrize(
    ("response", "code"),
    [
        (HttpResponse(400, body=b'{"error":"invalid_instance"}'), "invalid_instance"),
        (HttpResponse(400, body=b'{"error":"other"}'), "discovery_refused"),
        (HttpResponse(200, body=b"{}"), "missing_tenant_discovery_endpoint"),
        (HttpResponse(200, body=b"<html>"), "response_not_json"),
        (HttpResponse(503, body=b"<html>"), "discovery_refused"),
        (HttpResponse(302, body=b"{}"), "redirect_refused"),
    ],
)
def test_a_host_that_nobody_vouches_for_is_refused(response: HttpResponse, code: str) -> None:
    """With what to do where it is the caller's own."""
    with pytest.raises(AuthorityError) as caught:
        read_instance_discovery(_AUTHORITY, response)
    assert caught.value.code == code


def test_a_host_that_is_vouched_for_names_its_metadata() -> None:
    """Where that may lead is for `pinned` to say."""
    body = b'{"tenant_discovery_endpoint":"https://login.contoso.example/x"}'
    assert read_instance_discovery(_AUTHORITY, HttpResponse(200, body=body)).endswith("/x")


@given(st.integers(100, 599), st.binary(max_size=60))
def test_any_answer_gives_endpoints_or_our_error(status: int, body: bytes) -> None:
    """I-6, for both readers."""
    for read in (read_instance_discovery, read_openid_configuration):
        try:
            assert read(_AUTHORITY, HttpResponse(status, body=body))
        except AuthorityError as error:
            assert error.code  # noqa: PT017 - a property, not one expected error
