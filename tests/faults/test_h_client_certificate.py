"""Section H, row 214: an endpoint that lets nobody in without a certificate of the client's."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from sansio_auth import AccessToken, ConfigurationError, Failure
from sansio_auth.testing import World, example_tenant
from sansio_auth_adapters import ConfidentialClientApplication
from sansio_auth_adapters.testing.certificates import Authority
from sansio_auth_adapters.testing.faultserver import Behaviour, FaultServer, Line
from tests.faults.aids import DOMAIN, GRAPH, TENANT, WEB_API, client_of
from tests.faults.lines import CLIENTS, SECRET
from tests.faults.rows import row
from tests.faults.test_a_token_endpoint import play, token_of, world

_LACKING = Failure("client_certificate", cause=ssl.SSLError("the alert"))


@pytest.mark.parametrize(
    ("authority", "stage"),
    [row(214, "token", TENANT, "token"), row(214, "found", DOMAIN, "discovery")],
)
def test_a_transport_without_a_certificate_is_what_is_to_be_changed(
    authority: str, stage: str
) -> None:
    """Nobody tries again; the error names the remedy and keeps the alert as its cause."""
    at = World(example_tenant())
    at.faults = [_LACKING] * 3
    error = at.play(client_of(authority).acquire_token_for_client([GRAPH])).error
    assert isinstance(error, ConfigurationError)
    assert (error.code, error.stage) == ("adapter_lacks_client_cert", stage)
    assert "http_client" in str(error)
    assert error.correlation_id
    assert error.__cause__ is _LACKING.cause
    assert len(at.exchanges) == 1


def test_row214_a_token_in_hand_is_served_all_the_same() -> None:
    """And stale endpoints serve where discovery is shut (I-1)."""
    served = token_of(play(world(_LACKING, due=True)), "cache")
    assert served.metadata.warnings == ("refresh_failed",)
    at = World(example_tenant())
    call = client_of(DOMAIN).acquire_token_for_client([GRAPH])
    assert isinstance(at.play(call).result, AccessToken)
    at.clock.advance(90_000)
    at.faults = [_LACKING]
    outcome = at.play(call).result
    assert isinstance(outcome, AccessToken)
    assert "discovery_failed" in outcome.metadata.warnings


@pytest.mark.parametrize("cert", [row(214, "a-path", "client.pem"), row(214, "a-pair", ("c", "k"))])
def test_a_certificate_for_our_own_transport_is_refused(cert: object) -> None:
    """As requests takes it: before anything is sent, and not in silence."""
    app = ConfidentialClientApplication(WEB_API, SECRET, TENANT)
    with pytest.raises(ConfigurationError, match="http_client") as caught:
        app.acquire_token_for_client([GRAPH], cert=cert)
    assert caught.value.code == "adapter_lacks_client_cert"


def _wanting_a_certificate(authority: Authority) -> Behaviour:
    """Speak TLS 1.3 and say goodbye to whoever shows no certificate."""
    context = authority.server("localhost")
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(authority.file)

    def behave(line: Line) -> None:
        with pytest.raises(ssl.SSLError):
            context.wrap_socket(line.sock.dup(), server_side=True)
        while line.sock.recv(65_536):  # so that the alert arrives and no reset overtakes it
            pass

    return behave


@pytest.mark.parametrize("client", [row(214, name, name) for name in CLIENTS])
def test_a_server_that_wants_a_certificate_is_understood(client: str, tmp_path: Path) -> None:
    """By its alert, over a real connection."""
    authority = Authority(tmp_path)
    with FaultServer(_wanting_a_certificate(authority)) as server:
        app = ConfidentialClientApplication(
            "client", SECRET, f"https://localhost:{server.port}/contoso.com",
            instance_discovery=False, **CLIENTS[client](authority, 5),
        )  # fmt: skip
        with app, pytest.raises(ConfigurationError) as caught:
            app.acquire_token_for_client(["s/.default"])
    assert caught.value.code == "adapter_lacks_client_cert"
