"""Throw broken input at every parser: `make fuzz`, or `python fuzz/run.py --seconds 300 --seed 7`.

A finding is anything but one of our errors, an error that shows what was in the input or is longer
than a page, an input that takes longer than `--limit` seconds, and one that takes more memory than
its length allows. It is made smaller, kept in `fuzz/findings/`, and the exit code is 1;
`--replay FILE` tries it again.

Good inputs are spoilt by `mutation.py`. An input that leads to an outcome not seen before (another
error, a value of another shape) is good from then on, so the search gets deeper as it goes. With
`--engine atheris`, where that is installed, coverage guides the search instead.
"""

from __future__ import annotations

import argparse
import random
import re
import signal
import sys
import time
import traceback
import tracemalloc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any, Final

HERE: Final = Path(__file__).parent
sys.path.insert(0, str(HERE))
from journeys import (  # type: ignore[import-not-found]  # pyright: ignore[reportImplicitRelativeImport]
    JOURNEYS,
)
from mutation import (  # type: ignore[import-not-found]  # pyright: ignore[reportImplicitRelativeImport]
    SPOILERS,
    Spoiler,
    spoil_bytes,
)
from targets import (  # type: ignore[import-not-found]  # pyright: ignore[reportImplicitRelativeImport]
    TARGETS,
    Target,
)

from sansio_auth.errors import SansioAuthError

ALL: Mapping[str, Target] = {**TARGETS, **JOURNEYS}
#: Seconds that each target has before it is the next one's turn.
_TURN: Final = 0.05
#: What is remembered of a target: inputs of distinct outcomes, none longer than this.
_MOST_KEPT: Final = 400
_LONGEST_KEPT: Final = 20_000
_LONGEST_MESSAGE: Final = 2_000
#: Memory is measured for one input in so many: it takes three times as long.
_MEASURED: Final = 40
_MEMORY: Final = 32 << 20
_MEMORY_PER_BYTE: Final = 200


class _TooSlow(BaseException):
    """The time for one input is over; no parser may catch this."""


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """Interrupt what runs when the time is over, where the system has such a clock."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def stop(_: int, __: FrameType | None) -> None:
        raise _TooSlow(f"still running after {seconds:.0f} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _shape(value: Any, depth: int = 0) -> str:
    """Return what kind of a value it is, down to its members' names."""
    if isinstance(value, Mapping) and depth < 3:
        return (
            "{" + ",".join(sorted(f"{k!s:.20}:{_shape(value[k], depth + 1)}" for k in value)) + "}"
        )
    if isinstance(value, tuple) and depth < 3:
        return str([it[:40] if isinstance(it, str) else _shape(it, depth + 1) for it in value])
    names = getattr(type(value), "__slots__", None)
    if names and depth < 3:
        members = [_shape(getattr(value, name, None), depth + 1) for name in names]
        return f"{type(value).__name__}{members}"
    return type(value).__name__


_VARIES: Final = re.compile(r"[0-9]+|'[^']*'|https?://\S+")


def outcome(target: Target, data: bytes, limit: float) -> tuple[str, str | None]:
    """Return what an input leads to, and what is wrong with that, None where nothing is."""
    began = time.perf_counter()
    try:
        with _at_most(limit):
            seen = _shape(target.parse(data))
    except SansioAuthError as error:
        message = f"{error} {error!r}"
        seen = f"{type(error).__name__} {error.code} {_VARIES.sub('#', str(error))[:200]}"
        if len(message) > _LONGEST_MESSAGE:
            return seen, f"a message of {len(message)} characters: {message[:200]}"
        if "canary" in message or (
            error.__cause__ is not None and "canary" in repr(error.__cause__)
        ):
            return seen, f"a message that shows a secret: {message[:200]}"
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - any other is what is looked for, panics too
        place = traceback.extract_tb(error.__traceback__)[-1]
        seen = f"{type(error).__name__} {place.filename}:{place.lineno}"
        return seen, "".join(traceback.format_exception(error, limit=-6))[-3_000:]
    took = time.perf_counter() - began
    return seen, f"took {took:.1f} s for {len(data)} bytes" if took > limit else None


def greedy(target: Target, data: bytes, limit: float) -> str | None:
    """Return whether an input takes more memory than its length allows."""
    tracemalloc.start()
    try:
        _ = outcome(target, data, limit * 5)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    if peak > _MEMORY + _MEMORY_PER_BYTE * len(data):
        return f"took {peak >> 20} MiB for {len(data)} bytes"
    return None


def smaller(target: Target, data: bytes, seen: str, limit: float) -> bytes:
    """Return the shortest part that still leads to the same, as far as cutting finds it."""
    until = time.monotonic() + 20
    size = len(data) // 2
    while size and time.monotonic() < until:
        at = 0
        while at < len(data) and time.monotonic() < until:
            shorter = data[:at] + data[at + size :]
            found, wrong = outcome(target, shorter, limit)
            if wrong is not None and found == seen:
                data = shorter
            else:
                at += size
        size //= 2
    return data


class Search:
    """What is known of one target: its good inputs, the outcomes so far, how many were tried."""

    def __init__(self, name: str, target: Target, seed: int) -> None:
        self.name, self.target = name, target
        self.dice = random.Random(f"{seed} {name}")
        self.corpus: list[bytes] = list(target.corpus)
        self.seen: set[str] = set()
        self.tried = 0

    def next_input(self) -> bytes:
        """Return another input: the good ones first, then spoilt ones."""
        if self.tried < len(self.target.corpus):
            return self.corpus[self.tried]
        spoil: Spoiler = SPOILERS[self.target.grammar] if self.dice.random() < 0.6 else spoil_bytes
        own = self.dice.random() < 0.5
        data: bytes = spoil(self.dice, self.target.corpus if own else tuple(self.corpus))
        return data

    def turn(self, limit: float) -> tuple[bytes, str, str] | None:
        """Try inputs for a while; return a finding, with what it leads to and what is wrong."""
        end = time.monotonic() + _TURN
        while True:
            data = self.next_input()
            self.tried += 1
            seen, wrong = outcome(self.target, data, limit)
            if wrong is None and self.tried % _MEASURED == 0:
                wrong = greedy(self.target, data, limit)
            if wrong is not None:
                return data, seen, wrong
            if seen not in self.seen:
                self.seen.add(seen)
                if len(data) <= _LONGEST_KEPT and len(self.corpus) < _MOST_KEPT:
                    self.corpus.append(data)
            if time.monotonic() >= end:
                return None


def report(name: str, target: Target, finding: tuple[bytes, str, str], limit: float) -> None:
    """Print a finding and keep it, made smaller."""
    data, seen, wrong = finding
    data = smaller(target, data, seen, limit)
    folder = HERE / "findings"
    folder.mkdir(exist_ok=True)
    file = folder / f"{name.replace(' ', '-')}-{random.Random(data).getrandbits(32):08x}"
    file.write_bytes(data)
    print(f"{name}: {data[:300]!r}\n{wrong}\nkept as {file}; --only {name!r} --replay it")


def _searched(chosen: Mapping[str, Target], given: argparse.Namespace) -> int:
    searches = [Search(name, target, given.seed) for name, target in chosen.items()]
    end = time.monotonic() + given.seconds
    found = 0
    while time.monotonic() < end and searches and not (found and not given.go_on):
        for search in list(searches):
            if (finding := search.turn(given.limit)) is not None:
                report(search.name, search.target, finding, given.limit)
                searches.remove(search)
                found += 1
                if not given.go_on:
                    break
    for search in searches:
        print(f"{search.tried:>10,}  {search.name}: {len(search.seen)} outcomes")
    total = sum(search.tried for search in searches)
    print(f"{total:>10,}  inputs, {'nothing found' if not found else f'{found} findings'}")
    return 1 if found else 0


def _by_atheris(chosen: Mapping[str, Target], given: argparse.Namespace) -> int:
    """Let libFuzzer search one target, by the lines of the core that an input reaches."""
    atheris: Any = import_module("atheris")
    (name,) = chosen
    target = chosen[name]
    corpus = HERE / "corpus" / name.replace(" ", "-")
    corpus.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(target.corpus):
        (corpus / f"good-{number}").write_bytes(data)

    def one(data: bytes) -> None:
        seen, wrong = outcome(target, data, given.limit)
        if wrong is not None:
            report(name, target, (data, seen, wrong), given.limit)
            raise RuntimeError(wrong)

    def mutate(data: bytes, most: int, seed: int) -> bytes:
        dice = random.Random(seed)
        if dice.random() < 0.5:
            return bytes(atheris.Mutate(data, most))
        spoil: Spoiler = SPOILERS[target.grammar]
        spoilt: bytes = spoil(dice, (data, *target.corpus))
        return spoilt[:most]

    atheris.instrument_all()
    options = (f"-max_total_time={given.seconds:.0f}", f"-seed={given.seed + 1}", "-max_len=20000")
    atheris.Setup([sys.argv[0], *options, str(corpus)], one, custom_mutator=mutate)
    atheris.Fuzz()
    return 0


def main() -> int:
    """Read the command line and search."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    _ = parser.add_argument("--seconds", type=float, default=60.0)
    _ = parser.add_argument("--seed", type=int, default=0)
    _ = parser.add_argument("--limit", type=float, default=10.0, help="seconds for one input")
    _ = parser.add_argument("--only", choices=ALL, help="one target")
    _ = parser.add_argument("--replay", type=Path, help="a file to be tried")
    _ = parser.add_argument("--go-on", action="store_true", help="search on after a finding")
    _ = parser.add_argument("--recursion", type=int, help="a limit for Python's stack")
    _ = parser.add_argument("--engine", choices=("own", "atheris"), default="own")
    given = parser.parse_args()
    if given.recursion is not None:
        sys.setrecursionlimit(given.recursion)
    chosen = ALL if given.only is None else {given.only: ALL[given.only]}
    if given.replay is not None:
        for name, target in chosen.items():
            print(name, *outcome(target, given.replay.read_bytes(), given.limit))
        return 0
    return (_by_atheris if given.engine == "atheris" else _searched)(chosen, given)


if __name__ == "__main__":
    sys.exit(main())
