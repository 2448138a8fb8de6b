"""Regional endpoints: what a region may be called, how to find out, and where it leads.

Pure. A region is one lower-case DNS label and nothing else, because it becomes part of the host
that receives a credential. The answer of Azure's instance metadata service (IMDS) comes over
plain HTTP from a link-local address, so it is believed only if it looks like a region.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from sansio_auth._json import UnreadableJson, parse_object
from sansio_auth.errors import ConfigurationError
from sansio_auth.wire import HttpRequest, HttpResponse

__all__ = ["check_region", "imds_request", "is_region", "read_imds", "regional_endpoint"]

_REGION: Final = re.compile(r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_IMDS: Final = "http://169.254.169.254/metadata/instance/compute"
_OK: Final = 200
#: Central hosts of the public cloud, which share one regional domain.
_PUBLIC: Final = frozenset(
    {
        "login.microsoftonline.com",
        "login.microsoft.com",
        "login.windows.net",
        "sts.windows.net",
    }
)


def is_region(text: str) -> bool:
    """Whether a text is a region's name, such as `westus2`."""
    return _REGION.fullmatch(text) is not None


def check_region(value: str, name: str) -> str:
    """Return a region that somebody configured, or raise `ConfigurationError` naming the source."""
    if not is_region(value):
        raise ConfigurationError(
            f"{name}: a region is one lower-case DNS label such as westus2", code="region"
        )
    return value


def imds_request() -> HttpRequest:
    """Return the question in which region this machine is; it goes past any proxy."""
    return HttpRequest(
        "GET",
        _IMDS,
        query=(("api-version", "2021-02-01"),),
        headers=(("Metadata", "true"),),
        direct=True,
    )


def read_imds(response: HttpResponse) -> str | None:
    """Return the region that IMDS named, None for any other answer."""
    if response.status != _OK:
        return None
    try:
        location = parse_object(response.body).get("location")
    except UnreadableJson:
        return None
    return location if isinstance(location, str) and is_region(location) else None


def regional_endpoint(endpoint: str, region: str) -> str:
    """Return a central token endpoint's regional twin. Observed: MSAL's hosts."""
    parts = urlsplit(endpoint)
    host = "login.microsoft.com" if parts.hostname in _PUBLIC else parts.netloc
    return urlunsplit(parts._replace(netloc=f"{region}.{host}"))
