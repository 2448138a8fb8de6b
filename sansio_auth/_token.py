"""Reading the token endpoint's answer, whatever it is: a token, a refusal, or one of our errors.

Total: any bytes give one of the three, in time and memory bounded by the transport's cap. A token
that the server issued is not lost because an optional member beside it is unreadable (invariant
I-2): such a member is dropped and named in `warnings`. Nothing of a body enters an error's text.
This module knows no cache and decides nothing about retries and holds.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Mapping
from typing import Final

from attrs import evolve, field, frozen

from sansio_auth._json import JsonObject, JsonValue, UnreadableJson, parse_object
from sansio_auth.errors import ResponseError, TransportError
from sansio_auth.identity import BEARER
from sansio_auth.policy import Policy
from sansio_auth.results import Refusal
from sansio_auth.secret import Secret
from sansio_auth.wire import HttpResponse, host_of

__all__ = ["SignedIn", "TokenResponse", "decode_part", "read_token_response", "refusal_of"]

_OK: Final = 200
_TOO_MANY: Final = 429
_VISIBLE: Final = re.compile(r"[\x21-\x7e]+")
_NUMBER: Final = re.compile(r"\s*(-?[0-9]{1,40})(?:\.[0-9]{0,40})?\s*", re.ASCII)
_MAX_TEXT: Final = 8192

#: Statuses that a client may try again although they are not 5xx (RFC 9110, RFC 8470, RFC 6585).
_TRANSIENT: Final = frozenset({408, 425, 429})
_PROXY: Final = frozenset({407, 511})
_TRANSIENT_ERRORS: Final = frozenset({"temporarily_unavailable", "request_timeout", "server_error"})

#: What to look at for the commonest codes of a refused client (Microsoft's AADSTS reference).
_HINTS: Final = {
    7000215: "the client secret is wrong: the secret's value is needed, not its id",
    7000222: "the client secret has expired",
    700024: "the assertion is outside its time range: compare this clock with the server's",
    700027: "the certificate is not registered for this application, or the key is not its key",
    70021: "no federated credential of this application matches the assertion",
    700213: "no federated credential of this application matches the assertion's subject",
    700016: "the application is not in this tenant",
    90002: "the tenant does not exist on this cloud",
    50196: "the same request was sent too often: cache the token",
}
_ASSERTION_TIME: Final = 700024
#: What a Date header looks like; nothing else of an answer's headers is told to anybody.
_DATE: Final = re.compile(r"[A-Za-z0-9 ,:]{20,40}")
_TOKENS: Final = frozenset({"access_token", "refresh_token", "id_token"})


@frozen(kw_only=True, eq=False, repr=False)
class SignedIn:
    """What a successful answer says of a user, as far as it does."""

    refresh_token: Secret | None = None
    id_token: Secret | None = None
    id_token_claims: Mapping[str, JsonValue] | None = field(default=None, repr=False)
    client_info: Mapping[str, JsonValue] | None = field(default=None, repr=False)
    home_account_id: str | None = None
    family_id: str | None = None


_NOBODY: Final = SignedIn()
_OF_USERS: Final = frozenset({"refresh_token", "id_token", "client_info", "foci"})


@frozen(kw_only=True, eq=False, repr=False)
class TokenResponse:
    """A successful answer (RFC 6749 section 5.1) with every member checked.

    Times are POSIX seconds. `cacheable` is False where the token's life is unknown or over.
    `scopes` is None where the server did not name any. `members` are as received.
    """

    access_token: Secret
    token_type: str
    expires_on: int
    cacheable: bool
    extended_expires_on: int
    refresh_on: int | None = None
    scopes: tuple[str, ...] | None = None
    user: SignedIn = _NOBODY
    members: Mapping[str, JsonValue] = field(factory=dict[str, JsonValue], repr=False)
    warnings: tuple[str, ...] = ()
    #: Whether the access token ended while the answer was under way; its reader cannot know.
    late: bool = False


def decode_part(part: str) -> JsonObject | None:
    """Return the JSON object in one base64url part of a JWT (RFC 7515), or None."""
    try:
        raw = base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
        return parse_object(raw)
    except (ValueError, binascii.Error, UnreadableJson):
        return None


def _seconds(value: JsonValue) -> int | None:
    """Whole seconds of a number or a text of digits, floored; None for anything else."""
    if isinstance(value, int):
        return None if isinstance(value, bool) else value
    if isinstance(value, float):
        return math.floor(value) if math.isfinite(value) else None
    if isinstance(value, str) and (match := _NUMBER.fullmatch(value)):
        return int(match[1])
    return None


def _life(members: JsonObject, now: int, policy: Policy, told: list[str]) -> int | None:
    """Seconds of life, or None where what the server said is unreadable."""
    given = members.get("expires_in")
    if type(given) is int and 0 < given <= policy.max_token_life:
        return given  # as nearly always
    if given is not None:
        life = _seconds(given)
    elif members.get("expires_on") is not None:
        absolute = _seconds(members["expires_on"])
        life = None if absolute is None else absolute - now
    else:
        told.append("missing_expires_in")
        return policy.default_token_life
    if life is None:
        told.append("bad_expires_in")
        return None
    if life <= 0:
        told.append("expired_on_arrival")
    elif life > policy.max_token_life:
        told.append("expires_in_clamped")
        life = policy.max_token_life
    return life


def _refresh_on(members: JsonObject, now: int, life: int, told: list[str]) -> int | None:
    seconds = _seconds(members["refresh_in"])
    if seconds is None or seconds > life:
        told.append("bad_refresh_in")
        return None
    return now + max(seconds, -now)


def _optional_secret(members: JsonObject, name: str, told: list[str]) -> Secret | None:
    value = members.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return Secret(value)
    told.append(f"bad_{name}")
    return None


def _refresh_token(members: JsonObject, told: list[str]) -> Secret | None:
    """The refresh token, unless no request could carry it."""
    token = _optional_secret(members, "refresh_token", told)
    if token is not None and not _VISIBLE.fullmatch(token.reveal()):
        told.append("bad_refresh_token")
        return None
    return token


def _id_token_claims(id_token: Secret | None, told: list[str]) -> JsonObject | None:
    """The claims, decoded and not verified: the token came over TLS from the endpoint itself."""
    if id_token is None:
        return None
    parts = id_token.reveal().split(".")
    if len(parts) == 3:  # noqa: PLR2004 - header, payload, signature
        header, claims = decode_part(parts[0]), decode_part(parts[1])
        if header is not None and header.get("alg") != "none" and claims is not None:
            return claims
    told.append("id_token_unreadable")
    return None


def _client_info(members: JsonObject, told: list[str]) -> JsonObject | None:
    value = members.get("client_info")
    if value is None or value == "":
        return None
    info = decode_part(value) if isinstance(value, str) else None
    if info is None:
        told.append("client_info_unreadable")
    return info


def _home_account_id(
    info: JsonObject | None, claims: JsonObject | None, told: list[str]
) -> str | None:
    """Observed: `uid.utid` of client_info, else the id token's `sub`, else nobody."""
    if info is not None:
        uid, utid = info.get("uid"), info.get("utid")
        # A tenant's id has no dot; with one, two pairs could be the same account.
        if isinstance(uid, str) and isinstance(utid, str) and uid and utid and "." not in utid:
            return f"{uid}.{utid}"
        told.append("client_info_unreadable")
        return None
    if "client_info_unreadable" in told or claims is None:
        return None
    sub = claims.get("sub")
    return sub if isinstance(sub, str) and sub else None


def _scopes(members: JsonObject, told: list[str]) -> tuple[str, ...] | None:
    value = members.get("scope")
    if value is None:
        return None
    if isinstance(value, str):
        return tuple(sorted(set(value.split())))
    told.append("bad_scope")
    return None


def _family(members: JsonObject, told: list[str]) -> str | None:
    value = members.get("foci")
    if value is None or isinstance(value, str):
        return value or None
    told.append("bad_foci")
    return None


def _broken(code: str, why: str) -> ResponseError:
    return ResponseError(f"token response: {why}", code=code, stage="token")


def _access_token(members: JsonObject) -> Secret:
    if "access_token" not in members:
        raise _broken("missing_access_token", "a success without an access_token")
    value = members["access_token"]
    if not isinstance(value, str) or not value:
        raise _broken("bad_access_token_type", "its access_token is not a text")
    if not _VISIBLE.fullmatch(value):
        raise _broken("bad_access_token", "its access_token is not visible ASCII")
    return Secret(value)


def _token_type(members: JsonObject, scheme: str, policy: Policy, told: list[str]) -> str:
    value = members.get("token_type")
    if value is None:
        if policy.strict_token_type:
            raise _broken("missing_token_type", "it has no token_type")
        told.append("missing_token_type")
        return "Bearer"
    if not isinstance(value, str) or value.lower() != scheme:
        raise _broken("unexpected_token_type", f"its token_type is not {scheme}")
    return value


def _user(members: JsonObject, told: list[str]) -> SignedIn:
    id_token = _optional_secret(members, "id_token", told)
    claims = _id_token_claims(id_token, told)
    info = _client_info(members, told)
    return SignedIn(
        refresh_token=_refresh_token(members, told),
        id_token=id_token,
        id_token_claims=claims,
        client_info=info,
        home_account_id=_home_account_id(info, claims, told),
        family_id=_family(members, told),
    )


def _success(
    members: JsonObject, told: list[str], now: int, scheme: str, policy: Policy
) -> TokenResponse:
    token = _access_token(members)
    token_type = _token_type(members, scheme, policy, told)
    life = _life(members, now, policy, told)
    seconds = life or 0
    extended = _seconds(members.get("ext_expires_in"))
    if extended is None or extended < seconds:
        extended = seconds
    return TokenResponse(
        access_token=token,
        token_type=token_type,
        expires_on=now + seconds,
        cacheable=life is not None and life > 0,
        extended_expires_on=now + min(extended, policy.max_token_life),
        refresh_on=_refresh_on(members, now, seconds, told) if "refresh_in" in members else None,
        scopes=_scopes(members, told) if "scope" in members else None,
        members=members,
        user=_NOBODY if _OF_USERS.isdisjoint(members) else _user(members, told),
        warnings=tuple(dict.fromkeys(told)) if told else (),
    )


def _text(members: Mapping[str, JsonValue], name: str) -> str | None:
    value = members.get(name)
    return value if isinstance(value, str) else None


def refusal_of(members: Mapping[str, JsonValue], status: int) -> Refusal:
    """Return the refusal that error members say (RFC 6749 section 5.2, and Entra's additions)."""
    codes = members.get("error_codes")
    numbers = tuple(
        code
        for code in (codes if isinstance(codes, list) else ())
        if isinstance(code, int) and not isinstance(code, bool)
    )
    error = _text(members, "error") or "unknown_error"
    return Refusal(
        error=error[:_MAX_TEXT],
        status=status,
        description=_text(members, "error_description"),
        error_codes=numbers,
        suberror=_text(members, "suberror"),
        claims=_text(members, "claims"),
        retryable=status in _TRANSIENT or status > 499 or error in _TRANSIENT_ERRORS,  # noqa: PLR2004 - server errors
        hint=next((_HINTS[code] for code in numbers if code in _HINTS), None),
        members={name: value for name, value in members.items() if name not in _TOKENS},
    )


def _made_up(error: str, status: int) -> Refusal:
    """A refusal in our words, for an answer that has none: its body is for nobody's eyes."""
    description = f"The token endpoint answered {status} without an OAuth error."
    members: JsonObject = {"error": error, "error_description": description}
    return Refusal(
        error=error,
        status=status,
        description=description,
        retryable=status in _TRANSIENT or status > 499,  # noqa: PLR2004 - server errors
        members=members,
    )


def _with_their_clock(refusal: Refusal, response: HttpResponse) -> Refusal:
    """Return a refusal for an assertion's time with the server's own time in its hint."""
    date = response.header("date") or ""
    if _ASSERTION_TIME not in refusal.error_codes or not _DATE.fullmatch(date):
        return refusal
    return evolve(refusal, hint=f"{refusal.hint} ({date})")


def _client_error(response: HttpResponse) -> Refusal:
    try:
        members = parse_object(response.body, lossy=True)
    except UnreadableJson:
        members = {}
    if isinstance(members.get("error"), str) and members["error"]:
        return _with_their_clock(refusal_of(members, response.status), response)
    if response.status == _TOO_MANY:
        return _made_up("temporarily_unavailable", response.status)
    return _made_up("unknown_error", response.status)


def _redirect(response: HttpResponse) -> ResponseError:
    target = host_of(response.header("location") or "") or "nowhere"
    return ResponseError(
        f"token endpoint redirects to {target}; a credential is never sent on",
        code="redirect_refused",
        stage="token",
    )


def _unsuccessful(response: HttpResponse, status: int) -> Refusal:
    if status in _PROXY:
        raise TransportError(
            f"a proxy answered {status} in place of the token endpoint",
            kind="proxy",
            stage="token",
        )
    if 400 <= status < 500:  # noqa: PLR2004 - client errors
        return _client_error(response)
    if 500 <= status < 600:  # noqa: PLR2004 - server errors
        return _made_up("server_error", status)
    if 300 <= status < 400 and response.header("location") is not None:  # noqa: PLR2004 - redirects
        raise _redirect(response)
    raise _broken("unexpected_status", f"status {status} is none of this protocol")


def read_token_response(
    response: HttpResponse, *, now: int, policy: Policy, scheme: str = BEARER
) -> TokenResponse | Refusal:
    """Return what the token endpoint's answer means; `now` is POSIX seconds.

    Raises `ResponseError` where the answer breaks the protocol and `TransportError` where a proxy
    answered instead of the endpoint.
    """
    status = response.status
    if status != _OK:
        return _unsuccessful(response, status)
    told: list[str] = []
    content_type = response.header("content-type") or "json"
    if "json" not in content_type and "json" not in content_type.lower():
        if policy.strict_content_type:
            raise _broken("bad_content_type", "its Content-Type is not JSON")
        told.append("bad_content_type")
    try:
        members = parse_object(response.body)
    except UnreadableJson as error:
        raise _broken(error.code, "it is no JSON object that can be read") from None
    if members.get("error"):
        return refusal_of(members, status)
    return _success(members, told, now, scheme, policy)
