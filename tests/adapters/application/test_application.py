"""The application's edges: what it refuses to be, and what it does with odd arguments."""

from __future__ import annotations

import copy
import pickle
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final
from unittest import mock

import pytest
from attrs import evolve

from sansio_auth import ConfigurationError
from sansio_auth.errors import FlowError
from sansio_auth_adapters import ConfidentialClientApplication, ambient

_TENANT: Final = "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555"
_SECRET: Final = "canary-secret"


class _Answer:
    """What an injected client answers."""

    status_code = 200
    text = '{"access_token": "AT", "token_type": "Bearer", "expires_in": 3600}'
    headers: Final[dict[str, str]] = {}


class _Metadata(_Answer):
    """What discovery answers."""

    text = (
        '{"issuer": "https://login.microsoftonline.com/{tenantid}/v2.0",'
        ' "token_endpoint": "https://login.microsoftonline.com/common/oauth2/v2.0/token",'
        ' "authorization_endpoint": "https://login.microsoftonline.com/common/authorize"}'
    )


class _Client:
    """An injected client that counts."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    def post(self, url: str, **_: Any) -> _Answer:
        self.sent.append(url)
        return _Answer()

    def get(self, url: str, **_: Any) -> _Answer:
        self.sent.append(url)
        return _Metadata()


class _Due(_Answer):
    """A token that is due for refresh after a minute."""

    text = '{"access_token": "AT", "token_type": "Bearer", "expires_in": 3600, "refresh_in": 60}'


class _Slow(_Client):
    """An injected client that waits to be told, when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.slow = False
        self.asked, self.go = threading.Event(), threading.Event()

    def post(self, url: str, **_: Any) -> _Answer:
        self.sent.append(url)
        if self.slow:
            self.asked.set()
            assert self.go.wait(20)
        return _Due()


def _app(client: _Client | None = None, **more: Any) -> ConfidentialClientApplication:
    return ConfidentialClientApplication(
        "c", _SECRET, more.pop("authority", _TENANT), http_client=client or _Client(), **more
    )


@pytest.mark.parametrize("use", [pickle.dumps, copy.copy, copy.deepcopy])
def test_an_application_is_neither_pickled_nor_copied(use: Any) -> None:
    """It holds a key and sockets; the message says what to do (I-7)."""
    with pytest.raises(TypeError, match="make another one"):
        use(_app())


def test_nothing_secret_shows_in_its_members() -> None:
    """Not the credential, not a token."""
    app = _app()
    app.acquire_token_for_client(["s/.default"])
    assert _SECRET not in repr(app)
    assert _SECRET not in repr(vars(app))


@pytest.mark.parametrize("name", ["client_id", "client_claims", "app_name", "token_cache"])
def test_its_members_are_msals(name: str) -> None:
    """Those that callers read."""
    assert hasattr(_app(), name)


@pytest.mark.parametrize("where", ["data", "params"])
def test_extra_fields_are_a_dictionary(where: str) -> None:
    """Before any request."""
    client = _Client()
    given: Any = {where: ["a"]}
    with pytest.raises(ConfigurationError, match=where):
        _app(client).acquire_token_for_client(["s/.default"], **given)
    assert client.sent == []


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"client_claims": "text"}, "client_claims"),
        ({"app_name": 1}, "app_name"),
        ({"app_version": b"1"}, "app_version"),
        ({"allow_broker": True}, "broker"),
        ({"client_capabilities": "CP1"}, "client_capabilities"),
        ({"exclude_scopes": "offline_access"}, "exclude_scopes"),
        ({"refresh_spread": -1}, "refresh_spread"),
        ({"refresh_spread": True}, "refresh_spread"),
        ({"refresh_spread": 0.5}, "refresh_spread"),
        ({"send_telemetry": "no"}, "send_telemetry"),
        ({"send_telemetry": None}, "send_telemetry"),
    ],
)
def test_what_cannot_be_is_refused_by_its_name(given: Any, named: str) -> None:
    """In the constructor."""
    with pytest.raises(ConfigurationError, match=named):
        _app(**given)


def test_one_application_serves_many_tenants() -> None:
    """Each with its own token; the tenant's text is remembered in any case of letters."""
    client = _Client()
    app = _app(client)
    other = "22222222-2222-3333-4444-555555555555"
    for tenant in (None, other, other.upper(), None):
        assert "access_token" in app.acquire_token_for_client(["s/.default"], tenant_id=tenant)
    assert [url.split("/")[3] for url in client.sent] == [_TENANT.rsplit("/", 1)[1], other]


def test_no_more_tenants_are_kept_than_are_useful() -> None:
    """Beyond the bound a tenant's client is made for the call."""
    app = _app()
    with mock.patch("sansio_auth_adapters.application.application._TENANTS", 1):
        for number in range(3):
            tenant = f"{number}2222222-2222-3333-4444-555555555555"
            assert "access_token" in app.acquire_token_for_client(["s/.default"], tenant_id=tenant)
    assert len(app._tenants) == 1


def test_a_token_for_everybodys_tenant_is_asked_with_a_warning() -> None:
    """As in MSAL, deprecated; pointing at the line that asks."""
    app = _app(authority="https://login.microsoftonline.com/common", instance_discovery=False)
    with pytest.warns(DeprecationWarning, match="tenant") as caught:
        app.acquire_token_for_client(["s/.default"])
    assert caught[0].filename == __file__


def test_a_fresh_token_is_served_without_a_flow() -> None:
    """The second call asks nobody."""
    client = _Client()
    app = _app(client)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        first = app.acquire_token_for_client(["s/.default"])
        second = app.acquire_token_for_client(["s/.default"])
    assert (first["token_source"], second["token_source"]) == ("identity_provider", "cache")
    assert len(client.sent) == 1


def test_a_closed_application_says_so() -> None:
    """For whatever it is asked that needs a request."""
    app = ConfidentialClientApplication("c", _SECRET, _TENANT)
    app.close()
    app.close()
    for ask in (lambda: app.acquire_token_for_client(["s/.default"]), app.get_accounts):
        with pytest.raises(FlowError, match="closed: make another"):
            ask()


def test_the_applications_own_tokens_can_be_forgotten() -> None:
    """In every tenant; the next call asks again."""
    client = _Client()
    app = _app(client)
    for tenant in (None, "22222222-2222-3333-4444-555555555555"):
        app.acquire_token_for_client(["s/.default"], tenant_id=tenant)
    app.remove_tokens_for_client()
    assert app.acquire_token_for_client(["s/.default"])["token_source"] == "identity_provider"
    assert len(client.sent) == 3


def test_a_due_token_is_refreshed_by_one_while_the_others_use_it() -> None:
    """Nobody waits who has a token that works (I-1, I-5)."""
    client = _Slow()
    clock = [1_000.0]
    app = _app(client)
    app._world = evolve(app._world, clock=lambda: clock[0])
    assert app.acquire_token_for_client(["s/.default"])["token_source"] == "identity_provider"
    clock[0] += 1_000
    client.slow = True
    with ThreadPoolExecutor(1) as pool:
        refreshing = pool.submit(app.acquire_token_for_client, ["s/.default"])
        assert client.asked.wait(20)
        others = [app.acquire_token_for_client(["s/.default"]) for _ in range(3)]
        client.go.set()
        refreshed = refreshing.result(20)
    assert [other["token_source"] for other in others] == ["cache"] * 3
    assert refreshed["token_source"] == "identity_provider"
    assert len(client.sent) == 2


# --- what comes from around it ---------------------------------------------------------------


def test_a_key_file_is_read_whole_or_not_at_all(tmp_path: Path) -> None:
    """A missing one keeps its `errno`, a huge one is no key file."""
    file = tmp_path / "key"
    file.write_bytes(b"key")
    assert ambient.read_key_file(str(file)) == b"key"
    with pytest.raises(FileNotFoundError):
        ambient.read_key_file(str(tmp_path / "none"))
    with (
        mock.patch.object(ambient, "_MAX_KEY_FILE", 2),
        pytest.raises(ConfigurationError, match="larger"),
    ):
        ambient.read_key_file(str(file))


@pytest.mark.parametrize("path", ["a\0b.pfx", "a\ud800.pfx"])
def test_a_path_that_no_system_has_is_told(path: str) -> None:
    """There is no `errno`, because nobody was asked."""
    with pytest.raises(ConfigurationError, match="characters that no path has") as caught:
        ambient.read_key_file(path)
    assert caught.value.code == "path"


def test_a_ready_made_assertion_is_ascii() -> None:
    """A JWT is; the error of the codec would show it."""
    with (
        pytest.warns(DeprecationWarning, match="ready-made"),
        pytest.raises(ConfigurationError, match="not ASCII") as caught,
    ):
        ConfidentialClientApplication("client", {"client_assertion": b"e30.e30.\xff"}, _TENANT)
    assert caught.value.__suppress_context__
