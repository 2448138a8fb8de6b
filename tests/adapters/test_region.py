"""`azure_region` and the two variables of the environment, as MSAL reads them."""

from __future__ import annotations

from typing import Any

import msal  # type: ignore[import-untyped]  # it ships no types
import pytest

from sansio_auth_adapters import ConfidentialClientApplication

_TENANT = "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555"
_GRAPH = ["https://graph.microsoft.com/.default"]


class _Response:
    def __init__(self, status: int, text: str) -> None:
        self.status_code, self.text, self.headers = status, text, dict[str, str]()


class _Client:
    """Answers as Azure does; `location` is where the machine is."""

    def __init__(self, location: str | None) -> None:
        self.location = location
        self.asked: list[str] = []

    def get(self, url: str, **_: Any) -> _Response:
        self.asked.append(url)
        if url.startswith("http://169.254.169.254"):
            if self.location is None:
                raise OSError("no route to host")
            return _Response(200, f'{{"location":"{self.location}"}}')
        tenant = "11111111-2222-3333-4444-555555555555"
        base = f"https://{url.split('/')[2]}/{tenant}"
        return _Response(
            200,
            f'{{"issuer":"{base}/v2.0","token_endpoint":"{base}/oauth2/v2.0/token",'
            f'"authorization_endpoint":"{base}/oauth2/v2.0/authorize"}}',
        )

    def post(self, url: str, **_: Any) -> _Response:
        self.asked.append(url)
        return _Response(200, '{"access_token":"AT","token_type":"Bearer","expires_in":3600}')

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture(autouse=True)
def _nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MSAL_FORCE_REGION", "REGION_NAME"):
        monkeypatch.delenv(name, raising=False)


def _host(library: Any, client: _Client, **arguments: Any) -> str:
    app = library.ConfidentialClientApplication(
        "client", "secret", _TENANT, http_client=client, **arguments
    )
    app.acquire_token_for_client(_GRAPH)
    return client.asked[-1].split("/")[2]


class _Ours:
    ConfidentialClientApplication = ConfidentialClientApplication


@pytest.mark.parametrize(
    ("arguments", "environment", "location"),
    [
        ({}, {}, "eastus"),
        ({}, {"REGION_NAME": "westus"}, "eastus"),
        ({}, {"MSAL_FORCE_REGION": "westus"}, "eastus"),
        ({"azure_region": None}, {"MSAL_FORCE_REGION": "westus"}, None),
        ({"azure_region": False}, {"MSAL_FORCE_REGION": "westus"}, "eastus"),
        ({"azure_region": False}, {"REGION_NAME": "westus"}, "eastus"),
        ({"azure_region": True}, {}, "eastus"),
        ({"azure_region": True}, {}, "East US"),
        ({"azure_region": True}, {}, None),
        ({"azure_region": True}, {"REGION_NAME": "westus"}, "eastus"),
        ({"azure_region": True}, {"REGION_NAME": "West US"}, "eastus"),
        ({"azure_region": True}, {"MSAL_FORCE_REGION": "northeurope"}, "eastus"),
        ({"azure_region": "westus2"}, {}, "eastus"),
        ({"azure_region": "westus2"}, {"MSAL_FORCE_REGION": "northeurope"}, "eastus"),
    ],
)
def test_the_request_goes_where_msals_goes(
    arguments: Any, environment: Any, location: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside the real one, for every combination."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    hosts = [_host(library, _Client(location), **arguments) for library in (msal, _Ours)]
    assert hosts[0] == hosts[1]


@pytest.mark.parametrize("region", ["westus2", False, None])
def test_nobody_is_asked_without_need(region: Any) -> None:
    """No probe for a region that is known, and none where none is wanted."""
    client = _Client("eastus")
    _host(_Ours, client, azure_region=region)
    assert not any("169.254" in url for url in client.asked)


def test_the_machine_is_asked_once() -> None:
    """Also where it does not answer."""
    client = _Client(None)
    app = ConfidentialClientApplication(
        "client", "secret", _TENANT, http_client=client, azure_region=True
    )
    for scope in ("a/.default", "b/.default"):
        app.acquire_token_for_client([scope])
    assert sum("169.254" in url for url in client.asked) == 1


@pytest.mark.parametrize("region", ["West US", "", "2west", "TryAutoDetect", 1, ["westus"]])
def test_what_is_no_region_is_refused(region: Any) -> None:
    """A `ValueError`, as in MSAL."""
    with pytest.raises(ValueError, match="azure_region"):
        ConfidentialClientApplication("client", "secret", _TENANT, azure_region=region)


def test_what_is_forced_must_be_a_region_and_empty_is_not_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The variable is named."""
    monkeypatch.setenv("MSAL_FORCE_REGION", "West US")
    with pytest.raises(ValueError, match="MSAL_FORCE_REGION"):
        ConfidentialClientApplication("client", "secret", _TENANT)
    monkeypatch.setenv("MSAL_FORCE_REGION", "")
    app = ConfidentialClientApplication("client", "secret", _TENANT)
    assert app.client_id == "client"


def test_msals_words_for_it_are_there() -> None:
    """Class constants, to be passed by name."""
    assert ConfidentialClientApplication.ATTEMPT_REGION_DISCOVERY is True
    assert ConfidentialClientApplication.DISABLE_MSAL_FORCE_REGION is False
