"""A request that has been put together: what may answer it from a cache, and how to start it.

Pairs what is asked with the script that carries it out. Performs nothing: `start` gives a flow,
and whoever drives the flow performs its effects.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from attrs import field, frozen

from sansio_auth._seed import SEED_BYTES
from sansio_auth._telemetry import Telemetry
from sansio_auth.calls import TokenCall
from sansio_auth.errors import ConfigurationError
from sansio_auth.flow import Ended, Flow, Script, Start
from sansio_auth.identity import Demand, Identity
from sansio_auth.partition import AccessRow, Knowledge, KnowledgeKey, Partition, PartitionKey
from sansio_auth.secret import Confidential

__all__ = ["Call", "Procedure"]

T = TypeVar("T")


@frozen(eq=False)
class Call(Confidential, Generic[T]):
    """One request as a frozen value, ready to be looked up or started.

    `request` says what is asked. Equal arguments make calls whose flows ask the same questions.
    """

    request: TokenCall
    _script: Callable[[Start], Script[Ended[T]]] = field(repr=False)

    def ready(self, partition: Partition | None, now: float) -> AccessRow | None:
        """Return the stored row when it is fresh, else None; `now` is POSIX seconds."""
        return self.request.ready(partition, now)

    def usable(self, partition: Partition | None, now: float) -> AccessRow | None:
        """Return the stored row when it can be used, be it due for refresh; else None."""
        return self.request.usable(partition, now)

    @property
    def knowledge_key(self) -> KnowledgeKey:
        """Where what is known about the authority is kept."""
        return self.request.knowledge_key

    @property
    def demand(self) -> Demand:
        """What is asked beyond the identity."""
        return self.request.demand

    def identity(self, knowledge: Knowledge | None = None) -> Identity:
        """Return for whom the token is."""
        return self.request.identity(knowledge)

    def partition_key(self, knowledge: Knowledge | None = None) -> PartitionKey | None:
        """Return where the token is kept, None until the realm is known."""
        return self.request.partition_key(knowledge)

    def start(self, *, now: float, seed: bytes, telemetry: Telemetry = Telemetry()) -> Flow[T]:  # noqa: B008 - an immutable value
        """Begin the conversation: `now` in POSIX seconds, `seed` 32 bytes nobody can guess."""
        start = _start(now, seed, telemetry)
        return Flow(self._script(start), start)


@frozen(eq=False)
class Procedure(Confidential, Generic[T]):
    """Something to be done that is no token request: accounts, sign-out, the start of a sign-in."""

    name: str
    _script: Callable[[Start], Script[Ended[T]]] = field(repr=False)

    def start(self, *, now: float, seed: bytes, telemetry: Telemetry = Telemetry()) -> Flow[T]:  # noqa: B008 - an immutable value
        """Begin the conversation: `now` in POSIX seconds, `seed` 32 bytes nobody can guess."""
        start = _start(now, seed, telemetry)
        return Flow(self._script(start), start)


def _start(now: float, seed: bytes, telemetry: Telemetry) -> Start:
    if len(seed) != SEED_BYTES:
        raise ConfigurationError(f"seed: {SEED_BYTES} bytes are needed", code="seed")
    return Start(now, seed, telemetry)
