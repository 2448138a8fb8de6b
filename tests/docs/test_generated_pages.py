"""Every page that is generated says what it would say if it were generated now."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

_ROOT: Final = Path(__file__).parents[2]
_RECIPE: Final = re.search(
    r"^docs:.*\n((?:\t.*\n)+)", (_ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE
)
_SCRIPTS: Final = re.findall(r"scripts/\w+\.py", _RECIPE[1] if _RECIPE else "")


def test_make_docs_runs_scripts() -> None:
    """Otherwise the tests below would be none."""
    assert len(_SCRIPTS) >= 5


@pytest.mark.parametrize("script", _SCRIPTS)
def test_a_generated_page_is_current(script: str) -> None:
    """The page of faults is made from what pytest collects, so its script collects once more."""
    ran = subprocess.run(
        [sys.executable, script, "--check"], cwd=_ROOT, capture_output=True, text=True, check=False
    )
    told = f"{ran.stdout}{ran.stderr}"
    assert ran.returncode == 0, f"the page of {script} is out of date: run `make docs`\n{told}"
