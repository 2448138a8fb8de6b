"""The `claims` request parameter: merging what three parties want said in it.

A resource's claims challenge, the client's capabilities and claims that the caller forwards from
its own client are merged into one JSON text (OpenID Connect Core section 5.5; observed: MSAL
1.39's order and spacing, since the text is compared by users' tests). No value is ever shown in
an error: claims may describe a person.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Final, cast

from sansio_auth._json import JsonObject, JsonValue, UnreadableJson, parse_unique
from sansio_auth.errors import ConfigurationError

__all__ = ["merge_claims", "read_challenge", "read_forwarded", "read_object"]

_MAX_CLAIMS: Final = 65_536


def _looks_base64(text: str) -> bool:
    try:
        decoded = base64.b64decode(text + "==", altchars=b"-_")  # padding that is too much is none
    except (ValueError, binascii.Error):
        return False
    return decoded.lstrip().startswith(b"{")


def read_object(text: str, name: str) -> JsonObject:
    """Return the JSON object that a claims argument is, or raise `ConfigurationError`."""
    if len(text) > _MAX_CLAIMS:
        raise ConfigurationError(f"{name}: is longer than {_MAX_CLAIMS} characters", code="claims")
    try:
        _ = text.encode()  # half of a character can be read and not sent
        value = parse_unique(text)
    except (UnreadableJson, UnicodeEncodeError):
        if _looks_base64(text):
            raise ConfigurationError(
                f"{name}: is base64, as it stands in a WWW-Authenticate header; pass the header to"
                " parse_www_authenticate and take what it gives",
                code="looks_base64",
            ) from None
        raise ConfigurationError(f"{name}: is not JSON", code="claims") from None
    if not isinstance(value, dict):
        raise ConfigurationError(f"{name}: must be a JSON object", code="claims")
    for member in ("access_token", "id_token", "userinfo"):
        if not isinstance(value.get(member), dict | None):
            raise ConfigurationError(f"{name}: its {member} must be an object", code="claims")
    return value


def read_challenge(challenge: object) -> str | None:
    """Return a claims challenge as JSON text, None where there is none.

    A dict is taken too and written as JSON. Falsy values other than an empty dict mean none, as
    with MSAL, whose callers pass on whatever they found.
    """
    if challenge is None or challenge == "":
        return None
    if isinstance(challenge, dict):
        try:
            challenge = json.dumps(cast("JsonObject", challenge), allow_nan=False)
        except (TypeError, ValueError, RecursionError):
            raise ConfigurationError("claims_challenge: is not JSON", code="claims") from None
    if not isinstance(challenge, str):
        raise ConfigurationError(
            f"claims_challenge: must be JSON text, not {type(challenge).__name__}", code="claims"
        )
    _ = read_object(challenge, "claims_challenge")
    return challenge


def read_forwarded(claims: object) -> str | None:
    """Return claims that a caller forwards, checked and otherwise untouched, or None.

    Observed: the text as it was passed is part of the cache key, so it is not rewritten here.
    """
    if claims is None or claims == "":
        return None
    if not isinstance(claims, str):
        raise ConfigurationError(
            f"forwarded_client_claims: must be JSON text, not {type(claims).__name__}",
            code="claims",
        )
    _ = read_object(claims, "forwarded_client_claims")
    return claims


def _with_capabilities(claims: JsonObject, capabilities: Sequence[str]) -> JsonObject:
    access = claims.get("access_token")
    inner: JsonObject = {**access} if isinstance(access, dict) else {}
    values: list[JsonValue] = list(capabilities)
    inner["xms_cc"] = {"values": values}
    return {**claims, "access_token": inner}


def _deep_merge(under: JsonObject, over: JsonObject) -> JsonObject:
    merged = dict(under)
    for name, value in over.items():
        below = merged.get(name)
        if isinstance(below, dict) and isinstance(value, dict):
            merged[name] = _deep_merge(below, value)  # bounded by the parser's depth
        else:
            merged[name] = value
    return merged


def merge_claims(
    challenge: str | None, capabilities: Sequence[str] = (), forwarded: str | None = None
) -> str | None:
    """Return the text of the `claims` field, or None where nobody wants one.

    Without capabilities and forwarded claims a challenge is passed on as it was received. Raises
    `ConfigurationError` where a part is not a JSON object.
    """
    if not capabilities and not forwarded:
        return challenge or None
    text = challenge
    if capabilities:
        claims = read_object(challenge, "claims_challenge") if challenge else {}
        text = json.dumps(_with_capabilities(claims, capabilities))
    if not forwarded:
        return text
    over = read_object(forwarded, "forwarded_client_claims")
    if not text:
        return forwarded if over else None
    return json.dumps(_deep_merge(read_object(text, "claims_challenge"), over))
