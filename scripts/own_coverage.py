"""Run every module of the core under its own tests alone, and tell which do not cover it whole.

Lines and branches. A module that only other modules' tests reach is not tested: its rules are
then written down nowhere. Names of modules as arguments restrict it to these.
"""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from scripts.own_tests import ROOT, modules, own_tests, within_root


def _gap(module: Path, scratch: Path) -> str | None:
    """What a module's own tests leave out, as text; None where that is nothing."""
    tests = own_tests(module)
    if not tests:
        return f"{within_root(module)} has no tests of its own"
    data = scratch / within_root(module).replace("/", ".")
    coverage = [sys.executable, "-Im", "coverage"]
    only = [f"--data-file={data}", f"--include={within_root(module)}"]
    files = [within_root(path) for path in tests]
    pytest = ["-m", "pytest", "-q", "-x", "-p", "no:xdist", "-p", "no:cacheprovider", *files]
    for command in (
        [*coverage, "run", "--branch", *only, *pytest],
        [*coverage, "report", "--fail-under=100", *only],
    ):
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if ran.returncode != 0:
            return f"{within_root(module)} by {', '.join(files)}:\n{ran.stdout}{ran.stderr}"
    return None


def main() -> int:
    """Try the modules, several at a time; the exit code says whether all were covered."""
    given = [ROOT / name for name in sys.argv[1:]] or modules()
    with TemporaryDirectory() as scratch, ThreadPoolExecutor(os.cpu_count()) as pool:
        gaps = list(pool.map(lambda module: _gap(module, Path(scratch)), given))
    for gap in filter(None, gaps):
        print(gap)
    whole = gaps.count(None)
    print(f"{whole} of {len(given)} modules of the core are covered whole by their own tests")
    return int(whole != len(given))


if __name__ == "__main__":
    sys.exit(main())
