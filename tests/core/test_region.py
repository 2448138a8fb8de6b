"""Regions: what they may be called and where they lead."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sansio_auth._region import (
    check_region,
    imds_request,
    is_region,
    read_imds,
    regional_endpoint,
)
from sansio_auth.errors import ConfigurationError
from sansio_auth.wire import HttpResponse


@pytest.mark.parametrize("name", ["westus2", "a", "a-b", "a" * 63, "usgovvirginia"])
def test_a_region_is_one_lower_case_label(name: str) -> None:
    """RFC 1123's shape, beginning with a letter."""
    assert check_region(name, "azure_region") == name


@pytest.mark.parametrize(
    "name",
    ["", "West US 2", "WESTUS2", "2west", "a-", "-a", "a.b", "a/b", "a@b", "a" * 64, "wéstus",
     "westus2\n", "TryAutoDetect"],
)  # fmt: skip
def test_anything_else_is_refused(name: str) -> None:
    """It becomes part of the host that receives a credential."""
    assert not is_region(name)
    with pytest.raises(ConfigurationError, match="azure_region") as caught:
        check_region(name, "azure_region")
    assert caught.value.code == "region"


def test_the_machine_is_asked_directly() -> None:
    """Past any proxy, with the header that IMDS wants."""
    request = imds_request()
    assert request.direct
    assert request.target.startswith("http://169.254.169.254/metadata/instance/compute?")
    assert dict(request.headers) == {"Metadata": "true"}


@pytest.mark.parametrize(
    ("response", "region"),
    [
        (HttpResponse(200, body=b'{"location":"westus2"}'), "westus2"),
        (HttpResponse(200, body=b'{"location":"West US 2"}'), None),
        (HttpResponse(200, body=b'{"location":1}'), None),
        (HttpResponse(200, body=b"{}"), None),
        (HttpResponse(200, body=b"westus2"), None),
        (HttpResponse(404, body=b'{"location":"westus2"}'), None),
    ],
)
def test_only_an_answer_that_looks_like_a_region_is_believed(
    response: HttpResponse, region: str | None
) -> None:
    """It came over plain HTTP."""
    assert read_imds(response) == region


@given(st.binary())
def test_any_answer_of_the_machine_gives_a_region_or_none(body: bytes) -> None:
    """I-6."""
    found = read_imds(HttpResponse(200, body=body))
    assert found is None or is_region(found)


@pytest.mark.parametrize(
    ("host", "regional"),
    [
        ("login.microsoftonline.com", "westus2.login.microsoft.com"),
        ("login.windows.net", "westus2.login.microsoft.com"),
        ("sts.windows.net", "westus2.login.microsoft.com"),
        ("login.microsoftonline.us", "westus2.login.microsoftonline.us"),
        ("contoso.example:8443", "westus2.contoso.example:8443"),
    ],
)
def test_a_region_has_its_host(host: str, regional: str) -> None:
    """The public cloud's hosts share one; the path stays."""
    assert regional_endpoint(f"https://{host}/t/token", "westus2") == f"https://{regional}/t/token"
