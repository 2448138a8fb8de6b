"""Tokens on the requests of requests, httpx and httpx2, with a challenge met once."""

from __future__ import annotations

import asyncio
import io
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import httpx2
import pytest
import requests

from sansio_auth.errors import ConfigurationError
from sansio_auth.wire import HttpResponse
from sansio_auth_adapters import AsyncConfidentialClientApplication, ConfidentialClientApplication
from sansio_auth_adapters.integrations import httpx_auth, requests_auth
from sansio_auth_adapters.integrations.bearer import AppTokens, TokenRefused
from sansio_auth_adapters.testing.certificates import Authority
from sansio_auth_adapters.testing.faultserver import FaultServer, Line, response
from tests.adapters.integrations.conftest import CHALLENGE, CLAIMS, SCOPES, Issuer

LIBRARIES = pytest.mark.parametrize("library", [httpx, httpx2], ids=["httpx", "httpx2"])
Start = Callable[..., FaultServer]


def _asked(server: FaultServer) -> list[str | None]:
    return [received.header("authorization") for received in server.received]


def _context(authority: Authority) -> Any:
    import ssl

    return ssl.create_default_context(cafile=str(authority.file))


def stubborn(line: Line) -> None:
    """Let nobody in, whatever they bring."""
    while line.request() is not None:
        line.send(response(401, b"no", ("WWW-Authenticate", CHALLENGE)))


def plain(line: Line) -> None:
    """Say 401 without a challenge."""
    while line.request() is not None:
        line.send(response(401, b"no", ("WWW-Authenticate", 'Bearer realm="x"')))


# --- requests ------------------------------------------------------------------------------------


def test_requests_meets_a_challenge_once(
    app: ConfidentialClientApplication, issuer: Issuer, authority: Authority, resource: Start
) -> None:
    """The body is sent again, the first answer is in the history."""
    server = resource()
    auth = requests_auth.BearerAuth(AppTokens(app, SCOPES))
    trusted = str(authority.file)
    with requests.Session() as session:
        body = io.BytesIO(b"a body")
        answer = session.post(server.url(), data=body, auth=auth, verify=trusted)
        again = session.get(server.url(), auth=auth, verify=trusted)
    assert (answer.text, len(answer.history)) == ("welcome", 1)
    assert [it.body for it in server.received[:2]] == [b"a body"] * 2
    assert issuer.forms[1]["claims"] == CLAIMS
    assert again.status_code == 200


@pytest.mark.parametrize(("behaviour", "requests_"), [(stubborn, 2), (plain, 1)])
def test_requests_gives_up_after_one_more(
    app: ConfidentialClientApplication,
    authority: Authority,
    resource: Start,
    behaviour: Callable[[Line], None],
    requests_: int,
) -> None:
    """And without a claims challenge at once."""
    server = resource(behaviour)
    auth = requests_auth.BearerAuth(AppTokens(app, SCOPES))
    answer = requests.get(server.url(), auth=auth, verify=str(authority.file), timeout=9)
    assert (answer.status_code, len(server.received)) == (401, requests_)


def test_requests_sends_what_can_be_read_once_only_once(
    app: ConfidentialClientApplication, authority: Authority, resource: Start
) -> None:
    """The 401 is the answer then."""
    server = resource(_takes_chunks)
    auth = requests_auth.BearerAuth(AppTokens(app, SCOPES))

    def pieces() -> Iterator[bytes]:
        yield b"once"

    answer = requests.post(
        server.url(), data=pieces(), auth=auth, verify=str(authority.file), timeout=9
    )
    assert (answer.status_code, len(server.received)) == (401, 1)


def _takes_chunks(line: Line) -> None:
    _ = line.request()
    seen = line._unread
    while not seen.endswith(b"0\r\n\r\n"):  # the end of a chunked body
        seen += line.sock.recv(65_536)
    line.send(response(401, b"no", ("WWW-Authenticate", CHALLENGE)))


@pytest.mark.parametrize("status", [301, 307])
def test_no_token_goes_to_where_a_redirect_leads(
    app: ConfidentialClientApplication, authority: Authority, resource: Start, status: int
) -> None:
    """Not at first, and not for a challenge that is made there; of no library."""
    other = resource(stubborn)
    far = other.url().replace("127.0.0.1", "localhost")

    def leading(line: Line) -> None:
        while line.request() is not None:
            line.send(response(status, b"", ("Location", far)))

    server = resource(leading)
    source = AppTokens(app, SCOPES)
    with requests.Session() as session:
        auth = requests_auth.BearerAuth(source)
        answer = session.get(server.url(), auth=auth, verify=str(authority.file))
    assert (answer.status_code, _asked(other)) == (401, [None])
    for library in (httpx, httpx2):
        client = library.Client(
            verify=_context(authority), follow_redirects=True, auth=httpx_auth.BearerAuth(source)
        )
        with client:
            assert client.get(server.url()).status_code == 401
    assert _asked(other) == [None] * 3


# --- httpx and httpx2 ----------------------------------------------------------------------------


@LIBRARIES
def test_httpx_meets_a_challenge_once(
    library: Any,
    app: ConfidentialClientApplication,
    issuer: Issuer,
    authority: Authority,
    resource: Start,
) -> None:
    """With a client that blocks."""
    server = resource()
    auth = httpx_auth.BearerAuth(AppTokens(app, SCOPES))
    with library.Client(verify=_context(authority), auth=auth) as client:
        assert client.post(server.url(), content=b"a body").text == "welcome"
    assert [it.body for it in server.received] == [b"a body"] * 2
    assert issuer.forms[1]["claims"] == CLAIMS


@LIBRARIES
@pytest.mark.parametrize("colour", ["awaited", "blocking"])
def test_an_async_client_meets_a_challenge_once(
    library: Any,
    colour: str,
    app: ConfidentialClientApplication,
    async_app: AsyncConfidentialClientApplication,
    authority: Authority,
    resource: Start,
) -> None:
    """With an application of either colour."""
    server = resource()
    source = AppTokens(async_app if colour == "awaited" else app, SCOPES)

    async def run() -> str:
        auth = httpx_auth.BearerAuth(source)
        async with library.AsyncClient(verify=_context(authority), auth=auth) as client:
            return str((await client.get(server.url())).text)

    assert asyncio.run(run()) == "welcome"
    assert _asked(server) == ["Bearer AT-1", "Bearer AT-2"]


@LIBRARIES
@pytest.mark.parametrize(("behaviour", "requests_"), [(stubborn, 2), (plain, 1)])
def test_httpx_gives_up_after_one_more(
    library: Any,
    app: ConfidentialClientApplication,
    authority: Authority,
    resource: Start,
    behaviour: Callable[[Line], None],
    requests_: int,
) -> None:
    """And without a claims challenge at once."""
    server = resource(behaviour)
    auth = httpx_auth.BearerAuth(AppTokens(app, SCOPES))
    with library.Client(verify=_context(authority), auth=auth) as client:
        assert client.get(server.url()).status_code == 401
    assert len(server.received) == requests_


@LIBRARIES
def test_httpx_sends_what_can_be_read_once_only_once(
    library: Any, app: ConfidentialClientApplication, authority: Authority, resource: Start
) -> None:
    """The 401 is the answer then."""
    server = resource(_takes_chunks)

    def pieces() -> Iterator[bytes]:
        yield b"once"

    auth = httpx_auth.BearerAuth(AppTokens(app, SCOPES))
    with library.Client(verify=_context(authority), auth=auth) as client:
        assert client.post(server.url(), content=pieces()).status_code == 401
    assert len(server.received) == 1


# --- what is refused -----------------------------------------------------------------------------


def test_a_token_is_not_sent_in_the_clear(
    app: ConfidentialClientApplication, issuer: Issuer, resource: Start
) -> None:
    """Unless whoever runs it says so; nothing is asked for and nothing is sent."""
    server = resource(tls=False)
    source = AppTokens(app, SCOPES)
    with pytest.raises(ConfigurationError, match="https only"):
        _ = requests.get(server.url(), auth=requests_auth.BearerAuth(source), timeout=9)
    client = httpx.Client(auth=httpx_auth.BearerAuth(source))
    with client, pytest.raises(ConfigurationError, match="https only"):
        _ = client.get(server.url())
    assert (server.received, issuer.forms) == ([], [])
    allowed = requests_auth.BearerAuth(source, insecure=True)
    assert requests.get(server.url(), auth=allowed, timeout=9).text == "welcome"


def test_a_refusal_is_raised_with_its_code(
    app: ConfidentialClientApplication, issuer: Issuer, async_app: Any, async_issuer: Issuer
) -> None:
    """And the provider's number; its words are in a field, and in no message and no pickle."""
    body = b'{"error": "invalid_client", "error_description": "AADSTS7000222: canary of alice"}'
    issuer.answer = async_issuer.answer = HttpResponse(401, (), body)
    with pytest.raises(TokenRefused, match="AADSTS7000222") as caught:
        _ = AppTokens(app, SCOPES)(None)
    assert caught.value.code == "invalid_client"
    assert caught.value.description == "AADSTS7000222: canary of alice"
    assert str(caught.value) == "invalid_client: AADSTS7000222"
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.code, again.description) == (
        "invalid_client: AADSTS7000222", "invalid_client", None,
    )  # fmt: skip

    async def run() -> object:
        awaited: Any = AppTokens(async_app, SCOPES)(None)
        return await awaited

    with pytest.raises(TokenRefused, match="AADSTS7000222"):
        _ = asyncio.run(run())


def test_an_async_source_is_for_an_async_client(
    async_app: AsyncConfidentialClientApplication,
) -> None:
    """A client that blocks says what to use instead."""
    source = AppTokens(async_app, SCOPES)
    with pytest.raises(ConfigurationError, match="awaited"):
        _ = requests.get("https://127.0.0.1:1", auth=requests_auth.BearerAuth(source), timeout=9)
    client = httpx.Client(auth=httpx_auth.BearerAuth(source))
    with client, pytest.raises(ConfigurationError, match="awaited"):
        _ = client.get("https://127.0.0.1:1")


def test_no_repr_shows_a_token(app: ConfidentialClientApplication) -> None:
    """Scopes are all that is told."""
    source = AppTokens(app, SCOPES)
    _ = source(None)
    for shown in (requests_auth.BearerAuth(source), httpx_auth.BearerAuth(source)):
        assert repr(shown) == "BearerAuth(AppTokens(scopes=('api://r/.default',)))"
