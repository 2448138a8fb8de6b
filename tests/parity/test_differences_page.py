"""The reference page of the differences is what the suite's own list says."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from tests.parity.differences import DIFFERENCES

_ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    """Load the script that writes the page."""
    path = _ROOT / "scripts" / "intended_differences.py"
    spec = importlib.util.spec_from_file_location("intended_differences", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_has_a_row_for_each_difference(generator: ModuleType) -> None:
    """Every entry is told, once, and none breaks its table row."""
    rows = [line for line in generator.page().splitlines() if line.startswith("| `")]
    assert [row.split("`")[1] for row in rows] == [entry.id for entry in DIFFERENCES]
    bars = {row.count("|") for row in rows}
    assert len(bars) == 1
