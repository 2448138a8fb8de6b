"""Authlib's session on requests, which holds one token and no cache.

It is answered by a requests adapter, so that requests' own work is inside what is timed.
"""

from __future__ import annotations

import io
from functools import partial
from typing import Any, Final

import requests
from authlib.integrations.requests_client import (  # type: ignore[import-untyped]
    OAuth2Session,
)
from authlib.oauth2.rfc7523 import PrivateKeyJWT  # type: ignore[import-untyped]
from requests.adapters import BaseAdapter

from bench.answers import CLIENT, HOST, REALM, SCOPE, SECRET
from bench.keys import Certificate
from bench.libraries.protocol import Call, Library
from bench.loopback import Served
from bench.tenant import Tenant

__all__ = ["LIBRARY", "Authlib"]


class _Adapter(BaseAdapter):
    """The tenant as an adapter of requests."""

    def __init__(self, tenant: Tenant) -> None:
        super().__init__()
        self._tenant = tenant

    def send(
        self, request: requests.PreparedRequest, *_: object, **__: object
    ) -> requests.Response:
        self._tenant.asked(request.url or "")
        response = requests.Response()
        response.status_code = 200
        response.headers["Content-Type"] = "application/json; charset=utf-8"
        response.encoding = "utf-8"
        response._content = self._tenant.body
        response.raw = io.BytesIO()
        response.url = request.url or ""
        response.request = request
        return response

    def close(self) -> None:
        pass


def _session(url: str, credential: str, method: object = "client_secret_post") -> Any:
    return OAuth2Session(
        CLIENT, credential, scope=SCOPE, token_endpoint=url, token_endpoint_auth_method=method,
        grant_type="client_credentials",
    )  # fmt: skip


def _url(realm: str, base: str = f"https://{HOST}") -> str:
    return f"{base}/{realm}/oauth2/v2.0/token"


class Authlib(Library):
    """Sessions of Authlib."""

    name = "Authlib"
    async_name = "Authlib"
    shares = False

    def app_token(self, tenant: Tenant, realm: str = REALM) -> Call:
        """Return what a session calls before it sends: it looks whether its token is over."""
        url = _url(realm)
        session = _session(url, SECRET)
        session.mount("https://", _Adapter(tenant))
        token = session.fetch_token(url, grant_type="client_credentials")
        return partial(session.ensure_active_token, token)

    def request(self, tenant: Tenant, certificate: Certificate | None = None) -> Call:
        """Return `fetch_token`, which signs each time."""
        url = _url(REALM)
        if certificate is None:
            session = _session(url, SECRET)
        else:
            session = _session(url, certificate.private_pem, PrivateKeyJWT(url))
        session.mount("https://", _Adapter(tenant))
        return partial(session.fetch_token, url, grant_type="client_credentials")

    def over_tls(self, served: Served) -> Call:
        """Return `fetch_token` over requests."""
        url = _url(REALM, served.base)
        session = _session(url, SECRET)
        session.verify = served.authority_file
        return partial(session.fetch_token, url, grant_type="client_credentials")


LIBRARY: Final = Authlib()
