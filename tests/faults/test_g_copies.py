"""Section G, rows 194 and 195: what is sent to another process or copied, and what refuses."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any, Final

import pytest

from sansio_auth import (
    AccessToken,
    AssertionCredential,
    CertificateCredential,
    ClientSecret,
    ConfidentialClient,
    Policy,
    Secret,
    parse_authority,
)
from sansio_auth.testing import World, example_tenant
from sansio_auth_adapters import (
    AsyncConfidentialClientApplication,
    ConfidentialClientApplication,
    FileStore,
    MemoryStore,
    SerializableTokenCache,
)
from sansio_auth_adapters.transports.httpx import AsyncHttpxTransport, HttpxTransport
from sansio_auth_adapters.transports.threads import ThreadsTransport
from sansio_auth_adapters.transports.urllib3 import Urllib3Transport
from tests.faults.aids import GRAPH, TENANT, WEB_API, client_of
from tests.faults.rows import row
from tests.faults.test_a_token_endpoint import ok

_SECRET: Final = "canary-secret-194"


def _client(credential: Any) -> ConfidentialClient:
    return ConfidentialClient(
        client_id=WEB_API,
        authority=parse_authority(TENANT),
        credential=credential,
        capabilities=("cp1",),
        policy=Policy(retries=0),
    )


_CONFIGURATIONS: Final[list[Any]] = [
    row(194, "assertion", _client(AssertionCredential())),
    row(194, "certificate", _client(CertificateCredential(sha1=False, x5t_s256="x"))),
]


def _in_the_child(client: ConfidentialClient) -> tuple[str, ConfidentialClient]:
    """Get a token with the configuration, and send it back."""
    world = World(example_tenant(), assertions=lambda _: "a.b.c", faults=[ok()])
    flow = world.play(client.acquire_token_for_client([GRAPH]))
    return type(flow.result).__name__, client


@pytest.mark.parametrize("client", _CONFIGURATIONS)
def test_a_configuration_works_in_a_process_that_was_spawned(client: ConfidentialClient) -> None:
    """It goes there as a pickle, and comes back equal."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        outcome, back = pool.submit(_in_the_child, client).result(60)
    assert outcome == AccessToken.__name__
    assert back == client
    assert back is not client


_SECRET_CLIENT: Final = _client(ClientSecret(Secret(_SECRET)))


def _flow() -> object:
    return _SECRET_CLIENT.acquire_token_for_client([GRAPH]).start(now=1.0, seed=bytes(32))


def _token() -> object:
    return World(example_tenant()).play(client_of().acquire_token_for_client([GRAPH])).result


def _proxy(url: str) -> object:
    return vars(Urllib3Transport(proxies={"https": url}))["_proxies"]["https"]


@pytest.mark.parametrize(
    ("make", "told"),
    [
        row(194, "secret", lambda: Secret(_SECRET), "read it again where it is needed"),
        row(194, "client", lambda: _SECRET_CLIENT, "read it again where it is needed"),
        row(194, "call", lambda: _SECRET_CLIENT.acquire_token_for_client([GRAPH]), "Call holds"),
        row(194, "procedure", _SECRET_CLIENT.remove_tokens_for_client, "Procedure holds"),
        row(194, "flow", _flow, "replay its transcript"),
        row(194, "token", _token, "AccessToken holds"),
        row(194, "application",
            lambda: ConfidentialClientApplication("c", _SECRET, TENANT), "make another one"),
        row(194, "store", MemoryStore, "holds tokens"),
        row(194, "what-an-application-keeps",
            lambda: vars(ConfidentialClientApplication("c", _SECRET, TENANT))["_credential"],
            "Concealed holds"),
        row(194, "proxy", lambda: _proxy(f"http://user:{_SECRET}@proxy.example"), "Proxy holds"),
    ],
)  # fmt: skip
def test_a_secret_is_not_pickled(make: Callable[[], object], told: str) -> None:
    """The error says what to do, and not what the secret is."""
    with pytest.raises(TypeError, match=told) as caught:
        _ = pickle.dumps(make())
    assert _SECRET not in str(caught.value)


_WAYS: Final = pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy], ids=["copy", "deepcopy"]
)


@_WAYS
@pytest.mark.parametrize(
    "thing",
    [
        row(195, "client", _SECRET_CLIENT),
        row(195, "client-with-a-certificate", _CONFIGURATIONS[1].values[0]),
        row(195, "authority", parse_authority(TENANT)),
        row(195, "policy", Policy()),
        row(195, "secret", Secret(_SECRET)),
        row(195, "token", _token()),
    ],
)
def test_a_value_may_be_copied(thing: object, copied: Callable[[object], object]) -> None:
    """What is frozen is as good as its copy; a secret is its own, so that there is no second."""
    assert copied(thing) == thing


@_WAYS
def test_row195_a_copied_configuration_makes_the_same_calls(copied: Callable[[Any], Any]) -> None:
    """And a call's copy is itself."""
    call = _SECRET_CLIENT.acquire_token_for_client([GRAPH])
    again = copied(_SECRET_CLIENT).acquire_token_for_client([GRAPH])
    assert copied(call) is call
    assert again.identity() == call.identity()
    start: dict[str, Any] = {"now": 1.0, "seed": bytes(32)}
    assert again.start(**start).pending == call.start(**start).pending


@_WAYS
@pytest.mark.parametrize(
    ("make", "told"),
    [
        row(195, "application",
            lambda _: ConfidentialClientApplication("c", "s", TENANT), "make another one"),
        row(195, "async-application",
            lambda _: AsyncConfidentialClientApplication("c", "s", TENANT), "make another one"),
        row(195, "urllib3", lambda _: Urllib3Transport(), "make another one"),
        row(195, "httpx", lambda _: HttpxTransport(), "make another one"),
        row(195, "async-httpx", lambda _: AsyncHttpxTransport(), "make another one"),
        row(195, "threads", lambda _: ThreadsTransport(Urllib3Transport()), "make another one"),
        row(195, "memory-store", lambda _: MemoryStore(), "cannot be pickled or copied"),
        row(195, "cache", lambda _: SerializableTokenCache(), "cannot be pickled or copied"),
        row(195, "file-store", FileStore, "open the directory"),
        row(195, "flow", lambda _: _flow(), "replay its transcript"),
    ],
)  # fmt: skip
def test_what_is_live_refuses_to_be_copied(
    make: Callable[[Any], object], told: str, copied: Callable[[object], object], tmp_path: Any
) -> None:
    """With a word of what to do: a copy would share its locks, sockets or conversation."""
    with pytest.raises(TypeError, match=told):
        _ = copied(make(tmp_path))
