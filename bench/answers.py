"""What the identity provider of a benchmark says: texts of the shape and size that Entra sends."""

from __future__ import annotations

import base64
import json
from typing import Final

__all__ = [
    "ASSERTION", "CLIENT", "HOST", "REALM", "SCOPE", "SECRET", "USER_SCOPE", "app_response",
    "discovery_document", "realm_of", "scope_of", "token_text", "user_response", "username_of",
]  # fmt: skip

HOST: Final = "login.microsoftonline.com"
REALM: Final = "11111111-2222-3333-4444-555555555555"
CLIENT: Final = "6731de76-14a6-49ae-97bc-6eba6914391e"
SECRET: Final = "the-application's-secret-of-forty-letters"
SCOPE: Final = "https://graph.microsoft.com/.default"
USER_SCOPE: Final = "https://graph.microsoft.com/User.Read"
_TOKEN_LENGTH: Final = 1500


def realm_of(number: int) -> str:
    """Return the id of one of many tenants."""
    return f"{number:08x}-2222-3333-4444-555555555555"


def scope_of(number: int) -> str:
    """Return the scope of one of many resources."""
    return f"api://resource-{number}/.default"


def username_of(number: int) -> str:
    """Return the name of one of many users."""
    return f"user{number}@contoso.com"


def token_text(number: int = 0, length: int = _TOKEN_LENGTH) -> str:
    """Return a text as long as an access token, another for each number."""
    return f"eyJ0eXAiOiJKV1QiLCJub25jZSI6I{number:012x}".ljust(length, "A")


#: The token that a user brought.
ASSERTION: Final = token_text(7)


def app_response(number: int = 0, life: int = 3600) -> dict[str, object]:
    """Return the answer to a client-credentials request; `life` is seconds."""
    return {
        "token_type": "Bearer",
        "expires_in": life,
        "ext_expires_in": life,
        "access_token": token_text(number),
    }


def _part(members: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(members).encode()).rstrip(b"=").decode()


def user_response(
    number: int = 0, life: int = 3600, length: int = _TOKEN_LENGTH
) -> dict[str, object]:
    """Return the answer to an on-behalf-of request; `length` is that of the tokens in it."""
    person = f"{number:08x}-0000-4000-8000-000000000000"
    claims: dict[str, object] = {
        "aud": CLIENT, "iss": f"https://{HOST}/{REALM}/v2.0", "iat": 1_700_000_000,
        "exp": 4_000_000_000, "name": f"User {number}", "oid": person,
        "preferred_username": username_of(number), "sub": f"sub-{number}", "tid": REALM,
        "ver": "2.0",
    }  # fmt: skip
    header = _part({"typ": "JWT", "alg": "RS256", "kid": "nOo3ZDrODXEK1jKWhXslHR_KXEg"})
    return {
        "token_type": "Bearer",
        "scope": USER_SCOPE,
        "expires_in": life,
        "ext_expires_in": life,
        "access_token": token_text(number, length),
        "refresh_token": f"0.AR{number:012x}".ljust(length, "R"),
        "id_token": f"{header}.{_part(claims)}.{'S' * 342}",
        "client_info": _part({"uid": person, "utid": REALM}),
    }


def discovery_document(realm: str, base: str = f"https://{HOST}") -> str:
    """Return the OpenID provider metadata of a tenant, as text."""
    here = f"{base}/{realm}"
    return json.dumps(
        {
            "token_endpoint": f"{here}/oauth2/v2.0/token",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
            "jwks_uri": f"{here}/discovery/v2.0/keys",
            "response_modes_supported": ["query", "fragment", "form_post"],
            "response_types_supported": ["code", "id_token", "code id_token"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "issuer": f"{here}/v2.0",
            "authorization_endpoint": f"{here}/oauth2/v2.0/authorize",
            "device_authorization_endpoint": f"{here}/oauth2/v2.0/devicecode",
            "end_session_endpoint": f"{here}/oauth2/v2.0/logout",
            "tenant_region_scope": "WW",
            "cloud_instance_name": "microsoftonline.com",
        }
    )
