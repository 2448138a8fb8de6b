"""Print what every value class of both packages is, made by `ours` or by `attrs`."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import attrs

_NAMES = ("Factory", "define", "evolve", "field", "frozen")


def _put_attrs_in_its_place() -> None:
    shim: Any = ModuleType("sansio_auth._value")
    for name in _NAMES:
        setattr(shim, name, getattr(attrs, name))
    sys.modules["sansio_auth._value"] = shim


def _modules() -> Iterator[ModuleType]:
    for name in ("sansio_auth", "sansio_auth_adapters"):
        package = importlib.import_module(name)
        yield package
        for found in pkgutil.walk_packages(package.__path__, f"{name}."):
            yield importlib.import_module(found.name)


def _init(cls: Any, made_by: str) -> Any:
    if made_by == "attrs":
        return cls.__init__
    return importlib.import_module("sansio_auth._value")._written(cls)


def _parameter(parameter: inspect.Parameter) -> tuple[object, ...]:
    default: Any = parameter.default
    what = type(default).__name__
    if default is parameter.empty:
        what = "none"
    elif default is attrs.NOTHING or type(default) is object:
        what = "made"
    return parameter.name, str(parameter.kind), what


def _told(cls: Any, made_by: str) -> str:
    """Return one line about a class."""
    fields = [
        (it.name, it.init, it.repr, it.eq, it.validator is None, it.converter is None)
        for it in attrs.fields(cls)
    ]
    parameters = inspect.signature(_init(cls, made_by)).parameters.values()
    own = [name for name in ("__repr__", "__eq__", "__setattr__") if name in vars(cls)]
    return repr((
        cls.__module__, cls.__qualname__, [_parameter(it) for it in parameters], fields,
        sorted(cls.__slots__), cls.__match_args__, cls.__hash__ is None, own,
    ))  # fmt: skip


def _main(made_by: str) -> None:
    if made_by == "attrs":
        _put_attrs_in_its_place()
    lines = {
        _told(cls, made_by)
        for module in _modules()
        for cls in vars(module).values()
        if isinstance(cls, type)
        and cls.__module__ == module.__name__
        and "__attrs_attrs__" in vars(cls)
        and not issubclass(cls, BaseException)  # attrs makes those, which it makes differently
    }
    print("\n".join(sorted(lines)))


_main(sys.argv[1])
