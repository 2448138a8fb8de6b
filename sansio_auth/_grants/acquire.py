"""The plot that every grant with a cache shares: look, ask, store; and never lose what works.

A grant adds two things of its own: the form it sends, and the facts that its answer amounts to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from attrs import evolve

from sansio_auth._steps import (
    Conversation,
    begin,
    discover,
    exchange,
    load,
    load_knowledge,
    save,
)
from sansio_auth._token import TokenResponse
from sansio_auth.authority import Endpoints
from sansio_auth.calls import TokenCall
from sansio_auth.errors import SansioAuthError, TransportError
from sansio_auth.flow import Ended, Script, Start
from sansio_auth.partition import AccessRow, Knowledge, PartitionKey, Tokens, access_token_of
from sansio_auth.results import AccessToken, Outcome, Refusal
from sansio_auth.wire import Pairs

if TYPE_CHECKING:
    from sansio_auth.partition import Fact

__all__ = [
    "Changes",
    "acquire",
    "attributed",
    "fresh",
    "look",
    "refused",
    "request_form",
    "row_of",
    "target_of",
]

Changes: TypeAlias = "tuple[tuple[PartitionKey, tuple[Fact, ...]], ...]"
C = TypeVar("C", bound=TokenCall)


def target_of(response: TokenResponse, requested: tuple[str, ...]) -> str:
    """Return the scopes of a fresh token: the granted ones, else those that were requested."""
    return " ".join(requested if response.scopes is None else response.scopes)


def row_of(response: TokenResponse, now: float, target: str) -> AccessRow | None:
    """Return the row of a fresh token, None for one whose life is over or unreadable."""
    if not response.cacheable:
        return None
    return (
        response.access_token.reveal(),
        response.token_type,
        target,
        int(now),
        response.expires_on,
        response.extended_expires_on,
        response.refresh_on,
    )


def request_form(call: TokenCall, grant: str, own: Pairs, scopes: tuple[str, ...]) -> Pairs:
    """Return the body fields of a request, without those that prove who the client is.

    A grant's own fields go over the caller's extra ones; empty ones are left out. Scopes are
    sorted and sent as the caller wrote them; `client_info` is MSAL's habit.
    """
    fields = (
        ("client_id", call.registration.client_id),
        ("grant_type", grant),
        *own,
        ("scope", " ".join(scopes)),
        ("client_info", "1"),
        ("claims", call.claims or ""),
    )
    if call.data:
        fields = tuple({**dict(call.data), **dict(fields)}.items())
    return tuple([pair for pair in fields if pair[1]])


def fresh(
    talk: Conversation, response: TokenResponse, requested: tuple[str, ...], mine: Tokens
) -> AccessToken:
    """Return the outcome that a fresh token is.

    One that was over when it came is none: then a stored one that works is, or it is an error.
    """
    if response.late:
        row = talk.call.usable(mine, talk.now)
        if row is None:
            raise TransportError(
                "the token response was under way for longer than its token lives: ask again, and"
                " see whether the clock was set or the machine asleep meanwhile",
                kind="deadline",
                code="late_response",
                correlation_id=talk.correlation_id,
                stage="token",
            )
        talk.warn("refresh_failed")
        return access_token_of(row, talk.metadata())
    return AccessToken(
        token=response.access_token,
        token_type=response.token_type,
        expires_on=response.expires_on,
        refresh_on=response.refresh_on,
        scopes=requested if response.scopes is None else response.scopes,
        home_account_id=response.user.home_account_id,
        response=response.members,
        id_token_claims=response.user.id_token_claims,
        metadata=talk.metadata(),
    )


def acquire(
    call: C,
    start: Start,
    form: Pairs,
    changes: Callable[[C, Endpoints, TokenResponse, float], Changes],
) -> Script[Ended[Outcome]]:
    """Return a token from the cache, else ask for one, store it, and return that.

    Whatever goes wrong on the way, a token that can still be used is returned in its place (I-1).
    """
    talk = begin(call, start)
    knowledge = yield from load_knowledge(talk)
    mine = yield from look(talk, call, knowledge)
    if call.registration.authority.shared:  # whose home is elsewhere gets another tenant's token
        talk.warn("shared_tenant")
    if (row := call.ready(mine, talk.now)) is not None:
        return Ended(access_token_of(row, talk.metadata()))
    try:
        endpoints = call.registration.endpoints or (yield from discover(talk, knowledge))
        if call.realm(knowledge) != endpoints.realm:  # it has become known only now
            knowledge = evolve(knowledge, endpoints=endpoints)
            mine = yield from look(talk, call, knowledge)
            if (row := call.ready(mine, talk.now)) is not None:
                return Ended(access_token_of(row, talk.metadata()))
        answer = yield from exchange(talk, knowledge, endpoints, mine, form)
        filed = () if isinstance(answer, Refusal) else changes(call, endpoints, answer, talk.now)
    except SansioAuthError as error:
        if (row := call.usable(mine, talk.now)) is not None:
            talk.warn("refresh_failed")
            return Ended(access_token_of(row, talk.metadata()), talk.tally)
        raise attributed(talk, error) from error.__cause__
    if isinstance(answer, Refusal):
        return Ended(refused(talk, call.usable(mine, talk.now), answer), talk.tally)
    if filed:
        yield from save(talk, filed)
    else:
        talk.warn("not_cached")  # nobody said whose token it is
    return Ended(fresh(talk, answer, call.scopes, mine), talk.tally)


def look(talk: Conversation, call: TokenCall, knowledge: Knowledge) -> Script[Tokens]:
    """Fetch what is kept for a call; nothing while its realm is not known."""
    key = call.partition_key(knowledge)
    return Tokens() if key is None else (yield from load(talk, key))


def attributed(talk: Conversation, error: SansioAuthError) -> SansioAuthError:
    """Return the error with the flow's correlation id, unless it has one."""
    if error.correlation_id is None:
        error.correlation_id = talk.correlation_id
    return error


def refused(talk: Conversation, row: AccessRow | None, refusal: Refusal) -> Outcome:
    """Return the outcome of a refusal: the token that still works, where there is one."""
    if row is None:
        return evolve(refusal, metadata=talk.metadata())
    talk.warn("refresh_refused")
    return access_token_of(row, talk.metadata(refusal))
