"""A mapping of one entry, in a quarter of the room that a dictionary takes.

Most users have one refresh token, one id token and one account, and there are many users. Knows
nothing of what it holds.
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, KeysView, Mapping, ValuesView
from types import MappingProxyType
from typing import Any, Final, TypeVar, final

__all__ = ["EMPTY", "Single", "compact"]

K = TypeVar("K")
V = TypeVar("V")

#: One empty mapping for all who have nothing.
EMPTY: Final[Mapping[Any, Any]] = MappingProxyType({})


def compact(mapping: Mapping[K, V]) -> Mapping[K, V]:
    """Return an equal mapping in less room, where it has one entry or none."""
    if len(mapping) > 1:
        return mapping
    return next((Single(*entry) for entry in mapping.items()), EMPTY)


@final
class Single(Mapping[K, V]):
    """One key and its value, for good."""

    __slots__ = ("_key", "_value")

    def __init__(self, key: K, value: V) -> None:
        self._key = key
        self._value = value

    def __getitem__(self, key: K) -> V:
        if key == self._key:
            return self._value
        raise KeyError(key)

    def __iter__(self) -> Iterator[K]:
        return iter((self._key,))

    def __len__(self) -> int:
        return 1

    def __contains__(self, key: object) -> bool:
        return key == self._key

    # What `Mapping` makes of the above gives the same, at several times the price.

    def keys(self) -> KeysView[K]:
        """Return the key, as a dictionary would."""
        return {self._key: None}.keys()

    def values(self) -> ValuesView[V]:
        """Return the value, as a dictionary would."""
        return {None: self._value}.values()

    def items(self) -> ItemsView[K, V]:
        """Return the pair, as a dictionary would."""
        return {self._key: self._value}.items()
