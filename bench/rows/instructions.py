"""Instructions for a token from memory and for a token request, which no neighbour can disturb.

Cachegrind counts whole processes. Two runs that differ by a known number of calls give the cost of
one: start-up, imports and warm-up cancel out. Hashing and signing are not counted, because Valgrind
hides the processor's instructions for them.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from bench.effort import Effort
from bench.libraries import present, shaped_like_msal
from bench.lines import Line
from bench.processes import ROOT
from bench.tenant import SHORT_LIFE, Tenant

__all__ = ["rows"]

_WARM_UP = 40
#: Calls in the longer run, beyond those of the shorter one.
_CALLS = 400


def _calls(name: str, hits: int, misses: int) -> None:
    """Make that many calls; what is made ready for them is the same whatever their number."""
    [library] = present(name).values()
    hit = library.app_token(Tenant())
    miss = library.request(Tenant(life=SHORT_LIFE))
    for _ in range(_WARM_UP + hits):
        hit()
    for _ in range(_WARM_UP + misses):
        miss()


def _counted(name: str, hits: int, misses: int) -> int:
    """Return the instructions of a process that makes that many calls."""
    ran = subprocess.run(
        [
            "valgrind", "--tool=cachegrind", "--cache-sim=no",
            "--cachegrind-out-file=/dev/null", sys.executable, "-m", "bench.rows.instructions",
            name, str(hits), str(misses),
        ],
        cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": "0"}, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    found = re.search(r"I\s+refs:\s+([\d,]+)", ran.stderr)
    if found is None:
        raise RuntimeError("valgrind told no count of instructions")
    return int(found[1].replace(",", ""))


def rows(effort: Effort) -> Iterator[Line]:
    """Yield the counts, where Valgrind is installed; no library's is a goal."""
    names = list(present() if effort.counted == "all" else shaped_like_msal())
    if effort.counted == "none":
        for name in names:
            _calls(name, 1, 1)
        return
    if shutil.which("valgrind") is None:
        return
    runs = [(name, *calls) for name in names for calls in ((0, 0), (_CALLS, 0), (0, _CALLS))]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        counts = dict(zip(runs, pool.map(lambda run: _counted(*run), runs), strict=True))
    for title, calls in (
        ("instructions: token from memory", (_CALLS, 0)),
        ("instructions: token request with a secret, without transport", (0, _CALLS)),
    ):
        figures = {name: (counts[name, *calls] - counts[name, 0, 0]) / _CALLS for name in names}
        yield Line(title, "instructions", figures)


if __name__ == "__main__":
    _calls(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
