"""Draw the sequence diagrams of `docs/explanation/flows.md` from flows that are really played.

`--check` draws nothing and fails where the page is not what would be drawn.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from attrs import evolve, frozen
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from sansio_auth import (
    CertificateCredential,
    ClientSecret,
    ConfidentialClient,
    Failure,
    HttpResponse,
    Secret,
    Transcript,
    parse_authority,
)
from sansio_auth._assertion import SigningKey, base64url, load_key
from sansio_auth.diagram import mermaid
from sansio_auth.testing import Application, World, example_tenant, user_token

PAGE = Path(__file__).parents[1] / "docs" / "explanation" / "flows.md"
GRAPH = ["https://graph.microsoft.com/.default"]
WEB_API = "6731de76-14a6-49ae-97bc-6eba6914391e"
_INTRODUCTION = """\
# Flows, drawn

Each picture is drawn from a flow that was played against the simulated tenant, by
`scripts/draw_flows.py`; a test fails when a flow changes and its picture does not. The flow always
speaks first, and exactly one question is open at a time.
"""


def _client(world: World, tenant: str | None = None) -> ConfidentialClient:
    name = tenant or world.tenant.tenant_id
    return ConfidentialClient(
        client_id=WEB_API,
        authority=parse_authority(f"{world.tenant.origin}/{name}"),
        credential=ClientSecret(Secret("the-application's-secret")),
    )


def cold(world: World) -> Transcript:
    """An application's first token.

    A known cloud and a tenant named by GUID: the endpoints are computed and nothing is discovered.
    """
    return world.play(_client(world).acquire_token_for_client(GRAPH)).transcript


def discovered(world: World) -> Transcript:
    """A tenant named by its domain.

    Its id has to be found out first, and is remembered for a day.
    """
    return world.play(_client(world, "contoso.com").acquire_token_for_client(GRAPH)).transcript


def signed(world: World) -> Transcript:
    """A certificate.

    Header and claims are made inside the flow; the key stays with whoever signs.
    """
    key, der = _key_and_certificate()
    world.assertions = key
    application = Application(WEB_API, certificates=(der,))
    world.tenant = evolve(world.tenant, applications={WEB_API: application})
    thumbprint = base64url(hashlib.sha256(der).digest())
    credential = CertificateCredential(sha1=False, x5t_s256=thumbprint)
    client = evolve(_client(world), credential=credential)
    return world.play(client.acquire_token_for_client(GRAPH)).transcript


def _key_and_certificate() -> tuple[SigningKey, bytes]:
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a daemon")])
    now = datetime.now(tz=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return load_key(pem), certificate.public_bytes(Encoding.DER)


def on_behalf_of(world: World) -> Transcript:
    """On behalf of a user.

    What is issued is kept twice: for whoever brings the same assertion, and for the user.
    """
    assertion = user_token(world.tenant, "alice@contoso.com", WEB_API, world.clock.now)
    return world.play(
        _client(world).acquire_token_on_behalf_of(assertion, ["User.Read"])
    ).transcript


def aging(world: World) -> Transcript:
    """A token due for refresh, and a service that is down.

    The refresh is tried, tried again after a moment, given up; the token that still works is
    served.
    """
    world.tenant = evolve(world.tenant, refresh_in=1_800)
    call = _client(world).acquire_token_for_client(GRAPH)
    _ = world.play(call)
    _ = world.clock.advance(2_000)
    world.faults += [Failure("connect", sent=False), HttpResponse(503)]
    return world.play(call).transcript


def held(world: World) -> Transcript:
    """Asking again after a 429.

    The time that Retry-After named is not over: the flow ends with the same refusal, before any
    credential is touched.
    """
    call = _client(world).acquire_token_for_client(GRAPH)
    world.faults.append(HttpResponse(429, (("Retry-After", "60"),)))
    _ = world.play(call)
    return world.play(call).transcript


@frozen
class _Drawn:
    title: str
    words: str
    diagram: str


def _draw(scenario: Callable[[World], Transcript]) -> _Drawn:
    title, _, words = (scenario.__doc__ or "").partition("\n\n")
    text = "\n".join(line.strip() for line in words.strip().splitlines())
    return _Drawn(title.rstrip("."), text, mermaid(scenario(World(example_tenant()))))


def page() -> str:
    """Return the whole page."""
    parts = [_INTRODUCTION]
    for scenario in (cold, discovered, signed, on_behalf_of, aging, held):
        drawn = _draw(scenario)
        parts.append(f"## {drawn.title}\n\n{drawn.words}\n\n```mermaid\n{drawn.diagram}```\n")
    return "\n".join(parts)


def main(arguments: list[str]) -> int:
    """Write the page, or with `--check` compare it."""
    text = page()
    if "--check" in arguments:
        current = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
        if current != text:
            print(f"{PAGE.name} is not what the flows are now: run `make docs`")
            return 1
        return 0
    _ = PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
