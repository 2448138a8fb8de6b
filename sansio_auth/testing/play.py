"""The reference driver: a call played against a simulated tenant, without threads, files, sockets.

What a shell does with a network, a store and a clock, `World` does with values. It is how most
of the library's own tests run, and short enough to be read as an example of a driver.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeVar, assert_never

from attrs import define, field

from sansio_auth._assertion import SigningKey, sign
from sansio_auth._seed import derive
from sansio_auth.effects import AnyEffect, Failure, GetAssertion, Load, Save, SendHttp, Sleep
from sansio_auth.flow import Flow, Startable
from sansio_auth.partition import (
    Accounts,
    AppTokens,
    Found,
    Partition,
    PartitionKey,
    Query,
    apply_all,
    empty,
    find,
)
from sansio_auth.testing.clock import VirtualClock
from sansio_auth.testing.handling import handle
from sansio_auth.testing.tenant import Tenant
from sansio_auth.wire import HttpRequest, HttpResponse

__all__ = ["World"]

T = TypeVar("T")
_LATENCY: Final = 0.05


@define
class World:
    """A tenant, a cache and a clock for flows to be played in.

    `assertions` is the key that signs, or a function that makes assertions. `faults` come before
    the tenant's answers, one for each request. `exchanges` is what went over the wire. Every
    request takes `latency` virtual seconds.
    """

    tenant: Tenant
    clock: VirtualClock = field(factory=VirtualClock)
    assertions: SigningKey | Callable[[GetAssertion], str] | None = None
    faults: list[Failure | HttpResponse] = field(factory=list[Failure | HttpResponse])
    partitions: dict[PartitionKey, Partition] = field(factory=dict[PartitionKey, Partition])
    exchanges: list[tuple[HttpRequest, HttpResponse | Failure]] = field(
        factory=list[tuple[HttpRequest, HttpResponse | Failure]]
    )
    latency: float = _LATENCY
    seed: bytes = bytes(32)
    played: int = 0

    def play(self, call: Startable[T]) -> Flow[T]:
        """Return the flow of a call or procedure, played to its end; `result` has the rest."""
        self.played += 1
        flow = call.start(now=self.clock.now, seed=derive(self.seed, f"flow {self.played}"))
        while (effect := flow.pending) is not None:
            flow.answer(effect, self.answer(effect), now=self.clock.now)
        return flow

    def answer(self, effect: AnyEffect) -> object:
        """Return the answer to one effect, as this world gives it."""
        match effect:
            case SendHttp():
                return self._send(effect.request)
            case GetAssertion():
                return self._assert(effect)
            case Load():
                return self._load(effect.key)
            case Save():
                for key, facts in effect.changes:
                    self.partitions[key] = apply_all(self.partitions.get(key, empty(key)), facts)
                return self.partitions[effect.changes[0][0]]
            case Sleep():
                self.clock.sleep(effect.seconds)
                return None
            case _:
                assert_never(effect)

    def _load(self, key: PartitionKey | Query) -> Partition | Found:
        if isinstance(key, Accounts | AppTokens):
            return find(self.partitions, key)
        return self.partitions.get(key, empty(key))

    def _send(self, request: HttpRequest) -> HttpResponse | Failure:
        self.clock.sleep(self.latency)
        response: HttpResponse | Failure
        if self.faults:
            response = self.faults.pop(0)
        else:
            self.tenant, response = handle(self.tenant, request, self.clock.now)
        self.exchanges.append((request, response))
        return response

    def _assert(self, effect: GetAssertion) -> str | Failure:
        match self.assertions:
            case None:
                return Failure("callback", error="LookupError")
            case SigningKey() as key if effect.claims is not None:
                return sign(key, effect.claims)
            case SigningKey():
                return Failure("callback", error="LookupError")
            case make:
                return make(effect)

    @property
    def sent(self) -> tuple[Mapping[str, str], ...]:
        """The form of every token request that was made."""
        return tuple(dict(request.form) for request, _ in self.exchanges if request.form)
