"""A string that does not show itself.

Knows how to hold a secret and how to refuse every implicit way out: `repr`, `str`, formatting,
pickling and copying by value. It does not know what the secret is for, and it promises nothing
about process memory: a core dump shows it (see SECURITY.md).
"""

from __future__ import annotations

from hmac import compare_digest
from typing import Final, NoReturn, Self, final

__all__ = ["Confidential", "Secret"]

_MASK: Final = "Secret(***)"


class Confidential:
    """A frozen value that holds secrets: it refuses to be pickled, and a copy of it is itself."""

    __slots__ = ()

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        message = f"{type(self).__name__} holds secrets and cannot be pickled"
        raise TypeError(message)


@final
class Secret(Confidential):
    """A secret text; `reveal()` is the only way to read it."""

    __slots__ = ("__text",)

    def __init__(self, text: str) -> None:
        self.__text = text

    def reveal(self) -> str:
        """Return the secret text itself."""
        return self.__text

    def __repr__(self) -> str:
        return _MASK

    __str__ = __repr__

    def __format__(self, format_spec: str) -> str:
        return _MASK

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        # Half of a character can be in one: JSON has a way to write it.
        mine, theirs = (it.encode("utf-8", "surrogatepass") for it in (self.__text, other.reveal()))
        return compare_digest(mine, theirs)

    def __hash__(self) -> int:
        return hash((Secret, self.__text))

    def __reduce__(self) -> NoReturn:
        message = "a Secret cannot be pickled: read it again where it is needed"
        raise TypeError(message)
