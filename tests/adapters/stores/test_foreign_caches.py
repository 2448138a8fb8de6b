"""Cache objects that others made and others use too: msal-extensions' file, azure-identity's."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msal  # type: ignore[import-untyped]  # it ships no types
import pytest
from azure.identity import ClientSecretCredential
from msal_extensions import (  # type: ignore[import-untyped]  # it ships no types
    FilePersistence,
    PersistedTokenCache,
)

from sansio_auth.testing import example_tenant, user_token
from sansio_auth_adapters import ConfidentialClientApplication
from sansio_auth_adapters.tenant_server import TenantServer

_CLIENT: Final = "6731de76-14a6-49ae-97bc-6eba6914391e"
_SECRET: Final = "the-application's-secret"
_GRAPH: Final = ["https://graph.microsoft.com/.default"]


@pytest.fixture
def server() -> Iterator[TenantServer]:
    """A tenant for one test."""
    with TenantServer(example_tenant()) as running:
        yield running


@pytest.fixture
def settings(server: TenantServer, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What both libraries' applications are told of the tenant."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):  # requests prefers them to `verify`
        monkeypatch.delenv(name, raising=False)
    return {
        "authority": server.authority, "instance_discovery": False, "verify": server.ca_path,
    }  # fmt: skip


def _ours(cache: object, settings: dict[str, Any]) -> ConfidentialClientApplication:
    return ConfidentialClientApplication(_CLIENT, _SECRET, token_cache=cache, **settings)


def test_a_persisted_cache_is_shared_through_its_file(
    tmp_path: Path, settings: dict[str, Any], server: TenantServer
) -> None:
    """What we got, another process of ours and one of msal's find there, and the reverse."""
    file = str(tmp_path / "cache.bin")

    def opened() -> Any:
        return PersistedTokenCache(FilePersistence(file))

    first = _ours(opened(), settings).acquire_token_for_client(_GRAPH)
    assert first["token_source"] == "identity_provider"
    count = len(server.exchanges)
    assert _ours(opened(), settings).acquire_token_for_client(_GRAPH)["token_source"] == "cache"
    theirs = msal.ConfidentialClientApplication(_CLIENT, _SECRET, token_cache=opened(), **settings)
    assert theirs.acquire_token_for_client(_GRAPH)["access_token"] == first["access_token"]
    posts = [it for it in server.exchanges[count:] if it.request.method == "POST"]
    assert posts == []
    other = ["api://orders/.default"]
    got = theirs.acquire_token_for_client(other)
    assert "access_token" in got
    assert _ours(opened(), settings).acquire_token_for_client(other)["token_source"] == "cache"
    assert len(json.loads(Path(file).read_text(encoding="utf-8"))["AccessToken"]) == 2


def test_a_users_tokens_go_into_it_too(
    tmp_path: Path, settings: dict[str, Any], server: TenantServer
) -> None:
    """Account, refresh token and id token; what is under an assertion stays in memory."""
    file = tmp_path / "cache.bin"
    app = _ours(PersistedTokenCache(FilePersistence(str(file))), settings)
    incoming = user_token(server.tenant, "alice@contoso.com", _CLIENT, time.time())
    scopes = ["https://graph.microsoft.com/User.Read"]
    result = app.acquire_token_on_behalf_of(incoming, scopes)
    assert result["token_source"] == "identity_provider", result
    assert app.acquire_token_on_behalf_of(incoming, scopes)["token_source"] == "cache"
    assert incoming not in file.read_text(encoding="utf-8")


def test_azure_identitys_cache_serves_both(
    settings: dict[str, Any], server: TenantServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cache object of a `ClientSecretCredential` as `token_cache`."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", settings["verify"])
    host, _, tenant = server.authority.removeprefix("https://").partition("/")
    credential = ClientSecretCredential(
        tenant, _CLIENT, _SECRET, authority=f"https://{host}", disable_instance_discovery=True
    )
    theirs = credential.get_token(*_GRAPH)
    ours = _ours(credential._cache, settings).acquire_token_for_client(_GRAPH)
    assert ours["token_source"] == "cache"
    assert ours["access_token"] == theirs.token
    credential.close()
