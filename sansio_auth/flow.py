"""A call under way: scripts inside, an explicit machine outside.

A script is a generator that asks for effects with `yield from ask(effect)` and returns what it
ends in. `Flow` drives one script and shows it as a machine: what is `pending`, how to `answer`,
what `result` it came to, and the `transcript` that replays it. One question is open at a time.
This module performs no effect and knows no grant.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Generic, NoReturn, Protocol, TypeAlias, TypeVar, cast, final

from attrs import field, frozen

from sansio_auth._telemetry import Tally, Telemetry
from sansio_auth.effects import AnyEffect, Effect
from sansio_auth.errors import FlowError, SansioAuthError
from sansio_auth.secret import Confidential, conceal

__all__ = [
    "Answered",
    "Ended",
    "Flow",
    "Script",
    "Start",
    "Startable",
    "Step",
    "Transcript",
    "ask",
    "replay",
]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
A = TypeVar("A")


#: What came back for an effect, and the POSIX time at which it did.
Answered: TypeAlias = tuple[object, float]
#: A conversation in which we speak first and one question is open at a time.
Script: TypeAlias = Generator[AnyEffect, Answered, T]


@frozen
class Start:
    """What a flow begins with: the time, 32 random bytes and the counters to report."""

    now: float
    seed: bytes = field(repr=False)
    telemetry: Telemetry = field(default=Telemetry())


@frozen(eq=False, repr=False)
class Ended(Generic[T_co]):
    """What a script returns: the outcome, and what is to be folded into the counters."""

    outcome: T_co
    tally: Tally = ()


@frozen(repr=False)
class Step(Confidential):
    """One question and its answer. The `repr` shows the question only: answers hold tokens."""

    effect: AnyEffect
    value: object
    now: float

    def __repr__(self) -> str:
        return f"Step({self.effect!r} at {self.now})"


@frozen
class Transcript:
    """Everything that went into a flow; `replay` makes the same flow of it."""

    start: Start
    steps: tuple[Step, ...] = ()


def ask(effect: Effect[A]) -> Generator[AnyEffect, Answered, tuple[A, float]]:
    """Ask the world one thing and return its answer and the time of it.

    The only bare `yield` of the library. The answer's type was checked by `Effect.objection`.
    """
    return (yield effect)  # type: ignore[misc, return-value] # the docstring says why it is right


@final
class Flow(Generic[T]):
    """A call under way.

    Drive it with::

        while (effect := flow.pending) is not None:
            flow.answer(effect, carry_out(effect), now=time.time())
        outcome = flow.result
    """

    __slots__ = ("_ended", "_error", "_pending", "_script", "_start", "_steps")

    def __init__(self, script: Script[Ended[T]], start: Start) -> None:
        self._script = script
        self._start = start
        #: Plain tuples, which few look at: `transcript` makes steps of them.
        self._steps: list[tuple[AnyEffect, object, float]] = []
        self._pending: AnyEffect | None = None
        self._ended: Ended[T] | None = None
        self._error: SansioAuthError | None = None
        self._advance(None)

    @property
    def pending(self) -> AnyEffect | None:
        """The one open question, or None when the flow is over."""
        return self._pending

    @property
    def result(self) -> T:
        """What the flow came to. Raises the script's error, or `FlowError` while it is going."""
        if self._error is not None:
            raise self._error.again()
        return self._finished().outcome

    @property
    def error(self) -> SansioAuthError | None:
        """The error the flow ended in, as a value; None while it is going or when it has none."""
        return self._error

    @property
    def tally(self) -> Tally:
        """What is to be folded into the application's `Telemetry`; empty after an error."""
        return () if self._ended is None else self._ended.tally

    @property
    def transcript(self) -> Transcript:
        """What went in so far, enough to `replay`."""
        return Transcript(self._start, tuple(Step(*step) for step in self._steps))

    def answer(self, effect: AnyEffect, value: object, *, now: float) -> None:
        """Answer the pending effect; `now` is the POSIX time at which the answer was there.

        Raises `FlowError`, with the flow unchanged, where `effect` is not the pending one or
        `value` cannot be an answer to it. Never raises what the script ends in.
        """
        pending = self._pending
        if pending is None:
            raise FlowError("the flow is over: it takes no more answers", code="flow_over")
        if effect is not pending and effect != pending:
            raise FlowError(
                f"{type(effect).__name__} was answered where {type(pending).__name__} is pending",
                code="wrong_effect",
            )
        if (objection := pending.objection(value)) is not None:
            del value
            raise FlowError(objection, code="wrong_answer")
        self._steps.append((pending, value, now))
        self._advance((value, now))

    def close(self) -> None:
        """Give the flow up; `result` then raises `FlowError`."""
        self._script.close()
        if self._pending is not None:
            self._pending = None
            self._error = FlowError("the flow was given up", code="flow_closed")

    def _finished(self) -> Ended[T]:
        if self._ended is None:
            raise FlowError("the flow is still going: answer its pending effect", code="flow_open")
        return self._ended

    def _advance(self, answered: Answered | None) -> None:
        try:
            self._pending = next(self._script) if answered is None else self._script.send(answered)
        except StopIteration as stop:
            self._pending = None
            self._ended = cast("Ended[T]", stop.value)
        except SansioAuthError as error:
            self._pending = None
            conceal(error)  # whoever drives flows themselves reports this value
            self._error = error.with_traceback(None)

    def __reduce__(self) -> NoReturn:
        message = "a Flow is under way: replay its transcript instead of copying or pickling it"
        raise TypeError(message)

    def __repr__(self) -> str:
        if self._pending is not None:
            return f"Flow(pending={self._pending!r} after {len(self._steps)} steps)"
        end = self._error if self._error is not None else self._ended
        return f"Flow(ended={type(end).__name__} after {len(self._steps)} steps)"


class Startable(Protocol[T]):
    """Whatever starts a flow: a `Call`."""

    def start(self, *, now: float, seed: bytes, telemetry: Telemetry = ...) -> Flow[T]:
        """Begin the conversation."""
        ...


def replay(call: Startable[T], transcript: Transcript) -> Flow[T]:
    """Return the flow of a call as far as a transcript goes.

    Raises `FlowError` where the call asks something else than the transcript answers.
    """
    start = transcript.start
    flow = call.start(now=start.now, seed=start.seed, telemetry=start.telemetry)
    for number, step in enumerate(transcript.steps):
        if flow.pending != step.effect:
            raise FlowError(
                f"step {number}: the transcript answers {type(step.effect).__name__}, the call"
                f" asks {type(flow.pending).__name__}",
                code="transcript_differs",
            )
        flow.answer(step.effect, step.value, now=step.now)
    return flow
