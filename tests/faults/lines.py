"""An application in front of a server on loopback that answers discovery and then misbehaves."""

from __future__ import annotations

import contextlib
import itertools
import json
import ssl
from collections.abc import Callable, Iterator
from typing import Any, Final

import requests
from attrs import frozen

from sansio_auth_adapters import ConfidentialClientApplication
from sansio_auth_adapters.testing.certificates import Authority
from sansio_auth_adapters.testing.faultserver import FaultServer, Line, response

__all__ = [
    "CLIENTS", "SCOPES", "SECRET", "TOKEN", "Bad", "Met", "asked", "breaks", "drips", "ends",
    "meeting", "says", "token_response",
]  # fmt: skip

TENANT: Final = "11111111-2222-3333-4444-555555555555"
SECRET: Final = "canary-secret-5b1d"
SCOPES: Final = ["https://graph.microsoft.com/.default"]
TOKEN: Final = b'{"access_token":"AT","token_type":"Bearer","expires_in":3600}'
#: What a server does with a token request that it has read.
Bad = Callable[[Line], None]


def token_response(*headers: tuple[str, str], **more: Any) -> bytes:
    """Return a 200 with a token."""
    return response(200, more.pop("body", TOKEN), *headers, **more)


def _urllib3(authority: Authority, timeout: float) -> dict[str, Any]:
    return {"verify": str(authority.file), "proxies": {}, "timeout": timeout}


def _session(authority: Authority, timeout: float) -> dict[str, Any]:
    session = requests.Session()
    session.verify = str(authority.file)
    return {"http_client": session, "timeout": timeout}


#: The transports under test: the constructor's arguments that lead to each.
CLIENTS: Final[dict[str, Callable[[Authority, float], dict[str, Any]]]] = {
    "urllib3": _urllib3,
    "requests": _session,
}


@frozen
class Met:
    """An application, its server, and what one call came to."""

    app: ConfidentialClientApplication
    server: FaultServer

    def ask(self, **options: Any) -> Any:
        """Return what a call returns, or the exception that it raises."""
        try:
            return self.app.acquire_token_for_client(SCOPES, **options)
        except Exception as error:  # noqa: BLE001 - that is what is asked for
            return error

    @property
    def posts(self) -> list[Any]:
        """The token requests that were read."""
        return [it for it in self.server.received if it.method == "POST"]


@contextlib.contextmanager
def meeting(
    client: str, bad: Bad, authority: Authority, *, tls: ssl.SSLContext | None = None,
    timeout: float = 10, **more: Any,
) -> Iterator[Met]:  # fmt: skip
    """Let an application of that transport meet a server that is bad to its token requests."""

    def behave(line: Line) -> None:
        while (received := line.request()) is not None:
            if received.method == "GET":
                line.send(response(200, _metadata(server.url(f"/{TENANT}", "localhost"))))
            else:
                bad(line)

    server = FaultServer(behave, tls or authority.server("localhost"))
    with server:
        app = ConfidentialClientApplication(
            "client", SECRET, server.url(f"/{TENANT}", "localhost"), instance_discovery=False,
            **CLIENTS[client](authority, timeout), **more,
        )  # fmt: skip
        with app:
            yield Met(app, server)


def _metadata(base: str) -> bytes:
    document = {
        "issuer": f"{base}/v2.0",
        "token_endpoint": f"{base}/oauth2/v2.0/token",
        "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
    }
    return json.dumps(document).encode()


# --- what a server does, and what comes of it ---------------------------------------------------


def says(*data: bytes) -> Bad:
    """Answer, and keep the connection."""
    return lambda line: line.send(b"".join(data))


def ends(*data: bytes) -> Bad:
    """Answer that much, and hang up."""

    def bad(line: Line) -> None:
        line.send(b"".join(data))
        line.sock.close()

    return bad


def breaks(*data: bytes) -> Bad:
    """Answer that much, and reset the connection."""

    def bad(line: Line) -> None:
        line.send(b"".join(data))
        line.reset()

    return bad


def drips(before: bytes, drop: bytes) -> Bad:
    """Answer for ever, a little at a time."""

    def bad(line: Line) -> None:
        line.send(before)
        line.drip(itertools.repeat(drop))

    return bad


def asked(
    client: str, bad: Bad, authority: Authority, *, due: bool = False, **more: Any
) -> tuple[Any, list[Any]]:
    """Return what a call came to and the requests; with `due`, a token that is to be refreshed."""
    first = iter([TOKEN.replace(b"}", b',"refresh_in":-1}')] if due else [])

    def maybe(line: Line) -> None:
        body = next(first, None)
        if body is None:
            bad(line)
        else:
            line.send(token_response(body=body))

    with meeting(client, maybe, authority, **more) as met:
        if due:
            assert met.ask()["token_source"] == "identity_provider"
        before = len(met.posts)
        return met.ask(), met.posts[before:]
