"""The contract, in good weather: what goes out, what comes back, and what is left alone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pytest

from sansio_auth.wire import HttpRequest
from sansio_auth_adapters.ports import Transport
from sansio_auth_adapters.testing.faultserver import (
    Line,
    answering,
    chunked,
    closing,
    response,
)
from sansio_auth_adapters.testing.fixtures import Serve
from sansio_auth_adapters.testing.subject import Subject, Wishes

BODY: Final = b'{"access_token":"t"}'
FORM: Final = (("grant_type", "client_credentials"), ("scope", "a/.default b~c"), ("é", "&=+%"))
REDIRECTS: Final = (301, 302, 303, 307, 308)
ERRORS: Final = (400, 401, 403, 404, 408, 425, 429, 500, 502, 503, 504, 600)


def test_a_post_is_the_form_and_nothing_else(transport: Transport, serve: Serve) -> None:
    """Method, target, body and type are what the request says, and it arrives once."""
    server = serve(answering(response(200, BODY)))
    request = HttpRequest(
        "POST", server.url(), query=(("dc", "test slice"),), headers=(("x-one", "1"),), form=FORM
    )
    answer = transport.send(request)
    assert (answer.status, answer.body) == (200, BODY)
    (received,) = server.received
    assert (received.method, received.body) == ("POST", request.body)
    assert server.url().removesuffix("/token") + received.target == request.target
    assert received.header("content-type") == "application/x-www-form-urlencoded"
    assert received.header("x-one") == "1"
    assert received.header("authorization") is None


def test_a_get_has_no_body(transport: Transport, serve: Serve) -> None:
    """Neither a form nor the type of one; a query in the URL is kept beside the request's."""
    server = serve(answering(response(200, BODY)))
    asked = HttpRequest("GET", server.url("/d?a=1"), query=(("b", "2"),))
    assert transport.send(asked).body == BODY
    (received,) = server.received
    assert (received.method, received.target, received.body) == ("GET", "/d?a=1&b=2", b"")
    assert received.header("content-type") is None


def test_headers_of_the_request_outrank_the_transports_own(
    transport: Transport, serve: Serve
) -> None:
    """However they are written, and none is sent twice."""
    server = serve(answering(response()))
    headers = (("user-agent", "a"), ("ACCEPT-ENCODING", "gzip"), ("Accept", "application/json"))
    _ = transport.send(HttpRequest("POST", server.url(), headers=headers, form=FORM))
    expected = sorted((name.lower(), value) for name, value in headers)
    names = {name for name, _ in expected}
    assert sorted(pair for pair in server.received[0].headers if pair[0] in names) == expected


@pytest.mark.parametrize("status", ERRORS)
def test_an_error_status_is_an_answer(transport: Transport, serve: Serve, status: int) -> None:
    """What a status means is not a transport's business, HTML or not (rows 57 to 69)."""
    page = b"<html>no</html>"
    server = serve(answering(response(status, page, ("Content-Type", "text/html"))))
    answer = transport.send(HttpRequest("POST", server.url(), form=FORM))
    assert (answer.status, answer.body) == (status, page)
    assert answer.header("content-type") == "text/html"
    assert len(server.received) == 1


@pytest.mark.parametrize("status", [204, 304])
def test_a_status_without_a_body_is_an_answer(
    transport: Transport, serve: Serve, status: int
) -> None:
    """Its body is empty, and the connection serves the next request (row 56)."""
    server = serve(answering(response(status, b""), response(200, BODY)))
    first = transport.send(HttpRequest("GET", server.url()))
    second = transport.send(HttpRequest("GET", server.url()))
    assert (first.status, first.body, second.body) == (status, b"", BODY)


@pytest.mark.parametrize("status", REDIRECTS)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_redirect_comes_back_and_nothing_reaches_its_target(
    transport: Transport, serve: Serve, status: int, method: str
) -> None:
    """Not even a connection: the form would go with it (row 55)."""
    target = serve(answering(response()))
    server = serve(answering(response(status, b"", ("Location", target.url("/elsewhere")))))
    asked = HttpRequest("GET", server.url()) if method == "GET" else _post(server.url())
    answer = transport.send(asked)
    assert (answer.status, answer.header("location")) == (status, target.url("/elsewhere"))
    assert (target.connections, target.bytes_received, len(server.received)) == (0, 0, 1)


@pytest.mark.parametrize("place", ["/same-host", "javascript:alert(1)", ""])
def test_a_redirect_to_anywhere_is_left_alone(
    transport: Transport, serve: Serve, place: str
) -> None:
    """To the same host, to no address at all, or to nothing (row 55)."""
    server = serve(answering(response(302, b"", ("Location", place))))
    assert transport.send(_post(server.url())).status == 302
    assert len(server.received) == 1


def test_a_redirect_to_no_address_is_left_alone(reading: Transport, serve: Serve) -> None:
    """What is not followed is not parsed."""
    server = serve(answering(response(307, b"", ("Location", "//[bad"))))
    assert reading.send(_post(server.url())).status == 307


def test_a_connection_is_used_again(transport: Transport, serve: Serve) -> None:
    """Several exchanges one after another take one connection."""
    server = serve(answering(response(200, BODY)))
    answers = [transport.send(_post(server.url())).body for _ in range(3)]
    assert answers == [BODY] * 3
    assert (server.connections, len(server.received)) == (1, 3)


def test_a_connection_that_the_server_closed_is_replaced(
    transport: Transport, serve: Serve
) -> None:
    """One that says keep-alive and closes all the same costs nobody a request (row 210)."""
    closed = threading.Event()

    def behave(line: Line) -> None:
        _ = line.request()
        line.send(response(200, BODY))
        line.sock.close()
        closed.set()

    server = serve(behave)
    assert transport.send(_post(server.url())).body == BODY
    assert closed.wait(1)
    assert transport.send(_post(server.url())).body == BODY
    assert (server.connections, len(server.received)) == (2, 2)


def test_after_closing_a_request_opens_a_new_connection(transport: Transport, serve: Serve) -> None:
    """A transport has no end of its own."""
    server = serve(answering(response(200, BODY)))
    _ = transport.send(_post(server.url()))
    transport.close()
    transport.close()
    assert transport.send(_post(server.url())).body == BODY
    assert server.connections == 2


def test_threads_get_their_own_answers(transport: Transport, serve: Serve) -> None:
    """Whoever shares a transport shares no response."""

    def echo(line: Line) -> None:
        while (received := line.request()) is not None:
            line.send(response(200, received.body))

    server = serve(echo)
    asked = [HttpRequest("POST", server.url(), form=(("n", str(n)),)) for n in range(32)]
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(transport.send, asked))
    assert [answer.body for answer in answers] == [request.body for request in asked]


@pytest.mark.parametrize("chunks", [(b"",), (BODY, b""), (BODY[:3], BODY[3:], b"")])
def test_a_chunked_body_is_put_together(
    transport: Transport, serve: Serve, chunks: tuple[bytes, ...]
) -> None:
    """Of none, one or several chunks, and the connection is used again."""
    server = serve(answering(chunked(*chunks)))
    answers = [transport.send(_post(server.url())).body for _ in range(2)]
    assert answers == [b"".join(chunks)] * 2
    assert server.connections == 1


def test_a_body_without_a_length_ends_with_the_connection(
    transport: Transport, serve: Serve
) -> None:
    """As HTTP/1.0 had it."""
    server = serve(closing(b"HTTP/1.0 200 OK\r\n\r\n" + BODY))
    assert transport.send(_post(server.url())).body == BODY


def test_bytes_beyond_the_length_are_no_answer_to_anything(
    transport: Transport, serve: Serve
) -> None:
    """Neither part of this body nor of the next (row 52)."""
    extra = response(200, b'{"access_token":"planted"}')
    server = serve(answering(response(200, BODY) + extra, response(200, BODY)))
    assert transport.send(_post(server.url())).body == BODY
    assert transport.send(_post(server.url())).body == BODY


def test_many_headers_come_back_in_lower_case(transport: Transport, serve: Serve) -> None:
    """Names are folded, values are not, and order among different names is kept (row 211)."""
    given = [(f"X-Number-{number}", f"Value {number}") for number in range(60)]
    server = serve(answering(response(200, BODY, *given)))
    headers = transport.send(_post(server.url())).headers
    expected = [(name.lower(), value) for name, value in given]
    assert [pair for pair in headers if pair[0].startswith("x-number")] == expected


def test_a_body_of_exactly_the_cap_is_read(transport: Transport, serve: Serve) -> None:
    """The cap is what may be, not what may not."""
    cap = HttpRequest("GET", "http://unused").max_bytes
    server = serve(answering(response(200, bytes(cap))))
    assert len(transport.send(_post(server.url())).body) == cap


@pytest.mark.parametrize("interim", [(100,), (102,), (103,), (100, 103, 103)])
def test_interim_responses_are_passed_over(
    reading: Transport, serve: Serve, interim: tuple[int, ...]
) -> None:
    """The final response is the answer, and the next request has its own (row 53)."""
    before = b"".join(
        f"HTTP/1.1 {status} Wait\r\nLink: </x>\r\n\r\n".encode() for status in interim
    )
    server = serve(answering(before + response(200, BODY), response(201, b"next")))
    first = reading.send(_post(server.url()))
    second = reading.send(_post(server.url()))
    assert (first.status, first.body, first.header("link")) == (200, BODY, None)
    assert (second.status, second.body, server.connections) == (201, b"next", 1)


def test_a_cookie_is_not_sent_back(reading: Transport, serve: Serve) -> None:
    """The identity provider sets some with every answer (row 213)."""
    server = serve(answering(response(200, BODY, ("Set-Cookie", "session=1; Path=/"))))
    for _ in range(2):
        _ = reading.send(_post(server.url()))
    assert [received.header("cookie") for received in server.received] == [None, None]


def test_netrc_is_not_read(
    reading: Transport, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An entry for the host would replace what authenticates the client (row 209)."""
    file = tmp_path / "netrc"
    _ = file.write_text("default login somebody password something\n")
    monkeypatch.setenv("NETRC", str(file))
    server = serve(answering(response()))
    _ = reading.send(_post(server.url()))
    assert server.received[0].header("authorization") is None


def test_no_coding_is_asked_for(reading: Transport, serve: Serve) -> None:
    """A token response is small; a coded one is only more to guard against (row 49)."""
    server = serve(answering(response()))
    _ = reading.send(_post(server.url()))
    assert server.received[0].header("accept-encoding") == "identity"


def test_a_proxy_gets_the_whole_address(
    subject: Subject, made: Callable[[Subject, Wishes], Transport], serve: Serve
) -> None:
    """Over plain HTTP it is asked for it instead of the host, which need not have a name here."""
    proxy = serve(answering(response(200, BODY)))
    transport = made(subject, Wishes(proxies={"http": proxy.url("")}))
    assert transport.send(_post("http://login.invalid/token")).body == BODY
    assert proxy.received[0].target == "http://login.invalid/token"


def test_a_direct_request_goes_round_the_proxy(
    reader: Subject, made: Callable[[Subject, Wishes], Transport], serve: Serve
) -> None:
    """The metadata service of a machine is reached from that machine only (row 112)."""
    proxy, server = serve(answering(response())), serve(answering(response(200, BODY)))
    transport = made(reader, Wishes(proxies={"all": proxy.url("")}))
    assert transport.send(HttpRequest("GET", server.url(), direct=True)).body == BODY
    assert proxy.connections == 0


def _post(url: str) -> HttpRequest:
    return HttpRequest("POST", url, form=FORM)
