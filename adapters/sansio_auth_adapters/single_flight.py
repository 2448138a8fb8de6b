"""One request for many callers: whoever comes while a flight is under way shares its outcome.

Flights belong to a token store object, the domain in which tokens are shared; threads and tasks of
any event loop share the same ones. The first caller for a key leads and runs from Load to Save; the
others wait for the outcome or, where they hold a token that still works, do not wait at all. A
leader that is interrupted or cancelled leaves its place to a waiter. No lock is held while anybody
runs, and nothing is bound to an event loop.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Awaitable, Callable, Generator, Hashable
from contextvars import ContextVar
from types import TracebackType
from typing import Final, Generic, TypeVar, cast
from weakref import WeakKeyDictionary

from sansio_auth.errors import SansioAuthError
from sansio_auth_adapters.forks import renew_in_children

__all__ = ["Flights", "flights_of"]

T = TypeVar("T")

#: The flights that the running code leads, also in the tasks and loops that it starts.
_leading: Final[ContextVar[frozenset[object]]] = ContextVar("leading", default=frozenset())


class _Flight(Generic[T]):
    """One leader's work, until it has an outcome, an error, or was abandoned.

    `is_over` tells whether the leader's event loop was closed over it.
    """

    __slots__ = (
        "__weakref__", "abandoned", "ended", "error", "is_over", "outcome", "thread", "waiting",
    )  # fmt: skip

    def __init__(self, is_over: Callable[[], bool]) -> None:
        self.is_over = is_over
        self.thread = threading.get_ident()
        self.outcome: T | None = None
        self.error: Exception | None = None
        self.abandoned = False
        self.ended = False
        #: The bells to ring at the end, by waiter; None while nobody waits.
        self.waiting: dict[object, Callable[[], None]] | None = None

    def result(self) -> T:
        """Return the outcome, or raise the error anew for each who asks."""
        if self.error is None:
            return cast("T", self.outcome)
        if isinstance(self.error, SansioAuthError):
            raise self.error.again()
        raise self.error


class Flights:
    """The flights of one token store."""

    def __init__(self) -> None:
        self.renew()
        renew_in_children(self)

    def run(
        self,
        key: Hashable,
        work: Callable[[], T],
        *,
        patience: float,
        instead: Callable[[], T | None],
    ) -> T:
        """Return the outcome of `work`, done once for all who come with this key meanwhile.

        A waiter for whom `instead()` has something takes that at once. It waits `patience` seconds
        at most for one flight, then leads another or waits for whoever does: where a leader hangs,
        no herd goes after it. An error is raised anew for each waiter.
        """
        while True:
            flight, leads = self._board(key, bool)
            if leads:
                with _Lead(self, key, flight):
                    flight.outcome = result = work()
                return result
            if flight.thread == threading.get_ident() or flight in _leading.get():
                return work()  # the leader waits for this thread, and would for ever
            if (ready := instead()) is not None:
                return ready
            ended = threading.Event()
            with self._awaiting(flight, ended.set):
                heard = ended.wait(patience)
            if not heard:
                self._forget(key, flight)  # one of those who waited leads now, others wait for it
            elif not flight.abandoned:
                return cast("T", flight.result())

    async def arun(
        self,
        key: Hashable,
        work: Callable[[], Awaitable[T]],
        *,
        patience: float,
        instead: Callable[[], T | None],
    ) -> T:
        """`run`, with `await`: waiting holds up no other task."""
        from sansio_auth_adapters.event_loop import bell, loop_is_over

        while True:
            flight, leads = self._board(key, loop_is_over())
            if leads:
                with _Lead(self, key, flight):
                    flight.outcome = result = await work()
                return result
            if flight in _leading.get():
                return await work()  # a callback of the leader's came back in
            if (ready := instead()) is not None:
                return ready
            ended = bell()
            with self._awaiting(flight, ended.ring):
                heard = await ended.wait(patience)
            if not heard:
                self._forget(key, flight)  # one of those who waited leads now, others wait for it
            elif not flight.abandoned:
                return cast("T", flight.result())

    def _forget(self, key: Hashable, flight: _Flight[object]) -> None:
        """Take a flight off the board that nobody heard of again: its leader may never have begun.

        An interrupt can come between boarding and leading. Without this everybody who comes with
        the key would wait in vain, for good.
        """
        with self._lock:
            if self._flights.get(key) is flight:
                del self._flights[key]

    @contextlib.contextmanager
    def _awaiting(self, flight: _Flight[object], ring: Callable[[], None]) -> Generator[None]:
        """Have a bell rung at a flight's end; at once where that is past."""
        waiter = object()
        with self._lock:
            ended = flight.ended
            if not ended:
                flight.waiting = {} if flight.waiting is None else flight.waiting
                flight.waiting[waiter] = ring
        if ended:
            ring()
        try:
            yield
        finally:
            with self._lock:
                if flight.waiting is not None:
                    _ = flight.waiting.pop(waiter, None)

    def _board(self, key: Hashable, is_over: Callable[[], bool]) -> tuple[_Flight[object], bool]:
        """Return the flight that is under way, or a new one and that the caller leads it."""
        mine: _Flight[object] = _Flight(is_over)
        with self._lock:
            flight = self._flights.setdefault(key, mine)
            if flight is mine:
                return mine, True
            if not flight.is_over():
                return flight, False
            self._flights[key] = mine
        flight.abandoned = True  # its leader's loop was closed over it
        self.land(key, flight)
        return mine, True

    def land(self, key: Hashable, flight: _Flight[object]) -> None:
        """Take a flight off the board, and wake everybody who waits for it."""
        with self._lock:
            if self._flights.get(key) is flight:  # not forgotten by a fork, nor replaced
                del self._flights[key]
            flight.ended = True
            bells = [] if flight.waiting is None else list(flight.waiting.values())
        for ring in bells:
            ring()

    def __len__(self) -> int:
        return len(self._flights)

    def renew(self) -> None:
        """Know no flight: in a forked child the leaders of those under way do not exist."""
        self._lock = threading.Lock()
        self._flights: dict[Hashable, _Flight[object]] = {}


class _Lead:
    """A leader's time at the stick, as a context: how it leaves is what its flight comes to."""

    __slots__ = ("_before", "_flight", "_flights", "_key")

    def __init__(self, flights: Flights, key: Hashable, flight: _Flight[object]) -> None:
        self._flights = flights
        self._key = key
        self._flight = flight

    def __enter__(self) -> None:
        self._before = _leading.set(_leading.get() | {self._flight})

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if isinstance(error, Exception):
            self._flight.error = error
        elif error is not None:
            self._flight.abandoned = True
        try:
            _leading.reset(self._before)
        except ValueError:
            # A task that is collected unfinished ends in a context that is not its own, where
            # nothing was set that could be reset.
            self._flight.abandoned = True
        self._flights.land(self._key, self._flight)


class _Stores:
    """Whose flights are whose: all who use one store object share them."""

    def __init__(self) -> None:
        self.flights: Final[WeakKeyDictionary[object, Flights]] = WeakKeyDictionary()
        self.renew()
        renew_in_children(self)

    def renew(self) -> None:
        """Have a lock that nobody holds, as a forked child needs it."""
        self.lock = threading.Lock()


_stores: Final = _Stores()


def flights_of(store: object) -> Flights:
    """Return the flights of a token store object, the same for every application that uses it."""
    with _stores.lock:
        flights = _stores.flights.get(store)
        if flights is None:
            flights = _stores.flights[store] = Flights()
        return flights
