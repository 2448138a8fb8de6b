"""Every parser of what comes from outside, as a function of bytes, with a few good inputs each.

A target gives a value or raises. What it raises besides our errors is a finding, and so is a value
that must not be: `expect` says so. Where a good input has a secret, it holds the word `canary`.
"""

from __future__ import annotations

import base64
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, Literal, TypeAlias

from attrs import frozen

from sansio_auth import HttpResponse, Policy, Secret, parse_authority, parse_www_authenticate
from sansio_auth._assertion import MAX_PFX, load_certificates, load_key, load_pfx, verify
from sansio_auth._claims import merge_claims, read_challenge, read_forwarded
from sansio_auth._der import demands_of
from sansio_auth._discovery import read_instance_discovery, read_openid_configuration
from sansio_auth._holds import read_retry_after
from sansio_auth._json import UnreadableJson, parse_object
from sansio_auth._region import check_region, is_region, read_imds
from sansio_auth._token import TokenResponse, decode_part, read_token_response
from sansio_auth.authority import pinned
from sansio_auth.authorization import AuthCodeFlow, home_account_of
from sansio_auth.msal_format import dump, load
from sansio_auth.partition import AppKey, KnowledgeKey, Tokens, UserKey
from sansio_auth_adapters import SerializableTokenCache
from sansio_auth_adapters.application.credential import read_credential
from sansio_auth_adapters.integrations.workload_identity import (
    ManagedIdentityAssertion,
    TokenFileAssertion,
)
from sansio_auth_adapters.stores._partition_file import Stored, decode, encode
from sansio_auth_adapters.stores.knowledge import ENTRY, KnowledgeStore

__all__ = [
    "CACHE", "CONFIGURATION", "FLOW", "GUID", "ID_TOKEN", "NOW", "REFUSAL", "TARGETS", "TOKEN",
    "Target", "Wrong", "expect", "json_of", "part", "text",
]  # fmt: skip

GUID: Final = "11111111-2222-3333-4444-555555555555"
NOW: Final = 1_700_000_000
_AUTHORITY: Final = parse_authority(f"https://login.microsoftonline.com/{GUID}")
_OIDC: Final = parse_authority("https://id.example.com/x", oidc=True)
_POLICY: Final = Policy()
_MATERIAL: Final = Path(__file__).parents[1] / "tests" / "vectors" / "material"


class Wrong(Exception):  # noqa: N818 - says what a value is
    """A parser gave a value that must not be."""


def expect(holds: bool, what: str) -> None:  # noqa: FBT001 - as `assert`, which -O takes away
    """Raise unless something holds."""
    if not holds:
        raise Wrong(what)


Grammar: TypeAlias = Literal["bytes", "json", "token", "der", "pem"]


@frozen
class Target:
    """A parser, what it is usually given, and by which grammar that can be spoilt too."""

    parse: Callable[[bytes], object]
    corpus: tuple[bytes, ...]
    grammar: Grammar = "bytes"


def json_of(**members: object) -> bytes:
    """Return a JSON object."""
    return json.dumps(members).encode()


def part(**members: object) -> str:
    """Return a part of a JWT."""
    return base64.urlsafe_b64encode(json_of(**members)).decode().rstrip("=")


def text(parse: Callable[[str], object]) -> Callable[[bytes], object]:
    """Return a parser of texts as one of bytes; bytes that are no text become half characters."""
    return lambda data: parse(data.decode("utf-8", "surrogateescape"))


# --- what a server answers ---------------------------------------------------------------------

ID_TOKEN: Final = (
    f"{part(alg='RS256')}"
    f".{part(sub='s', oid='o', tid=GUID, nonce='n', auth_time=NOW, preferred_username='u@x')}.sig"
)
TOKEN: Final = json_of(
    access_token="canary-AT", token_type="Bearer", expires_in=3599, ext_expires_in="3599",
    refresh_in=1800, refresh_token="canary-RT", scope="a b", foci="1",
    client_info=part(uid="u", utid=GUID), id_token=ID_TOKEN,
)  # fmt: skip
REFUSAL: Final = json_of(
    error="invalid_grant", error_description="AADSTS50076", error_codes=[50076, 700024],
    suberror="x", claims='{"access_token":{}}', correlation_id=GUID,
)  # fmt: skip
CONFIGURATION: Final = json_of(
    issuer=f"https://login.microsoftonline.com/{GUID}/v2.0",
    token_endpoint=f"https://login.microsoftonline.com/{GUID}/oauth2/v2.0/token",
    authorization_endpoint=f"https://login.microsoftonline.com/{GUID}/oauth2/v2.0/authorize",
    device_authorization_endpoint=f"https://login.microsoftonline.com/{GUID}/devicecode",
)
_OIDC_CONFIGURATION: Final = json_of(
    issuer=_OIDC.url, token_endpoint=f"{_OIDC.url}/token", authorization_endpoint=f"{_OIDC.url}/a"
)
_INSTANCE: Final = json_of(
    tenant_discovery_endpoint="https://login.microsoftonline.com/t/v2.0/.well-known"
)


def _answer(data: bytes) -> HttpResponse:
    """Return a response whose status the first byte says."""
    return HttpResponse(100 + (data[0] if data else 0) * 2, (), data[1:])


def _token(data: bytes) -> object:
    found = read_token_response(_answer(data), now=NOW, policy=_POLICY)
    if isinstance(found, TokenResponse):
        life = found.expires_on - NOW
        expect(0 < life <= _POLICY.max_token_life or not found.cacheable, "a life")
        expect(bool(found.access_token.reveal()), "an empty token")
    else:
        expect(found.error != "", "an empty error")
    return found


def _imds(data: bytes) -> None:
    found = read_imds(HttpResponse(200, (), data))
    expect(found is None or is_region(found), "a region that is none")


def _retry_after(value: str) -> object:
    seconds, readable = read_retry_after(value, now=float(NOW), policy=_POLICY)
    expect(seconds is not None and 0 <= seconds <= _POLICY.retry_after_cap, "seconds")
    return (str(readable), str(seconds in {0, 5, _POLICY.retry_after_cap}))


def _challenge(value: str) -> object:
    found = parse_www_authenticate(value)
    expect(found is None or isinstance(json.loads(found), dict), "claims")
    return found and json.loads(found)


class _Host:
    """The token service of a machine."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    def send(self, request: object) -> HttpResponse:
        del request
        return HttpResponse(200, (), self.body)

    def close(self) -> None:
        """Hold nothing."""


def _managed_identity(data: bytes) -> None:
    source = ManagedIdentityAssertion(transport=_Host(data), clock=lambda: float(NOW))
    expect(isinstance(source(), str), "a token")


_FOLDER: Final = tempfile.TemporaryDirectory(prefix="fuzz")
_TOKEN_FILE: Final = Path(_FOLDER.name) / "token"


def _token_file(data: bytes) -> None:
    _TOKEN_FILE.write_bytes(data)
    expect(TokenFileAssertion(str(_TOKEN_FILE), clock=lambda: float(NOW))() != "", "a token")


# --- what a caller passes ----------------------------------------------------------------------


def _claims(value: str) -> object:
    found = merge_claims(read_challenge(value), ("cp1",), read_forwarded(value))
    expect(found is None or isinstance(json.loads(found), dict), "claims")
    return found and json.loads(found)


def _authority(value: str) -> None:
    for oidc in (False, True):
        found = parse_authority(value, oidc=oidc)
        again = parse_authority(found.url, oidc=oidc)
        expect((again.origin, again.path) == (found.origin, found.path), "another authority")


def _pinned(value: str) -> None:
    found = pinned(_AUTHORITY, value, "token_endpoint")
    ours = {"login.microsoftonline.com", "login.windows.net", "login.microsoft.com",
            "sts.windows.net"}  # fmt: skip
    expect((found.hostname or "") in ours and found.netloc in ours, "a host that is not ours")
    expect(found.scheme == "https", "a scheme")


FLOW: Final = json_of(
    state="s", redirect_uri="https://x/y", scope=["a", "openid"], auth_uri="https://x/z",
    code_verifier="canary-verifier", nonce="canary-nonce", claims_challenge=None, max_age=5,
    client_info=part(uid="u", utid=GUID), code="the-code",
)  # fmt: skip


def _sign_in(data: bytes) -> None:
    try:
        given = parse_object(data)
    except UnreadableJson:
        return
    flow = AuthCodeFlow.from_dict(given)
    expect(AuthCodeFlow.from_dict(flow.as_dict()) == flow, "another flow")
    _ = home_account_of(given)
    flow.check_state(given)


def _thumbprint(value: str) -> None:
    found = read_credential({"private_key": _KEY, "thumbprint": value}, adfs=False)
    expect("x5t" in repr(found.public), "a thumbprint")


# --- what is kept ------------------------------------------------------------------------------

CACHE: Final = json.dumps({
    "AccessToken": {"k": {
        "credential_type": "AccessToken", "secret": "canary-AT", "home_account_id": f"u.{GUID}",
        "environment": "login.microsoftonline.com", "client_id": "c", "target": "a b",
        "realm": GUID, "token_type": "Bearer", "cached_at": "1700000000",
        "expires_on": "1700003600", "extended_expires_on": "1700003600",
    }, "app": {
        "credential_type": "AccessToken", "secret": "canary-AT", "home_account_id": None,
        "environment": "login.microsoftonline.com", "client_id": "c", "target": "s/.default",
        "realm": GUID, "token_type": "Bearer", "cached_at": 1700000000,
        "expires_on": 1700003600, "refresh_on": "1700001800", "ext_cache_key": "x", "key_id": "k",
    }, "plain": {
        "credential_type": "AccessToken", "secret": "canary-AT",
        "environment": "login.microsoftonline.com", "client_id": "c", "target": "s/.default",
        "realm": GUID, "cached_at": "1700000000", "expires_on": "1700003600",
    }},
    "RefreshToken": {"r": {
        "credential_type": "RefreshToken", "secret": "canary-RT", "home_account_id": f"u.{GUID}",
        "environment": "login.microsoftonline.com", "client_id": "c", "target": "a",
        "last_modification_time": "1700000000", "family_id": "1",
    }},
    "IdToken": {"i": {
        "credential_type": "IdToken", "secret": ID_TOKEN, "home_account_id": f"u.{GUID}",
        "environment": "login.microsoftonline.com", "client_id": "c", "realm": GUID,
    }},
    "Account": {"a": {
        "home_account_id": f"u.{GUID}", "environment": "login.microsoftonline.com",
        "realm": GUID, "local_account_id": "o", "username": "u@x", "authority_type": "MSSTS",
    }},
    "AppMetadata": {"m": {"client_id": "c", "environment": "login.microsoftonline.com",
                          "family_id": "1"}},
    "Unknown": {"x": 1},
}).encode()  # fmt: skip


def _codec(data: bytes) -> object:
    try:
        cache = parse_object(data)
    except UnreadableJson as error:
        return (error.code,)
    loaded = load(cache)
    again = load(dump(loaded.partitions, loaded.foreign))
    expect(again.partitions.keys() == loaded.partitions.keys(), "partitions that are lost")
    return {type(key).__name__: it for key, it in loaded.partitions.items()} | loaded.foreign


def _cache(data: bytes) -> object:
    cache = SerializableTokenCache()
    cache.deserialize(data)
    kept = cache.serialize()
    _ = cache.snapshot()  # reads every entry
    expect(json.loads(cache.serialize()) == json.loads(kept), "another cache once it was read")
    cache.deserialize(kept)
    expect(json.loads(cache.serialize()) == json.loads(kept), "another cache")
    for kind in ("RefreshToken", "IdToken", "Account", "AppMetadata"):
        _ = list(cache.search(kind, query={}))
    _ = list(cache.search("AccessToken", ["a"], {}, now=NOW))
    return json.loads(kept)


def _partition_file(data: bytes) -> object:
    try:
        stored = decode(data)
    except UnreadableJson as error:
        return (error.code,)
    expect(decode(encode(stored)) == stored, "another partition")
    return stored


def _partitions() -> Iterator[bytes]:
    for key, tokens in load(json.loads(CACHE)).partitions.items():
        if isinstance(key, AppKey | UserKey) and isinstance(tokens, Tokens):
            yield encode(Stored(key, tokens, {"later": 1}))


def _knowledge(data: bytes) -> object:
    kept: dict[str, str] = {ENTRY: data.decode("utf-8", "surrogateescape")}
    store = KnowledgeStore(kept)
    key = KnowledgeKey(_AUTHORITY.url)
    _ = store.load(key)
    _ = store.save(((key, ()),))
    expect(KnowledgeStore(kept).load(key) == store.load(key), "other knowledge")
    return store.load(key)


_KNOWLEDGE: Final = json.dumps({_AUTHORITY.url: {
    "holds": {"h": {"until": NOW + 60.5, "since": NOW, "status": 429,
                    "members": {"error": "temporarily_unavailable"}}},
    "found_at": NOW, "region": "westus",
    "endpoints": {
        "token": f"https://login.microsoftonline.com/{GUID}/oauth2/v2.0/token",
        "authorization": f"https://login.microsoftonline.com/{GUID}/oauth2/v2.0/authorize",
        "realm": GUID, "issuer": None, "device_authorization": None,
    },
}}).encode()  # fmt: skip

# --- keys --------------------------------------------------------------------------------------


def _files(*names: str) -> tuple[bytes, ...]:
    return tuple((_MATERIAL / name).read_bytes() for name in names)


_KEY: Final = (_MATERIAL / "rsa2048-pkcs8.pem").read_text("ascii")
_CERTIFICATE: Final = (_MATERIAL / "certificate-leaf.der").read_bytes()
_PASSPHRASE: Final = Secret("correct-canary-horse")


def _private_key(data: bytes) -> None:
    _ = load_key(data, _PASSPHRASE if b"ENCRYPTED" in data else None)


def _pfx(data: bytes) -> None:
    for passphrase in (None, _PASSPHRASE):
        _ = load_pfx(data, passphrase)


_PFX_FILE: Final = Path(_FOLDER.name) / "key.pfx"


def _credential(data: bytes) -> None:
    """The whole door: what JSON can say of a `client_credential`."""
    try:
        given: dict[str, object] = {**parse_object(data)}
    except UnreadableJson:
        return
    if "private_key_pfx_path" in given:
        _PFX_FILE.write_bytes(str(given["private_key_pfx_path"]).encode("latin-1", "replace"))
        given["private_key_pfx_path"] = str(_PFX_FILE)
    found = read_credential(given, adfs=len(data) % 2 == 0)
    expect("canary" not in repr(found), "a repr that shows it")


def _verified(data: bytes) -> None:
    found = verify(data.decode("utf-8", "surrogateescape"), _CERTIFICATE, ("RS256", "PS256"))
    if found is not None:
        expect(found[0]["alg"] in {"RS256", "PS256"}, "an algorithm")


_ASSERTIONS: Final = tuple(
    test["token"].encode("utf-8", "surrogatepass")
    for test in json.loads((_MATERIAL.parent / "assertions.json").read_text("ascii"))["tests"][:12]
)

TARGETS: Final[Mapping[str, Target]] = {
    "token response": Target(_token, (bytes([50]) + TOKEN, bytes([150]) + REFUSAL), "json"),
    "discovery": Target(
        lambda data: read_openid_configuration(_AUTHORITY, HttpResponse(200, (), data)),
        (CONFIGURATION,), "json",
    ),
    "discovery of OpenID Connect": Target(
        lambda data: read_openid_configuration(_OIDC, HttpResponse(200, (), data)),
        (_OIDC_CONFIGURATION,), "json",
    ),
    "instance discovery": Target(
        lambda data: read_instance_discovery(_AUTHORITY, _answer(data)),
        (bytes([50]) + _INSTANCE, bytes([150]) + json_of(error="invalid_instance")), "json",
    ),
    "machine metadata": Target(_imds, (json_of(location="westus"), b"westus"), "json"),
    "managed identity": Target(
        _managed_identity,
        (json_of(access_token="MI", expires_on=str(NOW + 3600)), json_of(error="x")), "json",
    ),
    "Retry-After": Target(
        text(_retry_after),
        (b"120", b"Wed, 21 Oct 2015 07:28:00 GMT", b"Wednesday, 21-Oct-15 07:28:00 GMT",
         b"Wed Oct 21 07:28:00 2015", b"Sun Nov  6 08:49:37 1994", b"-1", b"1.5",
         b"Tue, 30 Jun 2015 23:59:60 GMT", b"Thu, 30 Feb 2034 23:59:59 GMT"),
    ),
    "WWW-Authenticate": Target(
        text(_challenge),
        (b'Bearer realm="", error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnt9fQ=="',
         b'Basic realm="a \\"b\\" c", Bearer authorization_uri="https://x", claims="{\\"a\\":1}"',
         b"Negotiate abc==, PoP claims=e30, DPoP"),
    ),
    "claims challenge": Target(
        text(_claims), (b'{"access_token":{"acrs":{"essential":true,"value":"c1"}}}',), "json"
    ),
    "sign-in": Target(_sign_in, (FLOW,), "json"),
    "msal's format": Target(_codec, (CACHE, b"{}"), "json"),
    "cache file": Target(_cache, (CACHE, b"{}", b"null"), "json"),
    "partition file": Target(_partition_file, tuple(_partitions()), "json"),
    "knowledge": Target(_knowledge, (_KNOWLEDGE,), "json"),
    "private key": Target(
        _private_key,
        _files("rsa1024-pkcs8.pem", "rsa1024-pkcs1.pem", "encrypted-aes256.pem", "old-aes256.pem",
               "p256.pem", "ed25519.pem", "openssh.pem", "rsa-pss.pem", "encrypted-pbes1-3des.pem"),
        "pem",
    ),
    "certificate": Target(
        load_certificates,
        _files("certificate-leaf.pem", "certificate-md5.pem", "certificate-p256-key.pem",
               "certificate-huge-serial.pem"),
        "pem",
    ),
    "PFX": Target(
        _pfx, _files("bare.pfx", "not-encrypted.pfx", "3des.pfx", "aes256.pfx", "chain.pfx",
                     "rsa1024.pfx", "other-leaf.pfx", "no-key.pfx"), "der",
    ),
    "demands of DER": Target(
        lambda data: demands_of(data[:MAX_PFX]),
        _files("bare.pfx", "aes256.pfx", "certificate-leaf.der"), "der",
    ),
    "credential": Target(
        _credential,
        (json_of(private_key=_KEY, thumbprint="ab" * 20),
         json_of(passphrase="canary-passphrase", private_key_pfx_path="x", public_certificate=True),
         json_of(private_key=_files("old-aes256.pem")[0].decode(), thumbprint="ab" * 32,
                 passphrase=_PASSPHRASE.reveal(),
                 public_certificate=_files("certificate-leaf.pem")[0].decode())),
        "json",
    ),
    "thumbprint": Target(text(_thumbprint), (b"ab" * 20, b"AB:" * 31 + b"cd", b"\xe2\x80\x8e00")),
    "assertion of others": Target(_verified, _ASSERTIONS, "token"),
    "token file": Target(
        _token_file, (f"{part(alg='RS256')}.{part(exp=NOW + 3600)}.canary\n".encode(),), "token"
    ),
    "authority": Target(
        text(_authority),
        (_AUTHORITY.url.encode(), b"https://contoso.b2clogin.com/t.onmicrosoft.com/b2c_1_x",
         b"https://adfs.contoso.com/adfs", b"https://[::1]:8443/x", b"https://x.ciamlogin.com",
         b"https://login.microsoftonline.us:443/contoso.com/?dc=x"),
    ),
    "endpoint": Target(
        text(_pinned),
        (b"https://login.microsoftonline.com/t/token", b"https://user@login.windows.net:443/t?dc=x",
         b"https://sts.windows.net./t#f"),
    ),
    "region": Target(
        text(lambda value: expect(check_region(value, "region").isascii(), "a region")),
        (b"westus2", b"usgov-virginia"),
    ),
    "client info and id token": Target(
        text(decode_part), tuple(it.encode() for it in ID_TOKEN.split(".")[:2]), "token"
    ),
}  # fmt: skip
