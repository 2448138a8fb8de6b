"""The facade, and MSAL where they agree, against npm's `oidc-provider`.

Not part of the ordinary run: the first time it needs a package registry.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.interop import certificate_scenarios, scenarios
from tests.interop.counterparty import Counterparty, running
from tests.interop.node import node_command
from tests.interop.pki import Pki

pytestmark = pytest.mark.interop

_SERVER: Final = Path(__file__).with_name("oidc_provider") / "server.mjs"


@pytest.fixture(scope="session")
def counterparty(pki: Pki, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counterparty]:
    """oidc-provider in a node process, installed if need be."""
    with running(node_command(_SERVER), pki, tmp_path_factory.mktemp("oidc")) as server:
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
