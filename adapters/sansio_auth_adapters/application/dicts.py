"""MSAL's dictionaries: outcomes and accounts as MSAL words them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Required, TypedDict, cast

from sansio_auth.errors import AuthorityError, ServiceError
from sansio_auth.partition import EXPIRES_ON, REFRESH_ON, SECRET, TOKEN_TYPE, AccessRow
from sansio_auth.results import AccessToken, NotCached, Outcome, Refusal

if TYPE_CHECKING:
    from sansio_auth.account import Account

__all__ = ["AccountDict", "TokenDict", "account_dict", "cached_dict", "dict_of", "failure_of"]

_SERVER_ERROR: Final = 500

#: Observed: what MSAL makes of `suberror`; those of the table mean nothing to an application.
_NO_CLASSIFICATION: Final = frozenset(
    {
        "bad_token", "token_expired", "protection_policy_required", "client_mismatch",
        "device_authentication_failed",
    }
)  # fmt: skip


class TokenDict(TypedDict, total=False):
    """MSAL's result: `access_token` on success, `error` otherwise.

    A fresh token comes with all members of the server's answer; these are the ones with a meaning
    here. Times are POSIX seconds; `expires_in` is seconds.
    """

    access_token: Required[str]
    token_type: str
    expires_in: int
    ext_expires_in: int
    refresh_on: int
    token_source: str
    scope: str
    refresh_token: str
    id_token: str
    id_token_claims: dict[str, object]
    client_info: str
    error: str
    error_description: str
    error_codes: list[int]
    error_uri: str
    timestamp: str
    trace_id: str
    correlation_id: str
    suberror: str
    claims: str
    classification: str


class AccountDict(TypedDict):
    """MSAL's account; `home_account_id` is all that a later call needs of it."""

    home_account_id: str
    environment: str
    username: str
    account_source: str | None
    authority_type: str
    local_account_id: str
    realm: str


def account_dict(account: Account) -> AccountDict:
    """Return MSAL's dictionary for an account."""
    return {
        "home_account_id": account.home_account_id,
        "environment": account.environment,
        "username": account.username,
        "account_source": account.account_source,
        "authority_type": account.authority_type,
        "local_account_id": account.local_account_id,
        "realm": account.realm,
    }


def cached_dict(row: AccessRow, now: float) -> TokenDict:
    """Return MSAL's dictionary for a token from the cache; `now` is POSIX seconds."""
    result: TokenDict = {
        "access_token": row[SECRET],
        "token_type": row[TOKEN_TYPE],
        "expires_in": int(row[EXPIRES_ON] - now),
        "token_source": "cache",
    }
    refresh_on = row[REFRESH_ON]
    if refresh_on is not None:
        result["refresh_on"] = refresh_on
    return result


def dict_of(outcome: Outcome, now: float, *, classify: bool) -> TokenDict | None:
    """Return MSAL's dictionary for an outcome; raises `ServiceError` where MSAL raises.

    `classify` adds `classification`, which MSAL does for some methods only. None is for nothing
    found.
    """
    match outcome:
        case AccessToken(source="cache"):
            row = (
                outcome.token.reveal(), outcome.token_type, "", 0, outcome.expires_on, 0,
                outcome.refresh_on,
            )  # fmt: skip
            return cached_dict(row, now)
        case AccessToken():
            return _fresh(outcome)
        case Refusal():
            return _refused(outcome, classify=classify)
        case NotCached():
            return None


def failure_of(error: AuthorityError) -> AuthorityError | ServiceError:
    """Return what MSAL raises for a discovery that failed: 5xx is the service's failure."""
    if error.status is None or error.status < _SERVER_ERROR:
        return error
    return ServiceError(
        str(error), status=error.status, correlation_id=error.correlation_id, stage=error.stage
    )


def _fresh(token: AccessToken) -> TokenDict:
    result: dict[str, object] = {
        name: value
        for name, value in token.response.items()
        if name != "refresh_in" and name[:1] != "_"
    }
    if token.refresh_on is not None:
        result["refresh_on"] = token.refresh_on
    if token.id_token_claims is not None:
        result["id_token_claims"] = dict(token.id_token_claims)
    result["token_source"] = "identity_provider"
    return cast("TokenDict", result)


def _refused(refusal: Refusal, *, classify: bool) -> TokenDict:
    if refusal.status >= _SERVER_ERROR:
        raise ServiceError(
            f"HTTP Error: {refusal.status}",
            status=refusal.status,
            correlation_id=refusal.metadata.correlation_id or None,
            retry_at=refusal.retry_at,
            stage="token",
        )
    result = dict(refusal.members)
    if classify and refusal.suberror:
        known = refusal.suberror in _NO_CLASSIFICATION
        result["classification"] = "" if known else refusal.suberror
    return cast("TokenDict", result)
