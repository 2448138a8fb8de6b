"""The machine's own proxies, certificates and netrc are no part of a fault; transports are."""

from __future__ import annotations

import pytest

from sansio_auth_adapters.testing.certificates import Authority
from sansio_auth_adapters.testing.fixtures import plain_environment
from tests.faults.lines import CLIENTS

__all__ = ["authority", "client", "plain_environment"]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Whom the applications trust."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(params=CLIENTS)
def client(request: pytest.FixtureRequest) -> str:
    """Each transport in turn."""
    return str(request.param)
