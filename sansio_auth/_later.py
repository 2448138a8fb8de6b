"""Modules that are loaded when something of them is first used.

A module that most processes never need is imported by the one function that needs it or, where
several do, only `if TYPE_CHECKING`, for type checkers and the import contracts, and named with
`later` otherwise. Knows nothing of what it loads.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

__all__ = ["later"]


class later:  # noqa: N801 - it reads as what it does: `_region = later("sansio_auth._region")`
    """A module by its name, with all that is in it."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._module: ModuleType | None = None

    def __getattr__(self, attribute: str) -> object:
        module = self._module
        if module is None:
            module = self._module = import_module(self._name)
        value: object = getattr(module, attribute)
        return value
