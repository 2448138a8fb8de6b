"""A guard that notices when code that should be pure touches the world.

Two nets: an audit hook for what the interpreter reports (files, sockets, processes, the
environment), and replaced functions for what it does not report (clocks and randomness). The hook
is installed once and sleeps unless a guard is armed in this thread.
"""

from __future__ import annotations

import os
import random
import secrets
import sys
import threading
import time
import uuid
from contextlib import ExitStack
from types import TracebackType
from typing import Final, NoReturn, Self
from unittest import mock

__all__ = ["Impure", "NoIO", "arm"]

_EVENTS: Final = (
    "open", "socket.", "subprocess.", "os.", "shutil.", "tempfile.", "urllib.", "http.", "ctypes.",
    "webbrowser.", "glob.",
)  # fmt: skip
_POISONED: Final = (
    (time, "time"),
    (time, "monotonic"),
    (time, "perf_counter"),
    (time, "sleep"),
    (random, "random"),
    (random.Random, "random"),
    (os, "urandom"),
    (os, "getenv"),
    (secrets, "token_bytes"),
    (uuid, "uuid4"),
    (uuid, "uuid1"),
)
_state = threading.local()


class Impure(AssertionError):  # noqa: N818 - what the code under test is
    """Code that should be pure touched the world."""


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    guard: NoIO | None = getattr(_state, "guard", None)
    if guard is not None and event.startswith(_EVENTS):
        guard.events.append(event)
        raise Impure(event)


sys.addaudithook(_hook)


class NoIO:
    """A guard, armed inside `with`; `events` are what it noticed."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self._patches = ExitStack()

    def __enter__(self) -> Self:
        for owner, name in _POISONED:
            self._patches.enter_context(mock.patch.object(owner, name, self._poison(name)))
        _state.guard = self
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _state.guard = None
        self._patches.close()

    def _poison(self, name: str) -> object:
        def refuse(*_: object, **__: object) -> NoReturn:
            self.events.append(name)
            raise Impure(name)

        return refuse


def arm() -> NoIO:
    """Return a guard that is armed inside `with`."""
    return NoIO()
