"""One token request: held or sent, retried or not, and what its answer means.

Everything about asking again is here: a hold stops a request before a credential is touched, a
connection failure or a 5xx may be tried again, an assertion refused for its time is made anew once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attrs import evolve

from sansio_auth._later import later
from sansio_auth._seed import derive_fraction
from sansio_auth._steps.authentication import authenticate, secret_proof
from sansio_auth._steps.conversation import (
    Conversation,
    correlation,
    failed,
    learn,
    may_retry,
    pause,
    send,
    token_request,
)
from sansio_auth._steps.region import is_regional, locate
from sansio_auth._telemetry import Failed, Succeeded, Telemetry
from sansio_auth._token import TokenResponse, read_token_response, refusal_of
from sansio_auth.authority import Endpoints
from sansio_auth.calls import TokenCall
from sansio_auth.credentials import AssertionCredential, CertificateCredential
from sansio_auth.effects import Failure
from sansio_auth.flow import Script
from sansio_auth.partition import Knowledge, Tokens
from sansio_auth.registration import fits_header
from sansio_auth.results import Refusal
from sansio_auth.wire import HttpResponse, Pairs

if TYPE_CHECKING:
    from sansio_auth import _holds
else:
    _holds = later("sansio_auth._holds")

__all__ = ["exchange"]

#: The assertion was outside its time range: a fresh one may be inside (AADSTS reference).
_ASSERTION_TIME: Final = 700024
_TENANT_NOT_FOUND: Final = 90002
_NOT_FOUND: Final = 404
_SERVER_ERROR: Final = 500
_SUCCEEDED: Final = Succeeded()
#: What the server said of the token's life is unreadable.
_NO_END: Final = "bad_expires_in"
#: The part of the time until a refresh by which it may be put off.
_SPREAD: Final = 20


def _headers(talk: Conversation, tokens: Tokens) -> Pairs:
    """Return who asks, why, and how earlier requests went."""
    call = talk.call
    registration = call.registration
    headers = (*registration.headers, *correlation(talk))
    if registration.policy.send_telemetry:
        why = call.cache_refresh(tokens, talk.now)
        headers += (
            ("x-client-current-telemetry", Telemetry.current(call.api_id, why)),
            ("x-client-last-telemetry", talk.start.telemetry.last()),
        )
    anchor = call.anchor
    if anchor and fits_header(anchor):
        return (*headers, ("X-AnchorMailbox", anchor))
    return headers


def _hold_keys(call: TokenCall, knowledge: Knowledge) -> tuple[str, str]:
    """Under what a refusal is remembered: for the identity, and for it and this demand."""
    identity = call.identity(knowledge)
    return _holds.hold_key(identity), _holds.hold_key(identity, call.demand)


def _held(talk: Conversation, knowledge: Knowledge) -> Refusal | None:
    if not knowledge.holds:
        return None
    for key in _hold_keys(talk.call, knowledge):
        hold = knowledge.holds.get(key)
        if hold is not None and hold.active(talk.now):
            return _holds.held_refusal(hold, refusal_of(hold.members, hold.status))
    return None


def exchange(
    talk: Conversation, knowledge: Knowledge, endpoints: Endpoints, tokens: Tokens, form: Pairs
) -> Script[TokenResponse | Refusal]:
    """Put one token request, with retries and holds, and return what its answer means.

    It goes to the regional endpoint, if there is one, and where that fails to the central one.
    Raises `ResponseError`, `TransportError` or `AssertionFailed`.
    """
    call = talk.call
    held = _held(talk, knowledge)
    if held is not None:
        if held.status < _SERVER_ERROR:
            talk.tell(Failed(call.api_id, talk.correlation_id, held.error))
        return held
    question = (_headers(talk, tokens), form)
    place = endpoints.token
    if is_regional(call):
        places = yield from locate(talk, knowledge, endpoints)
        place, answer = yield from _ask_around(talk, endpoints, places, question)
    else:
        answer = yield from _put(talk, endpoints, place, question)
    anew = False
    while True:
        if isinstance(answer, Failure):
            raise failed(talk, answer, "token")
        result = _meaning(talk, answer)
        if isinstance(result, TokenResponse):
            return result
        result = yield from _remember(talk, answer, result, knowledge)
        if anew or not _wants_fresh_assertion(call, result):
            return result
        anew = True
        answer = yield from _put(talk, endpoints, place, question)


def _ask_around(
    talk: Conversation, endpoints: Endpoints, places: tuple[str, ...], question: tuple[Pairs, Pairs]
) -> Script[tuple[str, HttpResponse | Failure]]:
    """Return which place answered, and what: a region that is out of order is passed over."""
    *regional, central = places
    for place in regional:
        answer = yield from _put(talk, endpoints, place, question)
        if not _out_of_order(answer):
            return place, answer
        talk.warn("region_failed")
    return central, (yield from _put(talk, endpoints, central, question))


def _put(
    talk: Conversation, endpoints: Endpoints, place: str, question: tuple[Pairs, Pairs]
) -> Script[HttpResponse | Failure]:
    """Send the request to one place, again where that may help, each time with fresh proof."""
    headers, form = question
    attempt = 0
    while True:
        proof = secret_proof(talk.call.registration)
        if proof is None:
            proof = yield from authenticate(talk, endpoints, place)
        request = token_request(talk, place, headers, (*form, *proof))
        answer = yield from send(talk, request)
        if not may_retry(talk, answer, attempt):
            return answer
        yield from pause(talk, attempt)
        attempt += 1


def _out_of_order(answer: HttpResponse | Failure) -> bool:
    """Whether a regional endpoint did not do its work, so that the central one is to be asked."""
    if isinstance(answer, Failure):
        return answer.kind != "deadline"
    return answer.status >= _SERVER_ERROR


def _wants_fresh_assertion(call: TokenCall, refusal: Refusal) -> bool:
    """Whether the assertion was refused for its time alone; a fresh one may be accepted once."""
    return (
        _ASSERTION_TIME in refusal.error_codes
        and isinstance(call.registration.credential, CertificateCredential | AssertionCredential)
        and not call.one_time
    )


def _meaning(talk: Conversation, answer: HttpResponse) -> TokenResponse | Refusal:
    """Read an answer, and count it."""
    call = talk.call
    policy = call.registration.policy
    result = read_token_response(answer, now=int(talk.now), policy=policy, scheme=call.scheme)
    if isinstance(result, TokenResponse):
        result = _arrived(talk, result)
        for word in result.warnings:
            talk.warn(word)
        talk.tell(_SUCCEEDED)
        return result if result.refresh_on is None else _spread(talk, result, result.refresh_on)
    if result.status < _SERVER_ERROR:  # observed: MSAL counts answers it could read
        talk.tell(Failed(call.api_id, talk.correlation_id, result.error))
    return result


def _arrived(talk: Conversation, token: TokenResponse) -> TokenResponse:
    """Return a response, marked where its access token ended on the way: that is nobody's.

    Where the server says only how long it lives, that begins when it was asked for, at the
    earliest. A token that was over before that is the server's word, and is told as such.
    """
    asked, now = talk.asked_at, talk.now
    absolute = token.members.get("expires_in") is None and "expires_on" in token.members
    life = token.expires_on - int(now)  # of an unlikely length, where it is none
    end = token.expires_on if absolute else asked + max(life, 0)
    if not asked < end <= now or _NO_END in token.warnings:
        return token
    return evolve(token, late=True, cacheable=False)


def _spread(talk: Conversation, token: TokenResponse, due: int) -> TokenResponse:
    """Return a token that is due a little later, so that not all of its moment are due at once.

    It keeps at least half of the time that there is for its refresh.
    """
    policy = talk.call.registration.policy
    left = token.expires_on - policy.early_expiry - due
    most = min(policy.refresh_spread, (due - int(talk.now)) // _SPREAD, left // 2)
    if most <= 0:
        return token
    later = int((most + 1) * derive_fraction(talk.start.seed, "refresh"))
    return evolve(token, refresh_on=due + later)


def _remember(
    talk: Conversation, answer: HttpResponse, refusal: Refusal, knowledge: Knowledge
) -> Script[Refusal]:
    """Remember the hold that a refusal calls for."""
    policy = talk.call.registration.policy
    if refusal.status == _NOT_FOUND or _TENANT_NOT_FOUND in refusal.error_codes:
        from sansio_auth.partition import EndpointsDropped

        yield from learn(talk, EndpointsDropped())
    hold, identical, readable = _holds.hold_after(refusal, answer, now=talk.now, policy=policy)
    if not readable:
        talk.warn("bad_retry_after")
    if hold is None:
        return refusal
    call = talk.call
    if identical and (call.one_time or _wants_fresh_assertion(call, refusal)):
        return refusal  # the next request will not be identical
    key = _hold_keys(call, knowledge)[identical]
    from sansio_auth.partition import HoldPlaced

    yield from learn(talk, HoldPlaced(key, hold, policy.max_holds))
    return evolve(refusal, retry_at=hold.until)
