"""Authorities: what is asked to find the endpoints, and what the cache calls them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import requests
from msal.authority import AuthorityBuilder  # type: ignore[import-untyped]

from tests.parity.scenario import (
    DIRECTORY,
    DISCOVERED,
    HOST,
    TENANT,
    USUAL,
    Answer,
    Breakdown,
    Reply,
    Scenario,
    Step,
    endpoints,
    for_client,
    on_behalf_of,
    token,
    user_token,
)

__all__ = ["SCENARIOS"]

_PLAIN: Final = (for_client(token()), for_client())
_CONFIGURATION: Final = "/.well-known/openid-configuration"
_INSTANCE: Final = f"https://{HOST}/common/discovery/instance"
_ADFS: Final = "https://fs.contoso.com/adfs"
_B2C: Final = "https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_sign_in"
_B2C_DOMAIN: Final = "https://login.contoso.com/contoso.onmicrosoft.com/b2c_1_sign_in"
_CIAM: Final = "https://contoso.ciamlogin.com"
_DSTS: Final = (
    "https://some-dsts.dsts.core.azure-test.net/dstsv2/7a433bfc-2514-4697-b467-e0933190487f"
)
_OIDC: Final = "https://login.contoso.com/tenant/v2"
_UNKNOWN: Final = f"https://login.unknown.test/{DIRECTORY}"


def _at(
    name: str,
    authority: object,
    differences: frozenset[str] = USUAL,
    discovery: Mapping[str, Reply] | None = None,
    steps: tuple[Step, ...] = _PLAIN,
    **app: object,
) -> Scenario:
    return Scenario(
        name=name,
        app={"authority": authority, **app},
        discovery=discovery or {},
        steps=steps,
        differences=differences,
    )


def _oidc(name: str, issuer: str, differences: frozenset[str] = DISCOVERED) -> Scenario:
    return _at(
        name,
        None,
        differences,
        {_OIDC + _CONFIGURATION: endpoints(_OIDC, issuer)},
        oidc_authority=_OIDC,
    )


def _found(base: str, version: str = "/v2.0") -> dict[str, Reply]:
    return {f"{base}{version}{_CONFIGURATION}": endpoints(base, version=version)}


SCENARIOS: Final = (
    _at("a trailing slash of the authority means nothing", f"{TENANT}/"),
    _at("an authority may be built of its parts", AuthorityBuilder(HOST, DIRECTORY)),
    _at("the United States' cloud", f"https://login.microsoftonline.us/{DIRECTORY}"),
    _at("China's cloud", f"https://login.partner.microsoftonline.cn/{DIRECTORY}"),
    _at("an alias is its own environment", f"https://login.windows.net/{DIRECTORY}"),
    _at("a host in capitals", f"https://Login.MicrosoftOnline.com/{DIRECTORY}"),
    _at(
        "a tenant named by its domain has its GUID in the cache",
        f"https://{HOST}/contoso.com",
        DISCOVERED,
    ),
    _at(
        "a domain tenant on behalf of a user",
        f"https://{HOST}/contoso.com",
        DISCOVERED,
        steps=(on_behalf_of(user_token()),),
    ),
    _at("the authority of a test slice keeps its query", f"{TENANT}?dc=ESTS-PUB-1", DISCOVERED),
    _at(
        "common is warned of for app tokens",
        f"https://{HOST}/common",
        DISCOVERED,
    ),
    _at("organizations is warned of for app tokens", f"https://{HOST}/organizations", DISCOVERED),
    _at(
        "no authority is the common one",
        None,
        frozenset({"client-name", "form-texts", "single-slash"}),
    ),
    _at(
        "common on behalf of a user is not warned of",
        f"https://{HOST}/common",
        DISCOVERED,
        steps=(on_behalf_of(user_token()),),
    ),
    _at("ADFS", _ADFS, DISCOVERED, _found(_ADFS, "")),
    _at(
        "ADFS on behalf of a user",
        _ADFS,
        DISCOVERED,
        _found(_ADFS, ""),
        steps=(on_behalf_of(user_token()),),
    ),
    _at("Azure AD B2C", _B2C, DISCOVERED, _found(_B2C)),
    _at("Azure AD B2C on a domain of its own", _B2C_DOMAIN, DISCOVERED, _found(_B2C_DOMAIN)),
    _at(
        "CIAM without a path",
        _CIAM,
        DISCOVERED,
        {
            f"{_CIAM}/contoso.onmicrosoft.com/v2.0{_CONFIGURATION}": endpoints(
                f"{_CIAM}/{DIRECTORY}"
            )
        },
    ),
    _at(
        "CIAM with a tenant",
        f"{_CIAM}/{DIRECTORY}",
        DISCOVERED,
        _found(f"{_CIAM}/{DIRECTORY}"),
    ),
    _at("dSTS", _DSTS, DISCOVERED, {_DSTS + _CONFIGURATION: endpoints(_DSTS, _DSTS)}),
    _oidc("OpenID Connect in general", _OIDC),
    _oidc("an issuer with a trailing slash is the authority all the same", f"{_OIDC}/"),
    _oidc(
        "an issuer elsewhere is refused",
        "https://elsewhere.test/tenant",
        frozenset({"discovery-when-needed"}),
    ),
    _oidc(
        "an issuer on the same host with another path",
        "https://login.contoso.com/other",
        frozenset({"discovery-when-needed", "issuer-exact"}),
    ),
    _at(
        "a host that is not known is not asked where the caller vouches for it",
        _UNKNOWN,
        DISCOVERED,
        _found(_UNKNOWN),
        validate_authority=False,
    ),
    _at(
        "a host that is not known is not asked without instance discovery",
        _UNKNOWN,
        DISCOVERED,
        _found(_UNKNOWN),
        instance_discovery=False,
    ),
    _at(
        "a host that is not known is asked about",
        _UNKNOWN,
        DISCOVERED,
        {
            _INSTANCE: Answer({"tenant_discovery_endpoint": f"{_UNKNOWN}/v2.0{_CONFIGURATION}"}),
            **_found(_UNKNOWN),
        },
    ),
    _at(
        "a host that is not known is asked about elsewhere",
        _UNKNOWN,
        DISCOVERED,
        {
            "https://instances.test/ask": Answer(
                {"tenant_discovery_endpoint": f"{_UNKNOWN}/v2.0{_CONFIGURATION}"}
            ),
            **_found(_UNKNOWN),
        },
        instance_discovery="https://instances.test/ask",
    ),
    _at(
        "a host that Microsoft does not know is refused",
        _UNKNOWN,
        frozenset({"discovery-when-needed"}),
        {_INSTANCE: Answer({"error": "invalid_instance", "error_description": "AADSTS50049"}, 400)},
    ),
    _at(
        "a host that is vouched for may have a port",
        f"https://login.unknown.test:8443/{DIRECTORY}",
        DISCOVERED,
        _found(f"https://login.unknown.test:8443/{DIRECTORY}"),
        validate_authority=False,
    ),
    _at(
        "a tenant that does not exist is a ValueError",
        f"https://{HOST}/nowhere.test",
        frozenset({"discovery-when-needed"}),
        {
            f"https://{HOST}/nowhere.test/v2.0{_CONFIGURATION}": Answer(
                {"error": "invalid_tenant"}, 400
            )
        },
    ),
    _at(
        "discovery that is no JSON is a ValueError",
        f"https://{HOST}/contoso.com",
        frozenset({"discovery-when-needed"}),
        {f"https://{HOST}/contoso.com/v2.0{_CONFIGURATION}": Answer("<html></html>")},
    ),
    _at(
        "discovery that meets an outage is the service's failure",
        f"https://{HOST}/contoso.com",
        frozenset({"discovery-when-needed"}),
        {f"https://{HOST}/contoso.com/v2.0{_CONFIGURATION}": Answer("", 503)},
    ),
    _at(
        "discovery without connection is an OSError",
        f"https://{HOST}/contoso.com",
        frozenset({"discovery-when-needed"}),
        {
            f"https://{HOST}/contoso.com/v2.0{_CONFIGURATION}": Breakdown(
                requests.exceptions.ConnectionError
            )
        },
    ),
    _at(
        "discovery without a token endpoint is refused",
        f"https://{HOST}/contoso.com",
        frozenset({"discovery-when-needed", "metadata-incomplete"}),
        {f"https://{HOST}/contoso.com/v2.0{_CONFIGURATION}": Answer({"issuer": "x"})},
    ),
    _at(
        "a token endpoint on a strange host is refused",
        f"https://{HOST}/contoso.com",
        frozenset({"discovery-when-needed", "endpoint-pinned"}),
        {
            f"https://{HOST}/contoso.com/v2.0{_CONFIGURATION}": endpoints(
                f"https://elsewhere.test/{DIRECTORY}"
            )
        },
    ),
)
