"""What the whole suite shares: no network but loopback, and fences that tests can stand behind."""

from __future__ import annotations

import ipaddress
import logging
import re
import socket
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.architecture.purity import NoIO, arm
from tests.secrecy import Watch


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse any connection that would leave this machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        host = address[0] if isinstance(address, tuple) else "127.0.0.1"
        if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
            message = f"a test tried to reach {host}"
            raise RuntimeError(message)
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(autouse=True)
def _secrecy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    """Fail a test during which a planted secret showed."""
    watch = Watch()
    watch.over(monkeypatch)
    root = logging.getLogger()
    level = root.level
    root.addHandler(watch)
    root.setLevel(logging.DEBUG)
    yield watch
    root.removeHandler(watch)
    root.setLevel(level)
    assert not watch.seen


@pytest.fixture
def no_io() -> NoIO:
    """Fail on any file, socket, process or environment event, and on any clock or randomness.

    Imports must be warm: the fixture is armed with `with no_io:` around the code in question.
    """
    return arm()


# --- which rows of the catalogue of faults were tried --------------------------------------------

_ROW = re.compile(r"\brow(\d+)\b")
_SAID = re.compile(r"\brows? (\d+(?:(?:, | and | to )\d+)*)")


def rows_of(item: pytest.Item) -> set[int]:
    """Return the rows that a test is about: by its id, or by what its docstring says."""
    found = {int(number) for number in _ROW.findall(item.name.replace("_", " "))}
    said = _SAID.search(getattr(getattr(item, "function", None), "__doc__", None) or "")
    if said is not None:
        for part in re.split(r", | and ", said[1]):
            first, _, last = part.partition(" to ")
            found.update(range(int(first), int(last or first) + 1))
    return found


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let every report carry its test's rows."""
    for item in items:
        if rows := rows_of(item):
            item.user_properties.append(("rows", ",".join(map(str, sorted(rows)))))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how many rows and cases of the catalogue passed."""
    told = [dict(it.user_properties).get("rows") for it in terminalreporter.stats.get("passed", [])]
    rows = {row for it in told if it for row in it.split(",")}
    if rows:
        cases = sum(bool(it) for it in told)
        terminalreporter.write_line(f"faults: {len(rows)} rows of the catalogue, {cases} cases")
    _write_matrix(terminalreporter)


def _write_matrix(terminalreporter: Any) -> None:
    """Say of every transport how many cases of its contract passed."""
    told = [
        dict(it.user_properties).get("transport") for it in terminalreporter.stats.get("passed", [])
    ]
    counts = Counter(it for it in told if it)
    columns = sorted({it.partition("|")[2] for it in counts})
    if not columns:
        return
    terminalreporter.write_line(f"{'transports':<18}" + "".join(f"{it:>10}" for it in columns))
    for name in dict.fromkeys(sorted(it.partition("|")[0] for it in counts)):
        row = "".join(f"{counts[f'{name}|{it}']:>10}" for it in columns)
        terminalreporter.write_line(f"{name:<18}{row}")
