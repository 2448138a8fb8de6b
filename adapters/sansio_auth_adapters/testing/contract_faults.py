"""The contract, in bad weather: what breaks off, drags on, lies or swells is an error in time.

`sent` is False only where certainly no byte of the request went out: on that a code, a refresh
token or a password is sent again or not.
"""

from __future__ import annotations

import itertools
import socket
import time
from collections.abc import Callable
from typing import Any, Final, NoReturn

import pytest

from sansio_auth.errors import TransportError
from sansio_auth.wire import HttpRequest
from sansio_auth_adapters.ports import Transport
from sansio_auth_adapters.testing.faultserver import (
    Behaviour,
    Line,
    answering,
    chunked,
    closing,
    response,
)
from sansio_auth_adapters.testing.fixtures import Serve
from sansio_auth_adapters.testing.subject import Subject, Wishes

BODY: Final = b'{"access_token":"t"}'
CANARY: Final = "canary-7d1f"
#: Seconds that an exchange gets where the point is that they are not enough.
SHORT: Final = 0.15
#: Seconds after which an exchange of SHORT seconds was not ended by its deadline.
LATE: Final = SHORT + 3
CAP: Final = 10_000


def _post(url: str, timeout: float = 5) -> HttpRequest:
    form = (("client_secret", CANARY),)
    return HttpRequest("POST", url, form=form, timeout=timeout, max_bytes=CAP)


def _failure(transport: Transport, request: HttpRequest) -> TransportError:
    with pytest.raises(TransportError) as caught:
        _ = transport.send(request)
    return caught.value


def _warm(transport: Transport, serve: Serve) -> None:
    """Load what the first request loads, which may take longer than SHORT."""
    _ = transport.send(_post(serve(answering(response())).url()))


def _closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _reset_after_reading(line: Line) -> None:
    _ = line.request()
    line.reset()


def _reset_in_the_body(line: Line) -> None:
    _ = line.request()
    line.send(response(200, BODY, length=len(BODY) * 2))
    line.reset()


def _garbage(line: Line) -> None:
    _ = line.request()
    line.send(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")


BROKEN_OFF: Final[dict[str, Behaviour]] = {
    "closed without a word": closing(b""),
    "closed in the status line": closing(b"HTTP/1.1 20"),
    "reset without a word": _reset_after_reading,
    "reset in the body": _reset_in_the_body,
    "body shorter than its length": closing(response(200, BODY, length=len(BODY) + 1)),
    "no last chunk": closing(chunked(BODY)),
    "half a chunk": closing(chunked(BODY, b"")[:-9]),
    "no number of a chunk": closing(chunked() + b"zz\r\n"),
    "no HTTP": _garbage,
    "status below 100": closing(b"HTTP/1.1 099 X\r\n\r\n"),
    "status of four digits": closing(b"HTTP/1.1 1000 X\r\n\r\n"),
}


@pytest.mark.parametrize("behaviour", BROKEN_OFF.values(), ids=BROKEN_OFF.keys())
def test_what_breaks_off_is_incomplete(
    reading: Transport, serve: Serve, behaviour: Behaviour
) -> None:
    """No part of it is an answer (row 52), and it was sent."""
    error = _failure(reading, _post(serve(behaviour).url()))
    assert (error.kind, error.sent) == ("incomplete", True)


@pytest.mark.parametrize("behaviour", BROKEN_OFF.values(), ids=BROKEN_OFF.keys())
def test_what_breaks_off_is_sent_once_and_said_to_be(
    transport: Transport, serve: Serve, behaviour: Behaviour
) -> None:
    """No transport tries again of its own accord, and each error has its cause (row 206)."""
    server = serve(behaviour)
    error = _failure(transport, _post(server.url()))
    assert error.sent
    assert error.__cause__ is not None
    assert len(server.received) == 1


def test_a_kept_connection_that_breaks_is_not_tried_again(
    transport: Transport, serve: Serve
) -> None:
    """Nobody knows whether the second request was carried out (row 210)."""

    def behave(line: Line) -> None:
        _ = line.request()
        line.send(response(200, BODY))
        _ = line.request()
        line.reset()

    server = serve(behave)
    assert transport.send(_post(server.url())).body == BODY
    assert _failure(transport, _post(server.url())).sent
    assert (server.connections, len(server.received)) == (1, 2)


def test_a_refused_connection_sent_nothing(reading: Transport) -> None:
    """And its error says so."""
    error = _failure(reading, _post(f"http://127.0.0.1:{_closed_port()}/token"))
    assert (error.kind, error.sent) == ("connect", False)


def test_a_refused_connection_is_of_its_kind(transport: Transport) -> None:
    """Whoever does the connecting (row 206)."""
    error = _failure(transport, _post(f"http://127.0.0.1:{_closed_port()}/token"))
    assert error.kind == "connect"
    assert error.__cause__ is not None


def test_a_name_that_nobody_knows_sent_nothing(
    reading: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Name look-up fails before there is a connection (row 206)."""

    def unknown(*_: Any, **__: Any) -> NoReturn:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    error = _failure(reading, _post("http://login.invalid/token"))
    assert (error.kind, error.sent) == ("connect", False)


def test_a_host_that_can_be_no_name_sent_nothing(reading: Transport) -> None:
    """A label may have 63 characters."""
    error = _failure(reading, _post(f"http://{'a' * 64}.invalid/token"))
    assert not error.sent


def test_the_next_address_is_tried(
    reading: Transport, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name with two addresses answers while one of them does."""
    server = serve(answering(response(200, BODY)))
    found = [
        (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port))
        for port in (_closed_port(), server.port)
    ]

    def both(*_: Any, **__: Any) -> object:
        return found

    monkeypatch.setattr(socket, "getaddrinfo", both)
    assert reading.send(_post(f"http://login.invalid:{server.port}/token")).body == BODY


def _silent(line: Line) -> None:
    _ = line.request()
    line.hold()


def _dripping(before: bytes, drop: bytes) -> Behaviour:
    def behave(line: Line) -> None:
        _ = line.request()
        line.send(before)
        line.drip(itertools.repeat(drop))

    return behave


ENDLESS: Final[dict[str, Behaviour]] = {
    "says nothing": _silent,
    "drips its status line": _dripping(b"", b"H"),
    "drips headers": _dripping(b"HTTP/1.1 200 OK\r\n", b"a: b\r\n"),
    "drips interim responses": _dripping(b"", b"HTTP/1.1 103 Wait\r\n\r\n"),
    "drips its body": _dripping(response(200, b"", length=CAP), b" "),
    "drips chunks": _dripping(chunked(), b"1\r\n \r\n"),
    "drips a body without a length": _dripping(b"HTTP/1.1 200 OK\r\n\r\n", b" "),
}


@pytest.mark.parametrize("behaviour", ENDLESS.values(), ids=ENDLESS.keys())
def test_an_exchange_ends_at_its_deadline(
    reading: Transport, serve: Serve, behaviour: Behaviour
) -> None:
    """Whatever drips never meets a bound of one wait; the total is kept (row 51)."""
    server = serve(behaviour)
    _warm(reading, serve)
    began = time.monotonic()
    error = _failure(reading, _post(server.url(), timeout=SHORT))
    assert (error.kind, error.sent) == ("deadline", True)
    assert SHORT * 0.9 <= time.monotonic() - began < LATE


def test_a_silent_server_is_not_waited_for(transport: Transport, serve: Serve) -> None:
    """By no transport."""
    _warm(transport, serve)
    began = time.monotonic()
    error = _failure(transport, _post(serve(_silent).url(), timeout=SHORT))
    assert error.kind in {"deadline", "timeout"}
    assert error.sent
    assert time.monotonic() - began < LATE


@pytest.mark.parametrize("timeout", [(5.0, SHORT), (None, SHORT)])
def test_a_wait_has_its_own_bound(
    subject: Subject,
    made: Callable[[Subject, Wishes], Transport],
    serve: Serve,
    timeout: tuple[float | None, float],
) -> None:
    """The second of a pair of seconds bounds each read."""
    transport = made(subject, Wishes(timeout=timeout))
    began = time.monotonic()
    error = _failure(transport, _post(serve(_silent).url()))
    assert (error.kind, error.sent) == ("timeout", True)
    assert time.monotonic() - began < LATE


def test_a_number_of_seconds_bounds_the_whole_exchange(
    reader: Subject, made: Callable[[Subject, Wishes], Transport], serve: Serve
) -> None:
    """And not each read only."""
    transport = made(reader, Wishes(timeout=SHORT))
    error = _failure(transport, _post(serve(ENDLESS["drips its body"]).url()))
    assert error.kind == "deadline"


@pytest.mark.parametrize("timeout", [0.0, -1.0])
def test_without_time_nothing_is_sent(reading: Transport, serve: Serve, timeout: float) -> None:
    """Not even a connection is opened."""
    server = serve(answering(response()))
    error = _failure(reading, _post(server.url(), timeout=timeout))
    assert (error.kind, error.sent, server.connections) == ("deadline", False, 0)


@pytest.mark.parametrize("behaviour", BROKEN_OFF.values(), ids=BROKEN_OFF.keys())
def test_no_error_tells_a_secret(transport: Transport, serve: Serve, behaviour: Behaviour) -> None:
    """Neither it nor what caused it shows the form."""
    error: BaseException | None = _failure(transport, _post(serve(behaviour).url()))
    while error is not None:
        assert CANARY not in f"{error} {error!r} {error.args}"
        error = error.__cause__ or error.__context__
