"""One flow's moving parts, and the plain questions."""

from __future__ import annotations

from typing import Any, Final

import pytest
from attrs import evolve

from sansio_auth import (
    ClientSecret,
    ConfidentialClient,
    ConfigurationError,
    Failure,
    HttpRequest,
    HttpResponse,
    Load,
    Policy,
    ResponseError,
    Save,
    Secret,
    SendHttp,
    Sleep,
    Tokens,
    TransportError,
    parse_authority,
)
from sansio_auth._seed import derive_fraction, derive_uuid
from sansio_auth._steps.conversation import (
    Conversation,
    begin,
    bounded,
    correlation,
    failed,
    learn,
    load,
    load_knowledge,
    may_retry,
    pause,
    save,
    send,
    token_request,
)
from sansio_auth._telemetry import Succeeded, Telemetry
from sansio_auth.flow import Start
from sansio_auth.partition import AppKey, Knowledge, RegionFound
from sansio_auth.results import Metadata, Refusal

_SEED: Final = bytes(range(32))
_KEY: Final = AppKey("h", "t", "c")
_CLIENT: Final = ConfidentialClient(
    client_id="c",
    authority=parse_authority("https://login.microsoftonline.com/contoso.com"),
    credential=ClientSecret(Secret("s")),
)
_FAILURE: Final = Failure("store", error="KeyError")


def _talk(policy: Policy | None = None, **options: Any) -> Conversation:
    by = evolve(_CLIENT, policy=policy or Policy())
    call = by.acquire_token_for_client(["s/.default"], **options).request
    return begin(call, Start(100.0, _SEED, Telemetry()))


def _ask(script: Any, answer: object, now: float = 107.0) -> tuple[Any, Any]:
    """Return the one question that a step asks, and what it makes of the answer."""
    question = next(script)
    with pytest.raises(StopIteration) as ended:
        script.send((answer, now))
    return question, ended.value.value


def test_a_conversation_begins_with_a_deadline_and_an_id() -> None:
    """The caller's id, or one that the seed gives."""
    talk = _talk()
    assert (talk.now, talk.deadline, talk.requests, talk.assertions) == (100.0, 130.0, 0, 0)
    assert talk.correlation_id == derive_uuid(_SEED, "correlation id")
    assert _talk(correlation_id="mine").correlation_id == "mine"
    assert (talk.tally, talk.metadata()) == ((), Metadata(correlation_id=talk.correlation_id))


@pytest.mark.parametrize(
    ("told", "mine", "names"), [(True, None, True), (False, None, False), (False, "mine", True)]
)
def test_a_request_is_named_unless_nobody_wants_that(
    mine: str | None, *, told: bool, names: bool
) -> None:
    """An id that the caller passed is wanted."""
    talk = _talk(Policy(send_telemetry=told), correlation_id=mine)
    assert correlation(talk) == ((("client-request-id", talk.correlation_id),) if names else ())


def test_what_was_noticed_is_told_once() -> None:
    """In the order in which it was noticed, with what was counted."""
    talk = _talk()
    for word in ("b", "a", "b"):
        talk.warn(word)
    talk.requests = 2
    talk.tell(Succeeded())
    refusal = Refusal(error="e", status=400)
    told = talk.metadata(refusal)
    assert (told.warnings, told.requests, told.refusal) == (("b", "a"), 2, refusal)
    assert talk.tally == (Succeeded(),)


# --- partitions --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "expected", "warnings"),
    [
        (Tokens(home_account_id="u"), Tokens(home_account_id="u"), []),
        (_FAILURE, Tokens(), ["store_load_failed"]),
    ],
)
def test_a_store_that_fails_is_an_empty_partition(
    answer: object, expected: Tokens, warnings: list[str]
) -> None:
    """I-1; the time of the answer is the time."""
    talk = _talk()
    question, found = _ask(load(talk, _KEY), answer)
    assert (question, found) == (Load(_KEY), expected)
    assert (talk.warnings, talk.now) == (tuple(warnings), 107.0)


def test_a_strict_policy_will_not_do_without_the_store() -> None:
    """Then what it cannot load is an error, chained to the store's own."""
    talk, cause = _talk(Policy(strict_store=True), correlation_id="mine"), OSError("x")
    script = load(talk, _KEY)
    assert next(script) == Load(_KEY)
    with pytest.raises(TransportError) as caught:
        script.send((Failure("store", error="OSError", cause=cause), 107.0))
    assert str(caught.value) == "the token store failed: store (OSError)"
    assert (caught.value.kind, caught.value.stage) == ("store", "store")
    assert caught.value.__cause__ is cause


@pytest.mark.parametrize(
    ("answer", "expected", "warnings"),
    [
        (Knowledge(region="r"), Knowledge(region="r"), ([], [])),
        (_FAILURE, Knowledge(), (["knowledge_load_failed"], ["knowledge_save_failed"])),
    ],
)
def test_nothing_known_is_where_one_begins(
    answer: object, expected: Knowledge, warnings: tuple[list[str], list[str]]
) -> None:
    """Whether it was asked for, or told and asked for."""
    talk, fact = _talk(), RegionFound("r")
    key = talk.call.knowledge_key
    assert _ask(load_knowledge(talk), answer) == (Load(key), expected)
    assert (talk.warnings, talk.now) == (tuple(warnings[0]), 107.0)
    talk = _talk()
    assert _ask(learn(talk, fact), answer) == (Save(((key, (fact,)),)), expected)
    assert (talk.warnings, talk.now) == (tuple(warnings[1]), 107.0)


@pytest.mark.parametrize(
    ("answer", "warnings"), [(Tokens(), []), (_FAILURE, ["store_save_failed"])]
)
def test_what_cannot_be_stored_costs_a_warning(answer: object, warnings: list[str]) -> None:
    """I-2."""
    talk, changes = _talk(), ((_KEY, (RegionFound(None),)),)
    assert _ask(save(talk, changes), answer) == (Save(changes), None)
    assert (talk.warnings, talk.now) == (tuple(warnings), 107.0)


# --- the wire ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("now", "left"), [(100.0, 30.0), (129.0, 1.0), (50.0, 30.0)])
def test_a_request_is_told_how_much_time_and_room_there_is(now: float, left: float) -> None:
    """What is left of the deadline; a clock that was set back adds nothing."""
    talk, request = _talk(), HttpRequest("POST", "https://h/t")
    talk.now = now
    answer = HttpResponse(200)
    question, found = _ask(send(talk, bounded(talk, request)), answer)
    assert question == SendHttp(evolve(request, timeout=left, max_bytes=1 << 20))
    asked = token_request(talk, "https://h/t", (("a", "b"),), (("c", "d"),))
    assert (asked.timeout, asked.max_bytes) == (talk.deadline - 107.0, 1 << 20)
    assert (asked.headers, asked.form) == ((("a", "b"),), (("c", "d"),))
    assert (found, talk.requests, talk.now) == (answer, 1, 107.0)


def test_no_time_left_sends_nothing() -> None:
    """And that is a failure like others."""
    talk = _talk()
    talk.now = 130.0
    with pytest.raises(StopIteration) as ended:
        next(send(talk, bounded(talk, HttpRequest("POST", "https://h/t"))))
    assert ended.value.value == Failure("deadline", sent=False)
    assert talk.requests == 0


@pytest.mark.parametrize("kind", ["body_too_large", "redirect_refused"])
def test_an_answer_that_is_wrong_is_their_error(kind: Any) -> None:
    """Chained to the transport's own."""
    talk, cause = _talk(correlation_id="mine"), OSError("x")
    error = failed(talk, Failure(kind, cause=cause), "token")
    assert isinstance(error, ResponseError)
    assert str(error) == f"token response refused: {kind}"
    assert (error.code, error.stage, error.correlation_id) == (kind, "token", "mine")
    assert error.__cause__ is cause


def test_a_client_certificate_that_is_asked_for_is_the_callers_to_give() -> None:
    """No transport can make one up."""
    talk, cause = _talk(correlation_id="mine"), OSError("x")
    error = failed(talk, Failure("client_certificate", cause=cause), "token")
    assert isinstance(error, ConfigurationError)
    assert "asks for a client certificate" in str(error)
    assert (error.code, error.stage) == ("adapter_lacks_client_cert", "token")
    assert (error.correlation_id, error.__cause__) == ("mine", cause)


@pytest.mark.parametrize(
    ("failure", "message"),
    [
        (Failure("connect", sent=False), "token request failed: connect"),
        (Failure("tls", error="SSLError"), "token request failed: tls (SSLError)"),
        (
            Failure("closed", sent=False, error="RuntimeError"),
            (
                "token request failed: closed (RuntimeError); the HTTP client was closed: make an"
                " application with one that is open"
            ),
        ),
    ],
)
def test_a_world_that_fails_is_told_by_kind_and_type(failure: Failure, message: str) -> None:
    """And with a remedy where there is one; chained too."""
    cause = OSError("x")
    error = failed(_talk(correlation_id="mine"), evolve(failure, cause=cause), "token")
    assert isinstance(error, TransportError)
    assert str(error) == message
    assert (error.kind, error.sent) == (failure.kind, failure.sent)
    assert (error.stage, error.correlation_id, error.__cause__) == ("token", "mine", cause)


@pytest.mark.parametrize(
    ("answer", "repeatable", "again"),
    [
        (Failure("connect"), True, True),
        (Failure("incomplete"), True, True),
        (Failure("unknown"), True, True),
        (Failure("timeout"), True, False),
        (Failure("connect", sent=True), False, False),
        (Failure("connect", sent=False), False, True),
        (HttpResponse(500), True, True),
        (HttpResponse(499), True, False),
        (HttpResponse(503, (("Retry-After", "1"),)), True, False),
        (HttpResponse(503), False, False),
    ],
)
def test_what_may_pass_by_itself_may_be_tried_again(
    answer: Any, *, repeatable: bool, again: bool
) -> None:
    """What may be spent is not sent twice; attempts and time are counted."""
    talk = _talk()
    if not repeatable:
        talk.call = _CLIENT.acquire_token_by_refresh_token("rt", ["s"]).request
    assert may_retry(talk, answer, 0) is again
    assert not may_retry(talk, answer, 1)
    talk.now = 130.0
    assert not may_retry(talk, answer, 0)


def test_a_pause_is_a_moment_within_the_deadline() -> None:
    """Of a length that the seed gives, another one for another attempt."""
    talk = _talk()
    talk.requests = 3
    jitters = [0.2 * derive_fraction(_SEED, f"jitter 3 {attempt}") for attempt in range(2)]
    for attempt in range(2):
        question, _ = _ask(pause(talk, attempt), None)
        assert question == Sleep(jitters[attempt])
        assert talk.now == 107.0
    for now, left in ((talk.deadline - jitters[0] / 2, jitters[0] / 2), (131.0, 0.0)):
        talk.now = now
        question, _ = _ask(pause(talk, 0), None)
        assert question.seconds == pytest.approx(left)
