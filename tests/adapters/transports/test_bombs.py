"""Bodies that would become far larger than they are: undone as far as the cap, and no further."""

from __future__ import annotations

import tracemalloc
import zlib
from collections.abc import Callable, Mapping
from typing import Final

import pytest
import requests

from sansio_auth.errors import TransportError
from sansio_auth.wire import HttpRequest
from sansio_auth_adapters.ports import Transport
from sansio_auth_adapters.testing.faultserver import FaultServer, answering, closing, response
from sansio_auth_adapters.transports.http_client import HttpClientTransport
from sansio_auth_adapters.transports.urllib3 import Urllib3Transport

_CAP: Final = 1 << 20
_MEGABYTE: Final = 1 << 20
_GZIP: Final = 16 + zlib.MAX_WBITS


def _packed(megabytes: int, bits: int) -> bytes:
    packer = zlib.compressobj(9, wbits=bits)
    pieces = [packer.compress(bytes(_MEGABYTE)) for _ in range(megabytes)]
    return b"".join([*pieces, packer.flush()])


def _coded(body: bytes, coding: str) -> bytes:
    return response(200, body, ("Content-Encoding", coding), ("Content-Type", "application/json"))


#: What is sent, each some hundred kilobytes at most, and what it would be: more than 100 megabytes.
_BOMBS: Final[Mapping[str, Callable[[], bytes]]] = {
    "gzip": lambda: _coded(_packed(160, _GZIP), "gzip"),
    "deflate": lambda: _coded(_packed(160, zlib.MAX_WBITS), "deflate"),
    "bare deflate": lambda: _coded(_packed(160, -zlib.MAX_WBITS), "deflate"),
    "a thousand members": lambda: _coded(_packed(1, _GZIP) * 1_000, "gzip"),
    "empty members before it": lambda: _coded(
        _packed(0, _GZIP) * 10_000 + _packed(160, _GZIP), "gzip"
    ),
}

_TRANSPORTS: Final[Mapping[str, Callable[[], Transport]]] = {
    "urllib3": lambda: Urllib3Transport(proxies={}),
    "requests": lambda: HttpClientTransport(requests.Session()),
}


def _send(transport: Transport, server: FaultServer) -> Exception | None:
    try:
        _ = transport.send(HttpRequest("POST", server.url(), form=(), timeout=60, max_bytes=_CAP))
    except TransportError as error:
        return error
    return None


def _measured(transport: Transport, server: FaultServer) -> tuple[Exception | None, int]:
    """Return what came of a request, and how many bytes it held at most."""
    tracemalloc.start()
    try:
        error = _send(transport, server)
        return error, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("which", _BOMBS)
@pytest.mark.parametrize("name", _TRANSPORTS)
def test_a_bomb_takes_the_cap_and_no_more(name: str, which: str) -> None:
    """Row 50: of 160 megabytes and more, the one that may be, and a constant."""
    bomb = _BOMBS[which]()
    assert len(bomb) < 2 * _MEGABYTE
    transport = _TRANSPORTS[name]()
    with FaultServer(answering(response(200, b"{}"))) as server:
        assert _send(transport, server) is None  # what the first request loads
    with FaultServer(answering(bomb)) as server:
        error, peak = _measured(transport, server)
    transport.close()
    assert isinstance(error, TransportError)
    assert error.code == "body_too_large"
    assert peak < 8 * _CAP


@pytest.mark.parametrize("name", _TRANSPORTS)
@pytest.mark.parametrize("length", [10 << 30, 10**30])
def test_ten_gigabytes_that_are_announced_are_not_waited_for(name: str, length: int) -> None:
    """Nor is room made for them: ten kilobytes come, and the server hangs up."""
    headers = f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nContent-Encoding: gzip\r\n\r\n"
    transport = _TRANSPORTS[name]()
    with FaultServer(closing(headers.encode() + _packed(10, _GZIP))) as server:
        error, peak = _measured(transport, server)
    transport.close()
    assert isinstance(error, TransportError)
    assert peak < 8 * _CAP
