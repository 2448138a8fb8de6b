"""Our async application as one more library under comparison, on asyncio and on trio.

Each of its methods is awaited in an event loop of its own, so one application serves as many loops
as the scenario has steps.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import anyio
import anyio.lowlevel
from attrs import evolve, frozen

from sansio_auth_adapters import AsyncConfidentialClientApplication
from tests.parity.libraries import OURS, Library

__all__ = ["AWAITED"]


@frozen
class _Blocking:
    """An async application whose coroutine functions return when they are done."""

    _app: AsyncConfidentialClientApplication
    _loop: str

    def __getattr__(self, name: str) -> object:
        value = getattr(self._app, name)
        if not inspect.iscoroutinefunction(value):
            return value

        def call(*arguments: object, **keywords: object) -> object:
            return anyio.run(partial(value, *arguments, **keywords), backend=self._loop)

        return call


@frozen
class _AwaitedClient:
    """A scripted client whose methods have to be awaited."""

    _client: Any

    async def post(self, url: str, **keywords: object) -> object:
        return await self._answered(self._client.post, url, keywords)

    async def get(self, url: str, **keywords: object) -> object:
        return await self._answered(self._client.get, url, keywords)

    async def _answered(
        self, method: Callable[..., object], url: str, keywords: dict[str, object]
    ) -> object:
        await anyio.lowlevel.checkpoint()
        return method(url, **keywords)


def _application(loop: str, colour: Callable[[object], object]) -> Callable[..., object]:
    def construct(*arguments: Any, http_client: object, **keywords: Any) -> object:
        keywords["http_client"] = colour(http_client)
        return _Blocking(AsyncConfidentialClientApplication(*arguments, **keywords), loop)

    return construct


def _as_it_is(client: object) -> object:
    return client


#: The client blocks and runs in threads of asyncio; or it is awaited, by trio.
AWAITED: Final[tuple[Library, ...]] = (
    evolve(OURS, name="asyncio", application=_application("asyncio", _as_it_is)),
    evolve(OURS, name="trio", application=_application("trio", _AwaitedClient)),
)
