"""google-auth. One credentials object is one token, so there is no cache that grows.

A secret is a refresh-token request, a certificate a service account's signed JWT; a token from
memory is `before_request`, which a Google API client calls before each of its requests.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import google.auth.transport.requests
import google.oauth2.credentials
import google.oauth2.service_account
import requests

from bench.answers import CLIENT, HOST, REALM, SCOPE, SECRET
from bench.keys import Certificate
from bench.libraries.protocol import Call, Library
from bench.loopback import Served
from bench.tenant import Tenant

__all__ = ["LIBRARY", "Google"]


class _Response:
    """As much of a response as google-auth reads."""

    __slots__ = ("data", "headers", "status")

    def __init__(self, body: bytes) -> None:
        self.status = 200
        self.data = body
        self.headers = {"content-type": "application/json"}


def _transport(tenant: Tenant) -> Any:
    token = _Response(tenant.body)
    other = _Response(b"{}")

    def request(url: str, *_: object, **__: object) -> _Response:
        return token if tenant.asked(url) else other

    return request


def _credentials(realm: str, base: str = f"https://{HOST}") -> Any:
    return google.oauth2.credentials.Credentials(  # type: ignore[no-untyped-call]
        None, refresh_token="r" * 40, client_id=CLIENT, client_secret=SECRET,
        token_uri=f"{base}/{realm}/oauth2/v2.0/token",
    )  # fmt: skip


class Google(Library):
    """Credentials of google-auth."""

    name = "google-auth"
    async_name = "google-auth"

    def app_token(self, tenant: Tenant, realm: str = REALM) -> Call:
        """Return what a client calls before it sends."""
        credentials, transport = _credentials(realm), _transport(tenant)

        def call() -> object:
            headers: dict[str, str] = {}
            credentials.before_request(transport, "GET", "https://api/", headers)
            return headers

        return call

    def request(self, tenant: Tenant, certificate: Certificate | None = None) -> Call:
        """Return `refresh`, which signs each time."""
        if certificate is None:
            return partial(_credentials(REALM).refresh, _transport(tenant))
        account = google.oauth2.service_account.Credentials.from_service_account_info(  # type: ignore[no-untyped-call]
            {
                "private_key": certificate.private_pem,
                "client_email": "somebody@project.iam.gserviceaccount.com",
                "token_uri": f"https://{HOST}/{REALM}/oauth2/v2.0/token",
            },
            scopes=[SCOPE],
        )
        return partial(account.refresh, _transport(tenant))

    def over_tls(self, served: Served) -> Call:
        """Return `refresh` over requests."""
        session = requests.Session()
        session.verify = served.authority_file
        transport = google.auth.transport.requests.Request(session)
        return partial(_credentials(REALM, served.base).refresh, transport)


LIBRARY: Final = Google()
