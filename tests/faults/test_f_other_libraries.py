"""Section F, row 163: files of other libraries, and what they make of ours.

`caches/` holds what each wrote after the same calls: a token of the application's, one on behalf
of Alice for Files.Read, and then her sign-in for User.Read. Those of msal for Python (1.20 to 1.24,
1.30 to 1.39) and of @azure/msal-node 7.2 are what these libraries wrote, given made-up answers;
those of .NET, Go and Java are made up by the members and keys that their sources name.
"""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path
from typing import Any, Final

import msal  # type: ignore[import-untyped]  # it ships no types
import pytest
from attrs import evolve

import sansio_auth_adapters
from sansio_auth.testing import VirtualClock, example_tenant, sign_in, user_token
from tests.faults.aids import GRAPH, SECRET, WEB_API, Answer, Line
from tests.faults.rows import row

_CACHES: Final = Path(__file__).with_name("caches")
_TENANT: Final = "11111111-2222-3333-4444-555555555555"
_ALICE: Final = "alice@contoso.com"
_HOST, _ALIAS = "login.microsoftonline.com", "login.windows.net"
_NEW: Final = '{"access_token":"new-token","token_type":"Bearer","expires_in":3599}'

#: From 1.30 on msal writes the same.
_PYTHON: Final[list[Any]] = [
    row(163, "msal-1.39", "python-1.39"),
    row(163, "msal-1.30", "python-1.39"),
    row(163, "msal-1.2x", "python-1.2x"),
]
#: These file under the name of the cloud's alias, and what is on behalf of somebody by its hash.
_OTHERS: Final[list[Any]] = [
    row(163, "dotnet", "dotnet"),
    row(163, "go", "go"),
    row(163, "java", "java"),
    row(163, "node", "node"),
]


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> VirtualClock:
    """A minute after the files were written, for both libraries."""
    standing = VirtualClock(1_700_000_060.5)
    monkeypatch.setattr(time, "time", standing)
    return standing


class _Cloud(Line):
    """A cloud of two names that issues the same token to whoever asks."""

    def __init__(self) -> None:
        super().__init__(tenant=evolve(example_tenant(), hosts=frozenset({_ALIAS})))

    def post(self, url: str, **keywords: Any) -> Answer:
        self.answers = [Answer(200, _NEW)]
        return super().post(url, **keywords)


class _Found:
    """What an application of one of the two libraries finds in a file."""

    def __init__(self, library: Any, text: str, host: str = _HOST) -> None:
        self.line = _Cloud()
        self.cache = library.SerializableTokenCache()
        self.cache.deserialize(text)
        self.app = library.ConfidentialClientApplication(
            WEB_API,
            SECRET,
            f"https://{host}/{_TENANT}",
            token_cache=self.cache,
            http_client=self.line,
        )

    def client(self, scope: str = GRAPH) -> str:
        """The application's token, or that there is none."""
        got = self.app.acquire_token_for_client([scope])
        return str(got["access_token"]) if got["token_source"] == "cache" else "none"

    def silent(self, scope: str) -> str:
        """Alice's token, or that there is none."""
        (account,) = self.app.get_accounts(_ALICE)
        got = self.app.acquire_token_silent([scope], account)
        return str(got["access_token"]) if got and got["token_source"] == "cache" else "none"

    @property
    def refresh_tokens(self) -> list[str | None]:
        """What was sent for want of an access token."""
        return [form.get("refresh_token") for form in self.line.forms]


def _text(name: str) -> str:
    return (_CACHES / f"{name}.json").read_text(encoding="utf-8")


class _Issuing(_Cloud):
    """A cloud that answers as the one did whose answers are in the files."""

    def __init__(self, file: Any) -> None:
        super().__init__()
        (id_token,) = (it["secret"] for it in file["IdToken"].values())
        (account,) = file["Account"].values()
        uid, _, utid = account["home_account_id"].partition(".")
        info = base64.urlsafe_b64encode(json.dumps({"uid": uid, "utid": utid}).encode()).decode()
        self._user = {"id_token": id_token, "client_info": info}

    def post(self, url: str, **keywords: Any) -> Answer:
        name, scope = {
            "client_credentials": ("app", None),
            "authorization_code": ("user", "User.Read"),
        }.get(keywords["data"]["grant_type"], ("obo", "Files.Read"))
        body: dict[str, Any] = {
            "access_token": f"{name}-token", "token_type": "Bearer", "expires_in": 3599,
            "ext_expires_in": 3599,
        }  # fmt: skip
        if scope is not None:
            body |= {"refresh_token": f"{name}-refresh-token", "scope": scope, **self._user}
        return Answer(200, json.dumps(body))


def test_row163_the_file_is_what_msal_writes(clock: VirtualClock) -> None:
    """The wheel that is installed, after the same calls, to the letter."""
    clock.now = 1_700_000_000.5
    cache = msal.SerializableTokenCache()
    app = msal.ConfidentialClientApplication(
        WEB_API,
        SECRET,
        f"https://{_HOST}/{_TENANT}",
        token_cache=cache,
        http_client=_Issuing(json.loads(_text("python-1.39"))),
    )
    app.acquire_token_for_client([GRAPH])
    app.acquire_token_on_behalf_of("as.ser.tion", ["Files.Read"])
    with pytest.warns(DeprecationWarning, match="acquire_token_by_auth_code_flow"):
        app.acquire_token_by_authorization_code("code", ["User.Read"])
    assert cache.serialize() == _text("python-1.39").rstrip("\n")


@pytest.mark.parametrize("name", _PYTHON)
@pytest.mark.parametrize("library", [sansio_auth_adapters, msal], ids=["ours", "msal"])
def test_what_msal_filed_is_found(name: str, library: Any) -> None:
    """As msal 1.39 finds it: the application's, and everything of Alice's."""
    found = _Found(library, _text(name))
    assert found.client() == "app-token"
    assert [found.silent(scope) for scope in ("User.Read", "Files.Read")] == [
        "user-token", "obo-token",
    ]  # fmt: skip
    assert found.silent("Mail.Read") == "none"
    assert found.refresh_tokens == ["obo-refresh-token"]


@pytest.mark.parametrize("name", _OTHERS)
@pytest.mark.parametrize("host", [_HOST, _ALIAS])
def test_what_another_library_filed_is_found(name: str, host: str) -> None:
    """A user's under either of the cloud's names, an application's under its own."""
    found = _Found(sansio_auth_adapters, _text(name), host)
    assert found.client() == ("app-token" if host == _ALIAS else "none")
    assert found.silent("User.Read") == "user-token"
    assert found.silent("Mail.Read") == "none"
    assert found.refresh_tokens[-1] == "user-refresh-token"


@pytest.mark.parametrize("name", _OTHERS)
def test_what_is_tied_to_an_assertion_is_nobody_elses(name: str) -> None:
    """I-3: a token that somebody brought an assertion for is not served without it (row 163)."""
    assert "obo-token" in _text(name)
    assert _Found(sansio_auth_adapters, _text(name)).silent("Files.Read") == "none"


@pytest.mark.parametrize("host", [_HOST, _ALIAS])
def test_what_is_for_more_than_its_scopes_is_not_for_these_alone(host: str) -> None:
    """I-3: MSAL.NET says in `cache_extensions` what else a token is for (row 163)."""
    assert "agent-token" in _text("dotnet")
    assert _Found(sansio_auth_adapters, _text("dotnet"), host).client("api://agents/.default") == (
        "none"
    )


@pytest.mark.parametrize("name", [*_PYTHON, *_OTHERS])
def test_a_file_is_written_back_as_it_was_and_more(name: str) -> None:
    """Not a member is lost, also where something is stored beside it; and msal still reads it."""
    before = json.loads(_text(name))
    found = _Found(sansio_auth_adapters, _text(name))
    assert json.loads(found.cache.serialize()) == before
    assert found.client("new/.default") == "none"
    assert found.silent("Mail.Read") == "none"
    written = found.cache.serialize()
    after = json.loads(written)
    for section, entries in before.items():
        assert {key: after[section][key] for key in entries} == entries
    theirs = _Found(msal, written)
    assert theirs.client("new/.default") == "new-token"
    assert theirs.silent("User.Read") == "user-token"


def _filled() -> str:
    """What our application writes after the same calls, with tokens of a tenant."""
    line, cache = Line(tenant=example_tenant()), sansio_auth_adapters.SerializableTokenCache()
    app: Any = sansio_auth_adapters.ConfidentialClientApplication(
        WEB_API, SECRET, f"https://{_HOST}/{_TENANT}", token_cache=cache, http_client=line
    )
    app.acquire_token_for_client([GRAPH])
    assertion = user_token(line.tenant, _ALICE, WEB_API, time.time())
    app.acquire_token_on_behalf_of(assertion, ["Files.Read"])
    flow = app.initiate_auth_code_flow(
        ["User.Read"],
        redirect_uri="http://localhost:5000/getAToken",
        response_mode="form_post",
    )
    line.tenant, response = sign_in(line.tenant, flow["auth_uri"], _ALICE, time.time())
    app.acquire_token_by_auth_code_flow(flow, response)
    return cache.serialize()


@pytest.mark.parametrize("library", [row(163, "what-we-write", msal)])
def test_what_we_write_msal_finds(library: Any) -> None:
    """The real wheel finds each token, the account and the refresh token, as we do ourselves."""
    text = _filled()
    ours, theirs = _Found(sansio_auth_adapters, text), _Found(library, text)
    for found in (ours, theirs):
        assert "none" not in {found.client(), found.silent("User.Read"), found.silent("Files.Read")}
        assert found.silent("Mail.Read") == "none"
    assert theirs.client() == ours.client()
    assert theirs.silent("User.Read") == ours.silent("User.Read")
    assert theirs.refresh_tokens == ours.refresh_tokens != [None]
    assert theirs.app.get_accounts() == [{**ours.app.get_accounts()[0]}]
    assert json.loads(theirs.cache.serialize())["IdToken"] == json.loads(text)["IdToken"]
