"""The contract, over every transport of ours: faults."""

from sansio_auth_adapters.testing.contract_faults import *  # noqa: F403 - tests are found by name
from tests.adapters.transports.registry import SUBJECTS

__all__ = ["SUBJECTS"]
