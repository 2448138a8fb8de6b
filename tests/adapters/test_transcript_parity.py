"""One table of scenarios through every transport: the transcripts are equal.

The seed is the same and the clock stands still, so everything that a flow asks and is answered can
be compared, whichever library carried it and whichever colour the loop had.
"""

from __future__ import annotations

import contextlib
import gzip
import json
from collections.abc import Awaitable, Callable
from typing import Any, Final

import anyio
import httpx
import pytest
import requests
from attrs import frozen

from sansio_auth import (
    ClientSecret,
    ConfidentialClient,
    Failure,
    HttpResponse,
    Secret,
    SendHttp,
    parse_authority,
)
from sansio_auth.client import Call
from sansio_auth.errors import SansioAuthError
from sansio_auth.flow import Flow
from sansio_auth_adapters import AsyncWorld, MemoryStore, World, arun, run
from sansio_auth_adapters.ports import AsyncTransport, Transport
from sansio_auth_adapters.testing.certificates import Authority
from sansio_auth_adapters.testing.faultserver import Behaviour, FaultServer, Line, response
from sansio_auth_adapters.transports._tls import tls_context
from sansio_auth_adapters.transports.aiohttp import AiohttpTransport
from sansio_auth_adapters.transports.http_client import HttpClientTransport
from sansio_auth_adapters.transports.httpx import AsyncHttpxTransport, HttpxTransport
from sansio_auth_adapters.transports.threads import ThreadsTransport
from sansio_auth_adapters.transports.urllib3 import Urllib3Transport

NOW: Final = 1_700_000_000.0
TENANT: Final = "11111111-2222-3333-4444-555555555555"
SCOPES: Final = ["api://r/.default"]


def _json(status: int, *headers: tuple[str, str], **members: object) -> bytes:
    return response(status, json.dumps(members).encode(), *headers)


def _token(**members: object) -> bytes:
    usual = {"access_token": "AT", "token_type": "Bearer", "expires_in": 3600}
    return _json(200, **{**usual, **members})


BREAK: Final = b"break"


@frozen
class Scenario:
    """A call, and what the token endpoint answers one request after another."""

    answers: tuple[bytes, ...]
    call: Callable[[ConfidentialClient], Call[Any]] = lambda it: it.acquire_token_for_client(SCOPES)


def _behalf(client: ConfidentialClient) -> Call[Any]:
    return client.acquire_token_on_behalf_of("user.token.one", ["api://r/read"])


def _refresh(client: ConfidentialClient) -> Call[Any]:
    return client.acquire_token_by_refresh_token("RT", ["api://r/read"])


def _challenged(client: ConfidentialClient) -> Call[Any]:
    return client.acquire_token_for_client(SCOPES, claims_challenge='{"access_token": {}}')


PACKED: Final = gzip.compress(_token().split(b"\r\n\r\n")[1])
SCENARIOS: Final[dict[str, Scenario]] = {
    "a token": Scenario((_token(),)),
    "a token to be refreshed": Scenario((_token(refresh_in=1800),)),
    "a token of unknown life": Scenario((_token(expires_in=None),)),
    "a token for other scopes": Scenario((_token(scope="api://r/read api://r/write"),)),
    "a token on behalf of a user": Scenario((_token(refresh_token="RT"),), _behalf),
    "a token for a refresh token": Scenario((_token(refresh_token="RT2"),), _refresh),
    "a token for claims": Scenario((_token(),), _challenged),
    "a refusal": Scenario((_json(400, error="invalid_scope", error_description="no"),)),
    "a wrong secret": Scenario((_json(401, error="invalid_client", error_codes=[7000215]),)),
    "a user who is needed": Scenario((_json(400, error="interaction_required"),), _behalf),
    "too many": Scenario((_json(429, ("Retry-After", "7"), error="slow_down"),)),
    "too many, in other words": Scenario((response(429, b"<html>"),)),
    "down for a while": Scenario((response(503, b"", ("Retry-After", "9")),)),
    "down and up again": Scenario((response(503, b""), _token())),
    "down twice": Scenario((response(500, b"<html>"), response(502, b"<html>"))),
    "a redirect": Scenario((response(302, b"", ("Location", "https://elsewhere.invalid/")),)),
    "forbidden by somebody": Scenario((response(403, b"<html>"),)),
    "a page": Scenario((response(200, b"<html>", ("Content-Type", "text/html")),)),
    "nothing": Scenario((response(200, b""),)),
    "half of it": Scenario((response(200, _token()[-20:]),)),
    "no token": Scenario((_json(200, token_type="Bearer"),)),
    "packed": Scenario(
        (
            response(
                200, gzip.compress(_token().split(b"\r\n\r\n")[1]), ("Content-Encoding", "gzip")
            ),
        )
    ),
    "broken off": Scenario((BREAK, BREAK)),
    "broken off and up again": Scenario((BREAK, _token())),
    "a code that may be gone": Scenario((BREAK,), _refresh),
}


def _serving(answers: list[bytes]) -> Behaviour:
    def behave(line: Line) -> None:
        while (asked := line.request()) is not None:
            if asked.method == "GET":
                base = f"https://{asked.header('host')}/{TENANT}"
                line.send(
                    _json(
                        200,
                        issuer=f"{base}/v2.0",
                        token_endpoint=f"{base}/oauth2/v2.0/token",
                        authorization_endpoint=f"{base}/oauth2/v2.0/authorize",
                    )
                )
                continue
            answer = answers.pop(0)
            if answer == BREAK:
                line.send(_token()[:-10])
                return
            line.send(answer)

    return behave


def _session(path: str) -> Transport:
    session = requests.Session()
    session.trust_env = False
    session.verify = path
    return HttpClientTransport(session)


def _httpx(path: str) -> Transport:
    return HttpxTransport(httpx.Client(verify=tls_context(path), trust_env=False))


def _urllib3(path: str) -> Transport:
    return Urllib3Transport(verify=path, proxies={})


Blocking = Callable[[str], Transport]
Awaited = tuple[str, Callable[[str], AsyncTransport]]
BLOCKING: Final[dict[str, Blocking]] = {
    "requests": _session,
    "httpx": _httpx,
    "httpx2": lambda path: HttpxTransport(verify=path, proxies={}),
}
AWAITED: Final[dict[str, Awaited]] = {
    "asyncio": ("asyncio", lambda path: ThreadsTransport(_urllib3(path))),
    "trio": ("trio", lambda path: ThreadsTransport(_urllib3(path))),
    "httpx2, asyncio": ("asyncio", lambda path: AsyncHttpxTransport(verify=path, proxies={})),
    "httpx2, trio": ("trio", lambda path: AsyncHttpxTransport(verify=path, proxies={})),
    "aiohttp": ("asyncio", lambda path: AiohttpTransport(verify=path, proxies={})),
}


def _flow(scenario: Scenario, port: int) -> Flow[Any]:
    client = ConfidentialClient(
        client_id="client",
        authority=parse_authority(f"https://localhost:{port}/{TENANT}"),
        credential=ClientSecret(Secret("s")),
        validate_authority=False,
    )
    return scenario.call(client).start(now=NOW, seed=bytes(32))


def _clock() -> float:
    return NOW


def _no_pause(_: float) -> None:
    """Go on at once."""


async def _no_async_pause(_: float) -> None:
    """Go on at once."""


def _seen(flow: Flow[Any]) -> list[object]:
    """Return what was asked and answered; of a failure only whether anything was sent."""
    steps: list[object] = []
    for step in flow.transcript.steps:
        asked: object = step.effect
        value = step.value
        if isinstance(step.effect, SendHttp):
            request = step.effect.request
            asked = (request.target, request.headers, request.form, request.timeout)
        if isinstance(value, HttpResponse):
            kept = ("content-type", "retry-after", "location")
            headers = {name: it for name, it in value.headers if name in kept}
            value = (value.status, headers, json.dumps(value.body.decode("utf-8", "replace")))
        if isinstance(value, Failure):
            value = ("failure", value.sent)
        steps.append((asked, value))
    end = flow.error
    return [*steps, repr(flow.result) if end is None else (type(end).__name__, end.code)]


def _blocking(make: Blocking, scenario: Scenario, port: int, path: str) -> list[object]:
    transport = make(path)
    flow = _flow(scenario, port)
    world = World(transport, MemoryStore(), MemoryStore(), clock=_clock, sleep=_no_pause)
    with contextlib.suppress(SansioAuthError):  # it is the flow's, and compared
        _ = run(flow, world)
    transport.close()
    return _seen(flow)


def _awaited(case: Awaited, scenario: Scenario, port: int, path: str) -> list[object]:
    loop, make = case
    flow = _flow(scenario, port)

    async def inside() -> None:
        transport = make(path)
        world = AsyncWorld(
            transport, MemoryStore(), MemoryStore(), clock=_clock, sleep=_no_async_pause
        )
        with contextlib.suppress(SansioAuthError):  # it is the flow's, and compared
            _ = await arun(flow, world)
        await transport.close()

    def started() -> Awaitable[None]:
        return inside()

    anyio.run(started, backend=loop)
    return _seen(flow)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Whom the transports trust."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS.keys())
def test_every_transport_gives_the_same_transcript(
    scenario: Scenario, authority: Authority
) -> None:
    """Nine ways onto the network, one conversation."""
    left: list[bytes] = []
    path = str(authority.file)
    with FaultServer(_serving(left), authority.server("localhost")) as server:
        seen: dict[str, list[object]] = {}
        for name, make in {"urllib3": _urllib3, **BLOCKING}.items():
            left[:] = scenario.answers
            seen[name] = _blocking(make, scenario, server.port, path)
        for name, case in AWAITED.items():
            left[:] = scenario.answers
            seen[name] = _awaited(case, scenario, server.port, path)
    assert len(seen["urllib3"]) >= 3
    for name, transcript in seen.items():
        assert transcript == seen["urllib3"], name
