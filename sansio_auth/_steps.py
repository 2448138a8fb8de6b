"""The steps that grants are made of: load, discover, authenticate, exchange, save.

Each step is a script of its own, to be used with `yield from`; each keeps the conversation's few
moving parts (the time, what was noticed, what to report) in the `Conversation` it is given, which
belongs to one flow and is shared with nobody. All retries and holds of the library are here, and
nothing here knows one grant from another.
"""

from __future__ import annotations

from typing import Final

from attrs import define, evolve, field

from sansio_auth._assertion import unsigned_assertion
from sansio_auth._discovery import (
    instance_discovery_request,
    needs_instance_discovery,
    openid_configuration_request,
    read_instance_discovery,
    read_openid_configuration,
)
from sansio_auth._holds import held_refusal, hold_after, hold_key
from sansio_auth._seed import derive_fraction, derive_uuid
from sansio_auth._telemetry import Failed, Succeeded, Tally, Telemetry
from sansio_auth._token import TokenResponse, decode_part, read_token_response, refusal_of
from sansio_auth.authority import Endpoints, pinned
from sansio_auth.calls import TokenCall
from sansio_auth.credentials import AssertionCredential, CertificateCredential, ClientSecret
from sansio_auth.effects import (
    AssertionContext,
    Failure,
    GetAssertion,
    Load,
    Save,
    SendHttp,
    Sleep,
)
from sansio_auth.errors import AssertionFailed, AuthorityError, ResponseError, TransportError
from sansio_auth.flow import Script, Start, ask
from sansio_auth.partition import (
    EndpointsDropped,
    EndpointsFound,
    Fact,
    HoldPlaced,
    Knowledge,
    PartitionKey,
    Tokens,
)
from sansio_auth.results import Metadata, Refusal
from sansio_auth.wire import HttpRequest, HttpResponse, Pairs

__all__ = [
    "Conversation",
    "authenticate",
    "begin",
    "discover",
    "exchange",
    "load",
    "save",
    "send",
]

#: Characters of an assertion; a longer one is something else.
_MAX_ASSERTION: Final = 131_072
#: The assertion was outside its time range: a fresh one may be inside (AADSTS reference).
_ASSERTION_TIME: Final = 700024
_TENANT_NOT_FOUND: Final = 90002
_NOT_FOUND: Final = 404
_SERVER_ERROR: Final = 500
#: Seconds of jitter at most between two attempts.
_JITTER: Final = 0.2


@define
class Conversation:
    """The moving parts of one flow; `now` is the POSIX time of the newest answer."""

    call: TokenCall
    start: Start
    now: float
    correlation_id: str
    deadline: float
    requests: int = 0
    assertions: int = 0
    warnings: list[str] = field(factory=list[str])
    told: list[Failed | Succeeded] = field(factory=list[Failed | Succeeded])

    def warn(self, word: str) -> None:
        """Remember something to be told with the outcome, once."""
        if word not in self.warnings:
            self.warnings.append(word)

    def metadata(self, refusal: Refusal | None = None) -> Metadata:
        """Return what is to be told so far."""
        return Metadata(
            correlation_id=self.correlation_id,
            warnings=tuple(self.warnings),
            requests=self.requests,
            refusal=refusal,
        )

    @property
    def tally(self) -> Tally:
        """What is to be folded into the application's counters."""
        return tuple(self.told)


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
    """Fetch a token partition; a store that fails is an empty one and a warning (I-1)."""
    answer, talk.now = yield from ask(Load(key))
    if isinstance(answer, Tokens):
        return answer
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
    return answer if isinstance(answer, Knowledge) else Knowledge()


# --- the wire --------------------------------------------------------------------------------


#: Failures by which a transport says that the answer, not the world, was wrong.
_THEIR_FAULT: Final = frozenset({"body_too_large", "redirect_refused"})


def _failed(talk: Conversation, failure: Failure, stage: str) -> TransportError | ResponseError:
    """Return the error that a failed exchange is, chained to the transport's own exception."""
    error: TransportError | ResponseError
    if failure.kind in _THEIR_FAULT:
        error = ResponseError(
            f"{stage} response refused: {failure.kind}",
            code=failure.kind,
            correlation_id=talk.correlation_id,
            stage=stage,
        )
        error.__cause__ = failure.cause
        return error
    error = TransportError(
        f"{stage} request failed: {failure.kind}" + (f" ({failure.error})" * bool(failure.error)),
        kind=failure.kind,
        sent=failure.sent,
        correlation_id=talk.correlation_id,
        stage=stage,
    )
    error.__cause__ = failure.cause
    return error


def send(talk: Conversation, request: HttpRequest) -> Script[HttpResponse | Failure]:
    """Send one request with the time that is left; a failure to do so is an answer."""
    left = talk.deadline - talk.now
    if left <= 0:
        return Failure("deadline", sent=False)
    policy = talk.call.registration.policy
    answer, talk.now = yield from ask(
        SendHttp(evolve(request, timeout=left, max_bytes=policy.max_token_bytes))
    )
    talk.requests += 1
    return answer


def _may_retry(talk: Conversation, answer: HttpResponse | Failure, attempt: int) -> bool:
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


def _pause(talk: Conversation, attempt: int) -> Script[None]:
    """Sleep for the jitter between two attempts, never past the deadline."""
    jitter = _JITTER * derive_fraction(talk.start.seed, f"jitter {talk.requests} {attempt}")
    _, talk.now = yield from ask(Sleep(min(jitter, max(talk.deadline - talk.now, 0.0))))


def _fetch(talk: Conversation, request: HttpRequest) -> Script[HttpResponse]:
    """Send a discovery request, again where that may help; raise where nothing came back."""
    attempt = 0
    while True:
        answer = yield from send(talk, request)
        if not _may_retry(talk, answer, attempt):
            break
        yield from _pause(talk, attempt)
        attempt += 1
    if isinstance(answer, Failure):
        raise _failed(talk, answer, "discovery")
    return answer


# --- discovery -------------------------------------------------------------------------------


def discover(talk: Conversation, knowledge: Knowledge) -> Script[Endpoints]:
    """Return the authority's endpoints: computed, remembered for a day, or asked for.

    When asking fails, endpoints that are known but stale are used, with a warning.
    """
    registration = talk.call.registration
    if registration.endpoints is not None:
        return registration.endpoints
    age = talk.now - knowledge.found_at
    if knowledge.endpoints is not None and 0 <= age < registration.policy.discovery_life:
        return knowledge.endpoints
    try:
        endpoints = yield from _ask_authority(talk)
    except (AuthorityError, ResponseError, TransportError) as error:
        if knowledge.endpoints is None:
            error.correlation_id = talk.correlation_id
            raise
        talk.warn("discovery_failed")
        return knowledge.endpoints
    yield from learn(talk, EndpointsFound(endpoints, talk.now))
    return endpoints


def _ask_authority(talk: Conversation) -> Script[Endpoints]:
    registration = talk.call.registration
    authority, trusted = registration.authority, registration.trusted_hosts
    url: str | None = None
    if needs_instance_discovery(authority, validate=registration.validate_authority):
        instance = instance_discovery_request(authority, registration.instance_discovery)
        response = yield from _fetch(talk, instance)
        url = read_instance_discovery(authority, response)
        pinned(authority, url, "tenant_discovery_endpoint", trusted_hosts=trusted | _MICROSOFT)
    response = yield from _fetch(talk, openid_configuration_request(authority, url))
    return read_openid_configuration(authority, response, trusted_hosts=trusted)


#: Who may vouch for an unknown host: the public cloud, which instance discovery asks.
_MICROSOFT: Final = frozenset({"login.microsoftonline.com"})


# --- client authentication -------------------------------------------------------------------


def authenticate(talk: Conversation, endpoints: Endpoints, endpoint: str) -> Script[Pairs]:
    """Return the form fields that prove who the client is, with a fresh assertion if need be.

    The assertion's audience is the authority's own token endpoint, also when `endpoint`, where
    the request goes, is a regional one.
    """
    registration = talk.call.registration
    credential = registration.credential
    if credential is None:
        return registration.client_form
    if isinstance(credential, ClientSecret):
        return (*registration.client_form, ("client_secret", credential.secret.reveal()))
    claims = None
    if isinstance(credential, CertificateCredential):
        policy = registration.policy
        talk.assertions += 1
        if credential.expires_at is not None and credential.expires_at <= talk.now:
            talk.warn("certificate_expired")  # Entra decides; some tenants still accept it
        claims = unsigned_assertion(
            credential,
            client_id=registration.client_id,
            audience=endpoints.token,
            now=talk.now,
            life=policy.assertion_life,
            skew=policy.clock_skew,
            jti=derive_uuid(talk.start.seed, f"jti {talk.assertions}"),
            client_claims=registration.client_claims,
        )
    context = AssertionContext(
        client_id=registration.client_id,
        token_endpoint=endpoint,
        tenant=endpoints.realm,
        correlation_id=talk.correlation_id,
        fmi_path=next((value for name, value in talk.call.data if name == "fmi_path"), None),
    )
    answer, talk.now = yield from ask(GetAssertion(claims, context))
    text = _checked(talk, answer)
    if claims is None and _expired(text, talk.now):  # whoever keeps it may not have noticed
        answer, talk.now = yield from ask(GetAssertion(claims, context))
        text = _checked(talk, answer)
        if _expired(text, talk.now):
            raise _assertion_failed(talk, "gave an assertion that has expired")
    return (*registration.client_form, ("client_assertion", text))


def _expired(assertion: str, now: float) -> bool:
    """Whether an assertion says itself that it is over; one that cannot be read is not judged."""
    parts = assertion.split(".")
    claims = decode_part(parts[1]) if len(parts) == 3 else None  # noqa: PLR2004 - a compact JWS
    exp = None if claims is None else claims.get("exp")
    return isinstance(exp, int | float) and exp <= now


def _assertion_failed(talk: Conversation, why: str) -> AssertionFailed:
    return AssertionFailed(
        f"the client assertion's source {why}",
        code="assertion_failed",
        correlation_id=talk.correlation_id,
        stage="assertion",
    )


def _checked(talk: Conversation, answer: str | Failure) -> str:
    if isinstance(answer, str) and len(answer) <= _MAX_ASSERTION and answer.isascii():
        text = answer.strip()
        if text and text.isprintable() and " " not in text:
            return text
    if not isinstance(answer, Failure):
        raise _assertion_failed(talk, "gave no assertion")
    error = _assertion_failed(talk, "failed" + f" ({answer.error})" * bool(answer.error))
    error.__cause__ = answer.cause
    raise error


# --- the token endpoint ----------------------------------------------------------------------


def _headers(talk: Conversation, tokens: Tokens) -> Pairs:
    call, telemetry = talk.call, talk.start.telemetry
    refresh = call.cache_refresh(tokens, talk.now)
    return (
        *call.registration.headers,
        ("client-request-id", talk.correlation_id),
        ("x-client-current-telemetry", Telemetry.current(call.api_id, refresh)),
        ("x-client-last-telemetry", telemetry.last()),
    )


def _held(talk: Conversation, knowledge: Knowledge, keys: tuple[str, ...]) -> Refusal | None:
    for key in keys:
        hold = knowledge.holds.get(key)
        if hold is not None and hold.active(talk.now):
            return held_refusal(hold, refusal_of(hold.members, hold.status))
    return None


def exchange(
    talk: Conversation, knowledge: Knowledge, endpoints: Endpoints, tokens: Tokens, form: Pairs
) -> Script[TokenResponse | Refusal]:
    """Put one token request, with retries and holds, and return what its answer means.

    Raises `ResponseError`, `TransportError` or `AssertionFailed`.
    """
    call = talk.call
    identity = call.identity(knowledge)
    keys = (hold_key(identity), hold_key(identity, call.demand))
    held = _held(talk, knowledge, keys)
    if held is not None:
        if held.status < _SERVER_ERROR:
            talk.told.append(Failed(call.api_id, talk.correlation_id, held.error))
        return held
    headers = _headers(talk, tokens)
    attempt = 0
    renewed = False
    while True:
        proof = yield from authenticate(talk, endpoints, endpoints.token)
        request = HttpRequest("POST", endpoints.token, call.params, headers, (*form, *proof))
        answer = yield from send(talk, request)
        if _may_retry(talk, answer, attempt):
            yield from _pause(talk, attempt)
            attempt += 1
            continue
        result = yield from _meaning(talk, answer, keys)
        if renewed or not _wants_fresh_assertion(call, result):
            return result
        renewed = True


def _wants_fresh_assertion(call: TokenCall, result: TokenResponse | Refusal) -> bool:
    """Whether the assertion was refused for its time alone; a fresh one may be accepted once."""
    return (
        isinstance(result, Refusal)
        and _ASSERTION_TIME in result.error_codes
        and isinstance(
            call.registration.credential, CertificateCredential | AssertionCredential
        )
        and call.repeatable
    )


def _meaning(
    talk: Conversation, answer: HttpResponse | Failure, keys: tuple[str, str]
) -> Script[TokenResponse | Refusal]:
    """Read an answer, remember the hold it calls for, and count it."""
    call = talk.call
    if isinstance(answer, Failure):
        raise _failed(talk, answer, "token")
    policy = call.registration.policy
    result = read_token_response(answer, now=int(talk.now), policy=policy, scheme=call.scheme)
    if isinstance(result, TokenResponse):
        for word in result.warnings:
            talk.warn(word)
        talk.told.append(Succeeded())
        return result
    if result.status < _SERVER_ERROR:  # observed: MSAL counts answers it could read
        talk.told.append(Failed(call.api_id, talk.correlation_id, result.error))
    return (yield from _hold(talk, answer, result, keys))


def _hold(
    talk: Conversation, answer: HttpResponse, refusal: Refusal, keys: tuple[str, str]
) -> Script[Refusal]:
    policy = talk.call.registration.policy
    if refusal.status == _NOT_FOUND or _TENANT_NOT_FOUND in refusal.error_codes:
        yield from learn(talk, EndpointsDropped())
    hold, identical, readable = hold_after(refusal, answer, now=talk.now, policy=policy)
    if not readable:
        talk.warn("bad_retry_after")
    if hold is None:
        return refusal
    if identical and not talk.call.repeatable:
        return refusal
    if not _wants_fresh_assertion(talk.call, refusal) or not identical:
        key = keys[1] if identical else keys[0]
        yield from learn(talk, HoldPlaced(key, hold, policy.max_holds))
    return evolve(refusal, retry_at=hold.until)
