"""Fresh interpreters, for what a process can do only once or must not do beside something else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

__all__ = ["ROOT", "output_of"]

ROOT: Final = Path(__file__).parents[1]


def _environment() -> dict[str, str]:
    """Return the environment, in which bytecode may be written: an installed package has it."""
    return {name: it for name, it in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def output_of(*arguments: str) -> str:
    """Return what an interpreter with these arguments prints; its errors pass through."""
    ran = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=_environment(),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return ran.stdout
