"""Laws of every flow, whatever the world answers: I-5, I-6, I-7 and I-8."""

from __future__ import annotations

import copy
import json
import pickle
import traceback
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sansio_auth import (
    AccessToken,
    Failure,
    HttpResponse,
    NotCached,
    Refusal,
    SansioAuthError,
    Transcript,
    replay,
)
from sansio_auth.diagram import mermaid, text
from sansio_auth.flow import Flow, Step
from tests.properties.worlds import CALLS, CREDENTIALS, GUID, PLANTED, AnyWorld, client, worlds

_QUICK = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
_asked = st.tuples(
    st.sampled_from(sorted(CALLS)),
    st.sampled_from(sorted(CREDENTIALS)),
    st.sampled_from([GUID, "contoso.com"]),
)


def _call(asked: tuple[str, str, str]) -> Any:
    name, credential, tenant = asked
    return CALLS[name](client(credential, tenant))


def _end(flow: Flow[Any]) -> object:
    return flow.error if flow.error is not None else flow.result


@_QUICK
@given(_asked, worlds())
def test_every_flow_ends_in_an_outcome_or_in_our_error(
    asked: tuple[str, str, str], world: AnyWorld
) -> None:
    """I-6: whatever comes from outside, after a bounded number of questions."""
    end = _end(world.play(_call(asked)))
    assert isinstance(end, AccessToken | Refusal | NotCached | SansioAuthError)
    if isinstance(end, SansioAuthError):
        assert end.correlation_id


@_QUICK
@given(_asked, worlds())
def test_the_same_answers_bring_the_same_questions(
    asked: tuple[str, str, str], world: AnyWorld
) -> None:
    """I-8: time, randomness and the world come in by answers alone."""
    twin = copy.deepcopy(world)
    assert world.play(_call(asked)).transcript == twin.play(_call(asked)).transcript


@_QUICK
@given(_asked, worlds(), st.data())
def test_every_beginning_of_a_transcript_rebuilds_the_flow_at_that_moment(
    asked: tuple[str, str, str], world: AnyWorld, data: st.DataObject
) -> None:
    """Replayed so far, the flow has the question pending that was answered next."""
    transcript = world.play(_call(asked)).transcript
    length = data.draw(st.integers(0, len(transcript.steps)))
    again = replay(_call(asked), Transcript(transcript.start, transcript.steps[:length]))
    following = transcript.steps[length:]
    assert again.pending == (following[0].effect if following else None)


def _texts_of(flow: Flow[Any]) -> list[str]:
    """Everything that a log, a debugger or a bug report might show of a flow."""
    shown: list[object] = [flow, flow.transcript, *flow.transcript.steps]
    for step in flow.transcript.steps:
        shown += [step.effect, *([] if isinstance(step.value, str) else [step.value])]
    end = _end(flow)
    shown.append(end)
    texts = [repr(it) for it in shown] + [str(it) for it in shown]
    if isinstance(end, BaseException):
        texts += traceback.format_exception(end)
        chained: BaseException | None = end
        while chained is not None:
            texts.append(repr(chained.args))
            chained = chained.__cause__
    return [*texts, mermaid(flow.transcript), text(flow.transcript)]


@_QUICK
@given(_asked, worlds())
def test_nothing_that_can_be_shown_holds_a_secret(
    asked: tuple[str, str, str], world: AnyWorld
) -> None:
    """I-7: repr and str of flow, transcript, effects, outcome and error; tracebacks; drawings."""
    call = _call(asked)
    flow = world.play(call)
    for shown in [*_texts_of(flow), repr(call), repr(call.request), repr(call.identity())]:
        for name, planted in PLANTED.items():
            assert planted not in shown, name


@_QUICK
@given(_asked, worlds())
def test_what_is_stored_shows_no_secret_either(
    asked: tuple[str, str, str], world: AnyWorld
) -> None:
    """I-7: partitions and their keys."""
    world.play(_call(asked))
    shown = repr(world.partitions)
    for name, planted in PLANTED.items():
        assert planted not in shown, name


def _quoting(status: int) -> HttpResponse:
    """An answer whose words quote the client's secret."""
    members = {"error": "invalid_grant", "error_description": f"told {PLANTED['client secret']}"}
    return HttpResponse(status, (), json.dumps(members).encode())


@_QUICK
@given(_asked, worlds())
@example(("client credentials", "assertion", GUID), AnyWorld([_quoting(200)]))
@example(("client credentials", "assertion", GUID), AnyWorld([_quoting(400)]))
@example(("client credentials", "assertion", GUID), AnyWorld([_quoting(429)]))
def test_no_pickle_holds_a_secret(asked: tuple[str, str, str], world: AnyWorld) -> None:
    """I-7: what holds one, or the provider's own words, refuses with a message that does not."""
    call = _call(asked)
    flow = world.play(call)
    end = _end(flow)
    values = [call, call.request, flow, flow.transcript, *flow.transcript.steps, end]
    values += [step.effect for step in flow.transcript.steps]
    values += [world.partitions, *world.partitions.values(), *world.partitions]
    for value in values:
        pickled = _pickled(value)
        for name, planted in PLANTED.items():
            assert planted.encode() not in pickled, name


def _pickled(value: object) -> bytes:
    try:
        return pickle.dumps(value)
    except (TypeError, AttributeError, pickle.PicklingError) as error:
        return str(error).encode()


@_QUICK
@given(_asked, worlds())
@example(("client credentials", "secret", GUID), AnyWorld([HttpResponse(429)]))
def test_no_answer_makes_a_flow_talk_for_ever(asked: tuple[str, str, str], world: AnyWorld) -> None:
    """I-5: a call makes at most a dozen requests, assertions and pauses included."""
    kinds = [type(step.effect).__name__ for step in world.play(_call(asked)).transcript.steps]
    assert kinds.count("SendHttp") <= 12
    assert kinds.count("GetAssertion") <= 16
    assert kinds.count("Sleep") <= kinds.count("SendHttp")


def test_a_step_remembers_when_it_was_answered() -> None:
    """So that a transcript can be drawn with its times."""
    world = AnyWorld([Failure("connect", sent=False)], pauses=[0.0, 0.0, 1.5])
    steps = world.play(CALLS["client credentials"](client())).transcript.steps
    assert all(isinstance(step, Step) for step in steps)
    assert [step.now for step in steps][:3] == sorted(step.now for step in steps)[:3]
