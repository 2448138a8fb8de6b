"""Section A, rows 49-58, 66 and 70: answers that are no answer, and statuses of every kind."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from sansio_auth import (
    AccessToken,
    Failure,
    FlowError,
    HttpResponse,
    Policy,
    Refusal,
    ResponseError,
    TransportError,
)
from sansio_auth_adapters import ConfidentialClientApplication
from tests.faults.test_a_token_endpoint import (
    GRAPH,
    HOST,
    PLANTED,
    TENANT,
    WEB_API,
    access_rows,
    assert_broken,
    body,
    client,
    ok,
    play,
    token_of,
    world,
)

_TRY_ONCE = client(policy=Policy(retries=0))


class _Answer:
    def __init__(self, status: Any = 200, text: Any = "", headers: Any = None) -> None:
        self.status_code = status
        self.text = text
        self.headers = headers


class _Line:
    """An injected client with one answer; it counts."""

    def __init__(self, answer: _Answer) -> None:
        self.answer = answer
        self.posts = 0

    def post(self, _: str, **__: Any) -> _Answer:
        self.posts += 1
        return self.answer

    def get(self, url: str, **_: Any) -> _Answer:
        raise AssertionError(url)


def _application(answer: _Answer) -> tuple[_Line, ConfidentialClientApplication]:
    line = _Line(answer)
    app = ConfidentialClientApplication(
        WEB_API, "the-application's-secret", f"https://{HOST}/{TENANT}", http_client=line
    )
    return line, app


# --- bodies that did not come as they should ----------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(gzip.compress(body()), id="row49-gzip"),
        pytest.param(b"\x78\x9c\x03\x00", id="row49-deflate"),
    ],
)
def test_a_body_that_is_still_coded_is_their_mistake(raw: bytes) -> None:
    """Decoding is the transport's part; what it leaves coded is no JSON."""
    assert_broken(ok(raw, ("Content-Encoding", "gzip")), "bad_encoding")


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        pytest.param(Failure("body_too_large"), "body_too_large", id="row50-the-cap-was-reached"),
        pytest.param(Failure("redirect_refused"), "redirect_refused", id="row55-followed-by-it"),
    ],
)
def test_a_transport_that_gave_up_on_an_answer_says_why(failure: Failure, code: str) -> None:
    """It is their mistake, not the world's; and it costs no token in hand."""
    at = world(failure)
    error = play(at).error
    assert isinstance(error, ResponseError)
    assert (error.code, error.stage, len(at.exchanges)) == (code, "token", 1)
    assert token_of(play(world(failure, due=True)), "cache").token.reveal() == "CACHED"


@pytest.mark.parametrize("size", [pytest.param((1 << 20) + 1, id="row50-injected-client")])
def test_a_body_beyond_the_cap_is_refused_from_an_injected_client_too(size: int) -> None:
    """It has been read by then, and is looked at no further."""
    line, app = _application(_Answer(200, "x" * size))
    with pytest.raises(ResponseError) as caught:
        app.acquire_token_for_client([GRAPH])
    assert caught.value.code == "body_too_large"
    assert line.posts == 1


@pytest.mark.parametrize("cap", [pytest.param(4_096, id="row50-the-policys-cap")])
def test_every_request_carries_the_cap(cap: int) -> None:
    """The transport is told where to stop."""
    at = world()
    _ = token_of(play(at, client(policy=Policy(max_token_bytes=cap))))
    _ = token_of(play(at, claims_challenge="{}"))
    assert [request.max_bytes for request, _ in at.exchanges] == [cap, 1 << 20]


@pytest.mark.parametrize(
    ("kind", "requests"),
    [
        pytest.param("deadline", 1, id="row51-endless-body"),
        pytest.param("incomplete", 2, id="row52-shorter-than-its-length"),
    ],
)
def test_a_body_that_did_not_end_is_a_transport_error(kind: Any, requests: int) -> None:
    """Never read in part; what broke off is tried as often as the policy says."""
    cause = OSError("x")
    at = world(*[Failure(kind, cause=cause)] * 2)
    error = play(at).error
    assert isinstance(error, TransportError)
    assert (error.kind, error.stage, error.__cause__) == (kind, "token", cause)
    assert len(at.exchanges) == requests
    assert access_rows(at) == []
    kept = play(world(*[Failure(kind)] * 2, due=True))
    assert token_of(kept, "cache").metadata.warnings == ("refresh_failed",)


# --- statuses that are no answer ----------------------------------------------------------------


@pytest.mark.parametrize(
    "status",
    [
        pytest.param(100, id="row53-100"),
        pytest.param(101, id="row53-101"),
        pytest.param(102, id="row53-102"),
        pytest.param(103, id="row53-103"),
        pytest.param(304, id="row56-304"),
        pytest.param(300, id="row55-300"),
        pytest.param(201, id="row1-201"),
        pytest.param(202, id="row1-202"),
        pytest.param(204, id="row1-204"),
        pytest.param(206, id="row1-206"),
    ],
)
def test_a_status_that_this_protocol_does_not_have_is_their_mistake(status: int) -> None:
    """Architecture section 7: also with a token in the body."""
    assert_broken(HttpResponse(status, body=body()), "unexpected_status")
    assert_broken(HttpResponse(status), "unexpected_status")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    ("location", "shown"),
    [
        pytest.param(f"https://{HOST}/{TENANT}/other", HOST, id="row55-same-host"),
        pytest.param("https://evil.example/x?y=z", "evil.example", id="row55-other-host"),
        pytest.param(f"http://{HOST}/x", HOST, id="row55-http"),
        pytest.param("javascript:alert(1)", "nowhere", id="row55-javascript"),
        pytest.param("/relative", "nowhere", id="row55-relative"),
        pytest.param("", "nowhere", id="row55-empty"),
    ],
)
def test_a_redirect_is_refused_and_its_target_asked_nothing(
    location: str, shown: str, status: int
) -> None:
    """I-4: one request, to the endpoint itself."""
    answer = HttpResponse(status, (("Location", location),), body())
    assert_broken(answer, "redirect_refused")
    at = world(answer)
    assert f"redirects to {shown};" in str(play(at).error)
    assert [request.url.split("/")[2] for request, _ in at.exchanges] == [HOST]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(HttpResponse(407, body=b"<html>"), id="row66-407"),
        pytest.param(HttpResponse(511, body=b"<html>"), id="row66-511"),
        pytest.param(HttpResponse(407, body=b'{"error":"invalid_client"}'), id="row66-407-json"),
        pytest.param(HttpResponse(511, body=body()), id="row66-511-with-a-token"),
        pytest.param(Failure("proxy"), id="row66-the-tunnel"),
    ],
)
def test_a_proxy_that_answers_in_their_place_is_the_world(answer: Any) -> None:
    """No refusal of the identity provider, whatever it says."""
    at = world(answer)
    error = play(at, _TRY_ONCE).error
    assert isinstance(error, TransportError)
    assert (error.kind, error.stage, len(at.exchanges)) == ("proxy", "token", 1)
    assert access_rows(at) == []
    kept = token_of(play(world(answer, due=True), _TRY_ONCE), "cache")
    assert kept.metadata.warnings == ("refresh_failed",)


@pytest.mark.parametrize(
    "status",
    [
        pytest.param(0, id="row70-0"),
        pytest.param(99, id="row70-99"),
        pytest.param(600, id="row70-600"),
        pytest.param(1000, id="row70-1000"),
        pytest.param("200", id="row70-text"),
        pytest.param(None, id="row70-none"),
        pytest.param(True, id="row70-true"),
        pytest.param(200.0, id="row70-float"),
        pytest.param(-200, id="row70-negative"),
    ],
)
def test_a_status_that_does_not_exist_is_the_adapters_bug(status: Any) -> None:
    """And is called that, with a flow of the core and through an injected client."""
    with pytest.raises(FlowError, match="the transport"):
        play(world(HttpResponse(status, body=body())))
    line, app = _application(_Answer(status, body().decode()))
    with pytest.raises(FlowError, match="the transport"):
        app.acquire_token_for_client([GRAPH])
    assert line.posts == 1


# --- refusals without an error of OAuth -----------------------------------------------------------


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 418, 499])
@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(f"<html>{PLANTED}</html>".encode(), id="row58-html"),
        pytest.param(b"", id="row58-empty"),
        pytest.param(b"[1]", id="row58-no-object"),
        pytest.param(b'{"message":"canary-PLANTED-TOKEN"}', id="row58-json-without-an-error"),
        pytest.param(b'{"error":{"code":"canary-PLANTED-TOKEN"}}', id="row58-error-an-object"),
        pytest.param(b'{"error":""}', id="row58-error-empty"),
        pytest.param(b"[" * 100_000, id="row58-too-deep"),
        pytest.param(b"\xff\xfe\x00<", id="row58-bytes"),
    ],
)
def test_a_4xx_without_an_error_is_an_unknown_one(raw: bytes, status: int) -> None:
    """With its status, and with nothing of its body."""
    at = world(HttpResponse(status, (("Content-Type", "text/html"),), raw))
    flow = play(at)
    refusal = flow.result
    assert isinstance(refusal, Refusal)
    assert (refusal.error, refusal.status, refusal.retryable) == ("unknown_error", status, False)
    assert set(refusal.members) == {"error", "error_description"}
    shown = f"{refusal!r}{refusal.description}{dict(refusal.members)}{flow!r}{flow.transcript!r}"
    assert PLANTED not in shown
    assert len(at.exchanges) == 1


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"<html>blocked by the firewall</html>", id="row64-html"),
        pytest.param(b"", id="row64-empty"),
    ],
)
def test_a_firewalls_403_is_a_refusal_that_is_not_tried_again(raw: bytes) -> None:
    """Nor held: the next call asks."""
    at = world(HttpResponse(403, body=raw))
    refusal = play(at).result
    assert isinstance(refusal, Refusal)
    assert (refusal.status, refusal.retryable, refusal.retry_at) == (403, False, None)
    assert len(at.exchanges) == 1
    assert isinstance(play(at).result, AccessToken)
    kept = token_of(play(world(HttpResponse(403, body=raw), due=True)), "cache")
    assert kept.metadata.refusal is not None
    assert kept.metadata.refusal.status == 403
