"""Section C: an air gap: with `instance_discovery=False` nobody but the authority's host is asked.

Each public method is played as far as it goes, by either application, against a tenant that is
reached at a private host.
"""

from __future__ import annotations

import asyncio
import inspect
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

from sansio_auth import AuthorityError
from sansio_auth.testing import example_tenant, sign_in, user_token
from sansio_auth_adapters import AsyncConfidentialClientApplication, ConfidentialClientApplication
from tests.faults.aids import GRAPH, SECRET, WEB_API, Answer, Line
from tests.faults.rows import row

_HOST: Final = "login.contoso.example"
_GUID: Final = "11111111-2222-3333-4444-555555555555"
_REDIRECT: Final = "http://localhost:5000/getAToken"
_ALICE: Final = "alice@contoso.com"
_READ: Final = ["User.Read"]
_APPLICATIONS: Final = (ConfidentialClientApplication, AsyncConfidentialClientApplication)


class _Playing:
    """One application behind a line, whose methods are called alike whatever its colour."""

    def __init__(self, kind: Any, runner: asyncio.Runner, path: str, **more: Any) -> None:
        self.line = Line(tenant=example_tenant(origin=f"https://{_HOST}"))
        self.called: set[str] = set()
        self._runner = runner
        self._app = kind(
            WEB_API, SECRET, f"https://{_HOST}/{path}", http_client=self.line,
            instance_discovery=False, **more,
        )  # fmt: skip

    def __getattr__(self, name: str) -> Any:
        """Return a method that is carried through, or an attribute."""
        self.called.add(name)
        found = getattr(self._app, name)
        return (lambda *args, **kw: self._carried(found(*args, **kw))) if callable(found) else found

    def _carried(self, answer: Any) -> Any:
        async def awaited() -> Any:
            return await answer

        return self._runner.run(awaited()) if inspect.isawaitable(answer) else answer

    @property
    def assertion(self) -> str:
        """What Alice's browser brings to the web API."""
        return user_token(self.line.tenant, _ALICE, WEB_API, time.time())

    def begun(self) -> Any:
        """A sign-in that begins."""
        return self.initiate_auth_code_flow(
            _READ, redirect_uri=_REDIRECT, response_mode="form_post"
        )

    def signed_in(self) -> tuple[Any, dict[str, str]]:
        """A sign-in up to what the browser brings back."""
        flow = self.begun()
        self.line.tenant, response = sign_in(
            self.line.tenant, flow["auth_uri"], _ALICE, time.time()
        )
        return flow, response

    def account(self) -> Any:
        """A user who is known."""
        self.acquire_token_by_auth_code_flow(*self.signed_in())
        (account,) = self.get_accounts()
        return account


def _authority(play: _Playing) -> None:
    if hasattr(play, "discover"):
        play.discover()
    assert _HOST in play.authority.token_endpoint


def _refused_client(play: _Playing) -> None:
    assert "error" in play.acquire_token_for_client(["api://nothing/.default"])


def _client(play: _Playing) -> None:
    assert "error" not in play.acquire_token_for_client([GRAPH])
    assert "error" not in play.acquire_token_for_client([GRAPH], tenant_id="contoso.com")
    assert "error" not in play.acquire_token_for_client([GRAPH], claims_challenge="{}")


def _on_behalf_of(play: _Playing) -> None:
    assert "error" not in play.acquire_token_on_behalf_of(play.assertion, _READ)


def _code(play: _Playing) -> None:
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        url = play.get_authorization_request_url(_READ, redirect_uri=_REDIRECT)
        assert url.startswith(f"https://{_HOST}/")
        _, response = play.signed_in()
        play.acquire_token_by_authorization_code(response["code"], _READ, redirect_uri=_REDIRECT)


def _session(play: _Playing) -> None:
    _, key = play.initiate_long_running_on_behalf_of(play.assertion, _READ)
    assert play.acquire_token_in_long_running_session(key, _READ)
    assert play.acquire_token_in_long_running_session(key, ["Mail.Read"])
    play.stop_long_running_session(key)


def _silent(play: _Playing) -> None:
    account = play.account()
    assert play.acquire_token_silent(_READ, account, force_refresh=True)
    assert play.acquire_token_silent(["Mail.Read"], account, tenant_id=_GUID)
    assert play.acquire_token_silent_with_error(["Nobody.Consented"], account)["error"]
    play.remove_account(account)
    assert play.get_accounts() == []


def _managed(play: _Playing) -> None:
    assert play.acquire_token_by_username_password(_ALICE, "alice's-password", _READ)


def _federated(play: _Playing) -> None:
    """The realm names the federation's server, which is not asked: WS-Trust is not spoken."""
    play.line.answers = [
        Answer(
            text='{"account_type":"Federated","federation_protocol":"WSTrust","ver":"1.0",'
            '"federation_metadata_url":"https://adfs.example/mex",'
            '"federation_active_auth_url":"https://adfs.example/trust",'
            '"cloud_instance_name":"login.elsewhere.example"}'
        ),
    ]
    with pytest.raises(AuthorityError):
        play.acquire_token_by_username_password("a@adfs.example", "her password", _READ)


def _credential(play: _Playing) -> None:
    """A federated identity credential of a user, and a refresh token from elsewhere."""
    play.acquire_token_by_user_federated_identity_credential(_READ, "a.b.c", username=_ALICE)
    play.acquire_token_by_refresh_token("RT", _READ)


def _application(play: _Playing) -> None:
    """What only looks, forgets or closes."""
    play.remove_tokens_for_client()
    assert play.get_accounts(_ALICE) == []
    assert not play.is_pop_supported()
    play.close()


_PLAYS: Final[list[Any]] = [
    row(108, "authority", _authority),
    row(108, "client", _client),
    row(108, "client-refused", _refused_client),
    row(108, "on-behalf-of", _on_behalf_of),
    row(108, "code", _code),
    row(108, "long-running-session", _session),
    row(108, "sign-in-and-silent", _silent),
    row(108, "password", _managed),
    row(108, "password-federated", _federated),
    row(108, "federated-credential-and-refresh-token", _credential),
    row(108, "looking-and-forgetting", _application),
]


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    """One loop for all calls of a test."""
    with asyncio.Runner() as running:
        yield running


@pytest.mark.parametrize("path", ["contoso.com", _GUID])
@pytest.mark.parametrize("kind", _APPLICATIONS)
@pytest.mark.parametrize("plays", _PLAYS)
def test_without_instance_discovery_no_other_host_is_asked(
    plays: Callable[[_Playing], None], kind: Any, path: str, runner: asyncio.Runner
) -> None:
    """An air gap stays one."""
    play = _Playing(kind, runner, path)
    plays(play)
    assert play.line.hosts <= {_HOST}
    assert play.line.hosts or plays is _application or (plays is _authority and path == _GUID)


@pytest.mark.parametrize("kind", _APPLICATIONS)
def test_every_public_method_is_played(kind: Any, runner: asyncio.Runner) -> None:
    """Above, so that one which is added is not forgotten (row 108)."""
    called: set[str] = set()
    for case in _PLAYS:
        plays: Any = case.values[0]
        play = _Playing(kind, runner, "contoso.com")
        plays(play)
        called |= play.called
    public = {it for it in dir(kind) if not it.startswith("_") and callable(getattr(kind, it))}
    assert public - called == set()
