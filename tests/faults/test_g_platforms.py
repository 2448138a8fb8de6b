"""Section G and H, rows 200 and 208: where the library runs, and without what."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import attr
import pytest

from tests.faults.plays import PLAYS
from tests.faults.rows import row

_ROOT: Final = Path(__file__).parents[2]

#: Makes importing any of some modules an error, as if they were not there.
_WITHOUT: Final = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {names!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
        return None
for name in [it for it in sys.modules if it.partition(".")[0] in {names!r}]:
    del sys.modules[name]
sys.meta_path.insert(0, Missing())
"""

_DONE: Final = "\nprint('played')"


def _run(program: str, python: str = sys.executable) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python, "-I", "-c", program], cwd=_ROOT, capture_output=True, text=True, check=False
    )


def _played(program: str, python: str = sys.executable) -> None:
    ran = _run(program, python)
    assert (ran.stdout.strip(), ran.returncode) == ("played", 0), ran.stderr


# --- other machines -------------------------------------------------------------------------------

#: What a process has none of where Python runs in a browser: no thread can be started there.
_WASM: Final = [
    "socket", "_socket", "ssl", "_ssl", "select", "selectors", "subprocess", "_posixsubprocess",
    "multiprocessing", "_multiprocessing", "concurrent", "asyncio", "fcntl",
]  # fmt: skip
_NO_THREADS: Final = """
import _thread
def start(*_, **__):
    raise RuntimeError("can't start new thread")
_thread.start_new_thread = _thread.start_new = start
if hasattr(_thread, "start_joinable_thread"):
    _thread.start_joinable_thread = start
"""


@pytest.mark.parametrize(
    "names",
    [
        row(200, "no-sockets-and-no-tls", ["socket", "_socket", "ssl", "_ssl"]),
        row(200, "no-threads-no-processes", ["concurrent", "multiprocessing", "asyncio"]),
        row(200, "as-in-wasm", _WASM),
    ],
)
def test_the_core_plays_its_grants_where_there_is_no_system(names: list[str]) -> None:
    """It needs attrs, and nothing of the world; no thread can be started either."""
    _played(_WITHOUT.format(names=names) + _NO_THREADS + PLAYS + _DONE)


_IN_ANOTHER: Final = """
import os, sys
program = {program!r}
path = f"import sys\\nsys.path[:] = {{sys.path!r}}\\n"
try:
    from concurrent import interpreters
except ImportError:
    try:
        import _interpreters as interpreters
    except ImportError:
        import _xxsubinterpreters as interpreters
    made = interpreters.create()
    failed = interpreters.run_string(made, path + program)
    assert not failed, failed
else:
    interpreters.create().exec(path + program)
"""


@pytest.mark.skipif(sys.implementation.name != "cpython", reason="only CPython has interpreters")
@pytest.mark.parametrize(
    "more",
    [
        row(200, "sub-interpreter", ""),
        row(200, "sub-interpreter-with-a-shell", "import sansio_auth_adapters as shell\n"
            "shell.MemoryStore(), shell.SerializableTokenCache()\n"),
    ],
)  # fmt: skip
def test_the_core_plays_its_grants_in_an_interpreter_of_its_own(more: str) -> None:
    """A second one in the process, which shares no object with the first."""
    inner = PLAYS + more + "import os\nos.write(1, b'played')\n"
    _played(_IN_ANOTHER.format(program=inner))


_PYTHONS: Final = ["python3.12", "python3.13", "python3.14", "python3.13t", "python3.14t",
                   "pypy3", "graalpy"]  # fmt: skip


@pytest.mark.parametrize("name", [row(200, name, name) for name in _PYTHONS])
def test_the_core_plays_its_grants_on_another_python(name: str) -> None:
    """Of those that are on the path: other versions, free-threaded ones, other implementations."""
    python = shutil.which(name)
    if python is None or _run("import sys; assert sys.version_info >= (3, 11)", python).returncode:
        pytest.skip(f"{name} is not on the path")
    packages = str(Path(attr.__file__).parents[1])
    path = f"import sys\nsys.path[:0] = [{str(_ROOT)!r}]\nsys.path.append({packages!r})\n"
    threads = "assert sys._is_gil_enabled() is False\n" if name.endswith("t") else ""
    _played(path + threads + PLAYS + _DONE, python)


# --- libraries that are missing -------------------------------------------------------------------

_LIBRARIES: Final = [
    row(208, "requests", ["requests"]),
    row(208, "urllib3", ["urllib3"]),
    row(208, "cryptography", ["cryptography"]),
    row(208, "aiohttp", ["aiohttp"]),
    row(208, "httpx", ["httpx", "httpx2", "httpcore"]),
    row(208, "jwt", ["jwt"]),
    row(208, "azure", ["azure", "msal"]),
    row(208, "trio", ["trio", "anyio"]),
    row(208, "all-of-them",
        ["requests", "urllib3", "cryptography", "aiohttp", "httpx", "httpx2", "jwt", "azure",
         "msal", "trio", "anyio"]),
]  # fmt: skip

_APPLICATION: Final = """
from sansio_auth_adapters import ConfidentialClientApplication, AsyncConfidentialClientApplication
class Answer:
    status_code, headers = 200, {}
    text = '{"access_token": "AT", "token_type": "Bearer", "expires_in": 3600}'
class Client:
    def post(self, url, **_): return Answer
    get = post
tenant = "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555"
app = ConfidentialClientApplication("c", "s", tenant, http_client=Client())
assert app.acquire_token_for_client(["s/.default"])["access_token"] == "AT"
"""


@pytest.mark.parametrize("names", _LIBRARIES)
def test_the_core_and_an_application_do_without(names: list[str]) -> None:
    """The core plays, and so does an application with a client of the caller's and a secret."""
    _played(_WITHOUT.format(names=names) + PLAYS + _APPLICATION + _DONE)


_PEM: Final = "tests/vectors/material/rsa2048-pkcs1.pem"
_CERTIFICATE: Final = (
    f"key = {{'private_key': open({_PEM!r}).read(), 'thumbprint': 'ab' * 20}}\n"
    "ConfidentialClientApplication('c', key, tenant, http_client=Client())"
    ".acquire_token_for_client(['t/.default'])"
)


@pytest.mark.parametrize(
    ("names", "program", "said"),
    [
        row(208, "requests", ["requests"],
            "import sansio_auth_adapters.integrations.requests_auth", "sansio-auth[requests]"),
        row(208, "httpx", ["httpx", "httpx2"],
            "from sansio_auth_adapters.transports.httpx import HttpxTransport; HttpxTransport()",
            "sansio-auth[httpx]"),
        row(208, "httpx-awaited", ["httpx", "httpx2"],
            "from sansio_auth_adapters.transports.httpx import AsyncHttpxTransport as T; T()",
            "sansio-auth[httpx]"),
        row(208, "httpx-auth", ["httpx", "httpx2"],
            "import sansio_auth_adapters.integrations.httpx_auth", "sansio-auth[httpx]"),
        row(208, "aiohttp", ["aiohttp"],
            "from sansio_auth_adapters.transports.aiohttp import AiohttpTransport as T; T()",
            "sansio-auth[aiohttp]"),
        row(208, "azure", ["azure"],
            "import sansio_auth_adapters.integrations.azure", "azure"),
        row(208, "anyio", ["anyio"],
            "import trio; from sansio_auth_adapters.event_loop import pause; trio.run(pause, 0)",
            "sansio-auth[anyio]"),
        row(208, "urllib3", ["urllib3"],
            "ConfidentialClientApplication('c', 's', tenant).acquire_token_for_client(['s'])",
            "urllib3 is not installed: install it, or pass an http_client"),
        row(208, "cryptography", ["cryptography"], _CERTIFICATE, "No module named 'cryptography'"),
        row(208, "jwt", ["jwt"], _CERTIFICATE, "No module named 'jwt'"),
    ],
)  # fmt: skip
def test_what_needs_a_missing_library_says_so(names: list[str], program: str, said: str) -> None:
    """When it is used, and only there: everything before it works."""
    before = _WITHOUT.format(names=names) + _APPLICATION + "print('so far')\n"
    ran = _run(before + program)
    assert (ran.returncode, ran.stdout.strip()) == (1, "so far")
    assert said in ran.stderr
