"""Partitions of tokens, for the tests of what is in them and of how they change."""

from __future__ import annotations

from typing import Any, Final

from sansio_auth.authority import Endpoints
from sansio_auth.identity import token_key
from sansio_auth.partition import AccessTokenStored, Tokens, apply_all, usable_row

__all__ = ["ENDPOINTS", "found_in", "holding", "row_of"]

ENDPOINTS: Final = Endpoints(token="https://h/t", authorization="https://h/a", realm="r")


def row_of(secret: str, *, at: int = 1_000, life: int = 3_600, due: int | None = None) -> Any:
    """Return the row of a token that was stored then."""
    return (secret, "Bearer", "s", at, at + life, at + life, due)


def holding(*stored: tuple[str, Any], limit: int = 100) -> Any:
    """Return a partition in which rows were stored under these scopes, one after another."""
    return apply_all(
        Tokens(),
        tuple(
            AccessTokenStored(token_key(scope.split()), row, limit=limit) for scope, row in stored
        ),
    )


def found_in(tokens: Any, scope: str, now: float = 1_100, margin: float = 300) -> str | None:
    """Return the token that is found for some scopes."""
    row = usable_row(tokens, token_key(scope.split()), now, margin, 300)
    return None if row is None else row[0]
