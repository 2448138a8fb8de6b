"""What only the default transport promises: its arguments, the environment, its pools."""

from __future__ import annotations

import copy
import gc
import os
import pickle
import subprocess
import sys
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final

import pytest

from sansio_auth import __version__
from sansio_auth.errors import ConfigurationError, TransportError
from sansio_auth.wire import HttpRequest
from sansio_auth_adapters.testing.certificates import Authority
from sansio_auth_adapters.testing.faultserver import Line, answering, response
from sansio_auth_adapters.testing.fixtures import Serve
from sansio_auth_adapters.transports import with_options
from sansio_auth_adapters.transports._tls import shared_context, tls_context
from sansio_auth_adapters.transports.urllib3 import Urllib3Transport

BODY: Final = b'{"access_token":"t"}'
CANARY: Final = "canary-e2a4"
#: The number of a process that is not this one.
_CHILD: Final = os.getpid() + 1


def _post(url: str) -> HttpRequest:
    return HttpRequest("POST", url, form=(("a", "b"),), timeout=5)


def _failure(transport: Urllib3Transport, request: HttpRequest) -> TransportError:
    with pytest.raises(TransportError) as caught:
        _ = transport.send(request)
    return caught.value


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"verify": "/no/such/file.pem"}, "verify"),
        ({"verify": __file__}, "verify"),
        ({"verify": None}, "verify"),
        ({"verify": 1}, "verify"),
        ({"verify": b"/tmp"}, "verify"),
        ({"proxies": {"https": "socks5://proxy:1080"}}, "proxies"),
        ({"proxies": {"https": 8080}}, "proxies"),
        ({"timeout": 0}, "timeout"),
        ({"timeout": "5"}, "timeout"),
        ({"timeout": (1, 2, 3)}, "timeout"),
    ],
)
def test_what_can_never_work_is_refused_at_once(arguments: dict[str, Any], code: str) -> None:
    """At construction and not by the first request."""
    with pytest.raises(ConfigurationError) as caught:
        _ = Urllib3Transport(**arguments)
    assert caught.value.code == code


def test_a_path_to_verify_with_may_be_a_path(serve: Serve, authority: Authority) -> None:
    """As good as its text."""
    server = serve(answering(response(200, BODY)), authority.server("127.0.0.1"))
    transport = Urllib3Transport(verify=authority.file, proxies={})
    assert transport.send(_post(server.url())).body == BODY
    transport.close()


def test_a_folder_to_verify_with_replaces_the_systems_authorities(
    serve: Serve, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is not in it is not trusted."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    server = serve(answering(response()), authority.server("127.0.0.1"))
    assert _failure(Urllib3Transport(verify=str(tmp_path)), _post(server.url())).kind == "tls"
    assert server.received == []


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_the_environment_names_authorities(
    serve: Serve, authority: Authority, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The variables of requests and those of OpenSSL."""
    monkeypatch.setenv(name, str(authority.file))
    server = serve(answering(response(200, BODY)), authority.server("127.0.0.1"))
    transport = Urllib3Transport()
    assert transport.send(_post(server.url())).body == BODY
    transport.close()


def test_requests_variable_comes_first(
    serve: Serve, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As requests has it."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.file))
    monkeypatch.setenv("CURL_CA_BUNDLE", str(Authority(tmp_path).file))
    server = serve(answering(response(200, BODY)), authority.server("127.0.0.1"))
    transport = Urllib3Transport()
    assert transport.send(_post(server.url())).body == BODY
    transport.close()


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [("REQUESTS_CA_BUNDLE", "/no/such/file.pem", "tls"), ("HTTPS_PROXY", "socks5://p:1", "proxy")],
)
def test_an_environment_that_cannot_work_fails_the_request_for_good(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, kind: str
) -> None:
    """Nothing is sent, and trying again is pointless."""
    monkeypatch.setenv(name, value)
    error = _failure(Urllib3Transport(), _post("https://login.invalid/token"))
    assert (error.kind, error.sent, error.retryable) == (kind, False, False)
    assert error.__cause__ is not None


def test_transports_share_a_context_while_its_files_stay_as_they_are(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new file, another file and another process make another one."""
    bundle = tmp_path / "bundle.pem"
    _ = bundle.write_bytes(authority.file.read_bytes())
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    first = shared_context(verify=True)
    assert shared_context(verify=True) is first
    assert shared_context(verify=False) is not first
    with monkeypatch.context() as child:
        child.setattr(os, "getpid", _CHILD.__int__)
        assert shared_context(verify=True) is not first
    _ = bundle.write_bytes(authority.file.read_bytes() * 2)
    assert shared_context(verify=True) is not first
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.file))
    assert shared_context(verify=True) is not first


def test_without_tls_no_certificates_are_read(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The metadata service of a machine has none to verify."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/no/such/file.pem")
    server = serve(answering(response(200, BODY)))
    transport = Urllib3Transport()
    assert transport.send(_post(server.url())).body == BODY
    transport.close()


def test_a_context_is_kept_no_longer_than_it_is_used(authority: Authority) -> None:
    """Whoever verifies otherwise from time to time does not collect them."""
    path = str(authority.file)
    watched = weakref.ref(shared_context(path))
    _ = gc.collect()
    assert watched() is None


@pytest.mark.parametrize("installed", [True, False])
def test_certifi_stands_in_for_a_system_without_authorities(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, installed: bool
) -> None:
    """Where it is installed; otherwise nobody is trusted."""
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "nothing"))
    if not installed:
        monkeypatch.setitem(sys.modules, "certifi", None)
    trusted = tls_context(verify=True).cert_store_stats()["x509_ca"]
    assert (trusted > 0) is installed


def test_it_says_who_it_is(serve: Serve) -> None:
    """By the library's name and version, where the request says nothing else."""
    server = serve(answering(response()))
    transport = Urllib3Transport(proxies={})
    _ = transport.send(_post(server.url()))
    transport.close()
    assert server.received[0].header("user-agent") == f"sansio-auth/{__version__}"


def test_options_of_one_call_replace_only_themselves(serve: Serve, authority: Authority) -> None:
    """What is not named stays; the transport that was asked does not change."""
    server = serve(answering(response(200, BODY)), authority.server("127.0.0.1"))
    strict = Urllib3Transport(proxies={}, timeout=5)
    trusting = with_options(strict, {"verify": str(authority.file)})
    assert trusting.send(_post(server.url())).body == BODY
    assert _failure(strict, _post(server.url())).kind == "tls"
    strict.close()


def test_transports_of_one_call_share_their_connections(serve: Serve) -> None:
    """Only what differs is opened anew."""
    server = serve(answering(response(200, BODY)))
    transport = Urllib3Transport(proxies={})
    for seconds in (3, 4):
        _ = with_options(transport, {"timeout": seconds, "post": None}).send(_post(server.url()))
    assert transport.send(_post(server.url())).body == BODY
    assert server.connections == 1
    transport.close()


@pytest.mark.parametrize("name", ["certificate", "allow_redirects", "headers", "verifi"])
def test_an_option_that_is_unknown_is_refused(name: str) -> None:
    """By its name."""
    with pytest.raises(ConfigurationError, match=name) as caught:
        _ = with_options(Urllib3Transport(), {name: True})
    assert caught.value.code == "unknown_argument"


def test_a_child_process_opens_its_own_connections(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two processes on one socket would read each other's tokens (row 193)."""
    server = serve(answering(response(200, BODY)))
    transport = Urllib3Transport(proxies={})
    assert transport.send(_post(server.url())).body == BODY
    with monkeypatch.context() as child:
        child.setattr(os, "getpid", _CHILD.__int__)
        assert transport.send(_post(server.url())).body == BODY
        assert transport.send(_post(server.url())).body == BODY
        assert server.connections == 2
    assert transport.send(_post(server.url())).body == BODY
    assert server.connections == 2
    _close_both(transport)


def _close_both(transport: Urllib3Transport) -> None:
    """Close what belongs to this process and to the one that it was for a moment."""
    for pool in transport._pools.values():
        pool.close()
    transport.close()


def test_a_child_process_leaves_its_parents_connections_open(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Closing TLS in one process would end it for the other."""
    server = serve(answering(response(200, BODY)))
    transport = Urllib3Transport(proxies={})
    _ = transport.send(_post(server.url()))
    (pool,) = transport._pools.values()
    with monkeypatch.context() as child:
        child.setattr(os, "getpid", _CHILD.__int__)
        transport.close()
    kept = pool._get_conn()
    assert kept.is_connected
    assert pool.num_connections == 1
    kept.close()


def test_what_is_under_way_ends_though_the_transport_is_closed(serve: Serve) -> None:
    """Closing is for connections that nobody is using."""
    asked, closed = threading.Event(), threading.Event()

    def behave(line: Line) -> None:
        _ = line.request()
        asked.set()
        _ = closed.wait(5)
        line.send(response(200, BODY))

    server = serve(behave)
    transport = Urllib3Transport(proxies={})
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(transport.send, _post(server.url()))
        assert asked.wait(5)
        transport.close()
        closed.set()
        assert answer.result(5).body == BODY


def test_hosts_are_told_apart_by_all_that_names_them(serve: Serve) -> None:
    """Also where the URL has no path to end the name."""
    servers = [serve(answering(response(200, str(number).encode()))) for number in range(2)]
    transport = Urllib3Transport(proxies={})
    for number, server in enumerate(servers):
        for path in ("", "?", "/"):
            assert transport.send(_post(server.url(path))).body == str(number).encode()
            assert server.received[-1].target in {"/", "/?"}
    transport.close()


def test_connections_are_kept_to_a_bounded_number_of_hosts(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks many closes what was idle, and is served all the same."""
    monkeypatch.setattr("sansio_auth_adapters.transports.urllib3._HOSTS", 2)
    servers = [serve(answering(response(200, BODY))) for _ in range(3)]
    transport = Urllib3Transport(proxies={})
    for server in (*servers, servers[0]):
        assert transport.send(_post(server.url())).body == BODY
        assert len(transport._pools) <= 2
    assert [server.connections for server in servers] == [2, 1, 1]
    transport.close()


def test_a_request_goes_out_in_one_piece(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two would be two packets, and the second might wait for the first."""
    pieces: list[bytes] = []
    send = HTTPConnection.send

    def sent(connection: HTTPConnection, data: bytes) -> None:
        pieces.append(data)
        send(connection, data)

    monkeypatch.setattr(HTTPConnection, "send", sent)
    server = serve(answering(response(200, BODY)))
    transport = Urllib3Transport(proxies={})
    _ = transport.send(_post(server.url()))
    transport.close()
    (piece,) = pieces
    assert piece.startswith(b"POST /token HTTP/1.1\r\n")
    assert piece.endswith(b"\r\n\r\na=b")
    assert "a=b" not in repr(piece)


def test_it_can_be_neither_pickled_nor_copied() -> None:
    """It holds sockets."""
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            attempt(Urllib3Transport())


def test_its_repr_shows_no_password() -> None:
    """Proxies may have one."""
    transport = Urllib3Transport(proxies={"all": f"http://user:{CANARY}@proxy:1"})
    assert CANARY not in repr(transport)


def test_a_request_of_this_thread_is_over_when_it_failed(serve: Serve) -> None:
    """The next one has its own seconds and its own `sent`."""

    def behave(line: Line) -> None:
        _ = line.request()
        line.reset()

    broken, server = serve(behave), serve(answering(response(200, BODY)))
    transport = Urllib3Transport(proxies={})
    assert _failure(transport, _post(broken.url())).sent
    assert not _failure(transport, HttpRequest("GET", server.url(), timeout=0)).sent
    assert transport.send(_post(server.url())).body == BODY
    transport.close()


def test_making_one_loads_neither_urllib3_nor_ssl() -> None:
    """An application that finds its tokens in a cache never pays for them."""
    program = (
        "import sys\n"
        "from sansio_auth_adapters.transports.urllib3 import Urllib3Transport\n"
        "Urllib3Transport(proxies={'all': 'http://proxy:1'}, timeout=3)\n"
        "print(sorted({'urllib3', 'ssl', 'requests'} & set(sys.modules)))\n"
    )
    path = os.pathsep.join(entry for entry in sys.path if entry)
    ran = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.strip() == "[]"
