"""A token for somebody who is known here: from the cache, else by a refresh token in it.

Observed order: refresh tokens of the family, where nobody knows that this client is not of it;
then the client's own; newest first. What one cloud calls by several hosts is one cloud, so a
user who signed in at another of its hosts is found there (a static table, no request).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from attrs import evolve

from sansio_auth._grants.acquire import attributed, fresh, refused, request_form
from sansio_auth._grants.filing import refreshed
from sansio_auth._steps import Conversation, begin, discover, exchange, load, load_knowledge, save
from sansio_auth._token import TokenResponse
from sansio_auth.authority import Endpoints, aliases_of, computed_endpoints
from sansio_auth.errors import ResponseError, SansioAuthError
from sansio_auth.flow import Ended, Script, Start
from sansio_auth.partition import Knowledge, RefreshKey, Tokens, access_token_of
from sansio_auth.results import NotCached, Outcome, Refusal
from sansio_auth.secret import Secret
from sansio_auth.user_calls import Silent, SilentRefresh

__all__ = ["silent"]

#: The one family of clients that Entra has.
_FAMILY: Final = "1"
_MISMATCH: Final = "client_mismatch"


def silent(call: Silent, start: Start) -> Script[Ended[Outcome]]:
    """Return a token from the cache, else one by a refresh token, else what refused it."""
    talk = begin(call, start)
    knowledge = yield from load_knowledge(talk)
    user = yield from load(talk, call.partition_key(None))
    try:
        endpoints = yield from discover(talk, knowledge)
        talk.call = call = call.at(endpoints.realm)
        if (row := call.ready(user, talk.now)) is not None:
            return Ended(access_token_of(row, talk.metadata()))
        knowledge = evolve(knowledge, endpoints=endpoints)
        found = yield from _redeem(talk, call, knowledge, endpoints, user)
        if not isinstance(found, TokenResponse):
            elsewhere = yield from _elsewhere(talk, call, knowledge, endpoints)
            if elsewhere is not None:
                return Ended(elsewhere, talk.tally)
    except SansioAuthError as error:
        if (row := call.usable(user, talk.now)) is not None:
            talk.warn("refresh_failed")
            return Ended(access_token_of(row, talk.metadata()), talk.tally)
        raise attributed(talk, error) from error.__cause__
    return Ended(_outcome(talk, call, user, found), talk.tally)


def _outcome(
    talk: Conversation, call: Silent, user: Tokens, found: TokenResponse | Refusal | None
) -> Outcome:
    if isinstance(found, TokenResponse):
        token = fresh(talk, found, call.scopes, user)
        return evolve(token, home_account_id=call.home_account_id)
    row = call.usable(user, talk.now)
    if found is not None:
        return refused(talk, row, found)
    return (
        NotCached(metadata=talk.metadata())
        if row is None
        else access_token_of(row, talk.metadata())
    )


def _elsewhere(
    talk: Conversation, call: Silent, knowledge: Knowledge, endpoints: Endpoints
) -> Script[Outcome | None]:
    """Look where else the same cloud knows the user; None where nothing comes of it."""
    registration = call.registration
    for host in aliases_of(registration.authority.host)[1:]:
        authority = evolve(
            registration.authority, host=host, path=f"/{endpoints.realm}", tenant=endpoints.realm
        )
        there = evolve(call, registration=evolve(registration, authority=authority))
        user = yield from load(talk, there.partition_key(None))
        if (row := there.ready(user, talk.now)) is not None:
            return access_token_of(row, talk.metadata())
        place = computed_endpoints(authority)
        if not user.refresh or place is None:
            continue
        found = yield from _redeem(talk, there, knowledge, place, user)
        if isinstance(found, TokenResponse):
            return _outcome(talk, there, user, found)
    return None


def _candidates(user: Tokens, client_id: str) -> Iterator[tuple[bool, RefreshKey]]:
    """Yield the refresh tokens to try, newest first, and whether each is only a try."""
    newest = sorted(user.refresh, key=lambda key: user.refresh[key][1], reverse=True)
    known, family = client_id in user.clients, user.clients.get(client_id)
    wanted = family if known else _FAMILY
    shared = [key for key in newest if wanted and key[1] == wanted]
    yield from ((not known, key) for key in shared)
    yield from ((False, key) for key in newest if key[0] == client_id and key not in shared)


def _redeem(
    talk: Conversation, call: Silent, knowledge: Knowledge, endpoints: Endpoints, user: Tokens
) -> Script[TokenResponse | Refusal | None]:
    """Try refresh tokens until one is taken; the last refusal, or None where there was none."""
    last: Refusal | None = None
    stranger = False
    for only_a_try, key in _candidates(user, call.registration.client_id):
        if only_a_try and stranger:
            continue
        attempt = _attempt(talk, call, user, key)
        talk.call = attempt
        own = (("refresh_token", attempt.refresh_token.reveal()),)
        form = request_form(attempt, "refresh_token", own, attempt.requested)
        answer = yield from exchange(talk, knowledge, endpoints, user, form)
        talk.call = call
        if isinstance(answer, TokenResponse):
            _check_owner(call, answer)
            facts = refreshed(call, endpoints, answer, talk.now, used=key)
            yield from save(talk, ((call.partition_key(None), facts),))
            return answer
        last = answer
        stranger = stranger or _mismatched(answer)
    return last


def _attempt(talk: Conversation, call: Silent, user: Tokens, key: RefreshKey) -> SilentRefresh:
    return SilentRefresh(
        registration=call.registration,
        scopes=call.scopes,
        claims_challenge=call.claims_challenge,
        forwarded_claims=call.forwarded_claims,
        data=call.data,
        params=call.params,
        correlation_id=call.correlation_id,
        refresh_token=Secret(user.refresh[key][0]),
        home_account_id=call.home_account_id,
        reason=call.cache_refresh(user, talk.now),
    )


def _mismatched(refusal: Refusal) -> bool:
    """Whether the client turned out not to be of the family; observed in either member."""
    additional = refusal.members.get("error_additional_info")
    told = [refusal.suberror, *(additional if isinstance(additional, list) else [additional])]
    return any(isinstance(word, str) and _MISMATCH in word for word in told)


def _check_owner(call: Silent, response: TokenResponse) -> None:
    """Refuse a token of another account than was asked for (invariant I-3)."""
    if response.user.client_info and response.user.home_account_id not in {
        None,
        call.home_account_id,
    }:
        raise ResponseError(
            "the refresh token of one account brought the token of another",
            code="another_account",
            stage="token",
        )
