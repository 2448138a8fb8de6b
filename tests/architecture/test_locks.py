"""I-10 in the letter: what is imported is imported by somebody who holds no lock.

An import reads files, and waits for another thread that imports the same. The few that are put off
until they are needed must not come when a store applies facts.
"""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Final

import pytest

#: Every lock that the library makes is watched; an import while this thread has one is noted.
_WATCH: Final = """
import sys, threading
lock, held, bad = threading.Lock, [], []

class Watched:
    def __init__(self): self._lock = lock()
    def acquire(self, *how, **more):
        taken = self._lock.acquire(*how, **more)
        if taken: held.append(self)
        return taken
    def release(self):
        held.remove(self)
        self._lock.release()
    def locked(self): return self._lock.locked()
    def __enter__(self): return self.acquire()
    def __exit__(self, *_): self.release()

class Finder:
    def find_spec(self, name, path=None, target=None):
        if held: bad.append(name)

import urllib.parse, json, time, queue, concurrent.futures, contextvars, http.client, attrs
threading.Lock = Watched
sys.meta_path.insert(0, Finder())
"""
_APPLICATION: Final = """
from sansio_auth_adapters import (
    ConfidentialClientApplication, FileStore, SerializableTokenCache,
)
from sansio_auth.testing import example_tenant, handle, sign_in, user_token
from sansio_auth.wire import HttpRequest

class Line:
    tenant = example_tenant()
    def post(self, url, data=None, headers=None, params=None, **_):
        return self.answer("POST", url, headers, data)
    def get(self, url, headers=None, params=None, **_):
        return self.answer("GET", url, headers, None)
    def answer(self, method, url, headers, data):
        assert not held
        form = None if data is None else tuple(dict(data).items())
        request = HttpRequest(method, url, headers=tuple((headers or {}).items()), form=form)
        self.tenant, response = handle(self.tenant, request, time.time())
        class Answer:
            status_code, text, headers = response.status, response.body.decode(), {}
        return Answer

line = Line()
app = ConfidentialClientApplication(
    "6731de76-14a6-49ae-97bc-6eba6914391e", "the-application's-secret",
    AUTHORITY, http_client=line, MORE)
"""
_END: Final = "assert not held and not bad, bad"

_APP: Final = 'app.acquire_token_for_client(["https://graph.microsoft.com/.default"])'
_REFUSED: Final = 'app.acquire_token_for_client(["api://nothing/.default"])'
_BEHALF: Final = """
user = user_token(line.tenant, "alice@contoso.com", app.client_id, time.time())
app.acquire_token_on_behalf_of(user, ["User.Read"])
"""
_SILENT: Final = """
(account,) = app.get_accounts()
app.acquire_token_silent(["Mail.Read"], account)
app.remove_account(account)
"""
_SESSION: Final = """
_, key = app.initiate_long_running_on_behalf_of(user, ["User.Read"])
app.stop_long_running_session(key)
"""
_FORGET: Final = "app.remove_tokens_for_client()"
_FILED: Final = """
text = app.token_cache.serialize()
app.token_cache.deserialize(text)
app.get_accounts()
"""
_DIRECTLY: Final = """
from sansio_auth.partition import AccessTokenStored, AssertionKey
from sansio_auth.identity import token_key
from sansio_auth_adapters import MemoryStore
row = ("AT", "Bearer", "s", 100, 200, 200, None)
later = ("AT", "Bearer", "s", 1000, 2000, 2000, None)
store = MemoryStore()
for stored in (row, later):
    fact = AccessTokenStored(token_key(["s"]), stored)
    store.save(((AssertionKey("h", "t", "c", str(stored)), (fact,)),))
assert len(store.snapshot()) == 1
"""


def _run(*parts: str) -> subprocess.CompletedProcess[str]:
    program = "\n".join(textwrap.dedent(part) for part in parts)
    return subprocess.run(
        [sys.executable, "-I", "-c", program], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    "calls",
    [
        [_APP, _FORGET],
        [_REFUSED],
        [_BEHALF, _SILENT],
        [_BEHALF.splitlines()[1], _SESSION],
    ],
    ids=["app", "refused", "behalf", "session"],
)
@pytest.mark.parametrize(
    ("authority", "more"),
    [
        ("line.tenant.authority", ""),
        ("line.tenant.origin + '/contoso.com'", "http_cache={}"),
        ("line.tenant.authority", "token_cache=SerializableTokenCache(), http_cache={}"),
        ("line.tenant.authority", "token_cache=FileStore(FOLDER)"),
    ],
    ids=["memory", "http-cache", "file", "directory"],
)
def test_nothing_is_imported_while_a_lock_is_held(
    calls: list[str], authority: str, more: str, tmp_path: Path
) -> None:
    """Whatever a fresh process does first."""
    filed = [_FILED] if "Serializable" in more else []
    more = more.replace("FOLDER", repr(str(tmp_path)))
    application = _APPLICATION.replace("AUTHORITY", authority).replace("MORE", more)
    ran = _run(_WATCH, application, *calls, *filed, _END)
    assert ran.returncode == 0, ran.stderr


def test_nor_where_a_store_is_used_by_itself() -> None:
    """With facts that every process meets, of which some are over."""
    ran = _run(_WATCH, _DIRECTLY, _END)
    assert ran.returncode == 0, ran.stderr


def test_an_import_under_a_lock_is_seen() -> None:
    """The watch can fail."""
    ran = _run(_WATCH, "with threading.Lock():\n    import colorsys", _END)
    assert "colorsys" in ran.stderr
