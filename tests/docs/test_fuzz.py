"""`make fuzz` runs, is bounded, and can find something."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]


def _fuzz(*arguments: str, python: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *python, str(_ROOT / "fuzz" / "run.py"), "--seed", "11", *arguments],
        capture_output=True, text=True, check=False, timeout=110,
    )  # fmt: skip


@pytest.mark.parametrize("python", [(), ("-O",), ("-OO",)])
def test_a_few_seconds_of_broken_input_find_nothing(python: tuple[str, ...]) -> None:
    """In any parser (row 223, and I-6), with or without asserts; `make fuzz` goes on for longer."""
    ran = _fuzz("--seconds", "4", python=python)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "nothing found" in ran.stdout


def test_a_shallow_stack_is_deep_enough() -> None:
    """Row 223: nothing that comes from outside uses up a stack of 150 calls."""
    ran = _fuzz("--seconds", "4", "--recursion", "150")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "nothing found" in ran.stdout


_PLANTS = {
    "lets something through": ("lambda data: {}[data]", "KeyError"),
    "gives what must not be": (
        "lambda data: run.TARGETS['region'].parse(b'x') or data.undefined", "AttributeError",
    ),
    "shows a secret": (
        "lambda data: (_ for _ in ()).throw(SansioAuthError('canary' + str(data)))", "secret",
    ),
    "shows a page": (
        "lambda data: (_ for _ in ()).throw(SansioAuthError('x' * 5000))", "5000|characters",
    ),
    "takes too long": ("lambda data: __import__('time').sleep(9)", "still running"),
    "takes too much": ("lambda data: len([bytearray(1 << 26) for _ in data])", "MiB"),
    "panics": ("lambda data: (_ for _ in ()).throw(BaseException('panic'))", "BaseException"),
}  # fmt: skip


@pytest.mark.parametrize("plant", _PLANTS)
def test_a_parser_that_does_wrong_is_found(plant: str, tmp_path: Path) -> None:
    """A planted one, in a process of its own; the input is kept, made smaller."""
    parse, told = _PLANTS[plant]
    program = (
        f"import sys; sys.path.insert(0, {str(_ROOT / 'fuzz')!r}); import run\n"
        "from sansio_auth.errors import SansioAuthError\n"
        f"run.ALL = {{'planted': run.Target({parse}, (b'xx',))}}\n"
        f"run.HERE = run.Path({str(tmp_path)!r})\n"
        "run._MEASURED = 1\n"
        "sys.argv[1:] = ['--seconds', '2', '--limit', '1']\n"
        "sys.exit(run.main())\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=100
    )
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert any(word in ran.stdout for word in told.split("|")), ran.stdout
    (kept,) = (tmp_path / "findings").iterdir()
    assert len(kept.read_bytes()) <= 2
