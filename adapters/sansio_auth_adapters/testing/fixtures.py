"""What the contract needs of pytest: servers that stop, transports that are closed, no proxies.

A conftest takes all of it with `from sansio_auth_adapters.testing.fixtures import *`, and a test
module names its `SUBJECTS` and takes the tests of a `contract_*` module in the same way.
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Callable, Iterator
from typing import Protocol

import pytest

from sansio_auth_adapters.ports import Transport
from sansio_auth_adapters.testing.certificates import Authority
from sansio_auth_adapters.testing.faultserver import Behaviour, FaultServer
from sansio_auth_adapters.testing.subject import Subject, Wishes

__all__ = [
    "Serve",
    "authority",
    "leaving",
    "made",
    "plain_environment",
    "pytest_collection_modifyitems",
    "pytest_generate_tests",
    "reading",
    "serve",
    "transport",
]


class Serve(Protocol):
    """Starts a server that runs until the test is over."""

    def __call__(self, behaviour: Behaviour, tls: ssl.SSLContext | None = None) -> FaultServer:
        """Return a server that listens."""
        ...


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what the machine says about proxies, certificates and netrc."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", "NETRC"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def leaving() -> Iterator[contextlib.ExitStack]:
    """What is to be closed after the test; transports before the servers they speak to."""
    with contextlib.ExitStack() as stack:
        yield stack


@pytest.fixture
def serve(leaving: contextlib.ExitStack) -> Serve:
    """A function that starts servers."""

    def start(behaviour: Behaviour, tls: ssl.SSLContext | None = None) -> FaultServer:
        return leaving.enter_context(FaultServer(behaviour, tls))

    return start


@pytest.fixture
def made(leaving: contextlib.ExitStack) -> Callable[[Subject, Wishes], Transport]:
    """A function that makes transports and has them closed."""

    def make(subject: Subject, wishes: Wishes) -> Transport:
        transport = subject.make(wishes)
        _ = leaving.callback(transport.close)
        return transport

    return make


@pytest.fixture
def transport(subject: Subject, made: Callable[[Subject, Wishes], Transport]) -> Transport:
    """Every transport in turn, with no wishes."""
    return made(subject, Wishes())


@pytest.fixture
def reading(reader: Subject, made: Callable[[Subject, Wishes], Transport]) -> Transport:
    """Every transport in turn that reads itself, with no wishes."""
    return made(reader, Wishes())


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The authority that the tests' clients are told to trust."""
    return Authority(tmp_path_factory.mktemp("authority"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test over every subject, or over those that read from their connections themselves.

    The subjects are the fixture module's own `SUBJECTS`: the conftest's that imports this.
    """
    subjects = _subjects_for(metafunc)
    if "subject" in metafunc.fixturenames:
        metafunc.parametrize("subject", subjects, ids=lambda it: it.name)
    if "reader" in metafunc.fixturenames:
        readers = [it for it in subjects if it.reads_itself]
        metafunc.parametrize("reader", readers, ids=lambda it: it.name)


def _subjects_for(metafunc: pytest.Metafunc) -> list[Subject]:
    subjects: list[Subject] = []
    for test in metafunc.definition.iter_parents():
        subjects += getattr(getattr(test, "obj", None), "SUBJECTS", ())
    return subjects


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what a transport leaves to the client behind it; note whom each case is about."""
    left: list[pytest.Item] = []
    for item in items:
        call = getattr(item, "callspec", None)
        subject = call and (call.params.get("subject") or call.params.get("reader"))
        if not isinstance(subject, Subject):
            continue
        assert isinstance(item, pytest.Function)
        case = item.name.partition("[")[2].rstrip("]").removeprefix(subject.name).lstrip("-")
        if subject.owes(item.originalname, case):
            about = item.path.stem.removeprefix("test_")
            item.user_properties.append(("transport", f"{subject.name}|{about}"))
        else:
            left.append(item)
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in left]
