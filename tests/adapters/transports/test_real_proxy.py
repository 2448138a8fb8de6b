"""Every transport through a proxy that others wrote: tinyproxy, which asks who we are.

It is taken from the machine, or from Debian's packages where the suite may install them; without
it these tests are skipped, and say so.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sansio_auth.errors import TransportError
from sansio_auth.wire import HttpRequest
from sansio_auth_adapters.ports import Transport
from sansio_auth_adapters.testing.certificates import Authority
from sansio_auth_adapters.testing.faultserver import answering, response
from sansio_auth_adapters.testing.fixtures import Serve
from sansio_auth_adapters.testing.subject import Subject, Wishes
from tests.adapters.transports.registry import SUBJECTS

__all__ = ["SUBJECTS"]

Made = Callable[[Subject, Wishes], Transport]


def _installed() -> str | None:
    if (found := shutil.which("tinyproxy")) is not None:
        return found
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return None
    command = ["apt-get", "install", "--yes", "--no-install-recommends", "tinyproxy"]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        subprocess.run(command, env=environment, check=True, capture_output=True, timeout=60)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        return None
    return shutil.which("tinyproxy")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture(scope="session")
def tinyproxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a running proxy for the user `me` with the password `pass`."""
    program = _installed()
    if program is None:
        pytest.skip("tinyproxy is not installed and cannot be: apt-get install tinyproxy")
    folder: Path = tmp_path_factory.mktemp("tinyproxy")
    port = _free_port()
    settings = f"Port {port}\nListen 127.0.0.1\nTimeout 10\nMaxClients 50\nBasicAuth me pass\n"
    (folder / "conf").write_text(f'{settings}LogFile "{folder}/log"\n')
    with subprocess.Popen(
        [program, "-d", "-c", str(folder / "conf")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        for _ in range(100):
            with socket.socket() as attempt:
                if attempt.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield port
        process.terminate()


def _wishes(port: int, user: str, authority: Authority) -> Wishes:
    proxies = {"https": f"http://{user}@127.0.0.1:{port}"}
    return Wishes(verify=str(authority.file), proxies=proxies)


def _post(url: str) -> HttpRequest:
    return HttpRequest("POST", url, form=(("a", "b"),), timeout=10.0)


def test_a_request_goes_through_the_tunnel(
    subject: Subject, made: Made, serve: Serve, authority: Authority, tinyproxy: int
) -> None:
    """TLS is spoken to the host, not to the proxy; the connection is used again (row 66)."""
    server = serve(answering(*[response(200, b"{}")] * 2), authority.server("127.0.0.1"))
    transport = made(subject, _wishes(tinyproxy, "me:pass", authority))
    for _ in range(2):
        assert transport.send(_post(server.url())).body == b"{}"
    assert server.connections == 1
    assert all(it.header("proxy-authorization") is None for it in server.received)


def test_a_user_whom_the_proxy_does_not_know_sends_nothing(
    subject: Subject, made: Made, serve: Serve, authority: Authority, tinyproxy: int
) -> None:
    """407 is the proxy's failure (row 66)."""
    server = serve(answering(response(200, b"{}")), authority.server("127.0.0.1"))
    transport = made(subject, _wishes(tinyproxy, "me:wrong", authority))
    with pytest.raises(TransportError) as caught:
        _ = transport.send(_post(server.url()))
    assert (caught.value.kind, caught.value.sent) == ("proxy", False)
    assert server.connections == 0
