"""The tenant over HTTPS: real sockets, a certificate authority of its own, and real clients."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import msal  # type: ignore[import-untyped] # has no types
import pytest
import requests

from sansio_auth.testing import example_tenant, user_token
from sansio_auth_adapters import ConfidentialClientApplication
from sansio_auth_adapters.tenant_server import TenantServer

_WEB_API = "6731de76-14a6-49ae-97bc-6eba6914391e"
_SECRET = "the-application's-secret"
_GRAPH = ["https://graph.microsoft.com/.default"]
_METADATA = "/contoso.com/v2.0/.well-known/openid-configuration"


@pytest.fixture
def server() -> Iterator[TenantServer]:
    """A server for one test."""
    with TenantServer(example_tenant()) as running:
        yield running


def _connection(server: TenantServer, host: str = "localhost") -> http.client.HTTPSConnection:
    context = ssl.create_default_context(cafile=server.ca_path)
    return http.client.HTTPSConnection(host, server.port, timeout=5, context=context)


def test_an_application_gets_its_tokens(server: TenantServer) -> None:
    """For itself and for a user, over verified TLS."""
    app = ConfidentialClientApplication(
        _WEB_API, client_credential=_SECRET, authority=server.authority,
        instance_discovery=False, verify=server.ca_path,
    )  # fmt: skip
    assert app.acquire_token_for_client(_GRAPH)["token_source"] == "identity_provider"
    assertion = user_token(server.tenant, "alice@contoso.com", _WEB_API, time.time())
    assert "refresh_token" in app.acquire_token_on_behalf_of(assertion, ["User.Read"])
    assert [it.response.status for it in server.exchanges] == [200, 200, 200]
    assert all(0 < it.seconds < 5 for it in server.exchanges)


def test_msal_itself_gets_its_tokens(server: TenantServer) -> None:
    """Another library is served as ours is."""
    session = requests.Session()
    session.verify = server.ca_path
    session.trust_env = False
    app = msal.ConfidentialClientApplication(
        _WEB_API, client_credential=_SECRET, authority=server.authority,
        instance_discovery=False, http_client=session,
    )  # fmt: skip
    assert app.acquire_token_for_client(_GRAPH)["token_source"] == "identity_provider"
    assertion = user_token(server.tenant, "alice@contoso.com", _WEB_API, time.time())
    assert "id_token_claims" in app.acquire_token_on_behalf_of(assertion, ["User.Read"])
    session.close()


def test_nobody_else_trusts_its_certificate(server: TenantServer) -> None:
    """The authority is made for this server and thrown away with it."""
    connection = http.client.HTTPSConnection("localhost", server.port, timeout=5)
    with pytest.raises(ssl.SSLCertVerificationError):
        connection.request("GET", "/")
    connection.close()


def test_what_it_wrote_is_gone_afterwards() -> None:
    """Certificates and keys; and nobody listens any more."""
    with TenantServer(example_tenant()) as server:
        path, port = Path(server.ca_path), server.port
        assert path.exists()
    assert not path.parent.exists()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)


def test_a_connection_serves_many_requests(server: TenantServer) -> None:
    """HTTP/1.1, kept alive, by name and by address."""
    for host in ("localhost", "127.0.0.1"):
        connection = _connection(server, host)
        for _ in range(3):
            connection.request("GET", _METADATA, headers={"Host": f"localhost:{server.port}"})
            assert json.loads(connection.getresponse().read())["issuer"] == server.tenant.issuer
        connection.close()


def test_a_body_that_is_no_form_is_an_empty_one(server: TenantServer) -> None:
    """Entra says which parameter is missing, whatever else the body is."""
    connection = _connection(server)
    path = f"/{server.tenant.tenant_id}/oauth2/v2.0/token"
    connection.request("POST", path, b'{"grant_type":"x"}', {"Content-Type": "application/json"})
    answer = json.loads(connection.getresponse().read())
    assert answer["error_codes"] == [900144]
    connection.close()


def test_a_caller_who_hangs_up_disturbs_nobody(server: TenantServer) -> None:
    """Before a handshake, and in the middle of a request."""
    socket.create_connection(("127.0.0.1", server.port), timeout=5).close()
    hasty = _connection(server)
    hasty.putrequest("POST", "/x")
    hasty.putheader("Content-Length", "10")
    hasty.endheaders(b"abc")
    hasty.close()
    connection = _connection(server)
    connection.request("GET", _METADATA)
    assert connection.getresponse().status == 200
    connection.close()


def test_it_may_keep_the_tenants_own_address() -> None:
    """For whoever leads Microsoft's host name here; the certificate names it."""
    with TenantServer(example_tenant(), keep_origin=True) as server:
        assert server.authority.startswith("https://login.microsoftonline.com/")
        raw = socket.create_connection(("127.0.0.1", server.port), timeout=5)
        context = ssl.create_default_context(cafile=server.ca_path)
        with context.wrap_socket(raw, server_hostname="login.microsoftonline.com") as secured:
            assert secured.version() in {"TLSv1.2", "TLSv1.3"}
