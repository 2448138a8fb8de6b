"""The loop: what adapters raise becomes an answer, and what interrupts closes the flow."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import NoReturn, TypeAlias, get_args

import pytest
from attrs import evolve, field, frozen

from sansio_auth._json import JsonObject
from sansio_auth.effects import (
    AnyEffect,
    AssertionContext,
    Failure,
    FailureKind,
    GetAssertion,
    Load,
    Save,
    SendHttp,
    Sleep,
)
from sansio_auth.errors import FlowError, ResponseError, TransportError
from sansio_auth.flow import Answered, Ended, Flow, Start
from sansio_auth.partition import (
    Accounts,
    AppKey,
    AppTokens,
    EndpointsDropped,
    Fact,
    Found,
    KnowledgeKey,
    Partition,
    PartitionKey,
    Query,
    empty,
)
from sansio_auth.testing import VirtualClock
from sansio_auth.wire import HttpRequest, HttpResponse
from sansio_auth_adapters.drive import World, carry_out, run
from sansio_auth_adapters.stores.memory import MemoryStore

REQUEST = HttpRequest("POST", "https://login.microsoftonline.com/t/oauth2/v2.0/token", form=())
SEND = SendHttp(REQUEST)
ASSERT = GetAssertion(None, AssertionContext("client", REQUEST.url, "t", "correlation"))
APP = AppKey("login.microsoftonline.com", "t", "client")
KNOWN = KnowledgeKey("https://login.microsoftonline.com/t")
LOAD, SAVE = Load(APP), Save(((KNOWN, (EndpointsDropped(),)),))
QUERY = AppTokens(APP.environment, APP.client_id)
CANARY = "canary-0cf2"

Answers: TypeAlias = list[tuple[object, float]]


@frozen
class Answering:
    """A transport that gives or raises one thing."""

    answer: HttpResponse | BaseException
    requests: list[HttpRequest] = field(factory=list[HttpRequest])

    def send(self, request: HttpRequest) -> HttpResponse:
        self.requests.append(request)
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer

    def close(self) -> None:
        """Hold nothing."""


@frozen
class Broken:
    """A store that raises."""

    error: BaseException

    def peek(self, key: PartitionKey) -> Partition | None:
        raise self.error

    def load(self, key: PartitionKey) -> Partition:
        raise self.error

    def save(self, changes: tuple[tuple[PartitionKey, tuple[Fact, ...]], ...]) -> Partition:
        raise self.error

    def look_up(self, query: Query) -> Found:
        raise self.error


def world(answer: HttpResponse | BaseException | None = None) -> World:
    """Return a world with that answer to any request, and empty stores."""
    return World(Answering(answer or HttpResponse(200)), MemoryStore(), MemoryStore())


def raising(error: BaseException) -> Callable[[GetAssertion], str]:
    """Return a callback that raises."""

    def callback(effect: GetAssertion) -> NoReturn:
        raise error

    return callback


def asking(*effects: AnyEffect) -> tuple[Flow[Answers], list[str]]:
    """Return a flow that asks these things and ends in the answers, and a log of its closing."""
    log: list[str] = []

    def script() -> Generator[AnyEffect, Answered, Ended[Answers]]:
        answers: Answers = []
        try:
            for effect in effects:
                answers.append((yield effect))
            return Ended(answers)
        finally:
            log.append("closed")

    return Flow(script(), Start(0.0, bytes(32))), log


def failure(effect: AnyEffect, at: World) -> Failure:
    """Return what an effect failed with."""
    answer = carry_out(effect, at)
    assert isinstance(answer, Failure)
    return answer


# --- what succeeds ---------------------------------------------------------------------------


def test_every_effect_is_carried_out_by_what_it_is_for() -> None:
    """Requests go to the transport, assertions to the signer, pauses to `sleep`."""
    clock = VirtualClock()
    response = HttpResponse(200, body=b"{}")
    transport = Answering(response)
    at = World(
        transport,
        MemoryStore(),
        MemoryStore(),
        assertions=lambda effect: f"assertion for {effect.context.client_id}",
        clock=clock,
        sleep=clock.sleep,
    )
    began = clock.now
    flow, _ = asking(SEND, ASSERT, Sleep(2.5), LOAD, SAVE)
    values = [value for value, _ in run(flow, at)]
    assert values == [response, "assertion for client", None, empty(APP), empty(KNOWN)]
    assert transport.requests == [REQUEST]
    assert clock.now == began + 2.5


def test_an_answer_is_stamped_after_the_effect_was_carried_out() -> None:
    """The time of an answer is when it was there, not when the question was asked."""
    clock = VirtualClock()
    at = evolve(world(), clock=clock, sleep=clock.sleep)
    flow, _ = asking(Sleep(7.0), LOAD)
    began = clock.now
    assert [now for _, now in run(flow, at)] == [began + 7.0, began + 7.0]


def test_knowledge_is_kept_apart_from_tokens() -> None:
    """What is known about authorities never reaches the token store."""
    at = world()
    broken = evolve(at, tokens=Broken(AssertionError()))
    assert carry_out(Load(KNOWN), broken) == empty(KNOWN)
    assert carry_out(SAVE, broken) == empty(KNOWN)


@pytest.mark.parametrize("query", [QUERY, Accounts(APP.environment), Accounts("e", "someone")])
def test_a_query_is_the_token_stores_to_answer(query: Query) -> None:
    """An index query goes to `find`, and the knowledge store is not asked."""
    at = evolve(world(), knowledge=Broken(AssertionError()))
    assert isinstance(carry_out(Load(query), at), Found)


# --- what fails ------------------------------------------------------------------------------


@pytest.mark.parametrize("sent", [True, False])
@pytest.mark.parametrize("kind", [str(kind) for kind in get_args(FailureKind)])
def test_a_transport_error_keeps_its_kind_and_whether_anything_was_sent(
    kind: str, sent: bool
) -> None:
    """Every kind there is comes through; the transport's own exception is the cause."""
    cause = ConnectionResetError()
    error = TransportError("failed", kind=kind, sent=sent)
    error.__cause__ = cause
    failed = failure(SEND, world(error))
    assert (failed.kind, failed.sent, failed.error) == (kind, sent, "ConnectionResetError")
    assert failed.cause is cause


def test_a_kind_nobody_knows_is_unknown() -> None:
    """A transport of somebody else's may invent words; the core does not learn them."""
    failed = failure(SEND, world(TransportError("failed", kind="gremlins", sent=False)))
    assert (failed.kind, failed.sent, failed.error) == ("unknown", False, "TransportError")


@pytest.mark.parametrize("code", ["redirect_refused", "body_too_large"])
def test_a_refused_response_is_a_failure_of_that_kind(code: str) -> None:
    """What a transport refuses to read is told by the error's code."""
    failed = failure(SEND, world(ResponseError("refused", code=code)))
    assert (failed.kind, failed.sent) == (code, True)


@pytest.mark.parametrize(
    "error",
    [
        ResponseError("no", code="something_else"),
        ValueError(),
        StopIteration(),
        StopAsyncIteration(),
        RecursionError(),
        OSError(),
        MemoryError(),
    ],
    ids=repr,
)
def test_any_other_exception_of_a_transport_is_unknown_and_may_have_sent(error: Exception) -> None:
    """The careful assumption: something may have arrived."""
    failed = failure(SEND, world(error))
    assert (failed.kind, failed.sent, failed.error) == ("unknown", True, type(error).__name__)
    assert failed.cause is error


@pytest.mark.parametrize("error", [ValueError(), StopIteration("x"), TransportError()], ids=repr)
def test_an_exception_of_a_callback_is_a_callbacks_failure(error: Exception) -> None:
    """`StopIteration` too: it does not end the script."""
    failed = failure(ASSERT, evolve(world(), assertions=raising(error)))
    assert (failed.kind, failed.error, failed.cause) == ("callback", type(error).__name__, error)


@pytest.mark.parametrize("effect", [LOAD, Load(QUERY), Save(((APP, ()),))], ids=repr)
@pytest.mark.parametrize("error", [OSError(), StopIteration(), KeyError("x")], ids=repr)
def test_an_exception_of_a_store_is_a_stores_failure(effect: AnyEffect, error: Exception) -> None:
    """Loading, asking the index and saving alike."""
    failed = failure(effect, evolve(world(), tokens=Broken(error)))
    assert (failed.kind, failed.error, failed.cause) == ("store", type(error).__name__, error)


def test_without_a_signer_an_assertion_cannot_be_had() -> None:
    """A world made without `assertions` says so instead of sending nothing."""
    failed = failure(ASSERT, world())
    assert (failed.kind, failed.error) == ("callback", "LookupError")
    assert "client" in str(failed.cause)


def test_a_failure_does_not_show_what_the_exception_said() -> None:
    """An exception's text may hold a secret: the repr has the type's name only."""
    members: JsonObject = {"client_secret": CANARY}
    failed = failure(SEND, world(ValueError(members)))
    assert CANARY not in repr(failed)
    assert CANARY not in repr(evolve(world(), assertions=raising(ValueError(CANARY))))


def test_a_failure_is_answered_and_the_flow_goes_on() -> None:
    """What a failure means is the script's decision."""
    flow, _ = asking(SEND, LOAD)
    (first, _), (second, _) = run(flow, world(OSError()))
    assert isinstance(first, Failure)
    assert second == empty(APP)


# --- what interrupts -------------------------------------------------------------------------


class Stop(BaseException):
    """Something like a cancellation."""


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3), Stop()], ids=repr)
@pytest.mark.parametrize("effect", [SEND, ASSERT, LOAD, Sleep(1)], ids=lambda e: type(e).__name__)
def test_an_interrupt_closes_the_flow_and_passes_untouched(
    effect: AnyEffect, error: BaseException
) -> None:
    """The same object comes out, the script's `finally` ran, and the flow is over."""

    def sleep(seconds: float) -> None:
        raise error

    at = evolve(world(error), tokens=Broken(error), assertions=raising(error), sleep=sleep)
    flow, log = asking(effect)
    with pytest.raises(type(error)) as caught:
        _ = run(flow, at)
    assert caught.value is error
    assert log == ["closed"]
    assert flow.pending is None
    with pytest.raises(FlowError, match="given up"):
        _ = flow.result


def test_a_pause_that_fails_is_nobodys_failure_and_passes() -> None:
    """Waiting has no failure to answer with: the exception comes out and the flow is closed."""
    error = OverflowError()

    def sleep(seconds: float) -> None:
        raise error

    flow, log = asking(Sleep(1e300))
    with pytest.raises(OverflowError) as caught:
        _ = run(flow, evolve(world(), sleep=sleep))
    assert caught.value is error
    assert log == ["closed"]


def test_an_answer_that_cannot_be_one_closes_the_flow() -> None:
    """A callback that returns bytes from `assertions` is the embedder's bug, found at once."""
    at = evolve(world(), assertions=lambda effect: 5)  # type: ignore[arg-type, return-value]
    flow, log = asking(ASSERT)
    with pytest.raises(FlowError, match="GetAssertion is answered by a str"):
        _ = run(flow, at)
    assert log == ["closed"]


def test_a_clock_that_fails_closes_the_flow() -> None:
    """Nothing is left open, whatever fails in the loop itself."""

    def clock() -> float:
        raise OSError

    flow, log = asking(LOAD)
    with pytest.raises(OSError, match=r"^$"):
        _ = run(flow, evolve(world(), clock=clock))
    assert log == ["closed"]


def test_the_scripts_error_is_raised_at_the_end() -> None:
    """What the script ends in is an error of ours, raised by `run`."""

    def script() -> Generator[AnyEffect, Answered, Ended[object]]:
        value, _ = yield SEND
        assert isinstance(value, Failure)
        raise TransportError("gone", kind="connect") from value.cause

    cause = OSError("cable")
    with pytest.raises(TransportError, match="gone") as caught:
        _ = run(Flow(script(), Start(0.0, bytes(32))), world(cause))
    assert caught.value.__cause__ is cause
