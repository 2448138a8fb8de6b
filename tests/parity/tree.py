"""What an observation is made of: JSON values, and where in them two observations part.

Knows nothing of tokens. Comparison is strict about types: `1` is not `1.0`, not `True`, not
`"1"`, because callers of either library can tell them apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeAlias

from attrs import frozen

__all__ = ["ABSENT", "Finding", "Path", "Tree", "at", "differences_between", "show_path"]

Tree: TypeAlias = bool | int | float | str | list["Tree"] | dict[str, "Tree"] | None
Path: TypeAlias = tuple[str | int, ...]

#: Stands where one side has nothing at all; no observation contains this text.
ABSENT: Final = "(absent)"


@frozen
class Finding:
    """One place where the observation of msal and that of sansio-auth differ."""

    path: Path
    msal: Tree
    ours: Tree

    def under(self, *names: str) -> bool:
        """Whether the path without its list positions has these names in this order."""
        words = iter(part for part in self.path if isinstance(part, str))
        return all(name in words for name in names)

    def __str__(self) -> str:
        return f"{show_path(self.path)}\n    msal: {self.msal!r}\n    ours: {self.ours!r}"


def show_path(path: Path) -> str:
    """Return a path as one would write it in Python."""
    shown = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return shown.removeprefix(".")


def at(tree: Tree, path: Path) -> Tree:
    """Return what stands at a path, or `ABSENT`."""
    for part in path:
        if isinstance(tree, dict):
            tree = tree.get(str(part), ABSENT)
        elif isinstance(tree, list) and isinstance(part, int) and part < len(tree):
            tree = tree[part]
        else:
            return ABSENT
    return tree


def differences_between(msal: Tree, ours: Tree, path: Path = ()) -> Iterator[Finding]:
    """Yield every place where two trees differ, as deep as they have the same shape.

    Lists of different length differ as a whole, so that a missing request is one finding.
    """
    if isinstance(msal, dict) and isinstance(ours, dict):
        for name in dict.fromkeys((*msal, *ours)):
            below = (*path, name)
            if name in msal and name in ours:
                yield from differences_between(msal[name], ours[name], below)
            else:
                yield Finding(below, msal.get(name, ABSENT), ours.get(name, ABSENT))
    elif isinstance(msal, list) and isinstance(ours, list) and len(msal) == len(ours):
        for index, (one, other) in enumerate(zip(msal, ours, strict=True)):
            yield from differences_between(one, other, (*path, index))
    elif type(msal) is not type(ours) or msal != ours:
        yield Finding(path, msal, ours)
