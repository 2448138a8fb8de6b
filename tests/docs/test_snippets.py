"""Every Python block of the README and the docs runs as it stands, page by page.

The pages speak to `login.microsoftonline.com`; here that name leads to a simulated tenant on
loopback, whose certificate authority is the only one trusted. Where a page says what a block
prints, it must print that.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from sansio_auth import AccessToken
from sansio_auth.testing import example_tenant, user_token
from sansio_auth_adapters.tenant_server import TenantServer

_ROOT = Path(__file__).parents[2]
_PAGES = sorted([_ROOT / "README.md", *(_ROOT / "docs").rglob("*.md")])
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PRINTS = re.compile(r"prints `([^`]+)`")
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
_HOST = "login.microsoftonline.com"


@frozen
class _Block:
    code: str
    line: int
    printed: tuple[str, ...]


def _blocks(page: Path) -> Iterator[_Block]:
    text = page.read_text(encoding="utf-8")
    found = list(_BLOCK.finditer(text))
    for block, following in zip_longest(found, found[1:]):
        after = text[block.end() : following.start() if following else len(text)]
        if block[1] == "python":
            said = tuple(_PRINTS.findall(after.partition("\n#")[0]))
            yield _Block(block[2], text.count("\n", 0, block.start()) + 1, said)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages that write files write them where nobody keeps any."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def public_cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[TenantServer]:
    """A tenant that is reached at Microsoft's own host name, and trusted by nobody else."""
    with TenantServer(example_tenant(), keep_origin=True) as server:
        look_up = socket.getaddrinfo

        def directed(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
            if host in {_HOST, _HOST.encode()}:
                host, port = "127.0.0.1", server.port
            return look_up(host, port, *args, **kwargs)

        monkeypatch.setattr(socket, "getaddrinfo", directed)
        monkeypatch.setenv("SSL_CERT_FILE", server.ca_path)
        monkeypatch.setenv("NO_PROXY", "*")
        for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            monkeypatch.delenv(name, raising=False)
        yield server


def _run(page: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """Run all blocks of a page in one namespace and return it."""
    names: dict[str, Any] = {"__name__": page.stem}
    for block in _blocks(page):
        padded = "\n" * block.line + block.code  # so that a traceback names the page's line
        exec(compile(padded, str(page), "exec", dont_inherit=True), names)
        printed = capsys.readouterr().out
        for words in block.printed:
            assert words in printed
    return names


_WITH_CODE = [page for page in _PAGES if any(_blocks(page))]


@pytest.mark.parametrize("page", _WITH_CODE, ids=lambda page: str(page.relative_to(_ROOT)))
def test_every_block_of_a_page_runs(
    page: Path, public_cloud: TenantServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """Copied from the page, in order, without a change."""
    assert _run(page, capsys)


def test_the_readme_ends_with_two_tokens(
    public_cloud: TenantServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """The drop-in snippets of both colours and the embedded one, with one request each."""
    names = _run(_ROOT / "README.md", capsys)
    assert names["headers"]["Authorization"].startswith("Bearer ey")
    assert isinstance(names["token"], AccessToken)
    paths = [exchange.request.url for exchange in public_cloud.exchanges]
    assert paths == [public_cloud.tenant.token_endpoint] * 3


def test_the_readmes_transport_finds_its_second_token_in_the_cache(
    public_cloud: TenantServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """As its last comment says."""
    names = _run(_ROOT / "README.md", capsys)
    block = next(block for block in _blocks(_ROOT / "README.md") if "flow.answer" in block.code)
    exec(block.code[block.code.index("call = client.") :], names)
    assert names["token"].source == "cache"


def test_the_tutorials_function_acts_for_a_user(
    public_cloud: TenantServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """Part four defines a function; it gets a token for alice and raises for bob."""
    import time

    names = _run(_ROOT / "docs/tutorial/from-msal.md", capsys)
    client_id = "6731de76-14a6-49ae-97bc-6eba6914391e"
    alice, bob = (
        user_token(public_cloud.tenant, f"{name}@contoso.com", client_id, time.time())
        for name in ("alice", "bob")
    )
    assert names["graph_token"](alice).startswith("ey")
    with pytest.raises(PermissionError, match="AADSTS50076"):
        names["graph_token"](bob)


def test_the_five_parts_of_a_transport_work_together(
    public_cloud: TenantServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """The page's functions, given a framework, drive a flow to its token."""
    import http.client
    from urllib.parse import urlsplit

    from sansio_auth import Load, Save, SendHttp

    def request(method: str, url: str, headers: Any, body: Any, *, timeout: float) -> Any:
        parts = urlsplit(url)
        connection = http.client.HTTPSConnection(parts.netloc, timeout=timeout)
        headers = {**headers, "Content-Type": "application/x-www-form-urlencoded"}
        connection.request(method, parts.path, body, headers)
        response = connection.getresponse()
        answer = response.status, dict(response.headers), response.read()
        connection.close()
        return answer

    names = _run(_ROOT / "docs/how-to/write-your-own-transport.md", capsys)
    names["my_framework_request"] = request

    def answer(effect: Any) -> Any:
        match effect:
            case SendHttp(request=asked):
                return names["send"](asked)
            case Load(key=key):
                return names["load"](key)
            case Save(changes=changes):
                return names["save"](changes)
            case _:
                raise AssertionError(effect)

    assert isinstance(names["drive"](names["flow"], answer), AccessToken)
    partition = names["partitions"][names["call"].partition_key()]
    assert names["call"].ready(partition, names["time"].time()) is not None


@pytest.mark.parametrize(
    "page",
    sorted([*_ROOT.glob("*.md"), *(_ROOT / "docs").rglob("*.md")]),
    ids=lambda page: str(page.relative_to(_ROOT)),
)
def test_every_link_of_a_page_leads_to_a_file(page: Path) -> None:
    """Links inside the project, seen from the page's own folder."""
    for target in _LINK.findall(page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target
