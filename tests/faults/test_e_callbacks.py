"""Section E: what becomes of whatever a credential's callback does."""

from __future__ import annotations

import asyncio
import base64
import functools
import hashlib
import itertools
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from sansio_auth import AssertionCredential, AssertionFailed, TransportError
from sansio_auth.effects import GetAssertion
from sansio_auth.testing import World, example_tenant
from sansio_auth_adapters import TokenCache
from tests.faults.aids import GRAPH, TENANT, WEB_API, Answer, Line, app_of, client_of
from tests.faults.rows import row

_TOKEN = '{"access_token":"AT","token_type":"Bearer","expires_in":3600}'


def _jwt(expires: Any) -> str:
    part = base64.urlsafe_b64encode(json.dumps({"exp": expires}).encode()).rstrip(b"=").decode()
    return f"e30.{part}.c2ln"


_STALE, _FRESH = _jwt(1_000_000_000), _jwt(4_000_000_000)


def _asked(line: Line, callback: Any, scope: str = GRAPH) -> Any:
    return app_of(line, {"client_assertion": callback}).acquire_token_for_client([scope])


def _failed(callback: Any) -> AssertionFailed:
    line = Line(Answer(200, _TOKEN))
    with pytest.raises(AssertionFailed) as caught:
        _asked(line, callback)
    assert line.asked == []
    assert "canary" not in str(caught.value)
    assert caught.value.correlation_id
    return caught.value


@pytest.mark.parametrize(
    "answer",
    [
        row(149, "none", None),
        row(149, "empty", ""),
        row(149, "empty-bytes", b""),
        row(149, "spaces", "  \n"),
        row(149, "dict", {"canary": 1}),
        row(149, "number", 5),
        row(149, "list", ["canary"]),
        row(149, "bytes-not-ascii", b"canary\xff"),
        row(149, "not-ascii", "canary\u00e4"),
        row(149, "line-break-inside", "can\r\nary"),
        row(149, "megabyte", "canary" * 200_000),
        row(149, "surrogate", "canary\udcff"),
    ],
)
def test_what_is_no_assertion_is_not_sent(answer: Any) -> None:
    """Nothing is, and the answer is not shown."""
    assert _failed(lambda: answer).stage == "assertion"


@pytest.mark.parametrize(
    ("answer", "sent"),
    [
        row(149, "text", "a.b.c", "a.b.c"),
        row(149, "bytes", b"a.b.c", "a.b.c"),
        row(149, "line-feed-at-its-end", "a.b.c\n", "a.b.c"),
        row(149, "three-parts-of-garbage", "%%.!!.??", "%%.!!.??"),
        row(149, "opaque", "opaque", "opaque"),
        row(149, "good-for-long", _FRESH, _FRESH),
        row(149, "no-readable-end", _jwt("soon"), _jwt("soon")),
    ],
)
def test_an_assertion_is_opaque(answer: Any, sent: str) -> None:
    """The identity provider decides."""
    line = Line(Answer(200, _TOKEN))
    assert _asked(line, lambda: answer)["access_token"] == "AT"
    assert line.forms[0]["client_assertion"] == sent


def test_row149_an_expired_assertion_is_asked_for_once_more() -> None:
    """By its own `exp`; then it is an error."""
    asked = itertools.count()
    error = _failed(lambda: (next(asked), _STALE)[1])
    assert next(asked) == 2
    assert "expired" in str(error)
    answers = iter([_STALE, _FRESH])
    line = Line(Answer(200, _TOKEN))
    assert _asked(line, lambda: next(answers))["access_token"] == "AT"
    assert [form["client_assertion"] for form in line.forms] == [_FRESH]


class _Own(BaseException):
    """What an application ends its threads with."""


def _raising(error: BaseException) -> Callable[[], str]:
    def callback() -> str:
        raise error

    return callback


@pytest.mark.parametrize(
    "error",
    [row(150, "exception", RuntimeError("canary")), row(150, "os-error", OSError("canary")),
     row(150, "stop-iteration", StopIteration("canary")),
     row(150, "lookup-error", KeyError("canary")),
     row(150, "timeout", TimeoutError("canary"))],
)  # fmt: skip
def test_a_callbacks_exception_is_the_cause(error: Exception) -> None:
    """Its name is told, its message is not; nothing ends silently."""
    failed = _failed(_raising(error))
    assert failed.__cause__ is error
    assert type(error).__name__ in str(failed)


@pytest.mark.parametrize(
    "error",
    [row(150, "base-exception", _Own()), row(150, "interrupt", KeyboardInterrupt()),
     row(150, "exit", SystemExit(1)), row(150, "cancelled", asyncio.CancelledError()),
     row(150, "generator-exit", GeneratorExit())],
)  # fmt: skip
def test_what_is_no_exception_passes_untouched(error: BaseException) -> None:
    """And the next call is as if nothing had been."""
    line = Line(Answer(200, _TOKEN))
    failing = [error]

    def callback() -> str:
        if failing:
            raise failing.pop()
        return "a.b.c"

    app = app_of(line, {"client_assertion": callback})
    with pytest.raises(type(error)) as caught:
        app.acquire_token_for_client([GRAPH])
    assert caught.value is error
    assert line.asked == []
    assert app.acquire_token_for_client([GRAPH])["access_token"] == "AT"


@pytest.mark.parametrize(
    ("seconds", "sent"), [row(152, "within", 20.0, 1), row(152, "sixty-seconds", 60.0, 0)]
)
def test_a_slow_callback_counts_against_the_deadline(seconds: float, sent: int) -> None:
    """What is left of the thirty seconds is the request's."""
    world = World(example_tenant())

    def slow(_: GetAssertion) -> str:
        world.clock.advance(seconds)
        return "a.b.c"

    world.assertions = slow
    call = client_of(credential=AssertionCredential()).acquire_token_for_client([GRAPH])
    flow = world.play(call)
    assert len(world.exchanges) == sent
    if sent:
        assert world.exchanges[0][0].timeout <= 30.0 - seconds
    else:
        assert isinstance(flow.error, TransportError)
        assert flow.error.kind == "deadline"


@pytest.mark.parametrize("elsewhere", [row(152, "re-enters", False), row(152, "a-thread", True)])
def test_a_callback_may_use_its_own_application(elsewhere: bool) -> None:
    """No lock is held while it runs, in this thread or another."""
    line = Line(Answer(200, _TOKEN), Answer(200, _TOKEN.replace("AT", "AT2")))
    inner: list[Any] = []

    def callback() -> str:
        if not inner:
            inner.append(None)
            inner[0] = app.acquire_token_for_client(["inner/.default"])["access_token"]
        return "a.b.c"

    def threaded() -> str:
        thread = threading.Thread(target=callback)
        thread.start()
        thread.join(10)
        assert not thread.is_alive()
        return "a.b.c"

    app = app_of(line, {"client_assertion": threaded if elsewhere else callback})
    assert app.acquire_token_for_client([GRAPH])["access_token"] == "AT2"
    assert inner == ["AT"]
    assert [form["scope"] for form in line.forms] == ["inner/.default", GRAPH]


def _nothing() -> str:
    return "none"


def _one(context: Any) -> str:
    assert context == {"client_id": WEB_API, "token_endpoint": f"{TENANT}/oauth2/v2.0/token"}
    return "context"


def _one_only(context: Any, /) -> str:
    return _one(context)


def _default(context: Any = None) -> str:
    assert context is None
    return "none"


def _any(*arguments: Any, **keywords: Any) -> str:
    assert (arguments, keywords) == ((), {})
    return "none"


def _required_and_default(context: Any, more: str = "") -> str:
    return _one(context) + more


class _Callable:
    def __call__(self, context: Any) -> str:
        return _one(context)

    def method(self) -> str:
        return "none"


@pytest.mark.parametrize(
    ("callback", "sent"),
    [
        row(153, "zero", _nothing, "none"),
        row(153, "one", _one, "context"),
        row(153, "positional-only", _one_only, "context"),
        row(153, "default", _default, "none"),
        row(153, "star", _any, "none"),
        row(153, "one-and-default", _required_and_default, "context"),
        row(153, "partial", functools.partial(_one), "context"),
        row(153, "partial-full", functools.partial(str, "none"), "none"),
        row(153, "builtin", itertools.repeat("none").__next__, "none"),
        row(153, "instance", _Callable(), "context"),
        row(153, "method", _Callable().method, "none"),
        row(153, "lambda", lambda context, more="": _one(context) + more, "context"),
    ],
)
def test_the_context_goes_to_a_required_positional(callback: Any, sent: str) -> None:
    """And to nothing else, as with MSAL."""
    line = Line(Answer(200, _TOKEN))
    assert _asked(line, callback)["access_token"] == "AT"
    assert line.forms[0]["client_assertion"] == sent


def test_row154_a_rotated_credential_is_used_by_the_next_request() -> None:
    """What was got with the former one stays."""
    line = Line(Answer(200, _TOKEN), Answer(200, _TOKEN))
    current = ["old.x.y"]
    app = app_of(line, {"client_assertion": lambda: current[0]})
    app.acquire_token_for_client([GRAPH])
    current[0] = "new.x.y"
    assert app.acquire_token_for_client([GRAPH])["token_source"] == "cache"
    app.acquire_token_for_client(["other/.default"])
    assert [form["client_assertion"] for form in line.forms] == ["old.x.y", "new.x.y"]


def test_row156_two_credentials_share_a_cache_of_tokens() -> None:
    """A token is the client's, however it proved itself."""
    line, cache = Line(Answer(200, _TOKEN)), TokenCache()
    first = app_of(line, "the-first-secret", token_cache=cache)
    second = app_of(line, "the-second-secret", token_cache=cache)
    first.acquire_token_for_client([GRAPH])
    assert second.acquire_token_for_client([GRAPH])["token_source"] == "cache"
    assert len(line.asked) == 1


def test_row156_a_refusal_is_remembered_for_one_credential() -> None:
    """Under a salted hash; neither the secret nor its plain hash is stored."""
    refused = Answer(400, '{"error":"invalid_request","error_description":"no"}')
    line, known = Line(refused, Answer(200, _TOKEN)), dict[str, Any]()
    secret = "the-first-secret"
    first = app_of(line, secret, http_cache=known)
    second = app_of(line, "the-second-secret", http_cache=known)
    for _ in range(2):
        assert first.acquire_token_for_client([GRAPH])["error"] == "invalid_request"
    assert len(line.asked) == 1
    assert second.acquire_token_for_client([GRAPH])["access_token"] == "AT"
    stored = str(known)
    assert "invalid_request" in stored
    assert not any(
        text in stored
        for text in (secret, "the-second-secret", hashlib.sha256(secret.encode()).hexdigest())
    )
