"""What the tests of files share: keys, a token, and ways to look at a directory."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from sansio_auth import AccessToken
from sansio_auth.identity import token_key
from sansio_auth.partition import (
    AccessTokenStored,
    AppKey,
    AssertionKey,
    UserKey,
)
from sansio_auth_adapters import MemoryStore, World, run
from tests.faults.aids import GRAPH, Line, app_of, client_of

__all__ = [
    "APP", "BEHALF", "DAY", "NOW", "USER", "fails", "file_of", "files_in", "outcome_of",
    "secrets_of", "token",
]  # fmt: skip

APP: Final = AppKey("h.example", "tenant", "client")
USER: Final = UserKey("h.example", "u.tenant")
BEHALF: Final = AssertionKey("h.example", "tenant", "client", "digest")
NOW: Final = 4_000_000_000
DAY: Final = 86_400


def token(secret: str = "AT", scope: str = "s", now: int = NOW) -> AccessTokenStored:
    """Return the fact that a token was stored that lives for an hour from `now`."""
    values = (secret, "Bearer", scope, now, now + 3_600, now + 3_600, None)
    return AccessTokenStored(token_key(scope.split()), values)


def secrets_of(partition: Any) -> set[str]:
    """Return the access tokens of a partition."""
    return {it[0] for it in partition.access.values()}


def files_in(place: Path, suffix: str = "") -> list[Path]:
    """Return the files of partitions, or those with a suffix."""
    found = [it for it in place.rglob("*") if it.is_file() and it.name != "lock"]
    return [it for it in found if it.suffix == suffix and "names" not in it.parts]


def file_of(place: Path) -> Path:
    """Return the one file of a partition."""
    (found,) = files_in(place)
    return found


def fails(number: int) -> Callable[..., Any]:
    """Return a function that fails with an error of the operating system."""

    def fail(*args: Any, **kwargs: Any) -> Any:
        raise OSError(number, os.strerror(number), str(args[0]))

    return fail


def outcome_of(store: Any, line: Line) -> AccessToken:
    """Carry a call through with that store, as the application does."""
    transport = app_of(line)._world.transport
    world = World(transport, store, MemoryStore())
    call = client_of().acquire_token_for_client([GRAPH])
    outcome = run(call.start(now=time.time(), seed=bytes(32)), world)
    assert isinstance(outcome, AccessToken)
    return outcome
