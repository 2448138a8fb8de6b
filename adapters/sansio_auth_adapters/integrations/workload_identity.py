"""Credentials that the platform gives a workload: a projected token file, a managed identity.

Both are functions for `client_credential={"client_assertion": ...}`, called anew for every token
request. Knows files that are replaced under a reader and the token service of Azure's hosts.
Refuses to hand out what is expired, and to know what the token is exchanged for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Final, cast

from attrs import field, frozen

from sansio_auth._json import UnreadableJson, parse_object
from sansio_auth._token import decode_part
from sansio_auth.errors import AssertionFailed, ConfigurationError, TransportError
from sansio_auth.secret import Secret, discreet
from sansio_auth.wire import HttpRequest, HttpResponse, Pairs
from sansio_auth_adapters import ambient
from sansio_auth_adapters.ports import Transport

__all__ = ["ManagedIdentityAssertion", "TokenFileAssertion"]

#: The audience of a federated credential (Entra, "workload identity federation").
_EXCHANGE: Final = "api://AzureADTokenExchange"
_IMDS: Final = "http://169.254.169.254/metadata/identity/oauth2/token"
_OK: Final = 200
#: POSIX seconds; both services give a text, and older ones a number.
_MOMENT: Final = re.compile(r"[0-9]{1,15}")
#: Seconds before its end from which a token is not handed out: the exchange takes time.
_MARGIN: Final = 60.0
#: No time of anybody's, POSIX seconds; it also keeps numbers out that are none.
_NEVER: Final = 1e15


@frozen
class _Held:
    """A token, what its file looked like when it was read, and the end of its life."""

    token: Secret
    expires_on: float
    stamp: tuple[int, int, int] = (0, 0, 0)


def _failed(message: str, code: str) -> AssertionFailed:
    return AssertionFailed(f"client_assertion: {message}", code=code)


def _expiry(token: str) -> float | None:
    """Return the `exp` of a JWT (RFC 7519 section 4.1.4), None where nothing can be read."""
    parts = token.split(".")
    claims = decode_part(parts[1]) if len(parts) == 3 else None  # noqa: PLR2004 - a JWT's parts
    moment = None if claims is None else claims.get("exp")
    usable = isinstance(moment, int | float) and not isinstance(moment, bool)
    return float(cast("float", moment)) if usable and 0 <= cast("float", moment) < _NEVER else None


class TokenFileAssertion:
    """The token of a projected file, as Kubernetes' workload identity mounts it.

    `path` defaults to `AZURE_FEDERATED_TOKEN_FILE`. The file is read again when it is replaced and
    when the token that is held ends; links are followed, because the mount consists of them. Raises
    `AssertionFailed` for a file without a token or with one that is expired, `OSError` with path
    and `errno` for one that cannot be read. `clock` gives POSIX seconds.
    """

    def __init__(
        self, path: str | None = None, *, clock: Callable[[], float] = ambient.now
    ) -> None:
        given = path or ambient.environment("AZURE_FEDERATED_TOKEN_FILE")
        if not given:
            raise ConfigurationError(
                "no token file: pass its path, or set AZURE_FEDERATED_TOKEN_FILE",
                code="token_file",
            )
        self.path: Final = given
        self._clock: Final = clock
        self._held: _Held | None = None

    @discreet
    def __call__(self) -> str:
        """Return the token."""
        stamp, now = ambient.file_stamp(self.path), self._clock()
        held = self._held
        if held is None or held.stamp != stamp or held.expires_on - now <= _MARGIN:
            held = self._held = self._read(stamp)
        if held.expires_on <= now:
            raise _failed(f"the token in {self.path} expired; nobody replaced it", "token_expired")
        return held.token.reveal()

    def _read(self, stamp: tuple[int, int, int]) -> _Held:
        # Empty is a file that is being written; a second look finds it whole, or there is none.
        content = ambient.read_token_file(self.path).strip()
        content = content or ambient.read_token_file(self.path).strip()
        try:
            token = content.decode("ascii")
        except UnicodeDecodeError:
            token = ""
        expires_on = _expiry(token)
        if expires_on is None:
            raise _failed(f"{self.path} holds no JWT with an expiry", "token_file")
        return _Held(Secret(token), expires_on, stamp)

    def __repr__(self) -> str:
        return f"TokenFileAssertion({self.path!r})"


def _request(client_id: str | None, object_id: str | None, resource_id: str | None) -> HttpRequest:
    """Return the request for a token of this host's identity, by App Service or by IMDS."""
    named = (
        ("client_id", client_id), ("object_id", object_id), ("msi_res_id", resource_id),
    )  # fmt: skip
    chosen: Pairs = tuple((name, value) for name, value in named if value)
    if len(chosen) > 1:
        raise ConfigurationError(
            "client_id, object_id, resource_id: one of them names an identity", code="identity"
        )
    endpoint = ambient.environment("IDENTITY_ENDPOINT")
    key = ambient.environment("IDENTITY_HEADER")
    url, version, header = (
        (endpoint, "2019-08-01", ("X-IDENTITY-HEADER", key))
        if endpoint and key
        else (_IMDS, "2018-02-01", ("Metadata", "true"))
    )
    return HttpRequest(
        "GET",
        url,
        query=(("api-version", version), ("resource", _EXCHANGE), *chosen),
        headers=(header,),
        timeout=5.0,
        direct=True,
    )


@frozen
class ManagedIdentityAssertion:
    """A token of this host's managed identity, as the assertion of an application.

    The host's token service is asked, App Service's where `IDENTITY_ENDPOINT` says so and the
    instance metadata service otherwise; never through a proxy. The token is kept until shortly
    before its end. One of `client_id`, `object_id` and `resource_id` names a user-assigned
    identity. Raises `TransportError` where there is no such service, `AssertionFailed` where it
    refuses. `transport` defaults to urllib3; `clock` gives POSIX seconds.
    """

    client_id: str | None = None
    object_id: str | None = None
    resource_id: str | None = None
    _transport: Transport | None = field(default=None, repr=False)
    _clock: Callable[[], float] = field(default=ambient.now, repr=False)
    _kept: list[_Held] = field(init=False, factory=list[_Held], repr=False)

    def __attrs_post_init__(self) -> None:
        _ = self._asked()  # what can never work is told at once

    def _asked(self) -> HttpRequest:
        return _request(self.client_id, self.object_id, self.resource_id)

    @discreet
    def __call__(self) -> str:
        """Return the token."""
        now = self._clock()
        if self._kept and self._kept[0].expires_on - now > _MARGIN:
            return self._kept[0].token.reveal()
        self._kept[:] = [_token_in(self._sender().send(self._asked()), now)]
        return self._kept[0].token.reveal()

    def _sender(self) -> Transport:
        if self._transport is not None:
            return self._transport
        from sansio_auth_adapters.transports.urllib3 import Urllib3Transport

        return Urllib3Transport(proxies={})


def _token_in(response: HttpResponse, now: float) -> _Held:
    if response.status >= 500 or response.status in {404, 410, 429}:  # noqa: PLR2004 - Azure's list of what passes
        raise TransportError(
            f"managed identity: the token service answered {response.status}; it may be starting",
            kind="unknown",
            retryable=True,
        )
    try:
        found = parse_object(response.body)
    except UnreadableJson:
        found = {}
    token, given = found.get("access_token"), found.get("expires_on")
    moment = given if isinstance(given, str) else json.dumps(given)
    if response.status != _OK or not isinstance(token, str) or not _MOMENT.fullmatch(moment):
        error = found.get("error")
        said = error if isinstance(error, str) else f"status {response.status}"
        raise _failed(f"managed identity: {said[:80]}", "managed_identity")
    if int(moment) <= now:
        raise _failed("managed identity: the token is expired already", "token_expired")
    return _Held(Secret(token), float(moment))
