"""One application at one authority, prepared once."""

from __future__ import annotations

from typing import Any

import pytest

from sansio_auth import (
    AssertionCredential,
    CertificateCredential,
    ClientSecret,
    ConfigurationError,
    Policy,
    Secret,
    parse_authority,
)
from sansio_auth.credentials import Credential
from sansio_auth.registration import ASSERTION_TYPE, Registration, header_safe

_GUID = "11111111-2222-3333-4444-555555555555"


def _made(tenant: str = _GUID, **more: Any) -> Registration:
    authority = parse_authority(f"https://login.microsoftonline.com/{tenant}")
    return Registration(**{"client_id": "c", "authority": authority, **more})


def test_headers_are_prepared_once() -> None:
    """Those that say who asks; an empty one is left out."""
    headers = dict(_made(app_name="shop", version="1.2", platform="linux").headers)
    assert headers == {
        "Accept": "application/json",
        "x-client-sku": "sansio-auth",
        "x-client-ver": "1.2",
        "x-client-os": "linux",
        "x-app-name": "shop",
        "x-ms-lib-capability": "retry-after, h429",
    }


@pytest.mark.parametrize("name", ["app_name", "app_version", "version", "platform", "sku"])
@pytest.mark.parametrize("value", ["a\r\nb", "ü", " a", "a" * 257, "\x00"])
def test_what_goes_into_a_header_fits_there(name: str, value: str) -> None:
    """Printable ASCII, no line break, not endless."""
    with pytest.raises(ConfigurationError) as caught:
        _made(**{name: value})
    assert caught.value.code == "header_unsafe"


def test_clients_that_say_the_same_share_the_words() -> None:
    """A service has many tenants."""
    assert _made(app_name="shop").headers is _made("contoso.com", app_name="shop").headers


@pytest.mark.parametrize("value", [["a"], {"a": 1}, 5])
def test_what_is_no_text_goes_into_no_header(value: Any) -> None:
    """Whether or not it can be compared."""
    with pytest.raises(ConfigurationError) as caught:
        _made(app_name=value)
    assert caught.value.code == "header_unsafe"


@pytest.mark.parametrize("tenant", [_GUID.replace("1", "9"), "contoso.com"])
@pytest.mark.parametrize(
    "credential", [ClientSecret(Secret("s")), CertificateCredential(sha1=True), None]
)
def test_at_another_authority_it_is_what_it_would_be_if_made_there(
    tenant: str, credential: Credential | None
) -> None:
    """Though most of it is shared, and the first one stays as it is."""
    more: dict[str, Any] = {"credential": credential, "app_name": "shop", "salt": b"salt"}
    here, there = _made(**more), _made(tenant, **more)
    moved = here.at(there.authority)
    assert moved == there
    for name in ("headers", "client_form", "endpoints", "fingerprint"):
        assert getattr(moved, name) == getattr(there, name)
    assert moved.headers is here.headers
    assert here == _made(**more)


def test_a_client_says_nothing_of_itself_where_that_is_switched_off() -> None:
    """But what it accepts and can do; a name that fits into no header is refused all the same."""
    quiet = Policy(send_telemetry=False)
    named = {name for name, _ in _made(app_name="shop", app_version="1").headers}
    told = _made(app_name="shop", app_version="1", policy=quiet).headers
    assert [name for name, _ in told] == ["Accept", "x-ms-lib-capability"]
    assert named - {name for name, _ in told} == {
        "x-client-sku", "x-client-ver", "x-client-os", "x-app-name", "x-app-ver",
    }  # fmt: skip
    with pytest.raises(ConfigurationError):
        _made(app_name="a\n", policy=quiet)


def test_a_header_may_have_spaces_inside() -> None:
    """And is returned as it is."""
    assert header_safe("a b", "x") == "a b"


@pytest.mark.parametrize("client_id", ["", " ", "ü", "a\n", None, 1, "x" * 600])
def test_a_client_has_an_id(client_id: Any) -> None:
    """As printable ASCII."""
    with pytest.raises(ConfigurationError, match="client_id"):
        _made(client_id=client_id)


@pytest.mark.parametrize("capabilities", [("",), (1,), (None,)])
def test_capabilities_are_texts(capabilities: Any) -> None:
    """Such as CP1."""
    with pytest.raises(ConfigurationError, match="capabilities"):
        _made(capabilities=capabilities)


def test_a_region_is_checked_where_it_is_given() -> None:
    """It becomes part of a host."""
    assert _made(region="westus2").region == "westus2"
    with pytest.raises(ConfigurationError):
        _made(region="West US")


def test_endpoints_are_computed_where_that_can_be_done() -> None:
    """Once, when the client is made."""
    assert _made().endpoints is not None
    assert _made("contoso.com").endpoints is None


@pytest.mark.parametrize(
    ("credential", "form"),
    [
        (None, ()),
        (ClientSecret(Secret("s")), ()),
        (CertificateCredential(sha1=True), (("client_assertion_type", ASSERTION_TYPE),)),
        (AssertionCredential(), (("client_assertion_type", ASSERTION_TYPE),)),
    ],
)
def test_what_is_constant_of_the_form_is_prepared(credential: Any, form: Any) -> None:
    """A secret is not: it is kept in one place."""
    assert _made(credential=credential).client_form == form


def test_a_credential_has_a_fingerprint_that_tells_nothing() -> None:
    """Another secret, certificate or salt has another one."""
    prints = [
        _made(credential=credential, salt=salt).fingerprint
        for credential, salt in [
            (ClientSecret(Secret("a")), b"1"),
            (ClientSecret(Secret("b")), b"1"),
            (ClientSecret(Secret("a")), b"2"),
            (CertificateCredential(sha1=True, x5t="t"), b"1"),
            (CertificateCredential(sha1=False, x5t_s256="u"), b"1"),
            (AssertionCredential(), b"1"),
            (None, b"1"),
        ]
    ]
    assert len(set(prints)) == len(prints)
    again = _made(credential=ClientSecret(Secret("a")), salt=b"1")
    assert again.fingerprint == prints[0]
    assert repr(again).count("Secret(***)") == 1
