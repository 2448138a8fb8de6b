"""One flow's moving parts, and the plain questions: partitions, requests, pauses.

A `Conversation` belongs to one flow and is shared with nobody. Every step asks through here, so
the time, the number of requests and what was noticed on the way are kept in one place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from attrs import define, evolve

from sansio_auth._seed import derive_fraction, derive_uuid
from sansio_auth._telemetry import Failed, Succeeded, Tally
from sansio_auth.calls import TokenCall
from sansio_auth.effects import Failure, Load, Save, SendHttp, Sleep
from sansio_auth.errors import (
    ConfigurationError,
    ResponseError,
    SansioAuthError,
    TransportError,
)
from sansio_auth.flow import Script, Start, ask
from sansio_auth.partition import Knowledge, PartitionKey, Tokens
from sansio_auth.policy import Policy
from sansio_auth.results import Metadata, Refusal
from sansio_auth.wire import HttpRequest, HttpResponse, Pairs

if TYPE_CHECKING:
    from sansio_auth.partition import Fact

__all__ = [
    "Conversation",
    "begin",
    "bounded",
    "correlation",
    "failed",
    "learn",
    "load",
    "load_knowledge",
    "may_retry",
    "pause",
    "save",
    "send",
    "token_request",
]

_SERVER_ERROR: Final = 500
#: Seconds of jitter at most between two attempts.
_JITTER: Final = 0.2


@define(eq=False, repr=False)
class Conversation:
    """The moving parts of one flow; `now` is the POSIX time of the newest answer.

    `asked_at` is the time at which the newest request went out.
    """

    call: TokenCall
    start: Start
    now: float
    correlation_id: str
    deadline: float
    asked_at: float = 0.0
    requests: int = 0
    assertions: int = 0
    warnings: tuple[str, ...] = ()
    #: What is to be folded into the application's counters.
    tally: Tally = ()

    def warn(self, word: str) -> None:
        """Remember something to be told with the outcome, once."""
        if word not in self.warnings:
            self.warnings += (word,)

    def tell(self, entry: Failed | Succeeded) -> None:
        """Count an answer of the identity provider."""
        self.tally += (entry,)

    def metadata(self, refusal: Refusal | None = None) -> Metadata:
        """Return what is to be told so far."""
        return Metadata(
            correlation_id=self.correlation_id,
            warnings=self.warnings,
            requests=self.requests,
            refusal=refusal,
        )


def begin(call: TokenCall, start: Start) -> Conversation:
    """Return the conversation of a call that begins now."""
    return Conversation(
        call=call,
        start=start,
        now=start.now,
        correlation_id=call.correlation_id or derive_uuid(start.seed, "correlation id"),
        deadline=start.now + call.registration.policy.call_deadline,
    )


# --- partitions ------------------------------------------------------------------------------


def load(talk: Conversation, key: PartitionKey) -> Script[Tokens]:
    """Fetch a token partition; a store that fails is an empty one and a warning (I-1).

    For a strict client it is a `TransportError`.
    """
    answer, talk.now = yield from ask(Load(key))
    if isinstance(answer, Tokens):
        return answer
    if talk.call.registration.policy.strict_store and isinstance(answer, Failure):
        raise failed(talk, answer, "store")
    talk.warn("store_load_failed")
    return Tokens()


def load_knowledge(talk: Conversation) -> Script[Knowledge]:
    """Fetch what is known about the call's authority."""
    answer, talk.now = yield from ask(Load(talk.call.knowledge_key))
    if isinstance(answer, Knowledge):
        return answer
    talk.warn("knowledge_load_failed")
    return Knowledge()


def save(
    talk: Conversation, changes: tuple[tuple[PartitionKey, tuple[Fact, ...]], ...]
) -> Script[None]:
    """Store facts; a store that fails costs a warning and never the token (I-2)."""
    answer, talk.now = yield from ask(Save(changes))
    if isinstance(answer, Failure):
        talk.warn("store_save_failed")


def learn(talk: Conversation, fact: Fact) -> Script[Knowledge]:
    """Store a fact about the authority and return what is known now."""
    answer, talk.now = yield from ask(Save(((talk.call.knowledge_key, (fact,)),)))
    if isinstance(answer, Knowledge):
        return answer
    talk.warn("knowledge_save_failed")
    return Knowledge()


# --- the wire --------------------------------------------------------------------------------

#: Failures by which a transport says that the answer, not the world, was wrong.
_THEIR_FAULT: Final = frozenset({"body_too_large", "redirect_refused"})


#: What the caller can do where nobody else can.
_REMEDIES: Final[Mapping[str, str]] = {
    "closed": "; the HTTP client was closed: make an application with one that is open"
}


def failed(talk: Conversation, failure: Failure, stage: str) -> SansioAuthError:
    """Return the error that a failed exchange is, chained to the transport's own exception."""
    error: SansioAuthError
    if failure.kind in _THEIR_FAULT:
        error = ResponseError(f"{stage} response refused: {failure.kind}", code=failure.kind)
    elif failure.kind == "client_certificate":
        error = ConfigurationError(
            f"the {stage} endpoint asks for a client certificate, and the transport has none to"
            " present: pass an http_client that has one, such as a requests.Session with `cert`",
            code="adapter_lacks_client_cert",
        )
    else:
        error = TransportError(
            ("the token store failed" if stage == "store" else f"{stage} request failed")
            + f": {failure.kind}"
            + (f" ({failure.error})" * bool(failure.error))
            + _REMEDIES.get(failure.kind, ""),
            kind=failure.kind,
            sent=failure.sent,
        )
    error.correlation_id, error.stage = talk.correlation_id, stage
    error.__cause__ = failure.cause
    return error


def _time_left(talk: Conversation, policy: Policy) -> float:
    left = talk.deadline - talk.now
    return min(left, policy.call_deadline)  # set back: adds nothing


def bounded(talk: Conversation, request: HttpRequest) -> HttpRequest:
    """Return a request with the time that is left for it, and the cap of its answer."""
    policy = talk.call.registration.policy
    return evolve(request, timeout=_time_left(talk, policy), max_bytes=policy.max_token_bytes)


def token_request(talk: Conversation, url: str, headers: Pairs, form: Pairs) -> HttpRequest:
    """Return a token request, with the same bounds."""
    call = talk.call
    policy = call.registration.policy
    left, most = _time_left(talk, policy), policy.max_token_bytes
    return HttpRequest("POST", url, call.params, headers, form, left, most)


def correlation(talk: Conversation) -> Pairs:
    """Return the header that names the request; a client that says nothing of itself has none.

    A caller who passes an id wants it sent.
    """
    if talk.call.registration.policy.send_telemetry or talk.call.correlation_id is not None:
        return (("client-request-id", talk.correlation_id),)
    return ()


def send(talk: Conversation, request: HttpRequest) -> Script[HttpResponse | Failure]:
    """Send a request with its bounds; a failure to do so is an answer."""
    if request.timeout <= 0:
        return Failure("deadline", sent=False)
    talk.asked_at = talk.now
    answer, talk.now = yield from ask(SendHttp(request))
    talk.requests += 1
    return answer


def may_retry(talk: Conversation, answer: HttpResponse | Failure, attempt: int) -> bool:
    """A connection failure or a 5xx without Retry-After, while attempts and time are left."""
    if attempt >= talk.call.registration.policy.retries or talk.now >= talk.deadline:
        return False
    if isinstance(answer, Failure):
        if not talk.call.repeatable and answer.sent:
            return False  # a one-time grant that may have arrived is spent
        return answer.kind in {"connect", "incomplete", "unknown"}
    return (
        answer.status >= _SERVER_ERROR
        and answer.header("retry-after") is None
        and talk.call.repeatable
    )


def pause(talk: Conversation, attempt: int) -> Script[None]:
    """Sleep for the jitter between two attempts, never past the deadline."""
    jitter = _JITTER * derive_fraction(talk.start.seed, f"jitter {talk.requests} {attempt}")
    _, talk.now = yield from ask(Sleep(min(jitter, max(talk.deadline - talk.now, 0.0))))
