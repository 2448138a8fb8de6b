"""What a row yields as JSON and back, from the process that measured it to the one that tells."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from attrs import asdict

from bench.lines import Goal, Line, Parts, Series, Told

__all__ = ["dumped", "read"]

_KINDS: Final[dict[str, type[Told]]] = {kind.__name__: kind for kind in (Line, Series, Parts)}


def dumped(lines: Iterable[Told]) -> list[dict[str, object]]:
    """Return what JSON can hold of them."""
    return [{"kind": type(it).__name__, **asdict(it)} for it in lines]


def _revived(kind: str, **members: Any) -> Told:
    if (goal := members.get("goal")) is not None:
        members["goal"] = Goal(**goal)
    if kind == Series.__name__:
        members["sizes"] = tuple(members["sizes"])
        members["figures"] = {name: tuple(it) for name, it in members["figures"].items()}
    return _KINDS[kind](**members)


def read(text: str) -> list[Told]:
    """Return what was dumped as JSON."""
    return [_revived(**members) for members in json.loads(text)]
