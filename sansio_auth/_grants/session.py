"""On behalf of a user for longer than their assertion lives.

A session is begun with the assertion; from then on its key finds the token, and the refresh token
that came with it gets the next one. Observed in MSAL.NET, whose Python sibling has no such thing.
"""

from __future__ import annotations

from attrs import evolve

from sansio_auth._grants.acquire import acquire, attributed, fresh, look, refused, request_form
from sansio_auth._grants.filing import under_assertion
from sansio_auth._steps import Conversation, begin, discover, exchange, load_knowledge, save
from sansio_auth._steps.conversation import failed
from sansio_auth._token import TokenResponse
from sansio_auth.authority import Endpoints
from sansio_auth.effects import Failure, Save
from sansio_auth.errors import SansioAuthError
from sansio_auth.flow import Ended, Script, Start, ask
from sansio_auth.partition import Dropped, Knowledge, Tokens, access_token_of
from sansio_auth.results import NotCached, Outcome, Refusal
from sansio_auth.user_calls import SessionBegin, SessionCall

__all__ = ["session_begin", "session_token", "stop_session"]


def session_begin(call: SessionBegin, start: Start) -> Script[Ended[Outcome]]:
    """Redeem the user's assertion and keep what comes of it under the session's key."""
    own = (
        ("assertion", call.user_assertion.reveal()),
        ("requested_token_use", "on_behalf_of"),
    )
    grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    form = request_form(call, grant, own, call.requested)
    return (yield from acquire(call, start, form, under_assertion))


def session_token(call: SessionCall, start: Start) -> Script[Ended[Outcome]]:
    """Return the session's token, refreshed if need be; `NotCached` where no session is."""
    talk = begin(call, start)
    knowledge = yield from load_knowledge(talk)
    mine = Tokens()
    try:
        endpoints = yield from discover(talk, knowledge)
        knowledge = evolve(knowledge, endpoints=endpoints)
        mine = yield from look(talk, call, knowledge)
        if (row := call.ready(mine, talk.now)) is not None:
            return Ended(access_token_of(row, talk.metadata()))
        if not mine.refresh:
            row = call.usable(mine, talk.now)
            nothing = NotCached(metadata=talk.metadata())
            return Ended(nothing if row is None else access_token_of(row, talk.metadata()))
        answer = yield from _refresh(talk, call, knowledge, endpoints, mine)
    except SansioAuthError as error:
        if (row := call.usable(mine, talk.now)) is not None:
            talk.warn("refresh_failed")
            return Ended(access_token_of(row, talk.metadata()), talk.tally)
        raise attributed(talk, error) from error.__cause__
    if isinstance(answer, Refusal):
        return Ended(refused(talk, call.usable(mine, talk.now), answer), talk.tally)
    yield from save(talk, under_assertion(call, endpoints, answer, talk.now))
    return Ended(fresh(talk, answer, call.scopes, mine), talk.tally)


def _refresh(
    talk: Conversation, call: SessionCall, knowledge: Knowledge, endpoints: Endpoints, mine: Tokens
) -> Script[TokenResponse | Refusal]:
    newest = max(mine.refresh.values(), key=lambda row: row[1])
    own = (("refresh_token", newest[0]),)
    form = request_form(call, "refresh_token", own, call.requested)
    return (yield from exchange(talk, knowledge, endpoints, mine, form))


def stop_session(call: SessionCall, start: Start) -> Script[Ended[None]]:
    """Forget a session; one that is not there is forgotten already.

    Raises `TransportError` where the store fails: the session may be there yet.
    """
    talk = begin(call, start)
    knowledge = yield from load_knowledge(talk)
    if (key := call.partition_key(knowledge)) is not None:
        answer, talk.now = yield from ask(Save(((key, (Dropped(),)),)))
        if isinstance(answer, Failure):
            raise failed(talk, answer, "store")
    return Ended(None)
