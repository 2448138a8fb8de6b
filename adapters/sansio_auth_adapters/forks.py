"""What a forked child makes anew: locks whose holders do not exist there.

A fork copies every lock as it is, and only the thread that forked. A lock that another thread held
at that moment would stay taken for ever, so each object with a lock says how to renew it.
"""

from __future__ import annotations

import os
from typing import Final, Protocol
from weakref import WeakSet

__all__ = ["Renewed", "renew_in_children"]


class Renewed(Protocol):
    """Something with locks of its own."""

    def renew(self) -> None:
        """Be as nobody used it: in a forked child nobody does."""
        ...


_everything: Final[WeakSet[Renewed]] = WeakSet()


def renew_in_children(thing: Renewed) -> None:
    """Have a thing renewed in every process that is forked from this one."""
    _everything.add(thing)


def _after_fork() -> None:
    for thing in list(_everything):
        thing.renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
