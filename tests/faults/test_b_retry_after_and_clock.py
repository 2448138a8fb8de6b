"""Section B, rows 71-78: how long to be patient."""

from __future__ import annotations

from email.message import Message
from typing import Any

import pytest
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPHeaderDict

from sansio_auth import (
    AccessToken,
    HttpResponse,
    Refusal,
)
from sansio_auth.testing import World
from sansio_auth_adapters import ConfidentialClientApplication
from tests.faults.test_a_token_endpoint import (
    GRAPH,
    HOST,
    TENANT,
    WEB_API,
    client,
    play,
    world,
)

_TELLS = ("bad_retry_after",)


def held(value: str, status: int = 429, now: float | None = None) -> tuple[World, Refusal]:
    """Play a call that is refused with that header, in a world where no time passes."""
    at = world(HttpResponse(status, (("Retry-After", value),), b'{"error":"e"}'))
    at.latency = 0.0
    at.clock.now = at.clock.now if now is None else now
    refusal = play(at).result
    assert isinstance(refusal, Refusal)
    return at, refusal


# The virtual clock begins on Tue, 14 Nov 2023 22:13:20 GMT.


@pytest.mark.parametrize(
    ("value", "warnings"),
    [
        pytest.param("0", (), id="row71-zero"),
        pytest.param("00", (), id="row71-two-zeros"),
        pytest.param("-5", _TELLS, id="row72-negative"),
        pytest.param("-0", _TELLS, id="row72-minus-zero"),
        pytest.param("Tue, 14 Nov 2023 22:13:19 GMT", (), id="row75-past"),
        pytest.param("Sun, 06 Nov 1994 08:49:37 GMT", (), id="row75-long-past"),
        pytest.param("Sun, 14 Nov 0023 22:14:20 GMT", (), id="row75-year-23-of-our-era"),
        pytest.param("Sunday, 06-Nov-94 08:49:37 GMT", (), id="row75-two-digit-year-past"),
        pytest.param("Sun Nov  6 08:49:37 1994", (), id="row75-asctime-past"),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_no_time_to_wait_is_a_request_at_once(
    value: str, warnings: tuple[str, ...], status: int
) -> None:
    """With the next call: within one call nobody is asked again who named a time."""
    at, refusal = held(value, status)
    assert refusal.retry_at is None
    assert refusal.metadata.warnings == warnings
    assert len(at.exchanges) == 1
    assert isinstance(play(at).result, AccessToken)


@pytest.mark.parametrize(
    ("value", "seconds", "warnings"),
    [
        pytest.param("99999999", 3_600, (), id="row73-clamped"),
        pytest.param("3601", 3_600, (), id="row73-a-second-too-much"),
        pytest.param("3600", 3_600, (), id="row73-just"),
        pytest.param("9" * 20, 3_600, (), id="row73-twenty-digits"),
        pytest.param(" 7 ", 7, (), id="row74-blanks-around"),
        pytest.param("\t7", 7, (), id="row74-tab-before"),
        pytest.param("007", 7, (), id="row74-zeros-before"),
        pytest.param("1e3", 5, _TELLS, id="row74-exponent"),
        pytest.param("\u0663", 5, _TELLS, id="row74-arabic-digit"),
        pytest.param("\uff17", 5, _TELLS, id="row74-full-width-digit"),
        pytest.param("+5", 5, _TELLS, id="row74-plus"),
        pytest.param("5.5", 5, _TELLS, id="row74-fraction"),
        pytest.param("", 5, _TELLS, id="row74-empty"),
        pytest.param("   ", 5, _TELLS, id="row74-blanks"),
        pytest.param("7 7", 5, _TELLS, id="row74-two-numbers"),
        pytest.param("7, 7", 5, _TELLS, id="row74-a-list"),
        pytest.param("0x10", 5, _TELLS, id="row74-hexadecimal"),
        pytest.param("1_0", 5, _TELLS, id="row74-underscore"),
        pytest.param("NaN", 5, _TELLS, id="row74-nan"),
        pytest.param("Tue, 14 Nov 2023 22:14:20 GMT", 60, (), id="row75-fixdate"),
        pytest.param("Tuesday, 14-Nov-23 22:14:20 GMT", 60, (), id="row75-two-digit-year"),
        pytest.param("Tue Nov 14 22:14:20 2023", 60, (), id="row75-asctime"),
        pytest.param("Wed, 15 Nov 2023 22:13:20 GMT", 3_600, (), id="row75-a-day-ahead"),
        pytest.param("Thu, 31 Dec 2099 23:59:59 GMT", 3_600, (), id="row75-year-2099"),
        pytest.param("Fri, 31 Dec 9999 23:59:59 GMT", 3_600, (), id="row75-year-9999"),
        pytest.param("Tue, 32 Nov 2023 22:14:20 GMT", 5, _TELLS, id="row75-no-such-day"),
        pytest.param("Tue, 14 Nix 2023 22:14:20 GMT", 5, _TELLS, id="row75-no-such-month"),
        pytest.param("Tue, 14 Nov 2023 25:14:20 GMT", 5, _TELLS, id="row75-no-such-hour"),
        pytest.param("Tue, 14 Nov 0000 22:14:20 GMT", 5, _TELLS, id="row75-no-such-year"),
        pytest.param("Tue, 14 Nov 2023 22:14:20 +0000", 5, _TELLS, id="row75-another-zone"),
        pytest.param("2023-11-14T22:14:20Z", 5, _TELLS, id="row75-another-form"),
        pytest.param("Tue, 14 Nov 2023", 5, _TELLS, id="row75-half-a-date"),
        pytest.param("tomorrow", 5, _TELLS, id="row75-a-word"),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_a_time_to_wait_is_read_or_the_policys(
    value: str, seconds: int, warnings: tuple[str, ...], status: int
) -> None:
    """Until then the call is held, and a moment later it asks."""
    at, refusal = held(value, status)
    assert refusal.retry_at == at.clock.now + seconds
    assert refusal.metadata.warnings == warnings
    at.clock.advance(seconds - 0.5)
    assert getattr(play(at).result, "held", None) is True
    assert len(at.exchanges) == 1
    at.clock.advance(0.5)
    assert isinstance(play(at).result, AccessToken)


class _Headers:
    """Headers as some clients have them: neither a dictionary nor a list, with `items`."""

    def items(self) -> list[tuple[str, str]]:
        return [("X-Other", "1"), ("rEtRy-AfTeR", "60")]


def _message() -> Message:
    message = Message()
    message["RETRY-AFTER"] = "60"
    return message


@pytest.mark.parametrize(
    ("headers", "understood"),
    [
        pytest.param({"Retry-After": "60"}, True, id="row77-dictionary"),
        pytest.param({"retry-AFTER": "60"}, True, id="row77-odd-case"),
        pytest.param({"Retry-After": 60}, True, id="row77-a-number"),
        pytest.param([("X", "1"), ("RETRY-AFTER", "60")], True, id="row77-list-of-pairs"),
        pytest.param((("retry-after", "60"),), True, id="row77-tuple-of-pairs"),
        pytest.param(CaseInsensitiveDict({"ReTry-After": "60"}), True, id="row77-requests"),
        pytest.param(HTTPHeaderDict({"ReTry-After": "60"}), True, id="row77-urllib3"),
        pytest.param(_message(), True, id="row77-message"),
        pytest.param(_Headers(), True, id="row77-multidict-like"),
        pytest.param({b"Retry-After": b"60"}, True, id="row77-bytes"),
        pytest.param([(b"retry-after", b"60")], True, id="row77-pairs-of-bytes"),
        pytest.param(None, False, id="row77-none"),
        pytest.param({}, False, id="row77-empty"),
    ],
)
def test_headers_of_an_injected_client_may_come_in_any_form(
    headers: Any, *, understood: bool
) -> None:
    """A 401 is held only where the header is understood."""
    posts: list[str] = []

    class Answer:
        status_code = 401
        text = '{"error":"invalid_client"}'

    class Client:
        def post(self, url: str, **_: Any) -> Answer:
            posts.append(url)
            answer = Answer()
            vars(answer)["headers"] = headers
            return answer

        def get(self, url: str, **_: Any) -> Answer:
            raise AssertionError(url)

    app = ConfidentialClientApplication(
        WEB_API, "the-application's-secret", f"https://{HOST}/{TENANT}", http_client=Client()
    )
    results = [app.acquire_token_for_client([GRAPH]) for _ in range(2)]
    assert [result["error"] for result in results] == ["invalid_client"] * 2
    assert len(posts) == (1 if understood else 2)


@pytest.mark.parametrize(
    "status",
    [
        pytest.param(400, id="row78-400"),
        pytest.param(401, id="row78-401"),
        pytest.param(403, id="row78-403"),
        pytest.param(404, id="row78-404"),
    ],
)
def test_patience_asked_for_with_any_refusal_is_had(status: int) -> None:
    """By this identity, whatever it demands, and by no other."""
    at, refusal = held("30", status)
    assert refusal.retry_at == at.clock.now + 30
    at.clock.advance(29)
    for options in ({}, {"claims_challenge": "{}"}, {"min_remaining": 600}):
        assert getattr(play(at, **options).result, "held", None) is True
    assert len(at.exchanges) == 1
    other = client().acquire_token_for_client(["api://other/.default"])
    assert not getattr(at.play(other).result, "held", False)
    at.clock.advance(1)
    assert isinstance(play(at).result, AccessToken)
