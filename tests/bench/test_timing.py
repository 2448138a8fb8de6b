"""How samples are taken, with batches that say themselves how long they took."""

from __future__ import annotations

import asyncio
import gc

from attrs import evolve

from bench.effort import ONCE
from bench.growth import Growth
from bench.timing import Samples, awaited, interleaved, ratio, repeated

_EFFORT = evolve(ONCE, rounds=4, batch=1.0)


class _Batch:
    """Takes that long per call, a little longer every time; remembers how often it was asked."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.asked: list[int] = []
        self.collecting: list[bool] = []

    def __call__(self, times: int) -> float:
        self.asked.append(times)
        self.collecting.append(gc.isenabled())
        return times * self._seconds * (1 + len(self.asked) / 1000)


def test_every_candidate_has_its_batch_in_every_round() -> None:
    """Batches are as long as they should be, and no collection falls into one."""
    slow, fast = _Batch(0.5), _Batch(0.001)
    samples = interleaved({"slow": slow, "fast": fast}, _EFFORT)
    assert {name: len(it.seconds) for name, it in samples.items()} == {"slow": 4, "fast": 4}
    assert slow.asked[-4:] == [2, 2, 2, 2]
    assert len(set(fast.asked[-4:])) == 1
    assert fast.asked[-1] * 0.001 >= 1.0
    assert slow.collecting[-5:] == fast.collecting[-5:] == [False] * 5
    assert gc.isenabled()


def test_candidates_take_turns_in_being_first() -> None:
    """The order rotates."""
    order: list[str] = []

    def batch(name: str) -> _Batch:
        class Noted(_Batch):
            def __call__(self, times: int) -> float:
                order.append(name)
                return super().__call__(times)

        return Noted(2.0)

    interleaved({name: batch(name) for name in "abc"}, _EFFORT)
    assert "".join(order[-12:]) == "abc" + "bca" + "cab" + "abc"


def test_a_ratio_is_taken_inside_each_round() -> None:
    """Drift that hits both alike leaves it as it is."""
    one, other = Samples((1.0, 10.0, 100.0)), Samples((2.0, 20.0, 200.0))
    assert ratio(one, other) == 0.5
    assert ratio(one, Samples((1.0, 1.0, 100.0))) == 1.0


def test_samples_tell_their_middle_and_their_spread() -> None:
    """The spread is between the quartiles; too few have none."""
    assert Samples((1.0, 2.0, 3.0, 4.0, 100.0)).median == 3.0
    assert Samples((1.0, 2.0, 3.0, 4.0, 5.0)).spread == 3.0
    assert Samples((1.0, 2.0, 3.0)).spread == 0.0


def test_a_batch_makes_as_many_calls_as_it_is_asked_for() -> None:
    """Called or awaited."""
    made: list[int] = []
    assert repeated(lambda: made.append(1))(3) >= 0
    assert len(made) == 3

    async def call() -> None:
        made.append(2)

    loop = asyncio.new_event_loop()
    try:
        assert awaited(loop, call)(4) >= 0
    finally:
        loop.close()
    assert made == [1, 1, 1, 2, 2, 2, 2]


def test_growth_is_the_largest_size_against_the_smallest() -> None:
    """All sizes are in the same rounds."""
    sizes = {1: 0.5, 10: 0.5, 100: 1.5}
    growth = Growth.of({("a", size): _Batch(each) for size, each in sizes.items()}, _EFFORT)
    assert growth.sizes == (1, 10, 100)
    assert 2.9 < growth.last_to_first()["a"] < 3.1
    assert growth.series("title").figures["a"] == tuple(
        growth.at(size)["a"].median for size in sizes
    )
