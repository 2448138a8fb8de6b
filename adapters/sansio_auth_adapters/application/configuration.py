"""The constructor's arguments, checked and turned into a client, before anything happens.

Pure but for reading a PFX file. Shared by the sync application and its async twin. Parameters
whose work is not done yet raise here: none is silently ignored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Final, cast

from sansio_auth import __version__
from sansio_auth._json import JsonObject
from sansio_auth._later import later
from sansio_auth.authority import Authority, parse_authority
from sansio_auth.client import ConfidentialClient
from sansio_auth.errors import ConfigurationError
from sansio_auth.policy import Policy
from sansio_auth_adapters import ambient
from sansio_auth_adapters.application.credential import Callback, Signer, read_credential

if TYPE_CHECKING:
    from sansio_auth import _region
else:
    _region = later("sansio_auth._region")

__all__ = ["configure"]

_DEFAULT_AUTHORITY: Final = "https://login.microsoftonline.com/common"
_SALT: Final = ambient.entropy()


def _read_region(value: object, credential: object) -> tuple[str | None, bool]:
    """Return the region, and whether the machine is to be asked for it.

    Observed: None heeds `MSAL_FORCE_REGION` and nothing else; True heeds `REGION_NAME`, of which
    an unfit value means no region; False heeds nothing.
    """
    if value is None:
        forced = ambient.environment("MSAL_FORCE_REGION") if credential else ""
        return (
            (_region.check_region(forced, "MSAL_FORCE_REGION"), False) if forced else (None, False)
        )
    if value is False:
        return None, False
    if value is True:
        named = ambient.environment("REGION_NAME")
        return (named if _region.is_region(named) else None, not named)
    if not isinstance(value, str):
        raise ConfigurationError(
            "azure_region: a region's name, True, False or None is needed", code="region"
        )
    return _region.check_region(value, "azure_region"), False


def _authority(authority: object, oidc_authority: object) -> Authority:
    if authority and oidc_authority:
        raise ConfigurationError(
            "authority and oidc_authority exclude each other", code="two_authorities"
        )
    if oidc_authority:
        return parse_authority(_url(oidc_authority), oidc=True)
    return parse_authority(_url(authority) if authority else _DEFAULT_AUTHORITY)


def _url(value: object) -> str:
    """Return the URL; msal's AuthorityBuilder is one when read as a text."""
    return value if isinstance(value, str) else str(value)


def _exclude_scopes(value: object) -> frozenset[str]:
    if not value:
        return frozenset()
    if not isinstance(value, list):
        raise ConfigurationError("exclude_scopes: a list is needed", code="exclude_scopes")
    scopes = cast("list[object]", value)
    if "openid" in scopes:
        raise ConfigurationError("exclude_scopes: openid is always needed", code="exclude_scopes")
    return frozenset(str(scope) for scope in scopes)


def _capabilities(value: object) -> tuple[str, ...]:
    if not value:
        return ()
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise ConfigurationError(
            'client_capabilities: a list of texts is needed, such as ["CP1"]', code="capabilities"
        )
    return tuple(cast("Sequence[str]", value))


def _client_claims(value: object) -> JsonObject | None:
    if not value:
        return None
    if not isinstance(value, Mapping):
        raise ConfigurationError("client_claims: a dict is needed", code="client_claims")
    return dict(cast("JsonObject", value))


def _header_text(name: str, value: object) -> str | None:
    if not value:
        return None
    if not isinstance(value, str):
        raise ConfigurationError(
            f"{name}: a str is needed, not {type(value).__name__}", code="header_unsafe"
        )
    return value


def _spread(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ConfigurationError(
            "refresh_spread: whole seconds are needed, 0 for none", code="refresh_spread"
        )
    return value


def _yes_or_no(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise ConfigurationError(f"{name}: True or False is needed", code=name)
    return value


@cache
def _policy(retries: int, refresh_spread: int, *, send_telemetry: bool) -> Policy:
    """Return MSAL's numbers, the same object for every application."""
    return Policy(
        retries=retries,
        shared_tenants=True,
        refresh_spread=refresh_spread,
        send_telemetry=send_telemetry,
    )


def configure(  # noqa: PLR0913 - the constructor's parameters
    *,
    client_id: str,
    client_credential: object,
    authority: object,
    oidc_authority: object,
    validate_authority: bool,
    instance_discovery: object,
    client_claims: object,
    app_name: object,
    app_version: object,
    client_capabilities: object,
    exclude_scopes: object,
    azure_region: object,
    allow_broker: object,
    trusted_hosts: Iterable[str],
    retries: int,
    refresh_spread: object,
    send_telemetry: object,
) -> tuple[ConfidentialClient, Signer | Callback]:
    """Return the client that the arguments amount to, and who makes its assertions.

    Raises `ConfigurationError`, naming the argument.
    """
    if allow_broker:
        raise ConfigurationError(
            "allow_broker: a confidential client has no broker", code="allow_broker"
        )
    parsed = _authority(authority, oidc_authority)
    credential = read_credential(client_credential, adfs=parsed.kind == "adfs")
    region, find_region = _read_region(azure_region, client_credential)
    client = ConfidentialClient(
        client_id=client_id,
        authority=parsed,
        credential=credential.public,
        capabilities=_capabilities(client_capabilities),
        client_claims=_client_claims(client_claims),
        exclude_scopes=_exclude_scopes(exclude_scopes),
        validate_authority=validate_authority and instance_discovery is not False,
        instance_discovery=instance_discovery if isinstance(instance_discovery, str) else None,
        trusted_hosts=frozenset(trusted_hosts),
        region=region,
        find_region=find_region,
        app_name=_header_text("app_name", app_name),
        app_version=_header_text("app_version", app_version),
        version=__version__,
        platform=ambient.platform(),
        policy=_policy(
            retries,
            _spread(refresh_spread),
            send_telemetry=_yes_or_no("send_telemetry", send_telemetry),
        ),
        salt=_SALT,
    )
    return client, credential.signer
