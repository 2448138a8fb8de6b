"""MSAL's arguments into calls. Pure.

The sync application and its async twin share every rule here; what they add is how a flow is
driven. No clock is read, nothing is sent, and no dictionary of the caller's is changed.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from typing import cast

from sansio_auth._options import RequestOptions
from sansio_auth.client import Call, ConfidentialClient
from sansio_auth.errors import ConfigurationError
from sansio_auth.results import Outcome

__all__ = ["Options", "Plan", "client_credentials_plan", "on_behalf_of_plan", "read_options"]


class Plan:
    """A call, how its outcome is worded, and what its transport is to be told for this once."""

    __slots__ = ("call", "classify", "shared_tenant", "transport_options")

    def __init__(
        self,
        call: Call[Outcome],
        transport_options: Mapping[str, object] | None = None,
        *,
        classify: bool = False,
        shared_tenant: bool = False,
    ) -> None:
        self.call = call
        self.transport_options = transport_options
        self.classify = classify
        self.shared_tenant = shared_tenant


class Options:
    """MSAL's keyword arguments, sorted by whom they are for."""

    __slots__ = ("request", "transport")

    def __init__(self, request: RequestOptions, transport: Mapping[str, object]) -> None:
        self.request = request
        self.transport = transport


def _texts(name: str, value: object) -> dict[str, str]:
    """Return MSAL's `data=` or `params=` as texts, without the entries that MSAL drops."""
    if value is None:
        return {}
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


def read_options(
    claims_challenge: str | Mapping[str, object] | None, keywords: Mapping[str, object]
) -> Options:
    """Return what a request and what its transport is told; raises as the core and MSAL do.

    What is unknown here goes to the transport, which refuses what it does not know either.
    """
    if not keywords:
        asked: RequestOptions = {}
        if claims_challenge is not None:
            asked["claims_challenge"] = claims_challenge
        return Options(asked, {})
    rest = dict(keywords)
    if "headers" in rest:
        message = "headers: is set by the library and cannot be passed"
        raise TypeError(message)
    if rest.pop("auth_scheme", None) is not None:
        raise ConfigurationError(
            "auth_scheme: is for a broker, and there is none", code="auth_scheme"
        )
    if rest.pop("authority", None):
        warnings.warn("authority: is ignored here; pass tenant_id for another tenant", stacklevel=4)
    data = _texts("data", rest.pop("data", None))
    request: RequestOptions = {
        "claims_challenge": claims_challenge,
        "forwarded_client_claims": cast("str | None", rest.pop("forwarded_client_claims", None)),
        "data": {**data, **_fmi_path(rest.pop("fmi_path", None))},
        "params": _texts("params", rest.pop("params", None)),
        "force_refresh": bool(rest.pop("force_refresh", False)),
        "token_to_refresh_hash": cast("str | None", rest.pop("token_to_refresh_hash", None)),
        "min_remaining": cast("int", rest.pop("min_remaining", 0)),
        "correlation_id": cast("str | None", rest.pop("correlation_id", None)),
    }
    return Options(request, rest)


def client_credentials_plan(
    client: ConfidentialClient,
    scopes: Iterable[str],
    claims_challenge: str | Mapping[str, object] | None,
    keywords: Mapping[str, object],
) -> Plan:
    """Return the plan of `acquire_token_for_client`; raises `ConfigurationError`."""
    if keywords.get("force_refresh"):
        raise ConfigurationError(
            "force_refresh: not for client credentials, whose tokens are cached until they are"
            " due; pass claims_challenge or token_to_refresh_hash to get past the cache",
            code="force_refresh",
        )
    options = read_options(claims_challenge, keywords)
    call = client.acquire_token_for_client(scopes, **options.request)
    shared = client.authority.shared
    return Plan(call, options.transport, classify=True, shared_tenant=shared)


def on_behalf_of_plan(
    client: ConfidentialClient,
    user_assertion: str | bytes,
    scopes: Iterable[str],
    claims_challenge: str | Mapping[str, object] | None,
    keywords: Mapping[str, object],
) -> Plan:
    """Return the plan of `acquire_token_on_behalf_of`; raises `ConfigurationError`."""
    options = read_options(claims_challenge, keywords)
    call = client.acquire_token_on_behalf_of(user_assertion, scopes, **options.request)
    return Plan(call, options.transport)
