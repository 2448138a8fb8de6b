"""A request that has been put together."""

from __future__ import annotations

import pytest

from sansio_auth import (
    ClientSecret,
    ConfidentialClient,
    ConfigurationError,
    Secret,
    parse_authority,
)
from sansio_auth._call import Procedure
from sansio_auth._telemetry import Telemetry
from sansio_auth.effects import Load
from sansio_auth.flow import Ended, Script, Start
from sansio_auth.partition import KnowledgeKey, Tokens

_AUTHORITY = "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555"


def _client() -> ConfidentialClient:
    return ConfidentialClient(
        client_id="c",
        authority=parse_authority(_AUTHORITY),
        credential=ClientSecret(Secret("PLANTED")),
    )


def test_a_call_can_be_looked_up_without_being_started() -> None:
    """Where its token is kept, for whom it is, and whether a stored one will do."""
    call = _client().acquire_token_for_client(["s/.default"])
    assert call.knowledge_key == KnowledgeKey(_AUTHORITY)
    assert call.identity().client_id == "c"
    assert call.demand.force is False
    assert call.partition_key() is not None
    assert call.ready(Tokens(), 0.0) is None
    assert call.usable(Tokens(), 0.0) is None
    assert "PLANTED" not in repr(call)


@pytest.mark.parametrize("seed", [b"", bytes(31), bytes(33)])
def test_a_flow_needs_its_seed(seed: bytes) -> None:
    """32 bytes; for calls and procedures."""
    client = _client()
    for startable in (client.acquire_token_for_client(["s/.default"]), client.get_accounts()):
        with pytest.raises(ConfigurationError, match="seed"):
            startable.start(now=0.0, seed=seed)


def test_a_flow_begins_by_asking_what_is_known() -> None:
    """At the time that it is told, and only then."""
    call = _client().acquire_token_for_client(["s/.default"])
    flow = call.start(now=7.0, seed=bytes(32))
    assert flow.pending == Load(KnowledgeKey(_AUTHORITY))
    start = flow.transcript.start
    assert (start.now, start.seed, start.telemetry) == (7.0, bytes(32), Telemetry())


def test_a_procedure_is_started_like_a_call() -> None:
    """And ends in whatever it is for."""

    def script(start: Start) -> Script[Ended[float]]:
        return Ended(start.now)
        yield

    procedure = Procedure("clock", script)
    assert procedure.start(now=7.0, seed=bytes(32)).result == 7.0
    assert "clock" in repr(procedure)
