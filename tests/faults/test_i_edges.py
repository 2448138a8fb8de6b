"""Section I, row 215: variables in the tracebacks of what is used without an application."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from sansio_auth import Failure, Flow, HttpResponse, SansioAuthError
from sansio_auth.identity import token_key
from sansio_auth.partition import AccessTokenStored, AppKey
from sansio_auth.testing import World, example_tenant
from sansio_auth_adapters import (
    AsyncConfidentialClientApplication,
    ConfidentialClientApplication,
    FileStore,
    SerializableTokenCache,
    TokenCache,
)
from sansio_auth_adapters.integrations.azure import (
    AsyncConfidentialClientCredential,
    ConfidentialClientCredential,
)
from sansio_auth_adapters.integrations.bearer import AppTokens
from sansio_auth_adapters.integrations.workload_identity import (
    ManagedIdentityAssertion,
    TokenFileAssertion,
)
from sansio_auth_adapters.transports.aiohttp import AiohttpTransport
from sansio_auth_adapters.transports.httpx import AsyncHttpxTransport, HttpxTransport
from sansio_auth_adapters.transports.urllib3 import Urllib3Transport
from tests.faults.aids import TENANT, Answer, client_of
from tests.faults.rows import row

_CANARY: Final = "canary-5d1f"
_TESTS: Final = str(Path(__file__).parents[1])
_PROXY: Final = {"https": f"http://user:{_CANARY}@proxy.example"}
_REFUSED: Final = json.dumps({"error": "invalid_grant", "error_description": _CANARY})


def _shown(error: BaseException) -> str:
    """What a report has of every frame that is not of this test."""
    whole = traceback.TracebackException.from_exception(error, capture_locals=True)
    frames = "".join(whole.format()).split('  File "')
    return "".join(frame for frame in frames if not frame.startswith(_TESTS))


class _Refusing:
    """A client whose answers quote what was sent, or that reaches nobody."""

    def __init__(self, *, reaches: bool = True) -> None:
        self._reaches = reaches

    def post(self, url: str, **_: Any) -> Answer:
        if not self._reaches:
            raise ConnectionError(url)
        return Answer(400, _REFUSED)

    get = post


def _app(*, reaches: bool = True) -> Any:
    client = _Refusing(reaches=reaches)
    return ConfidentialClientApplication("c", "s", TENANT, http_client=client)


def _async_app(*, reaches: bool = True) -> Any:
    client = _Refusing(reaches=reaches)
    return AsyncConfidentialClientApplication("c", "s", TENANT, http_client=client)


def _awaited(asked: Callable[[], Any]) -> object:
    async def wait() -> object:
        return await asked()

    return asyncio.run(wait())


def _spoilt_file(folder: Path) -> None:
    key, fact = (
        AppKey("h", "t", "c"),
        AccessTokenStored(token_key(["s"]), (_CANARY, "Bearer", "s", 1, 2, 2, None)),
    )
    FileStore(folder).save(((key, (fact,)),))
    (file,) = (it for it in folder.rglob("*") if it.is_file() and it.stat().st_size)
    _ = file.write_bytes(file.read_bytes()[:-5])
    FileStore(folder).load(key)


def _token_file(folder: Path) -> None:
    file = folder / "token"
    _ = file.write_text(_CANARY)
    TokenFileAssertion(str(file))()


class _Identity:
    """A token service whose token is over."""

    def send(self, request: object) -> HttpResponse:
        body = json.dumps({"access_token": _CANARY, "expires_on": "1"}).encode()
        return HttpResponse(200, (), body)

    def close(self) -> None:
        """Hold nothing."""


_EDGES: Final[list[Any]] = [
    row(215, "cache-text",
        lambda _: SerializableTokenCache().deserialize(f'{{"AccessToken":{{"{_CANARY}"')),
    row(215, "cache-event",
        lambda _: TokenCache().add({"response": {"access_token": _CANARY}, "scope": 5})),
    row(215, "cache-entry", lambda _: TokenCache().modify("Nothing", {"secret": _CANARY})),
    row(215, "cache-removal", lambda _: TokenCache().remove_rt({"secret": _CANARY})),
    row(215, "cache-account", lambda _: TokenCache().remove_account({"secret": _CANARY})),
    row(215, "spoilt-file", _spoilt_file),
    row(215, "token-file", _token_file),
    row(215, "managed-identity", lambda _: ManagedIdentityAssertion(transport=_Identity())()),
    row(215, "azure-on-behalf-of",
        lambda _: ConfidentialClientCredential.on_behalf_of(
            _app(reaches=False), _CANARY).get_token("s")),
    row(215, "azure-info-on-behalf-of",
        lambda _: ConfidentialClientCredential.on_behalf_of(
            _app(reaches=False), _CANARY).get_token_info("s")),
    row(215, "azure-async-on-behalf-of",
        lambda _: _awaited(lambda: AsyncConfidentialClientCredential.on_behalf_of(
            _async_app(reaches=False), _CANARY).get_token("s"))),
    row(215, "azure-async-info-on-behalf-of",
        lambda _: _awaited(lambda: AsyncConfidentialClientCredential.on_behalf_of(
            _async_app(reaches=False), _CANARY).get_token_info("s"))),
    row(215, "azure-claims",
        lambda _: ConfidentialClientCredential(_app()).get_token("s", claims=_CANARY)),
    row(215, "azure-refused", lambda _: ConfidentialClientCredential(_app()).get_token("s")),
    row(215, "source-refused", lambda _: AppTokens(_app(), ["s/.default"])(None)),
    row(215, "async-source-refused",
        lambda _: _awaited(lambda: AppTokens(_async_app(), ["s/.default"])(None))),
    *(
        row(215, f"{kind.__name__}-{what}".lower(), lambda _, kind=kind, more=more: kind(**more))
        for kind in (Urllib3Transport, HttpxTransport, AsyncHttpxTransport, AiohttpTransport)
        for what, more in {
            "timeout": {"proxies": _PROXY, "timeout": "soon"},
            "proxy": {"proxies": {"https": f"ftp://user:{_CANARY}@proxy.example"}},
        }.items()
    ),
]  # fmt: skip


@pytest.mark.parametrize("use", _EDGES)
def test_no_variable_is_left_at_the_edges(use: Callable[[Path], object], tmp_path: Path) -> None:
    """Stores, transports and integrations hold secrets too while they find out what is wrong."""
    with pytest.raises(Exception) as caught:
        _ = use(tmp_path)
    assert "sansio_auth" in _shown(caught.value)
    assert _CANARY not in _shown(caught.value)


#: Methods that a token from memory takes its way through: they conceal without a decorator.
_BY_HAND: Final = {
    "acquire_token_for_client", "acquire_token_on_behalf_of", "acquire_token_silent",
    "acquire_token_silent_with_error",
}  # fmt: skip


@pytest.mark.parametrize(
    "kind", [ConfidentialClientApplication, AsyncConfidentialClientApplication]
)
def test_no_public_method_is_left_out(kind: Any) -> None:
    """Each conceals on its way out, by the decorator or by hand (row 215)."""
    names = {it for it in vars(kind) if it.startswith(("acq", "get_", "ini", "rem", "sto", "dis"))}
    assert len(names) >= 16
    assert {it for it in names if not hasattr(vars(kind)[it], "__wrapped__")} == _BY_HAND


_FAILING: Final[list[Any]] = [
    row(215, "authority", lambda app: app.authority),
    row(215, "client", lambda app: app.acquire_token_for_client(["s/.default"])),
    row(215, "on-behalf-of", lambda app: app.acquire_token_on_behalf_of("a.b.c", ["s"])),
    row(215, "refresh-token", lambda app: app.acquire_token_by_refresh_token("a", ["s"])),
    row(215, "sign-in", lambda app: app.initiate_auth_code_flow(["s"], response_mode="form_post")),
]


def _flows() -> int:
    return sum(isinstance(it, Flow) for it in gc.get_objects())


@pytest.mark.parametrize("call", _FAILING)
def test_an_error_leaves_nothing_to_the_collector(call: Callable[[Any], object]) -> None:
    """What a failed call held goes with its error: frames that are empty hold no circle."""
    client = _Refusing(reaches=False)
    domain = "https://login.microsoftonline.com/contoso.com"
    app = ConfidentialClientApplication("c", "s", domain, http_client=client)

    def fails() -> None:
        with contextlib.suppress(SansioAuthError):
            _ = call(app)
            pytest.fail("it was to fail")

    _ = gc.collect()
    gc.disable()
    try:
        before = _flows()
        fails()
        assert _flows() <= before
    finally:
        gc.enable()


_FLOWS: Final[list[Any]] = [
    row(215, "refresh-token", lambda it: it.acquire_token_by_refresh_token(_CANARY, ["s"])),
    row(215, "code", lambda it: it.acquire_token_by_authorization_code(_CANARY, ["s"])),
    row(215, "password", lambda it: it.acquire_token_by_username_password("u", _CANARY, ["s"])),
    row(215, "on-behalf-of", lambda it: it.acquire_token_on_behalf_of(_CANARY, ["s"])),
]


@pytest.mark.parametrize("call", _FLOWS)
@pytest.mark.parametrize(
    "fault",
    [HttpResponse(200, (), f'{{"access_token":"{_CANARY}"'.encode()),
     Failure("connect", cause=OSError("down"))],
    ids=["answer", "failure"],
)  # fmt: skip
def test_a_flows_error_has_no_frames(call: Callable[[Any], Any], fault: Any) -> None:
    """It is a value for whoever drives the flow; the script's variables held what was sent."""
    at = World(example_tenant(), faults=[fault] * 3)
    flow = at.play(call(client_of()))
    assert flow.error is not None
    assert flow.error.__traceback__ is None
    assert _CANARY not in _shown(flow.error)
