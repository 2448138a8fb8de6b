"""An injected client: what it is called with, and what else may be asked of its transport."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final, NoReturn

import msal  # type: ignore[import-untyped] # has no types
import pytest
import requests
from attrs import define
from urllib3 import Timeout

from sansio_auth.errors import ConfigurationError, ResponseError, TransportError
from sansio_auth.wire import HttpRequest, HttpResponse
from sansio_auth_adapters import ConfidentialClientApplication
from sansio_auth_adapters.ports import Transport
from sansio_auth_adapters.testing.faultserver import answering, response
from sansio_auth_adapters.testing.fixtures import Serve
from sansio_auth_adapters.transports import with_options
from sansio_auth_adapters.transports.http_client import HttpClientTransport, PostHook
from sansio_auth_adapters.transports.urllib3 import Urllib3Transport
from tests.adapters.transports.clients import Answer, Recording

URL: Final = "https://login.microsoftonline.com/contoso.com/oauth2/v2.0/token"
AUTHORITY: Final = "https://login.microsoftonline.com/contoso.com"
METADATA: Final = {
    "issuer": f"{AUTHORITY}/v2.0",
    "authorization_endpoint": f"{AUTHORITY}/oauth2/v2.0/authorize",
    "token_endpoint": URL,
}
CANARY: Final = "canary-3b60"
TOKEN: Final = {"access_token": "t", "token_type": "Bearer", "expires_in": 3600}
POST: Final = HttpRequest("POST", URL, headers=(("Accept", "x"),), form=(("a", "b"),))


class RecordingSession(requests.Session):
    """A session that writes down what it is asked for and asks nobody."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[dict[str, Any]] = []

    def request(self, *_: Any, **keywords: Any) -> Any:
        self.asked.append(keywords)
        return Answer()


class Session(Recording):
    """Not requests' class, whatever it is called."""


def _sent(answer: object, request: HttpRequest = POST) -> HttpResponse:
    return HttpClientTransport(Recording(answer)).send(request)


class Provider(Recording):
    """A client behind which there is an identity provider."""

    def get(self, url: str, **keywords: Any) -> object:
        _ = super().get(url, **keywords)
        return Answer(text=json.dumps(METADATA), headers={})

    def post(self, url: str, **keywords: Any) -> object:
        _ = super().post(url, **keywords)
        return Answer(text=json.dumps(TOKEN), headers={})


def test_it_is_called_as_msal_calls_it() -> None:
    """The same method and address, the same keywords, values of the same types (C.1).

    The form is a dict whose repr conceals it.
    """
    theirs, ours = Provider(), Provider()
    for make, client in (
        (msal.ConfidentialClientApplication, theirs),
        (ConfidentialClientApplication, ours),
    ):
        app = make("id", client_credential="secret", authority=AUTHORITY, http_client=client)
        assert "access_token" in app.acquire_token_for_client(["a/.default"])
    assert [_shape(call) for call in ours.calls] == [_shape(call) for call in theirs.calls]


def _shape(call: tuple[str, str, dict[str, Any]]) -> tuple[str, str, dict[str, object]]:
    method, url, keywords = call
    kinds = {name: type(value) for name, value in keywords.items()}
    return method, url, {n: dict if issubclass(kind, dict) else kind for n, kind in kinds.items()}


def test_a_post_has_all_three_keywords() -> None:
    """And None for a query that is not there, as MSAL does."""
    client = Recording()
    _ = HttpClientTransport(client).send(POST)
    keywords = {"params": None, "headers": {"Accept": "x"}, "data": {"a": "b"}}
    assert client.calls == [("post", URL, keywords)]


@pytest.mark.parametrize("query", [(), (("q", "1"),)])
@pytest.mark.parametrize("headers", [(), (("h", "2"),)])
def test_a_get_has_the_keywords_that_it_needs(
    query: tuple[tuple[str, str], ...], headers: tuple[tuple[str, str], ...]
) -> None:
    """A client's `get` may know no other, since MSAL asks for no other."""
    client = Recording()
    _ = HttpClientTransport(client).send(HttpRequest("GET", URL, query=query, headers=headers))
    given = {"params": dict(query), "headers": dict(headers)}
    assert client.calls == [("get", URL, {name: it for name, it in given.items() if it})]


def test_what_is_handed_over_is_the_clients_to_change() -> None:
    """Some clients take things out of the dictionaries that they are given."""
    client = Recording()
    transport = HttpClientTransport(client, {"extra": 1})
    _ = transport.send(POST)
    first = client.calls[0][2]
    for value in (first["headers"], first["data"], first):
        value.clear()
    _ = transport.send(POST)
    assert client.calls[1][2] == {
        "params": None, "headers": {"Accept": "x"}, "data": {"a": "b"}, "extra": 1,
    }  # fmt: skip


def test_a_session_is_told_not_to_redirect_and_how_long_to_wait() -> None:
    """Its own defaults would send the credential on, and wait for ever (I-4)."""
    session = RecordingSession()
    transport = HttpClientTransport(session)
    _ = transport.send(HttpRequest("POST", URL, form=(), timeout=7))
    _ = transport.send(HttpRequest("GET", URL, timeout=8))
    assert [it["allow_redirects"] for it in session.asked] == [False, False]
    assert [it["timeout"] for it in session.asked] == [7, 8]


def test_a_sessions_body_is_read_within_bounds(serve: Serve) -> None:
    """And by nobody else first; the connection is used again afterwards."""
    server = serve(answering(response(200, b"{}" * 9_000)))
    transport = HttpClientTransport(requests.Session())
    for cap, fits in ((18_000, True), (17_999, False)):
        request = HttpRequest("POST", server.url(), form=(), max_bytes=cap)
        if fits:
            assert [len(transport.send(request).body) for _ in range(2)] == [18_000] * 2
            assert server.connections == 1
            continue
        with pytest.raises(TransportError) as caught:
            _ = transport.send(request)
        assert caught.value.kind == "body_too_large"
    transport.close()


def test_a_body_that_a_sessions_hook_has_read_is_taken_from_there(serve: Serve) -> None:
    """Such as one that logs what came."""
    server = serve(answering(response(200, b'{"a":1}')))
    session = requests.Session()
    seen: list[str] = []
    session.hooks["response"] = [lambda answer, **_: seen.append(answer.text)]
    transport = HttpClientTransport(session)
    assert transport.send(HttpRequest("POST", server.url(), form=())).body == b'{"a":1}'
    assert seen == ['{"a":1}']
    transport.close()


@pytest.mark.parametrize("timeout", [(2, 3), 4, Timeout(3)])
def test_a_sessions_timeout_may_be_of_any_of_its_shapes(serve: Serve, timeout: object) -> None:
    """A number, a pair, or urllib3's own."""
    server = serve(answering(response(200, b"{}")))
    transport = with_options(HttpClientTransport(requests.Session()), {"timeout": timeout})
    assert transport.send(HttpRequest("POST", server.url(), form=())).body == b"{}"
    transport.close()


def test_a_sessions_own_authentication_is_kept(serve: Serve) -> None:
    """Somebody set it: a gateway may ask for it."""
    server = serve(answering(response(200, b"{}")))
    session = requests.Session()
    session.auth = ("gateway", CANARY)
    transport = HttpClientTransport(session)
    _ = transport.send(HttpRequest("POST", server.url(), form=()))
    assert server.received[0].header("authorization") is not None
    transport.close()


def test_a_session_of_another_library_is_told_nothing_more() -> None:
    """Its name proves nothing."""
    client = Session()
    _ = HttpClientTransport(client).send(POST)
    assert client.calls[0][2].keys() == {"params", "headers", "data"}


def test_a_callers_timeout_outranks_the_requests() -> None:
    """For the POST that it was given with, as with MSAL."""
    session = RecordingSession()
    transport = with_options(HttpClientTransport(session), {"timeout": 3})
    _ = transport.send(POST)
    _ = transport.send(HttpRequest("GET", URL, timeout=8))
    assert [it["timeout"] for it in session.asked] == [3, 8]


def test_a_redirect_that_a_client_followed_is_refused() -> None:
    """Too late to stop it, but not to say so (I-4)."""
    with pytest.raises(ResponseError) as caught:
        _ = _sent(Answer(history=[Answer(307)]))
    assert caught.value.code == "redirect_refused"


def test_a_session_that_would_redirect_does_not(serve: Serve) -> None:
    """Whatever it is set to."""
    target = serve(answering(response()))
    server = serve(answering(response(307, b"", ("Location", target.url()))))
    session = requests.Session()
    session.max_redirects = 5
    transport = HttpClientTransport(session)
    answer = transport.send(HttpRequest("POST", server.url(), form=(("a", CANARY),)))
    transport.close()
    assert (answer.status, target.connections) == (307, 0)


@pytest.mark.parametrize("missing", ["post", "get"])
def test_what_cannot_be_a_client_is_refused_at_once(missing: str) -> None:
    """And told what it lacks."""
    other = "get" if missing == "post" else "post"
    client = type("Half", (), {other: lambda *_, **__: None, missing: "no function"})()
    with pytest.raises(ConfigurationError, match=missing) as caught:
        _ = HttpClientTransport(client)
    assert caught.value.code == "http_client"


def test_closing_closes_the_client_if_it_can_be_closed() -> None:
    """Not every double can."""
    client = Recording()
    HttpClientTransport(client).close()
    assert client.closed == 1
    bare = type("Bare", (), {"post": client.post, "get": client.get})
    HttpClientTransport(bare()).close()


def test_its_repr_shows_the_clients_class_only() -> None:
    """The client's own repr might show anything."""
    transport = HttpClientTransport(Recording(CANARY), {"auth": CANARY})
    assert repr(transport) == "HttpClientTransport(Recording)"


def test_options_of_one_call_go_with_posts_only() -> None:
    """As MSAL hands them on; the transport that was asked does not change."""
    client = Recording()
    plain = HttpClientTransport(client, {"a": 1, "b": 1})
    for transport in (with_options(plain, {"b": 2, "c": 2}), plain):
        _ = transport.send(POST)
        _ = transport.send(HttpRequest("GET", URL))
    options = [{k: v for k, v in call[2].items() if k in "abc"} for call in client.calls]
    assert options == [{"a": 1, "b": 2, "c": 2}, {}, {"a": 1, "b": 1}, {}]


HOOKED: Final[dict[str, Callable[[Recording, object], Transport]]] = {
    "client": lambda client, hook: with_options(
        HttpClientTransport(client), {"post": hook, "extra": 1}
    ),
    "hook": lambda client, hook: PostHook({"post": hook, "extra": 1}, HttpClientTransport(client)),
}


@pytest.mark.parametrize("hooked", HOOKED.values(), ids=HOOKED.keys())
def test_a_post_hook_replaces_the_clients_post(
    hooked: Callable[[Recording, object], Transport],
) -> None:
    """With MSAL's keywords and the call's own; a GET goes where it ever went."""
    client, hook = Recording(), Recording(Answer(text="hooked"))
    transport = hooked(client, hook.post)
    assert transport.send(POST).body == b"hooked"
    assert transport.send(HttpRequest("GET", URL)).body == b"{}"
    keywords = {"params": None, "headers": {"Accept": "x"}, "data": {"a": "b"}, "extra": 1}
    assert hook.calls == [("post", URL, keywords)]
    assert client.calls == [("get", URL, {})]


@pytest.mark.parametrize("hooked", HOOKED.values(), ids=HOOKED.keys())
def test_a_post_hooks_exception_becomes_ours(
    hooked: Callable[[Recording, object], Transport],
) -> None:
    """As a client's does."""

    def hook(*_: Any, **__: Any) -> NoReturn:
        raise requests.exceptions.ReadTimeout

    with pytest.raises(TransportError) as caught:
        _ = hooked(Recording(), hook).send(POST)
    assert (caught.value.kind, caught.value.sent) == ("timeout", True)


def test_the_default_transport_takes_a_post_hook_too(serve: Serve) -> None:
    """It gets every other option of the call, and closes nothing that is not its own."""
    server = serve(answering(response(200, b"real")))
    default = Urllib3Transport(proxies={})
    hook = Recording(Answer(text="hooked"))
    transport = with_options(default, {"post": hook.post, "timeout": 3})
    assert transport.send(POST).body == b"hooked"
    assert hook.calls[0][2]["timeout"] == 3
    for _ in range(2):
        assert transport.send(HttpRequest("GET", server.url())).body == b"real"
        transport.close()
    assert server.connections == 1
    default.close()


def test_a_transport_without_options_refuses_them() -> None:
    """By name, and not in silence."""

    @define
    class Plain:
        def send(self, request: HttpRequest) -> HttpResponse:
            return HttpResponse(200)

        def close(self) -> None:
            """Hold nothing."""

    with pytest.raises(ConfigurationError, match="timeout") as caught:
        _ = with_options(Plain(), {"timeout": 3})
    assert caught.value.code == "unknown_argument"
