"""Section B, rows 79-85: clocks that are set, and clocks that differ."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sansio_auth import (
    AccessToken,
    CertificateCredential,
    Failure,
    GetAssertion,
    HttpResponse,
    Refusal,
    SendHttp,
    TransportError,
)
from sansio_auth.testing import World
from tests.faults.test_a_token_endpoint import (
    GRAPH,
    HOST,
    access_rows,
    client,
    ok,
    play,
    token_of,
    world,
)
from tests.faults.test_b_retry_after_and_clock import held


def _issued(now: float | None = None, life: int = 7_200) -> World:
    at = world(ok(expires_in=life))
    at.latency = 0.0
    at.clock.now = at.clock.now if now is None else now
    _ = token_of(play(at))
    return at


@pytest.mark.parametrize(
    ("jump", "source"),
    [
        pytest.param(-30 * 86_400, "identity_provider", id="row79-back-thirty-days"),
        pytest.param(-301, "identity_provider", id="row79-back-more-than-the-skew"),
        pytest.param(-300, "cache", id="row79-back-within-the-skew"),
        pytest.param(2 * 3_600, "identity_provider", id="row80-forward-two-hours"),
        pytest.param(2 * 3_600 - 300, "cache", id="row80-forward-just-before-the-margin"),
        pytest.param(10 * 365 * 86_400, "identity_provider", id="row80-forward-ten-years"),
    ],
)
def test_a_clock_that_is_set_makes_tokens_stale(jump: int, source: str) -> None:
    """A token from the future is none to rely on (I-12); an expired one neither."""
    at = _issued()
    at.clock.advance(jump)
    token = token_of(play(at), source)
    if source == "identity_provider":
        assert token.expires_on == int(at.clock.now) + at.tenant.token_life
        assert token_of(play(at), "cache").token == token.token
    at = _issued()
    at.clock.advance(jump)
    at.faults = [Failure("timeout")]
    flow = play(at)
    if source == "cache":
        _ = token_of(flow, "cache")
    else:
        assert isinstance(flow.error, TransportError)
    assert [row[0] for row in access_rows(at)] == ["AT"]


_CERTIFICATE = CertificateCredential(sha1=False, x5t_s256="thumbprint", expires_at=None)


@pytest.mark.parametrize(
    "jump",
    [
        pytest.param(-7_200.0, id="row81-back"),
        pytest.param(7_200.0, id="row81-forward-past-the-deadline"),
        pytest.param(-0.5, id="row81-back-a-little"),
    ],
)
def test_an_assertion_is_of_the_newest_time(jump: float) -> None:
    """The clock is corrected while the authority is being asked, and once more after a 500."""
    at = world()
    by = client(authority=f"https://{HOST}/contoso.com", credential=_CERTIFICATE)
    call = by.acquire_token_for_client([GRAPH])
    flow = call.start(now=at.clock.now, seed=bytes(32))
    times, corrections = [], [jump, -100.0]
    while (effect := flow.pending) is not None:
        if isinstance(effect, GetAssertion):
            assert effect.claims is not None
            claims = json.loads(effect.claims.payload)
            now = int(at.clock.now)
            assert (claims["iat"], claims["exp"], claims["nbf"]) == (now, now + 600, now - 300)
            times.append(now)
            flow.answer(effect, "a.b.c", now=at.clock.now)
            continue
        posted = isinstance(effect, SendHttp) and effect.request.method == "POST"
        value: Any = HttpResponse(503) if posted and len(times) == 1 else at.answer(effect)
        if isinstance(effect, SendHttp) and corrections:
            at.clock.advance(corrections.pop(0))
        flow.answer(effect, ok() if posted and len(times) == 2 else value, now=at.clock.now)
    if jump > 0:
        assert isinstance(flow.error, TransportError)
        assert flow.error.kind == "deadline"
    else:
        assert isinstance(flow.result, AccessToken)
        assert len(times) == 2
        assert times[1] < times[0]


@pytest.mark.parametrize(
    "now",
    [
        pytest.param(1_700_000_000, id="row82-whole"),
        pytest.param(1_700_000_000.0, id="row82-float"),
        pytest.param(1_700_000_000.999, id="row82-fraction"),
    ],
)
def test_a_tokens_time_is_floored_and_a_holds_is_not(now: float) -> None:
    """Never a longer life, never a shorter patience."""
    at = _issued(now)
    (row,) = access_rows(at)
    assert (row[3], row[4]) == (1_700_000_000, 1_700_007_200)
    assert all(type(row[index]) is int for index in (3, 4, 5))
    _, refusal = held("60", now=now)
    assert refusal.retry_at == now + 60


@pytest.mark.parametrize(
    "jump",
    [
        pytest.param(-0.5, id="row82-back-a-little"),
        pytest.param(-100.0, id="row82-back"),
        pytest.param(-86_400.0, id="row82-back-a-day"),
    ],
)
def test_time_that_goes_back_between_two_answers_lengthens_nothing(jump: float) -> None:
    """I-12: neither the token's life nor the request's time."""
    at = world()
    at.latency = 0.0
    begun = at.clock.now
    flow = client().acquire_token_for_client([GRAPH]).start(now=begun, seed=bytes(32))
    while (effect := flow.pending) is not None:
        at.clock.advance(jump)
        if isinstance(effect, SendHttp):
            assert effect.request.timeout <= 30.0
        flow.answer(effect, at.answer(effect), now=at.clock.now)
    assert isinstance(flow.result, AccessToken)
    assert flow.result.expires_on <= begun + at.tenant.token_life
    if jump > -300:
        assert token_of(play(at), "cache").expires_on == flow.result.expires_on
    at.clock.now = begun + at.tenant.token_life - 299
    assert token_of(play(at)).token != flow.result.token


@pytest.mark.parametrize(
    "now",
    [
        pytest.param(2**31 - 2, id="row83-2038-before"),
        pytest.param(2**31, id="row83-2038-after"),
        pytest.param(2**32 + 1, id="row83-beyond-32-bits"),
        pytest.param(253_402_300_799 - 3_600, id="row83-last-hour-of-9999"),
        pytest.param(253_402_300_799 - 100, id="row83-expires-after-9999"),
    ],
)
def test_times_beyond_32_bits_are_times(now: int) -> None:
    """In tokens, in holds, and as `expires_on` in an answer."""
    at = _issued(now)
    assert token_of(play(at), "cache").expires_on == now + 7_200
    at.clock.advance(7_000)
    at.faults = [ok(expires_in=..., expires_on=str(now + 9_000), access_token="SECOND")]
    assert token_of(play(at)).expires_on == now + 9_000
    _, refusal = held("Tuesday, 14-Nov-23 22:14:20 GMT", now=now)
    assert refusal.retry_at is None or refusal.retry_at == now + 3_600
    _, refusal = held("60", now=now)
    assert refusal.retry_at == now + 60


# --- clocks that differ ------------------------------------------------------------------------

_LATE = b'{"error":"invalid_client","error_codes":[700024],"error_description":"AADSTS700024"}'
_DATE = "Tue, 14 Nov 2023 22:23:20 GMT"


@pytest.mark.parametrize("kind", ["certificate", "secret"])
@pytest.mark.parametrize(
    "date",
    [
        pytest.param(_DATE, id="row85-behind-ten-minutes"),
        pytest.param("Tue, 14 Nov 2023 22:03:20 GMT", id="row85-ahead-ten-minutes"),
        pytest.param("nonsense", id="row85-unreadable-date"),
    ],
)
def test_the_servers_date_sets_no_clock(date: str, kind: str) -> None:
    """An assertion has this clock's times, back-dated; what the server says is no clock of ours."""
    times: list[dict[str, int]] = []

    def make(effect: GetAssertion) -> str:
        assert effect.claims is not None
        times.append(json.loads(effect.claims.payload))
        return "a.b.c"

    at = world(*[HttpResponse(401, (("Date", date),), _LATE)] * 2)
    at.assertions = make
    flow = play(at, client(credential=_CERTIFICATE) if kind == "certificate" else client())
    assert isinstance(flow.result, Refusal)
    assert flow.result.hint is not None
    assert "clock" in flow.result.hint
    begun = int(at.clock.now) - 1
    for claims in times:
        assert begun <= claims["iat"] <= begun + 1
        assert claims["nbf"] == claims["iat"] - 300
        assert claims["exp"] == claims["iat"] + 600
    assert len(times) == (2 if kind == "certificate" else 0)


@pytest.mark.parametrize(
    "date",
    [
        pytest.param(
            _DATE,
            id="row85-date-as-a-hint",
        )
    ],
)
def test_the_servers_date_is_a_hint(date: str) -> None:
    """It tells whoever reads the refusal by how much the clocks differ."""
    at = world(*[HttpResponse(401, (("Date", date),), _LATE)] * 2)
    at.assertions = lambda _: "a.b.c"
    refusal = play(at, client(credential=_CERTIFICATE)).result
    assert isinstance(refusal, Refusal)
    assert refusal.hint is not None
    assert date in refusal.hint
