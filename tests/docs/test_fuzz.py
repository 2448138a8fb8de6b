"""`make fuzz` runs, is bounded, and can find something."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).parents[2]


def test_a_second_of_broken_input_finds_nothing() -> None:
    """In any parser (row 223, and I-6); `make fuzz` goes on for longer."""
    ran = subprocess.run(
        [sys.executable, str(_ROOT / "fuzz" / "run.py"), "--seconds", "1", "--seed", "11"],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout
    assert "nothing found" in ran.stdout


def test_a_parser_that_lets_something_through_is_found() -> None:
    """A planted one, in a process of its own."""
    program = (
        f"import sys; sys.path.insert(0, {str(_ROOT / 'fuzz')!r}); import run\n"
        "run.TARGETS = {'planted': run.Target(lambda data: {}[data], (b'x',))}\n"
        "sys.argv[1:] = ['--seconds', '1']\n"
        "sys.exit(run.main())\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
    assert ran.returncode == 1
    assert "planted, input 1" in ran.stdout
    assert "KeyError" in ran.stdout
