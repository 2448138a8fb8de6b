"""Who issues the tokens: reading an authority URL, what kind it is, and where it may send us.

Knows Microsoft's clouds as a static table, the shapes of authority URLs and the pinning rules: a
credential goes only to the authority's own host and port, to a static alias of it, to its
computed regional host, or to a host that the caller listed. It refuses to know HTTP: what a
discovery document says is read in `_discovery`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, Literal, TypeAlias
from urllib.parse import SplitResult, parse_qsl, urlsplit

from attrs import frozen

from sansio_auth.errors import AuthorityError, ConfigurationError

__all__ = [
    "Authority",
    "AuthorityKind",
    "Endpoints",
    "aliases_of",
    "computed_endpoints",
    "is_well_known",
    "parse_authority",
    "pinned",
]

AuthorityKind: TypeAlias = Literal["entra", "adfs", "b2c", "ciam", "dsts", "oidc"]

#: Hosts of one cloud, which share users. Observed: Entra's own instance metadata, version 1.1.
_CLOUDS: Final = (
    ("login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net"),
    ("login.partner.microsoftonline.cn", "login.chinacloudapi.cn"),
    ("login.microsoftonline.de",),
    ("login.microsoftonline.us", "login.usgovcloudapi.net"),
    ("login-us.microsoftonline.com",),
    ("login.sovcloud-identity.fr",),
    ("login.sovcloud-identity.de",),
    ("login.sovcloud-identity.sg",),
)
_ALIASES: Final = {host: cloud for cloud in _CLOUDS for host in cloud}
_B2C_SUFFIXES: Final = (".b2clogin.com", ".b2clogin.cn", ".b2clogin.us", ".b2clogin.de")
_CIAM_SUFFIX: Final = ".ciamlogin.com"

#: Tenants that are no directory of their own. `adfs` is a path word, not one of these.
SHARED_TENANTS: Final = frozenset({"common", "organizations", "consumers"})

_GUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
#: What most authorities are written like; if the host is a known one, nothing is left to check.
_PLAIN: Final = re.compile(rf"https://([a-z0-9.-]{{1,253}})/({_GUID.pattern})/?")
# What follows is for other authorities, and compiled when there is one.
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN: Final = rf"{_LABEL}(?:\.{_LABEL})+"
_SINGLE: Final = r"[A-Za-z0-9_][A-Za-z0-9_.~-]{0,127}"
_HOST: Final = rf"{_LABEL}(?:\.{_LABEL})*"
_NUMBER: Final = r"(?:0[xX][0-9a-fA-F]+|[0-9]+)"
_NUMERIC_HOST: Final = rf"{_NUMBER}(?:\.{_NUMBER})*"
_PATH: Final = r"[A-Za-z0-9._~/-]*"
_HTTPS_PORT: Final = 443
_MAX_URL: Final = 2048
#: RFC 1035 section 2.3.4.
_MAX_HOST: Final = 253
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1"})
#: What Entra documents in the query of an endpoint: the slice that a test goes to.
_SLICES: Final = frozenset({"dc"})


@frozen
class Endpoints:
    """Where one authority serves what, and its realm (the tenant as the cache names it)."""

    token: str
    authorization: str
    realm: str
    issuer: str | None = None
    device_authorization: str | None = None


@frozen
class Authority:
    """A parsed authority.

    `host` is lower case and without a port: the cache's environment. `tenant` is the first path
    segment as given. `path` begins with a slash and has no trailing one. `query` is kept for
    discovery only.
    """

    host: str
    port: int | None
    path: str
    tenant: str
    kind: AuthorityKind
    query: str = ""

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"https://{host}" if self.port is None else f"https://{host}:{self.port}"

    @property
    def url(self) -> str:
        """The authority as a URL, without a query."""
        return self.origin + self.path

    @property
    def shared(self) -> bool:
        """Whether the tenant is `common`, `organizations` or `consumers`."""
        return self.kind == "entra" and self.tenant.lower() in SHARED_TENANTS

    @property
    def self_vouched(self) -> bool:
        """Whether the kind of authority by itself rules out instance discovery."""
        return self.kind in {"adfs", "b2c", "ciam", "oidc", "dsts"}


def is_well_known(host: str) -> bool:
    """Whether the host is one of Microsoft's own sign-in hosts."""
    return host in _ALIASES


@lru_cache(maxsize=64)
def aliases_of(host: str) -> tuple[str, ...]:
    """Return every host that serves the same cloud, the given one first."""
    return (host, *(alias for alias in _ALIASES.get(host, ()) if alias != host))


def _split(url: str) -> SplitResult:
    if not (url.isascii() and url.isprintable()) or " " in url or len(url) > _MAX_URL:
        raise ConfigurationError(
            "authority: only printable ASCII is allowed; write an international host as its"
            " A-label (xn--...)",
            code="authority_characters",
        )
    try:
        return urlsplit(url)
    except ValueError:
        raise ConfigurationError("authority: not a URL", code="authority_url") from None


def _host_and_port(parts: SplitResult, *, loopback: bool) -> tuple[str, int | None]:
    """Return the normalised host and the port unless it is 443, or raise `ValueError`."""
    if "@" in parts.netloc or "\\" in parts.netloc:
        raise ValueError("it carries user information")
    if parts.netloc.endswith(":"):
        raise ValueError("its port is empty")
    try:
        port = parts.port
    except ValueError:  # whose message repeats it, however long it is
        raise ValueError("its port is no number up to 65535") from None
    if port == 0:
        raise ValueError("port 0 does not exist")
    host = (parts.hostname or "").removesuffix(".")
    if loopback and host in _LOOPBACK:
        return host, None if port == _HTTPS_PORT else port
    long = len(host) > _MAX_HOST
    if long or not re.fullmatch(_HOST, host) or re.fullmatch(_NUMERIC_HOST, host):
        raise ValueError("its host is not a DNS name")
    return host, None if port == _HTTPS_PORT else port


def _kind(host: str, segments: list[str], *, oidc: bool) -> AuthorityKind:
    first = segments[0].lower() if segments else ""
    if oidc:
        return "oidc"
    if first == "dstsv2":
        return "dsts"
    if host.endswith(_CIAM_SUFFIX):
        return "ciam"
    if first == "adfs":
        return "adfs"
    if host.endswith(_B2C_SUFFIXES):
        return "b2c"
    if len(segments) == 2 and segments[1].lower().startswith("b2c_"):  # noqa: PLR2004 - tenant and policy
        return "b2c"
    return "entra"


def _check_tenant(host: str, tenant: str, kind: AuthorityKind) -> None:
    if kind == "entra" and is_well_known(host):
        if (
            _GUID.fullmatch(tenant)
            or re.fullmatch(_DOMAIN, tenant)
            or tenant.lower() in SHARED_TENANTS
        ):
            return
        raise ConfigurationError(
            "authority: the tenant must be a GUID, a domain name such as contoso.onmicrosoft.com,"
            " or one of common, organizations, consumers",
            code="authority_tenant",
        )
    if not re.fullmatch(_SINGLE, tenant):
        raise ConfigurationError(
            "authority: the first path segment is not a tenant", code="authority_tenant"
        )


def _check_private_parts(host: str, port: int | None, query: str) -> None:
    if is_well_known(host) and (port is not None or (query and not query.startswith("dc="))):
        raise ConfigurationError(
            f"authority: {host} takes no port and no query other than the test slice dc=",
            code="authority_url",
        )


def parse_authority(url: str, *, oidc: bool = False, loopback: bool = False) -> Authority:
    """Return the authority a URL names, as `https://{host}/{tenant}`.

    `oidc` reads the URL as an OpenID Connect issuer of any kind. `loopback` admits the addresses
    127.0.0.1 and [::1], for tests. Raises `ConfigurationError`, naming the part that is wrong.
    """
    plain = None if oidc else _PLAIN.fullmatch(url)
    if plain is not None and is_well_known(plain[1]):
        return Authority(plain[1], None, f"/{plain[2]}", plain[2], "entra")
    return _read(url, oidc=oidc, loopback=loopback)


def _read(url: str, *, oidc: bool, loopback: bool) -> Authority:
    """Return the authority that any URL names; `parse_authority` knows the plainest by sight."""
    parts = _split(url)
    if parts.scheme.lower() != "https" or not parts.netloc:
        raise ConfigurationError(
            "authority: must be an https URL such as https://login.microsoftonline.com/{tenant}",
            code="authority_scheme",
        )
    if parts.fragment or "#" in url:
        raise ConfigurationError("authority: a fragment is not allowed", code="authority_url")
    try:
        host, port = _host_and_port(parts, loopback=loopback)
    except ValueError as error:
        raise ConfigurationError(f"authority: {error}", code="authority_host") from None
    segments = [segment for segment in parts.path.split("/") if segment]
    kind = _kind(host, segments, oidc=oidc)
    if not re.fullmatch(_PATH, parts.path) or any(s in {".", ".."} for s in segments):
        raise ConfigurationError(
            "authority: its path may hold letters, digits and ._~- only, and no dot segments",
            code="authority_tenant",
        )
    if kind == "ciam" and not segments:
        segments = [f"{host.removesuffix(_CIAM_SUFFIX)}.onmicrosoft.com"]
    if not segments and kind != "oidc":
        raise ConfigurationError(
            "authority: names no tenant; write https://login.microsoftonline.com/{tenant}",
            code="authority_tenant",
        )
    tenant = segments[0] if segments else ""
    if kind != "oidc":
        _check_tenant(host, tenant, kind)
    _check_private_parts(host, port, parts.query)
    path = "/" + "/".join(segments) if segments else ""
    return Authority(host, port, path, tenant, kind, parts.query)


def computed_endpoints(authority: Authority) -> Endpoints | None:
    """Return the endpoints that need no discovery: a known cloud and a GUID tenant.

    Observed: Entra serves exactly these paths for every tenant, and the first path segment of
    its token endpoint is the tenant's GUID.
    """
    if (
        authority.kind != "entra"
        or not is_well_known(authority.host)
        or authority.query
        or authority.path.count("/") != 1
        or not _GUID.fullmatch(authority.tenant)
    ):
        return None
    url = authority.url
    return Endpoints(
        token=f"{url}/oauth2/v2.0/token",
        authorization=f"{url}/oauth2/v2.0/authorize",
        device_authorization=f"{url}/oauth2/v2.0/devicecode",
        issuer=f"{url}/v2.0",
        realm=authority.tenant,
    )


def pinned(
    authority: Authority, url: str, what: str, *, trusted_hosts: frozenset[str] = frozenset()
) -> SplitResult:
    """Return the parts, in normal form, of an endpoint URL that this authority may name, or raise.

    Allowed hosts: the authority's own (same port), its static aliases and `trusted_hosts`
    (default port). Raises `AuthorityError` naming both hosts. `what` is the member's name.
    """
    try:
        parts = urlsplit(url[: _MAX_URL + 1])
    except ValueError:  # whose message repeats it
        raise AuthorityError(
            f"{what}: is not a URL", code="bad_endpoint", stage="discovery"
        ) from None
    try:
        if len(url) > _MAX_URL:
            raise ValueError(f"it is longer than {_MAX_URL} characters")
        host, port = _host_and_port(parts, loopback=authority.host in _LOOPBACK)
    except ValueError as error:
        raise AuthorityError(f"{what}: {error}", code="bad_endpoint", stage="discovery") from None
    if parts.scheme != "https":
        raise AuthorityError(f"{what}: is not https", code="insecure_endpoint", stage="discovery")
    if parts.fragment or any(c <= " " or c > "~" for c in url):
        raise AuthorityError(f"{what}: is not a plain URL", code="bad_endpoint", stage="discovery")
    asked = {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    if is_well_known(authority.host) and not asked <= _SLICES:
        raise AuthorityError(
            f"{what}: has a query that is not documented", code="bad_endpoint", stage="discovery"
        )
    named = host if port is None else f"{host}:{port}"
    own = host == authority.host and port == authority.port
    alias = port is None and host in aliases_of(authority.host)[1:]
    if own or alias or named in trusted_hosts:
        shown = named.replace(host, f"[{host}]", 1) if ":" in host else named
        return parts._replace(netloc=shown)
    raise AuthorityError(
        f"{what}: names {named}, which is not {authority.origin.removeprefix('https://')} nor an"
        " alias of it; list it in trusted_hosts if it is yours",
        code="foreign_endpoint",
        stage="discovery",
    )
