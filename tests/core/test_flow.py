"""The machine around a script: one question at a time, and a transcript of them."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from sansio_auth import (
    Failure,
    FlowError,
    HttpRequest,
    HttpResponse,
    ResponseError,
    SendHttp,
    Sleep,
    Transcript,
    replay,
)
from sansio_auth._call import Procedure
from sansio_auth.flow import Ended, Flow, Script, Start, ask

_START = Start(now=5.0, seed=bytes(32))
_ONE, _TWO = (SendHttp(HttpRequest("GET", f"https://h/{n}")) for n in "12")


def _script(start: Start) -> Script[Ended[list[Any]]]:
    first, now = yield from ask(_ONE)
    _, later = yield from ask(Sleep(2.0))
    if isinstance(first, Failure):
        raise ResponseError("broken", code="broken")
    second, _ = yield from ask(_TWO)
    return Ended([start.now, first, now, later, second])


def _flow() -> Flow[list[Any]]:
    return Flow(_script(_START), _START)


def test_a_flow_asks_one_thing_after_another() -> None:
    """Each answer comes with its time."""
    flow = _flow()
    ok = HttpResponse(200)
    for question, answer, now in ((_ONE, ok, 6.0), (Sleep(2.0), None, 8.0), (_TWO, ok, 9.0)):
        assert flow.pending == question
        flow.answer(question, answer, now=now)
    assert flow.pending is None
    assert flow.result == [5.0, ok, 6.0, 8.0, ok]
    assert flow.error is None
    assert [step.now for step in flow.transcript.steps] == [6.0, 8.0, 9.0]
    assert "ended=Ended after 3 steps" in repr(flow)


def test_its_own_error_is_raised_by_the_result_alone() -> None:
    """`answer` never raises it; reading it twice gives it twice."""
    flow = _flow()
    flow.answer(_ONE, Failure("tls"), now=6.0)
    flow.answer(Sleep(2.0), None, now=8.0)
    assert flow.pending is None
    for _ in range(2):
        with pytest.raises(ResponseError, match="broken"):
            _ = flow.result
    assert isinstance(flow.error, ResponseError)
    assert "ended=ResponseError" in repr(flow)


def test_an_answer_to_another_question_changes_nothing() -> None:
    """The embedder's mistake; the flow goes on."""
    flow = _flow()
    for effect, value, code in (
        (_TWO, HttpResponse(200), "wrong_effect"),
        (_ONE, None, "wrong_answer"),
        (_ONE, "text", "wrong_answer"),
    ):
        with pytest.raises(FlowError) as caught:
            flow.answer(effect, value, now=6.0)
        assert caught.value.code == code
        assert flow.pending == _ONE
        assert flow.transcript.steps == ()
    flow.answer(_ONE, HttpResponse(200), now=6.0)
    assert flow.pending == Sleep(2.0)


def test_a_result_before_the_end_is_the_embedders_mistake() -> None:
    """And so is an answer after it."""
    flow = _flow()
    with pytest.raises(FlowError) as caught:
        _ = flow.result
    assert caught.value.code == "flow_open"
    flow.answer(_ONE, Failure("tls"), now=6.0)
    flow.answer(Sleep(2.0), None, now=8.0)
    with pytest.raises(FlowError) as caught:
        flow.answer(_TWO, HttpResponse(200), now=9.0)
    assert caught.value.code == "flow_over"


def test_a_flow_can_be_given_up() -> None:
    """I-10: its script is closed, and nothing is half open; one that is over stays as it is."""
    closed: list[bool] = []

    def script() -> Script[Ended[None]]:
        try:
            _ = yield from ask(_ONE)
        finally:
            closed.append(True)
        return Ended(None)

    flow = Flow(script(), _START)
    flow.close()
    assert closed == [True]
    assert flow.pending is None
    with pytest.raises(FlowError) as caught:
        _ = flow.result
    assert caught.value.code == "flow_closed"
    flow.close()
    done = _flow()
    done.answer(_ONE, Failure("tls"), now=6.0)
    done.answer(Sleep(2.0), None, now=8.0)
    done.close()
    assert isinstance(done.error, ResponseError)


def test_a_script_that_asks_nothing_is_over_at_once() -> None:
    """And has told nothing to fold in."""

    def script() -> Script[Ended[str]]:
        return Ended("done")
        yield from ask(_ONE)

    flow = Flow(script(), _START)
    assert flow.pending is None
    assert flow.result == "done"
    assert flow.tally == ()


def test_a_transcript_rebuilds_the_flow() -> None:
    """As far as it goes; what does not fit is named."""
    procedure = Procedure("x", _script)
    flow = procedure.start(now=5.0, seed=bytes(32))
    flow.answer(_ONE, HttpResponse(200), now=6.0)
    again = replay(procedure, flow.transcript)
    assert again.pending == Sleep(2.0)
    assert again.transcript == flow.transcript

    def other(start: Start) -> Script[Ended[None]]:
        del start
        _ = yield from ask(_TWO)
        return Ended(None)

    with pytest.raises(FlowError) as caught:
        replay(Procedure("y", other), flow.transcript)
    assert caught.value.code == "transcript_differs"
    short = Transcript(flow.transcript.start, (*flow.transcript.steps, *flow.transcript.steps))
    with pytest.raises(FlowError):
        replay(procedure, short)


def test_a_flow_shows_where_it_stands_and_no_answer() -> None:
    """Under way and at its end."""
    flow = _flow()
    assert repr(flow).startswith("Flow(pending=SendHttp(")
    assert repr(flow).endswith("after 0 steps)")
    flow.answer(_ONE, HttpResponse(200, (), b"not-to-be-shown"), now=6.0)
    flow.answer(Sleep(2.0), None, now=8.0)
    assert "not-to-be-shown" not in repr(flow)
    flow.close()
    assert repr(flow) in {f"Flow(ended={name} after 2 steps)" for name in ("Ended", "FlowError")}


@pytest.mark.parametrize("way", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_flow_cannot_be_copied(way: Callable[[object], object]) -> None:
    """Two would share one conversation; what to do instead is said."""
    flow = _flow()
    with pytest.raises(TypeError, match="replay its transcript"):
        _ = way(flow)
    assert flow.pending == _ONE


def test_an_error_as_a_value_has_no_traceback() -> None:
    """I-7: the script's variables are in none, nor what it was answered."""
    flow = _flow()
    flow.answer(_ONE, Failure("tls"), now=6.0)
    flow.answer(Sleep(2.0), None, now=8.0)
    assert flow.error is not None
    assert flow.error.__traceback__ is None
