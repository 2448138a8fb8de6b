"""What the tests of discovery, arguments and credentials play with."""

from __future__ import annotations

import json
import time
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from sansio_auth import ClientSecret, ConfidentialClient, Policy, Secret, parse_authority
from sansio_auth.testing import Tenant, World, example_tenant, handle
from sansio_auth.wire import HttpRequest
from sansio_auth_adapters import ConfidentialClientApplication

__all__ = [
    "DOMAIN", "GRAPH", "SECRET", "TENANT", "WEB_API", "Answer", "Line", "app_of", "client_of",
    "gets", "metadata", "posts",
]  # fmt: skip

WEB_API: Final = "6731de76-14a6-49ae-97bc-6eba6914391e"
SECRET: Final = "the-application's-secret"
TENANT: Final = "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555"
DOMAIN: Final = "https://login.microsoftonline.com/contoso.com"
GRAPH: Final = "https://graph.microsoft.com/.default"


class Answer:
    """What an injected client returns."""

    def __init__(self, status: int = 200, text: str = "{}", **headers: str) -> None:
        self.status_code = status
        self.text = text
        self.headers = headers


class Line:
    """An injected client: what was prepared, then the tenant's answers; it remembers all."""

    def __init__(self, *answers: Answer, tenant: Tenant | None = None) -> None:
        self.answers = list(answers)
        self.tenant = example_tenant() if tenant is None else tenant
        self.asked: list[tuple[str, str, dict[str, Any]]] = []

    def _answer(self, method: Any, url: str, keywords: dict[str, Any]) -> Answer:
        self.asked.append((method, url, keywords))
        if self.answers:
            return self.answers.pop(0)
        query = urlencode(keywords.get("params") or {})
        form = tuple(dict(keywords.get("data") or {}).items())
        target = f"{url}?{query}" if query else url
        headers = tuple(keywords.get("headers", {}).items())
        request = HttpRequest(method, target, headers=headers, form=form)
        self.tenant, response = handle(self.tenant, request, time.time())
        return Answer(response.status, response.body.decode(), **dict(response.headers))

    def post(self, url: str, **keywords: Any) -> Answer:
        return self._answer("POST", url, keywords)

    def get(self, url: str, **keywords: Any) -> Answer:
        return self._answer("GET", url, keywords)

    @property
    def hosts(self) -> set[str]:
        """Every host that was asked."""
        return {urlsplit(url).netloc for _, url, _ in self.asked}

    @property
    def forms(self) -> list[dict[str, str]]:
        """The form of every token request."""
        return [dict(keywords["data"]) for method, _, keywords in self.asked if method == "POST"]


def app_of(
    line: Line, credential: Any = SECRET, authority: str = TENANT, **more: Any
) -> ConfidentialClientApplication:
    """Return the web API's application behind that line."""
    parameters = {"client_id": WEB_API, "client_credential": credential, "authority": authority}
    return ConfidentialClientApplication(**{**parameters, "http_client": line, **more})


def client_of(authority: str = TENANT, *, oidc: bool = False, **more: Any) -> ConfidentialClient:
    """Return the web API's client, which tries nothing twice."""
    usual = {"credential": ClientSecret(Secret(SECRET)), "policy": Policy(retries=0)}
    parsed = parse_authority(authority, oidc=oidc)
    return ConfidentialClient(client_id=WEB_API, authority=parsed, **{**usual, **more})


def metadata(base: str = TENANT, **members: object) -> bytes:
    """Return an OpenID configuration with some members replaced, or taken away by `...`."""
    document = {
        "issuer": f"{base}/v2.0",
        "token_endpoint": f"{base}/oauth2/v2.0/token",
        "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
        **members,
    }
    return json.dumps({name: it for name, it in document.items() if it is not ...}).encode()


def gets(world: World) -> list[str]:
    """Return where a world was asked for something that is no token."""
    return [request.url for request, _ in world.exchanges if request.method == "GET"]


def posts(world: World) -> list[str]:
    """Return where a world was asked for tokens."""
    return [request.url for request, _ in world.exchanges if request.method == "POST"]
