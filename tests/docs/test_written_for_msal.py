"""A program written for msal runs unchanged but for its import line."""

from __future__ import annotations

import subprocess
import sys
import types
from pathlib import Path

import pytest

_EXAMPLE = Path(__file__).parents[2] / "examples" / "written_for_msal.py"
_OURS = "from sansio_auth_adapters import ConfidentialClientApplication, SerializableTokenCache"
_THEIRS = "from msal import ConfidentialClientApplication, SerializableTokenCache"


def _program(line: str) -> types.ModuleType:
    source = _EXAMPLE.read_text(encoding="utf-8")
    assert source.count(_OURS) == 1
    module = types.ModuleType("written_for_msal")
    exec(compile(source.replace(_OURS, line), str(_EXAMPLE), "exec"), vars(module))
    return module


@pytest.mark.parametrize("line", [_OURS, _THEIRS], ids=["ours", "msal"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_the_same_program_tells_the_same_story(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With either library in the one line."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):  # requests prefers them to `verify`
        monkeypatch.delenv(name, raising=False)
    program = _program(line)
    story, _, _ = program.on_loopback()
    assert story == program.EXPECTED


def test_it_runs_as_a_program() -> None:
    """And ends with 0."""
    ran = subprocess.run(
        [sys.executable, str(_EXAMPLE)], capture_output=True, text=True, check=False, timeout=60
    )
    assert ran.returncode == 0, ran.stderr
    assert "alice@contoso.com" in ran.stdout
