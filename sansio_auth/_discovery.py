"""Finding an authority's endpoints: the two discovery requests, and reading their answers.

Pure. Instance discovery asks Microsoft whether an unknown host is one of its own; OpenID Connect
discovery asks the authority for its endpoints. What an answer may point to is decided by
`authority.pinned`; when to ask is decided by the step `discover`.
"""

from __future__ import annotations

from typing import Final

from sansio_auth._json import JsonObject, UnreadableJson, parse_object
from sansio_auth.authority import Authority, Endpoints, is_well_known, pinned
from sansio_auth.errors import AuthorityError
from sansio_auth.wire import HttpRequest, HttpResponse, host_of

__all__ = [
    "instance_discovery_request",
    "needs_instance_discovery",
    "openid_configuration_request",
    "read_instance_discovery",
    "read_openid_configuration",
]

_DEFAULT_INSTANCE: Final = "https://login.microsoftonline.com/common/discovery/instance"
_WELL_KNOWN: Final = "/.well-known/openid-configuration"
_OK: Final = 200


def needs_instance_discovery(authority: Authority, *, validate: bool) -> bool:
    """Whether Microsoft is to be asked about this host before it is trusted.

    Never for a well-known host, nor where the kind of authority rules it out (observed: MSAL's
    "known to developer"), nor when the caller switched it off.
    """
    return validate and not authority.self_vouched and not is_well_known(authority.host)


def instance_discovery_request(authority: Authority, endpoint: str | None) -> HttpRequest:
    """Return the question whether this host is an instance of Microsoft's cloud, API 1.0."""
    return HttpRequest(
        "GET",
        endpoint or _DEFAULT_INSTANCE,
        query=(
            ("authorization_endpoint", f"{authority.url}/oauth2/v2.0/authorize"),
            ("api-version", "1.0"),
        ),
    )


def openid_configuration_request(authority: Authority, url: str | None = None) -> HttpRequest:
    """Return the request for the authority's metadata (OpenID Connect Discovery section 4).

    `url` is what instance discovery named; otherwise the path depends on the kind: none of
    Microsoft's version segments for ADFS, dSTS and generic OpenID Connect, `/v2.0` for the rest.
    """
    if url is None:
        version = "" if authority.kind in {"adfs", "oidc", "dsts"} else "/v2.0"
        url = authority.url + version + _WELL_KNOWN
        if authority.query:
            url = f"{url}?{authority.query}"
    return HttpRequest("GET", url)


def _document(response: HttpResponse, authority: Authority, what: str) -> JsonObject:
    try:
        return parse_object(response.body)
    except UnreadableJson as error:
        raise AuthorityError(
            f"{what} of {authority.host} answered {response.status} without a JSON object"
            f" ({error.code}); check the authority's host and tenant",
            code=error.code,
            stage="discovery",
            retryable=response.status >= 500,  # noqa: PLR2004 - the class of server errors
        ) from None


def _refuse_status(response: HttpResponse, authority: Authority, what: str) -> None:
    status = response.status
    if status == _OK:
        return
    if 300 <= status < 400:  # noqa: PLR2004 - the class of redirects
        target = host_of(response.header("location") or "") or authority.host
        raise AuthorityError(
            f"{what} of {authority.host} redirects to {target}; redirects are not followed",
            code="redirect_refused",
            stage="discovery",
        )
    error = AuthorityError(
        f"{what} of {authority.host} answered {status}; check that the tenant exists and that"
        " the authority is written as https://{host}/{tenant}",
        code="discovery_refused",
        stage="discovery",
        retryable=status >= 500 or status == 429,  # noqa: PLR2004 - may pass by itself
    )
    error.status = status
    raise error


def read_instance_discovery(authority: Authority, response: HttpResponse) -> str:
    """Return the metadata URL that instance discovery names; `AuthorityError` otherwise.

    Observed: the status is 400 for an unknown instance and the body's `error` tells.
    """
    what = "instance discovery"
    if response.status >= 500:  # noqa: PLR2004 - the class of server errors
        _refuse_status(response, authority, what)
    document = _document(response, authority, what)
    if document.get("error") == "invalid_instance":
        raise AuthorityError(
            f"{authority.host} is not an instance of Microsoft's cloud; if you trust this host,"
            " pass instance_discovery=False",
            code="invalid_instance",
            stage="discovery",
        )
    _refuse_status(response, authority, what)
    url = document.get("tenant_discovery_endpoint")
    if not isinstance(url, str):
        raise AuthorityError(
            f"{what} of {authority.host} names no tenant_discovery_endpoint",
            code="missing_tenant_discovery_endpoint",
            stage="discovery",
        )
    return url


def _member(document: JsonObject, name: str, authority: Authority) -> str:
    value = document.get(name)
    if not isinstance(value, str) or not value:
        raise AuthorityError(
            f"discovery of {authority.host} names no {name}",
            code=f"missing_{name}",
            stage="discovery",
        )
    return value


def _check_issuer(authority: Authority, issuer: str, trusted_hosts: frozenset[str]) -> None:
    """RFC 8414 section 3.3 for generic OpenID Connect; same host or alias for Microsoft's."""
    if authority.kind == "oidc":
        if issuer.removesuffix("/") == authority.url or host_of(issuer) in trusted_hosts:
            return
        raise AuthorityError(
            f"discovery: issuer is {issuer[:200]!r} where {authority.url!r} is expected",
            code="issuer_mismatch",
            stage="discovery",
        )
    if authority.kind == "ciam" and host_of(issuer).endswith(".ciamlogin.com"):
        # Observed: External ID signs as https://{tenant id}.ciamlogin.com/{tenant id}/v2.0.
        label = host_of(issuer).partition(".")[0]
        trusted_hosts = trusted_hosts | {f"{label}.ciamlogin.com"} if label in issuer.partition(
            ".ciamlogin.com/")[2].split("/") else trusted_hosts  # fmt: skip
    _ = pinned(authority, issuer, "issuer", trusted_hosts=trusted_hosts)


def _realm(path: str) -> str:
    """The first path segment of the token endpoint: what MSAL's cache calls the realm."""
    return path.strip("/").partition("/")[0]


def read_openid_configuration(
    authority: Authority, response: HttpResponse, *, trusted_hosts: frozenset[str] = frozenset()
) -> Endpoints:
    """Return the endpoints that an authority's metadata names; `AuthorityError` otherwise."""
    _refuse_status(response, authority, "discovery")
    document = _document(response, authority, "discovery")
    issuer = _member(document, "issuer", authority)
    _check_issuer(authority, issuer, trusted_hosts)
    token = _member(document, "token_endpoint", authority)
    parts = pinned(authority, token, "token_endpoint", trusted_hosts=trusted_hosts)
    authorization = _member(document, "authorization_endpoint", authority)
    sign_in = pinned(
        authority, authorization, "authorization_endpoint", trusted_hosts=trusted_hosts
    )
    device = document.get("device_authorization_endpoint")
    return Endpoints(
        token=parts.geturl(),
        authorization=sign_in.geturl(),
        realm=_realm(parts.path),
        issuer=issuer,
        device_authorization=device if isinstance(device, str) else None,
    )
