"""Sections A and H, end to end: a token request over TLS that meets a server on a bad day.

The application's own transport and an injected `requests.Session` are tried with each; both end in
the same way, and where a token in hand still works, it is what the caller gets (I-1).
"""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from typing import Any, Final

import pytest

from sansio_auth.errors import (
    ResponseError,
    SansioAuthError,
    ServiceError,
    TransportError,
)
from sansio_auth_adapters.testing.certificates import Authority
from sansio_auth_adapters.testing.faultserver import FaultServer, answering, chunked, response
from tests.faults.lines import (
    CLIENTS,
    SECRET,
    TOKEN,
    Bad,
    asked,
    drips,
    ends,
    meeting,
    says,
    token_response,
)
from tests.faults.rows import row

_MEGABYTES: Final = 48


def _bomb(bits: int) -> bytes:
    packer = zlib.compressobj(9, wbits=bits)
    pieces = [packer.compress(bytes(1 << 20)) for _ in range(_MEGABYTES)]
    return b"".join([*pieces, packer.flush()])


# --- answers that are none ------------------------------------------------------------------------

_WAY: Final = ("Content-Type", "application/json")
_ENCODED: Final = gzip.compress(TOKEN)

_REFUSED: Final = [
    row(49, "broken-gzip", says(token_response(("Content-Encoding", "gzip"), body=b"no")),
        TransportError, "incomplete", 2),
    row(49, "half-of-gzip",
        says(token_response(("Content-Encoding", "gzip"), body=_ENCODED[:-9])),
        TransportError, "incomplete", 2),
    row(50, "five-megabytes", says(token_response(body=bytes(5 << 20))),
        ResponseError, "body_too_large", 1),
    row(50, "brotli", says(token_response(("Content-Encoding", "br"), body=b"\x8b\x02\x80\xff")),
        ResponseError, "bad_encoding", 1),
    row(50, "zstandard",
        says(token_response(("Content-Encoding", "zstd"), body=b"\x28\xb5\x2f\xfd\xff")),
        ResponseError, "bad_encoding", 1),
    row(52, "shorter", ends(token_response(length=len(TOKEN) + 1)),
        TransportError, "incomplete", 2),
    row(52, "no-last-chunk", ends(chunked(TOKEN)), TransportError, "incomplete", 2),
    row(52, "half-a-chunk", ends(chunked(TOKEN)[:-9]), TransportError, "incomplete", 2),
    row(56, "304", says(response(304, b"")), ResponseError, "unexpected_status", 1),
    row(66, "407", says(response(407, b"<html>")), TransportError, "proxy", 1),
    row(66, "511", says(response(511, b"<html>")), TransportError, "proxy", 2),
    row(67, "503", says(response(503, b"<html>")), ServiceError, "server_error", 2),
    row(69, "500-with-a-token", says(response(500, TOKEN)), ServiceError, "server_error", 2),
    row(2, "html", says(token_response(body=b"<html>canary-page</html>")),
        ResponseError, "response_not_json", 1),
    row(3, "truncated-json", says(token_response(body=TOKEN[:-5])),
        ResponseError, "response_not_json", 1),
    row(4, "empty", says(token_response(body=b"")), ResponseError, "empty_body", 1),
]  # fmt: skip


@pytest.mark.parametrize(("bad", "error", "code", "requests"), _REFUSED)
def test_an_answer_that_is_none_is_that_error(
    client: str, bad: Bad, error: type[SansioAuthError], code: str, requests: int,
    authority: Authority,
) -> None:  # fmt: skip
    """Whoever sends the request; what may pass is tried once more, by our own transport alone."""
    told, posts = asked(client, bad, authority)
    assert type(told) is error
    assert told.code == code
    assert len(posts) == (requests if client == "urllib3" else 1)
    assert "canary" not in f"{told} {told!r}"
    served, _ = asked(client, bad, authority, due=True)
    assert (served["access_token"], served["token_source"]) == ("AT", "cache")


@pytest.mark.parametrize(
    ("bits", "coding"),
    [row(50, "gzip-bomb", 31, "gzip"), row(50, "deflate-bomb", 15, "deflate")],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_bomb_goes_off_nowhere(
    client: str, bits: int, coding: str, method: str, authority: Authority
) -> None:
    """Of 48 megabytes only the cap is made; for discovery (row 101) as for tokens."""
    bomb = token_response(("Content-Encoding", coding), body=_bomb(bits))
    warm, _ = asked(client, says(token_response()), authority)
    assert warm["access_token"] == "AT"
    tracemalloc.start()
    try:
        if method == "POST":
            told, _ = asked(client, says(bomb), authority)
        else:
            told, _ = _discovered(client, bomb, authority)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert isinstance(told, ResponseError)
    assert told.code == "body_too_large"
    assert peak < 8 << 20


def _discovered(client: str, answer: bytes, authority: Authority) -> tuple[Any, FaultServer]:
    """Return what a call comes to where discovery is answered like that."""
    with FaultServer(answering(answer), authority.server("localhost")) as server:
        made = CLIENTS[client](authority, 5)
        from sansio_auth_adapters import ConfidentialClientApplication

        app = ConfidentialClientApplication(
            "client", SECRET, server.url("/contoso.com", "localhost"), instance_discovery=False,
            **made,
        )  # fmt: skip
        with app, pytest.raises(SansioAuthError) as caught:
            app.acquire_token_for_client(["s/.default"])
        return caught.value, server


@pytest.mark.parametrize(
    "bad",
    [
        row(51, "a-byte-now-and-then", drips(token_response(body=b"", length=9_000), b" ")),
        row(51, "a-chunk-now-and-then", drips(chunked(), b"1\r\n \r\n")),
        row(51, "no-length", drips(b"HTTP/1.1 200 OK\r\n\r\n", b" ")),
    ],
)
def test_a_body_without_an_end_ends_at_the_deadline(
    client: str, bad: Bad, authority: Authority
) -> None:
    """However often a byte comes."""
    with meeting(client, bad, authority) as met:
        told, posts = met.ask(timeout=0.4), met.posts
    assert isinstance(told, TransportError)
    assert (told.kind, told.sent, len(posts)) == ("deadline", True, 1)


@pytest.mark.parametrize(
    "bad",
    [
        row(49, "gzip", says(token_response(("Content-Encoding", "gzip"), body=_ENCODED))),
        row(49, "deflate",
            says(token_response(("Content-Encoding", "deflate"), body=zlib.compress(TOKEN)))),
        row(52, "more-than-its-length",
            says(token_response(), b'{"access_token":"canary-planted"}')),
        row(53, "100-first", says(b"HTTP/1.1 100 Continue\r\n\r\n", token_response())),
        row(211, "chunks", says(chunked(TOKEN[:9], TOKEN[9:], b""))),
        row(211, "trailers", says(chunked(TOKEN), b"0\r\nX-Trailer: 1\r\n\r\n")),
        row(211, "folded-header",
            says(token_response(("X-Folded", "one\r\n two"), ("X-After", "1")))),
        row(211, "sixty-headers", says(token_response(*[(f"X-{n}", "v") for n in range(60)]))),
        row(213, "cookie", says(token_response(("Set-Cookie", "session=1; Path=/; Secure")))),
    ],
)  # fmt: skip
def test_an_odd_answer_with_a_token_is_a_success(
    client: str, bad: Bad, authority: Authority
) -> None:
    """And the next request is a request of its own."""
    told, _ = asked(client, bad, authority)
    assert told["access_token"] == "AT"
    with meeting(client, bad, authority) as met:
        for _ in range(2):
            assert met.ask(claims_challenge="{}")["access_token"] == "AT"
        forms = {it.body for it in met.posts}
        assert len(met.posts) == 2
        assert len(forms) == 1
        cookies = [it.header("cookie") for it in met.posts]
        assert cookies == [None, None] or client == "requests"  # a session's cookies are its own


@pytest.mark.parametrize(
    "status", [row(53, "102-first", 102), row(53, "103-first", 103), row(53, "nothing-else", 100)]
)
def test_an_interim_answer_is_passed_over_or_refused(
    client: str, status: int, authority: Authority
) -> None:
    """By whoever reads; never taken for a token."""
    interim = f"HTTP/1.1 {status} Wait\r\n\r\n".encode()
    final = b"" if status == 100 else token_response()
    told, _ = asked(client, ends(interim, final), authority)
    if isinstance(told, dict):
        assert (told["access_token"], status > 100) == ("AT", True)
    else:
        assert isinstance(told, ResponseError | TransportError)
        assert told.code in {"unexpected_status", "incomplete", "connect"}
    assert isinstance(told, dict) or client == "requests" or status == 100


_LOTS: Final = b"X-Much: " + b"y" * 5_200 + b"\r\n"


@pytest.mark.parametrize(
    "lines",
    [
        row(211, "two-hundred-headers-of-a-megabyte", _LOTS * 200),
        row(211, "one-header-of-a-megabyte", b"X: " + b"y" * (1 << 20) + b"\r\n"),
    ],
)
def test_headers_without_measure_are_refused(
    client: str, lines: bytes, authority: Authority
) -> None:
    """By the bounds of whoever reads them."""
    told, _ = asked(client, ends(b"HTTP/1.1 200 OK\r\n", lines, b"\r\n", TOKEN), authority)
    assert isinstance(told, TransportError | ResponseError)
    assert told.code in {"body_too_large", "incomplete", "connect", "unknown"}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "place",
    [row(55, "other-host", "other"), row(55, "same-host", "same"), row(55, "http", "http"),
     row(55, "javascript", "javascript")],
)  # fmt: skip
def test_no_byte_reaches_where_an_answer_points(
    client: str, place: str, status: int, authority: Authority
) -> None:
    """Not even a connection is made (I-4)."""
    with FaultServer(answering(token_response()), authority.server("localhost")) as target:
        plain = FaultServer(answering(token_response()))
        with plain:
            goal = {
                "other": target.url("/x", "localhost"),
                "same": "/x",
                "http": plain.url("/x"),
                "javascript": "javascript:alert(1)",
            }[place]
            told, posts = asked(
                client, says(response(status, TOKEN, ("Location", goal))), authority
            )
            assert isinstance(told, ResponseError)
            assert (told.code, len(posts)) == ("redirect_refused", 1)
            assert (target.connections, target.bytes_received) == (0, 0)
            assert (plain.connections, plain.bytes_received) == (0, 0)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        row(57, "400", response(400, b'{"error":"invalid_grant"}'), "invalid_grant"),
        row(58, "400-html", response(400, b"<html>canary-page"), "unknown_error"),
        row(64, "403-html", response(403, b"<html>canary-page"), "unknown_error"),
        row(68, "429-plain-text",
            response(429, b"Too Many Requests", ("Retry-After", "60")), "temporarily_unavailable"),
    ],
)  # fmt: skip
def test_a_refusal_is_a_dictionary(
    client: str, answer: bytes, error: str, authority: Authority
) -> None:
    """With nothing of a page in it."""
    told, posts = asked(client, says(answer), authority)
    assert told["error"] == error
    assert "canary" not in str(told)
    assert len(posts) == 1
