"""Every invariant is held by a property that Hypothesis plays, and can be found by its id."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest

_SCRIPT: Final = Path(__file__).parents[2] / "scripts" / "invariant_table.py"
_IDS: Final = [f"I-{number}" for number in range(1, 13)]


@pytest.fixture(scope="module")
def table() -> ModuleType:
    """The script that writes the page."""
    spec = importlib.util.spec_from_file_location("invariant_table", _SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def holders(table: Any) -> dict[str, list[Any]]:
    """The tests about each invariant, for which every test is read."""
    found: dict[str, list[Any]] = table.holders()
    return found


def test_the_architecture_names_all_of_them(table: Any) -> None:
    """And no others."""
    assert list(table.statements()) == _IDS


@pytest.mark.parametrize("name", _IDS)
def test_each_is_held_by_a_property_over_arbitrary_worlds(
    name: str, holders: dict[str, list[Any]]
) -> None:
    """Its docstring begins with the id; examples beside it are welcome and not enough."""
    held = holders[name]
    assert any(it.is_property and it.where.startswith("tests/properties") for it in held)


def test_no_test_names_an_invariant_that_there_is_none_of(holders: dict[str, list[Any]]) -> None:
    """A slip in an id would hide a test from whoever looks for it."""
    assert set(holders) <= set(_IDS)
