"""The contract's own fixtures serve all tests of transports."""

from sansio_auth_adapters.testing.fixtures import *  # noqa: F403 - fixtures are found by name
