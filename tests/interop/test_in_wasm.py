"""The core where Python is WebAssembly: no threads, no sockets, no TLS."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

import attr
import pytest

from tests.faults.plays import PLAYS
from tests.interop.node import node_command

pytestmark = pytest.mark.interop

_ROOT: Final = Path(__file__).parents[2]
_PROGRAM: Final = Path(__file__).with_name("pyodide") / "run.mjs"
_THERE: Final = """
import sys, threading
assert sys.platform == "emscripten"
try:
    threading.Thread(target=print).start()
except RuntimeError:
    print("played without threads")
"""


def test_the_core_plays_its_grants_in_wasm() -> None:
    """Three of them, in CPython as Pyodide compiles it (row 200)."""
    packages = Path(attr.__file__).parents[1]
    ran = subprocess.run(
        [*node_command(_PROGRAM), str(_ROOT), str(packages)],
        input=PLAYS + _THERE, capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip
    assert (ran.stdout.strip(), ran.returncode) == ("played without threads", 0), ran.stderr
