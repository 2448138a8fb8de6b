"""MSAL's arguments into calls, outcomes into MSAL's dictionaries. Pure.

The sync application and its async twin share every rule here; what they add is how a flow is
driven. No clock is read, nothing is sent, and no dictionary of the caller's is changed.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from typing import Final, Required, TypedDict, cast

from attrs import field, frozen

from sansio_auth.client import Call, ConfidentialClient
from sansio_auth.errors import AuthorityError, ConfigurationError, ServiceError
from sansio_auth.partition import EXPIRES_ON, REFRESH_ON, SECRET, TOKEN_TYPE, AccessRow
from sansio_auth.results import AccessToken, NotCached, Outcome, Refusal

__all__ = [
    "Plan",
    "TokenDict",
    "cached_dict",
    "client_credentials_plan",
    "dict_of",
    "failure_of",
    "on_behalf_of_plan",
]

_SERVER_ERROR: Final = 500

#: Observed: what MSAL makes of `suberror`; those of the table mean nothing to an application.
_NO_CLASSIFICATION: Final = frozenset(
    {
        "bad_token", "token_expired", "protection_policy_required", "client_mismatch",
        "device_authentication_failed",
    }
)  # fmt: skip

#: Arguments of MSAL's method that only its broker reads.
_BROKER_ONLY: Final = frozenset({"auth_scheme"})


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


@frozen
class Plan:
    """A call, how its outcome is worded, and what its transport is to be told for this once."""

    call: Call[Outcome]
    classify: bool
    transport_options: Mapping[str, object] = field(factory=dict[str, object], repr=False)


def _texts(name: str, value: object) -> dict[str, str] | None:
    """Return MSAL's `data=` or `params=` as texts, without the entries that MSAL drops."""
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise ConfigurationError(f"{name}: a dict is needed", code=f"{name}_type")
    given = cast("Mapping[object, object]", value)
    return {str(key): _str(entry) for key, entry in given.items() if entry}


def _str(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _fmi_path(value: object) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, str):
        raise ConfigurationError(
            f"fmi_path: a str is needed, not {type(value).__name__}", code="fmi_path"
        )
    return {"fmi_path": value} if value else {}


def _data(options: dict[str, object]) -> dict[str, str]:
    return {**(_texts("data", options.pop("data", None)) or {})}


def client_credentials_plan(
    client: ConfidentialClient,
    scopes: Iterable[str],
    claims_challenge: str | Mapping[str, object] | None,
    options: Mapping[str, object],
) -> Plan:
    """Return the plan of `acquire_token_for_client`; raises `ConfigurationError`.

    `options` are MSAL's further keyword arguments; what is unknown here goes to the transport.
    """
    rest = dict(options)
    _refuse_set_elsewhere(rest, "headers", "correlation_id")
    if rest.pop("authority", None):
        warnings.warn("authority: is ignored here; an application has one authority", stacklevel=4)
    if rest.pop("force_refresh", False):
        raise ConfigurationError(
            "force_refresh: not for client credentials, whose tokens are cached until they are"
            " due; pass claims_challenge to get past the cache",
            code="force_refresh",
        )
    for name in _BROKER_ONLY:
        if rest.pop(name, None) is not None:
            raise ConfigurationError(f"{name}: is for a broker, and there is none", code=name)
    call = client.acquire_token_for_client(
        scopes,
        claims_challenge=claims_challenge,
        forwarded_client_claims=_forwarded(rest),
        data={**_data(rest), **_fmi_path(rest.pop("fmi_path", None))},
        params=_texts("params", rest.pop("params", None)),
    )
    return Plan(call, classify=True, transport_options=rest)


def on_behalf_of_plan(
    client: ConfidentialClient,
    user_assertion: str | bytes,
    scopes: Iterable[str],
    claims_challenge: str | Mapping[str, object] | None,
    options: Mapping[str, object],
) -> Plan:
    """Return the plan of `acquire_token_on_behalf_of`; raises `ConfigurationError`."""
    rest = dict(options)
    _refuse_set_elsewhere(rest, "headers")
    call = client.acquire_token_on_behalf_of(
        user_assertion,
        scopes,
        claims_challenge=claims_challenge,
        forwarded_client_claims=_forwarded(rest),
        force_refresh=bool(rest.pop("force_refresh", False)),
        data=_data(rest),
        params=_texts("params", rest.pop("params", None)),
    )
    return Plan(call, classify=False, transport_options=rest)


def _refuse_set_elsewhere(rest: Mapping[str, object], *names: str) -> None:
    """Refuse, as MSAL does, what the library itself hands to the transport."""
    for name in names:
        if name in rest:
            message = f"{name}: is set by the library and cannot be passed"
            raise TypeError(message)


def _forwarded(rest: dict[str, object]) -> str | None:
    return cast("str | None", rest.pop("forwarded_client_claims", None))  # checked by the core


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


def dict_of(outcome: Outcome, now: float, *, classify: bool) -> TokenDict:
    """Return MSAL's dictionary for an outcome; raises `ServiceError` where MSAL raises.

    `classify` adds `classification`, which MSAL does for some methods only.
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
            message = "a call that may not ask was planned for a method that must"
            raise AssertionError(message)


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
        if name != "refresh_in" and not name.startswith("_")
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
