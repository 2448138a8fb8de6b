"""Every parser of what comes from outside, as a function of bytes, with a few good inputs each."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import Final

from attrs import frozen

from sansio_auth import HttpResponse, Policy, Secret, parse_authority, parse_www_authenticate
from sansio_auth._assertion import load_certificates, load_key, load_pfx
from sansio_auth._claims import read_challenge
from sansio_auth._discovery import read_instance_discovery, read_openid_configuration
from sansio_auth._holds import read_retry_after
from sansio_auth._region import read_imds
from sansio_auth._token import decode_part, read_token_response
from sansio_auth.msal_format import dump, load
from sansio_auth_adapters import SerializableTokenCache

__all__ = ["TARGETS", "Target"]

_GUID: Final = "11111111-2222-3333-4444-555555555555"
_AUTHORITY: Final = parse_authority(f"https://login.microsoftonline.com/{_GUID}")
_POLICY: Final = Policy()


@frozen
class Target:
    """A parser and what it is usually given."""

    parse: Callable[[bytes], object]
    corpus: tuple[bytes, ...]


def _json(**members: object) -> bytes:
    return json.dumps(members).encode()


def _part(**members: object) -> str:
    return base64.urlsafe_b64encode(_json(**members)).decode().rstrip("=")


_ID_TOKEN: Final = f"{_part(alg='none')}.{_part(sub='s', oid='o', tid=_GUID)}."
_TOKEN: Final = _json(
    access_token="AT", token_type="Bearer", expires_in=3599, ext_expires_in="3599", refresh_in=1800,
    refresh_token="RT", scope="a b", foci="1", client_info=_part(uid="u", utid=_GUID),
    id_token=_ID_TOKEN,
)  # fmt: skip
_REFUSAL: Final = _json(
    error="invalid_grant", error_description="AADSTS50076", error_codes=[50076], suberror="x",
    claims='{"access_token":{}}', correlation_id=_GUID,
)  # fmt: skip
_CONFIGURATION: Final = _json(
    issuer=f"https://login.microsoftonline.com/{_GUID}/v2.0",
    token_endpoint=f"https://login.microsoftonline.com/{_GUID}/oauth2/v2.0/token",
    authorization_endpoint=f"https://login.microsoftonline.com/{_GUID}/oauth2/v2.0/authorize",
)
_CACHE: Final = json.dumps({
    "AccessToken": {"k": {
        "credential_type": "AccessToken", "secret": "AT", "home_account_id": f"u.{_GUID}",
        "environment": "login.microsoftonline.com", "client_id": "c", "target": "a b",
        "realm": _GUID, "token_type": "Bearer", "cached_at": "1700000000",
        "expires_on": "1700003600", "extended_expires_on": "1700003600",
    }},
    "RefreshToken": {"r": {
        "credential_type": "RefreshToken", "secret": "RT", "home_account_id": f"u.{_GUID}",
        "environment": "login.microsoftonline.com", "client_id": "c", "target": "a",
        "last_modification_time": "1700000000", "family_id": "1",
    }},
    "AppMetadata": {"m": {"client_id": "c", "environment": "login.microsoftonline.com"}},
}).encode()  # fmt: skip
_KEY: Final = (
    b"-----BEGIN PRIVATE KEY-----\nMIIBVQIBADANBgkqhkiG9w0BAQEFAASCAT8wggE7\n"
    b"-----END PRIVATE KEY-----\n"
)
_CERTIFICATE: Final = _KEY.replace(b"PRIVATE KEY", b"CERTIFICATE")
_PFX: Final = bytes.fromhex("308209b502010330820971060a2a864886f70d010701a0820962048209")


def _cache(data: bytes) -> object:
    loaded = load(json.loads(data)) if data == _CACHE else None
    cache = SerializableTokenCache()
    cache.deserialize(data.decode("utf-8", "replace"))
    return cache.serialize(), loaded and dump(loaded.partitions, loaded.foreign)


def _status(data: bytes) -> tuple[int, bytes]:
    return 100 + (data[0] if data else 0) * 2, data[1:]


def _token(data: bytes) -> object:
    status, body = _status(data)
    return read_token_response(HttpResponse(status, (), body), now=1_700_000_000, policy=_POLICY)


def _text(parse: Callable[[str], object]) -> Callable[[bytes], object]:
    return lambda data: parse(data.decode("utf-8", "surrogateescape"))


TARGETS: Final[Mapping[str, Target]] = {
    "token response": Target(_token, (bytes([50]) + _TOKEN, bytes([150]) + _REFUSAL)),
    "discovery": Target(
        lambda data: read_openid_configuration(_AUTHORITY, HttpResponse(200, (), data)),
        (_CONFIGURATION,),
    ),
    "instance discovery": Target(
        lambda data: read_instance_discovery(_AUTHORITY, HttpResponse(200, (), data)),
        (
            _json(tenant_discovery_endpoint="https://login.microsoftonline.com/t/v2.0/.well-known"),
            _json(error="invalid_instance"),
        ),
    ),
    "machine metadata": Target(
        lambda data: read_imds(HttpResponse(200, (), data)), (_json(location="westus"), b"westus")
    ),
    "Retry-After": Target(
        _text(lambda it: read_retry_after(it, now=1_700_000_000.0, policy=_POLICY)),
        (b"120", b"Wed, 21 Oct 2015 07:28:00 GMT", b"Wednesday, 21-Oct-15 07:28:00 GMT",
         b"Wed Oct 21 07:28:00 2015"),
    ),
    "WWW-Authenticate": Target(
        _text(parse_www_authenticate),
        (b'Bearer realm="", error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnt9fQ=="',),
    ),
    "claims challenge": Target(
        _text(read_challenge), (b'{"access_token":{"acrs":{"essential":true,"value":"c1"}}}',)
    ),
    "cache file": Target(_cache, (_CACHE, b"{}")),
    "private key": Target(lambda data: load_key(data, Secret("p") if b"ENC" in data else None),
                          (_KEY, _KEY.replace(b"PRIVATE", b"ENCRYPTED PRIVATE"))),
    "certificate": Target(load_certificates, (_CERTIFICATE, b"MIIB")),
    "PFX": Target(lambda data: load_pfx(data, Secret("p")), (_PFX,)),
    "authority": Target(
        _text(parse_authority),
        (_AUTHORITY.url.encode(), b"https://contoso.b2clogin.com/t.onmicrosoft.com/b2c_1_x",
         b"https://adfs.contoso.com/adfs", b"https://[::1]:8443/x"),
    ),
    "client info and id token": Target(
        _text(decode_part), tuple(it.encode() for it in _ID_TOKEN.split(".")[:2])
    ),
}  # fmt: skip
