"""Signing a user in by the authorization code flow: the URL to send them to, and what comes back.

RFC 6749 section 4.1 with PKCE (RFC 7636), `nonce` and `max_age` (OpenID Connect Core section
3.1.2.1). An `AuthCodeFlow` is what the application keeps in the user's session between the two.
Nothing here sends anything; redeeming the code is a grant.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Final, cast

from attrs import field, frozen

from sansio_auth._assertion import base64url
from sansio_auth._seed import derive
from sansio_auth._token import decode_part
from sansio_auth.authority import Endpoints
from sansio_auth.errors import ConfigurationError
from sansio_auth.secret import Secret
from sansio_auth.wire import Pairs, form_encode

__all__ = ["AuthCodeFlow", "authorization_url", "begin_flow", "hashed_nonce", "home_account_of"]

_ENTROPY: Final = 16


@frozen(kw_only=True)
class AuthCodeFlow:
    """A sign-in under way. `scope` is as sent; `nonce` is raw, its digest went into the URL."""

    state: str = field(repr=False)
    scope: tuple[str, ...]
    auth_uri: str = field(repr=False)
    redirect_uri: str = ""
    code_verifier: Secret
    nonce: Secret
    max_age: int | None = None
    claims_challenge: str | None = field(default=None, repr=False)

    def as_dict(self) -> dict[str, object]:
        """Return MSAL's dictionary, which JSON can hold; it is as secret as the user's session."""
        found: dict[str, object] = {
            "state": self.state,
            "redirect_uri": self.redirect_uri or None,
            "scope": list(self.scope),
            "auth_uri": self.auth_uri,
            "code_verifier": self.code_verifier.reveal(),
            "nonce": self.nonce.reveal(),
            "claims_challenge": self.claims_challenge,
        }
        if self.max_age is not None:
            found["max_age"] = self.max_age
        return found

    @classmethod
    def from_dict(cls, given: Mapping[str, object]) -> AuthCodeFlow:
        """Return the flow that MSAL's dictionary says, or raise `ConfigurationError`."""
        if not isinstance(cast("object", given), Mapping):
            raise _unfit("is no dictionary")
        scope = given.get("scope")
        if not isinstance(scope, list | tuple):
            raise _unfit("has no scope")
        scopes = tuple(cast("list[object]", scope))
        if not all(isinstance(item, str) for item in scopes):
            raise _unfit("has a scope that is no text")
        max_age = given.get("max_age")
        return cls(
            state=_text(given, "state", needed=True),
            scope=cast("tuple[str, ...]", scopes),
            auth_uri=_text(given, "auth_uri"),
            redirect_uri=_text(given, "redirect_uri"),
            code_verifier=Secret(_text(given, "code_verifier")),
            nonce=Secret(_text(given, "nonce")),
            max_age=max_age if isinstance(max_age, int) else None,
            claims_challenge=_text(given, "claims_challenge") or None,
        )

    def check_state(self, response: Mapping[str, object]) -> None:
        """Refuse a response to another sign-in; neither state is repeated in the message."""
        state = response.get("state")
        given = state.encode("utf-8", "surrogatepass") if isinstance(state, str) else b""
        if not hmac.compare_digest(given, self.state.encode()):
            raise ConfigurationError(
                "auth_response: its state is not that of this flow; the sign-in was begun by"
                " somebody else, or long ago",
                code="state_differs",
            )


def _unfit(why: str) -> ConfigurationError:
    return ConfigurationError(
        f"auth_code_flow: {why}; pass what initiate_auth_code_flow returned", code="auth_code_flow"
    )


def _text(given: Mapping[str, object], name: str, *, needed: bool = False) -> str:
    value = given.get(name)
    if needed and not (isinstance(value, str) and value):
        raise _unfit(f"has no {name}")
    text = value if isinstance(value, str) else ""
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise _unfit(f"has a {name} with half of a character in it")
    return text


def hashed_nonce(nonce: str) -> str:
    """Return what goes into the URL for a nonce, and comes back in the id token (observed)."""
    return hashlib.sha256(nonce.encode()).hexdigest() if nonce else ""


def authorization_url(endpoints: Endpoints, parameters: Pairs) -> str:
    """Return the URL to send the user to; parameters without a value are left out."""
    query = form_encode(tuple((name, value) for name, value in parameters if value))
    separator = "&" if "?" in endpoints.authorization else "?"
    return f"{endpoints.authorization}{separator}{query}"


def begin_flow(
    endpoints: Endpoints, seed: bytes, scope: tuple[str, ...], parameters: Mapping[str, str]
) -> AuthCodeFlow:
    """Return a sign-in that begins now, random values derived from the seed.

    `parameters` are those of the authorization request that the caller chose (`client_id`,
    `redirect_uri`, `state`, `prompt`, `login_hint`, `claims`, `max_age` and so on).
    """
    state = parameters.get("state") or base64url(derive(seed, "state")[:_ENTROPY])
    verifier = base64url(derive(seed, "code verifier"))
    nonce = base64url(derive(seed, "nonce")[:_ENTROPY])
    challenge = base64url(hashlib.sha256(verifier.encode()).digest())
    hint = parameters.get("login_hint", "")
    asked = {
        "client_id": "",
        "response_type": "code",
        "redirect_uri": "",
        "scope": " ".join(scope),
        **parameters,
        "state": state,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        "nonce": hashed_nonce(nonce),
        "client_info": "1",
        "X-AnchorMailbox": f"UPN:{hint}" if hint else "",
    }
    max_age = parameters.get("max_age")
    return AuthCodeFlow(
        state=state,
        scope=scope,
        auth_uri=authorization_url(endpoints, tuple(asked.items())),
        redirect_uri=parameters.get("redirect_uri", ""),
        code_verifier=Secret(verifier),
        nonce=Secret(nonce),
        max_age=None if max_age is None else int(max_age),
    )


def home_account_of(response: Mapping[str, object]) -> str:
    """Return who signed in, as the response's `client_info` says, or an empty text."""
    info = response.get("client_info")
    found = decode_part(info) if isinstance(info, str) else None
    uid, utid = (found or {}).get("uid"), (found or {}).get("utid")
    return f"{uid}.{utid}" if isinstance(uid, str) and isinstance(utid, str) else ""
