"""The contract, over every transport of ours: sizes."""

from sansio_auth_adapters.testing.contract_sizes import *  # noqa: F403 - tests are found by name
from tests.adapters.transports.registry import SUBJECTS

__all__ = ["SUBJECTS"]
