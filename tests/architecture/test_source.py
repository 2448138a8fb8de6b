"""What the source must look like: scripts driven, modules small, exports true, nothing private."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_PACKAGES = ("sansio_auth", "adapters/sansio_auth_adapters")
_FILES = sorted(file for package in _PACKAGES for file in (_ROOT / package).rglob("*.py"))
_CORE = [file for file in _FILES if _ROOT / "sansio_auth" in file.parents]

#: The architecture says "about 350" and "50"; beyond these a module or function is split.
_MODULE_LINES = 430
_FUNCTION_LINES = 60


def _name(file: Path) -> str:
    return str(file.relative_to(_ROOT))


# --- scripts ---------------------------------------------------------------------------------


def _scripts(trees: list[ast.Module]) -> set[str]:
    """The names of all functions that return a script or ask an effect."""
    return {
        node.name
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        and node.returns is not None
        and ast.unparse(node.returns).startswith(("Script[", "Generator[AnyEffect"))
    }


def _undriven(tree: ast.Module, scripts: set[str]) -> Iterator[str]:
    """Calls of scripts that do not stand directly under `yield from`, or go on to a flow.

    A function that is no generator itself may also return a script, to whoever called it.
    """
    driven = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.YieldFrom)} | {
        id(argument)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Flow"
        for argument in node.args
    }
    driven |= {
        id(node.value)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        and function.returns is not None
        and ast.unparse(function.returns).startswith("Script[")
        and not any(isinstance(node, ast.Yield | ast.YieldFrom) for node in ast.walk(function))
        for node in ast.walk(function)
        if isinstance(node, ast.Return) and node.value is not None
    }
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and id(node) not in driven
            and isinstance(node.func, ast.Name)
            and node.func.id in scripts
        ):
            yield f"line {node.lineno}: {node.func.id}"


def test_every_script_is_driven_by_yield_from() -> None:
    """A script that is called and not driven does nothing, and no type checker says so."""
    trees = {file: ast.parse(file.read_text(encoding="utf-8")) for file in _CORE}
    scripts = _scripts(list(trees.values()))
    assert {"ask", "exchange", "discover", "load", "client_credentials"} <= scripts
    found = {_name(file): list(_undriven(tree, scripts)) for file, tree in trees.items()}
    assert {name: lines for name, lines in found.items() if lines} == {}


def test_a_script_that_is_not_driven_is_found() -> None:
    """The fence fires at a planted omission."""
    tree = ast.parse(
        "def step(talk) -> Script[None]:\n    yield from ask(x)\n"
        "def grant(talk) -> Script[None]:\n    step(talk)\n    yield from step(talk)\n"
        "def begun(talk) -> Script[None]:\n    step(talk)\n    return step(talk)\n"
        "def lost(talk) -> Script[None]:\n    yield from ask(x)\n    return step(talk)\n"
    )
    undriven = ["line 4: step", "line 7: step", "line 11: step"]
    assert list(_undriven(tree, _scripts([tree]))) == undriven


def test_the_only_bare_yield_is_in_ask() -> None:
    """One place hands an effect to the world; other generators of the core yield no effects."""
    bare = [
        f"{_name(file)}:{function.name}"
        for file in _CORE
        for function in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(function, ast.FunctionDef)
        and function.returns is not None
        and "AnyEffect" in ast.unparse(function.returns)
        for node in ast.walk(function)
        if isinstance(node, ast.Yield)
    ]
    assert bare == ["sansio_auth/flow.py:ask"]


# --- size ------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", _FILES, ids=_name)
def test_a_module_stays_small_enough_to_read(file: Path) -> None:
    """Modules and functions have a ceiling."""
    source = file.read_text(encoding="utf-8")
    assert source.count("\n") <= _MODULE_LINES
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name != "__init__":
            assert node.end_lineno is not None
            assert node.end_lineno - node.lineno < _FUNCTION_LINES, node.name


@pytest.mark.parametrize("file", _FILES, ids=_name)
def test_a_module_opens_with_what_it_is_about(file: Path) -> None:
    """Every module has a docstring of at least a sentence."""
    assert ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))


@pytest.mark.parametrize("file", _CORE, ids=_name)
def test_nothing_is_validated_by_assert(file: Path) -> None:
    """`python -O` behaves the same."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    assert not [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Assert)]


# --- exports ---------------------------------------------------------------------------------


@pytest.mark.parametrize("package", ["sansio_auth", "sansio_auth_adapters"])
def test_what_a_package_exports_can_be_had(package: str) -> None:
    """`__all__`, the lazy table and `dir()` agree, and every name is there."""
    module = importlib.import_module(package)
    exported = list(module.__all__)
    assert sorted(exported) == exported
    assert set(exported) == set(module._HOME)
    assert set(exported) <= set(dir(module))
    for name in exported:
        assert getattr(module, name) is not None
    with pytest.raises(AttributeError, match="no_such_name"):
        getattr(module, "no_such_name")  # noqa: B009 - the attribute is the point


# --- privacy ---------------------------------------------------------------------------------

#: Paths of somebody's machine, and hosts of package registries.
_PRIVATE = re.compile(
    r"/(?:work|home|root|Users|farm)/|/tmp/v/|\bfile:///|pypi\.org/simple|registry\.\w+\.\w+"
)


def test_no_file_names_a_machine_or_a_registry() -> None:
    """What is committed holds no private path."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=_ROOT, capture_output=True, text=True, check=True
    ).stdout
    offenders = []
    for name in filter(None, listed.split("\0")):
        file = _ROOT / name
        if file == Path(__file__) or not file.exists():
            continue
        offenders += [
            name for _ in _PRIVATE.findall(file.read_text(encoding="utf-8", errors="replace"))
        ]
    assert offenders == []


@pytest.mark.parametrize("file", _FILES, ids=_name)
def test_no_pattern_repeats_a_group_possessively(file: Path) -> None:
    """Python 3.11.2, which is still installed in many places, gets those wrong."""
    assert not re.search(r"\)(?:[*+?]|\{\d+,\d*\})\+", file.read_text(encoding="utf-8"))
