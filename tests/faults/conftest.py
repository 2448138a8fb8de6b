"""The machine's own proxies, certificates and netrc are no part of a fault."""

from __future__ import annotations

from sansio_auth_adapters.testing.fixtures import plain_environment

__all__ = ["plain_environment"]
