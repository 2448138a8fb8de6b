"""The loop that answers a flow, in two colours: the one place where the core meets the world.

`run` and `arun` are the same few lines; what an effect asks of the world is told once. Transports,
callbacks and stores raise; here an `Exception` becomes a `Failure` value, and what it means is the
script's decision. A `BaseException` (an interrupt, a cancellation, an exit) closes the flow and
passes. No retry, no rule of OAuth is here.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from types import CoroutineType
from typing import Final, TypeVar, assert_never, cast, get_args

from attrs import field, frozen

from sansio_auth.effects import (
    AnyEffect,
    Failure,
    FailureKind,
    GetAssertion,
    Load,
    Save,
    SendHttp,
    Sleep,
)
from sansio_auth.errors import ResponseError, TransportError
from sansio_auth.flow import Flow
from sansio_auth.partition import Accounts, AppTokens, KnowledgeKey, PartitionKey
from sansio_auth_adapters import ambient
from sansio_auth_adapters.ports import AsyncStore, AsyncTransport, Store, Transport

__all__ = ["AsyncWorld", "World", "arun", "carry_out", "run"]

T = TypeVar("T")
_KINDS: Final = {str(kind): kind for kind in get_args(FailureKind)}
_QUERIES: Final = (Accounts, AppTokens)


def _no_assertion(effect: GetAssertion) -> str:
    raise LookupError(f"nobody makes assertions for {effect.context.client_id}")


async def _pause(seconds: float) -> None:
    from sansio_auth_adapters import event_loop  # which loads asyncio

    await event_loop.pause(seconds)


@frozen(eq=False, repr=False)
class World:
    """What a flow's effects are carried out with.

    `assertions` signs or fetches a client assertion. `tokens` keeps token partitions, `knowledge`
    what is known about authorities, which is never written to a token store.
    """

    transport: Transport
    tokens: Store
    knowledge: Store
    assertions: Callable[[GetAssertion], str] = field(default=_no_assertion, repr=False)
    clock: Callable[[], float] = ambient.now
    sleep: Callable[[float], None] = ambient.pause


@frozen(eq=False, repr=False)
class AsyncWorld:
    """A `World` that may be awaited: stores and `assertions` may be of either colour."""

    transport: AsyncTransport
    tokens: AsyncStore | Store
    knowledge: AsyncStore | Store
    assertions: Callable[[GetAssertion], Awaitable[str] | str] = field(
        default=_no_assertion, repr=False
    )
    clock: Callable[[], float] = ambient.now
    sleep: Callable[[float], Awaitable[None]] = _pause


def _failure(effect: AnyEffect, error: Exception) -> Failure:
    """Return an exception as a value; only its type's name and the chain are kept."""
    cause = error.__cause__ if error.__cause__ is not None else error
    name = type(cause).__name__
    match effect:
        case SendHttp():
            if isinstance(error, TransportError):
                kind = _KINDS.get(error.kind, "unknown")
                return Failure(kind, sent=error.sent, error=name, cause=cause)
            if isinstance(error, ResponseError) and error.code in _KINDS:
                return Failure(_KINDS[error.code], error=name, cause=cause)
            return Failure("unknown", error=name, cause=error)
        case GetAssertion():
            return Failure("callback", error=type(error).__name__, cause=error)
        case Load() | Save():
            return Failure("store", error=type(error).__name__, cause=error)
        case Sleep():
            raise error
        case _:
            assert_never(effect)


def _store_of(key: PartitionKey, world: World | AsyncWorld) -> Store | AsyncStore:
    return world.knowledge if isinstance(key, KnowledgeKey) else world.tokens


def _ask(effect: AnyEffect, world: World | AsyncWorld) -> object:
    """Ask of the world what an effect wants; of an async one, something to be awaited."""
    match effect:
        case Load():
            key = effect.key
            if isinstance(key, _QUERIES):
                return world.tokens.look_up(key)
            return _store_of(key, world).load(key)
        case SendHttp():
            return world.transport.send(effect.request)
        case Save():
            return _store_of(effect.changes[0][0], world).save(effect.changes)
        case GetAssertion():
            return world.assertions(effect)
        case Sleep():
            return world.sleep(effect.seconds)
        case _:
            assert_never(effect)


def carry_out(effect: AnyEffect, world: World) -> object:
    """Perform one effect and return its answer; an `Exception` comes back as a `Failure`."""
    try:
        answer = _ask(effect, world)
        if isinstance(answer, CoroutineType):
            answer.close()
            message = f"{type(effect).__name__} was answered by a coroutine; run() awaits nothing"
            raise TypeError(message)
    except Exception as error:  # noqa: BLE001 - whatever an adapter raises is an answer
        return _failure(effect, error)
    return answer


async def _carry_out(effect: AnyEffect, world: AsyncWorld) -> object:
    try:
        answer = _ask(effect, world)
        return await cast("Awaitable[object]", answer) if inspect.isawaitable(answer) else answer
    except Exception as error:  # noqa: BLE001 - whatever an adapter raises is an answer
        return _failure(effect, error)


def run(flow: Flow[T], world: World) -> T:
    """Answer a flow's effects until it is over and return its result, or raise its error."""
    try:
        while (effect := flow.pending) is not None:
            flow.answer(effect, carry_out(effect, world), now=world.clock())
    except BaseException:
        flow.close()
        raise
    return flow.result


async def arun(flow: Flow[T], world: AsyncWorld) -> T:
    """`run`, with `await`; a task that is cancelled closes its flow."""
    try:
        while (effect := flow.pending) is not None:
            flow.answer(effect, await _carry_out(effect, world), now=world.clock())
    except BaseException:
        flow.close()
        raise
    return flow.result
