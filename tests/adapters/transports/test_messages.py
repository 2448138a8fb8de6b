"""The contract, over every transport of ours: messages."""

from sansio_auth_adapters.testing.contract_messages import *  # noqa: F403 - tests are found by name
from tests.adapters.transports.registry import SUBJECTS

__all__ = ["SUBJECTS"]
