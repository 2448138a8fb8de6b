"""The main job, end to end, over real HTTPS sockets on loopback: `make demo`.

A tenant is simulated in this process and served with a throw-away certificate authority; the
application reaches it through urllib3 as it would reach Entra ID. Every step says what it expects
and the program ends with 1 if anything is otherwise. Secrets and tokens are shown as dots.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from sansio_auth import parse_www_authenticate
from sansio_auth.testing import call_api, example_tenant, user_token
from sansio_auth_adapters import (
    AsyncConfidentialClientApplication,
    ConfidentialClientApplication,
)
from sansio_auth_adapters.tenant_server import Exchange, TenantServer

WEB_API = "6731de76-14a6-49ae-97bc-6eba6914391e"
DAEMON = "0b1ef9a1-6e2d-4c7a-9b53-7f2d8c1a4e60"
SECRET = "the-application's-secret"
GRAPH = ["https://graph.microsoft.com/.default"]
APIS = ["https://graph.microsoft.com", "api://orders"]
SCOPES = ["User.Read", "api://orders/Orders.Read"]
HIDDEN = "•••"

#: Members and fields whose values say what is asked or granted, and nothing that opens a door.
SHOWN = {
    "grant_type", "scope", "client_id", "requested_token_use", "token_type", "expires_in", "error",
    "error_codes", "suberror", "claims", "issuer", "token_endpoint", "client_info",
}  # fmt: skip
#: Everything else that is worth a word.
NAMED = {"client_secret", "access_token", "refresh_token", "id_token", "assertion"}


def _paint(code: str, text: str) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if sys.stdout.isatty() else text


def _shortened(text: object, width: int = 64) -> str:
    words = str(text)
    return words if len(words) <= width else f"{words[: width - 1]}…"


def _assertion(token: str) -> str:
    """Say what a client assertion claims; its signature stays out of sight."""
    header, payload = (
        json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        for part in token.split(".")[:2]
    )
    key = "x5t#S256" if "x5t#S256" in header else "x5t"
    life = payload["exp"] - payload["iat"]
    return f"{HIDDEN} ({header['alg']}, {key}, {life} s, jti {payload['jti'][:8]}…)"


def _pairs(pairs: Iterator[tuple[str, object]]) -> Iterator[str]:
    for name, value in pairs:
        if name == "client_assertion":
            yield f"{name}={_assertion(str(value))}"
        elif name in SHOWN and not (name == "client_info" and value != "1"):
            yield f"{name}={_shortened(value)}"
        elif name in NAMED:
            yield f"{name}={HIDDEN}"


def _show(exchange: Exchange) -> None:
    request, response = exchange.request, exchange.response
    print(f"    app ──▶ {_paint('36', request.method)} {urlsplit(request.url).path}")
    for line in _pairs(iter(request.form or ())):
        print(f"              {line}")
    color = "32" if response.status == 200 else "33"  # noqa: PLR2004 - OK
    print(f"        ◀── {_paint(color, str(response.status))}")
    for line in _pairs(iter(json.loads(response.body).items())):
        print(f"              {line}")


class Demo:
    """The steps so far, and whether each was as it should be."""

    def __init__(self, server: TenantServer) -> None:
        self.server = server
        self.steps = 0
        self.failures = 0

    @contextmanager
    def step(self, title: str, *, requests: int) -> Iterator[Callable[[str, bool], None]]:
        """Run one step, show its exchanges and its time; `requests` is how many there must be."""
        self.steps += 1
        print(_paint("1", f"\n{self.steps} · {title}"))
        before = len(self.server.exchanges)
        said: list[tuple[str, bool]] = []
        began = time.perf_counter()
        yield lambda what, right: said.append((what, right))
        taken = 1000 * (time.perf_counter() - began)
        exchanges = self.server.exchanges[before:]
        for exchange in exchanges:
            _show(exchange)
        count = f"{len(exchanges)} request{'s' * (len(exchanges) != 1)}"
        said.append((f"{count}, {taken:.2f} ms", len(exchanges) == requests))
        for what, right in said:
            print(f"    {_paint('32', '✔') if right else _paint('31', '✘')} {what}")
            self.failures += not right


def _certificate() -> tuple[str, str, bytes]:
    """Return a new key and its self-signed certificate: PEM, PEM, DER."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a daemon")])
    now = datetime.now(tz=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return (
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        certificate.public_bytes(Encoding.PEM).decode(),
        certificate.public_bytes(Encoding.DER),
    )


def _application(
    server: TenantServer, client_id: str, credential: object
) -> ConfidentialClientApplication:
    return ConfidentialClientApplication(
        client_id,
        client_credential=credential,
        authority=server.authority,
        instance_discovery=False,  # nobody else has heard of this tenant's host
        verify=server.ca_path,
    )


def app_tokens(demo: Demo, key: str, certificate: str) -> None:
    """Client credentials: by secret, from the cache, by certificate."""
    app = _application(demo.server, WEB_API, SECRET)
    with demo.step("an application's token, by secret", requests=2) as check:
        first = app.acquire_token_for_client(GRAPH)
        check(
            "the identity provider gave a token", first.get("token_source") == "identity_provider"
        )
    with demo.step("the same again", requests=0) as check:
        again = app.acquire_token_for_client(GRAPH)
        check("the token came from the cache", again.get("token_source") == "cache")
        check("it is the same one", again.get("access_token") == first.get("access_token"))
    daemon = _application(
        demo.server, DAEMON, {"private_key": key, "public_certificate": certificate}
    )
    with demo.step("an application's token, by certificate", requests=2) as check:
        token = daemon.acquire_token_for_client(GRAPH)
        check("the tenant verified signature, audience, times and jti", "access_token" in token)


def on_behalf_of(demo: Demo) -> None:
    """A user called this API; it calls the next one in the user's name."""
    app = _application(demo.server, WEB_API, SECRET)
    alice = user_token(demo.server.tenant, "alice@contoso.com", WEB_API, time.time())
    with demo.step("on behalf of alice, who called this API", requests=2) as check:
        result = app.acquire_token_on_behalf_of(alice, ["User.Read"])
        name = result.get("id_token_claims", {}).get("preferred_username")
        check(f"a token for {name}", name == "alice@contoso.com")
    with demo.step("alice calls once more", requests=0) as check:
        again = app.acquire_token_on_behalf_of(alice, ["User.Read"])
        check("her token came from the cache", again.get("token_source") == "cache")
    bob = user_token(demo.server.tenant, "bob@contoso.com", WEB_API, time.time())
    with demo.step("on behalf of bob, who needs a second factor", requests=1) as check:
        refused = app.acquire_token_on_behalf_of(bob, ["User.Read"])
        check("interaction_required, no exception", refused.get("error") == "interaction_required")
        check("claims to relay to bob's front end", "polids" in refused.get("claims", ""))


async def _all_at_once(server: TenantServer, callers: int, alice: str) -> set[str]:
    """Let so many tasks ask, for two APIs, half of them in alice's name; return all tokens."""
    async with AsyncConfidentialClientApplication(
        WEB_API,
        client_credential=SECRET,
        authority=server.authority,
        instance_discovery=False,
        verify=server.ca_path,
    ) as app:
        _ = await app.discover()
        asked = [
            app.acquire_token_for_client([APIS[number % 2] + "/.default"])
            if number % 4 < 2  # noqa: PLR2004 - two of four
            else app.acquire_token_on_behalf_of(alice, [SCOPES[number % 2]])
            for number in range(callers)
        ]
        return {result.get("access_token", "") for result in await asyncio.gather(*asked)}


def many_callers(demo: Demo) -> None:
    """A thousand tasks at once; there are four things that they ask for."""
    alice = user_token(demo.server.tenant, "alice@contoso.com", WEB_API, time.time())
    callers, identities = 1_000, 4
    before = len(demo.server.exchanges)
    title = f"{callers:,} concurrent tasks that want {identities} different tokens"
    with demo.step(title, requests=1 + identities) as check:
        tokens = asyncio.run(_all_at_once(demo.server, callers, alice))
        sent = [it.request.method for it in demo.server.exchanges[before:]].count("POST")
        check(f"{callers:,} callers served by {sent} token requests", sent == identities)
        check(f"with {len(tokens)} different tokens", len(tokens - {""}) == identities)


def refused(demo: Demo) -> None:
    """A secret that has expired."""
    app = _application(demo.server, WEB_API, "last-year's-secret")
    with demo.step("a secret that has expired", requests=2) as check:
        result = app.acquire_token_for_client(GRAPH)
        check(
            _shortened(result.get("error_description", ""), 46),
            result.get("error_codes") == [7000222],
        )


def claims_challenge(demo: Demo) -> None:
    """An API wants more of the token than was asked for."""
    app = _application(demo.server, WEB_API, SECRET)
    api = "api://orders"
    with demo.step("an API that makes a claims challenge", requests=3) as check:
        token = app.acquire_token_for_client([f"{api}/.default"])["access_token"]
        first = call_api(demo.server.tenant, api, token, time.time())
        header = first.header("www-authenticate") or ""
        check(f"the API said {first.status}: {_shortened(header)}", first.status == 401)  # noqa: PLR2004
        challenge = parse_www_authenticate(header)
        better = app.acquire_token_for_client([f"{api}/.default"], claims_challenge=challenge)
        second = call_api(demo.server.tenant, api, better["access_token"], time.time())
        check(f"with the new token it said {second.status}", second.status == 200)  # noqa: PLR2004


def main() -> int:
    """Run every step; 0 if all was as it should be."""
    key, certificate, der = _certificate()
    with TenantServer(example_tenant(certificates=(der,))) as server:
        print(f"A tenant at {server.authority}")
        demo = Demo(server)
        app_tokens(demo, key, certificate)
        on_behalf_of(demo)
        many_callers(demo)
        refused(demo)
        claims_challenge(demo)
    wrong = (
        f"{demo.failures} of them not as they should be" if demo.failures else "all as it should be"
    )
    print(_paint("1", f"\n{demo.steps} steps, {wrong}."))
    return 1 if demo.failures else 0


if __name__ == "__main__":
    sys.exit(main())
