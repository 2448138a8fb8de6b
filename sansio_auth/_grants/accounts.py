"""Who is signed in here, and signing out: nothing of this asks the network.

What a user's tokens are is known by environment and home account id. A sign-out takes away what
this client could still use, and every token got on that user's behalf. Where the store fails there
is nothing that could be returned instead, and whoever signs out is told.
"""

from __future__ import annotations

from sansio_auth.account import Account
from sansio_auth.authority import aliases_of
from sansio_auth.effects import Failure, Load, Save
from sansio_auth.errors import TransportError
from sansio_auth.flow import Ended, Script, ask
from sansio_auth.partition import (
    Accounts,
    AppTokens,
    AppTokensDropped,
    AssertionKey,
    Dropped,
    Found,
    SignedOut,
    Tokens,
    UserKey,
)
from sansio_auth.registration import Registration

__all__ = ["accounts_of", "get_accounts", "remove_account", "remove_tokens_for_client"]


def _account(key: UserKey, tokens: Tokens) -> Account:
    """A user's account; of several realms the last one stored (observed)."""
    realm, (local_id, username, authority_type, source) = list(tokens.accounts.items())[-1]
    return Account(
        home_account_id=key.home_account_id,
        environment=key.environment,
        realm=realm,
        local_account_id=local_id,
        username=username,
        authority_type=authority_type,
        account_source=source,
    )


def accounts_of(found: Found) -> tuple[Account, ...]:
    """Return one account for each user."""
    return tuple(
        [
            _account(key, tokens)
            for key, tokens in found.partitions
            if isinstance(key, UserKey) and tokens.accounts
        ]
    )


def get_accounts(
    registration: Registration, username: str | None
) -> Script[Ended[tuple[Account, ...]]]:
    """Return who is signed in at the authority's host, else at its first alias with anybody."""
    for host in aliases_of(registration.authority.host):
        answer, _ = yield from ask(Load(Accounts(host, username)))
        if isinstance(answer, Found) and answer.partitions:
            return Ended(accounts_of(answer))
    return Ended(())


def _check(*answers: object) -> None:
    """Raise for the first answer that is a failure: what was to be forgotten may be there yet."""
    for answer in answers:
        if isinstance(answer, Failure):
            error = TransportError(
                "the token store failed, and may still hold what was to be forgotten: try again",
                kind=answer.kind,
                sent=answer.sent,
                stage="store",
            )
            error.__cause__ = answer.cause
            raise error


def remove_account(registration: Registration, key: UserKey) -> Script[Ended[None]]:
    """Forget a user: their tokens, this client's refresh tokens, what was got on their behalf.

    Raises `TransportError` where the store fails, once everything was tried.
    """
    answer, _ = yield from ask(Load(key))
    mine = ((key, (SignedOut(registration.client_id),)),)
    assertions = answer.assertions if isinstance(answer, Tokens) else ()
    behalf = tuple((it, (Dropped(),)) for it in sorted(assertions, key=_order))
    saved, _ = yield from ask(Save((*mine, *behalf)))
    _check(answer, saved)
    return Ended(None)


def _order(key: AssertionKey) -> tuple[str, ...]:
    return (key.environment, key.tenant, key.client_id, key.digest)


def remove_tokens_for_client(registration: Registration) -> Script[Ended[None]]:
    """Forget the application's own tokens, in all tenants of its cloud.

    Raises `TransportError` where the store fails, once everything was tried.
    """
    answers: list[object] = []
    for host in aliases_of(registration.authority.host):
        answer, _ = yield from ask(Load(AppTokens(host, registration.client_id)))
        answers.append(answer)
        if isinstance(answer, Found) and answer.partitions:
            saved, _ = yield from ask(
                Save(tuple((key, (AppTokensDropped(),)) for key, _ in answer.partitions))
            )
            answers.append(saved)
    _check(*answers)
    return Ended(None)
