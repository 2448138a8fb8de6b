"""What every request may be told beyond its grant, read once for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypedDict

from sansio_auth._claims import read_challenge, read_forwarded
from sansio_auth.errors import ConfigurationError
from sansio_auth.identity import read_scopes
from sansio_auth.registration import Registration, header_safe
from sansio_auth.secret import Secret
from sansio_auth.wire import Pairs

__all__ = ["Asked", "RequestOptions", "asked", "is_text", "read_secret"]


class RequestOptions(TypedDict, total=False):
    """Options of every request.

    `claims_challenge` is what an API or the identity provider asked for, as JSON text or object;
    it goes past the cache. `forwarded_client_claims` is a JSON object that a client of ours sent;
    it sets tokens apart. `data` and `params` are extra body and query fields. `force_refresh` goes
    past the cache; `token_to_refresh_hash`, the hex SHA-256 of a token that was rejected, only past
    that one. `min_remaining` is the least life, in seconds, that a cached token must have left.
    """

    claims_challenge: str | Mapping[str, object] | None
    forwarded_client_claims: str | None
    data: Mapping[str, str] | None
    params: Mapping[str, str] | None
    force_refresh: bool
    token_to_refresh_hash: str | None
    min_remaining: int
    correlation_id: str | None


class _Always(TypedDict):
    registration: Registration
    scopes: tuple[str, ...]


class Asked(_Always, total=False):
    """The same, checked, as the calls take it; what nobody asked for is not there."""

    claims_challenge: str | None
    forwarded_claims: str | None
    data: Pairs
    params: Pairs
    force_refresh: bool
    token_to_refresh: str
    min_remaining: int
    correlation_id: str | None


_HEX_DIGEST = 64


def is_text(value: object) -> bool:
    """Whether it is a text that can be sent: half of a character cannot, in any encoding."""
    return isinstance(value, str) and not any("\ud800" <= c <= "\udfff" for c in value)


def _pairs(values: Mapping[str, str] | None, name: str) -> Pairs:
    if values is None:
        return ()
    given: object = values
    if not isinstance(given, Mapping) or not all(
        is_text(key) and is_text(value) for key, value in values.items()
    ):
        raise ConfigurationError(f"{name}: a dict of texts is needed", code=f"{name}_type")
    return tuple(sorted(values.items()))


def _digest(value: object) -> str:
    if not value:
        return ""
    if (
        not isinstance(value, str)
        or len(value) != _HEX_DIGEST
        or not set(value.lower()) <= set("0123456789abcdef")
    ):
        raise ConfigurationError(
            "token_to_refresh_hash: the hex SHA-256 of the rejected token is needed",
            code="token_to_refresh_hash",
        )
    return value.lower()


def _seconds(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ConfigurationError(
            "min_remaining: whole seconds, zero or more, are needed", code="min_remaining"
        )
    return value


def asked(
    registration: Registration,
    scopes: Iterable[str],
    options: RequestOptions,
    *,
    allow_empty: bool = False,
) -> Asked:
    """Return scopes and options as the calls take them, or raise `ConfigurationError`."""
    if not options:
        return {
            "registration": registration,
            "scopes": read_scopes(scopes, allow_empty=allow_empty),
        }
    correlation_id = options.get("correlation_id")
    return {
        "registration": registration,
        "scopes": read_scopes(scopes, allow_empty=allow_empty),
        "claims_challenge": read_challenge(options.get("claims_challenge")),
        "forwarded_claims": read_forwarded(options.get("forwarded_client_claims")),
        "data": _pairs(options.get("data"), "data"),
        "params": _pairs(options.get("params"), "params"),
        "force_refresh": bool(options.get("force_refresh", False)),
        "token_to_refresh": _digest(options.get("token_to_refresh_hash")),
        "min_remaining": _seconds(options.get("min_remaining", 0)),
        "correlation_id": (
            None if correlation_id is None else header_safe(correlation_id, "correlation_id")
        ),
    }


def read_secret(value: Secret | str | bytes, name: str, code: str) -> Secret:
    """Return what a caller gave as a secret text, or raise `ConfigurationError`."""
    if isinstance(value, Secret):
        return value
    if isinstance(value, bytes):
        try:
            return Secret(value.decode("ascii"))
        except UnicodeDecodeError:
            raise ConfigurationError(f"{name}: is not ASCII", code=code) from None
    if not isinstance(value, str):
        raise ConfigurationError(f"{name}: a str is needed, not {type(value).__name__}", code=code)
    if not is_text(value):  # the error of whoever encodes it would show it
        raise ConfigurationError(
            f"{name}: holds characters that cannot be sent; it was decoded wrongly", code=code
        )
    return Secret(value)
