"""The contract, over every transport of ours: tls."""

from sansio_auth_adapters.testing.contract_tls import *  # noqa: F403 - tests are found by name
from tests.adapters.transports.registry import SUBJECTS

__all__ = ["SUBJECTS"]
