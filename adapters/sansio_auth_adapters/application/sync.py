"""`ConfidentialClientApplication`: MSAL's confidential client, on the core.

The parameters and their order, the methods and the dictionaries are MSAL 1.39's. The constructor
checks everything and touches no network. Rules live in the core and in `plan`; a method here is a
few lines, and a token from the cache is a look-up without a lock.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Final, NoReturn, Self

from attrs import evolve

from sansio_auth._telemetry import Succeeded, Tally, Telemetry
from sansio_auth.errors import AuthorityError, ConfigurationError
from sansio_auth.partition import AccessRow, Knowledge, access_token_of
from sansio_auth.results import Metadata, Outcome
from sansio_auth_adapters import ambient
from sansio_auth_adapters.application.configuration import configure
from sansio_auth_adapters.application.plan import (
    Plan,
    TokenDict,
    cached_dict,
    client_credentials_plan,
    dict_of,
    failure_of,
    on_behalf_of_plan,
)
from sansio_auth_adapters.drive import World, run
from sansio_auth_adapters.ports import Transport
from sansio_auth_adapters.single_flight import flights_of
from sansio_auth_adapters.stores.memory import MemoryStore
from sansio_auth_adapters.transports import with_options

__all__ = ["ConfidentialClientApplication"]


class Concealed:
    """The caller's own credential object, out of `vars(app)` and of every repr."""

    __slots__ = ("__value",)

    def __init__(self, value: object) -> None:
        self.__value = value

    def reveal(self) -> object:
        """Return the object."""
        return self.__value

    def __repr__(self) -> str:
        return "Concealed(***)"


class Counters:
    """The telemetry of one application: hits are counted without a lock, the rest is folded."""

    def __init__(self) -> None:
        self._telemetry = Telemetry()
        self._lock = threading.Lock()
        self._hits = 0

    def hit(self) -> None:
        """Count an answer from the cache; a count lost between two threads hurts nobody."""
        self._hits += 1

    def report(self) -> Telemetry:
        """Return what the next request is to tell."""
        return self._telemetry.hit(self._hits)

    def fold(self, tally: Tally) -> None:
        """Take in what a flow has to tell; a success clears everything."""
        with self._lock:
            self._telemetry = self._telemetry.fold(tally)
            if any(isinstance(entry, Succeeded) for entry in tally):
                self._hits = 0


def _token_store(token_cache: object) -> MemoryStore:
    if token_cache is None:
        return MemoryStore()
    if isinstance(token_cache, MemoryStore):
        return token_cache
    raise ConfigurationError(
        "token_cache: this version takes a MemoryStore (or nothing), not"
        f" {type(token_cache).__name__}",
        code="not_supported",
    )


def _transport(
    http_client: object,
    *,
    verify: bool | str,
    proxies: Mapping[str, str] | None,
    timeout: float | tuple[float | None, float | None] | None,
) -> Transport:
    """Return the caller's client behind our port, else urllib3, each imported only when used."""
    if http_client is not None:
        from sansio_auth_adapters.transports.http_client import HttpClientTransport

        return HttpClientTransport(http_client)
    from sansio_auth_adapters.transports.urllib3 import Urllib3Transport

    return Urllib3Transport(verify=verify, proxies=proxies, timeout=timeout)


class ConfidentialClientApplication:
    """An application that can keep a secret, with MSAL's methods and dictionaries.

    Safe for many threads. See `docs/reference/application.md` for every parameter. Raises
    `ConfigurationError` (a `ValueError`) for arguments that cannot work, `OSError` for a key file
    that cannot be read.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - MSAL's parameters in MSAL's order
        self,
        client_id: str,
        client_credential: str | Mapping[str, object] | None = None,
        authority: str | None = None,
        validate_authority: bool = True,  # noqa: FBT001, FBT002 - MSAL's parameter
        token_cache: MemoryStore | None = None,
        http_client: object | None = None,
        verify: bool | str = True,  # noqa: FBT001, FBT002 - MSAL's parameter
        proxies: Mapping[str, str] | None = None,
        timeout: float | tuple[float | None, float | None] | None = None,
        client_claims: Mapping[str, object] | None = None,
        app_name: str | None = None,
        app_version: str | None = None,
        client_capabilities: Sequence[str] | None = None,
        azure_region: str | bool | None = None,  # noqa: FBT001 - MSAL's parameter
        exclude_scopes: Sequence[str] | None = None,
        http_cache: object | None = None,
        instance_discovery: bool | str | None = None,  # noqa: FBT001 - MSAL's parameter
        allow_broker: bool | None = None,  # noqa: FBT001 - MSAL's parameter
        enable_pii_log: bool | None = None,  # noqa: FBT001 - MSAL's parameter
        oidc_authority: str | None = None,
        *,
        trusted_hosts: Iterable[str] = (),
    ) -> None:
        del enable_pii_log  # only a broker reads it, and personal data is never logged here
        configured = configure(
            client_id=client_id,
            client_credential=client_credential,
            authority=authority,
            oidc_authority=oidc_authority,
            validate_authority=validate_authority,
            instance_discovery=instance_discovery,
            client_claims=client_claims,
            app_name=app_name,
            app_version=app_version,
            client_capabilities=client_capabilities,
            exclude_scopes=exclude_scopes,
            azure_region=azure_region,
            http_cache=http_cache,
            allow_broker=allow_broker,
            trusted_hosts=trusted_hosts,
            retries=1 if http_client is None else 0,
        )
        self.client_id: Final = client_id
        self.token_cache: Final = _token_store(token_cache)
        self._client: Final = configured.client
        self._credential: Final = Concealed(client_credential)
        transport = _transport(http_client, verify=verify, proxies=proxies, timeout=timeout)
        self._world: Final = World(transport, self.token_cache, MemoryStore(), configured.signer)
        self._flights: Final = flights_of(self.token_cache)
        self._counters: Final = Counters()

    @property
    def client_credential(self) -> object:
        """The credential as it was given; reading this reveals it."""
        return self._credential.reveal()

    def acquire_token_for_client(
        self,
        scopes: Iterable[str],
        claims_challenge: str | Mapping[str, object] | None = None,
        fmi_path: str | None = None,
        forwarded_client_claims: str | None = None,
        **kwargs: object,
    ) -> TokenDict:
        """Return a token for the application itself, from the cache where one is fresh.

        `scopes` is one resource's `/.default`. Further keyword arguments are MSAL's: `data=` and
        `params=` for extra body and query fields; others go to the transport for this one call.
        A refusal is a dictionary with `error`. Raises `ConfigurationError`, `TransportError`,
        `ResponseError`, `ServiceError` (5xx), `AuthorityError` or `AssertionFailed`.
        """
        options = {
            **kwargs, "fmi_path": fmi_path, "forwarded_client_claims": forwarded_client_claims,
        }  # fmt: skip
        plan = client_credentials_plan(self._client, scopes, claims_challenge, options)
        return self._acquire(plan, shared_tenant=self._client.authority.shared)

    def acquire_token_on_behalf_of(
        self,
        user_assertion: str | bytes,
        scopes: Iterable[str],
        claims_challenge: str | Mapping[str, object] | None = None,
        forwarded_client_claims: str | None = None,
        **kwargs: object,
    ) -> TokenDict:
        """Return a token for the user whose token the caller brought.

        The same assertion and scopes are answered from the cache while the token is fresh;
        `claims_challenge` and `force_refresh=True` go past it. Otherwise as
        `acquire_token_for_client`.
        """
        options = {**kwargs, "forwarded_client_claims": forwarded_client_claims}
        plan = on_behalf_of_plan(self._client, user_assertion, scopes, claims_challenge, options)
        return self._acquire(plan, shared_tenant=False)

    def close(self) -> None:
        """Release the transport's connections."""
        self._world.transport.close()

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

    def _stored(self, plan: Plan, now: float) -> AccessRow | None:
        """Return the fresh row in memory that serves this call; no lock, no flow."""
        key = plan.call.partition_key(self._known(plan))
        return None if key is None else plan.call.ready(self.token_cache.peek(key), now)

    def _known(self, plan: Plan) -> Knowledge | None:
        knowledge = self._world.knowledge.peek(plan.call.knowledge_key)
        return knowledge if isinstance(knowledge, Knowledge) else None

    def _acquire(self, plan: Plan, *, shared_tenant: bool) -> TokenDict:
        now = self._world.clock()
        if (row := self._stored(plan, now)) is not None:
            self._counters.hit()
            return cached_dict(row, now)
        if shared_tenant:
            warnings.warn(
                "an application has no token in /common or /organizations; name its tenant",
                DeprecationWarning,
                stacklevel=3,
            )
        try:
            outcome = self._share(plan)
        except AuthorityError as error:
            raise failure_of(error) from error.__cause__
        return dict_of(outcome, self._world.clock(), classify=plan.classify)

    def _share(self, plan: Plan) -> Outcome:
        """Let one caller ask for all who want the same; who holds a usable token does not wait."""
        call = plan.call
        knowledge = self._known(plan)
        key = call.partition_key(knowledge)

        def usable() -> Outcome | None:
            if key is None:
                return None
            row = call.usable(self.token_cache.peek(key), self._world.clock())
            return None if row is None else access_token_of(row, Metadata())

        return self._flights.run(
            (call.identity(knowledge), call.demand),
            lambda: self._fly(plan),
            patience=self._client.policy.call_deadline,
            instead=usable,
        )

    def _fly(self, plan: Plan) -> Outcome:
        world = self._world
        if plan.transport_options:
            world = evolve(world, transport=with_options(world.transport, plan.transport_options))
        flow = plan.call.start(
            now=world.clock(), seed=ambient.entropy(), telemetry=self._counters.report()
        )
        outcome = run(flow, world)
        self._counters.fold(flow.tally)
        return outcome

    def __reduce__(self) -> NoReturn:
        message = "an application holds keys, tokens and sockets: make another one instead"
        raise TypeError(message)
