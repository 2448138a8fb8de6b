"""What attaching a token to somebody's requests takes, whichever HTTP library sends them.

Knows where a token comes from, what a claims challenge is and which addresses a token may go to.
Refuses to know any HTTP library.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, Protocol, TypeAlias, cast
from urllib.parse import urlsplit

from attrs import field, frozen

from sansio_auth import parse_www_authenticate
from sansio_auth.errors import ConfigurationError, SansioAuthError
from sansio_auth.secret import discreet
from sansio_auth_adapters.application.dicts import TokenDict

__all__ = [
    "App",
    "AppTokens",
    "TokenRefused",
    "TokenSource",
    "claims_of",
    "host_for_token",
    "refusal_in",
]

#: Gives a token; what it is called with is a claims challenge to be met, or None.
TokenSource: TypeAlias = Callable[[str | None], str | Awaitable[str]]

_UNAUTHORIZED: Final = 401
#: What Entra, B2C and ADFS begin their descriptions with: AADSTS7000222, AADB2C90006, MSIS9622.
_NUMBER: Final = re.compile(r"[A-Z][A-Z0-9]{2,9}[0-9]{2,9}(?=:)")


class TokenRefused(SansioAuthError):  # noqa: N818 - says what happened
    """The identity provider refused the token that a request was to carry.

    `code` is the OAuth `error`, and the message tells Entra's number beside it. `description`
    holds the provider's own words. They may quote what was sent or name a person, so they are in
    no message, where a log would show them, and in no pickle.
    """

    description: str | None = None

    def __reduce__(self) -> tuple[object, ...]:
        kept = {name: it for name, it in vars(self).items() if name != "description"}
        return type(self), self.args, kept


class App(Protocol):
    """An application of either colour, as far as it is needed here."""

    def acquire_token_for_client(
        self, scopes: Iterable[str], claims_challenge: str | None = None
    ) -> TokenDict | Awaitable[TokenDict]:
        """Return a token for the application itself."""
        ...


def token_in(result: TokenDict) -> str:
    """Return the access token of a result; raises `TokenRefused` where there is none."""
    token = result.get("access_token")
    if token:
        return token
    raise refusal_in(result)


def refusal_in(result: TokenDict) -> TokenRefused:
    """Return the error that a result without a token is."""
    error, words = result.get("error", "unknown_error"), result.get("error_description")
    correlation_id = result.get("correlation_id")
    number = _NUMBER.match(words) if isinstance(words, str) else None
    refused = TokenRefused(
        error
        + (f": {number[0]}" if number is not None else "")
        + (f" (correlation id {correlation_id})" if correlation_id else ""),
        code=error,
        correlation_id=correlation_id,
    )
    refused.description = words
    return refused


def _texts(scopes: Iterable[str]) -> tuple[str, ...]:
    return tuple(scopes)


@frozen
class AppTokens:
    """A `TokenSource`: the application's own token for one resource.

    With an async application its calls have to be awaited, which an async client does.
    """

    _app: App = field(repr=False)
    scopes: tuple[str, ...] = field(converter=_texts)

    @property
    def awaited(self) -> bool:
        """Whether the application is an async one."""
        return inspect.iscoroutinefunction(self._app.acquire_token_for_client)

    @discreet
    def __call__(self, claims: str | None) -> str | Awaitable[str]:
        """Return the token, or something to be awaited for it; raises `TokenRefused`."""
        if self.awaited:
            return self._asked(claims)
        result = self._app.acquire_token_for_client([*self.scopes], claims_challenge=claims)
        return token_in(cast("TokenDict", result))

    @discreet
    async def _asked(self, claims: str | None) -> str:
        result = self._app.acquire_token_for_client([*self.scopes], claims_challenge=claims)
        return token_in(await cast("Awaitable[TokenDict]", result))


def claims_of(status: int, challenge: str | None) -> str | None:
    """Return the claims that a response asks for, None where it asks for none."""
    if status != _UNAUTHORIZED or not challenge:
        return None
    return parse_www_authenticate(challenge)


def host_for_token(url: str, *, insecure: bool) -> str:
    """Return scheme, host and port of an address; raises `ConfigurationError` unless it is https.

    `insecure` allows http, which shows the token to everybody on the way.
    """
    parts = urlsplit(url)
    if parts.scheme != "https" and not insecure:
        raise ConfigurationError(
            f"a token is sent over https only, not to {parts.scheme}://{parts.hostname};"
            " insecure=True allows it",
            code="insecure_resource",
        )
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2].lower()}"
