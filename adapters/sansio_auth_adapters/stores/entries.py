"""MSAL's cache entries: their keys, how they are matched, and what an event files. Pure.

Observed of msal 1.39: an entry matches when it has every member that is asked for and at least
the scopes, compared by letter; a key is made of its members in lower case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeAlias, cast
from urllib.parse import urlsplit

from sansio_auth._body import NOT_IN_EXTENDED_KEY
from sansio_auth._json import JsonObject, JsonValue
from sansio_auth._token import decode_part
from sansio_auth.identity import extended_key, token_key
from sansio_auth.partition import (
    AccessTokenStored,
    AccountSeen,
    AppKey,
    ClientSeen,
    Fact,
    IdTokenStored,
    PartitionKey,
    RefreshTokenStored,
    UserKey,
    shared,
)

__all__ = ["KEY_MAKERS", "Changes", "changes_of", "is_over", "matching"]

Changes: TypeAlias = tuple[tuple[PartitionKey, tuple[Fact, ...]], ...]

_AT: Final = "AccessToken"
_DEFAULT_LIFE: Final = 600
#: Grants whose name MSAL files with the account.
_SOURCES: Final = frozenset({"authorization_code", "password", "user_fic"})


def _joined(*parts: object) -> str:
    return "-".join(str(part or "") for part in parts).lower()


def _access_key(
    home_account_id: object = None,
    environment: object = None,
    client_id: object = None,
    realm: object = None,
    target: object = None,
    ext_cache_key: object = None,
    **_: object,
) -> str:
    kind = "atext" if ext_cache_key else "accesstoken"
    tail = (target, ext_cache_key) if ext_cache_key else (target,)
    return _joined(home_account_id, environment, kind, client_id, realm, *tail)


def _refresh_key(
    home_account_id: object = None,
    environment: object = None,
    client_id: object = None,
    target: object = None,
    **_: object,
) -> str:
    return _joined(home_account_id, environment, "refreshtoken", client_id, "", target)


def _id_key(
    home_account_id: object = None,
    environment: object = None,
    client_id: object = None,
    realm: object = None,
    **_: object,
) -> str:
    return _joined(home_account_id, environment, "idtoken", client_id, realm, "")


def _account_key(
    home_account_id: object = None, environment: object = None, realm: object = None, **_: object
) -> str:
    return _joined(home_account_id, environment, realm)


def _metadata_key(environment: object = None, client_id: object = None, **_: object) -> str:
    return f"appmetadata-{environment or ''}-{client_id or ''}"


KEY_MAKERS: Final[Mapping[str, Callable[..., str]]] = {
    "AccessToken": _access_key,
    "RefreshToken": _refresh_key,
    "IdToken": _id_key,
    "Account": _account_key,
    "AppMetadata": _metadata_key,
}


def is_over(entry: JsonObject, now: float) -> bool:
    """Whether an access token's entry has expired; one that cannot be read has not."""
    value = entry.get("expires_on")
    try:
        return int(cast("str", value)) < now
    except (TypeError, ValueError, OverflowError):
        return False


def _has(entry: JsonObject, query: Mapping[str, object]) -> bool:
    return all(name in entry and entry[name] == value for name, value in query.items())


def matching(
    section: Mapping[str, JsonValue],
    credential_type: str,
    target: list[str],
    query: Mapping[str, object],
    key_makers: Mapping[str, Callable[..., str]],
) -> Iterator[JsonObject]:
    """Yield the entries that have these members and scopes, first the one the query is the key of.

    That one is found whatever the case of its scopes; all others have at least the scopes asked
    for, by letter.
    """
    first: JsonValue = None
    if credential_type == _AT and target:
        named = {**query, "target": " ".join(sorted(target))}
        first = section.get(key_makers[_AT](**named))
        if isinstance(first, dict) and _has(first, query):
            yield first
    for entry in section.values():
        if not isinstance(entry, dict) or entry is first or not _has(entry, query):
            continue
        if credential_type == _AT and entry.get("ext_cache_key") and "ext_cache_key" not in query:
            continue
        scopes = entry.get("target")
        if set(target) <= set(scopes.split() if isinstance(scopes, str) else ()):
            yield entry


# --- events ------------------------------------------------------------------------------------


def _mapping(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, Mapping) else {}


def _text(values: Mapping[str, object], name: str) -> str:
    value = values.get(name)
    return value if isinstance(value, str) else ""


def _claims(response: Mapping[str, object]) -> Mapping[str, object]:
    parts = _text(response, "id_token").split(".")
    decoded = decode_part(parts[1]) if len(parts) == 3 else None  # noqa: PLR2004 - a compact JWS
    return _mapping(response.get("id_token_claims")) or decoded or {}


def _seconds(value: object, otherwise: int) -> int:
    try:
        return int(cast("str", value))
    except (TypeError, ValueError, OverflowError):
        return otherwise


def changes_of(event: Mapping[str, object], now: int) -> Changes:
    """Return what an event files, in facts; `now` is POSIX seconds."""
    response, data = _mapping(event.get("response")), _mapping(event.get("data"))
    endpoint = urlsplit(_text(event, "token_endpoint"))
    environment = shared(_text(event, "environment") or (endpoint.hostname or ""))
    realm = shared(endpoint.path.strip("/").partition("/")[0])
    client = shared(_text(event, "client_id"))
    claims = _claims(response)
    info = decode_part(_text(response, "client_info")) or {}
    home = _home(info, claims)
    scopes = response.get("scope", event.get("scope"))
    given = scopes.split() if isinstance(scopes, str) else cast("list[str]", scopes or [])
    target = shared(" ".join(sorted(given)))
    grant = _text(event, "grant_type")
    if not home and grant not in {"", "client_credentials"}:
        return ()
    owner = UserKey(environment, home) if home else AppKey(environment, realm, client)
    mine = (client, realm) if home else ()
    facts: list[Fact] = []
    if token := _text(response, "access_token"):
        facts.append(_access(response, data, token, target, mine, now))
    if home and info and not event.get("skip_account_creation"):
        row = _account(event, claims, data, realm, grant)
        facts.append(AccountSeen(realm, row))
    if home and (id_token := _text(response, "id_token")):
        facts.append(IdTokenStored((client, realm), id_token))
    family = _text(response, "foci")
    if home and (refresh := _text(response, "refresh_token")):
        facts.append(RefreshTokenStored((client, family, target), (refresh, now)))
    facts.append(ClientSeen(client, family or None))
    return ((owner, tuple(facts)),)


def _home(info: Mapping[str, object], claims: Mapping[str, object]) -> str:
    uid, utid = _text(info, "uid"), _text(info, "utid")
    if uid and utid:
        return f"{uid}.{utid}"
    return "" if info else _text(claims, "sub")


def _access(
    response: Mapping[str, object],
    data: Mapping[str, object],
    token: str,
    target: str,
    mine: tuple[str, ...],
    now: int,
) -> AccessTokenStored:
    left = _seconds(response.get("expires_on"), now + _DEFAULT_LIFE) - now
    life = _seconds(response.get("expires_in"), left)
    extended = _seconds(response.get("ext_expires_in"), life)
    due = _seconds(response.get("refresh_in"), -1) if "refresh_in" in response else -1
    kind = shared(_text(response, "token_type") or "Bearer")
    extra = {
        name: str(value)
        for name, value in data.items()
        if value and name not in NOT_IN_EXTENDED_KEY
    }
    key = token_key(target.split(), kind, _text(data, "key_id"), extended_key(extra), mine)
    end = now + life
    row = (
        token, kind, target, now, end, end if extended == life else now + extended,
        now + due if due >= 0 else None,
    )  # fmt: skip
    return AccessTokenStored(key, row)


def _account(
    event: Mapping[str, object],
    claims: Mapping[str, object],
    data: Mapping[str, object],
    realm: str,
    grant: str,
) -> tuple[str, str, str, str | None]:
    return (
        _text(event, "_account_id") or _text(claims, "oid") or _text(claims, "sub"),
        _text(claims, "preferred_username")
        or _text(claims, "upn")
        or _text(data, "username")
        or _text(event, "username"),
        _text(event, "authority_type") or ("ADFS" if realm == "adfs" else "MSSTS"),
        grant if grant in _SOURCES else None,
    )
