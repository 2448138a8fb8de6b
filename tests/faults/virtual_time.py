"""An event loop whose clock jumps from timer to timer: nobody waits, and nothing varies."""

from __future__ import annotations

import asyncio
import math
import selectors
from collections.abc import Coroutine
from typing import Any

__all__ = ["in_virtual_time"]


class _Selector(selectors.SelectSelector):
    """Waits for nothing: time is moved to where it would have waited until."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:
            message = "everybody waits, and nobody is to wake anyone"
            raise RuntimeError(message)
        if timeout > 0:  # and a little more, or a timer of then is none of now
            self.now = math.nextafter(self.now + timeout, math.inf)
        return super().select(0)


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._virtual = _Selector()
        super().__init__(self._virtual)

    def time(self) -> float:
        return self._virtual.now


def in_virtual_time(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run it to its end; its loop's `time()` begins at 0."""
    with asyncio.Runner(loop_factory=_Loop) as runner:
        runner.run(coroutine)
