"""Whole calls through the application, in which one thing comes from outside: an answer, a cache.

What a single parser lets through is used by somebody: filed, compared with a clock, written as
MSAL's JSON, put into a dictionary. Here it is, by every grant. The clock stands still.
"""

from __future__ import annotations

import json
import tempfile
import warnings
from collections.abc import Callable, Mapping
from typing import Any, Final

from targets import (  # type: ignore[import-not-found]  # pyright: ignore[reportImplicitRelativeImport]
    CACHE,
    CONFIGURATION,
    FLOW,
    GUID,
    NOW,
    REFUSAL,
    TARGETS,
    TOKEN,
    Target,
    expect,
    json_of,
)

from sansio_auth._json import UnreadableJson, parse_object
from sansio_auth.partition import AppKey, UserKey
from sansio_auth_adapters import (
    ConfidentialClientApplication,
    FileStore,
    SerializableTokenCache,
    ambient,
)

__all__ = ["JOURNEYS"]

warnings.simplefilter("ignore")
ambient.now = lambda: NOW + 10.25

_KNOWN: Final = f"https://login.microsoftonline.com/{GUID}"
_DOMAIN: Final = "https://login.microsoftonline.com/contoso.com"
_UNKNOWN: Final = f"https://login.example.com/{GUID}"
_SCOPES: Final = ["s/.default"]
_HEADERS: Final[tuple[Any, ...]] = (
    {}, {"Content-Type": "application/json"}, {"Content-Type": "text/html"}, None,
    {"Retry-After": "1"}, {"Retry-After": "9" * 5_000}, {"Retry-After": "-1"},
    {"Retry-After": "Wed, 21 Oct 2099 07:28:00 GMT"}, {"Date": "Tue, 14 Nov 2023 22:13:20 GMT"},
    {"Location": "https://evil.example/"}, {"Location": "https://" + "x" * 9_000},
    [("Retry-After", b"5")], {5: 6, b"x": None}, [("a",)], 7, "text", {"Retry-After": "\ud800"},
    {"x": "y" * 100_000}, [("x-y", "z")] * 5_000, {"Retry-After": "1e5"}, {"ETag": "\x00\r\n"},
    {"x-ms-clitelem": "1,0,0,,I"}, {"x-ms-request-id": "\u202e" * 9_000},
)  # fmt: skip
_STATUSES: Final[tuple[Any, ...]] = (
    200, 200, 200, 200, 400, 401, 403, 429, 500, 503, 302, 304, 407, 511, 100, 204, 418, 599, 600,
    99, 0, -1, None, "200", 200.0, True, 10**30,
)  # fmt: skip


class _Answer:
    """What an injected client returns; the first two bytes choose its status and headers."""

    def __init__(self, data: bytes) -> None:
        self.status_code = _STATUSES[(data[0] if data else 0) % len(_STATUSES)]
        self.headers = _HEADERS[(data[1] if data[1:] else 0) % len(_HEADERS)]
        body = data[2:]
        self.text: object = body if len(data) % 2 else body.decode("utf-8", "surrogateescape")


class _Line:
    """An injected client that answers the same to every POST, and to every GET."""

    def __init__(self, post: bytes = b"", get: bytes = b"") -> None:
        self._post, self._get = post, get

    def post(self, url: str, **_: object) -> _Answer:
        expect(url.startswith(("https://login.microsoftonline.com/", _UNKNOWN)), "a foreign host")
        return _Answer(self._post)

    def get(self, url: str, **_: object) -> _Answer:
        del url
        return _Answer(self._get)


def _app(line: _Line, authority: str = _KNOWN, **more: Any) -> ConfidentialClientApplication:
    return ConfidentialClientApplication(
        "c", "canary-of-the-secret", authority, http_client=line,
        **{"token_cache": SerializableTokenCache(), **more},
    )  # fmt: skip


def _told(result: object) -> object:
    """Return what an application returned, which can be written as JSON, as MSAL's can."""
    _ = json.dumps(result)
    return result


def _kept(app: ConfidentialClientApplication) -> None:
    """What was filed can be written, read again and looked through."""
    kept = app.token_cache.serialize()  # type: ignore[attr-defined]
    again = SerializableTokenCache()
    again.deserialize(kept)
    expect(json.loads(again.serialize()) == json.loads(kept), "another cache")
    other = _app(_Line(), token_cache=again)
    for account in other.get_accounts():
        _told(account)
        other.remove_account(account)


def _twice(ask: Callable[[ConfidentialClientApplication], object]) -> Callable[[bytes], object]:
    """Return a journey that asks the same twice: the second time the cache may answer."""

    def go(data: bytes) -> object:
        app = _app(_Line(post=data))
        first, second = _told(ask(app)), _told(ask(app))
        _kept(app)
        return (first, second)

    return go


def _on_behalf(app: ConfidentialClientApplication) -> object:
    result = app.acquire_token_on_behalf_of("canary-assertion", ["a"])
    for account in app.get_accounts():
        _told(app.acquire_token_silent(["a"], account))
    return result


def _session(app: ConfidentialClientApplication) -> object:
    result, key = app.initiate_long_running_on_behalf_of("canary-assertion", ["a"])
    _told(app.acquire_token_in_long_running_session(key, ["a"]))
    app.stop_long_running_session(key)
    return result


_BEGUN: Final = _app(_Line()).initiate_auth_code_flow(["a"], redirect_uri="https://x/y", max_age=60)


def _signed_in(app: ConfidentialClientApplication) -> object:
    flow = {**_BEGUN, "nonce": ""}
    found = app.acquire_token_by_auth_code_flow(flow, {"state": _BEGUN["state"], "code": "canary"})
    _told(found)
    return app.acquire_token_by_auth_code_flow(_BEGUN, {"state": _BEGUN["state"], "code": "canary"})


def _came_back(data: bytes) -> None:
    """What a browser brings, and what a session kept, are both from outside."""
    try:
        given: Mapping[str, object] = parse_object(data)
    except UnreadableJson:
        return
    app = _app(_Line(post=bytes(2) + TOKEN))
    _told(app.acquire_token_by_auth_code_flow(given, given))


def _discovered(authority: str, **more: Any) -> Callable[[bytes], object]:
    def go(data: bytes) -> object:
        app = _app(_Line(post=bytes(2) + TOKEN, get=data), authority, **more)
        return _told(app.acquire_token_for_client(_SCOPES))

    return go


def _user_realm(data: bytes) -> None:
    app = _app(_Line(post=bytes(2) + TOKEN, get=data))
    _told(app.acquire_token_by_username_password("u@x", "canary-password", ["a"]))


def _found(data: bytes) -> None:
    """A cache that somebody else wrote, used."""
    cache = SerializableTokenCache()
    cache.deserialize(data)
    app = _app(_Line(post=bytes([4, 0]) + REFUSAL), token_cache=cache)
    _told(app.acquire_token_for_client(_SCOPES))
    for account in app.get_accounts():
        _told(app.acquire_token_silent(["a"], account))
        _told(app.acquire_token_silent_with_error(["b"], account))
        app.remove_account(account)
    app.remove_tokens_for_client()
    _ = cache.serialize()


_FOLDER: Final = tempfile.TemporaryDirectory(prefix="fuzz")
_HOST: Final = "login.microsoftonline.com"
_USER: Final = {"home_account_id": f"u.{GUID}", "environment": _HOST, "username": "u@x"}


def _file_store(data: bytes) -> None:
    """Partitions that somebody else wrote, used and written again."""
    store = FileStore(_FOLDER.name, durable=False)
    keys = (AppKey(_HOST, GUID, "c"), UserKey(_HOST, f"u.{GUID}"))
    for path in (store._path(key) for key in keys):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_bytes(data)
        path.chmod(0o600)
    app = _app(_Line(post=bytes(2) + TOKEN), token_cache=store)
    _told(app.acquire_token_for_client(_SCOPES))
    _told(app.acquire_token_silent(["a"], _USER))
    for account in app.get_accounts():
        _told(account)
    app.remove_account(_USER)


def _known(data: bytes) -> None:
    """Knowledge that somebody else wrote, used."""
    kept: dict[str, str] = {"sansio_auth": data.decode("utf-8", "surrogateescape")}
    line = _Line(post=bytes(2) + TOKEN, get=bytes(2) + CONFIGURATION)
    app = _app(line, _DOMAIN, http_cache=kept, azure_region=True)
    _told(app.acquire_token_for_client(_SCOPES))
    expect(isinstance(json.loads(kept["sansio_auth"]), dict), "knowledge")


_ANSWERS: Final = (
    bytes(2) + TOKEN, bytes([0, 1]) + TOKEN, bytes([4, 0]) + REFUSAL, bytes([7, 4]) + REFUSAL,
    bytes([8, 2]) + b"<html>", bytes(2) + json_of(access_token="canary-AT", token_type="Bearer"),
)  # fmt: skip
_METADATA: Final = (
    bytes(2) + CONFIGURATION,
    bytes(2) + json_of(
        tenant_discovery_endpoint=f"{_UNKNOWN}/v2.0/.well-known/openid-configuration",
        issuer=f"{_UNKNOWN}/v2.0", token_endpoint=f"{_UNKNOWN}/token",
        authorization_endpoint=f"{_UNKNOWN}/authorize",
    ),
    bytes([4, 0]) + json_of(error="invalid_instance"),
)  # fmt: skip
_REGION: Final = (bytes(2) + json_of(location="westus"), bytes(2) + b"westus")
_NEAR: Final = json.dumps({_DOMAIN: {
    "holds": {"h": {"until": NOW + 60, "since": NOW, "status": 429, "members": {"error": "x"}}},
    "found_at": NOW, "region": "westus",
    "endpoints": {"token": f"{_KNOWN}/oauth2/v2.0/token", "realm": GUID, "issuer": None,
                  "authorization": f"{_KNOWN}/oauth2/v2.0/authorize"},
}}).encode()  # fmt: skip

JOURNEYS: Final[Mapping[str, Target]] = {
    "client credentials": Target(
        _twice(lambda app: app.acquire_token_for_client(_SCOPES)), _ANSWERS, "json"
    ),
    "on behalf of": Target(_twice(_on_behalf), _ANSWERS, "json"),
    "long-running session": Target(_twice(_session), _ANSWERS, "json"),
    "refresh token": Target(
        _twice(lambda app: app.acquire_token_by_refresh_token("canary-RT", ["a"])), _ANSWERS, "json"
    ),
    "federated user": Target(
        _twice(
            lambda app: app.acquire_token_by_user_federated_identity_credential(
                ["a"], "canary-assertion", username="u@x"
            )
        ),
        _ANSWERS,
        "json",
    ),
    "authorization code": Target(_twice(_signed_in), _ANSWERS, "json"),
    "user realm": Target(
        _user_realm, (bytes(2) + json_of(account_type="Managed", ver="1.0"),), "json"
    ),
    "back from the browser": Target(_came_back, (FLOW,), "json"),
    "discovery of a domain": Target(_discovered(_DOMAIN), _METADATA, "json"),
    "discovery of a host": Target(_discovered(_UNKNOWN), _METADATA, "json"),
    "region of the machine": Target(
        _discovered(_KNOWN, azure_region=ConfidentialClientApplication.ATTEMPT_REGION_DISCOVERY),
        _REGION, "json",
    ),
    "a cache in use": Target(_found, (CACHE,), "json"),
    "a file store in use": Target(
        _file_store, TARGETS["partition file"].corpus, "json"
    ),
    "knowledge in use": Target(_known, (_NEAR,), "json"),
}  # fmt: skip
