"""The facade, and MSAL where they agree, against a tenant made of Authlib's server classes."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from tests.interop import certificate_scenarios, scenarios
from tests.interop.counterparty import Counterparty, running
from tests.interop.pki import Pki


@pytest.fixture(scope="session")
def counterparty(pki: Pki, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counterparty]:
    """Authlib's server in a process of its own."""
    command = [sys.executable, "-m", "tests.interop.authlib_tenant"]
    with running(command, pki, tmp_path_factory.mktemp("authlib")) as server:
        yield server


class TestSecrets(scenarios.Secrets):
    """See `scenarios.Secrets`."""


class TestCertificates(certificate_scenarios.Certificates):
    """See `certificate_scenarios.Certificates`."""


class TestFreshAssertions(certificate_scenarios.FreshAssertions):
    """See `certificate_scenarios.FreshAssertions`."""


class TestAssertions(certificate_scenarios.Assertions):
    """See `certificate_scenarios.Assertions`."""


class TestRefusals(scenarios.Refusals):
    """See `scenarios.Refusals`."""


class TestOnBehalfOf(scenarios.OnBehalfOf):
    """See `scenarios.OnBehalfOf`."""


class TestOnBehalfOfCache(scenarios.OnBehalfOfCache):
    """See `scenarios.OnBehalfOfCache`."""


class TestConnections(scenarios.Connections):
    """See `scenarios.Connections`."""
