"""Tokens of the simulated tenant: JWT-shaped texts that it can read again and nobody can alter.

They are authenticated with a key derived from the tenant's seed (HMAC-SHA-256), so making one is
quick and the same every time. A resource that checks Entra's signatures will not take them, and
should not.
"""

from __future__ import annotations

import hmac
import json
from typing import Final, Literal, TypeAlias

from attrs import frozen

from sansio_auth._assertion import base64url
from sansio_auth._json import JsonObject, JsonValue
from sansio_auth._seed import derive, derive_uuid
from sansio_auth._token import decode_part

__all__ = ["TokenFacts", "id_token", "mint", "read"]

Kind: TypeAlias = Literal["access", "refresh", "code", "id"]
_KINDS: Final[dict[str, Kind]] = {kind: kind for kind in ("access", "refresh", "code", "id")}
_HEADER: Final = base64url(b'{"alg":"HS256","kid":"simulated","typ":"JWT"}')


@frozen(kw_only=True)
class TokenFacts:
    """What a token says: who, for what, until when, which request it came from.

    Times are POSIX seconds. `username` is None where the application acts for itself. `claims` is
    the claims request it was issued for; `number` counts the tenant's tokens.
    """

    kind: Kind
    issuer: str
    audience: str
    client_id: str
    tenant_id: str
    issued_at: int
    expires_at: int
    username: str | None = None
    object_id: str = ""
    scopes: tuple[str, ...] = ()
    claims: str = ""
    number: int = 0
    redirect_uri: str = ""
    code_challenge: str = ""
    nonce: str = ""

    @property
    def id(self) -> str:
        """What tells this token from every other of its tenant."""
        return f"{self.kind} {self.client_id} {self.number}"


def _signed(seed: bytes, payload: JsonObject) -> str:
    text = json.dumps(payload, separators=(",", ":"))
    signed = f"{_HEADER}.{base64url(text.encode())}"
    return f"{signed}.{_mac(seed, signed)}"


def _mac(seed: bytes, text: str) -> str:
    return base64url(hmac.digest(derive(seed, "tokens"), text.encode(), "sha256"))


def mint(seed: bytes, facts: TokenFacts) -> str:
    """Return the token that says this."""
    payload: JsonObject = {
        "typ": facts.kind,
        "iss": facts.issuer,
        "aud": facts.audience,
        "azp": facts.client_id,
        "tid": facts.tenant_id,
        "iat": facts.issued_at,
        "nbf": facts.issued_at,
        "exp": facts.expires_at,
        "oid": facts.object_id,
        "uti": facts.number,
    }
    optional: dict[str, JsonValue] = {
        "preferred_username": facts.username,
        "scp": " ".join(facts.scopes),
        "claims": facts.claims,
        "redirect_uri": facts.redirect_uri,
        "code_challenge": facts.code_challenge,
        "nonce": facts.nonce,
    }
    return _signed(seed, payload | {name: value for name, value in optional.items() if value})


def id_token(seed: bytes, facts: TokenFacts, *, auth_time: int) -> str:
    """Return the id token (OpenID Connect Core section 2) that goes with a user's token."""
    payload: JsonObject = {
        "typ": "id",
        "ver": "2.0",
        "iss": facts.issuer,
        "aud": facts.client_id,
        "sub": derive_uuid(seed, f"{facts.object_id} at {facts.client_id}"),
        "oid": facts.object_id,
        "tid": facts.tenant_id,
        "preferred_username": facts.username,
        "iat": facts.issued_at,
        "nbf": facts.issued_at,
        "exp": facts.expires_at,
        "auth_time": auth_time,
    }
    return _signed(seed, payload | ({"nonce": facts.nonce} if facts.nonce else {}))


def _text(claims: JsonObject, name: str) -> str:
    value = claims.get(name)
    return value if isinstance(value, str) else ""


def _number(claims: JsonObject, name: str) -> int:
    value = claims.get(name)
    return value if isinstance(value, int) else 0


def read(seed: bytes, token: str) -> TokenFacts | None:
    """Return what a token says, None for one that was not made with this seed."""
    signed, _, mac = token.rpartition(".")
    if not hmac.compare_digest(_mac(seed, signed).encode(), mac.encode()):
        return None
    claims = decode_part(signed.partition(".")[2]) or {}
    return TokenFacts(
        kind=_KINDS[_text(claims, "typ")],
        issuer=_text(claims, "iss"),
        audience=_text(claims, "aud"),
        client_id=_text(claims, "azp"),
        tenant_id=_text(claims, "tid"),
        issued_at=_number(claims, "iat"),
        expires_at=_number(claims, "exp"),
        username=_text(claims, "preferred_username") or None,
        object_id=_text(claims, "oid"),
        scopes=tuple(_text(claims, "scp").split()),
        claims=_text(claims, "claims"),
        number=_number(claims, "uti"),
        redirect_uri=_text(claims, "redirect_uri"),
        code_challenge=_text(claims, "code_challenge"),
        nonce=_text(claims, "nonce"),
    )
