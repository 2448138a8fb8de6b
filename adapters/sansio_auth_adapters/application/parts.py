"""What an application is put together from: credential, counters, store, transport."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Mapping
from typing import Final, TypeGuard, cast

from sansio_auth._telemetry import Succeeded, Tally, Telemetry
from sansio_auth.client import ConfidentialClient
from sansio_auth.errors import ConfigurationError
from sansio_auth.partition import Partition, PartitionKey
from sansio_auth.secret import Confidential
from sansio_auth_adapters.forks import renew_in_children
from sansio_auth_adapters.ports import AsyncStore, AsyncTransport, Store, Transport
from sansio_auth_adapters.stores.memory import MemoryStore

__all__ = [
    "Concealed",
    "Connection",
    "Counters",
    "async_transport_of",
    "awaitable_store",
    "blocking_store",
    "is_our_memory",
    "knowledge_store",
    "looking_into",
    "token_store",
    "transport_of",
]


#: What a store can do: see `sansio_auth_adapters.ports`.
_STORE: Final = ("peek", "load", "save", "look_up")


_SUCCESS: Final = Succeeded()
_OURS: Final = "sansio_auth_adapters.stores."


class Concealed(Confidential):
    """The caller's own credential object, out of `vars(app)`, of every repr and every pickle."""

    __slots__ = ("__value",)

    def __init__(self, value: object) -> None:
        self.__value = value

    def reveal(self) -> object:
        """Return the object."""
        return self.__value

    def __repr__(self) -> str:
        return "Concealed(***)"


class Counters:
    """The telemetry of one application: hits are counted without a lock, the rest is folded.

    `hits` are answers from the cache; one that is lost between two threads hurts nobody.
    """

    def __init__(self) -> None:
        self._telemetry = Telemetry()
        self.hits = 0
        self.renew()
        renew_in_children(self)

    def renew(self) -> None:
        """Have a lock that nobody holds, as a forked child needs it."""
        self._lock = threading.Lock()

    def report(self) -> Telemetry:
        """Return what the next request is to tell."""
        return self._telemetry.hit(self.hits)

    def fold(self, tally: Tally) -> None:
        """Take in what a flow has to tell; a success clears everything."""
        if not tally:
            return
        with self._lock:
            self._telemetry = self._telemetry.fold(tally)
            if _SUCCESS in tally:
                self.hits = 0


def token_store(token_cache: object) -> tuple[Store | AsyncStore, object]:
    """Return the store behind a `token_cache`, and the object by which tokens are shared."""
    if token_cache is None:
        store = MemoryStore()
        return store, store
    if isinstance(token_cache, MemoryStore):
        return token_cache, token_cache
    from sansio_auth_adapters.stores.msal import ForeignTokenCache, is_token_cache

    if is_token_cache(token_cache):
        return ForeignTokenCache(token_cache), token_cache
    if all(callable(getattr(token_cache, name, None)) for name in _STORE):
        return cast("Store | AsyncStore", token_cache), token_cache
    raise ConfigurationError(
        "token_cache: a TokenCache, a SerializableTokenCache, a Store, or an object with the"
        f" methods of msal's is needed, not {type(token_cache).__name__}",
        code="token_cache",
    )


def is_our_memory(store: Store | AsyncStore) -> TypeGuard[MemoryStore]:
    """Whether a store is one of ours in memory, whose `peek` is no subclass's, nor a test's."""
    home = getattr(store.peek, "__module__", None)
    return isinstance(store, MemoryStore) and str(home).startswith(_OURS)


def looking_into(store: Store | AsyncStore) -> Callable[[PartitionKey], Partition | None]:
    """Return `peek`, for which a store that raises has nothing in memory (I-1).

    The call goes on to load from it, and that is where its failure is told.
    """
    if is_our_memory(store):
        return store.peek

    def peek(key: PartitionKey) -> Partition | None:
        try:
            return store.peek(key)
        except Exception:  # noqa: BLE001 - somebody else's store may raise anything
            return None

    return peek


def blocking_store(store: Store | AsyncStore) -> Store:
    """Return the store for an application that awaits nothing; raises `ConfigurationError`."""
    if inspect.iscoroutinefunction(store.load):
        raise ConfigurationError(
            f"token_cache: {type(store).__name__} has to be awaited; pass a Store, or use"
            " AsyncConfidentialClientApplication",
            code="async_store",
        )
    return cast("Store", store)


def awaitable_store(store: Store | AsyncStore) -> Store | AsyncStore:
    """Return the store for an application that must not block: in threads, unless in memory."""
    if isinstance(store, MemoryStore) or inspect.iscoroutinefunction(store.load):
        return store
    from sansio_auth_adapters.stores.threads import ThreadsStore

    return ThreadsStore(cast("Store", store))


def knowledge_store(http_cache: object, client: ConfidentialClient) -> Store:
    """Return where knowledge is kept: this process's memory, or the caller's `http_cache`."""
    if http_cache is None:
        return MemoryStore()
    from sansio_auth_adapters.stores.knowledge import DictLike, KnowledgeStore, is_dict_like

    if not is_dict_like(http_cache):
        raise ConfigurationError(
            f"http_cache: something like a dict is needed, not {type(http_cache).__name__}",
            code="http_cache",
        )
    return KnowledgeStore(
        cast("DictLike", http_cache),
        trusted_hosts=client.trusted_hosts,
        oidc=client.authority.kind == "oidc",
    )


class Connection:
    """The constructor's arguments about the network."""

    __slots__ = ("http_client", "proxies", "timeout", "verify")

    def __init__(
        self,
        http_client: object | None,
        verify: bool | str,  # noqa: FBT001 - MSAL's parameter
        proxies: Mapping[str, str] | None,
        timeout: float | tuple[float | None, float | None] | None,
    ) -> None:
        self.http_client = http_client
        self.verify = verify
        self.proxies = proxies
        self.timeout = timeout


def transport_of(connection: Connection) -> Transport:
    """Return the caller's client behind our port, else urllib3, each imported only when used."""
    if connection.http_client is not None:
        from sansio_auth_adapters.transports import transport_for

        return transport_for(connection.http_client)
    return _own_transport(connection)


def async_transport_of(connection: Connection) -> AsyncTransport:
    """The same for an application that awaits: urllib3 runs in worker threads."""
    if connection.http_client is not None:
        from sansio_auth_adapters.transports import async_transport_for

        return async_transport_for(connection.http_client)
    from sansio_auth_adapters.transports.threads import ThreadsTransport

    return ThreadsTransport(_own_transport(connection))


def _own_transport(connection: Connection) -> Transport:
    from sansio_auth_adapters.transports.urllib3 import Urllib3Transport

    return Urllib3Transport(
        verify=connection.verify, proxies=connection.proxies, timeout=connection.timeout
    )
