"""What the whole suite shares: no network but loopback, and fences that tests can stand behind."""

from __future__ import annotations

import ipaddress
import logging
import socket
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
