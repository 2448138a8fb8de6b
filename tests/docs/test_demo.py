"""`make demo` does what it says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

_DEMO = Path(__file__).parents[2] / "examples" / "demo.py"


def _demo(*args: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "NO_PROXY": "*", "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        [sys.executable, *args], capture_output=True, text=True, check=False, env=environment,
        encoding="utf-8", timeout=60,
    )  # fmt: skip


def test_the_demo_ends_well_and_shows_no_secret() -> None:
    """Every step as it should be; no secret, token or assertion in what it prints."""
    ran = _demo(str(_DEMO))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "all as it should be" in ran.stdout
    assert "✘" not in ran.stdout
    assert "the-application's-secret" not in ran.stdout
    assert "eyJhbGci" not in ran.stdout  # where every JWT of the tenant begins


def test_the_demo_ends_with_one_where_a_step_is_not_as_it_should_be() -> None:
    """A tenant that refuses the first request turns its exit status."""
    program = (
        "import runpy, sansio_auth.testing as t\n"
        "from attrs import evolve\n"
        "from sansio_auth import HttpResponse\n"
        'down = (HttpResponse(400, body=b\'{"error":"invalid_request"}\'),)\n'
        "make = t.example_tenant\n"
        "t.example_tenant = lambda **k: evolve(make(**k), interruptions=down)\n"
        f"runpy.run_path({str(_DEMO)!r}, run_name='__main__')\n"
    )
    ran = _demo("-c", program)
    assert ran.returncode == 1
    assert "✘ the identity provider gave a token" in ran.stdout
