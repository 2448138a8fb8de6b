"""Section H, end to end: connections that fail, and whom nobody should speak to.

The application's own transport and an injected `requests.Session` are tried with each; both end in
the same way, and where a token in hand still works, it is what the caller gets (I-1).
"""

from __future__ import annotations

import datetime as dt
import socket
import ssl
from pathlib import Path
from typing import Any, NoReturn

import pytest

from sansio_auth.errors import TransportError
from sansio_auth_adapters.testing.certificates import Authority
from tests.faults.lines import TOKEN, Bad, asked, breaks, ends, meeting, says, token_response
from tests.faults.rows import row


@pytest.mark.parametrize(
    ("bad", "kinds"),
    [
        row(206, "closed-without-a-word", ends(), {"incomplete", "connect"}),
        row(206, "reset-without-a-word", breaks(), {"incomplete", "connect"}),
        row(206, "reset-in-the-body", breaks(token_response(length=900)), {"incomplete"}),
        row(206, "no-http", ends(b"SSH-2.0-x\r\n\r\n"), {"incomplete", "connect"}),
    ],
)
def test_a_connection_that_breaks_is_the_worlds_failure(
    client: str, bad: Bad, kinds: set[str], authority: Authority
) -> None:
    """With the library's own exception as its cause."""
    told, _ = asked(client, bad, authority)
    assert isinstance(told, TransportError)
    assert told.kind in kinds
    assert told.sent
    assert told.__cause__ is not None
    served, _ = asked(client, bad, authority, due=True)
    assert served["token_source"] == "cache"


def _contexts(name: str, authority: Authority, folder: Path) -> ssl.SSLContext:
    match name:
        case "expired":
            return authority.server("localhost", ends_in=-dt.timedelta(hours=1))
        case "wrong host":
            return authority.server("login.invalid")
        case "unknown authority":
            return Authority(folder).server("localhost")
        case _:
            context = authority.server("localhost")
            context.set_alpn_protocols(["h2"])
            return context


@pytest.mark.parametrize(
    "wrong",
    [row(206, "certificate-expired", "expired"), row(206, "hostname-mismatch", "wrong host"),
     row(206, "unknown-authority", "unknown authority")],
)  # fmt: skip
def test_who_cannot_be_verified_is_told_nothing(
    client: str, wrong: str, authority: Authority, tmp_path: Path
) -> None:
    """Not one byte of a request, and nobody tries without verification."""
    context = _contexts(wrong, authority, tmp_path)
    with meeting(client, says(token_response()), authority, tls=context) as met:
        told = met.ask()
        assert isinstance(told, TransportError)
        assert told.kind == "tls"
        assert (met.server.received, met.server.bytes_received) == ([], 0)


def test_row206_a_server_of_another_protocol_is_no_server_of_ours(
    client: str, authority: Authority, tmp_path: Path
) -> None:
    """One that takes for granted that HTTP/2 was agreed upon, though nobody offered it."""
    settings = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
    context = _contexts("odd ALPN", authority, tmp_path)
    with meeting(client, ends(settings), authority, tls=context) as met:
        told = met.ask()
        assert isinstance(told, TransportError)
        assert told.kind in {"incomplete", "tls", "connect"}


def _unknown(*_: Any, **__: Any) -> NoReturn:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


@pytest.mark.parametrize("how", [row(206, "no-such-name", "name"), row(206, "refused", "refused")])
def test_nobody_there_is_said_so(
    client: str, how: str, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look-up that fails, a port where nobody listens; a token in hand is served all the same."""
    due = TOKEN.replace(b"}", b',"refresh_in":-1}')
    with meeting(client, ends(token_response(body=due)), authority) as met:
        assert met.ask()["access_token"] == "AT"
        with monkeypatch.context() as gone:
            if how == "name":
                gone.setattr(socket, "getaddrinfo", _unknown)
            else:
                gone.setattr(socket.socket, "connect", _refuse)
            served = met.ask()
            met.app.remove_tokens_for_client()
            told = met.ask()
        assert served["token_source"] == "cache"
        assert isinstance(told, TransportError)
        assert told.kind == "connect"
        assert told.retryable


def _refuse(*_: Any) -> NoReturn:
    raise ConnectionRefusedError


def test_row210_a_kept_connection_that_was_closed_is_replaced(
    client: str, authority: Authority
) -> None:
    """The server hung up in between; nothing of the next request was lost."""
    with meeting(client, ends(token_response()), authority) as met:
        for _ in range(3):
            assert met.ask(claims_challenge="{}")["access_token"] == "AT"
        assert len(met.posts) == 3


@pytest.mark.parametrize("entry", [row(209, "default-entry", "default"),
                                   row(209, "entry-of-the-host", "machine localhost")])  # fmt: skip
def test_netrc_has_no_say(
    client: str, entry: str, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user and a password for the host would take the place of the client's proof."""
    file = tmp_path / "netrc"
    file.write_text(f"{entry} login somebody password something\n")
    monkeypatch.setenv("NETRC", str(file))
    with meeting(client, says(token_response()), authority) as met:
        assert met.ask()["access_token"] == "AT"
        assert [it.header("authorization") for it in met.server.received] == [None, None]
