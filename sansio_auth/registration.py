"""What the identity provider knows the client by, and what every request of it has in common.

The frozen configuration below `ConfidentialClient`: calls are made from it. Headers and the
constant part of the form are prepared once here, not once a request. It knows neither calls nor
scripts, and it holds no private key and no callback.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, Self

from attrs import Factory, field, fields, frozen

from sansio_auth._json import JsonValue
from sansio_auth.authority import Authority, Endpoints, computed_endpoints
from sansio_auth.credentials import AssertionCredential, CertificateCredential, Credential
from sansio_auth.errors import ConfigurationError
from sansio_auth.policy import Policy
from sansio_auth.wire import Pairs

__all__ = ["ASSERTION_TYPE", "Registration", "fits_header", "header_safe"]

#: RFC 7523 section 2.2.
ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

_MAX_HEADER: Final = 256
_MAX_CLIENT_ID: Final = 512


def _plain(value: object, most: int) -> bool:
    """Whether it is a text of printable ASCII, not empty, without spaces around it."""
    return (
        isinstance(value, str)
        and 0 < len(value) <= most
        and value.isascii()
        and value.isprintable()
        and value == value.strip()
    )


def fits_header(value: str) -> bool:
    """Whether a text may stand in a header: 1 to 256 characters of printable ASCII."""
    return _plain(value, _MAX_HEADER)


def header_safe(value: str, name: str) -> str:
    """Return the text if it may stand in a header, else raise `ConfigurationError`."""
    if not fits_header(value):
        raise ConfigurationError(
            f"{name}: printable ASCII of at most 256 characters is needed, as it goes into a"
            " header",
            code="header_unsafe",
        )
    return value


def _check_client_id(_: object, __: object, value: str) -> None:
    if not _plain(value, _MAX_CLIENT_ID):
        raise ConfigurationError(
            "client_id: the application's id is needed, as printable ASCII", code="client_id"
        )


def _check_capabilities(_: object, __: object, value: tuple[str, ...]) -> None:
    given: tuple[object, ...] = value
    if not all(isinstance(item, str) and item for item in given):
        raise ConfigurationError(
            'client_capabilities: a list of texts is needed, such as ["CP1"]', code="capabilities"
        )


def _check_region(_: object, __: object, value: str | None) -> None:
    if value is not None:
        from sansio_auth._region import check_region

        _ = check_region(value, "region")


def _headers(of: Registration) -> Pairs:
    try:
        told = _client_headers(of.sku, of.version, of.platform, of.app_name, of.app_version)
    except TypeError:  # what cannot be a key is no text
        raise ConfigurationError(
            "app_name and app_version: texts are needed", code="header_unsafe"
        ) from None
    return told if of.policy.send_telemetry else _PLAIN_HEADERS


_ACCEPT: Final = ("Accept", "application/json")
#: Entra is told what this client does with a 429, so that it need not be spared one.
_CAPABILITY: Final = ("x-ms-lib-capability", "retry-after, h429")
_PLAIN_HEADERS: Final = (_ACCEPT, _CAPABILITY)


@lru_cache(maxsize=64)
def _client_headers(
    sku: str, version: str, platform: str, app_name: str | None, app_version: str | None
) -> Pairs:
    """Return the headers that say who asks; clients that say the same share them."""
    named = (
        ("x-client-sku", sku),
        ("x-client-ver", version),
        ("x-client-os", platform),
        ("x-app-name", app_name or ""),
        ("x-app-ver", app_version or ""),
    )
    return (
        _ACCEPT,
        *((name, header_safe(value, name)) for name, value in named if value),
        _CAPABILITY,
    )


def _client_form(of: Registration) -> Pairs:
    if isinstance(of.credential, CertificateCredential | AssertionCredential):
        return (("client_assertion_type", ASSERTION_TYPE),)
    return ()  # a secret is revealed when a request is made, and kept nowhere else


def _endpoints(of: Registration) -> Endpoints | None:
    return computed_endpoints(of.authority)


def _fingerprint(of: Registration) -> str:
    credential = of.credential
    if credential is None or isinstance(credential, AssertionCredential):
        return type(credential).__name__
    if isinstance(credential, CertificateCredential):
        return f"{credential.algorithm}:{credential.x5t_s256 or credential.x5t}"
    return hmac.digest(of.salt, credential.secret.reveal().encode(), "sha256").hex()


@frozen(kw_only=True)
class Registration:
    """One application at one authority.

    `region` is where client credentials go first; `find_region` asks the machine's metadata
    service for it. `headers` are those of every token request; `platform` is what MSAL calls
    `x-client-os`. `salt` keys the credential's fingerprint, so that a stored hold tells nothing
    about a secret.
    """

    client_id: str = field(validator=_check_client_id)
    authority: Authority
    credential: Credential | None = None
    capabilities: tuple[str, ...] = field(default=(), validator=_check_capabilities)
    client_claims: Mapping[str, JsonValue] | None = field(default=None, repr=False, eq=False)
    exclude_scopes: frozenset[str] = frozenset()
    validate_authority: bool = True
    instance_discovery: str | None = None
    trusted_hosts: frozenset[str] = frozenset()
    region: str | None = field(default=None, validator=_check_region)
    find_region: bool = False
    app_name: str | None = None
    app_version: str | None = None
    sku: str = "sansio-auth"
    version: str = "0"
    platform: str = "unknown"
    policy: Policy = field(default=Policy())
    salt: bytes = field(default=b"", repr=False)

    headers: Pairs = field(
        init=False, repr=False, eq=False, default=Factory(_headers, takes_self=True)
    )
    client_form: Pairs = field(
        init=False, repr=False, eq=False, default=Factory(_client_form, takes_self=True)
    )
    endpoints: Endpoints | None = field(
        init=False, repr=False, eq=False, default=Factory(_endpoints, takes_self=True)
    )
    fingerprint: str = field(
        init=False, repr=False, eq=False, default=Factory(_fingerprint, takes_self=True)
    )

    def at(self, authority: Authority) -> Self:
        """Return the same application at another authority of the same kind.

        Everything else was checked and prepared already, and is shared.
        """
        other = object.__new__(type(self))
        for place in fields(type(self)):
            object.__setattr__(other, place.name, getattr(self, place.name))
        object.__setattr__(other, "authority", authority)
        object.__setattr__(other, "endpoints", computed_endpoints(authority))
        return other
