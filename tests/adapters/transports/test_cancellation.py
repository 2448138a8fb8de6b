"""A task that gives up in the middle of an exchange: nothing leaks, and the next one is served."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Awaitable, Callable
from typing import Final

import anyio
import pytest

from sansio_auth.wire import HttpRequest
from sansio_auth_adapters.ports import AsyncTransport
from sansio_auth_adapters.testing.faultserver import Line, response
from sansio_auth_adapters.testing.fixtures import Serve
from sansio_auth_adapters.transports.aiohttp import AiohttpTransport
from sansio_auth_adapters.transports.httpx import AsyncHttpxTransport
from sansio_auth_adapters.transports.threads import ThreadsTransport
from sansio_auth_adapters.transports.urllib3 import Urllib3Transport

Make = Callable[[], AsyncTransport]
CASES: Final[dict[str, tuple[str, Make]]] = {
    "httpx2-asyncio": ("asyncio", lambda: AsyncHttpxTransport(proxies={})),
    "httpx2-trio": ("trio", lambda: AsyncHttpxTransport(proxies={})),
    "aiohttp": ("asyncio", lambda: AiohttpTransport(proxies={})),
    "urllib3-asyncio": ("asyncio", lambda: ThreadsTransport(Urllib3Transport(proxies={}))),
    "urllib3-trio": ("trio", lambda: ThreadsTransport(Urllib3Transport(proxies={}))),
}


def _slow_at(places: list[str]) -> Callable[[Line], None]:
    def behave(line: Line) -> None:
        while line.request() is not None:
            place = places.pop(0) if places else ""
            if place == "headers":
                line.hold()
            elif place == "body":
                line.send(response(200, b"{", length=2))
                line.hold()
            line.send(response(200, b"{}"))

    return behave


@pytest.mark.parametrize("place", ["headers", "body"])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_cancelled_exchange_leaves_nothing_behind(
    serve: Serve, case: tuple[str, Make], place: str
) -> None:
    """While it waits for headers or for the body; whoever cancels goes on at once (row 188)."""
    loop, make = case
    server = serve(_slow_at(["", place]))
    request = HttpRequest("POST", server.url(), form=(("a", "b"),), timeout=2.0)

    async def run() -> None:
        transport = make()
        _ = await transport.send(request)  # loads what the first request loads
        with anyio.move_on_after(0.2) as scope:
            _ = await transport.send(request)
        assert scope.cancelled_caught
        assert (await transport.send(request)).body == b"{}"
        await transport.close()

    def inside() -> Awaitable[None]:
        return run()

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        anyio.run(inside, backend=loop)
        _ = gc.collect()
