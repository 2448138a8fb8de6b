"""One request for many callers: whoever comes while a flight is under way shares its outcome.

Flights belong to a token store object, the domain in which tokens are shared. The first caller
for a key leads and runs from Load to Save; the others wait for the outcome or, where they hold a
token that still works, do not wait at all. A leader that is interrupted leaves its place to a
waiter. No lock is held while anybody runs.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar, cast
from weakref import WeakKeyDictionary, WeakSet

from sansio_auth.errors import SansioAuthError

__all__ = ["Flights", "flights_of"]

T = TypeVar("T")


class _Flight(Generic[T]):
    """One leader's work; `done` is set when it has an outcome or was abandoned."""

    __slots__ = ("abandoned", "done", "error", "leader", "outcome")

    def __init__(self) -> None:
        self.done = threading.Event()
        self.leader = threading.get_ident()
        self.outcome: T | None = None
        self.error: Exception | None = None
        self.abandoned = False


class Flights:
    """The flights of one token store."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._flights: dict[Hashable, _Flight[object]] = {}
        _everyone.add(self)

    def run(
        self,
        key: Hashable,
        work: Callable[[], T],
        *,
        patience: float,
        instead: Callable[[], T | None],
    ) -> T:
        """Return the outcome of `work`, done once for all who come with this key meanwhile.

        A waiter for whom `instead()` has something takes that at once. It waits `patience`
        seconds at most, then works for itself. An error is raised anew for each waiter.
        """
        while True:
            with self._lock:
                flight = self._flights.get(key)
                if flight is None:
                    flight = self._flights[key] = _Flight()
                    break
            if flight.leader == threading.get_ident():
                return work()  # a callback of the leader's came back in: it cannot wait for itself
            if (ready := instead()) is not None:
                return ready
            if not flight.done.wait(patience):
                return work()
            if not flight.abandoned:
                return self._shared(cast("_Flight[T]", flight))
        return self._lead(key, cast("_Flight[T]", flight), work)

    def _lead(self, key: Hashable, flight: _Flight[T], work: Callable[[], T]) -> T:
        try:
            flight.outcome = work()
        except Exception as error:
            flight.error = error
            raise
        except BaseException:
            flight.abandoned = True
            raise
        finally:
            with self._lock:
                if self._flights.get(key) is flight:  # not forgotten by a fork meanwhile
                    del self._flights[key]
            flight.done.set()
        return flight.outcome

    @staticmethod
    def _shared(flight: _Flight[T]) -> T:
        error = flight.error
        if error is None:
            return cast("T", flight.outcome)
        if isinstance(error, SansioAuthError):
            raise error.again()
        raise error

    def __len__(self) -> int:
        return len(self._flights)

    def reset(self) -> None:
        """Forget all flights: in a forked child their leaders do not exist."""
        self._lock = threading.Lock()
        self._flights = {}


_everyone: Final[WeakSet[Flights]] = WeakSet()
_by_store: Final[WeakKeyDictionary[object, Flights]] = WeakKeyDictionary()
_lock = threading.Lock()


def flights_of(store: object) -> Flights:
    """Return the flights of a token store object, the same for every application that uses it."""
    with _lock:
        flights = _by_store.get(store)
        if flights is None:
            flights = _by_store[store] = Flights()
        return flights


def _after_fork() -> None:
    global _lock  # noqa: PLW0603 - the parent's lock may be held by a thread that is not here
    _lock = threading.Lock()
    for flights in list(_everyone):
        flights.reset()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
