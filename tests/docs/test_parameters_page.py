"""The page of parameters has a row for each, and names tests that are there."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from sansio_auth_adapters import ConfidentialClientApplication

_ROOT = Path(__file__).parents[2]
_PAGE = (_ROOT / "docs/reference/parameters.md").read_text(encoding="utf-8")


def _rows() -> list[list[str]]:
    table = _PAGE.split("## Keywords")[0]
    lines = [line for line in table.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def test_every_parameter_has_its_row_in_order() -> None:
    """And there is no row for what is none."""
    told = [name for row in _rows() for name in re.findall(r"`(\w+)`", row[0])]
    parameters = list(inspect.signature(ConfidentialClientApplication).parameters)
    assert told == parameters


def test_every_row_names_tests_that_are_there() -> None:
    """In files that exist."""
    for row in _rows():
        named = re.findall(r"`(tests/[\w/.]+)`", row[-1])
        assert named, row[0]
        for path in named:
            assert (_ROOT / path).is_file(), path
