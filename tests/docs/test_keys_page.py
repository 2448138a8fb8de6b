"""The reference page of keys says what the vectors say."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from tests.vectors.reading import GROUPS, vectors

_ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    """Load the script that writes the page."""
    spec = importlib.util.spec_from_file_location("key_table", _ROOT / "scripts" / "key_table.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_has_a_row_for_each_vector(generator: ModuleType) -> None:
    """In their order, and none breaks its table row."""
    rows = [line for line in generator.page().splitlines() if line.startswith("| ")]
    rows = [row for row in rows if row[2].isdigit()]
    assert [int(row.split("|")[1]) for row in rows] == [
        vector.id for file in GROUPS for vector in vectors(file)
    ]
    assert {row.replace("\\|", "").count("|") for row in rows} == {4}
