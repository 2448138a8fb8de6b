"""What is asked for, as frozen values: one class per grant, and what each may take from a cache.

The application's own grant is here; those for users are in `asserted_calls` and `user_calls`.

A call knows for whom its token is (`identity`), what it asks beyond that (`demand`), where such a
token is kept (`partition_key`) and whether what is kept there will do (`ready`, `usable`). These
are pure look-ups; how a token is got when nothing will do is the scripts' business.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import ClassVar, Final

from attrs import Factory, field, frozen

from sansio_auth._body import NOT_IN_EXTENDED_KEY, check_data
from sansio_auth._claims import merge_claims
from sansio_auth._telemetry import CacheRefresh
from sansio_auth.authority import Endpoints
from sansio_auth.errors import ConfigurationError
from sansio_auth.identity import (
    BEARER,
    Demand,
    Identity,
    Subject,
    TokenKey,
    extended_key,
    token_key,
)
from sansio_auth.partition import (
    EXPIRES_ON,
    SECRET,
    AccessRow,
    AppKey,
    Knowledge,
    KnowledgeKey,
    Partition,
    PartitionKey,
    Tokens,
    candidates,
    is_due,
    usable_row,
)
from sansio_auth.registration import Registration
from sansio_auth.wire import Pairs

__all__ = [
    "RESERVED_SCOPES",
    "ClientCredentials",
    "TokenCall",
]

#: What an ordinary bearer token is told apart by: nothing.
_ORDINARY: Final = (BEARER, "", "")
#: OpenID Connect's own scopes, which every user request carries and no caller passes.
RESERVED_SCOPES: Final = frozenset({"openid", "profile", "offline_access"})


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()


def _kind(call: TokenCall) -> tuple[str, str, str]:
    """The token scheme asked for (lower case), its key id, and the key of what else tells apart."""
    if not call.data and not call.forwarded_claims:
        return _ORDINARY
    fields = dict(call.data)
    kept = {name: value for name, value in call.data if name not in NOT_IN_EXTENDED_KEY}
    if call.forwarded_claims:
        kept["client_claims"] = call.forwarded_claims  # observed: the text as it was passed
    scheme = fields.get("token_type", "").lower() or BEARER
    return scheme, fields.get("key_id", ""), extended_key(kept)


def _key(call: TokenCall) -> TokenKey:
    return call.key_for(call.scopes)


def _claims(call: TokenCall) -> str | None:
    capabilities = call.registration.capabilities
    return merge_claims(call.claims_challenge, capabilities, call.forwarded_claims)


def _demand(call: TokenCall) -> Demand:
    return Demand(
        claims=_digest(call.claims_challenge) if call.claims_challenge else "",
        force=call.force_refresh,
        token_to_refresh=call.token_to_refresh,
        min_remaining=call.min_remaining,
        params=_digest(call.params) if call.params else "",
        credential=call.registration.fingerprint,
    )


def _knowledge_key(call: TokenCall) -> KnowledgeKey:
    return KnowledgeKey(call.registration.authority.url)


def _bypass(call: TokenCall) -> bool:
    return (bool(call.claims_challenge) or call.force_refresh) and not call.token_to_refresh


def _margin(call: TokenCall) -> int:
    return max(call.registration.policy.early_expiry, call.min_remaining)


@frozen(kw_only=True, eq=False, repr=False)
class TokenCall(ABC):
    """What all calls have in common. `scopes` are sorted and as the caller gave them.

    `data` are extra body fields and `params` extra query fields; `forwarded_claims` is a JSON
    object that the caller passes on from its own client. `min_remaining` is the least life
    in seconds that a token from the cache must have left. `token_to_refresh` is the hex SHA-256 of
    a token that was rejected: any other one in the cache will do, also with a claims challenge.
    """

    api_id: ClassVar[str]
    #: Whether a request that may have arrived can be sent again.
    repeatable: ClassVar[bool] = True
    #: Whether what is sent is worth nothing a second time, so that no refusal is remembered.
    one_time: ClassVar[bool] = False
    #: Whether the request may go to a regional endpoint. Observed: client credentials only.
    regional: ClassVar[bool] = False

    registration: Registration
    scopes: tuple[str, ...]
    claims_challenge: str | None = field(default=None, repr=False)
    forwarded_claims: str | None = field(default=None, repr=False)
    data: Pairs = field(default=(), repr=False, validator=check_data)
    params: Pairs = field(default=(), repr=False)
    force_refresh: bool = False
    token_to_refresh: str = ""
    min_remaining: int = 0
    correlation_id: str | None = None

    #: Whether the caller wants nothing from the cache.
    bypass: bool = field(init=False, eq=False, default=Factory(_bypass, takes_self=True))
    #: The least life in seconds that a token from the cache must have left.
    margin: int = field(init=False, eq=False, default=Factory(_margin, takes_self=True))
    #: Scheme, key id and extended key: what tells tokens of one owner and scopes apart.
    kind: tuple[str, str, str] = field(
        init=False, repr=False, eq=False, default=Factory(_kind, takes_self=True)
    )
    key: TokenKey = field(init=False, repr=False, eq=False, default=Factory(_key, takes_self=True))
    claims: str | None = field(
        init=False, repr=False, eq=False, default=Factory(_claims, takes_self=True)
    )
    demand: Demand = field(
        init=False, repr=False, eq=False, default=Factory(_demand, takes_self=True)
    )
    knowledge_key: KnowledgeKey = field(
        init=False, repr=False, eq=False, default=Factory(_knowledge_key, takes_self=True)
    )

    @property
    def scheme(self) -> str:
        """The token scheme asked for, lower case: `bearer` unless `data` says otherwise."""
        return self.kind[0]

    @property
    @abstractmethod
    def subject(self) -> Subject:
        """Whose rights the token carries."""

    @abstractmethod
    def partition_key(self, knowledge: Knowledge | None) -> PartitionKey | None:
        """Return where the token is kept; None until the realm is known, or if it is not."""

    @property
    def anchor(self) -> str:
        """Who the request is about, for `X-AnchorMailbox`; empty where Entra is told nothing."""
        return ""

    def key_for(self, scopes: Iterable[str], owner: tuple[str, ...] = ()) -> TokenKey:
        """Return the key of a token of this call's kind for those scopes."""
        return token_key(scopes, *self.kind, owner)

    def realm(self, knowledge: Knowledge | None) -> str | None:
        """Return the tenant as the cache names it, None where only discovery can tell."""
        endpoints = self.endpoints(knowledge)
        return None if endpoints is None else endpoints.realm

    def endpoints(self, knowledge: Knowledge | None) -> Endpoints | None:
        """Return the endpoints, computed or discovered before; they may be stale."""
        if self.registration.endpoints is not None:
            return self.registration.endpoints
        return None if knowledge is None else knowledge.endpoints

    def identity(self, knowledge: Knowledge | None) -> Identity:
        """Return for whom the token is; before discovery, with the tenant as configured."""
        authority = self.registration.authority
        scheme, key_id, extended = self.kind
        return Identity(
            environment=authority.host,
            tenant=self.realm(knowledge) or authority.tenant,
            client_id=self.registration.client_id,
            subject=self.subject,
            scopes=self.scopes,
            scheme=scheme,
            key_id=key_id,
            extended_key=extended,
        )

    def ready(self, partition: Partition | None, now: float) -> AccessRow | None:
        """Return the stored row when it is fresh, else None. `now` is POSIX seconds."""
        row = self.usable(partition, now)
        return None if row is None or is_due(row, now) else row

    def usable(self, partition: Partition | None, now: float) -> AccessRow | None:
        """Return the stored row when it can be used, be it due for refresh; else None."""
        if self.bypass or not isinstance(partition, Tokens):
            return None
        skew = self.registration.policy.clock_skew
        row = usable_row(partition, self.key, now, self.margin, skew)
        if row is None or not self.token_to_refresh:
            return row
        digest = hashlib.sha256(row[SECRET].encode()).hexdigest()
        return None if hmac.compare_digest(digest, self.token_to_refresh) else row

    def cache_refresh(self, partition: Partition | None, now: float) -> CacheRefresh:
        """Return why a request is needed, as MSAL's telemetry says it."""
        if self.bypass:
            return 1
        if not isinstance(partition, Tokens):
            return 2
        refresh: CacheRefresh = 2
        for row in candidates(partition, self.key):
            if row[EXPIRES_ON] - now < self.margin:
                return 4 if self.usable(partition, now) is not None else 3
            refresh = 4
        return refresh


_APP: Final = Subject("app")


def _own_identity(call: ClientCredentials) -> Identity | None:
    """For whom the token is, where no discovery is needed to tell."""
    if call.registration.endpoints is None:
        return None
    return TokenCall.identity(call, None)


def _own_partition(call: ClientCredentials) -> AppKey | None:
    endpoints = call.registration.endpoints
    return None if endpoints is None else _app_key(call.registration, endpoints.realm)


def _app_key(registration: Registration, realm: str) -> AppKey:
    return AppKey(registration.authority.host, realm, registration.client_id)


def _single_resource(scopes: tuple[str, ...]) -> None:
    defaults = [scope for scope in scopes if scope.endswith("/.default")]
    if len(defaults) > 1:
        raise ConfigurationError(
            "scopes: client credentials take one resource at a time; make one call for each"
            " .default scope",
            code="several_resources",
        )


@frozen(kw_only=True)
class ClientCredentials(TokenCall):
    """A token for the application itself (RFC 6749 section 4.4)."""

    api_id: ClassVar[str] = "730"
    regional: ClassVar[bool] = True

    #: Made once where endpoints are computed: a call for the same token is made again and again.
    _identity: Identity | None = field(
        init=False, repr=False, eq=False, default=Factory(_own_identity, takes_self=True)
    )
    _partition_key: AppKey | None = field(
        init=False, repr=False, eq=False, default=Factory(_own_partition, takes_self=True)
    )

    def __attrs_post_init__(self) -> None:
        _single_resource(self.scopes)
        registration = self.registration
        if registration.authority.shared and not registration.policy.shared_tenants:
            raise ConfigurationError(
                f"authority: {registration.authority.tenant} is no tenant an application can have"
                " a token in; name the tenant by GUID or domain",
                code="shared_tenant",
            )

    @property
    def subject(self) -> Subject:
        """The application itself."""
        return _APP

    def identity(self, knowledge: Knowledge | None) -> Identity:
        """Return for whom the token is; before discovery, with the tenant as configured."""
        return self._identity or super().identity(knowledge)

    def partition_key(self, knowledge: Knowledge | None) -> AppKey | None:
        """Return where the token is kept, None until the realm is known."""
        if self._partition_key is not None:
            return self._partition_key
        realm = self.realm(knowledge)
        return None if realm is None else self.partition_of(realm)

    def partition_of(self, realm: str) -> AppKey:
        """Return where a token of that realm is kept."""
        return self._partition_key or _app_key(self.registration, realm)
