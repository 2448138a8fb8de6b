"""Import contracts and banned names hold, and each fires at a planted violation."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_BIN = Path(sys.executable).parent

_PLANTS = {
    "a lower layer that imports a higher one": (
        "sansio_auth/wire.py",
        "from sansio_auth import client",
        "the core's layers",
    ),
    "two modules of one layer": (
        "sansio_auth/wire.py",
        "from sansio_auth import policy",
        "the core's layers",
    ),
    "the core that imports the shell": (
        "sansio_auth/client.py",
        "import sansio_auth_adapters.drive",
        "the core knows neither",
    ),
    "the core that imports a socket": (
        "sansio_auth/flow.py",
        "import socket",
        "the core knows neither",
    ),
    "a second door to cryptography": (
        "sansio_auth/_token.py",
        "import jwt",
        "one door",
    ),
    "a module without a layer": (
        "sansio_auth/stray.py",
        "X = 1",
        "the core's layers",
    ),
    "a transport that imports the application": (
        "adapters/sansio_auth_adapters/transports/urllib3.py",
        "import sansio_auth_adapters.application.sync",
        "the shell's layers",
    ),
}


def _copy(target: Path) -> Path:
    """Copy what the contracts are about."""
    for name in ("sansio_auth", "adapters", "pyproject.toml"):
        source = _ROOT / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target / name)
    return target


def _lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(_BIN / "lint-imports"), "--no-cache"],
        cwd=root,
        env={"PYTHONPATH": f"{root}:{root / 'adapters'}", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_import_contracts_are_kept() -> None:
    """Imports go one way (row 222)."""
    ran = _lint_imports(_ROOT)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("plant", sorted(_PLANTS))
def test_an_import_contract_fires_at(plant: str, tmp_path: Path) -> None:
    """A planted import breaks the contract that is meant to stop it (row 222)."""
    path, line, contract = _PLANTS[plant]
    file = _copy(tmp_path) / path
    before = file.read_text(encoding="utf-8") if file.exists() else ""
    file.write_text(f"{before}\n{line}\n", encoding="utf-8")
    ran = _lint_imports(tmp_path)
    told = ran.stdout + ran.stderr
    assert ran.returncode != 0
    assert contract in told or "stray" in told


def _ruff(code: str, path: str) -> str:
    ran = subprocess.run(
        [str(_BIN / "ruff"), "check", "--select", "TID251", "--output-format", "concise",
         "--stdin-filename", path, "-"],
        cwd=_ROOT, input=code, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return ran.stdout


@pytest.mark.parametrize(
    "line",
    [
        "import urllib.request",
        "import datetime\ndatetime.datetime.now()",
        "from uuid import uuid4",
        "import time",
        "import random",
        "import secrets",
        "import os",
        "import socket",
        "import logging",
        "import threading",
        "import asyncio",
    ],
)
def test_a_banned_name_is_refused_in_the_core_and_allowed_in_the_shell(line: str) -> None:
    """What the import contracts cannot see, the linter does (row 222)."""
    assert "TID251" in _ruff(f"{line}\n", "sansio_auth/planted.py")
    assert "TID251" not in _ruff(f"{line}\n", "adapters/sansio_auth_adapters/planted.py")
