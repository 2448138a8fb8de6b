"""Where the library runs, what of it can be sent elsewhere, and answers that come late."""

from __future__ import annotations

import pickle
import subprocess
import sys
import threading
from typing import Any, Final

import pytest

from sansio_auth import ClientSecret, ConfidentialClient, Secret, parse_authority
from sansio_auth.wire import HttpRequest, HttpResponse
from sansio_auth_adapters import ConfidentialClientApplication
from tests.faults.rows import row

_TENANT: Final = "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555"

#: Makes importing any of some modules an error, as if they were not there.
_WITHOUT: Final = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {names!r}:
            raise ModuleNotFoundError("No module named " + name, name=name)
        return None
for name in [it for it in sys.modules if it.partition(".")[0] in {names!r}]:
    del sys.modules[name]
sys.meta_path.insert(0, Missing())
"""

_PLAYS: Final = """
from sansio_auth import AccessToken, ClientSecret, ConfidentialClient, Secret, parse_authority
from sansio_auth.testing import World, example_tenant
client = ConfidentialClient(
    client_id="6731de76-14a6-49ae-97bc-6eba6914391e",
    authority=parse_authority(example_tenant().authority),
    credential=ClientSecret(Secret("the-application's-secret")),
)
flow = World(example_tenant()).play(
    client.acquire_token_for_client(["https://graph.microsoft.com/.default"])
)
print(type(flow.result).__name__)
"""


def _run(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", "-c", program], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    "names",
    [
        row(200, "no-sockets-and-no-tls", ["socket", "_socket", "ssl", "_ssl"]),
        row(200, "no-threads-no-processes", ["concurrent", "multiprocessing", "asyncio"]),
        row(208, "no-http-library", ["urllib3", "requests", "httpx", "httpx2", "aiohttp"]),
        row(208, "no-cryptography", ["cryptography", "jwt"]),
    ],
)
def test_the_core_plays_a_flow_where_much_is_missing(names: list[str]) -> None:
    """It needs attrs, and nothing of the world."""
    ran = _run(_WITHOUT.format(names=names) + _PLAYS)
    assert (ran.stdout.strip(), ran.returncode) == ("AccessToken", 0), ran.stderr


@pytest.mark.parametrize(
    ("names", "program", "said"),
    [
        row(208, "httpx", ["httpx", "httpx2"],
            "from sansio_auth_adapters.transports.httpx import HttpxTransport; HttpxTransport()",
            "sansio-auth[httpx]"),
        row(208, "httpx-auth", ["httpx", "httpx2"],
            "import sansio_auth_adapters.integrations.httpx_auth", "sansio-auth[httpx]"),
        row(208, "azure", ["azure"],
            "import sansio_auth_adapters.integrations.azure", "azure"),
        row(208, "anyio", ["anyio"],
            "import trio; from sansio_auth_adapters.event_loop import pause; trio.run(pause, 0)",
            "sansio-auth[anyio]"),
    ],
)  # fmt: skip
def test_an_adapter_whose_library_is_missing_says_so(
    names: list[str], program: str, said: str
) -> None:
    """When it is used, and only there."""
    ran = _run(_WITHOUT.format(names=names) + "import sansio_auth_adapters\n" + program)
    assert ran.returncode == 1
    assert said in ran.stderr


@pytest.mark.parametrize("secret", [row(194, "a-secret", "canary-secret-194")])
def test_a_configuration_with_a_secret_is_not_pickled(secret: str) -> None:
    """Nor is an application; the error says what to do, and not what the secret is."""
    client = ConfidentialClient(
        client_id="client",
        authority=parse_authority(_TENANT),
        credential=ClientSecret(Secret(secret)),
    )
    app = ConfidentialClientApplication("client", secret, _TENANT)
    for thing in (client, app, Secret(secret)):
        with pytest.raises(TypeError) as caught:
            _ = pickle.dumps(thing)
        assert secret not in str(caught.value)
    assert pickle.loads(pickle.dumps(client.authority)) == client.authority


class _Late:
    """A transport that is closed while its answer is on the way."""

    def __init__(self) -> None:
        self.asked, self.release = threading.Event(), threading.Event()

    def send(self, request: HttpRequest) -> HttpResponse:
        self.asked.set()
        assert self.release.wait(20)
        body = b'{"access_token": "AT", "token_type": "Bearer", "expires_in": 3600}'
        return HttpResponse(200, (), body)

    def close(self) -> None:
        """Hold nothing."""


@pytest.mark.parametrize("callers", [row(201, "closed-meanwhile", 1)])
def test_an_answer_that_comes_after_closing_is_not_lost(callers: int) -> None:
    """A token that was issued is given to whoever waits, and kept (I-2 outranks the close)."""
    line = _Late()
    app = ConfidentialClientApplication("client", "secret", _TENANT, http_client=line)
    got: list[Any] = []

    def ask() -> None:
        got.append(app.acquire_token_for_client(["s/.default"]))

    threads = [threading.Thread(target=ask) for _ in range(callers)]
    for thread in threads:
        thread.start()
    assert line.asked.wait(20)
    app.close()
    line.release.set()
    for thread in threads:
        thread.join(20)
    assert {it.get("access_token") for it in got} == {"AT"}
    assert len(got) >= 1
    assert app.acquire_token_for_client(["s/.default"])["token_source"] == "cache"
