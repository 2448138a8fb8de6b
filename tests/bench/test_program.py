"""`python -m bench`: what it accepts, and that it stays on this machine."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.__main__ import main

_ROOT = Path(__file__).parents[2]


def _ran(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=_ROOT, capture_output=True, text=True, check=False,
        timeout=60,
    )  # fmt: skip


def test_a_row_is_measured_in_a_process_of_its_own_and_told_as_json() -> None:
    """For a program; everything else goes to stderr."""
    ran = _ran("-m", "bench", "--once", "--json", "users")
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert told["versions"]["msal"]
    requests = {it["title"]: it["figures"] for it in told["rows"]}
    title = "on behalf of the same assertion again: requests per call"
    assert requests[title]["ours"] == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["no-such-row"], "no-such-row"), (["--write", "hits"], "--write"), (["--for-ever"], "ever")],
)
def test_what_makes_no_sense_is_refused_before_anything_is_measured(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A page of some rows would lose the others."""
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert said in capsys.readouterr().err


def test_a_row_that_fails_is_named_and_the_page_is_left_as_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The others are told all the same."""

    def fails(*_: str) -> str:
        raise subprocess.CalledProcessError(1, "bench")

    monkeypatch.setattr("bench.__main__.output_of", fails)
    monkeypatch.setattr("bench.__main__.PAGE", _ROOT / "no" / "such" / "page.md")
    assert main(["--once", "--write"]) == 1
    assert "failed: hits" in capsys.readouterr().err


@pytest.mark.parametrize(
    "attempt",
    [
        "socket.create_connection(('192.0.2.1', 443), 1)",
        "socket.getaddrinfo('login.example', 443)",
        "socket.socket().connect_ex(('192.0.2.1', 443))",
    ],
)
def test_a_benchmark_cannot_reach_another_machine(attempt: str) -> None:
    """Neither by address nor by name."""
    program = f"import socket; from bench.guard import stay_on_loopback as s; s(); {attempt}"
    ran = _ran("-c", program)
    assert ran.returncode == 1
    assert "OffLimitsError" in ran.stderr
