"""Section A, rows 1-14: what comes as the body of a token response."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest

from sansio_auth import (
    AccessToken,
    ClientSecret,
    ConfidentialClient,
    Flow,
    HttpResponse,
    Outcome,
    Policy,
    Refusal,
    ResponseError,
    Secret,
    Tokens,
    apply,
    parse_authority,
)
from sansio_auth.partition import AccessTokenStored, AppKey
from sansio_auth.testing import World, example_tenant

WEB_API: Final = "6731de76-14a6-49ae-97bc-6eba6914391e"
TENANT: Final = "11111111-2222-3333-4444-555555555555"
HOST: Final = "login.microsoftonline.com"
GRAPH: Final = "https://graph.microsoft.com/.default"
MINE: Final = AppKey(HOST, TENANT, WEB_API)
PLANTED: Final = "canary-PLANTED-TOKEN"


def client(**more: Any) -> ConfidentialClient:
    """Return the web API's client; its tenant is a GUID, so that nothing is discovered."""
    usual: dict[str, Any] = {"credential": ClientSecret(Secret("the-application's-secret"))}
    authority = parse_authority(more.pop("authority", f"https://{HOST}/{TENANT}"))
    return ConfidentialClient(client_id=WEB_API, authority=authority, **(usual | more))


def world(*answers: Any, due: bool = False) -> World:
    """Return a world with these answers; `due` leaves a token in it that is to be refreshed."""
    at = World(example_tenant(), faults=list(answers))
    if due:
        now = int(at.clock.now)
        row = ("CACHED", "Bearer", GRAPH, now - 60, now + 3_000, now + 3_000, now - 1)
        key = client().acquire_token_for_client([GRAPH]).request.key
        at.partitions[MINE] = apply(Tokens(), AccessTokenStored(key, row))
    return at


def play(at: World, by: ConfidentialClient | None = None, **options: Any) -> Flow[Outcome]:
    """Return the played flow of one client credentials call."""
    return at.play((by or client()).acquire_token_for_client([GRAPH], **options))


def body(**changes: Any) -> bytes:
    """Return a token response with some members replaced, or taken away by `...`."""
    usual = {"access_token": "AT", "token_type": "Bearer", "expires_in": 3_600, **changes}
    return json.dumps({name: it for name, it in usual.items() if it is not ...}).encode()


def ok(raw: bytes | None = None, *headers: tuple[str, str], **changes: Any) -> HttpResponse:
    """Return a 200 with that body, else with a token response changed like that."""
    return HttpResponse(200, headers, body(**changes) if raw is None else raw)


def access_rows(at: World) -> list[tuple[Any, ...]]:
    """Return the application's stored access tokens."""
    stored = at.partitions.get(MINE, Tokens())
    assert isinstance(stored, Tokens)
    return list(stored.access.values())


def token_of(flow: Flow[Outcome], source: str = "identity_provider") -> AccessToken:
    """Return a flow's token, which came from there."""
    assert isinstance(flow.result, AccessToken)
    assert flow.result.source == source
    return flow.result


def assert_broken(answer: HttpResponse, code: str, by: ConfidentialClient | None = None) -> None:
    """Assert that an answer is that error, stores nothing and costs no token that works (I-1)."""
    empty = world(answer)
    flow = play(empty, by)
    assert isinstance(flow.error, ResponseError)
    assert (flow.error.code, flow.error.stage) == (code, "token")
    assert len(empty.exchanges) == 1
    assert access_rows(empty) == []
    assert PLANTED not in f"{flow.error!s}{flow.error!r}{flow!r}{flow.transcript!r}"
    assert flow.error.__cause__ is None
    rich = world(answer, due=True)
    before = dict(rich.partitions)
    served = token_of(play(rich, by), "cache")
    assert served.token.reveal() == "CACHED"
    assert served.metadata.warnings == ("refresh_failed",)
    assert rich.partitions == before


# --- what comes as a body ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "warnings"),
    [
        pytest.param((("Content-Type", "application/json"),), (), id="row1-json"),
        pytest.param(
            (("Content-Type", "application/json; charset=utf-8"),), (), id="row1-json-charset"
        ),
        pytest.param(
            (("Content-Type", "text/html"),), ("bad_content_type",), id="row5-text-html-tolerated"
        ),
        pytest.param((), (), id="row6-no-content-type"),
    ],
)
def test_a_token_response_is_a_success(headers: Any, warnings: tuple[str, ...]) -> None:
    """Entra and ADFS differ in what they call it, so a wrong type is told and no more."""
    at = world(ok(None, *headers))
    token = token_of(play(at))
    assert token.token.reveal() == "AT"
    assert token.metadata.warnings == warnings
    assert [row[0] for row in access_rows(at)] == ["AT"]


@pytest.mark.parametrize("kind", [pytest.param("text/html", id="row5-text-html-strict")])
def test_a_strict_client_wants_the_right_content_type(kind: str) -> None:
    """A switch of the policy."""
    strict = client(policy=Policy(strict_content_type=True))
    assert_broken(ok(None, ("Content-Type", kind)), "bad_content_type", strict)


_HTML: Final = f"<html><body>{PLANTED}</body></html>".encode()
_TRUNCATED: Final = b'{"token_type":"Bearer","access_token":"' + PLANTED.encode() + b'","expi'
_TEXT: Final = body().decode()


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        pytest.param(_HTML, "response_not_json", id="row2-html"),
        pytest.param(_TRUNCATED, "response_not_json", id="row3-truncated-after-the-token"),
        pytest.param(body()[:-1], "response_not_json", id="row3-last-brace-missing"),
        pytest.param(b"", "empty_body", id="row4-empty"),
        pytest.param(b" \r\n\t", "empty_body", id="row4-white-space"),
        pytest.param(
            b"access_token=canary-PLANTED-TOKEN&token_type=Bearer", "response_not_json",
            id="row7-form-encoded",
        ),
        pytest.param(_TEXT.encode("utf-16"), "bad_encoding", id="row9-utf-16-with-mark"),
        pytest.param(_TEXT.encode("utf-16-le"), "bad_encoding", id="row9-utf-16-le"),
        pytest.param(_TEXT.encode("utf-16-be"), "bad_encoding", id="row9-utf-16-be"),
        pytest.param(_TEXT.encode("utf-32"), "bad_encoding", id="row9-utf-32-with-mark"),
        pytest.param(_TEXT.encode("utf-32-le"), "bad_encoding", id="row9-utf-32-le"),
        pytest.param(_TEXT.encode("utf-32-be"), "bad_encoding", id="row9-utf-32-be"),
        pytest.param(
            b'{"access_token":"AT","token_type":"Bearer","note":"caf\xe9"}', "bad_encoding",
            id="row10-latin-1-in-a-success",
        ),
        pytest.param(b'{"access_token":"A\x00T"}', "bad_encoding", id="row11-raw-nul"),
        pytest.param(b"[]", "not_an_object", id="row12-array"),
        pytest.param(b'["canary-PLANTED-TOKEN"]', "not_an_object", id="row12-array-of-text"),
        pytest.param(b'"canary-PLANTED-TOKEN"', "not_an_object", id="row12-string"),
        pytest.param(b"1", "not_an_object", id="row12-number"),
        pytest.param(b"null", "not_an_object", id="row12-null"),
        pytest.param(b"true", "not_an_object", id="row12-true"),
        pytest.param(b"[" * 100_000, "too_deep", id="row13-arrays"),
        pytest.param(b'{"a":' * 100_000, "too_deep", id="row13-objects"),
        pytest.param(
            b'{"access_token":"AT","a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "too_deep",
            id="row13-beside-a-token",
        ),
        pytest.param(
            b'{"access_token":"A","access_token":"B","token_type":"Bearer"}', "duplicate_member",
            id="row14-access-token",
        ),
        pytest.param(
            b'{"access_token":"A","token_type":"Bearer","token_type":"pop"}', "duplicate_member",
            id="row14-token-type",
        ),
        pytest.param(
            b'{"access_token":"A","refresh_token":"B","refresh_token":"C"}', "duplicate_member",
            id="row14-refresh-token",
        ),
        pytest.param(
            b'{"access_token":"A","id_token":"B","id_token":"C"}', "duplicate_member",
            id="row14-id-token",
        ),
        pytest.param(
            b'{"access_token":"A","client_info":"B","client_info":"C"}', "duplicate_member",
            id="row14-client-info",
        ),
        pytest.param(
            b'{"access_token":"A","error":"B","error":""}', "duplicate_member", id="row14-error"
        ),
    ],
)  # fmt: skip
def test_a_body_that_is_no_token_response_is_their_mistake(raw: bytes, code: str) -> None:
    """Nothing is guessed, nothing of it is shown, and a token in hand is served in its place."""
    assert_broken(ok(raw), code)


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(_HTML, id="row2-html"),
        pytest.param(_TRUNCATED, id="row3-truncated-after-the-token"),
    ],
)
def test_no_frame_of_the_error_shows_the_body(raw: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """What a crash reporter would print of the locals that the error leads to."""
    caplog.set_level(0)
    error = play(world(ok(raw))).error
    assert error is not None
    assert error.__suppress_context__
    assert error.__traceback__ is None  # as a value it leads to no frame at all
    assert PLANTED not in caplog.text


@pytest.mark.parametrize(
    ("status", "raw"),
    [
        pytest.param(400, b'{"error":"e","error_description":"caf\xe9"}', id="row10-400"),
        pytest.param(401, b'{"error":"e","error_description":"caf\xe9"}', id="row10-401"),
    ],
)
def test_an_errors_text_is_read_whatever_its_encoding(status: int, raw: bytes) -> None:
    """It is for people; a replacement character does not mislead them."""
    refusal = play(world(HttpResponse(status, body=raw))).result
    assert isinstance(refusal, Refusal)
    assert (refusal.error, refusal.description) == ("e", "caf\ufffd")


@pytest.mark.parametrize(
    ("raw", "life"),
    [
        pytest.param(
            b'{"access_token":"AT","token_type":"Bearer","expires_in":1,"expires_in":3600}',
            3_600,
            id="row14-the-last-life-wins",
        ),
        pytest.param(
            b'{"access_token":"AT","token_type":"Bearer","expires_in":3600,"x":1,"x":2}',
            3_600,
            id="row14-a-stranger-twice",
        ),
    ],
)
def test_a_harmless_member_may_be_there_twice(raw: bytes, life: int) -> None:
    """The last one wins."""
    at = world(ok(raw))
    assert token_of(play(at)).expires_on == int(at.clock.now) + life
