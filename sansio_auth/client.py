"""The front door of the core: a confidential client, and the calls it makes.

Pairs each call with the script that carries it out; scripts are loaded on first use. A client is
frozen configuration and performs nothing: `call.start()` gives a flow, and whoever drives the
flow performs its effects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Generic, TypeAlias, TypeVar

from attrs import field, frozen

from sansio_auth._claims import read_challenge, read_forwarded
from sansio_auth._telemetry import Telemetry
from sansio_auth.calls import ClientCredentials, OnBehalfOf
from sansio_auth.errors import ConfigurationError
from sansio_auth.flow import Ended, Flow, Script, Start
from sansio_auth.identity import Demand, Identity, read_scopes
from sansio_auth.partition import AccessRow, Knowledge, KnowledgeKey, Partition, PartitionKey
from sansio_auth.registration import Registration, header_safe
from sansio_auth.results import Outcome
from sansio_auth.secret import Secret
from sansio_auth.wire import Pairs

__all__ = ["Call", "ConfidentialClient"]

T = TypeVar("T")
Request: TypeAlias = ClientCredentials | OnBehalfOf
_SEED_BYTES = 32


@frozen(eq=False)
class Call(Generic[T]):
    """One request as a frozen value, ready to be looked up or started.

    `request` says what is asked. Equal arguments make calls whose flows ask the same questions.
    """

    request: Request
    _script: Callable[[Start], Script[Ended[T]]] = field(repr=False)

    def ready(self, partition: Partition | None, now: float) -> AccessRow | None:
        """Return the stored row when it is fresh, else None; `now` is POSIX seconds."""
        return self.request.ready(partition, now)

    def usable(self, partition: Partition | None, now: float) -> AccessRow | None:
        """Return the stored row when it can be used, be it due for refresh; else None."""
        return self.request.usable(partition, now)

    @property
    def knowledge_key(self) -> KnowledgeKey:
        """Where what is known about the authority is kept."""
        return self.request.knowledge_key

    @property
    def demand(self) -> Demand:
        """What is asked beyond the identity."""
        return self.request.demand

    def identity(self, knowledge: Knowledge | None = None) -> Identity:
        """Return for whom the token is."""
        return self.request.identity(knowledge)

    def partition_key(self, knowledge: Knowledge | None = None) -> PartitionKey | None:
        """Return where the token is kept, None until the realm is known."""
        return self.request.partition_key(knowledge)

    def start(self, *, now: float, seed: bytes, telemetry: Telemetry = Telemetry()) -> Flow[T]:  # noqa: B008 - an immutable value
        """Begin the conversation: `now` in POSIX seconds, `seed` 32 bytes nobody can guess."""
        if len(seed) != _SEED_BYTES:
            raise ConfigurationError(f"seed: {_SEED_BYTES} bytes are needed", code="seed")
        start = Start(now, seed, telemetry)
        return Flow(self._script(start), start)


def _pairs(values: Mapping[str, str] | None) -> Pairs:
    return tuple(sorted((values or {}).items()))


@frozen(kw_only=True)
class ConfidentialClient(Registration):
    """An application that can keep a secret (RFC 6749 section 2.1), as frozen configuration.

    See `Registration` for what it is made of. Every method makes a `Call` and performs nothing.
    """

    def acquire_token_for_client(  # noqa: PLR0913 - what a request may be made of
        self,
        scopes: Iterable[str],
        *,
        claims_challenge: str | Mapping[str, object] | None = None,
        forwarded_client_claims: str | None = None,
        data: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        min_remaining: int = 0,
        correlation_id: str | None = None,
    ) -> Call[Outcome]:
        """Return the call for a token of the application itself (RFC 6749 section 4.4).

        `data` and `params` are extra body and query fields. Raises `ConfigurationError`.
        """
        call = ClientCredentials(
            registration=self,
            scopes=read_scopes(scopes),
            claims_challenge=read_challenge(claims_challenge),
            forwarded_claims=read_forwarded(forwarded_client_claims),
            data=_pairs(data),
            params=_pairs(params),
            min_remaining=min_remaining,
            correlation_id=_correlation(correlation_id),
        )

        def script(start: Start) -> Script[Ended[Outcome]]:
            from sansio_auth._grants.client_credentials import client_credentials

            return (yield from client_credentials(call, start))

        return Call(call, script)

    def acquire_token_on_behalf_of(  # noqa: PLR0913 - what a request may be made of
        self,
        user_assertion: Secret | str | bytes,
        scopes: Iterable[str],
        *,
        claims_challenge: str | Mapping[str, object] | None = None,
        forwarded_client_claims: str | None = None,
        data: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        force_refresh: bool = False,
        min_remaining: int = 0,
        correlation_id: str | None = None,
    ) -> Call[Outcome]:
        """Return the call for a token for the user whose token is given.

        The assertion's content is not looked into. Raises `ConfigurationError`.
        """
        call = OnBehalfOf(
            registration=self,
            scopes=read_scopes(scopes, allow_empty=True),
            user_assertion=_assertion(user_assertion),
            claims_challenge=read_challenge(claims_challenge),
            forwarded_claims=read_forwarded(forwarded_client_claims),
            data=_pairs(data),
            params=_pairs(params),
            force_refresh=force_refresh,
            min_remaining=min_remaining,
            correlation_id=_correlation(correlation_id),
        )

        def script(start: Start) -> Script[Ended[Outcome]]:
            from sansio_auth._grants.on_behalf_of import on_behalf_of

            return (yield from on_behalf_of(call, start))

        return Call(call, script)


def _correlation(value: str | None) -> str | None:
    return None if value is None else header_safe(value, "correlation_id")


def _assertion(value: Secret | str | bytes) -> Secret:
    if isinstance(value, Secret):
        return value
    if isinstance(value, bytes):
        try:
            return Secret(value.decode("ascii"))
        except UnicodeDecodeError:
            raise ConfigurationError("user_assertion: is not ASCII", code="assertion") from None
    if isinstance(value, str):
        return Secret(value)
    raise ConfigurationError(
        f"user_assertion: a str is needed, not {type(value).__name__}", code="assertion"
    )
