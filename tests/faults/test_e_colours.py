"""Section E: a credential's callback of the other colour."""

from __future__ import annotations

import asyncio
import functools
import gc
from collections.abc import Awaitable, Callable, Generator
from typing import Any

import pytest

from sansio_auth import AssertionFailed, ConfigurationError
from sansio_auth_adapters import AsyncConfidentialClientApplication
from tests.faults.aids import GRAPH, TENANT, WEB_API, Answer, Line, app_of
from tests.faults.rows import row

_TOKEN = '{"access_token":"AT","token_type":"Bearer","expires_in":3600}'


async def _awaited() -> str:
    await asyncio.sleep(0)
    return "a.b.c"


async def _with_context(context: dict[str, str]) -> bytes:
    assert context["client_id"] == WEB_API
    return b"a.b.c"


class _Awaited:
    async def __call__(self) -> str:
        return "a.b.c"

    async def method(self, context: dict[str, str]) -> str:
        return (await _with_context(context)).decode()

    @staticmethod
    async def static() -> str:
        return "a.b.c"


class _Ready:
    """Something to be awaited that is no coroutine."""

    def __await__(self) -> Generator[None, None, str]:
        yield
        return "a.b.c"


def _wrapped(function: Callable[[], Awaitable[str]]) -> Callable[[], Awaitable[str]]:
    """Decorate as one does who thinks of ordinary functions only."""

    @functools.wraps(function)
    def wrapper() -> Awaitable[str]:
        return function()

    return wrapper


#: What can be told to be a coroutine function without calling it.
_TOLD: list[Any] = [
    row(151, "function", _awaited),
    row(151, "with-context", _with_context),
    row(151, "object", _Awaited()),
    row(151, "partial", functools.partial(_awaited)),
    row(151, "method", _Awaited().method),
    row(151, "method-of-an-object-that-is-called", _Awaited().__call__),
    row(151, "static-method", _Awaited.static),
]
#: What turns out to be one when it is called.
_HIDDEN: list[Any] = [
    row(151, "lambda", lambda: _with_context({"client_id": WEB_API})),
    row(151, "decorated", _wrapped(_awaited)),
    row(151, "partial-of-an-object", functools.partial(_Awaited())),
    row(151, "awaitable", _Ready),
]


@pytest.mark.parametrize("callback", _TOLD)
def test_a_coroutine_function_is_for_another_application(callback: Any) -> None:
    """The constructor names the one that was made and the one that awaits; nothing is sent."""
    line = Line()
    with pytest.raises(ConfigurationError) as caught:
        app_of(line, {"client_assertion": callback})
    assert caught.value.code == "async_callback"
    assert " ConfidentialClientApplication cannot await" in str(caught.value)
    assert "use AsyncConfidentialClientApplication" in str(caught.value)
    assert line.asked == []


@pytest.mark.parametrize("callback", _HIDDEN)
def test_what_gives_a_coroutine_is_told_when_it_does(callback: Any) -> None:
    """With the same names; nothing is sent, and no coroutine is left to complain."""
    line = Line(Answer(200, _TOKEN))
    with pytest.raises(AssertionFailed) as caught:
        app_of(line, {"client_assertion": callback}).acquire_token_for_client([GRAPH])
    assert " ConfidentialClientApplication cannot" in str(caught.value.__cause__)
    assert "use AsyncConfidentialClientApplication" in str(caught.value.__cause__)
    assert line.asked == []
    _ = gc.collect()  # a coroutine that nobody awaited would warn, and a warning is an error here


@pytest.mark.parametrize(
    "callback",
    [
        *_TOLD,
        *_HIDDEN,
        row(151, "ordinary", lambda: "a.b.c"),
        row(151, "ordinary-with-context", lambda context: "a.b.c" * (context["client_id"] != "")),
    ],
)
def test_the_async_application_takes_either_colour(callback: Any) -> None:
    """And awaits what has to be awaited."""
    line = Line(Answer(200, _TOKEN))

    async def asked() -> Any:
        async with AsyncConfidentialClientApplication(
            WEB_API, {"client_assertion": callback}, TENANT, http_client=line
        ) as app:
            return await app.acquire_token_for_client([GRAPH])

    assert asyncio.run(asked())["access_token"] == "AT"
    assert [form["client_assertion"] for form in line.forms] == ["a.b.c"]
