"""The application as a credential of the Azure SDK: real pipelines, chains and challenges."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest
from azure.core.credentials import AccessToken, SupportsTokenInfo, TokenCredential
from azure.core.credentials_async import AsyncSupportsTokenInfo, AsyncTokenCredential
from azure.core.exceptions import ClientAuthenticationError
from azure.core.pipeline import AsyncPipeline, Pipeline
from azure.core.pipeline.policies import (
    AsyncBearerTokenCredentialPolicy,
    BearerTokenCredentialPolicy,
)
from azure.core.pipeline.transport import AioHttpTransport, RequestsTransport
from azure.core.rest import HttpRequest
from azure.identity import ChainedTokenCredential, CredentialUnavailableError
from azure.identity.aio import ChainedTokenCredential as AsyncChainedTokenCredential

from sansio_auth.errors import ConfigurationError, TransportError
from sansio_auth.wire import HttpResponse
from sansio_auth_adapters import AsyncConfidentialClientApplication, ConfidentialClientApplication
from sansio_auth_adapters.integrations.azure import (
    AsyncConfidentialClientCredential,
    ConfidentialClientCredential,
)
from sansio_auth_adapters.testing.certificates import Authority
from sansio_auth_adapters.testing.faultserver import FaultServer
from tests.adapters.integrations.conftest import CLAIMS, SCOPES, AsyncIssuer, Issuer

REFUSED = HttpResponse(
    401, (), b'{"error": "invalid_client", "error_description": "AADSTS7000222: expired"}'
)


class Unavailable:
    """A credential that has nothing on this machine."""

    def get_token(self, *scopes: str, **_: object) -> AccessToken:
        message = "nothing here"
        raise CredentialUnavailableError(message=message)

    def close(self) -> None:
        """Hold nothing."""


class AsyncUnavailable:
    """The same, awaited."""

    async def get_token(self, *scopes: str, **_: object) -> AccessToken:
        message = "nothing here"
        raise CredentialUnavailableError(message=message)

    async def close(self) -> None:
        """Hold nothing."""


def test_it_is_what_the_sdk_takes_for_a_credential(
    app: ConfidentialClientApplication, async_app: AsyncConfidentialClientApplication
) -> None:
    """By azure-core's own protocols."""
    credential = ConfidentialClientCredential(app)
    assert isinstance(credential, TokenCredential)
    assert isinstance(credential, SupportsTokenInfo)
    awaited = AsyncConfidentialClientCredential(async_app)
    assert isinstance(awaited, AsyncTokenCredential)
    assert isinstance(awaited, AsyncSupportsTokenInfo)


def test_a_pipeline_gets_a_token_and_meets_a_challenge(
    app: ConfidentialClientApplication,
    issuer: Issuer,
    authority: Authority,
    resource: Callable[..., FaultServer],
) -> None:
    """azure-core asks for the claims that the resource asked for, once."""
    server = resource()
    policy = BearerTokenCredentialPolicy(
        ConfidentialClientCredential(app), *SCOPES, enable_cae=True
    )
    with Pipeline(RequestsTransport(connection_verify=str(authority.file)), [policy]) as pipeline:
        answer = pipeline.run(HttpRequest("GET", server.url())).http_response
    assert answer.status_code == 200
    assert [form.get("claims") for form in issuer.forms] == [None, CLAIMS]


def test_an_async_pipeline_gets_a_token_and_meets_a_challenge(
    async_app: AsyncConfidentialClientApplication,
    async_issuer: AsyncIssuer,
    authority: Authority,
    resource: Callable[..., FaultServer],
) -> None:
    """The same through aiohttp."""
    server = resource()

    async def run() -> int:
        credential = AsyncConfidentialClientCredential(async_app)
        policy = AsyncBearerTokenCredentialPolicy(credential, *SCOPES, enable_cae=True)
        transport = AioHttpTransport(connection_verify=str(authority.file))
        async with credential, AsyncPipeline(transport, [policy]) as pipeline:
            answer = (await pipeline.run(HttpRequest("GET", server.url()))).http_response
            return int(answer.status_code)

    assert asyncio.run(run()) == 200
    assert [form.get("claims") for form in async_issuer.forms] == [None, CLAIMS]


def test_a_chain_takes_it(app: ConfidentialClientApplication, issuer: Issuer) -> None:
    """azure-identity's chain goes past what is unavailable and stops at ours."""
    chain = ChainedTokenCredential(Unavailable(), ConfidentialClientCredential(app))
    assert chain.get_token(*SCOPES).token == "AT-1"
    assert chain.get_token(*SCOPES).token == "AT-1"
    assert len(issuer.forms) == 1


def test_an_async_chain_takes_it(async_app: AsyncConfidentialClientApplication) -> None:
    """The same, awaited."""

    async def run() -> str:
        async with AsyncChainedTokenCredential(
            AsyncUnavailable(),  # type: ignore[arg-type] # a double has no context manager
            AsyncConfidentialClientCredential(async_app),
        ) as chain:
            return (await chain.get_token(*SCOPES)).token

    assert asyncio.run(run()) == "AT-1"


def test_a_token_tells_its_end_and_when_to_refresh_it(app: ConfidentialClientApplication) -> None:
    """When it is new and when it comes from the cache; POSIX seconds."""
    credential = ConfidentialClientCredential(app)
    for _ in range(2):
        info = credential.get_token_info(*SCOPES)
        assert abs(info.expires_on - time.time() - 3600) < 60
        assert info.refresh_on is not None
        assert abs(info.refresh_on - time.time() - 1800) < 60
        assert info.token_type == "Bearer"


def test_claims_and_tenant_reach_the_request(
    app: ConfidentialClientApplication, issuer: Issuer
) -> None:
    """As keywords and as options."""
    credential = ConfidentialClientCredential(app)
    _ = credential.get_token(*SCOPES, tenant_id="22222222-2222-3333-4444-555555555555")
    _ = credential.get_token_info(*SCOPES, options={"claims": CLAIMS})
    assert [form.get("claims") for form in issuer.forms] == [None, CLAIMS]


def test_on_behalf_of_a_user(
    app: ConfidentialClientApplication, async_app: AsyncConfidentialClientApplication
) -> None:
    """A credential for each caller, over one application."""
    credential = ConfidentialClientCredential.on_behalf_of(app, "user.token.one")
    assert credential.get_token("api://r/read").token == "AT-1"
    awaited = AsyncConfidentialClientCredential.on_behalf_of(async_app, "user.token.one")
    assert asyncio.run(awaited.get_token("api://r/read")).token == "AT-1"
    assert asyncio.run(awaited.get_token_info("api://r/read")).token == "AT-1"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (REFUSED, "AADSTS7000222"),
        (TransportError("no connection", kind="connect", sent=False), "connect"),
        (HttpResponse(503), "503"),
    ],
)
def test_what_goes_wrong_is_an_error_of_the_sdk(
    app: ConfidentialClientApplication,
    issuer: Issuer,
    async_app: AsyncConfidentialClientApplication,
    async_issuer: AsyncIssuer,
    answer: HttpResponse | Exception,
    said: str,
) -> None:
    """One that its policies and chains know, without a secret in it."""
    issuer.answer = async_issuer.answer = answer
    with pytest.raises(ClientAuthenticationError, match=said) as caught:
        _ = ConfidentialClientCredential(app).get_token(*SCOPES)
    assert caught.value.__cause__ is not None
    with pytest.raises(ClientAuthenticationError, match=said):
        _ = asyncio.run(AsyncConfidentialClientCredential(async_app).get_token(*SCOPES))


def test_no_scope_is_the_callers_mistake(
    app: ConfidentialClientApplication, async_app: AsyncConfidentialClientApplication
) -> None:
    """And no authentication that failed."""
    with pytest.raises(ConfigurationError, match="at least one scope"):
        _ = ConfidentialClientCredential(app).get_token()
    with pytest.raises(ConfigurationError, match="at least one scope"):
        _ = asyncio.run(AsyncConfidentialClientCredential(async_app).get_token())


def test_closing_it_closes_the_application(app: ConfidentialClientApplication) -> None:
    """As the SDK's clients do at the end of a `with`."""
    with ConfidentialClientCredential(app) as credential:
        pass
    with pytest.raises(ClientAuthenticationError, match="closed"):
        _ = credential.get_token(*SCOPES)
