"""A string that does not show itself.

Knows how to hold a secret and how to refuse every implicit way out: `repr`, `str`, formatting,
pickling and copying by value, and the variables of the functions that an error came through, which
error reporters send along. It does not know what the secret is for, and it promises nothing about
process memory: a core dump shows it (see SECURITY.md).
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import wraps
from hmac import compare_digest
from inspect import iscoroutinefunction
from typing import Final, NoReturn, ParamSpec, Self, TypeVar, cast, final, overload

__all__ = ["Confidential", "Secret", "conceal", "discreet"]

P = ParamSpec("P")
T = TypeVar("T")

_MASK: Final = "Secret(***)"
_OURS: Final = frozenset({"sansio_auth", "sansio_auth_adapters"})


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


def conceal(error: BaseException) -> None:
    """Empty the variables of the functions of ours that an error came through.

    That goes for what led to it, and for what is in a group, too. Functions that still run keep
    theirs, and so does other code.
    """
    ahead: list[BaseException | None] = [error]
    seen: set[int] = set()
    while ahead:
        one = ahead.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        ahead += [one.__cause__, one.__context__]
        if isinstance(one, BaseExceptionGroup):
            ahead += cast("tuple[BaseException, ...]", one.exceptions)
        at = one.__traceback__
        while at is not None:
            name = at.tb_frame.f_globals.get("__name__")
            if isinstance(name, str) and name.partition(".")[0] in _OURS:
                with suppress(RuntimeError):  # it still runs
                    at.tb_frame.clear()
            at = at.tb_next


@overload
def discreet(
    function: Callable[P, Coroutine[object, object, T]],
) -> Callable[P, Coroutine[object, object, T]]: ...
@overload
def discreet(function: Callable[P, T]) -> Callable[P, T]: ...
def discreet(function: Callable[P, object]) -> Callable[P, object]:
    """Return the function so that an error it raises leads to no variable of ours.

    A coroutine function raises when it is awaited, and stays one.
    """
    if iscoroutinefunction(function):

        @wraps(function)
        async def awaited(*args: P.args, **kwargs: P.kwargs) -> object:
            try:
                return await function(*args, **kwargs)
            except BaseException as error:
                del args, kwargs
                conceal(error)
                raise

        return awaited

    @wraps(function)
    def called(*args: P.args, **kwargs: P.kwargs) -> object:
        try:
            return function(*args, **kwargs)
        except BaseException as error:
            del args, kwargs
            conceal(error)
            raise

    return called
