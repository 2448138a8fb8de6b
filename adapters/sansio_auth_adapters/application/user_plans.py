"""MSAL's arguments into calls, for the methods that are about signed-in users. Pure."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from typing import cast

from sansio_auth._options import is_text
from sansio_auth.authorization import AuthCodeFlow
from sansio_auth.client import ConfidentialClient
from sansio_auth.errors import ConfigurationError
from sansio_auth.results import Outcome, Refusal
from sansio_auth_adapters.application.plan import Options, Plan, read_options

__all__ = [
    "code_flow_plan",
    "code_plan",
    "home_account_id_of",
    "password_plan",
    "refresh_token_plan",
    "refused_sign_in",
    "session_begin_plan",
    "session_plan",
    "sign_in_parameters",
    "silent_plan",
    "url_parameters",
    "user_fic_plan",
]

Challenge = str | Mapping[str, object] | None
Keywords = Mapping[str, object]


def home_account_id_of(account: object) -> str:
    """Return who an account is: MSAL's dictionary, of which one member counts."""
    if isinstance(account, Mapping):
        found = cast("Mapping[object, object]", account).get("home_account_id")
        if isinstance(found, str) and found:
            return found
    raise ConfigurationError(
        "account: one of get_accounts() is needed, a dict with home_account_id", code="account"
    )


def silent_plan(
    client: ConfidentialClient,
    scopes: Iterable[str],
    account: object,
    claims_challenge: Challenge,
    keywords: Keywords,
) -> Plan:
    """Return the plan of `acquire_token_silent`."""
    options = read_options(claims_challenge, keywords)
    call = client.acquire_token_silent(scopes, home_account_id_of(account), **options.request)
    return Plan(call, options.transport, classify=True)


def refresh_token_plan(
    client: ConfidentialClient, refresh_token: str, scopes: Iterable[str], keywords: Keywords
) -> Plan:
    """Return the plan of `acquire_token_by_refresh_token`."""
    options = read_options(None, keywords)
    call = client.acquire_token_by_refresh_token(refresh_token, scopes, **options.request)
    return Plan(call, options.transport)


def password_plan(
    client: ConfidentialClient,
    username: str,
    password: str,
    scopes: Iterable[str],
    claims_challenge: Challenge,
    keywords: Keywords,
) -> Plan:
    """Return the plan of `acquire_token_by_username_password`."""
    if not username or not is_text(username):
        raise ConfigurationError("username: the user's name is needed", code="username")
    options = read_options(claims_challenge, keywords)
    call = client.acquire_token_by_username_password(username, password, scopes, **options.request)
    return Plan(call, options.transport)


def user_fic_plan(  # noqa: PLR0913, PLR0917 - MSAL's parameters
    client: ConfidentialClient,
    scopes: Iterable[str],
    assertion: str | bytes,
    username: str | None,
    user_object_id: str | None,
    claims_challenge: Challenge,
    keywords: Keywords,
) -> Plan:
    """Return the plan of `acquire_token_by_user_federated_identity_credential`."""
    options = read_options(claims_challenge, keywords)
    call = client.acquire_token_by_user_federated_identity_credential(
        scopes,
        assertion,
        username=username,
        user_object_id=user_object_id,
        **options.request,
    )
    return Plan(call, options.transport)


def sign_in_parameters(**given: object) -> dict[str, str]:
    """Return the parameters of an authorization request, without those that were left out."""
    found: dict[str, str] = {}
    for name, value in given.items():
        if value is None or value == "":
            continue
        if name == "max_age":
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise ConfigurationError("max_age: seconds are needed", code="max_age")
        elif not is_text(value):
            what = "half of a character" if isinstance(value, str) else type(value).__name__
            raise ConfigurationError(f"{name}: a str is needed, not {what}", code="parameter_type")
        found[name] = str(value)
    if found.get("response_mode") != "form_post":
        warnings.warn(
            "response_mode='form_post' keeps the code out of URLs, histories and logs",
            UserWarning,
            stacklevel=4,
        )
    return found


def url_parameters(**given: object) -> dict[str, str]:
    """Return the parameters of the deprecated authorization URL, as texts."""
    return {name: str(value) for name, value in given.items() if value}


def refused_sign_in(auth_code_flow: object, auth_response: Mapping[str, object]) -> Outcome | None:
    """Return the refusal that a sign-in ended with, None where it brought a code.

    The state is checked first: somebody else's refusal is no answer either.
    """
    flow = AuthCodeFlow.from_dict(cast("Mapping[str, object]", auth_code_flow))
    if not isinstance(cast("object", auth_response), Mapping):
        raise ConfigurationError("auth_response: a dict is needed", code="auth_response")
    flow.check_state(auth_response)
    if "code" in auth_response or not auth_response.get("error"):
        return None
    names = ("error", "error_description", "error_uri")
    members = {name: str(auth_response[name]) for name in names if name in auth_response}
    return Refusal(error=members["error"], status=0, members=members)


def code_flow_plan(
    client: ConfidentialClient,
    auth_code_flow: Mapping[str, object],
    auth_response: Mapping[str, object],
    scopes: Iterable[str] | None,
    keywords: Keywords,
) -> Plan:
    """Return the plan of `acquire_token_by_auth_code_flow` for a response with a code."""
    flow = AuthCodeFlow.from_dict(auth_code_flow)
    options = read_options(flow.claims_challenge, keywords)
    call = client.acquire_token_by_auth_code_flow(flow, auth_response, scopes, **options.request)
    return Plan(call, options.transport)


def code_plan(  # noqa: PLR0913, PLR0917 - MSAL's parameters
    client: ConfidentialClient,
    code: str,
    scopes: Iterable[str],
    redirect_uri: str | None,
    nonce: str | None,
    claims_challenge: Challenge,
    keywords: Keywords,
) -> Plan:
    """Return the plan of the deprecated `acquire_token_by_authorization_code`."""
    options = read_options(claims_challenge, keywords)
    call = client.acquire_token_by_authorization_code(
        code, scopes, redirect_uri=redirect_uri, nonce=nonce, **options.request
    )
    return Plan(call, options.transport)


def _known_only(options: Options) -> None:
    """Refuse unknown names: these methods are not MSAL's, so nobody relies on passing any."""
    if unknown := ", ".join(sorted(options.transport)):
        message = f"unexpected keyword argument: {unknown}"
        raise TypeError(message)


def session_begin_plan(
    client: ConfidentialClient,
    user_assertion: str | bytes,
    session_key: str,
    scopes: Iterable[str],
    keywords: Keywords,
) -> Plan:
    """Return the plan of `initiate_long_running_on_behalf_of`."""
    options = read_options(None, keywords)
    _known_only(options)
    return Plan(
        client.initiate_long_running_on_behalf_of(
            user_assertion, session_key, scopes, **options.request
        )
    )


def session_plan(
    client: ConfidentialClient, session_key: str, scopes: Iterable[str], keywords: Keywords
) -> Plan:
    """Return the plan of `acquire_token_in_long_running_session`."""
    options = read_options(None, keywords)
    _known_only(options)
    return Plan(
        client.acquire_token_in_long_running_session(session_key, scopes, **options.request)
    )
