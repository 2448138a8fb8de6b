"""What every counterparty's tests share: the session's keys, the library under test, clean trust.

Environment variables that name certificates or proxies are taken away, because the servers are on
loopback and are vouched for by an authority that lives as long as the session.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

# Before the first import of the modules, or their assertions would fail without showing values.
pytest.register_assert_rewrite("tests.interop.scenarios", "tests.interop.certificate_scenarios")

from tests.interop.applications import LIBRARIES, Library, Opener  # noqa: E402 - see above
from tests.interop.counterparty import Counterparty  # noqa: E402
from tests.interop.pki import Pki, make_pki  # noqa: E402

_AMBIENT = (
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "all_proxy",
)


@pytest.fixture(autouse=True)
def _no_ambient_trust(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave no variable by which a machine redirects or vouches for connections."""
    for name in _AMBIENT:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    """Make the keys and certificates of this session."""
    return make_pki(tmp_path_factory.mktemp("pki"))


@pytest.fixture(params=LIBRARIES, ids=lambda library: library.name)
def either_app(request: pytest.FixtureRequest, counterparty: Counterparty) -> Iterator[Opener]:
    """Open applications of each library in turn: where they agree, the server is honest."""
    library: Library = request.param
    with ExitStack() as closing:
        yield Opener(library, counterparty, closing)


@pytest.fixture
def our_app(counterparty: Counterparty) -> Iterator[Opener]:
    """Open applications of the facade only."""
    with ExitStack() as closing:
        yield Opener(LIBRARIES[0], counterparty, closing)


@pytest.fixture
def mark(counterparty: Counterparty) -> int:
    """Count the token requests that the server had seen before this test."""
    return len(counterparty.token_requests())
