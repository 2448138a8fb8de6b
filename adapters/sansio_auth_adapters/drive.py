"""The loop that answers a flow: the one place where the core meets the world.

Transports, callbacks and stores raise; here an `Exception` becomes a `Failure` value, and what it
means is the script's decision. A `BaseException` (an interrupt, an exit) closes the flow and
passes. No retry, no rule of OAuth is here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar, assert_never, get_args

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
from sansio_auth.partition import (
    Accounts,
    AppTokens,
    Found,
    KnowledgeKey,
    Partition,
    PartitionKey,
    Query,
)
from sansio_auth_adapters import ambient
from sansio_auth_adapters.ports import Store, Transport

__all__ = ["World", "carry_out", "run"]

T = TypeVar("T")
_KINDS: Final = {str(kind): kind for kind in get_args(FailureKind)}


def _no_assertion(effect: GetAssertion) -> str:
    raise LookupError(f"nobody makes assertions for {effect.context.client_id}")


@frozen
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

    def store(self, key: PartitionKey) -> Store:
        """Return the store that a partition belongs to."""
        return self.knowledge if isinstance(key, KnowledgeKey) else self.tokens


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


def _loaded(key: PartitionKey | Query, world: World) -> Partition | Found:
    if isinstance(key, Accounts | AppTokens):
        return world.tokens.look_up(key)
    return world.store(key).load(key)


def carry_out(effect: AnyEffect, world: World) -> object:
    """Perform one effect and return its answer; an `Exception` comes back as a `Failure`."""
    try:
        match effect:
            case SendHttp():
                return world.transport.send(effect.request)
            case GetAssertion():
                return world.assertions(effect)
            case Load():
                return _loaded(effect.key, world)
            case Save():
                return world.store(effect.changes[0][0]).save(effect.changes)
            case Sleep():
                world.sleep(effect.seconds)
                return None
            case _:
                assert_never(effect)
    except Exception as error:  # noqa: BLE001 - whatever an adapter raises is an answer
        return _failure(effect, error)


def run(flow: Flow[T], world: World) -> T:
    """Answer a flow's effects until it is over and return its result, or raise its error."""
    try:
        while (effect := flow.pending) is not None:
            value = carry_out(effect, world)
            flow.answer(effect, value, now=world.clock())
    except BaseException:
        flow.close()
        raise
    return flow.result
