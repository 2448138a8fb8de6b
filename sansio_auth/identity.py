"""For whom a token is: the one value that keys the cache, the flights and the holds.

Whatever tells two tokens apart is a field of `Identity`; whatever one call asks beyond that is a
field of `Demand`. Two users, two tenants or two extended keys can therefore never meet by
accident (invariant I-3). They are tuples, as they are hashed and compared for every request.
This module knows no cache and no request.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from sys import intern
from typing import Final, Literal, NamedTuple, TypeAlias, cast

from sansio_auth.errors import ConfigurationError

__all__ = [
    "BEARER",
    "Demand",
    "Identity",
    "Subject",
    "TokenKey",
    "assertion_digest",
    "extended_key",
    "read_scopes",
    "target_of",
    "token_key",
]

#: The token scheme of an ordinary access token (RFC 6750), as keys spell it.
BEARER: Final = "bearer"

#: RFC 6749 section 3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E )
_SCOPE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,4096}")
_SHOWN: Final = 80

#: What tells two access tokens of one owner apart: an exact tuple of strings, made by `token_key`.
TokenKey: TypeAlias = tuple[str, ...]


class Subject(NamedTuple):
    """Whose rights the token carries.

    `app` has no value; `assertion` the hex SHA-256 of the user's assertion; `session` that of a
    long-running session's key, marked as one; `account` a home account id; `code` that of a
    one-time grant.
    """

    kind: Literal["app", "assertion", "session", "account", "code"]
    value: str = ""


class Identity(NamedTuple):
    """For whom a token is. `scopes` are sorted, before decoration; `tenant` is MSAL's realm."""

    environment: str
    tenant: str
    client_id: str
    subject: Subject
    scopes: tuple[str, ...]
    scheme: str = BEARER
    key_id: str = ""
    extended_key: str = ""


class Demand(NamedTuple):
    """What one call asks beyond its identity.

    `claims` is the digest of a claims challenge, `params` of the extra query, `credential` the
    salted fingerprint of the credential in use; all are empty where there is none.
    """

    claims: str = ""
    force: bool = False
    token_to_refresh: str = ""
    min_remaining: int = 0
    params: str = ""
    credential: str = ""


def read_scopes(scopes: object, *, allow_empty: bool = False) -> tuple[str, ...]:
    """Return the scopes sorted by code point, without repetitions, or raise `ConfigurationError`.

    Any iterable of strings but a string itself is taken. Each must be an RFC 6749 scope-token.
    """
    if isinstance(scopes, str | bytes):
        raise ConfigurationError(
            "scopes: a list of scopes is needed, not one text; write [scope]", code="scopes_type"
        )
    if isinstance(scopes, Mapping) or not isinstance(scopes, Iterable):
        raise ConfigurationError("scopes: a list of texts is needed", code="scopes_type")
    given = list(cast("Iterable[object]", scopes))
    for index, scope in enumerate(given):
        if not isinstance(scope, str):
            raise ConfigurationError(
                f"scopes[{index}]: must be a str, not {type(scope).__name__}", code="scopes_type"
            )
        if not _SCOPE.fullmatch(scope):
            shown = repr(scope) if len(scope) <= _SHOWN else f"a text of {len(scope)} characters"
            raise ConfigurationError(
                f"scopes[{index}]: {shown} is not a scope (RFC 6749 section 3.3): no spaces,"
                " quotes, backslashes, control or non-ASCII characters",
                code="scopes_characters",
            )
    if not given and not allow_empty:
        raise ConfigurationError(
            "scopes: at least one is needed, such as https://graph.microsoft.com/.default",
            code="scopes_empty",
        )
    return tuple(sorted({scope for scope in given if isinstance(scope, str)}))


def target_of(scopes: tuple[str, ...]) -> str:
    """Return sorted scopes as MSAL's cache writes them: joined by one space."""
    return " ".join(scopes)


def token_key(
    scopes: Iterable[str],
    scheme: str = BEARER,
    key_id: str = "",
    extended: str = "",
    owner: tuple[str, ...] = (),
) -> TokenKey:
    """Return the key of an access token inside a partition; its last part is the scopes.

    Scopes are compared without regard to case, as MSAL's keys are. `owner` is (client, realm) in
    a partition that several clients share, else empty. An exact tuple, so that no separator
    inside a part can make two identities one; thousands of keys share the texts in it.
    """
    target = " ".join(sorted({scope.lower() for scope in scopes}))
    return (*owner, intern(scheme.lower()), key_id, extended, intern(target))


def assertion_digest(assertion: str) -> str:
    """Return the lower-case hex SHA-256 of the exact bytes of a user's assertion."""
    return hashlib.sha256(assertion.encode()).hexdigest()


def extended_key(components: Mapping[str, str]) -> str:
    """Return the key of extra body fields, or an empty text where there are none.

    SHA-256 over names in ascending order, each name and value as a netstring-like
    `<utf-8 length>:<text>`; base64url without padding, lower case. Observed: MSAL 1.36 and later.
    """
    present = sorted((name, value) for name, value in components.items() if value)
    if not present:
        return ""
    text = "".join(
        f"{len(part.encode())}:{part}" for name, value in present for part in (name, value)
    )
    digest = hashlib.sha256(text.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii").lower()
