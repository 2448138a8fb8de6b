"""A counterparty as the tests see it: a process to start, an authority to ask, a log to read.

It knows who is registered there, and that every server reads one JSON file, prints one JSON line
when it is ready, appends one JSON line per request to a log, and ends when its standard input
does, so that none outlives the session that started it. It knows neither server's inside.
"""

from __future__ import annotations

import json
import ssl
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from attrs import field, frozen

from tests.interop.pki import Pki

__all__ = [
    "CERTIFICATE_APP",
    "CHAIN_APP",
    "SECRET",
    "SECRET_APP",
    "USER",
    "Counterparty",
    "Exchange",
    "running",
]

_CHECKOUT: Final = Path(__file__).parents[2]
TENANT: Final = "2f1c8a90-5f6d-4f0e-9d55-0c1a3a7e9b21"
SECRET_APP: Final = "7d6a1d0e-9c1b-4a57-8f0f-3f2f9a3c0001"
CERTIFICATE_APP: Final = "7d6a1d0e-9c1b-4a57-8f0f-3f2f9a3c0002"
CHAIN_APP: Final = "7d6a1d0e-9c1b-4a57-8f0f-3f2f9a3c0003"
USER: Final = "5b0b2c9e-user-ada"
# Every character that a form must escape, so that an encoding mistake is a wrong secret.
SECRET: Final = "p~a.s-s_/w+o=r&d %25!"
RESOURCES: Final = ("api://orders", "api://shipping", f"api://{SECRET_APP}")


@frozen
class Exchange:
    """One request as the server logged it: what came, what went, and why.

    `reason` is the server's own word, which its answer may keep to itself; `assertion` is the
    header of the client assertion as it came.
    """

    path: str
    status: int
    client_id: str | None = None
    grant_type: str | None = None
    scope: str | None = None
    claims: str | None = None
    error: str | None = None
    reason: str | None = None
    assertion: Mapping[str, object] = field(factory=dict[str, object])


@frozen
class Counterparty:
    """A server that runs, and its log."""

    base: str
    pki: Pki
    log: Path

    @property
    def authority(self) -> str:
        """What goes into `authority=`."""
        return f"{self.base}/{TENANT}"

    @property
    def token_endpoint(self) -> str:
        """Where tokens are asked for: an assertion's audience."""
        return f"{self.authority}/oauth2/v2.0/token"

    def exchanges(self) -> Sequence[Exchange]:
        """Return every request so far but those for user tokens, oldest first."""
        lines = self.log.read_text().splitlines()
        return [Exchange(**json.loads(line)) for line in lines]

    def token_requests(self) -> Sequence[Exchange]:
        """Return every request to the token endpoint so far, oldest first."""
        return [one for one in self.exchanges() if one.path.endswith("/oauth2/v2.0/token")]

    def since(self, mark: int) -> Sequence[Exchange]:
        """Return the token requests after the first `mark` ones."""
        return self.token_requests()[mark:]

    def only_since(self, mark: int) -> Exchange:
        """Return the one token request after the first `mark` ones; more or none is a failure."""
        (exchange,) = self.since(mark)
        return exchange

    def user_token(self, audience: str, *, expires_in: int = 3600) -> str:
        """Return an access token of the user for the audience, from a door only tests know."""
        form = {"user": USER, "audience": audience, "expires_in": str(expires_in)}
        request = urllib.request.Request(
            f"{self.base}/_test/user_token", data=urllib.parse.urlencode(form).encode()
        )
        trust = ssl.create_default_context(cafile=str(self.pki.authority_file))
        straight = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trust)
        )
        with straight.open(request, timeout=10) as answer:
            return str(json.load(answer)["access_token"])


def _registrations(pki: Pki, log: Path) -> Mapping[str, object]:
    return {
        "tenant": TENANT,
        "resources": RESOURCES,
        "users": [USER],
        "clients": [
            {"client_id": SECRET_APP, "secret": SECRET},
            {
                "client_id": CERTIFICATE_APP,
                "certificates": [pki.old.certificate_pem, pki.new.certificate_pem],
            },
            {
                "client_id": CHAIN_APP,
                "certificates": [pki.chained.certificate_pem],
                "chain_required": True,
            },
        ],
        "server_certificate": str(pki.server_certificate_file),
        "server_key": str(pki.server_key_file),
        "log": str(log),
    }


@contextmanager
def running(command: Sequence[str], pki: Pki, directory: Path) -> Iterator[Counterparty]:
    """Run the command with a file of registrations for its last argument until the block ends."""
    log, complaints = directory / "requests.jsonl", directory / "stderr.txt"
    log.touch()
    registrations = directory / "registrations.json"
    registrations.write_text(json.dumps(_registrations(pki, log)))
    with (
        complaints.open("wb") as stderr,
        subprocess.Popen(
            [*command, str(registrations)],
            cwd=_CHECKOUT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
        ) as process,
    ):
        try:
            assert process.stdout is not None
            ready = process.stdout.readline()
            if not ready:
                message = f"{command[0]} did not start: {complaints.read_text()[-2000:]}"
                raise RuntimeError(message)
            yield Counterparty(f"https://localhost:{json.loads(ready)['port']}", pki, log)
        finally:
            process.kill()
