"""What goes before a request's body: no line that nobody asked for, and nothing that is kept."""

from __future__ import annotations

from typing import Final

import pytest
from attrs import evolve

from sansio_auth.wire import HttpRequest
from sansio_auth_adapters.testing.faultserver import answering, response
from sansio_auth_adapters.testing.fixtures import Serve
from sansio_auth_adapters.transports import _connections as connections
from sansio_auth_adapters.transports.urllib3 import Urllib3Transport

CANARY: Final = "canary-7f31"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x-one", f"a\r\nx-two: {CANARY}"),
        ("x-one", f"a\n{CANARY}"),
        ("x-one", f"a\r{CANARY}"),
        ("x-one", f"a\0{CANARY}"),
        ("x-one", f"{CANARY} €"),
        ("x-one", f"{CANARY} \ud800"),
        (f"x-one\r\n{CANARY}", "a"),
        (f"{CANARY}é", "a"),
        (f"{CANARY} ", "a"),
        ("", CANARY),
    ],
)
def test_a_header_that_no_request_can_carry_is_refused(serve: Serve, name: str, value: str) -> None:
    """Before a byte is sent, by an error that shows and holds neither name nor value."""
    server = serve(answering(response()))
    transport = Urllib3Transport(proxies={})
    with pytest.raises(ValueError, match="a header whose name or value") as caught:
        _ = transport.send(HttpRequest("POST", server.url(), headers=((name, value),), form=()))
    error = caught.value
    assert CANARY not in repr((error, error.args, vars(error)))
    assert (error.__cause__, error.__context__, type(error)) == (None, None, ValueError)
    assert server.received == []
    transport.close()


def test_latin_letters_are_carried(serve: Serve) -> None:
    """As HTTP has had them (RFC 9110 section 5.5)."""
    server = serve(answering(response()))
    transport = Urllib3Transport(proxies={})
    _ = transport.send(HttpRequest("POST", server.url(), headers=(("x-one", "é\t\xff"),), form=()))
    assert server.received[0].header("x-one") == "é\t\xff"
    transport.close()


def test_who_was_asked_about_is_not_remembered(serve: Serve) -> None:
    """Endpoints are, and neither a name in the URL of a GET nor what a caller puts in a query."""
    server = serve(answering(response()))
    transport = Urllib3Transport(proxies={})
    endpoint = HttpRequest("POST", server.url(), form=(("a", "b"),))
    remembered = []
    for asked in (
        endpoint,
        evolve(endpoint, query=(("hint", "kim@contoso.com"),)),
        HttpRequest("GET", server.url("/common/userrealm/kim")),
    ):
        _ = transport.send(asked)
        remembered.append(connections._endpoint.cache_info().currsize)
    assert remembered == [remembered[0]] * 3
    assert ["kim" in it.target for it in server.received] == [False, True, True]
    transport.close()
