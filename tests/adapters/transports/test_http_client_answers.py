"""What an injected client may answer, and what its failures mean."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest
import requests
from requests.structures import CaseInsensitiveDict

from sansio_auth.errors import ResponseError, TransportError
from sansio_auth.wire import HttpRequest, HttpResponse
from sansio_auth_adapters.transports.http_client import HttpClientTransport
from tests.adapters.transports.clients import Answer, Bare, Recording

URL: Final = "https://login.microsoftonline.com/contoso.com/oauth2/v2.0/token"
CANARY: Final = "canary-3b61"
POST: Final = HttpRequest("POST", URL, headers=(("Accept", "x"),), form=(("a", "b"),))


def _sent(answer: object, request: HttpRequest = POST) -> HttpResponse:
    return HttpClientTransport(Recording(answer)).send(request)


class Many:
    """A dictionary of headers that may hold a name twice."""

    def items(self) -> Iterator[tuple[str, str]]:
        return iter((("Date", "now"), ("Set-Cookie", "a"), ("set-cookie", "b")))


SHAPES: Final[dict[str, object]] = {
    "dictionary": {"DATE": "now", "Retry-After": "7"},
    "requests' own": CaseInsensitiveDict({"Date": "now", "rEtry-aFter": "7"}),
    "list of pairs": [("date", "now"), ("Retry-After", "7")],
    "tuple of lists": (["Date", "now"], ["retry-after", "7"]),
    "iterator": iter([("Date", "now"), ("Retry-After", "7")]),
    "bytes": {b"Date": b"now", b"Retry-After": b"7"},
    "pairs of bytes": [(b"date", b"now"), (b"RETRY-AFTER", b"7")],
    "numbers": {"Date": "now", "Retry-After": 7},
}


@pytest.mark.parametrize("headers", SHAPES.values(), ids=SHAPES.keys())
def test_headers_come_in_any_shape(headers: object) -> None:
    """And are pairs of text with names in lower case afterwards (row 77)."""
    answer = _sent(Answer(headers=headers))
    assert sorted(answer.headers) == [("date", "now"), ("retry-after", "7")]
    assert answer.header("retry-after") == "7"


def test_a_header_may_come_twice() -> None:
    """Both are kept, in their order (row 77)."""
    expected = (("date", "now"), ("set-cookie", "a"), ("set-cookie", "b"))
    assert _sent(Answer(headers=Many())).headers == expected


@pytest.mark.parametrize("answer", [Answer(headers=None), Answer(headers={}), Bare()])
def test_headers_may_be_missing(answer: object) -> None:
    """MSAL asks for no more than a status and a text (row 77)."""
    assert _sent(answer).headers == ()


@pytest.mark.parametrize(
    ("text", "body"),
    [("{}", b"{}"), ("ü€", "ü€".encode()), (b"\xff{}", b"\xff{}"), ("\ud800", b"\xed\xa0\x80")],
)
def test_a_text_is_text_or_bytes(text: object, body: bytes) -> None:
    """Whatever is in it is for the reader of JSON to refuse."""
    assert _sent(Answer(text=text)).body == body


@pytest.mark.parametrize("size", range(3))
def test_a_text_beyond_the_cap_is_refused(size: int) -> None:
    """Counted in bytes, as the cap is."""
    text = "ü" * size
    for cap in range(5):
        request = HttpRequest("POST", URL, form=(), max_bytes=cap)
        if len(text.encode()) <= cap:
            assert len(_sent(Answer(text=text), request).body) == 2 * size
            continue
        with pytest.raises(ResponseError) as caught:
            _ = _sent(Answer(text=text), request)
        assert caught.value.code == "body_too_large"


def _named(name: str, *bases: type[Exception]) -> Exception:
    """Return an exception of a type of that name, as another library might have."""
    made = type(name, bases or (Exception,), {})(CANARY)
    assert isinstance(made, Exception)
    return made


@pytest.mark.parametrize(
    ("error", "kind", "sent"),
    [
        (requests.exceptions.ConnectTimeout(), "connect", False),
        (requests.exceptions.ReadTimeout(), "timeout", True),
        (requests.exceptions.Timeout(), "timeout", True),
        (requests.exceptions.SSLError(), "tls", True),
        (requests.exceptions.ProxyError(), "proxy", False),
        (requests.exceptions.ChunkedEncodingError(), "incomplete", True),
        (requests.exceptions.ContentDecodingError(), "incomplete", True),
        (requests.exceptions.ConnectionError(), "connect", True),
        (requests.exceptions.InvalidURL(), "unknown", True),
        (ConnectionRefusedError(), "connect", False),
        (ConnectionResetError(), "connect", True),
        (TimeoutError(), "timeout", True),
        (_named("ConnectTimeout"), "connect", False),
        (_named("ProxyError"), "proxy", False),
        (_named("Special", _named("ReadTimeout").__class__), "timeout", True),
        (_named("PoolExhausted"), "unknown", True),
        (StopIteration(), "unknown", True),
        (ValueError(), "unknown", True),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_a_clients_exception_becomes_ours(error: Exception, kind: str, sent: bool) -> None:
    """By its name, with the client's own as cause; unsent only if that is certain (row 207)."""
    with pytest.raises(TransportError) as caught:
        _ = _sent(error)
    assert (caught.value.kind, caught.value.sent) == (kind, sent)
    assert caught.value.__cause__ is error
    assert CANARY not in f"{caught.value!r} {caught.value}"


def test_an_answer_without_a_status_is_a_failure() -> None:
    """As of a double that was not finished."""
    with pytest.raises(TransportError) as caught:
        _ = _sent(object())
    assert isinstance(caught.value.__cause__, AttributeError)


def test_an_interrupt_passes() -> None:
    """It is meant for the program."""
    with pytest.raises(KeyboardInterrupt):
        _ = _sent(KeyboardInterrupt())
