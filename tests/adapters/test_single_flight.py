"""One request for many callers, under threads, failures, interrupts and forks."""

# A test may look inside.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count

import pytest

from sansio_auth.errors import TransportError
from sansio_auth_adapters import forks, single_flight
from sansio_auth_adapters.single_flight import Flights, flights_of
from sansio_auth_adapters.stores.memory import MemoryStore

LONG = 20.0  # seconds nobody waits in a green run


class Arrivals(Flights):
    """Flights that tell when a caller has come as a waiter, and is asked what it has instead."""

    def __init__(self, waiters: int) -> None:
        super().__init__()
        self.all_here = threading.Event()
        self._waiters = waiters
        self._arrived = count(1)

    def nothing(self) -> None:
        """Have nothing instead; every waiter is asked once before it waits."""
        if next(self._arrived) == self._waiters:
            self.all_here.set()

    def share(self, key: str, work: Callable[[], str], patience: float = LONG) -> str:
        """Run with nothing instead."""
        return self.run(key, work, patience=patience, instead=self.nothing)


def all_of(callers: int, call: Callable[[int], str]) -> list[Future[str]]:
    """Let so many threads call at once; the futures are done when this returns."""
    start = threading.Barrier(callers)

    def begin(number: int) -> str:
        _ = start.wait(LONG)
        return call(number)

    with ThreadPoolExecutor(callers) as pool:
        return [pool.submit(begin, number) for number in range(callers)]


def test_thirty_two_threads_on_a_cold_key_make_one_request() -> None:
    """The leader works once all others wait; they share its outcome."""
    flights = Arrivals(31)
    requests: list[int] = []

    def work() -> str:
        requests.append(threading.get_ident())
        assert flights.all_here.wait(LONG)
        return "token"

    futures = all_of(32, lambda _: flights.share("key", work))
    assert [future.result() for future in futures] == ["token"] * 32
    assert len(requests) == 1
    assert len(flights) == 0


def test_two_hundred_threads_on_ten_keys_make_ten_requests() -> None:
    """Flights of different keys neither join nor wait for each other."""
    flights = Arrivals(190)
    requests: list[str] = []

    def work(key: str) -> str:
        requests.append(key)
        assert flights.all_here.wait(LONG)
        return f"token for {key}"

    def call(number: int) -> str:
        key = str(number % 10)
        return flights.share(key, lambda: work(key))

    futures = all_of(200, call)
    assert [future.result() for future in futures] == [f"token for {n % 10}" for n in range(200)]
    assert sorted(requests) == sorted(str(key) for key in range(10))


def test_each_waiter_of_a_failed_flight_gets_an_error_of_its_own() -> None:
    """The error objects differ, their cause is one."""
    flights = Arrivals(7)
    cause = ConnectionResetError()
    original = TransportError("no connection", kind="connect", sent=False)

    def work() -> str:
        assert flights.all_here.wait(LONG)
        raise original from cause

    futures = all_of(8, lambda _: flights.share("key", work))
    errors = [future.exception() for future in futures]
    assert len({id(error) for error in errors}) == 8
    assert any(error is original for error in errors)
    for error in errors:
        assert isinstance(error, TransportError)
        assert error.__cause__ is cause
        assert (error.kind, error.sent, str(error)) == ("connect", False, "no connection")


def test_an_error_that_is_not_ours_reaches_every_waiter() -> None:
    """Whatever it was, nobody waits in vain and nobody gets None."""
    flights = Arrivals(3)

    def work() -> str:
        assert flights.all_here.wait(LONG)
        raise LookupError("foreign")

    futures = all_of(4, lambda _: flights.share("key", work))
    assert [type(future.exception()) for future in futures] == [LookupError] * 4


def test_a_waiter_takes_over_from_an_interrupted_leader() -> None:
    """The interrupt stays with the leader; one waiter works and the others share that."""
    flights = Arrivals(3)
    attempts = count(1)

    def work() -> str:
        attempt = next(attempts)
        if attempt == 1:
            assert flights.all_here.wait(LONG)
            raise KeyboardInterrupt
        return f"attempt {attempt}"

    futures = all_of(4, lambda _: flights.share("key", work))
    interrupted = [f for f in futures if isinstance(f.exception(), KeyboardInterrupt)]
    served = [future.result() for future in futures if future.exception() is None]
    assert len(interrupted) == 1
    assert len(served) == 3
    assert "attempt 2" in served
    assert len(flights) == 0


def test_a_leader_that_comes_back_in_does_not_wait_for_itself() -> None:
    """A callback of the work's may ask for the same key: it works for itself."""
    flights = Flights()

    def again() -> str:
        return "inner"

    def work() -> str:
        return "outer of " + flights.run("key", again, patience=LONG, instead=lambda: None)

    assert flights.run("key", work, patience=LONG, instead=lambda: None) == "outer of inner"
    assert len(flights) == 0


def test_a_waiter_that_has_something_usable_does_not_wait() -> None:
    """While the leader is still at work the other is served from what it holds."""
    flights = Flights()
    under_way, served = threading.Event(), threading.Event()

    def lead() -> str:
        under_way.set()
        assert served.wait(LONG)
        return "fresh"

    def never() -> str:
        raise AssertionError

    with ThreadPoolExecutor(1) as pool:
        leader = pool.submit(flights.run, "key", lead, patience=LONG, instead=lambda: None)
        assert under_way.wait(LONG)
        assert flights.run("key", never, patience=LONG, instead=lambda: "aging") == "aging"
        assert not leader.done()
        served.set()
        assert leader.result() == "fresh"


def test_a_flight_that_nobody_leads_is_forgotten_by_the_first_who_waits_in_vain() -> None:
    """An interrupt may come between boarding and leading; that costs one caller's patience."""
    flights = Flights()
    with ThreadPoolExecutor(1) as pool:
        ghost, leads = pool.submit(flights._board, "key", bool).result()
    assert leads
    assert not ghost.ended
    assert flights.run("key", lambda: "own", patience=0.01, instead=lambda: None) == "own"
    assert len(flights) == 0
    assert flights.run("key", lambda: "next", patience=LONG, instead=lambda: None) == "next"


def test_a_waiter_whose_patience_ends_works_for_itself() -> None:
    """A leader that hangs does not hold the others for longer than they want to wait."""
    flights = Flights()
    under_way, over = threading.Event(), threading.Event()

    def hang() -> str:
        under_way.set()
        assert over.wait(LONG)
        return "late"

    with ThreadPoolExecutor(1) as pool:
        leader = pool.submit(flights.run, "key", hang, patience=LONG, instead=lambda: None)
        assert under_way.wait(LONG)
        own = flights.run("key", lambda: "own", patience=0.01, instead=lambda: None)
        assert own == "own"
        assert not leader.done()
        over.set()
        assert leader.result() == "late"


def test_of_those_whose_patience_ends_together_one_works() -> None:
    """A leader that hangs sends no herd after it: the others wait once more."""
    flights = Flights()
    under_way, over = threading.Event(), threading.Event()
    begun: list[int] = []

    def hang() -> str:
        under_way.set()
        assert over.wait(LONG)
        return "late"

    def work() -> str:
        begun.append(threading.get_ident())
        threading.Event().wait(0.5)
        return "token"

    with ThreadPoolExecutor(9) as pool:
        leader = pool.submit(flights.run, "key", hang, patience=LONG, instead=lambda: None)
        assert under_way.wait(LONG)
        others = [
            pool.submit(flights.run, "key", work, patience=1.0, instead=lambda: None)
            for _ in range(8)
        ]
        assert {it.result(LONG) for it in others} == {"token"}
        over.set()
        assert leader.result() == "late"
    assert len(begun) < len(others)  # one, unless this machine is very busy


def test_no_lock_is_held_while_anybody_works_or_looks_for_something_else() -> None:
    """Invariant I-10: both the work and `instead` find the lock free."""
    flights = Flights()
    held: list[bool] = []
    under_way, looked = threading.Event(), threading.Event()

    def work() -> str:
        held.append(flights._lock.locked())
        under_way.set()
        assert looked.wait(LONG)
        return "token"

    def instead() -> str:
        held.append(flights._lock.locked())
        looked.set()
        return "mine"

    with ThreadPoolExecutor(1) as pool:
        leader = pool.submit(flights.run, "key", work, patience=LONG, instead=lambda: None)
        assert under_way.wait(LONG)
        assert flights.run("key", work, patience=LONG, instead=instead) == "mine"
        assert leader.result() == "token"
    assert held == [False, False]


def test_a_later_call_makes_a_request_of_its_own() -> None:
    """An outcome is for those who waited, not for those who come afterwards."""
    flights = Flights()
    numbers = count(1)
    calls = [
        flights.run("key", lambda: next(numbers), patience=LONG, instead=lambda: None)
        for _ in range(3)
    ]
    assert calls == [1, 2, 3]


def test_flights_belong_to_a_store_object_and_go_with_it() -> None:
    """One store, one set of flights; another store has others; none outlives its store."""
    store, other = MemoryStore(), MemoryStore()
    assert flights_of(store) is flights_of(store)
    assert flights_of(store) is not flights_of(other)
    before = len(single_flight._stores.flights)
    del store
    assert len(single_flight._stores.flights) == before - 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_starts_clean() -> None:
    """The leader thread and the holders of locks do not exist in the child: it waits for none."""
    store = MemoryStore()
    flights = flights_of(store)
    under_way, over = threading.Event(), threading.Event()

    def lead() -> str:
        under_way.set()
        assert over.wait(LONG)
        return "parent's"

    with ThreadPoolExecutor(1) as pool:
        leader = pool.submit(flights.run, "key", lead, patience=LONG, instead=lambda: None)
        assert under_way.wait(LONG)
        with flights._lock, single_flight._stores.lock:
            child = os.fork()
            if child == 0:  # pragma: no cover - the child reports by its exit status
                _report_from_child(flights, store)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        assert len(flights) == 1
        over.set()
        assert leader.result() == "parent's"


def _report_from_child(flights: Flights, store: MemoryStore) -> None:  # pragma: no cover
    status = 1
    try:
        clean = len(flights) == 0
        free = flights._lock.acquire(timeout=1) and single_flight._stores.lock.acquire(timeout=1)
        flights._lock.release()
        single_flight._stores.lock.release()
        same = flights_of(store) is flights
        own = flights.run("key", lambda: "child's", patience=0.01, instead=lambda: None)
        status = 0 if clean and free and same and own == "child's" else 2
    finally:
        os._exit(status)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_a_leader_that_forks_ends_its_flight_in_both_processes() -> None:
    """In the child the flight was forgotten already: leaving it again disturbs nothing."""
    flights = Flights()
    children: list[int] = []

    def work() -> str:
        children.append(os.fork())
        return "token"

    outcome = flights.run("key", work, patience=LONG, instead=lambda: None)
    if children[0] == 0:  # pragma: no cover - the child
        os._exit(0 if outcome == "token" and len(flights) == 0 else 1)
    _, status = os.waitpid(children[0], 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert len(flights) == 0


def test_after_a_fork_all_flights_are_forgotten_and_all_locks_are_new() -> None:
    """What runs in the child, seen from inside: a flight under way is gone, a held lock too."""
    flights = flights_of(store := MemoryStore())
    lock = flights._lock

    def work() -> str:
        with lock, single_flight._stores.lock:
            forks._after_fork()
            assert len(flights) == 0
            assert flights_of(store) is flights
        return flights.run("key", lambda: "child's", patience=LONG, instead=lambda: None)

    assert flights.run("key", work, patience=LONG, instead=lambda: None) == "child's"
    assert flights._lock is not lock


def test_flights_that_were_forgotten_meanwhile_are_not_ended_twice() -> None:
    """A reset under a leader's feet, as a fork makes it, leaves another's flight alone."""
    flights = Flights()
    later = single_flight._Flight[object](bool)

    def work() -> str:
        flights.renew()
        flights._flights["key"] = later
        return "token"

    assert flights.run("key", work, patience=LONG, instead=lambda: None) == "token"
    assert flights._flights == {"key": later}
