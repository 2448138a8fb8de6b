"""The contract over TLS and through proxies: who is trusted, and who gets to see what."""

from __future__ import annotations

import base64
import datetime as dt
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

import pytest
from urllib3.exceptions import InsecureRequestWarning

from sansio_auth.errors import TransportError
from sansio_auth.wire import HttpRequest
from sansio_auth_adapters.ports import Transport
from sansio_auth_adapters.testing.certificates import Authority
from sansio_auth_adapters.testing.faultserver import (
    Behaviour,
    FaultServer,
    Line,
    answering,
    closing,
    response,
    tunnelling,
)
from sansio_auth_adapters.testing.fixtures import Serve
from sansio_auth_adapters.testing.subject import Subject, Wishes

Made: TypeAlias = Callable[[Subject, Wishes], Transport]

BODY: Final = b'{"access_token":"t"}'
CANARY: Final = "canary-5c0e"
USER: Final = "user"
PASSWORD: Final = f"{CANARY}:@/"
QUOTED: Final = PASSWORD.replace(":", "%3A").replace("@", "%40").replace("/", "%2F")
BASIC: Final = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
SHORT: Final = 0.15


def _post(url: str, timeout: float = 5) -> HttpRequest:
    return HttpRequest("POST", url, form=(("client_secret", CANARY),), timeout=timeout)


def _failure(transport: Transport, request: HttpRequest) -> TransportError:
    with pytest.raises(TransportError) as caught:
        _ = transport.send(request)
    return caught.value


def _trusting(authority: Authority) -> Wishes:
    return Wishes(verify=str(authority.file))


@pytest.fixture
def bad(request: pytest.FixtureRequest, authority: Authority, tmp_path: Path) -> ssl.SSLContext:
    """A server's side of TLS that is wrong in the way a test asks for."""
    match request.param:
        case "expired":
            return authority.server("127.0.0.1", ends_in=-dt.timedelta(hours=1))
        case "wrong host":
            return authority.server("login.invalid", "127.0.0.2")
        case _:
            return Authority(tmp_path).server("127.0.0.1")


WRONG: Final = ("expired", "wrong host", "unknown authority")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_server_that_can_be_verified_answers(
    subject: Subject, made: Made, serve: Serve, authority: Authority, host: str
) -> None:
    """By name and by address, over one connection."""
    server = serve(answering(response(200, BODY)), authority.server("localhost", "127.0.0.1"))
    transport = made(subject, _trusting(authority))
    answers = [transport.send(_post(server.url(host=host))).body for _ in range(2)]
    assert (answers, server.connections) == ([BODY] * 2, 1)


@pytest.mark.parametrize("bad", WRONG, indirect=True)
def test_a_server_that_cannot_be_verified_gets_nothing(
    subject: Subject, made: Made, serve: Serve, authority: Authority, bad: ssl.SSLContext
) -> None:
    """Not one byte of a request, and nobody tries without verification (row 206)."""
    server = serve(answering(response(200, BODY)), bad)
    error = _failure(made(subject, _trusting(authority)), _post(server.url()))
    assert error.kind == "tls"
    assert error.__cause__ is not None
    assert (server.received, server.bytes_received, server.connections) == ([], 0, 1)


@pytest.mark.parametrize("bad", WRONG, indirect=True)
def test_a_failed_handshake_sent_nothing(
    reader: Subject, made: Made, serve: Serve, authority: Authority, bad: ssl.SSLContext
) -> None:
    """Whoever watches the connection knows that."""
    server = serve(answering(response(200, BODY)), bad)
    error = _failure(made(reader, _trusting(authority)), _post(server.url()))
    assert (error.kind, error.sent) == ("tls", False)


def test_a_servers_own_authority_is_not_trusted_by_default(
    transport: Transport, serve: Serve, authority: Authority
) -> None:
    """Only the system's are."""
    server = serve(answering(response(200, BODY)), authority.server("127.0.0.1"))
    assert _failure(transport, _post(server.url())).kind == "tls"
    assert server.received == []


@pytest.mark.parametrize("bad", WRONG, indirect=True)
def test_verification_can_be_switched_off_and_is_warned_of(
    subject: Subject, made: Made, serve: Serve, bad: ssl.SSLContext
) -> None:
    """Only by whoever says so."""
    server = serve(answering(response(200, BODY)), bad)
    transport = made(subject, Wishes(verify=False))
    with pytest.warns(InsecureRequestWarning):
        assert transport.send(_post(server.url())).body == BODY


def test_tls_that_breaks_after_the_request_says_that_it_was_sent(
    subject: Subject, made: Made, serve: Serve, authority: Authority
) -> None:
    """A handshake that succeeded does not make the rest of a connection succeed."""

    def behave(line: Line) -> None:
        _ = line.request()
        _ = socket.socket.send(line.sock, b"HTTP/1.1 200 OK\r\n\r\n")  # beneath TLS
        line.hold()

    server = serve(behave, authority.server("127.0.0.1"))
    error = _failure(made(subject, _trusting(authority)), _post(server.url()))
    assert (error.kind, error.sent) == ("tls", True)


def _speaking_plainly(line: Line) -> None:
    _ = line.sock.recv(1)
    line.send(response(400))
    line.hold()


def test_a_server_without_tls_gets_no_request(transport: Transport, serve: Serve) -> None:
    """Its answer in the clear is none."""
    server = serve(_speaking_plainly)
    error = _failure(transport, _post(f"https://127.0.0.1:{server.port}/token"))
    assert error.kind == "tls"
    assert server.received == []


def test_a_handshake_ends_at_the_deadline(reading: Transport, serve: Serve) -> None:
    """A server that accepts and says nothing is not waited for."""
    server = serve(Line.hold)
    error = _failure(reading, _post(f"https://127.0.0.1:{server.port}/token", timeout=SHORT))
    assert (error.kind, error.sent) == ("deadline", False)


def _through(proxy: FaultServer, authority: Authority) -> Wishes:
    url = f"http://{USER}:{QUOTED}@127.0.0.1:{proxy.port}"
    return Wishes(verify=str(authority.file), proxies={"https": url})


def test_a_proxy_passes_on_what_it_cannot_read(
    subject: Subject, made: Made, serve: Serve, authority: Authority
) -> None:
    """It sees a host and its own credentials; the host sees the request and not those."""
    server = serve(answering(response(200, BODY)), authority.server("login.invalid"))
    proxy = serve(tunnelling(server.port, authorization=BASIC))
    transport = made(subject, _through(proxy, authority))
    assert transport.send(_post("https://login.invalid/token")).body == BODY
    (asked,), (received,) = proxy.received, server.received
    assert (asked.method, asked.target) == ("CONNECT", "login.invalid:443")
    assert asked.header("proxy-authorization") == BASIC
    assert asked.body == b""
    assert received.target == "/token"
    assert received.header("proxy-authorization") is None


def test_a_proxy_cannot_pass_itself_off_as_the_host(
    subject: Subject, made: Made, serve: Serve, authority: Authority
) -> None:
    """The certificate must name the host and not the proxy."""
    server = serve(answering(response(200, BODY)), authority.server("127.0.0.1"))
    proxy = serve(tunnelling(server.port))
    error = _failure(made(subject, _through(proxy, authority)), _post("https://login.invalid/t"))
    assert error.kind == "tls"
    assert server.received == []


REFUSALS: Final[dict[str, Behaviour]] = {
    "not authorised": tunnelling(0, authorization="Basic another"),
    "forbidden": closing(response(403, b"<html>")),
    "log in first": closing(response(511, b"<html>")),
    "no way there": closing(response(502, b"<html>")),
    "a redirect": closing(response(302, b"", ("Location", "http://127.0.0.1/"))),
}


@pytest.mark.parametrize("behaviour", REFUSALS.values(), ids=REFUSALS.keys())
def test_a_proxy_that_refuses_is_of_its_kind(
    subject: Subject, made: Made, serve: Serve, authority: Authority, behaviour: Behaviour
) -> None:
    """Nothing was sent, and the error does not tell the proxy's password (row 66)."""
    proxy = serve(behaviour)
    transport = made(subject, _through(proxy, authority))
    failure = _failure(transport, _post("https://login.invalid/token"))
    assert (failure.kind, failure.sent, len(proxy.received)) == ("proxy", False, 1)
    error: BaseException | None = failure
    while error is not None:
        assert CANARY not in f"{error!r} {error} {transport!r}"
        error = error.__cause__ or error.__context__


def test_a_proxy_that_is_not_there_is_of_its_kind(
    subject: Subject, made: Made, authority: Authority
) -> None:
    """It is not the host that refused."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(listener.getsockname()[1])
    wishes = Wishes(verify=str(authority.file), proxies={"https": f"http://127.0.0.1:{port}"})
    error = _failure(made(subject, wishes), _post("https://login.invalid/token"))
    assert (error.kind, error.sent) == ("proxy", False)


def test_a_proxy_that_says_nothing_is_not_waited_for(
    reader: Subject, made: Made, serve: Serve, authority: Authority
) -> None:
    """Its answer belongs to the exchange, so the deadline holds for it."""

    def behave(line: Line) -> None:
        _ = line.request()
        line.hold()

    transport = made(reader, _through(serve(behave), authority))
    error = _failure(transport, _post("https://login.invalid/token", timeout=SHORT))
    assert (error.kind, error.sent) == ("deadline", False)


def test_a_proxy_may_be_spoken_to_over_tls(
    reader: Subject, made: Made, serve: Serve, authority: Authority
) -> None:
    """It is verified as a host is."""
    proxy = serve(answering(response(200, BODY)), authority.server("127.0.0.1"))
    wishes = Wishes(verify=str(authority.file), proxies={"http": proxy.url("")})
    assert made(reader, wishes).send(_post("http://login.invalid/token")).body == BODY
    assert proxy.received[0].target == "http://login.invalid/token"


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_the_environment_names_a_proxy(
    subject: Subject, made: Made, serve: Serve, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Where the caller names none (row 209)."""
    proxy = serve(answering(response(200, BODY)))
    monkeypatch.setenv(name, proxy.url(""))
    transport = made(subject, Wishes(proxies=None))
    assert transport.send(_post("http://login.invalid/token")).body == BODY
    assert proxy.received[0].target == "http://login.invalid/token"


@pytest.mark.parametrize("proxies", [{}, None])
def test_the_environments_proxy_can_be_declined(
    subject: Subject,
    made: Made,
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
    proxies: dict[str, str | None] | None,
) -> None:
    """By the caller with an empty dictionary, and by `NO_PROXY` (row 209)."""
    proxy, server = serve(answering(response())), serve(answering(response(200, BODY)))
    monkeypatch.setenv("HTTP_PROXY", proxy.url(""))
    if proxies is None:
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert made(subject, Wishes(proxies=proxies)).send(_post(server.url())).body == BODY
    assert proxy.connections == 0
