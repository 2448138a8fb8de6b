"""Who asks on a stage: a flow that is played by hand, an application, or its async twin."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

from attrs import evolve

from sansio_auth import (
    Call,
    Failure,
    GetAssertion,
    Load,
    Outcome,
    Save,
    SendHttp,
    Sleep,
)
from sansio_auth.effects import AnyEffect
from sansio_auth.errors import ResponseError, SansioAuthError, TransportError
from sansio_auth.partition import KnowledgeKey
from sansio_auth.wire import HttpRequest, HttpResponse
from sansio_auth_adapters import AsyncConfidentialClientApplication, ConfidentialClientApplication
from tests.faults.stage import CLIENT, CLIENT_SECRET, WANTED, Got, Stage

__all__ = ["DRIVERS", "by_hand"]


def by_hand(stage: Stage, call: Call[Outcome]) -> Got:
    """Play a flow of the core to its end, with nothing of the shell."""
    flow = call.start(now=stage.clock(), seed=bytes(range(32)))
    while (effect := flow.pending) is not None:
        flow.answer(effect, _answer(stage, effect), now=stage.clock())
    return Got.of(flow.error if flow.error is not None else flow.result)


def _answer(stage: Stage, effect: AnyEffect) -> Any:
    """Return what is met, and what is raised as the value that an embedder makes of it."""
    try:
        return _met(stage, effect)
    except TransportError as error:
        return Failure(error.kind, sent=error.sent)  # type: ignore[arg-type] # a kind of failure
    except ResponseError as error:
        return Failure(error.code)  # type: ignore[arg-type] # the same
    except Exception as error:  # noqa: BLE001 - whatever is raised is an answer
        kind: Any = {SendHttp: "unknown", GetAssertion: "callback"}.get(type(effect), "store")
        return Failure(kind, error=type(error).__name__)


def _met(stage: Stage, effect: AnyEffect) -> Any:
    match effect:
        case SendHttp():
            return stage.send(effect.request)
        case GetAssertion():
            assert stage.credential is not None
            made = stage.credential()
            return made if isinstance(made, str) else Failure("callback")
        case Load(key=KnowledgeKey() as key):
            return stage.knowledge.load(key)
        case Load():
            return stage.store.load(effect.key)  # type: ignore[arg-type] # no query is asked
        case Save(changes=((KnowledgeKey(), _),)):
            return stage.knowledge.save(effect.changes)
        case Save():
            return stage.store.save(effect.changes)
        case Sleep():
            return stage.clock.sleep(effect.seconds)


def _made(kind: Any, stage: Stage, transport: object) -> Any:
    """Return an application on the stage: its clock, its knowledge and its tokens are here."""
    callback = stage.credential
    credential = CLIENT_SECRET if callback is None else {"client_assertion": callback}
    app = kind(
        CLIENT, credential, stage.authority, http_client=transport, token_cache=stage.store,
        azure_region=True if stage.region else None, **stage.options,
    )  # fmt: skip
    app._knowledge = stage.knowledge
    app._world = evolve(app._world, clock=stage.clock, knowledge=stage.knowledge)
    return app


def _core(stage: Stage, **options: Any) -> Got:
    scopes = WANTED[stage.grant.for_user]
    return by_hand(stage, stage.grant.of_client(stage.client, scopes, **options))


def _sync(stage: Stage, **options: Any) -> Got:
    app = _made(ConfidentialClientApplication, stage, stage)
    if stage.closed:
        app.close()
    try:
        return Got.of(stage.grant.of_application(app, WANTED[stage.grant.for_user], **options))
    except SansioAuthError as error:
        return Got.of(error)


class _AwaitedStage:
    """The same stage for whoever awaits its transport."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    async def send(self, request: HttpRequest) -> HttpResponse:
        return self._stage.send(request)

    async def close(self) -> None:
        self._stage.close()


def _async(stage: Stage, **options: Any) -> Got:
    app = _made(AsyncConfidentialClientApplication, stage, _AwaitedStage(stage))

    async def ask() -> Any:
        if stage.closed:
            await app.close()
        return await stage.grant.of_application(app, WANTED[stage.grant.for_user], **options)

    try:
        return Got.of(asyncio.run(ask()))
    except SansioAuthError as error:
        return Got.of(error)


#: Who asks: `DRIVERS[name](stage, **options)` returns what the call came to.
DRIVERS: Final[Mapping[str, Callable[..., Got]]] = {
    "core": _core, "application": _sync, "async application": _async,
}  # fmt: skip
