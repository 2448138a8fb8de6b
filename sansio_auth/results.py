"""What an acquisition ends in: a token, a refusal, or nothing found.

A refusal by the identity provider is an ordinary value, because a caller must expect one. These
values know nothing of HTTP and nothing of MSAL's dictionaries; the shell translates at its edge.

What holds a token or the provider's own words is not pickled: words may quote what was sent, and
one that went along without them would be another outcome. Take the members that are needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NoReturn, TypeAlias

from attrs import field, frozen

from sansio_auth._json import JsonValue
from sansio_auth.secret import Confidential, Secret

__all__ = ["AccessToken", "Metadata", "NotCached", "Outcome", "Refusal", "TokenSource"]

TokenSource: TypeAlias = Literal["cache", "identity_provider"]


@frozen(kw_only=True)
class Metadata:
    """What else is to be told about an acquisition.

    `warnings` are stable words such as `bad_expires_in` or `store_load_failed`, in the order in
    which they came up. `requests` counts what was sent, discovery included. `refusal` is the
    answer that a token from the cache covered up.
    """

    correlation_id: str = ""
    warnings: tuple[str, ...] = ()
    requests: int = 0
    refusal: Refusal | None = None


@frozen(kw_only=True)
class AccessToken(Confidential):
    """A token, from the cache or fresh.

    `expires_on` and `refresh_on` are POSIX seconds. `response` holds the members of a fresh
    answer as received (they are secret: its repr is hidden); it is empty for a token from the
    cache. `id_token_claims` are decoded, not verified.
    """

    token: Secret
    token_type: str
    expires_on: int
    refresh_on: int | None = None
    scopes: tuple[str, ...] = ()
    source: TokenSource = "identity_provider"
    home_account_id: str | None = None
    response: Mapping[str, JsonValue] = field(factory=dict[str, JsonValue], repr=False, eq=False)
    id_token_claims: Mapping[str, JsonValue] | None = field(default=None, repr=False, eq=False)
    metadata: Metadata = field(default=Metadata(), eq=False)


@frozen(kw_only=True)
class Refusal(Confidential):
    """The identity provider said no (RFC 6749 section 5.2), in its own words.

    `retry_at` is POSIX seconds: before it, the same question gets the same answer without a
    request. `held` tells that this is such an answer. `members` are the response as received.
    """

    error: str
    status: int
    description: str | None = field(default=None, repr=False)
    error_codes: tuple[int, ...] = ()
    suberror: str | None = None
    claims: str | None = field(default=None, repr=False)
    retryable: bool = False
    retry_at: float | None = None
    held: bool = False
    hint: str | None = None
    members: Mapping[str, JsonValue] = field(factory=dict[str, JsonValue], repr=False, eq=False)
    metadata: Metadata = field(default=Metadata(), eq=False)

    def __reduce__(self) -> NoReturn:
        message = (
            "a Refusal holds the identity provider's own words, which may quote a secret, and"
            " cannot be pickled: hand on its `error`, `status` and `error_codes`"
        )
        raise TypeError(message)


@frozen(kw_only=True)
class NotCached:
    """Nothing that fits is in the cache, and this call was not to ask."""

    metadata: Metadata = field(default=Metadata(), eq=False)


Outcome: TypeAlias = AccessToken | Refusal | NotCached
