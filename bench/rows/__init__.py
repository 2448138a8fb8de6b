"""The rows: each module yields the lines of one subject, and runs in a process of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Final, TypeAlias, cast

from bench.effort import Effort
from bench.lines import Told

__all__ = ["NAMES", "Subject", "subject"]

Subject: TypeAlias = Callable[[Effort], Iterator[Told]]

#: In the order of the table.
NAMES: Final = (
    "hits", "users", "misses", "certificates", "sockets", "herds", "throughput", "neighbours",
    "imports", "accounts", "memory", "formats", "saving", "tenants", "parts", "instructions",
)  # fmt: skip


def subject(name: str) -> Subject:
    """Return what yields the lines of a subject."""
    return cast("Subject", import_module(f"bench.rows.{name}").rows)
