"""Run every module of the core under its own tests alone, and tell which do not cover it whole.

Lines and branches. A module that only other modules' tests reach is not tested: its rules are
then written down nowhere. Names of modules as arguments restrict it to these.

Modules that share their tests share a process, which is forked where that can be done, so that
pytest is loaded once; the core is not loaded before its lines are counted. Large inputs, which are
there for the time they take, are left out.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Final

import coverage
import pytest

from scripts.own_tests import ROOT, modules, own_tests, within_root

_WHOLE: Final = 100.0
#: Hypothesis has the same examples every time: what covers a branch by luck would cover it today.
_ARGUMENTS: Final = (
    "-q", "-x", "-p", "no:xdist", "-p", "no:cacheprovider", "--hypothesis-profile=ci",
    "-m", "not bulk",
)  # fmt: skip


def _groups(paths: Sequence[Path]) -> list[tuple[str, ...]]:
    """Return the modules' names by the tests that they share."""
    together: dict[tuple[Path, ...], list[str]] = {}
    for path in paths:
        together.setdefault(own_tests(path), []).append(within_root(path))
    return [tuple(names) for names in together.values()]


def _gaps(names: tuple[str, ...]) -> list[str]:
    """What the tests of a group leave out of each of its modules, as texts."""
    tests = [within_root(path) for path in own_tests(ROOT / names[0])]
    if not tests:
        return [f"{name} has no tests of its own" for name in names]
    counted = coverage.Coverage(data_file=None, branch=True, source=["sansio_auth"])
    with redirect_stdout(StringIO()) as told, counted.collect():
        failed = pytest.main([*_ARGUMENTS, *tests]) != 0
    if failed:
        return [f"{', '.join(names)} by {', '.join(tests)}:\n{told.getvalue()}"]
    return [
        f"{name} by {', '.join(tests)}:\n{gap}" for name in names if (gap := _gap(counted, name))
    ]


def _gap(counted: coverage.Coverage, name: str) -> str:
    """What is left out of one module; nothing where it is covered whole."""
    table = StringIO()
    percent = counted.report(include=[name], file=table, show_missing=True)
    return "" if percent == _WHOLE else table.getvalue()


def main() -> int:
    """Try the modules, several at a time; the exit code says whether all were covered."""
    os.chdir(ROOT)
    given = [ROOT / name for name in sys.argv[1:]] or modules()
    forks = "fork" in multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("fork" if forks else "spawn")
    with context.Pool(maxtasksperchild=1) as pool:
        gaps = [gap for gaps in pool.map(_gaps, _groups(given), chunksize=1) for gap in gaps]
    print(*gaps, sep="\n", end="\n" * bool(gaps))
    print(
        f"{len(given)} modules of the core under their own tests: {len(gaps)} are not covered whole"
    )
    return int(bool(gaps))


if __name__ == "__main__":
    sys.exit(main())
