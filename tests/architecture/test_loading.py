"""What a process loads before its first token: a short list, and nothing that it does not use."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

#: How many modules, the standard library's included; a process begins with about thirty.
_BUDGET = 150

#: What a first token can do without: each takes longer to load than the token is worth.
_NEEDLESS = {
    "asyncio", "cryptography", "dataclasses", "datetime", "difflib",
    "email", "http", "importlib.metadata", "jwt", "logging", "pathlib", "random",
    "secrets", "socket", "ssl", "tempfile", "urllib.request", "urllib3", "uuid", "zipfile",
    "sansio_auth._assertion", "sansio_auth._der", "sansio_auth._discovery",
    "sansio_auth._holds", "sansio_auth._http_date", "sansio_auth._region", "sansio_auth.account",
    "sansio_auth.asserted_calls", "sansio_auth.authorization",
    "sansio_auth.partition.applying_others", "sansio_auth.partition.other_facts",
    "sansio_auth.msal_format", "sansio_auth.testing", "sansio_auth.user_calls",
    "sansio_auth_adapters.application.certificates",
    "sansio_auth_adapters.application.user_plans", "sansio_auth_adapters.event_loop",
    "sansio_auth_adapters.integrations",
}  # fmt: skip

_BEGIN = """
import json, sys
before = set(sys.modules)
"""
_APPLICATION = """
from sansio_auth_adapters import ConfidentialClientApplication
class Answer:
    status_code, headers = 200, {}
    text = json.dumps({"access_token": "t", "token_type": "Bearer", "expires_in": 3600})
class Client:
    def post(self, url, **_): return Answer
    def get(self, url, **_): raise AssertionError(url)
app = ConfidentialClientApplication(
    "6731de76-14a6-49ae-97bc-6eba6914391e", client_credential="secret",
    authority="https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555", HTTP_CLIENT)
"""
_TOKEN = (
    'assert app.acquire_token_for_client(["https://graph.microsoft.com/.default"])["access_token"]'
)
_END = "print(json.dumps(sorted(set(sys.modules) - before)))"


def _loaded(*lines: str) -> set[str]:
    """Return the modules that a fresh process loads for this."""
    program = "\n".join([_BEGIN, *lines, _END])
    ran = subprocess.run(
        [sys.executable, "-I", "-c", program], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return set(json.loads(ran.stdout))


def test_the_first_token_loads_what_it_needs() -> None:
    """With the caller's own `http_client`; the budget is kept in one place, above."""
    first = _loaded(_APPLICATION.replace("HTTP_CLIENT", "http_client=Client()"), _TOKEN)
    assert first & _NEEDLESS == set()
    assert len(first) <= _BUDGET


def test_the_default_transport_adds_urllib3_and_what_that_loads() -> None:
    """Neither what signs nor an event loop."""
    urllib3 = _loaded("import urllib3")
    ours = _loaded(_APPLICATION.replace("HTTP_CLIENT", ""), "import urllib3") - urllib3
    assert ours & _NEEDLESS == set()


@pytest.mark.parametrize(
    "use", ["pass", "import sansio_auth", "import sansio_auth_adapters"], ids=lambda use: use[7:]
)
def test_a_package_alone_loads_next_to_nothing(use: str) -> None:
    """Its names are loaded on first use."""
    loaded = _loaded(use)
    assert {name for name in loaded if name.startswith("sansio_auth")} <= {
        "sansio_auth", "sansio_auth_adapters",
    }  # fmt: skip
    assert loaded & _NEEDLESS == set()


def test_the_tests_of_what_is_loaded_can_fail() -> None:
    """A module that is loaded is seen."""
    assert "email" in _loaded("import email") & _NEEDLESS
