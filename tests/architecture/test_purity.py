"""The core touches nothing while a flow is played, and the guard that says so can fire."""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from sansio_auth import (
    AssertionCredential,
    CertificateCredential,
    ClientSecret,
    ConfidentialClient,
    Failure,
    HttpResponse,
    Load,
    Outcome,
    Save,
    Secret,
    SendHttp,
    Sleep,
    apply_all,
    empty,
    parse_authority,
    replay,
)
from sansio_auth.client import Call, Procedure
from sansio_auth.credentials import Credential
from sansio_auth.diagram import mermaid, text
from sansio_auth.effects import AnyEffect, GetAssertion
from sansio_auth.flow import Flow
from sansio_auth.msal_format import dump, load
from sansio_auth.partition import Accounts, AppTokens, Partition, PartitionKey, find
from tests.architecture.purity import Impure, NoIO

R = TypeVar("R")
_HOST = "https://login.microsoftonline.com"
_GUID = "11111111-2222-3333-4444-555555555555"
_CREDENTIALS: dict[str, Credential] = {
    "secret": ClientSecret(Secret("not-a-real-secret")),
    "certificate": CertificateCredential(sha1=False, x5t_s256="x5t"),
    "assertion": AssertionCredential(),
}
_DISCOVERY = {
    "issuer": f"{_HOST}/{_GUID}/v2.0",
    "token_endpoint": f"{_HOST}/{_GUID}/oauth2/v2.0/token",
    "authorization_endpoint": f"{_HOST}/{_GUID}/oauth2/v2.0/authorize",
}
_TOKEN = {"access_token": "AT", "token_type": "Bearer", "expires_in": 3600, "refresh_in": 60}


class _World:
    """Answers a flow out of its head."""

    def __init__(self, *statuses: int) -> None:
        self.partitions: dict[PartitionKey, Partition] = {}
        self.statuses = [*statuses]

    def answer(self, effect: AnyEffect) -> object:
        match effect:
            case SendHttp(request) if request.method == "GET":
                return HttpResponse(200, (), json.dumps(_DISCOVERY).encode())
            case SendHttp():
                status = self.statuses.pop(0) if self.statuses else 200
                if status == 0:
                    return Failure("connect", sent=False)
                body = _TOKEN if status == 200 else {"error": "invalid_grant"}
                return HttpResponse(status, (), json.dumps(body).encode())
            case GetAssertion():
                return "header.payload.signature"
            case Sleep():
                return None
            case Load(key):
                if isinstance(key, Accounts | AppTokens):
                    return find(self.partitions, key)
                return self.partitions.get(key, empty(key))
            case Save(changes):
                for key, facts in changes:
                    self.partitions[key] = apply_all(self.partitions.get(key, empty(key)), facts)
                return self.partitions[changes[0][0]]

    def play(self, call: Call[R] | Procedure[R], now: float) -> Flow[R]:
        flow = call.start(now=now, seed=bytes(range(32)))
        while (effect := flow.pending) is not None:
            flow.answer(effect, self.answer(effect), now=now)
        return flow


def _everything(credential: str, tenant: str) -> None:
    """Play every flow there is: cold, warm, due for refresh, refused, failing, retried."""
    client = ConfidentialClient(
        client_id="client",
        authority=parse_authority(f"{_HOST}/{tenant}"),
        credential=_CREDENTIALS[credential],
    )
    calls: tuple[Callable[[], Call[Outcome]], ...] = (
        lambda: client.acquire_token_for_client(["api://x/.default"]),
        lambda: client.acquire_token_on_behalf_of("a.b.c", ["User.Read"]),
        lambda: client.acquire_token_silent(["User.Read"], f"user.{_GUID}"),
        lambda: client.acquire_token_by_refresh_token("rt", ["User.Read"]),
        lambda: client.acquire_token_by_username_password("a@b.c", "p", ["User.Read"]),
        lambda: client.acquire_token_by_user_federated_identity_credential(
            ["User.Read"], "a.b.c", username="a@b.c"
        ),
        lambda: client.acquire_token_by_authorization_code(
            "code", ["User.Read"], redirect_uri="https://app.example/back"
        ),
        lambda: client.initiate_long_running_on_behalf_of("a.b.c", "key", ["User.Read"]),
        lambda: client.acquire_token_in_long_running_session("key", ["User.Read"]),
    )
    for make in calls:
        for statuses in ((), (400,), (503, 503), (0, 200), (0, 0), (429,), (302,)):
            world = _World(*statuses)
            for now in (1_000.0, 1_001.0, 1_100.0, 9_000.0):
                flow = world.play(make(), now)
                again = replay(make(), flow.transcript)
                assert repr(again) == repr(flow)
                assert mermaid(flow.transcript)
                assert text(flow.transcript) is not None
            assert load(dump(world.partitions)).partitions is not None


def _sign_in_and_out(credential: str, tenant: str) -> None:
    """Play what is no token call: a sign-in's both halves, accounts, removal, discovery."""
    client = ConfidentialClient(
        client_id="client",
        authority=parse_authority(f"{_HOST}/{tenant}"),
        credential=_CREDENTIALS[credential],
    )
    world = _World()
    begun = world.play(
        client.initiate_auth_code_flow(["User.Read"], {"redirect_uri": "https://app.example"}), 1.0
    ).result
    back = {"code": "code", "state": begun.state}
    assert world.play(client.acquire_token_by_auth_code_flow(begun, back), 2.0).result is not None
    assert world.play(client.authorization_request_url(["s"], {}), 3.0).result
    assert world.play(client.discover(), 4.0).result is not None
    accounts = world.play(client.get_accounts(), 5.0).result
    for account in accounts:
        _ = world.play(client.remove_account(account.home_account_id), 6.0).result
    _ = world.play(client.remove_tokens_for_client(), 7.0).result
    _ = world.play(client.stop_long_running_session("key"), 8.0).result


@pytest.mark.parametrize("tenant", [_GUID, "contoso.com"])
@pytest.mark.parametrize("credential", sorted(_CREDENTIALS))
def test_every_flow_is_played_without_touching_the_world(
    credential: str, tenant: str, no_io: NoIO
) -> None:
    """No file, socket, process, environment, clock or randomness (I-8, row 222)."""
    for play in (_everything, _sign_in_and_out):
        play(credential, tenant)  # imports are made on first use
        with no_io:
            play(credential, tenant)
    assert no_io.events == []


@pytest.mark.parametrize(
    "violation",
    [
        lambda: Path(__file__).read_text(encoding="utf-8"),
        lambda: socket.create_connection(("127.0.0.1", 9)),
        lambda: subprocess.run([sys.executable, "-V"], check=True),
        lambda: os.listdir("."),  # noqa: PTH208 - the very call is what is tried
        lambda: os.getenv("HOME"),
        lambda: time.time(),  # noqa: PLW0108 - looked up when it is called
        lambda: random.random(),  # noqa: PLW0108 - the same
        lambda: uuid.uuid4(),  # noqa: PLW0108 - the same
    ],
    ids=["file", "socket", "process", "folder", "environment", "clock", "randomness", "uuid"],
)
def test_the_guard_fires_at_a_planted_violation(
    violation: Callable[[], object], no_io: NoIO
) -> None:
    """Each kind of impurity is noticed (row 222)."""
    with no_io, pytest.raises(Impure):
        violation()
    assert no_io.events


def test_the_core_loads_no_library_that_does_io() -> None:
    """Neither sockets nor cryptography, in a fresh interpreter that uses the core (row 222)."""
    program = (
        "import sys, sansio_auth\n"
        "from sansio_auth import *\n"
        "client = ConfidentialClient(client_id='c', credential=ClientSecret(Secret('s')),\n"
        f"    authority=parse_authority('{_HOST}/{_GUID}'))\n"
        "client.acquire_token_for_client(['x/.default']).start(now=0.0, seed=bytes(32))\n"
        "names = 'jwt cryptography ssl socket urllib3 asyncio sansio_auth_adapters requests'\n"
        "print([name for name in names.split() if name in sys.modules])\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "[]"
