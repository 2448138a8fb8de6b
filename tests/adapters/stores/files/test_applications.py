"""Applications that keep tokens in files, in processes of their own and in an event loop."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Final

from sansio_auth.testing import example_tenant, user_token
from sansio_auth_adapters import AsyncConfidentialClientApplication, FileStore
from sansio_auth_adapters.tenant_server import TenantServer
from tests.faults.aids import GRAPH, SECRET, WEB_API

_PROGRAM: Final = """
import json, sys
from sansio_auth_adapters import ConfidentialClientApplication, FileStore
place, authority, ca, client, secret, scopes, assertion = json.loads(sys.argv[1])
app = ConfidentialClientApplication(
    client, secret, authority, verify=ca, instance_discovery=False, token_cache=FileStore(place)
)
results = [app.acquire_token_for_client(["https://graph.microsoft.com/.default"])]
results += [
    app.acquire_token_on_behalf_of(assertion, [f"https://graph.microsoft.com/{scope}"])
    for scope in scopes
]
print(json.dumps([it.get("token_source", it) for it in results]))
print(json.dumps([it["username"] for it in app.get_accounts()]))
"""


def _begin(place: Path, server: TenantServer, scopes: list[str], assertion: str) -> Any:
    told = [str(place), server.authority, server.ca_path, WEB_API, SECRET, scopes, assertion]
    return subprocess.Popen(
        [sys.executable, "-I", "-W", "error", "-c", _PROGRAM, json.dumps(told)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def _end(process: Any) -> list[Any]:
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    return [json.loads(line) for line in out.splitlines()]


def _token_requests(server: TenantServer) -> int:
    return sum(it.request.method == "POST" for it in server.exchanges)


_ASKED, _FOUND = "identity_provider", "cache"


def test_processes_share_their_tokens(tmp_path: Path) -> None:
    """What one got the next one finds; two at once lose nothing of each other's (row 176)."""
    place, mail, files = tmp_path / "tokens", "Mail.Read", "Files.Read"
    with TenantServer(example_tenant()) as server:
        user = user_token(server.tenant, "alice@contoso.com", WEB_API, time.time())
        first = _end(_begin(place, server, [mail], user))
        assert first == [[_ASKED, _ASKED], ["alice@contoso.com"]]
        assert _end(_begin(place, server, [mail], user)) == [[_FOUND, _FOUND], first[1]]
        assert _token_requests(server) == 2
        both = [_begin(place, server, it, user) for it in (["User.Read", files], [files, mail])]
        assert all(_end(it)[0][0] == _FOUND for it in both)
        assert _end(_begin(place, server, [mail, files, "User.Read"], user))[0] == [_FOUND] * 4


def test_an_async_application_keeps_tokens_in_files(tmp_path: Path) -> None:
    """Its loop is not held up: files are read and written in worker threads (row 177)."""
    threads: set[int] = set()

    def seal(content: bytes) -> bytes:
        threads.add(threading.get_ident())
        return content

    async def ask(server: TenantServer, place: Path) -> list[str]:
        async with AsyncConfidentialClientApplication(
            WEB_API, SECRET, server.authority, verify=server.ca_path, instance_discovery=False,
            token_cache=FileStore(place, seal=seal, open=bytes),
        ) as app:  # fmt: skip
            asked = [app.acquire_token_for_client([GRAPH]) for _ in range(20)]
            return [it["token_source"] for it in await asyncio.gather(*asked)]

    with TenantServer(example_tenant()) as server:
        assert set(asyncio.run(ask(server, tmp_path / "tokens"))) == {_ASKED}
        assert set(asyncio.run(ask(server, tmp_path / "tokens"))) == {_FOUND}
        assert _token_requests(server) == 1
    assert threads
    assert threading.get_ident() not in threads


# --- another operating system ------------------------------------------------------------------

#: Stands for Windows, as far as this module asks about it: other locks, no modes, no such flags.
_AS_ON_WINDOWS: Final = """
import errno, os, pathlib, sys, types
import sansio_auth_adapters.ambient
held, busy, said = set(), [1], []
def locking(descriptor, mode, count):
    said.append((mode, count))
    if mode == "LK_NBLCK" and busy:
        busy.pop()
        raise PermissionError(errno.EACCES, "locked")
sys.modules["msvcrt"] = types.SimpleNamespace(
    locking=locking, LK_NBLCK="LK_NBLCK", LK_UNLCK="LK_UNLCK"
)
sys.modules["fcntl"] = None
replace, readers = pathlib.Path.replace, [1, 1]
def replaced(path, target):
    if readers:
        readers.pop()
        raise PermissionError(errno.EACCES, "in use", str(target))
    return replace(path, target)
pathlib.Path.replace = replaced
for name in ("O_NOFOLLOW", "O_NONBLOCK", "geteuid", "getuid", "register_at_fork"):
    delattr(os, name)
sys.platform = "win32"
from sansio_auth_adapters.stores.file import CacheError, FileStore
from sansio_auth.partition import AppKey, ClientSeen
key, place = AppKey("h", "t", "c"), pathlib.Path(sys.argv[1])
store = FileStore(place, strict=True)
assert store.save(((key, (ClientSeen("c"),)),)).clients == {"c": None}
assert FileStore(place, strict=True).load(key) == store.load(key)
assert said == [("LK_NBLCK", 1), ("LK_NBLCK", 1), ("LK_UNLCK", 1)], said
(file,) = [it for it in place.rglob("*") if it.is_file() and it.name != "lock"]
file.rename(place / "elsewhere")
file.symlink_to(place / "elsewhere")
try:
    FileStore(place).load(key)
except CacheError as error:
    print(error.code)
"""


def test_it_works_without_what_only_unix_has(tmp_path: Path) -> None:
    """Waiting for a lock and for a reader, and not following a link."""
    program = [sys.executable, "-I", "-c", _AS_ON_WINDOWS, str(tmp_path / "tokens")]
    ran = subprocess.run(program, capture_output=True, text=True, check=False)
    assert (ran.stdout, ran.stderr, ran.returncode) == ("not_a_file\n", "", 0)
