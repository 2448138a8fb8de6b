"""Section I, row 215: what an error reporter sees that sends the variables of every frame."""

from __future__ import annotations

import asyncio
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from sansio_auth import (
    ConfidentialClient,
    Failure,
    FlowError,
    GetAssertion,
    HttpResponse,
    SansioAuthError,
)
from sansio_auth.testing import World, example_tenant
from sansio_auth_adapters import AsyncConfidentialClientApplication, ConfidentialClientApplication
from tests.faults.aids import TENANT, client_of
from tests.faults.rows import row

_CANARY: Final = "canary-9c2e"
_READ: Final = ["User.Read"]
_TESTS: Final = str(Path(__file__).parents[1])
_SIGN_IN: Final = {"state": "s", "scope": ["s"], "code_verifier": f"{_CANARY}-v",
                   "nonce": f"{_CANARY}-n", "auth_uri": "x"}  # fmt: skip


class _Raising:
    """A client that cannot reach anybody."""

    def post(self, url: str, **_: Any) -> None:
        raise ConnectionError(url)

    get = post


_CALLS: Final[list[Any]] = [
    row(215, "client", lambda app: app.acquire_token_for_client(["s/.default"])),
    row(215, "client-with-claims",
        lambda app: app.acquire_token_for_client(["s"], claims_challenge=_CANARY)),
    row(215, "client-with-data",
        lambda app: app.acquire_token_for_client(["s"], data={"client_secret": _CANARY})),
    row(215, "on-behalf-of", lambda app: app.acquire_token_on_behalf_of(_CANARY, _READ)),
    row(215, "on-behalf-of-bearer",
        lambda app: app.acquire_token_on_behalf_of(f"Bearer {_CANARY}", _READ)),
    row(215, "on-behalf-of-one-text", lambda app: app.acquire_token_on_behalf_of(_CANARY, "s")),
    row(215, "refresh-token", lambda app: app.acquire_token_by_refresh_token(_CANARY, _READ)),
    row(215, "code", lambda app: app.acquire_token_by_authorization_code(_CANARY, _READ)),
    row(215, "code-flow", lambda app: app.acquire_token_by_auth_code_flow(
        _SIGN_IN, {"state": "s", "code": _CANARY})),
    row(215, "code-flow-of-another-state", lambda app: app.acquire_token_by_auth_code_flow(
        _SIGN_IN, {"state": _CANARY, "code": _CANARY})),
    row(215, "password", lambda app: app.acquire_token_by_username_password(
        "u@contoso.com", _CANARY, _READ)),
    row(215, "federated", lambda app: app.acquire_token_by_user_federated_identity_credential(
        _READ, _CANARY, username="u")),
    row(215, "session", lambda app: app.initiate_long_running_on_behalf_of(
        _CANARY, _READ, session_key=f"{_CANARY}-key")),
    row(215, "in-session", lambda app: app.acquire_token_in_long_running_session(_CANARY, "s")),
    row(215, "silent", lambda app: app.acquire_token_silent(
        _READ, {"home_account_id": "u.t"}, claims_challenge=_CANARY)),
]  # fmt: skip


def _shown(error: BaseException) -> str:
    """What a report has of every frame that is not of this test."""
    whole = traceback.TracebackException.from_exception(error, capture_locals=True)
    frames = "".join(whole.format()).split('  File "')
    assert any("sansio_auth" in frame.partition("\n")[0] for frame in frames)
    return "".join(frame for frame in frames if not frame.startswith(_TESTS))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("awaited", [False, True])
@pytest.mark.parametrize("call", _CALLS)
def test_no_variable_of_ours_is_left_in_a_traceback(
    call: Callable[[Any], Any], *, awaited: bool
) -> None:
    """Whether it is the world that fails or the argument; of either application."""
    kind = AsyncConfidentialClientApplication if awaited else ConfidentialClientApplication
    app: Any = kind("c", f"{_CANARY}-secret", TENANT, http_client=_Raising())

    async def wait() -> object:
        return await call(app)

    with pytest.raises(SansioAuthError) as caught:
        _ = asyncio.run(wait()) if awaited else call(app)
    assert _CANARY not in _shown(caught.value)


_MADE: Final[list[Any]] = [
    row(215, "line-break", f"{_CANARY}\n", {}),
    row(215, "authority", _CANARY, {"authority": "https://x"}),
    row(215, "client", _CANARY, {"http_client": 5}),
    row(215, "cache", _CANARY, {"token_cache": 5}),
    row(215, "pem", {"private_key": _CANARY, "thumbprint": "ab" * 20, "passphrase": _CANARY}, {}),
    row(215, "two", {"private_key": _CANARY, "client_assertion": _CANARY}, {}),
    row(215, "unknown", {_CANARY: _CANARY}, {}),
    row(215, "proxy", _CANARY, {"proxies": {"https": f"ftp://u:{_CANARY}@proxy"}}),
]


@pytest.mark.parametrize(
    "kind", [ConfidentialClientApplication, AsyncConfidentialClientApplication]
)
@pytest.mark.parametrize(("credential", "options"), _MADE)
def test_nor_where_an_application_cannot_be_made(
    credential: object, options: dict[str, Any], kind: Any
) -> None:
    """A secret with a line break is a secret all the same."""
    with pytest.raises(SansioAuthError) as caught:
        kind("c", credential, **{"authority": TENANT, **options})
    assert _CANARY not in _shown(caught.value)


_CORE: Final[list[Any]] = [
    row(215, "core-on-behalf-of",
        lambda it: it.acquire_token_on_behalf_of(f"Bearer {_CANARY}", _READ)),
    row(215, "core-refresh-token", lambda it: it.acquire_token_by_refresh_token(_CANARY, "s")),
    row(215, "core-password",
        lambda it: it.acquire_token_by_username_password("u", _CANARY, "s")),
    row(215, "core-code", lambda it: it.acquire_token_by_authorization_code(_CANARY, "s")),
    row(215, "core-session", lambda it: it.initiate_long_running_on_behalf_of(
        _CANARY, f"{_CANARY}-key", "s")),
]  # fmt: skip


@pytest.mark.parametrize("call", _CORE)
def test_nor_where_a_call_cannot_be_made(call: Callable[[ConfidentialClient], object]) -> None:
    """By whoever uses the core itself."""
    client = client_of()
    with pytest.raises(SansioAuthError) as caught:
        call(client)
    assert _CANARY not in _shown(caught.value)


def test_row215_an_answer_that_is_none_is_not_shown() -> None:
    """By a flow that refuses it, of whatever type it is."""
    from sansio_auth import AssertionCredential

    world = World(example_tenant())
    call = client_of(credential=AssertionCredential()).acquire_token_for_client(["s/.default"])
    flow = call.start(now=1.0, seed=bytes(32))
    while not isinstance(effect := flow.pending, GetAssertion):
        assert effect is not None
        flow.answer(effect, world.answer(effect), now=1.0)
    with pytest.raises(FlowError) as caught:
        flow.answer(effect, _CANARY.encode(), now=1.0)
    assert _CANARY not in _shown(caught.value)
    flow.answer(effect, Failure("callback", cause=ValueError(_CANARY)), now=1.0)
    assert flow.error is not None
    assert _CANARY not in f"{flow.error}{flow.error!r}"


def test_row215_what_a_server_sent_is_in_no_variable() -> None:
    """Where its answer is refused."""
    body = f'{{"access_token":"{_CANARY}"'.encode()

    class Answering(_Raising):
        def post(self, url: str, **_: Any) -> Any:
            class Answer:
                status_code = 200
                headers = None
                text = body

            assert url
            return Answer()

    app = ConfidentialClientApplication("c", _CANARY, TENANT, http_client=Answering())
    with pytest.raises(SansioAuthError) as caught:
        app.acquire_token_for_client(["s/.default"])
    assert _CANARY not in _shown(caught.value)
    assert HttpResponse(200, (), body).body == body


def test_row215_a_warning_points_to_the_caller() -> None:
    """Through whatever stands between."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        _ = ConfidentialClientApplication("c", {"client_assertion": "a.b"}, TENANT)
        app = ConfidentialClientApplication("c", "s", TENANT, http_client=_Raising())
        with pytest.raises(SansioAuthError):
            app.acquire_token_by_authorization_code("c", _READ)
        assert app.get_authorization_request_url(_READ)
    assert [it.filename for it in caught] == [__file__] * 3
