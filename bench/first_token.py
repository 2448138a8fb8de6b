"""Programs that are timed from their first import to their first token, each in a fresh process.

`python -c "from bench.first_token import ours; ours()"` prints seconds. Nothing but `sys` and
`time` is loaded before the clock starts, so every program pays for whatever it needs; its identity
provider is in memory, and the transport it would use on a network is loaded as well.
"""

from __future__ import annotations

import sys
from time import perf_counter

TYPE_CHECKING = False  # typing's own would load it before the clock starts
if TYPE_CHECKING:
    from typing import Any

__all__ = ["alone", "authlib", "azure", "google", "msal", "ours", "urllib3"]

_CLIENT = "6731de76-14a6-49ae-97bc-6eba6914391e"
_SECRET = "the-application's-secret-of-forty-letters"
_REALM = "11111111-2222-3333-4444-555555555555"
_AUTHORITY = f"https://login.microsoftonline.com/{_REALM}"
_TOKEN_URL = f"{_AUTHORITY}/oauth2/v2.0/token"
_SCOPE = "https://graph.microsoft.com/.default"
_TOKEN = (
    '{"token_type": "Bearer", "expires_in": 3600, "ext_expires_in": 3600, "access_token": "'
    + "A" * 1500
    + '"}'
)
_DISCOVERY = (
    f'{{"token_endpoint": "{_TOKEN_URL}", "issuer": "{_AUTHORITY}/v2.0",'
    f' "authorization_endpoint": "{_AUTHORITY}/oauth2/v2.0/authorize"}}'
)
_TYPE = "application/json; charset=utf-8"


def _text(url: str) -> str:
    return _TOKEN if url.endswith("/token") else _DISCOVERY


def _told(begun: float, token: str) -> None:
    """Print the seconds since then; the token proves that the work was done."""
    took = perf_counter() - begun
    if not token.endswith("A" * 1500):
        raise RuntimeError("the program got no token")
    sys.stdout.write(f"{took}\n")


class _Answer:
    """A response with whatever attributes it is made of."""

    def __init__(self, **members: object) -> None:
        self.__dict__.update(members)

    def raise_for_status(self) -> None:
        """It was no failure."""


def alone(module: str) -> None:
    """Time an import."""
    begun = perf_counter()
    __import__(module)
    sys.stdout.write(f"{perf_counter() - begun}\n")


def ours() -> None:
    """Time our application."""

    class Transport:
        def send(self, request: Any) -> Any:
            from sansio_auth import HttpResponse

            return HttpResponse(200, (("content-type", _TYPE),), _text(request.url).encode())

        def close(self) -> None:
            pass

    begun = perf_counter()
    import urllib3  # noqa: F401 - what the first request over a network loads

    import sansio_auth_adapters.transports.urllib3  # noqa: F401 - through this
    from sansio_auth_adapters import ConfidentialClientApplication

    application = ConfidentialClientApplication(
        _CLIENT, _SECRET, _AUTHORITY, http_client=Transport()
    )
    result: Any = application.acquire_token_for_client([_SCOPE])
    _told(begun, result["access_token"])


def msal() -> None:
    """Time msal's application, which loads requests and so urllib3."""

    class Client:
        def post(self, url: str, **_: object) -> Any:
            return _Answer(status_code=200, text=_text(url), headers={"Content-Type": _TYPE})

        get = post

    begun = perf_counter()
    import msal  # type: ignore[import-untyped]  # it ships no types

    application = msal.ConfidentialClientApplication(
        _CLIENT, client_credential=_SECRET, authority=_AUTHORITY, http_client=Client()
    )
    _told(begun, application.acquire_token_for_client([_SCOPE])["access_token"])


def azure() -> None:
    """Time a credential of azure-identity."""
    begun = perf_counter()
    from typing import Any

    from azure.core.pipeline.transport import (
        HttpResponse,
        HttpTransport,
        RequestsTransport,
    )
    from azure.identity import ClientSecretCredential

    class Response(HttpResponse):
        def __init__(self, request: Any) -> None:
            super().__init__(request, None)
            self.status_code = 200
            self.headers = {"Content-Type": _TYPE}
            self.content_type = _TYPE

        def body(self) -> bytes:
            return _text(self.request.url).encode()

    class Transport(HttpTransport[Any, Any]):
        def send(self, request: Any, **_: object) -> Any:
            return Response(request)

        def open(self) -> None:
            pass

        def close(self) -> None:
            pass

        def __exit__(self, *_: object) -> None:
            pass

    del RequestsTransport
    credential = ClientSecretCredential(_REALM, _CLIENT, _SECRET, transport=Transport())
    _told(begun, credential.get_token(_SCOPE).token)


def google() -> None:
    """Time credentials of google-auth, on its urllib3 transport."""

    def request(url: str, *_: object, **__: object) -> Any:
        return _Answer(status=200, data=_text(url).encode(), headers={"content-type": _TYPE})

    begun = perf_counter()
    import google.auth.transport.urllib3
    import google.oauth2.credentials

    credentials: Any = google.oauth2.credentials.Credentials(  # type: ignore[no-untyped-call]
        None, refresh_token="r" * 40, token_uri=_TOKEN_URL, client_id=_CLIENT,
        client_secret=_SECRET,
    )  # fmt: skip
    credentials.refresh(request)
    _told(begun, credentials.token)


def authlib() -> None:
    """Time a session of Authlib on requests."""
    begun = perf_counter()
    import requests
    from authlib.integrations.requests_client import (  # type: ignore[import-untyped]
        OAuth2Session,
    )
    from requests.adapters import BaseAdapter

    class Adapter(BaseAdapter):
        def send(self, request: Any, *_: object, **__: object) -> Any:
            response = requests.Response()
            response.status_code = 200
            response._content = _text(request.url).encode()
            response.request, response.url = request, request.url
            return response

        def close(self) -> None:
            pass

    session = OAuth2Session(
        _CLIENT, _SECRET, scope=_SCOPE, token_endpoint_auth_method="client_secret_post"
    )
    session.mount("https://", Adapter())
    token = session.fetch_token(_TOKEN_URL, grant_type="client_credentials")
    _told(begun, token["access_token"])


def urllib3() -> None:
    """Time the HTTP library alone: what no program on it can go below."""
    alone("urllib3")
