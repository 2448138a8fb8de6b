"""What the sync application and its async twin share: parameters, attributes, constants.

The parameters and their order are MSAL 1.39's. The constructor checks everything and touches no
network; how a call is carried through is the twins' own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Final, NoReturn

from sansio_auth._later import later
from sansio_auth.authority import Endpoints
from sansio_auth.client import ConfidentialClient
from sansio_auth.errors import AuthorityError, SansioAuthError
from sansio_auth.partition import AccessRow, Accounts, Knowledge, KnowledgeKey, access_token_of
from sansio_auth.results import Metadata, Outcome
from sansio_auth.secret import discreet
from sansio_auth_adapters.application.configuration import configure
from sansio_auth_adapters.application.dicts import failure_of
from sansio_auth_adapters.application.parts import (
    Concealed,
    Connection,
    Counters,
    knowledge_store,
    looking_into,
    token_store,
)
from sansio_auth_adapters.application.plan import Plan, client_credentials_plan
from sansio_auth_adapters.application.repeats import Repeats
from sansio_auth_adapters.ports import AsyncStore, Store
from sansio_auth_adapters.single_flight import flights_of
from sansio_auth_adapters.stores.memory import MemoryStore

if TYPE_CHECKING:
    from sansio_auth._grants import accounts
    from sansio_auth.account import Account
    from sansio_auth_adapters.application.views import AuthorityView
else:
    accounts = later("sansio_auth._grants.accounts")

__all__ = ["Application"]

#: Seconds beyond its deadline for which a call is waited for by those who want the same: it ends
#: then, and is heard of a moment later.
_GRACE: Final = 1.0
#: How many tenants' clients one application keeps at hand.
_TENANTS: Final = 1024


class Application:
    """MSAL's `ConfidentialClientApplication` up to the point where something is sent."""

    ACQUIRE_TOKEN_SILENT_ID: ClassVar[str] = "84"
    ACQUIRE_TOKEN_BY_REFRESH_TOKEN: ClassVar[str] = "85"
    ACQUIRE_TOKEN_INTERACTIVE: ClassVar[str] = "169"
    ACQUIRE_TOKEN_BY_USERNAME_PASSWORD_ID: ClassVar[str] = "301"
    ACQUIRE_TOKEN_ON_BEHALF_OF_ID: ClassVar[str] = "523"
    ACQUIRE_TOKEN_BY_DEVICE_FLOW_ID: ClassVar[str] = "622"
    ACQUIRE_TOKEN_FOR_CLIENT_ID: ClassVar[str] = "730"
    ACQUIRE_TOKEN_BY_AUTHORIZATION_CODE_ID: ClassVar[str] = "832"
    GET_ACCOUNTS_ID: ClassVar[str] = "902"
    REMOVE_ACCOUNT_ID: ClassVar[str] = "903"
    ACQUIRE_TOKEN_BY_USER_FIC_ID: ClassVar[str] = "950"
    #: For `azure_region`: find out where this machine is; pay no heed to the environment.
    ATTEMPT_REGION_DISCOVERY: ClassVar[bool] = True
    DISABLE_MSAL_FORCE_REGION: ClassVar[bool] = False

    _closed: bool = False

    @discreet
    def __init__(  # noqa: PLR0913, PLR0917 - MSAL's parameters in MSAL's order
        self,
        client_id: str,
        client_credential: str | Mapping[str, object] | None = None,
        authority: object | None = None,
        validate_authority: bool = True,  # noqa: FBT001, FBT002 - MSAL's parameter
        token_cache: object | None = None,
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
        refresh_spread: int = 0,
        send_telemetry: bool = True,
    ) -> None:
        del enable_pii_log  # only a broker reads it, and personal data is never logged here
        client, signer = configure(
            client_id=client_id, client_credential=client_credential, authority=authority,
            oidc_authority=oidc_authority, validate_authority=validate_authority,
            instance_discovery=instance_discovery, client_claims=client_claims,
            app_name=app_name, app_version=app_version, client_capabilities=client_capabilities,
            exclude_scopes=exclude_scopes, azure_region=azure_region, allow_broker=allow_broker,
            trusted_hosts=trusted_hosts, retries=1 if http_client is None else 0,
            refresh_spread=refresh_spread, send_telemetry=send_telemetry,
        )  # fmt: skip
        self.client_id: Final = client_id
        self.client_claims: Final = client_claims
        self.app_name: Final = app_name
        self.app_version: Final = app_version
        store, shared = token_store(token_cache)
        self.token_cache: Final = token_cache if token_cache is not None else store
        self._store: Final[Store | AsyncStore] = store
        self._peek: Final = looking_into(store)
        self._flights: Final = flights_of(shared)
        self._client: Final = client
        self._patience: Final = client.policy.call_deadline + _GRACE
        self._knowledge: Final[Store] = knowledge_store(http_cache, client)
        self._signer: Final = signer
        self._credential: Final = Concealed(client_credential)
        self._counters: Final = Counters()
        self._tenants: Final[dict[str, ConfidentialClient]] = {}
        self._repeats: Final = Repeats(store, client.policy, self._counters)
        self._open(Connection(http_client, verify, proxies, timeout))

    def _open(self, connection: Connection) -> None:
        """Make what flows are driven with; the twins' own."""
        raise NotImplementedError

    @property
    def client_credential(self) -> object:
        """The credential as it was given; reading this reveals it."""
        return self._credential.reveal()

    @property
    def client(self) -> NoReturn:
        """MSAL's low-level client, which is not offered."""
        message = (
            "client: there is no low-level OAuth client here; sansio_auth.ConfidentialClient makes"
            " requests as values, and `data=` and `params=` add fields to one"
        )
        raise AttributeError(message)

    @property
    def authority_groups(self) -> dict[str, frozenset[str]]:
        """Hosts that share their users, by host: a static table, where MSAL asks."""
        from sansio_auth.authority import aliases_of

        hosts = aliases_of(self._client.authority.host)
        return dict.fromkeys(hosts, frozenset(hosts))

    @staticmethod
    def is_pop_supported() -> bool:
        """Return False: proof of possession needs a broker, and there is none."""
        return False

    def _known_authority(self) -> AuthorityView | None:
        """Return the authority, as far as no request is needed to know it."""
        knowledge = self._knowledge.peek(KnowledgeKey(self._client.authority.url))
        endpoints = self._client.endpoints
        if endpoints is None and isinstance(knowledge, Knowledge):
            endpoints = knowledge.endpoints
        return None if endpoints is None else self._view(endpoints)

    def _view(self, endpoints: Endpoints) -> AuthorityView:
        from sansio_auth_adapters.application.views import AuthorityView

        return AuthorityView.of(self._client.authority.host, endpoints)

    def _client_of(self, tenant_id: object) -> ConfidentialClient:
        """Return the client, in another tenant of its cloud where one is named."""
        if tenant_id is None:
            return self._client
        name = str(tenant_id).lower()
        found = self._tenants.get(name)
        if found is None:
            found = self._client.for_tenant(str(tenant_id))
            if len(self._tenants) < _TENANTS:
                self._tenants[name] = found
        return found

    def _plan(
        self,
        tenant_id: str | None,
        scopes: Iterable[str],
        claims_challenge: str | Mapping[str, object] | None,
        keywords: Mapping[str, object],
    ) -> Plan:
        """Return the plan of a call for the application's own token; a plain one is made once."""
        plain = claims_challenge is None and not keywords
        plan = self._repeats.plan(tenant_id, scopes) if plain else None
        if plan is None:
            client = self._client_of(tenant_id)
            plan = client_credentials_plan(client, scopes, claims_challenge, keywords)
            if plain:
                self._repeats.keep(tenant_id, scopes, plan)
        return plan

    def _stored(self, plan: Plan, now: float) -> AccessRow | None:
        """Return the fresh row in memory that serves this call; no lock, no flow."""
        call = plan.call.request
        key = call.partition_key(self._known(plan))
        return None if key is None else call.ready(self._peek(key), now)

    def _usable(self, plan: Plan, now: float) -> Outcome | None:
        """Return a token in memory that still works for this call, though it may be due."""
        key = plan.call.partition_key(self._known(plan))
        row = None if key is None else plan.call.usable(self._peek(key), now)
        return None if row is None else access_token_of(row, Metadata())

    def _spared(self, plan: Plan, error: SansioAuthError, now: float) -> Outcome:
        """Return a token in memory that still works in an error's place (I-1), or raise that."""
        spared = self._usable(plan, now)
        if spared is not None:
            return spared
        if isinstance(error, AuthorityError):
            raise failure_of(error) from error.__cause__
        raise error

    def _known(self, plan: Plan) -> Knowledge | None:
        """Return what is known about the authority, where a call needs that to be told apart."""
        if plan.call.request.registration.endpoints is not None:
            return None
        knowledge = self._knowledge.peek(plan.call.knowledge_key)
        return knowledge if isinstance(knowledge, Knowledge) else None

    def _accounts_at_hand(self, username: object) -> tuple[Account, ...]:
        """Return who of that name is in memory at the authority's own host; no flow.

        A shortcut of `ConfidentialClient.get_accounts`, which is to be asked where this is nobody.
        """
        store = self._store
        if self._closed or not isinstance(store, MemoryStore):
            return ()
        if not isinstance(username, str) or not username:
            return ()
        query = Accounts(self._client.authority.host, username)
        try:
            return accounts.accounts_of(store.look_up(query))
        except Exception:  # noqa: BLE001 - of somebody's subclass; a flow says what comes of it
            return ()

    def __reduce__(self) -> NoReturn:
        message = "an application holds keys, tokens and sockets: make another one instead"
        raise TypeError(message)
