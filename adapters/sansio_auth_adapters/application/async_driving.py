"""How the async application carries a call through: what `driving` does, with `await`.

No rule of OAuth is here, no copy of one, and no event loop is bound: an application serves every
loop that it is awaited in.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Awaitable
from functools import partial
from types import TracebackType
from typing import Self, TypeVar, cast

from attrs import evolve

from sansio_auth.client import Procedure
from sansio_auth.effects import GetAssertion
from sansio_auth.errors import AuthorityError, FlowError, SansioAuthError
from sansio_auth.results import AccessToken, NotCached, Outcome
from sansio_auth_adapters import ambient
from sansio_auth_adapters.application.application import Application
from sansio_auth_adapters.application.credential import Callback
from sansio_auth_adapters.application.dicts import TokenDict, cached_dict, dict_of, failure_of
from sansio_auth_adapters.application.parts import Connection, async_transport_of, awaitable_store
from sansio_auth_adapters.application.plan import Plan
from sansio_auth_adapters.drive import AsyncWorld, arun
from sansio_auth_adapters.event_loop import in_thread
from sansio_auth_adapters.transports import with_options

__all__ = ["AwaitedApplication"]

T = TypeVar("T")


async def _called(callback: Callback, effect: GetAssertion) -> str:
    """Return the caller's assertion; an ordinary function may block and gets a worker thread."""
    if callback.awaited:
        asked = callback.ask(effect)
    else:
        # In a tuple, because trio takes a coroutine from a thread for a mistake.
        (asked,) = await in_thread(lambda: (callback.ask(effect),))
    if inspect.isawaitable(asked):
        asked = await cast("Awaitable[object]", asked)
    return callback.text_of(asked)


class AwaitedApplication(Application):
    """An application whose flows are driven in the caller's task."""

    _world: AsyncWorld
    _http_client: object | None

    def _open(self, connection: Connection) -> None:
        self._http_client = connection.http_client
        signer = self._signer
        self._world = AsyncWorld(
            async_transport_of(connection),
            awaitable_store(self._store),
            awaitable_store(self._knowledge),
            partial(_called, signer) if isinstance(signer, Callback) else signer,
        )

    async def close(self) -> None:
        """Release the transport's connections; what is in memory is served, nothing is asked."""
        self._closed = True
        await self._world.transport.close()

    def _open_world(self) -> AsyncWorld:
        if self._closed:
            raise FlowError("the application is closed: make another one", code="closed")
        return self._world

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    # --- how a call is carried through ----------------------------------------------------------

    async def _got(self, plan: Plan) -> TokenDict:
        """Carry a plan through that finds something or raises."""
        return cast("TokenDict", await self._acquire(plan))

    async def _acquire(self, plan: Plan) -> TokenDict | None:
        now = self._world.clock()
        if (row := self._stored(plan, now)) is not None:
            self._counters.hits += 1
            return cached_dict(row, now)
        if plan.shared_tenant:
            warnings.warn(
                "an application has no token in /common or /organizations; name its tenant",
                DeprecationWarning,
                stacklevel=4,
            )
        try:
            repeatable = plan.call.request.repeatable
            outcome = await (self._share(plan) if repeatable else self._fly(plan))
        except SansioAuthError as error:
            outcome = self._spared(plan, error, self._world.clock())
        if not isinstance(outcome, AccessToken):  # the flow may not have seen what is in memory
            outcome = self._usable(plan, self._world.clock()) or outcome
        if isinstance(outcome, NotCached):
            return None
        return self._worded(outcome, classify=plan.classify)

    def _worded(self, outcome: Outcome, *, classify: bool = False) -> TokenDict:
        return cast("TokenDict", dict_of(outcome, self._world.clock(), classify=classify))

    async def _share(self, plan: Plan) -> Outcome:
        """Let one task ask for all who want the same; who holds a usable token does not wait."""
        call = plan.call
        return await self._flights.arun(
            (call.identity(self._known(plan)), call.demand),
            partial(self._fly, plan),
            patience=self._patience,
            instead=lambda: self._usable(plan, self._world.clock()),
        )

    async def _fly(self, plan: Plan) -> Outcome:
        world = self._open_world()
        if plan.transport_options:
            transport = with_options(world.transport, plan.transport_options)
            world = evolve(world, transport=transport)
        flow = plan.call.start(
            now=world.clock(), seed=ambient.entropy(), telemetry=self._counters.report()
        )
        outcome = await arun(flow, world)
        self._counters.fold(flow.tally)
        return outcome

    async def _do(self, procedure: Procedure[T]) -> T:
        try:
            world = self._open_world()
            return await arun(procedure.start(now=world.clock(), seed=ambient.entropy()), world)
        except AuthorityError as error:
            raise failure_of(error) from error.__cause__
