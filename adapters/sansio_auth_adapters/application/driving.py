"""How the sync application carries a call through: look, share, fly, word.

A token in memory is a look-up without a lock. Otherwise one caller asks for all who want the same,
except for what can be redeemed only once. No rule of OAuth is here, and no method of MSAL's.
"""

from __future__ import annotations

import warnings
from types import TracebackType
from typing import Self, TypeVar, cast

from attrs import evolve

from sansio_auth.client import Procedure
from sansio_auth.errors import AuthorityError, ConfigurationError, FlowError, SansioAuthError
from sansio_auth.results import AccessToken, NotCached, Outcome
from sansio_auth_adapters import ambient
from sansio_auth_adapters.application.application import Application
from sansio_auth_adapters.application.credential import Callback
from sansio_auth_adapters.application.dicts import TokenDict, cached_dict, dict_of, failure_of
from sansio_auth_adapters.application.parts import Connection, blocking_store, transport_of
from sansio_auth_adapters.application.plan import Plan
from sansio_auth_adapters.drive import World, run
from sansio_auth_adapters.transports import with_options

__all__ = ["DrivenApplication"]

T = TypeVar("T")


class DrivenApplication(Application):
    """An application whose flows are driven in the caller's thread."""

    _world: World
    _http_client: object | None

    def _open(self, connection: Connection) -> None:
        if isinstance(self._signer, Callback) and self._signer.awaited:
            raise ConfigurationError(
                "client_credential: client_assertion is a coroutine function, which"
                " ConfidentialClientApplication cannot await; pass an ordinary function, or use"
                " AsyncConfidentialClientApplication",
                code="async_callback",
            )
        self._http_client = connection.http_client
        self._world = World(
            transport_of(connection), blocking_store(self._store), self._knowledge, self._signer
        )

    def close(self) -> None:
        """Release the transport's connections; what is in memory is served, nothing is asked."""
        self._closed = True
        self._world.transport.close()

    def _open_world(self) -> World:
        if self._closed:
            raise FlowError("the application is closed: make another one", code="closed")
        return self._world

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    # --- how a call is carried through ----------------------------------------------------------

    def _got(self, plan: Plan) -> TokenDict:
        """Carry a plan through that finds something or raises."""
        return cast("TokenDict", self._acquire(plan))

    def _acquire(self, plan: Plan) -> TokenDict | None:
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
            outcome = self._share(plan) if plan.call.request.repeatable else self._fly(plan)
        except SansioAuthError as error:
            outcome = self._spared(plan, error, self._world.clock())
        if not isinstance(outcome, AccessToken):  # the flow may not have seen what is in memory
            outcome = self._usable(plan, self._world.clock()) or outcome
        if isinstance(outcome, NotCached):
            return None
        return self._worded(outcome, classify=plan.classify)

    def _worded(self, outcome: Outcome, *, classify: bool = False) -> TokenDict:
        return cast("TokenDict", dict_of(outcome, self._world.clock(), classify=classify))

    def _share(self, plan: Plan) -> Outcome:
        """Let one caller ask for all who want the same; who holds a usable token does not wait."""
        call = plan.call
        return self._flights.run(
            (call.identity(self._known(plan)), call.demand),
            lambda: self._fly(plan),
            patience=self._patience,
            instead=lambda: self._usable(plan, self._world.clock()),
        )

    def _fly(self, plan: Plan) -> Outcome:
        world = self._open_world()
        if plan.transport_options:
            world = evolve(world, transport=with_options(world.transport, plan.transport_options))
        flow = plan.call.start(
            now=world.clock(), seed=ambient.entropy(), telemetry=self._counters.report()
        )
        outcome = run(flow, world)
        self._counters.fold(flow.tally)
        return outcome

    def _do(self, procedure: Procedure[T]) -> T:
        try:
            world = self._open_world()
            return run(procedure.start(now=world.clock(), seed=ambient.entropy()), world)
        except AuthorityError as error:
            raise failure_of(error) from error.__cause__
