"""A resource behind HTTPS that makes a claims challenge, and applications that issue for it."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from typing import Final

import pytest
from attrs import define, field

from sansio_auth.wire import HttpRequest, HttpResponse
from sansio_auth_adapters import AsyncConfidentialClientApplication, ConfidentialClientApplication
from sansio_auth_adapters.testing.certificates import Authority
from sansio_auth_adapters.testing.faultserver import FaultServer, Line, response

#: A brace is followed by a space, so that base64 of it is not taken for a token.
CLAIMS: Final = '{ "access_token": { "nbf": { "essential": true, "value": "1700000000" }}}'
CHALLENGE: Final = (
    'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize"'
    ', error="insufficient_claims", claims="'
    f'{base64.b64encode(CLAIMS.encode()).decode()}"'
)
TENANT: Final = "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555"
SCOPES: Final = ["api://r/.default"]


@define
class Issuer:
    """A transport that issues one token after another, and remembers what was asked."""

    forms: list[dict[str, str]] = field(factory=list[dict[str, str]])
    answer: HttpResponse | Exception | None = None

    def send(self, request: HttpRequest) -> HttpResponse:
        self.forms.append(dict(request.form or ()))
        if isinstance(self.answer, Exception):
            raise self.answer
        if self.answer is not None:
            return self.answer
        token = f'"access_token": "AT-{len(self.forms)}"'
        body = f'{{{token}, "token_type": "Bearer", "expires_in": 3600, "refresh_in": 1800}}'
        return HttpResponse(200, (), body.encode())

    def close(self) -> None:
        """Hold nothing."""


@define
class AsyncIssuer(Issuer):
    """The same, awaited."""

    async def send(self, request: HttpRequest) -> HttpResponse:  # type: ignore[override]
        return Issuer.send(self, request)

    async def close(self) -> None:  # type: ignore[override]
        """Hold nothing."""


@pytest.fixture
def issuer() -> Issuer:
    """Who issues tokens."""
    return Issuer()


@pytest.fixture
def async_issuer() -> AsyncIssuer:
    """Who issues tokens to those who await them."""
    return AsyncIssuer()


@pytest.fixture
def app(issuer: Issuer) -> ConfidentialClientApplication:
    """An application."""
    return ConfidentialClientApplication("client", "secret", TENANT, http_client=issuer)


@pytest.fixture
def async_app(async_issuer: AsyncIssuer) -> AsyncConfidentialClientApplication:
    """An application that is awaited."""
    return AsyncConfidentialClientApplication("client", "secret", TENANT, http_client=async_issuer)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Who vouches for the resources."""
    return Authority(tmp_path_factory.mktemp("authority"))


def challenging(line: Line) -> None:
    """Let nobody in without the second token."""
    while (asked := line.request()) is not None:
        if asked.header("authorization") == "Bearer AT-2":
            line.send(response(200, b"welcome"))
        else:
            line.send(response(401, b"more claims", ("WWW-Authenticate", CHALLENGE)))


@pytest.fixture
def resource(authority: Authority) -> Iterator[Callable[..., FaultServer]]:
    """A function that starts resources behind TLS."""
    running: list[FaultServer] = []

    def start(behaviour: Callable[[Line], None] = challenging, *, tls: bool = True) -> FaultServer:
        server = FaultServer(behaviour, authority.server("127.0.0.1", "localhost") if tls else None)
        running.append(server.__enter__())
        return server

    yield start
    for server in running:
        server.__exit__(None, None, None)
