"""Frozen values as attrs makes them, of which a class is finished when the first value is made.

attrs takes 25 ms to load and 0.4 ms to write the methods of one class, for all of them and at
once: together that is more than everything else a process does before its first token. Here a
class gets its slots when it is defined and its `__init__` when it is first called; comparison,
hash and repr look at the fields. attrs is not loaded, and remains the specification: type
checkers are shown its own names, its `evolve`, `fields` and `asdict` take these values for its
own, and a test makes every class of the library both ways and compares them. What the library
does not use is not here.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from operator import attrgetter
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final, NoReturn, cast

if TYPE_CHECKING:
    from attrs import Factory, define, evolve, field, frozen

__all__ = ["Factory", "define", "evolve", "field", "frozen"]

#: Stands for a default that there is none of, or that is still to be made.
_NOTHING: Final = object()


class _Factory:
    """A default that is made anew for every value, from the value itself where `takes_self`."""

    __slots__ = ("factory", "takes_self")

    def __init__(self, factory: Callable[..., object], *, takes_self: bool = False) -> None:
        self.factory = factory
        self.takes_self = takes_self


class _Field:
    """How a field is set and what it takes part in; `attrs.field` tells what each option means."""

    __slots__ = ("converter", "default", "eq", "init", "kw_only", "name", "repr", "validator")

    def __init__(  # noqa: PLR0913 - attrs' options
        self,
        *,
        default: object = _NOTHING,
        factory: Callable[[], object] | None = None,
        init: bool = True,
        repr: bool = True,  # noqa: A002 - attrs' option
        eq: bool = True,
        validator: Callable[[Any, Any, Any], object] | None = None,
        converter: Callable[[Any], object] | None = None,
    ) -> None:
        self.name = ""
        self.kw_only = False
        self.default = default if factory is None else _Factory(factory)
        self.init = init
        self.repr = repr
        self.eq = eq
        self.validator = validator
        self.converter = converter

    @property
    def alias(self) -> str:
        """The name of the parameter."""
        return self.name.lstrip("_")

    # --- its part of `__init__`, in which `_set_x`, `_default_x` and so on are its own ----------

    def parameter(self) -> str:
        """Return the source of the parameter."""
        if self.default is _NOTHING:
            return self.alias
        made = isinstance(self.default, _Factory)
        return f"{self.alias}={'_NOTHING' if made else f'_default_{self.name}'}"

    def assignment(self) -> str:
        """Return the source of the statement that sets the field; none where nothing sets it."""
        value = self.alias if self.init else f"_default_{self.name}"
        if isinstance(self.default, _Factory):
            value = f"_default_{self.name}({'self' * self.default.takes_self})"
            if self.init:
                value = f"{value} if {self.alias} is _NOTHING else {self.alias}"
        elif not self.init and self.default is _NOTHING:
            return ""
        if self.converter is not None:
            value = f"_convert_{self.name}({value})"
        return f"_set_{self.name}(self, {value})"

    def check(self) -> str:
        """Return the source of the statement that checks the field."""
        if self.validator is None:
            return ""
        return f"_check_{self.name}(self, _field_{self.name}, self.{self.name})"

    def scope(self, cls: type) -> dict[str, object]:
        """Return what these statements refer to."""
        default = self.default
        return {
            f"_set_{self.name}": getattr(cls, self.name).__set__,
            f"_default_{self.name}": default.factory if isinstance(default, _Factory) else default,
            f"_convert_{self.name}": self.converter,
            f"_check_{self.name}": self.validator,
            f"_field_{self.name}": self,
        }


def _fields_of(cls: type) -> tuple[_Field, ...]:
    return cast("tuple[_Field, ...]", getattr(cls, "__fields__", ()))


def _collect(cls: type, *, kw_only: bool) -> tuple[_Field, ...]:
    """Return the fields of the bases, then those that the body of the class annotates."""
    found = {it.name: it for base in reversed(cls.__mro__[1:]) for it in _fields_of(base)}
    for name, annotation in vars(cls).get("__annotations__", {}).items():
        if annotation.startswith("ClassVar"):
            continue
        given = vars(cls).get(name, _NOTHING)
        mine = given if isinstance(given, _Field) else _Field(default=given)
        mine.name, mine.kw_only = name, kw_only
        _ = found.pop(name, None)  # one that is declared again is among the last
        found[name] = mine
    return tuple(found.values())


def _make(  # noqa: PLR0913 - attrs' options
    cls: type | None = None,
    *,
    frozen: bool,
    kw_only: bool = False,
    eq: bool = True,
    repr: bool = True,  # noqa: A002 - attrs' option
    cache_hash: bool = False,
    weakref_slot: bool = True,
) -> object:
    """Return the class made again, with slots and the methods of a value."""
    if cls is None:
        return partial(
            _make, frozen=frozen, kw_only=kw_only, eq=eq, repr=repr, cache_hash=cache_hash,
            weakref_slot=weakref_slot,
        )  # fmt: skip
    fields = _collect(cls, kw_only=kw_only)
    names = [it.name for it in fields]
    has = {slot for base in cls.__mro__[1:] for slot in vars(base).get("__slots__", ())}
    slots = (*names, *("__weakref__",) * weakref_slot, *("_attrs_cached_hash",) * cache_hash)
    gone = {*names, "__dict__", "__weakref__"}
    body: dict[str, object] = {
        **{name: it for name, it in vars(cls).items() if name not in gone},
        "__qualname__": cls.__qualname__,
        "__slots__": tuple(slot for slot in slots if slot not in has),
        "__match_args__": tuple(it.name for it in fields if it.init and not it.kw_only),
        "__fields__": fields,
        "__attrs_attrs__": _ForAttrs(),
        "__getstate__": _state,
        "__setstate__": _restore,
    }
    if frozen:
        body |= {"__setattr__": _refuse, "__delattr__": _refuse}
    if eq and "__eq__" not in body:
        body |= _comparison(cls, fields, frozen=frozen, cache_hash=cache_hash)
    if repr and "__repr__" not in body:
        body["__repr__"] = _shown
    made = type(cls)(cls.__name__, cls.__bases__, body)

    def finish(self: object, *arguments: object, **named: object) -> None:
        """Write the `__init__` that the class has from now on, and call it."""
        init = _written(made)
        made.__init__ = init  # type: ignore[misc] # the class is ours; two threads write the same
        init(self, *arguments, **named)

    made.__init__ = finish  # type: ignore[misc] # the same
    _repoint_super(body, made)
    return made


def _repoint_super(body: dict[str, object], made: type) -> None:
    """Have `super()` without arguments find the class that was made again."""
    for it in body.values():
        if isinstance(it, FunctionType) and "__class__" in it.__code__.co_freevars:
            cells = dict(zip(it.__code__.co_freevars, it.__closure__ or (), strict=True))
            cells["__class__"].cell_contents = made


def _written(cls: type) -> Callable[..., None]:
    """Return an `__init__` that sets all fields, checks them, and does what the class adds."""
    fields = _fields_of(cls)
    scope: dict[str, Any] = {"_NOTHING": _NOTHING}
    for it in fields:
        scope |= it.scope(cls)
    parameters = ["self", *(it.parameter() for it in fields if it.init and not it.kw_only)]
    if any(it.init and it.kw_only for it in fields):
        parameters += ["*", *(it.parameter() for it in fields if it.init and it.kw_only)]
    steps = [*(it.assignment() for it in fields), *(it.check() for it in fields)]
    if hasattr(cls, "__attrs_post_init__"):
        steps.append("self.__attrs_post_init__()")
    body = "; ".join(filter(None, steps)) or "pass"
    exec(f"def __init__({', '.join(parameters)}): {body}", scope)  # noqa: S102 - of our own names
    init: Callable[..., None] = scope["__init__"]
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    return init


def _comparison(
    cls: type, fields: tuple[_Field, ...], *, frozen: bool, cache_hash: bool
) -> dict[str, object]:
    """Return `__eq__` and `__hash__`: of one class, and of equal fields."""
    names = [it.name for it in fields if it.eq]
    content = attrgetter(*(names or ["__class__"]))
    kind = cls.__qualname__

    def __eq__(self: object, other: object) -> bool:  # noqa: N807 - it becomes one
        if other.__class__ is not self.__class__:
            return NotImplemented
        return bool(content(self) == content(other))

    def hashed(self: object) -> int:
        return hash((kind, content(self)))

    def hashed_once(self: Any) -> int:  # noqa: ANN401 - it has a slot for this
        try:
            return cast("int", self._attrs_cached_hash)
        except AttributeError:
            object.__setattr__(self, "_attrs_cached_hash", hashed(self))
            return hashed(self)

    if not frozen:
        return {"__eq__": __eq__, "__hash__": None}
    return {"__eq__": __eq__, "__hash__": hashed_once if cache_hash else hashed}


def _shown(self: object) -> str:
    cls = type(self)
    shown = (f"{it.name}={getattr(self, it.name)!r}" for it in _fields_of(cls) if it.repr)
    return f"{cls.__qualname__.rpartition('>.')[2]}({', '.join(shown)})"


def _refuse(*_: object) -> NoReturn:
    from attrs.exceptions import FrozenInstanceError

    raise FrozenInstanceError


def _state(self: object) -> dict[str, object]:
    return {it.name: getattr(self, it.name) for it in _fields_of(type(self))}


def _restore(self: object, state: dict[str, object]) -> None:
    for name, value in state.items():
        object.__setattr__(self, name, value)


class _ForAttrs:
    """What attrs looks for in a class, made when it does."""

    def __get__(self, _: object, cls: type) -> object:
        import attrs

        made: dict[str, Any] = {}
        for it in _fields_of(cls):
            default: Any = attrs.NOTHING if it.default is _NOTHING else it.default
            if isinstance(it.default, _Factory):
                make: Any = attrs.Factory
                default = make(it.default.factory, takes_self=it.default.takes_self)
            made[it.name] = attrs.field(
                default=default, init=it.init, repr=it.repr, eq=it.eq, validator=it.validator,
                converter=it.converter, kw_only=it.kw_only,
            )  # fmt: skip
        return attrs.fields(attrs.make_class(cls.__name__, made))


def _evolve(value: object, **changes: object) -> object:
    """Return a value like this one but for the changes; everything is checked again."""
    for it in _fields_of(type(value)):
        if it.init and it.alias not in changes:
            changes[it.alias] = getattr(value, it.name)
    return type(value)(**changes)


if not TYPE_CHECKING:
    Factory, field, evolve = _Factory, _Field, _evolve
    frozen, define = partial(_make, frozen=True), partial(_make, frozen=False)
