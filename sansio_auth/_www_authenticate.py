"""Reading what a protected API wants: the claims challenge in a `WWW-Authenticate` header.

Knows RFC 9110 section 11.6.1 (challenges, parameters, quoted strings) and the `claims` parameter
of Microsoft's continuous access evaluation. It checks no token and decides nothing.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Final

from sansio_auth._json import UnreadableJson, parse_object
from sansio_auth.errors import ResponseError

__all__ = ["parse_www_authenticate"]

_TOKEN: Final = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]++"
_PARAMETER: Final = re.compile(
    rf'\s*({_TOKEN})\s*=\s*(?:"([^"\\]*(?:\\.[^"\\]*)*)"|([^\s",]++))\s*(?:,|\Z)'
)
_SCHEME: Final = re.compile(rf"\s*({_TOKEN})(?:\s++[A-Za-z0-9\-._~+/]+=*\s*(?=,|\Z))?\s*,?")
_ESCAPED: Final = re.compile(r"\\(.)")
#: Schemes by which an API asks for an access token.
_SCHEMES: Final = frozenset({"bearer", "pop", "dpop"})
_MAX_HEADER: Final = 65_536


def _challenges(header: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield scheme and parameters of each challenge, as far as the header can be read."""
    scheme, parameters, at = "", dict[str, str](), 0
    while at < len(header):
        if match := _PARAMETER.match(header, at):
            value = match[3] if match[2] is None else _ESCAPED.sub(r"\1", match[2])
            _ = parameters.setdefault(match[1].lower(), value)
        elif match := _SCHEME.match(header, at):
            yield scheme, parameters
            scheme, parameters = match[1].lower(), {}
        else:
            break
        at = match.end()
    yield scheme, parameters


def _decoded(value: str) -> str:
    """Return the JSON text of a `claims` parameter: base64 or base64url, padded or not, or JSON."""
    try:
        raw = value.encode()
        if not value.lstrip().startswith("{"):
            plain = value.replace("-", "+").replace("_", "/").rstrip("=")
            raw = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
        _ = parse_object(raw)
        return raw.decode()
    except (binascii.Error, UnreadableJson, ValueError):
        raise ResponseError(
            "the API's WWW-Authenticate header has a claims challenge that is no base64 of a JSON"
            " object; nothing can be asked for with it",
            code="bad_claims_challenge",
            stage="challenge",
        ) from None


def parse_www_authenticate(header: str) -> str | None:
    """Return the claims challenge of a 401's `WWW-Authenticate` header, None where there is none.

    The text is JSON, to be passed as `claims_challenge`, once: the token got with it either
    satisfies the API or nothing will. Several headers can be joined with a comma. Raises
    `ResponseError` (code `bad_claims_challenge`) for a challenge that cannot be read.
    """
    for scheme, parameters in _challenges(header[:_MAX_HEADER]):
        if scheme in _SCHEMES and parameters.get("claims"):
            return _decoded(parameters["claims"])
    return None
