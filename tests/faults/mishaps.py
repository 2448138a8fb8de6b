"""Everything that can go wrong with a call, each as what has to be done to make it so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from attrs import frozen

from sansio_auth import HttpResponse
from sansio_auth.effects import FailureKind
from sansio_auth.errors import ResponseError, TransportError
from sansio_auth.partition import EndpointsFound, KnowledgeKey
from sansio_auth.wire import HttpRequest
from tests.faults.drivers import DRIVERS, by_hand
from tests.faults.stage import REALM, THIRD, Got, Stage, good

__all__ = ["FAULTS", "OF_TRANSPORTS", "Fault"]

Behaviour = Callable[[Stage, HttpRequest], HttpResponse]
#: What happens just before the call; `ask` makes one like it.
Prelude = Callable[[Stage, Callable[..., Got]], object]


@frozen(kw_only=True)
class Fault:
    """What is wrong.

    `answer` is what every request meets, or what token requests meet when `of_tokens`. With `way`
    there is a way to a fresh token all the same. Drivers that are `blind` cannot see the token that
    is stored; where refresh tokens are `out_of_reach` a silent call has nothing to ask with.
    `quiet`: nothing is asked for a token.
    """

    answer: Behaviour = good
    of_tokens: bool = False
    prelude: Prelude = lambda _, __: None
    way: bool = False
    blind: frozenset[str] = frozenset()
    out_of_reach: bool = False
    quiet: bool = False
    drivers: frozenset[str] = frozenset(DRIVERS)
    tenant: str = REALM
    host: str = "login.microsoftonline.com"
    region: bool = False
    credential: Callable[[], Any] | None = None
    unruly: bool = False

    def behave(self, stage: Stage, request: HttpRequest) -> HttpResponse:
        """Answer a request, as it has to be answered here."""
        spared = self.of_tokens and request.form is None
        return (good if spared else self.answer)(stage, request)


def _raising(error: Exception) -> Behaviour:
    def raises(_: Stage, __: HttpRequest) -> HttpResponse:
        raise error

    return raises


def _fails(kind: FailureKind, *, sent: bool) -> Fault:
    return Fault(answer=_raising(TransportError(kind, kind=kind, sent=sent)))


def _refuses(code: str) -> Fault:
    return Fault(answer=_raising(ResponseError(code, code=code)))


def _says(status: int, body: bytes = b"", **headers: str) -> Fault:
    given = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Fault(answer=lambda _, __: HttpResponse(status, given, body))


_NOBODY: Final = _raising(TransportError("refused", kind="connect", sent=False))
_ALL: Final = frozenset(DRIVERS)

#: What a transport cannot do: every kind of failure that there is for one.
OF_TRANSPORTS: Final = {
    "no connection": _fails("connect", sent=False),
    "no TLS": _fails("tls", sent=False),
    "no certificate of ours": _fails("client_certificate", sent=True),
    "no answer in time": _fails("timeout", sent=True),
    "no time left": _fails("deadline", sent=False),
    "a connection that broke": _fails("incomplete", sent=True),
    "a proxy that refuses": _fails("proxy", sent=False),
    "a closed client": _fails("closed", sent=False),
    "a bomb": _refuses("body_too_large"),
    "a client that would be sent on": _refuses("redirect_refused"),
    "something unknown": Fault(answer=_raising(RuntimeError("never heard of"))),
    "an end of iteration": Fault(answer=_raising(StopIteration())),
}
#: What comes back.
_OF_ANSWERS: Final = {
    "400": _says(400, b'{"error":"invalid_grant"}'),
    "401": _says(401, b'{"error":"invalid_client"}'),
    "403 in HTML": _says(403, b"<html>"),
    "404": _says(404, b'{"error":"invalid_request","error_codes":[90002]}'),
    "407": _says(407),
    "429": _says(429, b"slow down", Retry_After="60"),
    "500": _says(500),
    "503": _says(503, b"<html>", Retry_After="5"),
    "503 with a token": _says(503, b'{"access_token":"AT","token_type":"Bearer"}'),
    "302": _says(302, Location="https://evil.example/"),
    "204": _says(204),
    "103": _says(103),
    "200 without a token": _says(200, b"{}"),
    "200 without a body": _says(200),
    "200 that is a list": _says(200, b"[]"),
    "200 in HTML": _says(200, b"<html>", Content_Type="text/html"),
    "200 with an error": _says(200, b'{"error":"invalid_scope","access_token":"AT"}'),
    "200 with two tokens": _says(200, b'{"access_token":"a","access_token":"b"}'),
    "200 with a token of another kind": _says(200, b'{"access_token":"a","token_type":"pop"}'),
    "200 cut off": _says(200, b'{"access_token":"a'),
    "200 too deep": _says(200, b"[" * 100_000),
    "200 in UTF-16": _says(200, '{"access_token":"a"}'.encode("utf-16")),
}


# --- discovery ------------------------------------------------------------------------------------


def _a_day_later(stage: Stage, _: object) -> None:
    """What is known of the authority was found out a day and an hour ago."""
    key = KnowledgeKey(stage.authority)
    known: Any = stage.knowledge.peek(key)
    then = stage.clock.now - 90_000
    _ = stage.knowledge.save(((key, (EndpointsFound(known.endpoints, then),)),))


def _in_another_process(stage: Stage, _: object) -> None:
    """Nothing is known of the authority, and so not under which tenant a token would be stored."""
    stage.knowledge = type(stage.knowledge)()


def _unless_for_tokens(stage: Stage, request: HttpRequest) -> HttpResponse:
    return (_NOBODY if request.form is None else good)(stage, request)


def _tells_nonsense(stage: Stage, request: HttpRequest) -> HttpResponse:
    return HttpResponse(200, (), b"<html>") if request.form is None else good(stage, request)


def _denies_the_instance(stage: Stage, request: HttpRequest) -> HttpResponse:
    if request.form is None:
        return HttpResponse(400, (), b'{"error":"invalid_instance"}')
    return good(stage, request)


_discovering: Final = partial(Fault, tenant="contoso.com", prelude=_a_day_later)
_elsewhere: Final = partial(Fault, host="login.contoso.example", prelude=_a_day_later)
_OF_DISCOVERY: Final = {
    "no discovery": _discovering(answer=_unless_for_tokens, way=True),
    "no discovery and no endpoint": _discovering(answer=_NOBODY),
    "discovery that tells nonsense": _discovering(answer=_tells_nonsense, way=True),
    "no discovery ever": _discovering(
        answer=_NOBODY, prelude=_in_another_process, blind=_ALL
    ),
    "no instance discovery": _elsewhere(answer=_unless_for_tokens, way=True),
    "no instance discovery and no endpoint": _elsewhere(answer=_NOBODY),
    "no instance of Microsoft's": _elsewhere(answer=_denies_the_instance, way=True),
    "no instance discovery ever": _elsewhere(
        answer=_NOBODY, prelude=_in_another_process, blind=_ALL
    ),
    "no region": Fault(region=True, answer=_unless_for_tokens, way=True),
    "no region and no endpoint": Fault(region=True, answer=_NOBODY),
    "a region in HTML": Fault(region=True, answer=_tells_nonsense, way=True),
}  # fmt: skip


# --- credentials ----------------------------------------------------------------------------------


def _gives(value: object) -> Fault:
    return Fault(credential=lambda: value, quiet=True)


def _broken() -> str:
    raise LookupError("the vault is closed")


_OF_CREDENTIALS: Final = {
    "a credential that raises": Fault(credential=_broken, quiet=True),
    "a credential that is empty": _gives(""),
    "a credential of two words": _gives("two words"),
    "a credential that is none": _gives(None),
    "a credential in numbers": _gives(5),
    "a credential that is endless": _gives("x" * 200_000),
    "a credential that has expired": _gives("e30.eyJleHAiOjF9.x"),
}


# --- stores ---------------------------------------------------------------------------------------


def _does(method: str, *others: str, what: Callable[[Stage], object] | None = None) -> Prelude:
    def arrange(stage: Stage, _: object) -> None:
        assert stage.unruly is not None
        for name in (method, *others):
            stage.unruly.before[name] = partial(what or _raises, stage)

    return arrange


def _raises(_: Stage) -> None:
    raise OSError(5, "the disk is gone")


def _meanwhile(stage: Stage) -> None:
    """Another process stores tokens of its own between our Load and our Save."""
    del stage.unruly.before["save"]  # type: ignore[union-attr] # it is there
    stage.life = {"expires_in": 90_000}
    assert by_hand(stage, stage.grant.first(stage.client, THIRD[stage.grant.for_user])).secret


_store: Final = partial(Fault, unruly=True)
_disk: Final = partial(_store, out_of_reach=True)
_OF_STORES: Final = {
    "a store that cannot load": _disk(
        prelude=_does("load"), way=True, blind=frozenset({"core"})
    ),
    "a store that cannot load, and no endpoint": _disk(
        prelude=_does("load"), answer=_NOBODY, blind=frozenset({"core"})
    ),
    "a store that is nothing but a broken disk": _disk(
        prelude=_does("load", "no memory"), way=True, blind=_ALL
    ),
    "a store that raises when it is peeked into": _store(
        prelude=_does("peek"), way=True, drivers=_ALL - {"core"}
    ),
    "a store that raises when it is peeked into, and no endpoint": _store(
        prelude=_does("peek"), answer=_NOBODY, drivers=_ALL - {"core"}
    ),
    "a store that cannot save": _store(prelude=_does("save"), way=True),
    "a store that somebody else saves to": _store(
        prelude=_does("save", what=_meanwhile), way=True
    ),
    "a store that takes all the time": _store(
        prelude=_does("load", what=lambda stage: stage.clock.advance(31)), quiet=True
    ),
}  # fmt: skip


# --- time -----------------------------------------------------------------------------------------


def _slowly(stage: Stage, request: HttpRequest) -> HttpResponse:
    stage.clock.advance(31)
    return HttpResponse(500)


def _backwards(stage: Stage, request: HttpRequest) -> HttpResponse:
    stage.clock.advance(-10)
    return HttpResponse(500)


def _sets_back(stage: Stage, _: object) -> None:
    stage.clock.advance(-30 * 86_400)


def _told_to_wait(stage: Stage, ask: Callable[..., Got]) -> None:
    """Somebody with a claims challenge was told to wait a minute, for this same identity."""
    stage.behave = lambda _, __: HttpResponse(429, (("Retry-After", "60"),), b"slow down")
    assert ask(claims_challenge='{"access_token":{"acrs":{"value":"c1"}}}').failure is not None


def _refused_before(stage: Stage, ask: Callable[..., Got]) -> None:
    """The same call has just been refused."""
    stage.behave = lambda _, __: HttpResponse(400, (), b'{"error":"invalid_scope"}')
    _ = ask()


def _closes(stage: Stage, _: object) -> None:
    stage.closed = True


_OF_TIME: Final = {
    "a deadline that passes": Fault(answer=_slowly),
    "a clock that goes back during the call": Fault(answer=_backwards, of_tokens=True),
    "a clock that went back, and no endpoint": Fault(
        answer=_NOBODY, prelude=_sets_back, blind=_ALL
    ),
    "a clock that went back": Fault(prelude=_sets_back, blind=_ALL, way=True),
    "a Retry-After": Fault(prelude=_told_to_wait, quiet=True),
    "an identical refusal": Fault(prelude=_refused_before, quiet=True),
    "an application that is closed": Fault(
        prelude=_closes, quiet=True, drivers=_ALL - {"core"}
    ),
}  # fmt: skip

FAULTS: Final[Mapping[str, Fault]] = {
    **OF_TRANSPORTS, **_OF_ANSWERS, **_OF_DISCOVERY, **_OF_CREDENTIALS, **_OF_STORES, **_OF_TIME,
}  # fmt: skip
