"""One row of the catalogue of faults as a parameter: its number leads the test's id."""

from __future__ import annotations

import pytest
from _pytest.mark.structures import ParameterSet

__all__ = ["row"]


def row(number: int, what: str, *values: object, bug: str | None = None) -> ParameterSet:
    """Return the parameters of one case; `bug` says why the product does not fulfil it yet."""
    marks = () if bug is None else (pytest.mark.xfail(strict=True, reason=bug),)
    return pytest.param(*values, marks=marks, id=f"row{number}-{what}")
